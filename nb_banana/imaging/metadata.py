"""What a file holds besides its pixels: taken out before it is sent, put in where it is asked for.

Taken out are place, time, camera, comments, hidden pictures. What is kept is named here; all else
goes, so that a kind of metadata that nobody has thought of stays at home too. Put in are prompt and
parameters: PNG text, or EXIF of JPEG and WebP. The pixels are never decoded or touched.
"""

import binascii
import io
import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nb_banana.errors import BananaError, SaveError
from nb_banana.imaging.decode import open_picture, unwarned
from nb_banana.imaging.formats import PNG, cut_off, fits, png_chunks, webp_chunks

if TYPE_CHECKING:
    from PIL import Image

PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs".split()
)
"""Chunks that decide how the picture looks. Without the animation's, an APNG is a still PNG.
https://www.w3.org/TR/png-3/#11Ancillary-chunks"""
WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"))
WEBP_EXIF_AND_XMP = 0x08 | 0x04
"""Two flags of VP8X: https://developers.google.com/speed/webp/docs/riff_container"""
JPEG_APP = range(0xE0, 0xF0)
JPEG_JFIF = 0xE0
JFIF = re.compile(rb"\xff\xe0\x00\x10JFIF\x00\x01.[\x00-\x02].{4}\x00\x00", re.DOTALL)
"""The APP0 segment that stays: the plain one, without an old thumbnail in it."""
JPEG_KEPT = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""The other APPn segments that stay, by how they begin: APP2 also holds further pictures (MPF)."""
JPEG_COMMENT, JPEG_SCAN, JPEG_END = 0xFE, 0xDA, 0xD9
JPEG_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # what ends the coded pixels of a scan
TURNED = re.compile(rb"eXIf|Raw profile type|rientation|Exif|EXIF")


@dataclass(frozen=True)
class Stripped:
    """A file without its metadata."""

    data: bytes  # the bytes that are left; the very same object where there was nothing to drop
    turned: bool  # whether what was dropped may say that the picture has to be turned


Part = tuple[int, int, bool]  # from where to where in the file, and whether it stays


def strip(data: bytes) -> Stripped:
    """A PNG, JPEG or WebP without its metadata; other bytes as they are."""
    if data.startswith(PNG):
        return _without(data, list(_png(data)))
    if data.startswith(b"\xff\xd8"):
        return _without(data, list(_jpeg(data)))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_mended(_without(data, list(_webp(data))))
    return Stripped(data, turned=True)


def _without(data: bytes, parts: list[Part]) -> Stripped:
    view = memoryview(data)
    end = parts[-1][1]
    dropped = [view[start:stop] for start, stop, kept in parts if not kept]
    if not dropped and end == len(data):
        return Stripped(data, turned=False)
    clean = b"".join(view[start:stop] for start, stop, kept in parts if kept)
    return Stripped(clean, turned=any(TURNED.search(part) for part in dropped))


def _png(data: bytes) -> Iterator[Part]:
    yield 0, 8, True
    view = memoryview(data)
    for name, start, end in png_chunks(data):
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[start + 4 : end - 4]) != checksum:
            break
        yield start, end, name in PNG_KEPT and fits(data, name, view[start + 8 : end - 4])
        if name == b"IEND":
            return
    raise cut_off(data)


def _jpeg(data: bytes) -> Iterator[Part]:
    yield 0, 2, True
    place, dropped = 2, False
    while place < len(data) - 1:
        marker = data[place + 1]
        if data[place] != 0xFF or marker in {0x00, 0xFF}:
            # Decoders pass over what is between two segments; nobody knows what it is, so it goes.
            after = data.find(b"\xff", place + 1)
            if after < 0:
                break
            yield place, after, False
            place, dropped = after, True
            continue
        if marker == JPEG_END:
            yield place, place + 2, True
            return
        end = place + 2
        if marker not in JPEG_BARE:
            if end + 2 > len(data):
                break
            end += int.from_bytes(data[end : end + 2], "big")
        kept = _is_kept(data, place, marker)
        dropped = dropped or not kept
        if marker == JPEG_SCAN:
            end = _scan_end(data, end, trusted=not dropped)
        if end > len(data):
            break
        yield place, end, kept
        place = end
    raise cut_off(data)


def _is_kept(data: bytes, place: int, marker: int) -> bool:
    if marker == JPEG_JFIF:
        return JFIF.match(data, place) is not None
    if marker in JPEG_APP:
        return marker in JPEG_KEPT and data.startswith(JPEG_KEPT[marker], place + 4)
    return marker != JPEG_COMMENT


def _scan_end(data: bytes, start: int, *, trusted: bool) -> int:
    """Where the coded pixels end."""
    # Cameras and phones hang films and second pictures, with metadata of their own, behind the end
    # mark. They announce that in the header, so a file without metadata (`trusted`) need not be
    # searched: that would take a third of the time of its base64.
    if trusted and data.endswith(b"\xff\xd9"):
        return len(data) - 2
    found = MARKER.search(data, start)
    return found.start() if found else len(data) + 1


def _webp(data: bytes) -> Iterator[Part]:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise cut_off(data)
    yield 0, 12, True
    place, pixels = 12, False
    while place + 8 <= end:
        name = data[place : place + 4]
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        after = place + 8 + length + length % 2
        if after > end + 1:  # the last padding byte is missing in some files
            break
        after = min(after, end)
        pixels = pixels or name in {b"VP8 ", b"VP8L", b"ANMF"}
        yield place, after, name in WEBP_KEPT
        place = after
    if not pixels:
        raise cut_off(data)


def _webp_mended(stripped: Stripped) -> Stripped:
    """The size and the flags in the header as they are now."""
    data = stripped.data
    size = struct.pack("<I", len(data) - 8)
    extended = data[12:16] == b"VP8X" and data[20] & WEBP_EXIF_AND_XMP
    if data[4:8] == size and not extended:
        return stripped
    mended = bytearray(data)
    mended[4:8] = size
    if extended:
        mended[20] &= ~WEBP_EXIF_AND_XMP & 0xFF
    return Stripped(bytes(mended), stripped.turned)


KEYWORD = b"nb_banana"
PNG_START = 33  # bytes of a PNG's signature and header chunk: what comes next may be text
USER_COMMENT = 0x9286
EXIF_IFD = 0x8769
UNICODE = b"UNICODE\0"


def embed_facts(data: bytes, mime: str, facts: dict[str, Any]) -> bytes:
    """The same picture with facts in its metadata."""
    text = json.dumps(facts, sort_keys=True)
    if mime == "image/png":
        body = KEYWORD + b"\0\0\0\0\0" + text.encode()
        return data[:PNG_START] + _chunk(b"iTXt", body) + data[PNG_START:]
    if mime == "image/jpeg":
        segment = b"Exif\0\0" + _exif(data, text)
        if len(segment) > 0xFFFD:
            raise SaveError("The prompt is too long for a JPEG's metadata. Save it as .png.")
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    if mime == "image/webp":
        return _into_webp(data, _exif(data, text))
    raise SaveError("Only PNG, JPEG and WebP hold the prompt. Choose another suffix.")


def read_embedded(data: bytes) -> dict[str, Any] | None:
    """The facts that `embed_facts` put into a picture; None where there are none."""
    try:
        with unwarned():
            picture = open_picture(data)
            text = picture.info.get(KEYWORD.decode()) or _comment(picture)
        facts = json.loads(text or "null")
    except BananaError:
        raise
    except Exception:  # noqa: BLE001 - Pillow's decoders raise whatever they like, JSON may be deep
        return None
    return facts if isinstance(facts, dict) and "prompt" in facts else None


def _comment(picture: "Image.Image") -> str | None:
    comment = picture.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT)
    if not isinstance(comment, bytes) or not comment.startswith(UNICODE):
        return None
    return comment.removeprefix(UNICODE).decode("utf-8", "replace")


def _exif(data: bytes, text: str) -> bytes:
    picture = open_picture(data)
    with unwarned():
        exif = picture.getexif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = UNICODE + text.encode()
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = binascii.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _into_webp(data: bytes, exif: bytes) -> bytes:
    """Add an EXIF chunk; a plain file becomes an extended one, whose header says what is there."""
    # https://developers.google.com/speed/webp/docs/riff_container
    chunks = [(kind, data[a:b]) for kind, a, b in webp_chunks(data) if kind != b"EXIF"]
    if chunks[0][0] != b"VP8X":
        picture = open_picture(data)
        alpha = 0x10 if picture.has_transparency_data else 0
        size = b"".join((side - 1).to_bytes(3, "little") for side in picture.size)
        chunks.insert(0, (b"VP8X", bytes([alpha, 0, 0, 0]) + size))
    head = chunks[0][1]
    chunks[0] = (b"VP8X", bytes([head[0] | 0x08]) + head[1:])
    chunks.append((b"EXIF", exif))
    out = io.BytesIO()
    for kind, body in chunks:
        out.write(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
    body = out.getvalue()
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
