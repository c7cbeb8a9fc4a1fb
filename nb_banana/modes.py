"""Any Pillow mode → the four that a reference is sent in: L, LA, RGB and RGBA, eight bits each."""

import io
import warnings
from typing import TYPE_CHECKING

from nb_banana.flaws import BROKEN, Flaw, damaged

if TYPE_CHECKING:
    from PIL import Image

PLAIN = {"L", "LA", "RGB", "RGBA"}
SIXTEEN_BITS = 65535
ORIENTATION = 0x0112
"""The EXIF tag that says how to turn a picture."""


def plain(image: "Image.Image") -> "Image.Image":
    """The picture in a plain mode; the same object where it is in one already.

    Alpha is kept, and so is a transparent colour, as alpha.

    Raises:
        Flaw: numbers for which nobody has said what is black and what is white.

    """
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _levels(image)
    if image.mode == "CMYK":
        return _printed(image)
    if image.has_transparency_data:
        wanted = "LA" if image.mode in {"L", "LA", "La"} else "RGBA"
    else:
        wanted = "L" if image.mode in {"L", "1"} else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def opaque(image: "Image.Image") -> "Image.Image | None":
    """The plain picture without its alpha; None where something shines through."""
    if not image.mode.endswith("A"):
        return image
    if image.getchannel("A").getextrema() != (255, 255):
        return None
    return image.convert(image.mode[:-1])


def turned(image: "Image.Image", orientation: int) -> "Image.Image":
    """The picture turned as its EXIF orientation says; the same object where it is upright."""
    from PIL import Image

    turn = Image.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }
    method = turns.get(orientation)
    return image if method is None else image.transpose(method)


def normal(image: "Image.Image") -> "Image.Image":
    """The picture upright and in a plain mode; the same object where it is so already.

    Raises:
        Flaw: it can't be decoded, or see `plain`.

    """
    try:
        image.load()  # a TIFF turns itself when it is decoded, so its tag is read afterwards
        return turned(plain(image), orientation(image))
    except BROKEN as error:
        raise damaged(error) from error


def orientation(image: "Image.Image") -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none that can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # broken EXIF is nobody's concern here
            value = image.getexif().get(ORIENTATION, 1)
    except BROKEN:
        return 1
    return value if value in range(1, 9) else 1


def _levels(image: "Image.Image") -> "Image.Image":
    """16 bits, 32 bits and floats → 256 greys."""
    numbers = image.convert("F")
    low, high = (float(value) for value in numbers.getextrema())  # type: ignore[arg-type]
    deep = image.mode.startswith("I;16") or (image.mode == "I" and high > 255)
    if deep and low >= 0 and high <= SIXTEEN_BITS:
        scale = 255 / SIXTEEN_BITS
    elif image.mode == "F" and low >= 0 and high <= 1:
        scale = 255.0
    elif low >= 0 and high <= 255:
        scale = 1.0
    else:
        raise Flaw(
            f"has values from {low:g} to {high:g} (Pillow mode {image.mode}): nobody has said "
            "which is black and which is white. Scale them to 0..255"
        )
    # Half a grey more, for convert("L") cuts off what is behind the point.
    return numbers.point(lambda value: value * scale + 0.5).convert("L")


def _printed(image: "Image.Image") -> "Image.Image":
    """Four inks → RGB: by the picture's own colour profile where it has one that works."""
    profile = image.info.get("icc_profile")
    converted = None
    if profile:
        from PIL import ImageCms

        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ImportError):
            converted = None  # a broken profile, or a Pillow without LittleCMS
    picture = converted or image.convert("RGB")
    picture.info.pop("icc_profile", None)  # it speaks of inks
    return picture
