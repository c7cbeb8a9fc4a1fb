"""A picture in memory → bytes within the limits: PNG where that fits, else JPEG, else smaller."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana.flaws import Flaw
from nb_banana.limits import Limits, megabytes, over
from nb_banana.metadata import strip
from nb_banana.modes import opaque

if TYPE_CHECKING:
    from PIL import Image

Way = tuple["Image.Image", Callable[["Image.Image"], bytes]]
"""A picture and what makes bytes of it."""

ALMOST = 95
"""JPEG quality where a picture is only turned, or its colours are converted."""
HIGH = 92
"""JPEG quality where a picture is made smaller."""
SPOT = 512
"""Pixels (width, height) of the middle that is tried first, see `_is_hopeless`."""
HOPELESS = 2.0
"""How many times too large a PNG must seem for not being tried: one spot is a rough guess."""
TRIES = 8
"""How often a picture is made smaller. The first nearly always does."""


@dataclass(frozen=True)
class Style:
    """How a picture without alpha is encoded: a PNG first? else a JPEG, and how fine?"""

    png: bool
    quality: int = HIGH
    sampling: int = 0


def style_of(*, lossy: bool, large: bool, sampling: int) -> Style:
    """How to encode a picture that came lossy or not, and too large or not."""
    return Style(not (lossy or large), ALMOST if lossy and not large else HIGH, sampling)


def reduced(image: "Image.Image", longest: int) -> "Image.Image":
    """The picture with no side longer than so many pixels; the same object where none is."""
    if max(image.size) <= longest:
        return image
    return _scaled(image, longest / max(image.size))


def _scaled(image: "Image.Image", scale: float) -> "Image.Image":
    from PIL import Image

    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def fitted(image: "Image.Image", limits: Limits, style: Style) -> tuple["Image.Image", bytes]:
    """The picture as it is sent, and its bytes, within the limit of bytes.

    Raises:
        Flaw: it is too large, and nothing may be made smaller; or it can't be made so small.

    """
    for picture, encode in _ways(image, limits, style):
        data = encode(picture)
        if len(data) <= limits.picture_bytes:
            return picture, data
    if not limits.resize:
        raise Flaw(over(picture.size, len(data), limits))
    for _ in range(TRIES):
        # A little less than what the bytes ask for: small pictures take more bytes per pixel.
        picture = _scaled(picture, min(0.9, 0.95 * math.sqrt(limits.picture_bytes / len(data))))
        data = encode(picture)
        if len(data) <= limits.picture_bytes:
            return picture, data
    raise Flaw(f"can't be made as small as {megabytes(limits.picture_bytes)}")


def _ways(image: "Image.Image", limits: Limits, style: Style) -> list[Way]:
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


def _is_hopeless(image: "Image.Image", limits: Limits) -> bool:
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
