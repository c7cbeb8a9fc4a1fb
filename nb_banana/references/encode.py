"""Files and pixels → `EncodedImage`: untouched where they may go out so, else converted.

Allowed to go out as they are: PNG, JPEG and WebP in eight bits, grey or RGB, still and upright.
A picture in memory becomes bytes within the limits: PNG where that fits, else JPEG, else smaller.
"""

import hashlib
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana._text import megabytes
from nb_banana.errors import (
    NotAPictureError,
    PictureError,
    PictureTooLargeError,
    PillowMissingError,
)
from nb_banana.imaging.decode import (
    MAX_PIXELS,
    check_picture,
    opaque,
    open_picture,
    orientation,
    scale_while_decoding,
    upright_plain,
)
from nb_banana.imaging.formats import PNG, PictureProblem, damaged
from nb_banana.imaging.metadata import strip
from nb_banana.references.encoded import EncodedImage, open_formats
from nb_banana.references.limits import ReferenceLimits, over

if TYPE_CHECKING:
    from PIL import Image


Way = tuple["Image.Image", Callable[["Image.Image"], bytes]]  # A picture and what makes bytes of it

ALMOST = 95  # JPEG quality where a picture is only turned, or its colours are converted
HIGH = 92  # JPEG quality where a picture is made smaller
SPOT = 512  # pixels (width, height) of the middle that is tried first, see `_is_hopeless`
HOPELESS = 2.0
"""How many times too large a PNG must seem for not being tried: one spot is a rough guess."""
TRIES = 8  # how often a picture is made smaller. The first nearly always does


@dataclass(frozen=True)
class EncodeStyle:
    """How a picture without alpha is encoded: a PNG first? else a JPEG, and how fine?"""

    png: bool
    quality: int = HIGH
    sampling: int = 0


def style_of(*, lossy: bool, large: bool, sampling: int) -> EncodeStyle:
    """How to encode a picture that came lossy or not, and too large or not."""
    return EncodeStyle(not (lossy or large), ALMOST if lossy and not large else HIGH, sampling)


def reduced(image: "Image.Image", longest: int) -> "Image.Image":
    """The picture with no side longer than so many pixels; the same object where none is."""
    if max(image.size) <= longest:
        return image
    return _scaled(image, longest / max(image.size))


def _scaled(image: "Image.Image", scale: float) -> "Image.Image":
    from PIL import Image

    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def fit_within(
    image: "Image.Image", limits: ReferenceLimits, style: EncodeStyle
) -> tuple["Image.Image", bytes]:
    """The picture as it is sent, and its bytes, within the limit of bytes."""
    for picture, encode in _ways(image, limits, style):
        data = encode(picture)
        if len(data) <= limits.picture_bytes:
            return picture, data
    if not limits.resize:
        raise PictureProblem(over(picture.size, len(data), limits))
    for _ in range(TRIES):
        # A little less than what the bytes ask for: small pictures take more bytes per pixel.
        picture = _scaled(picture, min(0.9, 0.95 * math.sqrt(limits.picture_bytes / len(data))))
        data = encode(picture)
        if len(data) <= limits.picture_bytes:
            return picture, data
    raise PictureProblem(f"can't be made as small as {megabytes(limits.picture_bytes)}")


def _ways(image: "Image.Image", limits: ReferenceLimits, style: EncodeStyle) -> list[Way]:
    """How to encode it, best first. The last way is the one for making it smaller."""
    solid = opaque(image)
    if solid is None:
        return [(image, _png)]

    def jpeg(quality: int) -> Way:
        options = {"quality": quality, "subsampling": style.sampling}
        return solid, lambda picture: _save(picture, "JPEG", **options)

    if style.png:
        return [*([] if _is_hopeless(solid, limits) else [(image, _png)]), jpeg(HIGH)]
    return [jpeg(quality) for quality in sorted({style.quality, HIGH}, reverse=True)]


def _is_hopeless(image: "Image.Image", limits: ReferenceLimits) -> bool:
    """Whether a PNG would be far too large. Making one of a photo takes seconds, the spot 10 ms."""
    if image.width * image.height * len(image.getbands()) <= limits.picture_bytes:
        return False
    left, top = max(0, image.width - SPOT) // 2, max(0, image.height - SPOT) // 2
    spot = image.crop((left, top, min(left + SPOT, image.width), min(top + SPOT, image.height)))
    parts = image.width * image.height / (spot.width * spot.height)
    return len(_png(spot)) * parts > HOPELESS * limits.picture_bytes


def _png(image: "Image.Image") -> bytes:
    return _save(image, "PNG")


def _save(image: "Image.Image", format_: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, icc_profile=image.info.get("icc_profile"), **options)
    # Pillow hands on comments and the like from .info: ours go through the same gate.
    return strip(out.getvalue()).data


