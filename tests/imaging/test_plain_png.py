"""A plain PNG is known without Pillow, and only where Pillow would say the same of it."""

import random
import struct
import zlib

import pytest

from nb_banana.errors import PictureError
from nb_banana.imaging import decode
from nb_banana.imaging.formats import PNG, plain_png_size
from tests.support.amount import rounds
from tests.support.pictures import encode, picture

PIXELS = zlib.compress(b"\0" * 200)
TEXT = b"Comment\0"
KINDS = {
    b"tEXt": [TEXT + b"a fox", b"", b"no end"],
    b"zTXt": [TEXT + b"\0" + PIXELS, TEXT + b"\1" + PIXELS, TEXT + b"\0" + PIXELS[:4], TEXT],
    b"iTXt": [TEXT + b"\0\0\0\0a fox", TEXT + b"\1\0\0\0" + PIXELS, TEXT + b"\1\1\0\0x", TEXT],
    b"iCCP": [TEXT + b"\0" + PIXELS, TEXT + b"\1" + PIXELS, TEXT + b"\0" + PIXELS[:4], b"", TEXT],
    b"gAMA": [b"1234", b"123"],
    b"cHRM": [b"1" * 32, b""],
    b"sRGB": [b"\0", b"12"],
    b"pHYs": [b"1" * 9, b"1" * 8],
    b"acTL": [struct.pack(">2I", 2, 0), b"1"],
    b"fcTL": [b"\0" * 26],
    b"tRNS": [b"\0" * 6, b""],
    b"PLTE": [b"\0" * 3, b"\0" * 4],
    b"eXIf": [b"MM\0*\0\0\0\x08", b""],
    b"caBX": [b"a manifest"],
    b"IHDR": [struct.pack(">2I5B", 3, 3, 8, 2, 0, 0, 0)],
    b"IDAT": [PIXELS],
    b"abcd": [b""],
    b"ABCD": [b""],
    b"\xff\0\0\0": [b""],
}
"""What may stand in a PNG, whole and broken."""


def chunk(rng, name, body):
    check = zlib.crc32(name + body) if rng.random() < 0.95 else 5
    return struct.pack(">I", len(body)) + name + body + check.to_bytes(4, "big")


def some_png(rng):
    """A PNG that may be whole, and may have anything wrong with it."""
    sides = [rng.choice([1, 7, 1376, 1376, 0, 20_000, 2**31, 2**32 - 1]) for _ in range(2)]
    bits, colour = rng.choice([8, 8, 8, 8, 1, 2, 4, 16, 3]), rng.choice([0, 2, 2, 2, 3, 4, 6, 6, 1])
    other = [rng.choice([0] * 9 + [1]) for _ in range(3)]
    data = PNG + chunk(rng, b"IHDR", struct.pack(">2I5B", *sides, bits, colour, *other))
    for many in (rng.randrange(3), -1, rng.randrange(2)):
        if many == -1 and rng.random() < 0.95:
            data += chunk(rng, b"IDAT", PIXELS)
        for _ in range(many):
            name = rng.choice(list(KINDS))
            data += chunk(rng, name, rng.choice(KINDS[name]))
    data += chunk(rng, b"IEND", b"")
    if rng.random() < 0.1:
        data = data[: rng.randrange(len(data))]
    return data


def said(data):
    """What is said of it: its kind, or the error's."""
    try:
        return decode.check_picture(data)
    except PictureError as error:
        return type(error), str(error)


@pytest.mark.filterwarnings("ignore:Invalid APNG:UserWarning")
def test_what_is_said_of_a_png_without_pillow_is_what_pillow_says_of_it(monkeypatch):
    rng, plain = random.Random(18), 0
    for _ in range(rounds(400, 40_000)):
        data = some_png(rng)
        quick = said(data)
        plain += plain_png_size(data) is not None
        with monkeypatch.context() as patch:
            patch.setattr(decode, "plain_png_size", lambda data: None)
            assert said(data) == quick, data
    assert plain > rounds(20, 2000)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_the_kinds_that_models_draw_are_plain(mode):
    assert plain_png_size(encode(picture(37, 21).convert(mode), "PNG")) == (37, 21)


def test_a_palette_and_sixteen_bits_are_pillow_s_matter():
    for mode in ("P", "I;16", "1"):
        data = encode(picture(37, 21).convert("L").convert(mode), "PNG")
        assert plain_png_size(data) is None
        assert decode.check_picture(data) == ("image/png", 37, 21)
