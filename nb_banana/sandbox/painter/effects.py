"""What is done to a finished picture: styles such as "pencil", and references shown in a scene."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from nb_banana.sandbox.painter.brush import Light, Paint, rgb

Box = tuple[float, float, float, float]
WHITE = (253, 250, 242)


def graded(image: Image.Image, light: Light) -> Image.Image:
    """A finished picture as another light shows it."""
    return image.point([light.on((v, v, v))[channel] for channel in range(3) for v in range(256)])


def tinted(image: Image.Image, paint: Paint, share: float) -> Image.Image:
    """A picture with a wash of one colour."""
    return Image.blend(image, Image.new("RGB", image.size, rgb(paint)), share)


def blurred(image: Image.Image) -> Image.Image:
    """Out of focus; at a quarter of the size, where it costs little."""
    small = image.reduce(4).filter(ImageFilter.GaussianBlur(min(image.size) / 400))
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _noise(size: tuple[int, int], grain: int, rng: Random) -> Image.Image:
    """Soft random blotches, about so many pixels wide."""
    small = (max(2, size[0] // grain), max(2, size[1] // grain))
    spots = Image.frombytes("L", small, rng.randbytes(small[0] * small[1]))
    return spots.resize(size, Image.Resampling.BICUBIC)


def _lines(image: Image.Image, radius: float) -> Image.Image:
    """Dark lines where a picture's brightness changes."""
    grey = image.convert("L")
    edges = ImageChops.difference(grey, grey.filter(ImageFilter.BoxBlur(radius)))
    return edges.point([255 - min(255, v * 9) for v in range(256)])


def watercolour(image: Image.Image, rng: Random) -> Image.Image:
    """Colours that run, pigment at the edges, white paper all round."""
    size, short = image.size, min(image.size)
    small = image.reduce(2) if short > 8 else image
    soft = small.filter(ImageFilter.MedianFilter(5)).resize(size, Image.Resampling.BICUBIC)
    pale = tinted(soft, WHITE, 0.14)
    wash = _noise(size, max(2, short // 10), rng).point([230 + v // 10 for v in range(256)])
    pigment = _lines(pale, short / 256).point([170 + v // 3 for v in range(256)])
    wash = ImageChops.multiply(wash, pigment)
    painted = ImageChops.multiply(pale, Image.merge("RGB", (wash, wash, wash)))
    # The paper shows round it, its edge torn like a brush's.
    mask, edge = Image.new("L", size), round(0.045 * short)
    ImageDraw.Draw(mask).rectangle((edge, edge, size[0] - edge, size[1] - edge), fill=255)
    soft_edge = mask.filter(ImageFilter.BoxBlur(0.03 * short))
    torn = Image.blend(_noise(size, max(2, short // 40), rng), soft_edge, 0.72)
    torn = torn.point([max(0, min(255, (v - 122) * 14)) for v in range(256)])
    return Image.composite(painted, Image.new("RGB", size, WHITE), torn)


def pencil(image: Image.Image, rng: Random) -> Image.Image:
    """Grey lines and hatching on paper."""
    unit = min(image.size) / 768
    drawn, grey = _lines(image, 1.6 * unit), image.convert("L")
    for level, lean in ((165, 1), (110, -1), (60, 1)):
        hatch = Image.new("L", image.size, 255)
        pen = ImageDraw.Draw(hatch)
        for x in range(-image.height, image.width + image.height, max(3, round(5 * unit))):
            pen.line((x, 0, x + lean * image.height, image.height), fill=176)
        lit = grey.point([0 if v < level else 255 for v in range(256)])
        drawn = ImageChops.multiply(drawn, ImageChops.lighter(hatch, lit))
    tone = grey.point([min(255, 190 + v * 2 // 5) for v in range(256)])
    shaded = ImageChops.multiply(drawn, tone)
    grain = _noise(image.size, 3, rng).point([244 + v // 23 for v in range(256)])
    return ImageOps.colorize(ImageChops.multiply(shaded, grain), (46, 46, 54), WHITE)


def pixel(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """Large square pixels in few colours."""
    block = max(2, min(image.size) // 112)
    small = image.reduce(block).quantize(64, dither=Image.Dither.NONE).convert("RGB")
    blocks = small.resize((small.width * block, small.height * block), Image.Resampling.NEAREST)
    return blocks.crop((0, 0, *image.size))


def blueprint(image: Image.Image, rng: Random) -> Image.Image:  # noqa: ARG001 - one signature for all
    """White lines on blue squared paper."""
    unit = min(image.size) / 768
    lines = ImageOps.invert(_lines(image, 1.5 * unit))
    lines = ImageChops.add(lines, image.convert("L").point([v // 9 for v in range(256)]))
    paper = ImageOps.colorize(lines, (18, 62, 128), (240, 248, 255))
    pen = ImageDraw.Draw(paper, "RGBA")
    for k in range(0, max(image.size), max(6, round(32 * unit))):
        pen.line((k, 0, k, image.height), fill=(200, 225, 255, 50))
        pen.line((0, k, image.width, k), fill=(200, 225, 255, 50))
    return paper


STYLES: dict[str, Callable[[Image.Image, Random], Image.Image]] = {
    style.__name__: style for style in (watercolour, pencil, pixel, blueprint)
}
"""Every style by the name that `words` gives it."""


def filling(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture that fills a frame: cut a little, or whole before its own blur."""
    cover = ImageOps.fit(image, size, Image.Resampling.BOX)
    if 0.8 < image.width / image.height / (size[0] / size[1]) < 1.25:
        return cover
    back = tinted(blurred(blurred(cover)), WHITE, 0.3)
    whole = _contained(image, size)
    back.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    return back


def _contained(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """As large as it can be in there; Pillow before 12 fails where a side would be none."""
    scale = min(size[0] / image.width, size[1] / image.height)
    width, height = (max(1, round(side * scale)) for side in image.size)
    # Fast, and as good as any here: the canvas is twice as large as the picture and reduced later.
    return image.resize((width, height), Image.Resampling.BOX)


def hang(canvas: Image.Image, image: Image.Image, box: Box, turn: float) -> None:
    """Put a picture on a canvas as a paper print with a shadow, inside a box, a little turned."""
    left, top, right, bottom = box
    room = (max(1, round(right - left)), max(1, round(bottom - top)))
    edge = max(2, round(0.025 * min(room)))
    fitted = _contained(image, (max(1, room[0] - 2 * edge), max(1, room[1] - 2 * edge)))
    paper = ImageOps.expand(fitted, edge, (255, 252, 245))
    # Nearest is enough: the canvas is reduced later, which smooths it, and it is ten times as fast.
    mask = Image.new("L", paper.size, 255).rotate(turn, expand=True)
    paper = paper.rotate(turn, expand=True)
    x, y = round((left + right - paper.width) / 2), round((top + bottom - paper.height) / 2)
    shade = mask.point([v // 4 for v in range(256)])
    canvas.paste((24, 18, 40), (x + edge // 2, y + edge), shade)
    canvas.paste(paper, (x, y), mask)
