"""What the bytes of a file say without Pillow, and `PictureProblem`: why they can't be used."""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import islice

PNG = b"\x89PNG\r\n\x1a\n"  # how a PNG begins


TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
"""Chunks of a PNG with words in them: https://www.w3.org/TR/png-3/#11textinfo"""
MOST_TEXT, MOST_TEXTS = 1_000_000, 60_000_000
"""Bytes of a PNG's compressed text, and of all its texts: Pillow refuses a file with more."""
MOST_PROFILE = 32_000_000
"""Bytes of a colour profile, which Pillow takes for such a text; the largest have some 4 MB."""

LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26}
"""Bytes of chunks that Pillow reads without a look at how many there are."""
PLAIN_CHUNKS = TEXTS | {b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"iCCP", b"caBX"}
"""Chunks before the pixels that Pillow has nothing against where `without_excess` keeps them."""
PLAIN_COLOURS = frozenset((0, 2, 4, 6))
"""Colour types of a PNG: grey and RGB, without and with alpha."""
LEAST_TRANSPARENCY = {0: 2, 2: 6}  # bytes of tRNS at the least, by the colour type: grey and RGB


class PictureProblem(Exception):  # noqa: N818 - it is no error of ours: `as_reference` makes a sentence of it
    """A sentence without its subject and its full stop, e.g. ``"is empty"``."""


def problem_sentence(subject: str, problem: PictureProblem) -> str:
    """The whole sentence, or two of them.

    >>> problem_sentence("mug.jpg", PictureProblem("is not there. Did you mean cup.jpg?"))
    'mug.jpg is not there. Did you mean cup.jpg?'
    """
    return f"{subject} {problem}" + ("" if str(problem).endswith("?") else ".")


def cut_off(data: bytes | memoryview) -> PictureProblem:
    """The problem of a file whose end is missing or whose checksums are wrong."""
    return PictureProblem(
        f"is cut off or damaged: its {len(data):,} bytes do not hold the whole picture"
    )


def damaged(error: BaseException) -> PictureProblem:
    """The problem of a picture that Pillow could open and not decode."""
    if isinstance(error, io.UnsupportedOperation):
        return PictureProblem(f"can't be read: {error}")
    reason = str(error).rstrip(".") or type(error).__name__
    return PictureProblem(f"is cut off or damaged: Pillow stops with {reason!r}")


def has_png_end(data: bytes) -> bool:
    """Whether a PNG has its last chunk."""
    return any(name == b"IEND" for name, _, _ in png_chunks(data))


