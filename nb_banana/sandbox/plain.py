"""The sandbox's picture where Pillow is missing, as in a browser: a sky, a sun and hills, as PNG.

It has the size that was asked for, other colours for each prompt and take, and says what it is.
"""

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from random import Random

Colour = tuple[int, int, int]

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((255, 196, 148), (120, 144, 206)),
    ((214, 236, 250), (96, 160, 214)),
    ((250, 214, 222), (150, 110, 190)),
    ((255, 240, 200), (90, 170, 170)),
)
"""From the horizon up."""
SUN: Colour = (255, 222, 89)
INK: Colour = (250, 250, 245)
STRIP: Colour = (34, 38, 43)
XMP_KEYWORD = "XML:com.adobe.xmp"
MARK = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" Iptc4xmpExt:DigitalSourceType='
    '"http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia" '
    'photoshop:Credit="nb_banana sandbox, no AI model"/></rdf:RDF></x:xmpmeta>'
)
"""As the service marks its pictures; these are drawn by a program: https://iptc.org/standards/photo-metadata/"""
LETTERS = {
    "S": (14, 16, 16, 14, 1, 1, 30),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "N": (17, 25, 21, 19, 17, 17, 17),
    "D": (30, 17, 17, 17, 17, 17, 30),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "X": (17, 17, 10, 4, 10, 17, 17),
}
"""Seven rows of five dots each, the leftmost in the highest bit."""
WORD = "SANDBOX"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDE, HIGH = 6 * len(WORD) - 1, 7  # dots of the word


def plain_png(
    prompt: str, size: tuple[int, int], references: Sequence[bytes] = (), seed: str = ""
) -> bytes:
    """A PNG of exactly this size, in pixels: the same bytes for the same arguments."""
    width, height = size
    marks = b"".join(struct.pack(">I", zlib.crc32(each)) for each in references)
    rng = Random(f"{seed}\n{prompt}".encode(errors="surrogatepass") + marks)  # noqa: S311 - paints only
    dot = max(1, min(width // (2 * WIDE), height // (10 * HIGH)))
    strip = min(height // 2, 5 * HIGH * dot // 2)
    pack = zlib.compressobj(1)
    rows = (*_scene(width, height - strip, rng), *_label(width, strip, dot))
    body = b"".join(pack.compress(b"\0" + row) for row in rows) + pack.flush()
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    about = b"Software\0nb_banana sandbox: no AI model"
    mark = XMP_KEYWORD.encode() + b"\0\0\0\0\0" + MARK.encode()
    told = ((b"tEXt", about), (b"iTXt", mark))
    chunks = ((b"IHDR", head), *told, (b"IDAT", body), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _scene(width: int, height: int, rng: Random) -> Iterator[bytes]:
    """Rows of a sky with a sun, and of two hills before it."""
    low, high = rng.choice(SKIES)
    near = rng.randrange(40, 90), rng.randrange(110, 160), rng.randrange(50, 110)
    far = _mixed(near, low, 0.5)
    x, y = width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.45)
    radius = min(width, height) * rng.uniform(0.09, 0.16)
    hills = [
        (colour, width * rng.uniform(0, 1), height * top, width * rng.uniform(0.6, 1.1))
        for colour, top in ((far, 0.6), (near, 0.74))
    ]
    for line in range(height):
        row = bytearray(bytes(_mixed(high, low, line / max(1, height))) * width)
        if abs(line - y) < radius:
            _span(row, x, math.sqrt(radius**2 - (line - y) ** 2), SUN)
        for colour, middle, top, half in hills:
            if line > top:
                grown = 1 - (1 - min(1.0, (line - top) / (height * 0.5))) ** 2
                _span(row, middle, half * math.sqrt(grown), colour)
        yield bytes(row)


def _label(width: int, height: int, dot: int) -> Iterator[bytes]:
    """Rows of a dark strip with the word on it."""
    left, top = (width - WIDE * dot) // 2, (height - HIGH * dot) // 2
    for line in range(height):
        row = bytearray(bytes(STRIP) * width)
        dots = (line - top) // dot
        for place, letter in enumerate(WORD if 0 <= dots < HIGH else ""):
            for column in range(5):
                if LETTERS[letter][dots] & 16 >> column:
                    start = left + (6 * place + column) * dot
                    _span(row, start + dot / 2, dot / 2, INK)
        yield bytes(row)


def _span(row: bytearray, middle: float, half: float, colour: Colour) -> None:
    """Colour a part of a row."""
    count = len(row) // 3
    start, end = (max(0, min(count, round(middle + side))) for side in (-half, half))
    row[3 * start : 3 * end] = bytes(colour) * (end - start)


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG; a square where it is another file."""
    if data.startswith(SIGNATURE) and len(data) >= 24:
        width, height = struct.unpack_from(">2I", data, 16)
        return max(1, width), max(1, height)
    return 1, 1


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
