"""Files and pixels → `Encoded`: untouched where they may go out so, else converted or made smaller.

Allowed to go out as they are: PNG, JPEG and WebP in eight bits, grey or RGB, still and upright.
"""

import hashlib
import warnings
from typing import TYPE_CHECKING

from nb_banana.encoded import Encoded, formats
from nb_banana.encoding import fitted, reduced, style_of
from nb_banana.errors import NotAPictureError, PictureTooLargeError
from nb_banana.flaws import BROKEN, Flaw, damaged
from nb_banana.limits import Limits, over
from nb_banana.metadata import PNG, strip
from nb_banana.modes import normal, opaque, orientation
from nb_banana.pixels import open_picture

if TYPE_CHECKING:
    from PIL import Image

LOSSY = {"JPEG", "MPO", "HEIF", "AVIF", "JPEG2000"}
"""Formats that have lost something already: a PNG of them costs much and gives nothing back."""
RESIZABLE = {"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"}
"""Modes that can be made smaller before they are converted, which is cheaper."""
NEARLY = 0.95
"""How much of the longest side may be given up for a JPEG that is made smaller as it is decoded."""
HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")


def from_bytes(data: bytes, limits: Limits, *, ours: bool) -> Encoded:
    """What is sent for the bytes of a file.

    Args:
        data: the bytes.
        limits: how large it may be.
        ours: whether the model made it: then there is nothing of a person's to take out.

    Raises:
        Flaw: no picture, cut off, a bomb, or too large where nothing may be made smaller.

    """
    stripped = strip(data)  # first: it knows best what is cut off
    image = _open(data)
    clean = data if ours else stripped.data
    kept = _is_allowed(image, data)
    large = over(image.size, len(clean) if kept else 0, limits)
    if large and not limits.resize:
        raise Flaw(large)
    if large or not kept or (stripped.turned and orientation(image) != 1):
        return _converted(data, limits, large=bool(large))
    digest = "" if clean is data else hashlib.sha256(data).hexdigest()
    return Encoded(clean, _mime(clean), image.size, image.size, len(data), digest)


def from_image(
    image: "Image.Image", pixels: str, limits: Limits, *, like: "Image.Image"
) -> Encoded:
    """What is sent for a picture in memory.

    Args:
        image: the picture, see `nb_banana.modes.normal`.
        pixels: their hash.
        limits: how large it may be.
        like: the picture as it was given, for its format.

    Raises:
        Flaw: too large where nothing may be made smaller.

    """
    if (large := over(image.size, 0, limits)) and not limits.resize:
        raise Flaw(large)
    style = style_of(lossy=like.format in LOSSY, large=bool(large), sampling=_sampling(like))
    sent, data = fitted(reduced(image, limits.longest_side), limits, style)
    smaller = sent.size != image.size
    return Encoded(data, _mime(data), sent.size, image.size, smaller=smaller, pixels=pixels)


def _converted(data: bytes, limits: Limits, *, large: bool) -> Encoded:
    image = _open(data)
    size, lossy, sampling = image.size, image.format in LOSSY, _sampling(image)
    if image.mode in RESIZABLE and "transparency" not in image.info:
        _thumbnail(image, limits.longest_side)
    upright = normal(image)
    if orientation(image) >= 5:  # asked after decoding, as `normal` does
        size = size[::-1]
    del image  # two decoded pictures at once are enough
    upright = reduced(upright, limits.longest_side)
    style = style_of(lossy=lossy, large=large, sampling=sampling)
    if not style.png:
        upright = opaque(upright) or upright  # here, so that the one with alpha is let go
    sent, encoded = fitted(upright, limits, style)
    smaller = large or sent.size != size
    return Encoded(
        encoded,
        _mime(encoded),
        sent.size,
        size,
        len(data),
        hashlib.sha256(data).hexdigest(),
        smaller=smaller,
        exact=encoded.startswith(PNG) and not smaller,
    )


def _open(data: bytes) -> "Image.Image":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # broken EXIF is nobody's concern here
            return open_picture(data, formats())
    except NotAPictureError as error:
        if data[4:12] in HEIC:
            raise Flaw(
                "is a HEIC photo, which Pillow can't read alone. Install pillow-heif, and call "
                "pillow_heif.register_heif_opener()"
            ) from error
        raise Flaw(error.args[0].removeprefix("This ").rstrip(".")) from error
    except PictureTooLargeError as error:
        raise Flaw(error.args[0].removeprefix("The picture ").rstrip(".")) from error


def _is_allowed(image: "Image.Image", data: bytes) -> bool:
    if data.startswith(PNG):
        depth, colours = data[24], data[25]
        return depth == 8 and colours != 3  # 3 is a palette
    if data.startswith(b"\xff\xd8"):
        return image.mode in {"L", "RGB"}
    return image.format == "WEBP" and not getattr(image, "is_animated", False)


def _mime(data: bytes) -> str:
    """The type of what is sent. Pillow calls some photos of phones image/mpo."""
    if data.startswith(PNG):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8") else "image/webp"


def _sampling(image: "Image.Image") -> int:
    """How coarse a JPEG's colours are, to keep that; 0 (not at all) for all else."""
    from PIL import JpegImagePlugin

    return max(0, JpegImagePlugin.get_sampling(image))


def _thumbnail(image: "Image.Image", longest: int) -> None:
    """Make it smaller in place: a JPEG is decoded at a half of its size, a quarter …

    Where that leaves it hardly smaller than allowed it is all that is done: a photo of 4032 pixels
    becomes one of 2016 rather than 2048, in a quarter of the time and memory.
    """
    from PIL import Image

    try:
        if max(image.size) > longest:
            scale = longest / max(image.size) * NEARLY
            width, height = (max(1, int(side * scale)) for side in image.size)
            image.draft(image.mode, (width, height))
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    except BROKEN as error:
        raise damaged(error) from error