LOSSY = {"JPEG", "MPO", "HEIF", "AVIF", "JPEG2000"}
"""Formats that have lost something already: a PNG of them costs much and gives nothing back."""
RESIZABLE = {"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"}
"""Modes that can be made smaller before they are converted, which is cheaper."""
LEAST_SCALE = 0.95
"""How much of the longest side may be given up for a JPEG that is made smaller as it is decoded."""
HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1")


def from_bytes(data: bytes, limits: ReferenceLimits, *, ours: bool) -> EncodedImage:
    """What is sent for the bytes of a file."""
    stripped = strip(data)  # first: it knows best what is cut off
    clean = data if ours else stripped.data
    try:
        image = _open(data)
    except PillowMissingError:
        return _as_it_is(data, clean, limits, turned=stripped.turned)
    kept = _is_allowed(image, data)
    large = over(image.size, len(clean) if kept else 0, limits)
    if large and not limits.resize:
        raise PictureProblem(large)
    if large or not kept or (stripped.turned and orientation(image) != 1):
        return _converted(data, limits, large=bool(large))
    digest = "" if clean is data else hashlib.sha256(data).hexdigest()
    return EncodedImage(clean, _mime(clean), image.size, image.size, len(data), digest)


def _as_it_is(data: bytes, clean: bytes, limits: ReferenceLimits, *, turned: bool) -> EncodedImage:
    """The same where Pillow is missing, for what need not be changed."""
    try:
        kind = check_picture(data)
    except PictureError as error:
        raise _problem(error) from error
    size = kind.width, kind.height
    plain = not data.startswith(PNG) or (data[24] == 8 and data[25] != 3)
    if kind.mime == "image/gif" or not plain or (turned and kind.mime != "image/png"):
        raise PictureProblem("has to be converted, and Pillow is not installed here")
    if large := over(size, len(clean), limits):
        why, _, _ = large.partition(". ")
        raise PictureProblem(f"{why}, and Pillow is not installed here to make it smaller")
    digest = "" if clean is data else hashlib.sha256(data).hexdigest()
    return EncodedImage(clean, kind.mime, size, size, len(data), digest)


def from_image(
    image: "Image.Image", pixels: str, limits: ReferenceLimits, *, like: "Image.Image"
) -> EncodedImage:
    """What is sent for a picture in memory."""
    if (large := over(image.size, 0, limits)) and not limits.resize:
        raise PictureProblem(large)
    style = style_of(lossy=like.format in LOSSY, large=bool(large), sampling=_sampling(like))
    sent, data = fit_within(reduced(image, limits.longest_side), limits, style)
    smaller = sent.size != image.size
    return EncodedImage(data, _mime(data), sent.size, image.size, smaller=smaller, pixels=pixels)


def _converted(data: bytes, limits: ReferenceLimits, *, large: bool) -> EncodedImage:
    image = _open(data)
    size, lossy, sampling = image.size, image.format in LOSSY, _sampling(image)
    if image.mode in RESIZABLE and "transparency" not in image.info:
        _thumbnail(image, limits.longest_side)
    upright = upright_plain(image)
    if orientation(image) >= 5:  # asked after decoding, as `upright_plain` does
        size = size[::-1]
    del image  # two decoded pictures at once are enough
    upright = reduced(upright, limits.longest_side)
    style = style_of(lossy=lossy, large=large, sampling=sampling)
    if not style.png:
        upright = opaque(upright) or upright  # here, so that the one with alpha is let go
    sent, encoded = fit_within(upright, limits, style)
    smaller = large or sent.size != size
    return EncodedImage(
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
        return open_picture(data, open_formats(), scaled=True)
    except NotAPictureError as error:
        if data[4:12] in HEIC:
            raise PictureProblem(
                "is a HEIC photo, which Pillow can't read alone. Install pillow-heif, and call "
                "pillow_heif.register_heif_opener()"
            ) from error
        raise _problem(error) from error
    except PictureTooLargeError as error:
        raise _problem(error) from error


def _problem(error: PictureError) -> PictureProblem:
    """What is said of a picture that came, as it is said of one that was given."""
    reason = re.sub("^(This|The picture) ", "", error.args[0]).rstrip(".")
    cure = ". Save it smaller, e.g. 4096 pixels wide"
    return PictureProblem(f"{reason}{cure if isinstance(error, PictureTooLargeError) else ''}")


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
    """Make it smaller in place: a JPEG is decoded at a half of its size, a quarter …"""
    # Where that leaves it hardly smaller than allowed it is all that is done: a photo of 4032
    # pixels becomes one of 2016 rather than 2048, in a quarter of the time and memory.
    from PIL import Image

    try:
        if max(image.size) > longest or image.width * image.height > MAX_PIXELS:
            scale_while_decoding(image, longest / max(image.size) * LEAST_SCALE)
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    except Exception as error:  # each decoder of Pillow and its plugins has its own
        raise damaged(error) from error