def plain_png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG that Pillow opens for certain; None where it has to be asked."""
    # Nearly all that come are so, and to load Pillow takes longer than all else that is done here.
    if not data.startswith(PNG + b"\0\0\0\rIHDR") or len(data) < 33:
        return None
    width, height, bits, colour, *other = struct.unpack_from(">2I5B", data, 16)
    is_whole = data[29:33] == zlib.crc32(data[12:29]).to_bytes(4, "big")
    if not (is_whole and width and height and bits == 8 and colour in PLAIN_COLOURS) or any(other):
        return None
    for name, _, _ in islice(png_chunks(data), 1, None):
        if name == b"IDAT":
            readable, profile = without_excess(data)
            return (width, height) if readable is data and not profile else None
        if name not in PLAIN_CHUNKS:
            break
    return None


def without_excess(data: bytes) -> tuple[bytes, bytes]:
    """A PNG as Pillow reads it, and its colour profile where that was taken out too."""
    # Programs that draw keep whole workflows in a PNG's texts. Pillow takes more than a megabyte of
    # it for an attack, and a chunk that is broken for a broken picture.
    dropped: list[tuple[int, int]] = []
    profile, texts = b"", 0
    for name, start, end in png_chunks(data) if data.startswith(PNG) else ():
        if name[0] < ord("a"):  # a capital: the picture itself
            continue
        body = data[start + 8 : end - 4]
        is_whole = data[end - 4 : end] == zlib.crc32(name + body).to_bytes(4, "big")
        is_whole = is_whole and fits(data, name, body)
        if name == b"iCCP":
            if not is_whole or (found := _inflated(name, body, MOST_PROFILE)) is None:
                dropped.append((start, end))
            elif len(found) > MOST_TEXT:
                dropped.append((start, end))
                profile = found
            continue
        if name in TEXTS:
            found = _inflated(name, body, MOST_TEXT)
            is_whole = is_whole and found is not None and texts + len(found) <= MOST_TEXTS
            texts += len(found or b"") if is_whole else 0
        if not is_whole:
            dropped.append((start, end))
    if not dropped:
        return data, profile
    ends = [0, *(end for _, end in dropped)]
    starts = [*(start for start, _ in dropped), len(data)]
    return b"".join(data[a:b] for a, b in zip(ends, starts, strict=True)), profile


def fits(data: bytes, name: bytes, body: bytes | memoryview) -> bool:
    """Whether a chunk of this PNG has a length, or a frame a place, that its kind can have."""
    if name == b"tRNS":
        return len(body) >= LEAST_TRANSPARENCY.get(data[25], 0)
    if name == b"fcTL" and len(body) == LENGTHS[name]:
        width, height, left, top = struct.unpack_from(">4I", body, 4)
        whole = struct.unpack_from(">2I", data, 16)
        return bool(width and height) and left + width <= whole[0] and top + height <= whole[1]
    return len(body) == LENGTHS.get(name, len(body))


def _inflated(name: bytes, body: bytes, most: int) -> bytes | None:
    """The text or profile in a PNG's chunk; None where it is more, or packed in no known way."""
    _, _, packed = body.partition(b"\0")
    if name == b"iTXt":
        flag, packed = packed[:1], packed[1:]
        if flag in {b"", b"\0"}:
            return body
        packed = packed[:1] + packed[1:].split(b"\0", 2)[-1]
    elif name == b"tEXt":
        return body
    if packed[:1] != b"\0":
        return None
    unpack = zlib.decompressobj()
    try:
        found = unpack.decompress(packed[1:], most)
    except zlib.error:
        return b""
    return None if unpack.unconsumed_tail else found


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each chunk, and where it is; up to the end mark, or to where it is cut off."""
    place = len(PNG)
    while place + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            return
        yield name, place, end
        if name == b"IEND":
            return
        place = end


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker of each segment of a JPEG, and where its body is; the first scan is the last."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a byte that only fills
            place += 1
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        yield marker, place + 4, min(end, len(data))
        if marker == 0xDA:
            return
        place = end


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each chunk of a WebP, and where its body is; nothing of another file."""
    place = 12 if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else len(data)
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        yield name, place + 8, min(place + 8 + length, len(data))
        place += 8 + length + length % 2


def scan_channels(data: bytes) -> int:
    """How many channels the first scan of a JPEG has."""
    # With fewer than the picture has, all of it is held in memory, as a progressive one is.
    scans = (start for marker, start, _ in jpeg_segments(data) if marker == 0xDA)
    return next((data[start] for start in scans if start < len(data)), 0)


JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segment that has a JPEG's size: https://www.w3.org/Graphics/JPEG/itu-t81.pdf"""


def read_header(data: bytes) -> tuple[str, int, int] | None:
    """MIME type, width and height as the first bytes say them; None where it is none of these."""
    try:
        if data.startswith(PNG):
            return "image/png", *struct.unpack_from(">2I", data, 16)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return "image/gif", *struct.unpack_from("<2H", data, 6)
        if data.startswith(b"\xff\xd8"):
            sizes = (start for marker, start, _ in jpeg_segments(data) if marker in JPEG_SIZES)
            height, width = struct.unpack_from(">2H", data, next(sizes, len(data)) + 1)
            return "image/jpeg", width, height
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return "image/webp", *_webp_size(data)
    except (struct.error, IndexError):  # it ends before it has said so
        pass
    return None


def _webp_size(data: bytes) -> tuple[int, int]:
    """By the kind of its first chunk: https://developers.google.com/speed/webp/docs/riff_container"""
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<2H", data, 26)
    return width & 0x3FFF, height & 0x3FFF
