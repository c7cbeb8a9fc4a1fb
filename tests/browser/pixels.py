"""What colour a part of a page is seen in."""

import io

from PIL import Image, ImageStat
from playwright.sync_api import Locator


def seen_at(locator: Locator, share: float) -> str:
    """ "red", "blue" or neither, at a share of the width, in the upper half of what is seen."""
    with Image.open(io.BytesIO(locator.screenshot())) as image:
        width, height = image.size
        left = round(width * share)
        part = image.convert("RGB").crop((left - 4, height // 8, left + 4, height // 3))
    red, _, blue = ImageStat.Stat(part).mean
    return "red" if red > 200 > 60 > blue else "blue" if blue > 200 > 60 > red else ""


def most_of(locator: Locator) -> object:
    """The colour that most of what is seen has."""
    with Image.open(io.BytesIO(locator.screenshot())) as image:
        rgb = image.convert("RGB")
    return max(rgb.getcolors(rgb.width * rgb.height) or [])[1]
