"""Asked against delivered: the model's best-known fault is 1K where 4K was asked."""

import math

from nb_banana.models import SCALES, ratio_value
from nb_banana.request import ImageRequest

RATIO_SLACK = 0.035
"""The models' sizes are multiples of 16 or 32, up to 2 % off the ratio's name."""
SCALE_SLACK = 0.15
"""All sizes of one resolution have about as many pixels: 1K is 1024² within 7 % a side."""


def mismatch(request: ImageRequest, width: int, height: int) -> str | None:
    """What was asked and not delivered, in words; None where the picture fits.

    >>> mismatch(ImageRequest("a", aspect_ratio="16:9", resolution="4K"), 1376, 768)
    'asked 4K 16:9, got 1376×768'
    >>> mismatch(ImageRequest("a", aspect_ratio="16:9"), 1376, 768)
    """
    fits = _ratio_fits(request.aspect_ratio, width / height) and _scale_fits(
        request.resolution, math.sqrt(width * height) / 1024
    )
    if fits:
        return None
    asked = " ".join(filter(None, (request.resolution, request.aspect_ratio)))
    return f"asked {asked}, got {width}×{height}"


def _ratio_fits(asked: str | None, got: float) -> bool:
    wanted = ratio_value(asked or "")
    return not wanted or abs(got / wanted - 1) <= RATIO_SLACK


def _scale_fits(asked: str | None, got: float) -> bool:
    return asked not in SCALES or abs(got / SCALES[asked] - 1) <= SCALE_SLACK
