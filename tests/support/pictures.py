"""Pictures for the tests: real files, made by Pillow."""

import io
import zlib
from functools import partial

from PIL import Image

GPS = 0x8825
MAKE = 0x010F
ORIENTATION = 0x0112
XMP = b"<x:xmpmeta><exif:GPSLatitude>52,31N</exif:GPSLatitude></x:xmpmeta>"


def picture(width=60, height=40, mode="RGB"):
    """A picture in which every corner, row and column is another colour."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, Image.new("L", (width, height), 90))).convert(mode)


def photo(width=60, height=40, seed=0):
    """A picture with so much grain that it does not compress."""
    grain = Image.frombytes("RGB", (width, height), noise(width * height * 3, seed))
    return Image.blend(picture(width, height), grain, 0.4)


def noise(count, seed=0):
    """The same bytes each time."""
    import random

    return random.Random(seed).randbytes(count)


def clear(width=60, height=40):
    """A picture that one can see through on its left."""
    image = picture(width, height, "RGBA")
    image.putalpha(Image.linear_gradient("L").rotate(90).resize((width, height)))
    return image


def encode(image, kind="PNG", **options):
    """The bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(reference):
    """What a service sees: the picture behind a reference's address, decoded."""
    import base64

    head, _, body = reference.url.partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(body, validate=True)))
    assert head == f"data:{image.get_format_mimetype()};base64"
    image.load()
    return image


def camera(orientation=1):
    """The EXIF of a phone: where it was taken, by what, and how to turn it."""
    exif = Image.Exif()
    exif[MAKE] = "SecretCamera"
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "SecretNorth"
    return exif


def frames(kind):
    """An animation of two frames."""
    return encode(
        picture(),
        kind,
        save_all=True,
        append_images=[Image.new("RGB", (60, 40), "red")],
        **({"lossless": True} if kind == "WEBP" else {}),
    )


def chunk(name, body):
    """A chunk of a PNG."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def with_chunk(name, body, data=None, *, late=False):
    """A PNG with one chunk more, before its pixels or behind them."""
    data = data or encode(picture())
    place = len(data) - 12 if late else 33
    return data[:place] + chunk(name, body) + data[place:]


PACKED = zlib.compress(bytes(3_000_000))
LARGE_PNGS = {
    "packed text": lambda: with_chunk(b"zTXt", b"workflow\0\0" + PACKED),
    "packed text behind the pixels": lambda: with_chunk(
        b"zTXt", b"workflow\0\0" + PACKED, late=True
    ),
    "international text": lambda: with_chunk(b"iTXt", b"workflow\0\1\0en\0Arbeit\0" + PACKED),
    "plain text": lambda: with_chunk(b"tEXt", b"workflow\0" + b"x" * 70_000_000),
    "many texts": lambda: with_chunk(
        b"iTXt", b"a\0\0\0\0\0" + b"x" * 30_000_000, with_chunk(b"tEXt", b"b\0" + b"x" * 40_000_000)
    ),
    "profile": lambda: with_chunk(b"iCCP", b"a\0\0" + PACKED),
    "a profile that never ends": lambda: with_chunk(
        b"iCCP", b"a\0\0" + zlib.compress(bytes(90_000_000))
    ),
    "packed in no known way": lambda: with_chunk(b"zTXt", b"a\0\7" + PACKED),
    "a profile packed in no known way": lambda: with_chunk(b"iCCP", b"a\0\7" + PACKED),
    "text with an odd flag": lambda: with_chunk(b"iTXt", b"a\0\2\0\0\0" + PACKED),
    "text with an odd flag behind the pixels": lambda: with_chunk(
        b"iTXt", b"a\0\xff\0\0\0" + PACKED, late=True
    ),
    **{
        f"{name.decode()} of the wrong length": partial(with_chunk, name, b"\0")
        for name in (b"pHYs", b"gAMA", b"cHRM", b"tRNS", b"acTL")
    },
    "sRGB without a byte": lambda: with_chunk(b"sRGB", b""),
    "a chunk whose name is none": lambda: with_chunk(b"1zzz", bytes(5)),
    "an animation without a size": lambda: with_chunk(
        b"acTL", bytes((0, 0, 0, 2, 0, 0, 0, 0)), with_chunk(b"fcTL", bytes(26))
    ),
}
"""PNGs whose pixels are whole, and which Pillow alone refuses to read. Each is made when it is
needed, for some are large."""
