"""Styles: what a word such as "pencil" does to the whole finished scene."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from nb_banana.sandbox.painter.brush import Colour, Light, Paint, rgb

Style = Callable[[Image.Image, Random], Image.Image]


def graded(image: Image.Image, light: Light) -> Image.Image:
    """A finished picture as another light shows it."""
    table = [light.on((v, v, v))[channel] for channel in range(3) for v in range(256)]
    return image.point(table)


def tinted(image: Image.Image, paint: Paint, share: float = 0.35) -> Image.Image:
    """A picture with a wash of one colour."""
    return Image.blend(image, Image.new("RGB", image.size, rgb(paint)), share)


def _noise(size: tuple[int, int], grain: int, rng: Random) -> Image.Image:
    """Soft random blotches, about so many pixels wide."""
    small = (max(2, size[0] // grain), max(2, size[1] // grain))
    spots = Image.frombytes("L", small, rng.randbytes(small[0] * small[1]))
    return spots.resize(size, Image.Resampling.BICUBIC)


def _lines(image: Image.Image, radius: float) -> Image.Image:
    """Dark lines where a picture's brightness changes."""
    grey = image.convert("L")
    soft = grey.filter(ImageFilter.BoxBlur(radius))
    edges = ImageChops.difference(grey, soft).point([min(255, v * 9) for v in range(256)])
    return ImageOps.invert(edges)


def watercolour(image: Image.Image, rng: Random) -> Image.Image:
    """Colours that run, pigment at the edges, white paper all round."""
    unit = min(image.size) / 768
    small = image.reduce(2) if min(image.size) > 8 else image
    soft = small.filter(ImageFilter.MedianFilter(5)).resize(image.size, Image.Resampling.BICUBIC)
    pale = Image.blend(soft, Image.new("RGB", image.size, (255, 252, 244)), 0.14)
    blotches = _noise(image.size, max(2, round(80 * unit)), rng).point(
        [230 + v // 10 for v in range(256)]
    )
    fibre = _noise(image.size, 2, rng).point([243 + v // 21 for v in range(256)])
    pigment = _lines(pale, 3 * unit).point([170 + v // 3 for v in range(256)])
    wash = ImageChops.multiply(ImageChops.multiply(blotches, fibre), pigment)
    painted = ImageChops.multiply(pale, Image.merge("RGB", (wash, wash, wash)))
    return Image.composite(
        painted, Image.new("RGB", image.size, (253, 250, 242)), _ragged(image.size, rng)
    )


def _ragged(size: tuple[int, int], rng: Random) -> Image.Image:
    """A mask whose edge is torn like a brush's."""
    unit = min(size)
    mask = Image.new("L", size)
    edge = round(0.045 * unit)
    ImageDraw.Draw(mask).rectangle((edge, edge, size[0] - edge, size[1] - edge), fill=255)
    soft = mask.filter(ImageFilter.BoxBlur(0.03 * unit))
    torn = Image.blend(_noise(size, max(2, unit // 40), rng), soft, 0.72)
    return torn.point([max(0, min(255, (v - 122) * 14)) for v in range(256)])


def pencil(image: Image.Image, rng: Random) -> Image.Image:
    """Grey lines and hatching on paper."""
    unit = min(image.size) / 768
    outline = _lines(image, 1.6 * unit)
    grey = image.convert("L")
    step = max(3, round(5 * unit))
    for level, lean in ((165, 1), (110, -1), (60, 1)):
        hatch = _hatching(image.size, step, lean)
        darker = grey.point([255 if v < level else 0 for v in range(256)])
        outline = ImageChops.multiply(outline, ImageChops.lighter(hatch, ImageOps.invert(darker)))
        step = max(2, round(step * 0.8))
    shaded = ImageChops.multiply(
        outline, grey.point([min(255, 190 + v * 2 // 5) for v in range(256)])
    )
    grain = _noise(image.size, 3, rng).point([244 + v // 23 for v in range(256)])
    return ImageOps.colorize(ImageChops.multiply(shaded, grain), (46, 46, 54), (252, 249, 240))


def _hatching(size: tuple[int, int], step: int, lean: int) -> Image.Image:
    """Slanted light grey lines."""
    paper = Image.new("L", size, 255)
    pen = ImageDraw.Draw(paper)
    for x in range(-size[1], size[0] + size[1], step):
        ends = (x, 0, x + lean * size[1], size[1])
        pen.line(ends, fill=176)
    return paper


def pixel(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """Large square pixels in few colours."""
    block = max(2, min(image.size) // 112)
    small = image.reduce(block).quantize(64, dither=Image.Dither.NONE).convert("RGB")
    blocks = small.resize((small.width * block, small.height * block), Image.Resampling.NEAREST)
    return blocks.crop((0, 0, *image.size))


def sepia(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """An old brown photograph with dark corners."""
    brown = _toned(image, (38, 24, 12), (168, 124, 78), (250, 236, 206))
    corners = (
        Image.radial_gradient("L")
        .resize(image.size)
        .point([255 - max(0, v - 130) * 2 // 3 for v in range(256)])
    )
    return ImageChops.multiply(brown, Image.merge("RGB", (corners, corners, corners)))


def mono(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """Black and white."""
    return ImageOps.autocontrast(image.convert("L"), cutoff=1).convert("RGB")


def _toned(image: Image.Image, black: Colour, mid: Colour, white: Colour) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), black, white, mid)


def blueprint(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """White lines on blue squared paper."""
    unit = min(image.size) / 768
    lines = ImageOps.invert(_lines(image, 1.5 * unit))
    lines = ImageChops.add(lines, image.convert("L").point([v // 9 for v in range(256)]))
    paper = ImageOps.colorize(lines, (18, 62, 128), (240, 248, 255))
    pen = ImageDraw.Draw(paper, "RGBA")
    step = max(6, round(32 * unit))
    for axis in (0, 1):
        for k, at in enumerate(range(0, image.size[axis], step)):
            ends = (at, 0, at, image.height) if axis == 0 else (0, at, image.width, at)
            pen.line(ends, fill=(200, 225, 255, 80 if k % 4 == 0 else 34))
    return paper


STYLES: dict[str, Style] = {
    "watercolour": watercolour,
    "pencil": pencil,
    "pixel": pixel,
    "sepia": sepia,
    "blueprint": blueprint,
    "mono": mono,
}
"""Every style by the name that `words` gives it."""
