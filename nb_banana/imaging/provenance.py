"""Where a picture says that it comes from: XMP's source type and credit, IPTC, a C2PA manifest.

Sources: https://iptc.org/standards/photo-metadata/, https://spec.c2pa.org and, for where XMP and
IPTC stand in a file, https://exiftool.org/TagNames/.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from nb_banana._hints import Hinted
from nb_banana._text import clean, plain
from nb_banana.imaging.formats import PNG, TEXTS, jpeg_segments, png_chunks, webp_chunks

AI_GENERATED = "trainedAlgorithmicMedia"
DRAWN_BY_PROGRAM = "algorithmicMedia"  # without a model: the sandbox
WITH_AI_PARTS = "compositeSynthetic"
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MEANINGS = {
    AI_GENERATED: "made by an AI model",
    DRAWN_BY_PROGRAM: "drawn by a program, no AI model",
    WITH_AI_PARTS: "put together of pictures, some of them made by an AI model",
    "compositeWithTrainedAlgorithmicMedia": "edited with an AI model",
}
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PNG_KEYWORD = "XML:com.adobe.xmp"
RAW_IPTC = "Raw profile type iptc"  # how ImageMagick and ExifTool put IPTC into a PNG
JPEG_START, IPTC_START = b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"
XMP_SEGMENT, C2PA_SEGMENT, IPTC_SEGMENT = 0xE1, 0xEB, 0xED  # a JPEG's APP1, APP11 and APP13
IPTC_RESOURCE, IPTC_CREDIT = 0x0404, (2, 110)
ANYWHERE = re.compile(rb"<x:xmpmeta\b.*?</x:xmpmeta>", re.DOTALL)
CLOSING = re.compile(r"</[\w.-]+:RDF\s*>")
Marks = dict[str, Any]  # what Pillow's ``save`` takes as options
LARGEST_PACKET = 1_000_000  # bytes; the largest that programs write have some thousands
LARGEST_SEGMENT = 65_000  # bytes of what one segment of a JPEG holds, and a little less
SMALL_PACKET = 1000  # bytes that one of ours stays below
LONGEST_CREDIT = 200


@dataclass(frozen=True, repr=False)
class Provenance(Hinted):
    """What a picture's file says of how it was made.

    Attributes:
        source_type: IPTC's digital source type, such as ``"trainedAlgorithmicMedia"``; None where
            the file has none (https://cv.iptc.org/newscodes/digitalsourcetype/).
        credit: whom the file credits; None where it has no credit.
        c2pa: whether it has a C2PA manifest, whose signature is not checked; None where it is no
            PNG, JPEG or WebP, in which alone it is looked for.

    """

    source_type: str | None = None
    credit: str | None = None
    c2pa: bool | None = False

    def __repr__(self) -> str:
        meaning = MEANINGS.get(self.source_type or "", "")
        kind = self.source_type and f"{meaning} (IPTC {self.source_type})".strip()
        manifest = {
            True: "a C2PA manifest (not checked)",
            False: "no C2PA manifest",
            None: "a C2PA manifest is not looked for in this kind of file",
        }
        parts = [
            kind or "no mark in the file says how it was made",
            f"credit: {self.credit}" if self.credit else "no credit",
            manifest[self.c2pa],
            "an invisible mark, such as SynthID, can't be read here",
        ]
        return plain("; ".join(parts))


def read_provenance(data: bytes) -> Provenance:
    """What the bytes of a file say; nothing where they say nothing, or not so that it is read."""
    source_type, credit = _told_by(data)
    return Provenance(source_type, credit, _has_c2pa(data))


def find_xmp(data: bytes) -> bytes | None:
    """The XMP packet of a file as it stands there: the first that is one, where it has several."""
    found = [each for each in _packets(data) if 0 < len(each) <= LARGEST_PACKET]
    return next((each for each in found if _tree(each) is not None), None)


def _packets(data: bytes) -> Iterator[bytes]:
    if data.startswith(PNG):
        yield from _png_texts(data, PNG_KEYWORD)
    elif data.startswith(b"\xff\xd8"):
        for marker, start, end in jpeg_segments(data):
            if marker == XMP_SEGMENT and data.startswith(JPEG_START, start):
                yield data[start + len(JPEG_START) : end]
    elif data.startswith(b"RIFF"):
        yield from (data[start:end] for name, start, end in webp_chunks(data) if name == b"XMP ")
    else:  # it is made to be found by who does not know the format
        yield from (found[0] for found in ANYWHERE.finditer(data))


def _png_texts(data: bytes, keyword: str) -> Iterator[bytes]:
    for name, start, end in png_chunks(data):
        body = data[start + 8 : end - 4] if name in TEXTS else b""
        found, _, rest = body.partition(b"\0")
        if found != keyword.encode():
            continue
        if name == b"tEXt":
            yield rest
        elif name == b"zTXt":
            yield _unpacked(rest[1:])
        elif rest.count(b"\0", 2) >= 2:
            text = rest[2:].split(b"\0", 2)[2]
            yield _unpacked(text) if rest[:1] == b"\1" else text


def _unpacked(text: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(text, LARGEST_PACKET)
    except zlib.error:
        return b""


def find_iptc(data: bytes) -> bytes:
    """The IPTC records (IIM) of a PNG or JPEG: the older form, which has a credit of its own."""
    if data.startswith(PNG):
        block = b""
        for text in _png_texts(data, RAW_IPTC):  # lines: its kind, its length, it in hex
            with suppress(ValueError):
                block = bytes.fromhex(text.decode("latin-1").strip().split("\n", 2)[-1])
    else:
        segments = jpeg_segments(data) if data.startswith(b"\xff\xd8") else ()
        block = b"".join(
            data[start + len(IPTC_START) : end]
            for marker, start, end in segments
            if marker == IPTC_SEGMENT and data.startswith(IPTC_START, start)
        )
    block = block.removeprefix(IPTC_START)
    if block.startswith(b"\x1c"):
        return block
    return next((body for number, body in _resources(block) if number == IPTC_RESOURCE), b"")


def _resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbered parts of what Photoshop has in a file."""
    place = 0
    while block[place : place + 4] == b"8BIM" and place + 12 <= len(block):
        start = place + 6 + (block[place + 6] + 2) // 2 * 2 + 4  # behind a name of an even length
        size = int.from_bytes(block[start - 4 : start], "big")
        yield int.from_bytes(block[place + 4 : place + 6], "big"), block[start : start + size]
        place = start + size + size % 2


def _iptc_credit(records: bytes) -> str | None:
    place = 0
    while records[place : place + 1] == b"\x1c" and place + 5 <= len(records):
        size = int.from_bytes(records[place + 3 : place + 5], "big")
        if tuple(records[place + 1 : place + 3]) == IPTC_CREDIT:
            found = records[place + 5 : place + 5 + size]
            try:
                text = found.decode()
            except UnicodeDecodeError:
                text = found.decode("latin-1")
            return clean(text, LONGEST_CREDIT) or None
        place += 5 + size
    return None


def _has_c2pa(data: bytes) -> bool | None:
    if data.startswith(PNG):
        return any(name == b"caBX" for name, _, _ in png_chunks(data))
    if data.startswith(b"\xff\xd8"):
        return any(
            marker == C2PA_SEGMENT and data.startswith(b"JP", start) and b"c2pa" in data[start:end]
            for marker, start, end in jpeg_segments(data)
        )
    if data.startswith(b"RIFF"):
        return any(name == b"C2PA" for name, _, _ in webp_chunks(data))
    return None


def _told_by(data: bytes) -> tuple[str | None, str | None]:
    """Source type and credit of a file."""
    source_type, credit = _told(find_xmp(data))
    return source_type, credit or _iptc_credit(find_iptc(data))


def _told(packet: bytes | None) -> tuple[str | None, str | None]:
    """Source type and credit of a packet."""
    root = _tree(packet or b"")
    if root is None:
        return None, None
    source = next(_values(root, f"{IPTC}DigitalSourceType"), None)
    credit = next(_values(root, f"{PHOTOSHOP}Credit"), None)
    return (
        clean(re.split("[/:]", source.rstrip("/"))[-1], 60) or None if source else None,
        clean(credit, LONGEST_CREDIT) or None if credit else None,
    )


def _tree(packet: bytes) -> ElementTree.Element | None:
    """The XML of a packet; None where it is none. A stranger's brings no entities."""
    wide = packet.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = packet.decode("utf-16" if wide else "utf-8", "replace").strip("\0\ufeff \r\n\t")
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - it has no entities
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _values(root: ElementTree.Element, name: str) -> Iterator[str]:
    for each in root.iter():
        own: Any = (each.text, each.get(f"{RDF}resource")) if each.tag == name else ()
        yield from (text.strip() for text in (each.get(name), *own) if text and text.strip())


def own_packet(source_type: str, credit: str) -> bytes:
    """A packet of ours, below 1 kB, that says how a picture was made."""
    shown = clean(credit, LONGEST_CREDIT)
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF[1:-1]}"><rdf:Description xmlns:rdf="{RDF[1:-1]}" '
        f'rdf:about="" xmlns:Iptc4xmpExt="{IPTC[1:-1]}" xmlns:photoshop="{PHOTOSHOP[1:-1]}" '
        f"Iptc4xmpExt:DigitalSourceType={quoteattr(VOCABULARY + source_type)} "
        f"photoshop:Credit={quoteattr(shown)}/></rdf:RDF></x:xmpmeta>"
    ).encode()
    if len(packet) >= SMALL_PACKET:  # emoji, or signs that XML writes as words
        return own_packet(source_type, clean(shown, len(shown) * 3 // 4))
    return packet


def small_packet(data: bytes) -> bytes | None:
    """A packet of ours that says the same as a file does; None where it says nothing."""
    source_type, credit = _told_by(data)
    return own_packet(source_type, credit or "") if source_type else None


def joint_packet(packets: Iterable[bytes | None]) -> bytes | None:
    """A packet of ours for what is put together of pictures that have these; None: of photos."""
    told = [_told(each) for each in packets]
    types = {source_type for source_type, _ in told}
    if len(types) > 1:
        types = {WITH_AI_PARTS if types & {AI_GENERATED, WITH_AI_PARTS} else DRAWN_BY_PROGRAM}
    source_type = next(iter(types), None)
    credited = dict.fromkeys(credit for _, credit in told if credit)
    return own_packet(source_type, "; ".join(credited)) if source_type else None


def kept_in(kind: str, data: bytes, mark: bytes | None) -> Marks:
    """What Pillow takes to write into a converted file what this one says of its making."""
    # Its own packet goes along word for word, with the mark where it names no source.
    packet = find_xmp(data)
    source_type, credit = _told(packet)
    if packet and not source_type and mark:
        packet = _with_mark(packet, mark)
    most = LARGEST_SEGMENT if kind == "JPEG" else LARGEST_PACKET
    if packet is None or len(packet) > most or not _is_utf8(packet):
        packet = own_packet(source_type, credit or "") if source_type else mark
    return saving(kind, packet, find_iptc(data))


def _with_mark(packet: bytes, mark: bytes) -> bytes:
    """The packet with what a packet of ours says beside it; that alone where there is no room."""
    text, own = packet.decode("utf-8", "replace"), mark.decode()
    ends = list(CLOSING.finditer(text))
    about = own[own.index("<rdf:Description") : own.rindex("</rdf:RDF>")]
    both = f"{text[: ends[-1].start()]}{about}{text[ends[-1].start() :]}".encode() if ends else b""
    return both if _told(both)[0] else mark


def _is_utf8(packet: bytes) -> bool:
    try:
        packet.decode()
    except UnicodeDecodeError:
        return False
    return True


def saving(kind: str, packet: bytes | None, iptc: bytes = b"") -> Marks:
    """What Pillow takes to write a packet, and IPTC records, into a file of this kind."""
    # GIF, BMP and PDF: Pillow writes none into them.
    block = b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + iptc + b"\0" * (len(iptc) % 2)
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        about = PngInfo()
        if packet:
            about.add_itxt(PNG_KEYWORD, packet.decode("utf-8", "replace"))
        if iptc:
            about.add_text(RAW_IPTC, f"\niptc\n{len(block):8}\n{block.hex()}\n", zip=True)
        return {"pnginfo": about}
    if kind == "TIFF":  # https://www.adobe.com/devnet/xmp.html, and the same for IPTC
        tags = {700: packet, 33723: iptc}
        return {"tiffinfo": {tag: body for tag, body in tags.items() if body}}
    found: Marks = {"xmp": packet} if packet and kind in {"JPEG", "WEBP", "AVIF"} else {}
    if kind == "JPEG" and iptc and len(block) <= LARGEST_SEGMENT:
        size = (len(IPTC_START) + len(block) + 2).to_bytes(2, "big")
        found["extra"] = b"\xff\xed" + size + IPTC_START + block
    return found
