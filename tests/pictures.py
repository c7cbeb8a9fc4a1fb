"""Pictures for the tests: real files, made by Pillow."""

import io

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
