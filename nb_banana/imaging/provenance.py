"""Where a picture says that it comes from: XMP's source type and credit, and a C2PA manifest.

Source: https://iptc.org/standards/photo-metadata/ and https://spec.c2pa.org
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from nb_banana._hints import Hinted
from nb_banana._text import clean, plain
from nb_banana.imaging.formats import PNG, jpeg_segments, png_chunks, webp_chunks

AI_GENERATED = "trainedAlgorithmicMedia"
DRAWN_BY_PROGRAM = "algorithmicMedia"  # without a model: the sandbox
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MEANINGS = {
    AI_GENERATED: "made by an AI model",
    DRAWN_BY_PROGRAM: "drawn by a program, no AI model",
    "compositeWithTrainedAlgorithmicMedia": "partly made by an AI model",
}
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
PNG_KEYWORD = "XML:com.adobe.xmp"
JPEG_START = b"http://ns.adobe.com/xap/1.0/\0"
LARGEST_PACKET = 1_000_000  # bytes; the largest that programs write have some thousands
LONGEST_CREDIT = 200
C2PA_SEGMENT, XMP_SEGMENT = 0xEB, 0xE1  # a JPEG's APP11 and APP1


@dataclass(frozen=True, repr=False)
class Provenance(Hinted):
    """What a picture's file says of how it was made.

    Attributes:
        source_type: IPTC's digital source type, such as ``"trainedAlgorithmicMedia"``; None where
            the file has none (https://cv.iptc.org/newscodes/digitalsourcetype/).
        credit: whom the file credits; None where it has no credit.
        c2pa: whether it has a C2PA manifest. Its signature is not checked.

    """

    source_type: str | None = None
    credit: str | None = None
    c2pa: bool = False

    def __repr__(self) -> str:
        meaning = MEANINGS.get(self.source_type or "", "")
        kind = self.source_type and f"{meaning} (IPTC {self.source_type})".strip()
        parts = [
            kind or "no mark in the file says how it was made",
            f"credit: {self.credit}" if self.credit else "no credit",
            "a C2PA manifest (not checked)" if self.c2pa else "no C2PA manifest",
            "an invisible mark, such as SynthID, can't be read here",
        ]
        return plain("; ".join(parts))


def read_provenance(data: bytes) -> Provenance:
    """What the bytes of a file say; nothing where they say nothing, or not so that it is read."""
    source_type, credit = _told(find_xmp(data) or b"")
    return Provenance(source_type, credit, _has_c2pa(data))


def find_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a PNG, JPEG or WebP, as it stands there."""
    return next((each for each in _packets(data) if len(each) <= LARGEST_PACKET), None)


def _packets(data: bytes) -> Iterator[bytes]:
    if data.startswith(PNG):
        for name, start, end in png_chunks(data):
            keyword, _, rest = data[start + 8 : end - 4].partition(b"\0")
            if name == b"iTXt" and keyword == PNG_KEYWORD.encode() and rest.count(b"\0", 2) >= 2:
                yield _unpacked(rest[2:].split(b"\0", 2)[2], is_packed=rest[:1] == b"\1")
    elif data.startswith(b"\xff\xd8"):
        for marker, start, end in jpeg_segments(data):
            if marker == XMP_SEGMENT and data.startswith(JPEG_START, start):
                yield data[start + len(JPEG_START) : end]
    else:
        yield from (data[start:end] for name, start, end in webp_chunks(data) if name == b"XMP ")


def _unpacked(text: bytes, *, is_packed: bool) -> bytes:
    if not is_packed:
        return text
    try:
        return zlib.decompressobj().decompress(text, LARGEST_PACKET)
    except zlib.error:
        return b""


def _has_c2pa(data: bytes) -> bool:
    if data.startswith(PNG):
        return any(name == b"caBX" for name, _, _ in png_chunks(data))
    if data.startswith(b"\xff\xd8"):
        return any(
            marker == C2PA_SEGMENT and data.startswith(b"JP", start) and b"c2pa" in data[start:end]
            for marker, start, end in jpeg_segments(data)
        )
    return any(name == b"C2PA" for name, _, _ in webp_chunks(data))


def _told(packet: bytes) -> tuple[str | None, str | None]:
    """Source type and credit of a packet; a stranger's XML brings no entities."""
    if not packet or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return None, None
    try:
        root = ElementTree.fromstring(packet.strip(b"\0 \r\n\t"))  # noqa: S314 - it has no entities
    except (ElementTree.ParseError, ValueError, LookupError):
        return None, None
    source = next(_values(root, f"{IPTC}DigitalSourceType"), None)
    credit = next(_values(root, f"{PHOTOSHOP}Credit"), None)
    return (
        clean(source.rstrip("/").rpartition("/")[2], 60) if source else None,
        clean(credit, LONGEST_CREDIT) if credit else None,
    )


def _values(root: ElementTree.Element, name: str) -> Iterator[str]:
    for each in root.iter():
        own: Any = (each.text, each.get(RESOURCE)) if each.tag == name else ()
        yield from (text.strip() for text in (each.get(name), *own) if text and text.strip())


def own_packet(source_type: str, credit: str) -> bytes:
    """A packet of ours, below 1 kB, that says how a picture was made."""
    source = quoteattr(VOCABULARY + source_type)
    shown = quoteattr(clean(credit, LONGEST_CREDIT)[:LONGEST_CREDIT])
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="' + IPTC[1:-1] + '" '
        f'xmlns:photoshop="{PHOTOSHOP[1:-1]}" Iptc4xmpExt:DigitalSourceType={source} '
        f"photoshop:Credit={shown}/></rdf:RDF></x:xmpmeta>"
    ).encode()


def small_packet(data: bytes) -> bytes | None:
    """A packet of ours that says the same as a file does; None where it says nothing."""
    source_type, credit = _told(find_xmp(data) or b"")
    return own_packet(source_type, credit or "") if source_type else None


def saving(kind: str, packet: bytes | None) -> dict[str, Any]:
    """What Pillow takes to write a packet into a file of this kind."""
    if packet is None:
        return {}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        about = PngInfo()
        about.add_itxt(PNG_KEYWORD, packet.decode("utf-8", "replace"))
        return {"pnginfo": about}
    if kind == "TIFF":
        return {"tiffinfo": {700: packet}}  # https://www.adobe.com/devnet/xmp.html
    return {"xmp": packet} if kind in {"JPEG", "WEBP", "AVIF"} else {}
