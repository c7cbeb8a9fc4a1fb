"""The sandbox's painter: a picture for a prompt, made of shapes and not by a model.

One road: read the prompt → paint a backdrop and its subjects, or show the references → apply the
styles → bring it to size → put the label under it → PNG. The same arguments give the same bytes.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nb_banana.sandbox.painter import effects, label
from nb_banana.sandbox.painter.brush import FAMILIES, LIGHTS, NAMED, Brush
from nb_banana.sandbox.painter.figures import Look
from nb_banana.sandbox.painter.scenery import BACKDROPS, Stage, starlight, twinkle
from nb_banana.sandbox.painter.things import SUBJECTS
from nb_banana.sandbox.painter.words import Idea, read
from nb_banana.sandbox.plain import MARK, XMP_KEYWORD

CANVAS = 4_300_000
"""Pixels of the canvas: four for each of a 1K picture's. Larger pictures are scaled up from it."""

SIDE = 16_384
"""The longest side that is painted."""

LABEL_KEY = "nb_banana label"
"""The PNG text in which a sandbox picture says how high its label is."""


def paint(
    prompt: str, size: tuple[int, int], references: Sequence[bytes] = (), seed: str = ""
) -> bytes:
    """A PNG of exactly this size, in pixels; another seed is another take of the same prompt."""
    width, height = size
    if not (1 <= width <= SIDE and 1 <= height <= SIDE):
        raise ValueError(f"The painter paints 1 to {SIDE} pixels a side, not {width}×{height}.")
    strip = label.strip(size, prompt)
    rows = strip.height if strip else 0
    # Encoded by us: a lone surrogate in a prompt is odd, but no reason to fail.
    rng = Random(f"{seed}\n{prompt}".encode(errors="surrogatepass"))  # noqa: S311 - paints only
    pictures = [_opened(data) for data in references]
    picture = Image.new("RGB", size)
    picture.paste(_scene(read(prompt), (width, height - rows), pictures, rng))
    if strip:
        picture.paste(strip, (0, height - rows))
    about, file = PngInfo(), io.BytesIO()
    about.add_text("Software", "nb_banana sandbox: no AI model")
    about.add_text(LABEL_KEY, str(rows))
    about.add_itxt(XMP_KEYWORD, MARK)
    picture.save(file, "PNG", compress_level=1, pnginfo=about)
    return file.getvalue()


def label_of(image: Image.Image) -> int:
    """How many of a picture's rows are the label that it got here."""
    rows = str(image.info.get(LABEL_KEY, ""))
    return int(rows) if rows.isdecimal() and int(rows) < image.height else 0


def _opened(data: bytes) -> Image.Image:
    """A reference without its label: an edit of an edit gets one label, not three."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").crop((0, 0, image.width, image.height - label_of(image)))


def _scene(
    idea: Idea, size: tuple[int, int], pictures: list[Image.Image], rng: Random
) -> Image.Image:
    """Everything above the label, at its final size."""
    factor = min(1.0, math.sqrt(CANVAS / 4 / (size[0] * size[1])))
    width, height = (max(1, round(side * factor)) for side in size)
    # Twice as large and then reduced: Pillow draws without anti-aliasing.
    canvas, unit = Image.new("RGB", (2 * width, 2 * height)), 2 * min(width, height)
    brush = Brush(canvas, unit=unit)
    stage = Stage(brush, canvas.width / unit, canvas.height / unit, idea.hour, rng)
    if pictures and idea.place is None:
        _edit(stage, idea, pictures)
    else:
        _imagine(stage, idea, pictures)
    scene = canvas.reduce(2)
    for style in idea.styles:
        scene = effects.STYLES[style](scene, rng)
    blocks = Image.Resampling.NEAREST if "pixel" in idea.styles else Image.Resampling.BICUBIC
    return scene if scene.size == size else scene.resize(size, blocks)


def _imagine(stage: Stage, idea: Idea, pictures: list[Image.Image]) -> None:
    """A backdrop, the references as prints in it, and the subjects in front."""
    backdrop, light = BACKDROPS[idea.place or idea.home], LIGHTS[idea.hour]
    canvas = stage.brush.image
    backdrop.paint(replace(stage, brush=replace(stage.brush, light=light.soft(backdrop.hour))))
    if "blur" in idea.traits:
        canvas.paste(effects.blurred(canvas))
    brush = replace(stage.brush, light=light.soft(0.5 * backdrop.hour))
    if pictures:
        unit, tall = brush.unit, min(stage.height * 0.76, 1.3)
        top = max(0.05, (stage.height - tall) * 0.42)
        box = (0.08 * canvas.width, top * unit, 0.92 * canvas.width, (top + tall) * unit)
        dim = [effects.graded(picture, brush.light.soft(0.6)) for picture in pictures]
        effects.hang(canvas, dim[0], box, stage.rng.uniform(1.2, 2.6))
        _small_prints(stage, dim[1:])
    _signs(stage, brush, idea, backdrop.ground)
    _populate(stage, brush, idea, 0.05 if pictures else backdrop.ground, small=bool(pictures))


def _edit(stage: Stage, idea: Idea, pictures: list[Image.Image]) -> None:
    """The first reference as the whole picture, changed as the words say, the others small."""
    canvas, rng = stage.brush.image, stage.rng
    shown = effects.graded(effects.filling(pictures[0], canvas.size), LIGHTS[idea.hour])
    if idea.blank:
        shown = effects.tinted(shown, rng.choice(rng.choice(FAMILIES)), 0.3)
    canvas.paste(effects.blurred(shown) if "blur" in idea.traits else shown)
    if idea.hour == "night":
        starlight(stage, stage.height * 0.45)
    # An edit whose words say nothing to the painter shows too: by sparkles here and there.
    for _ in range(min(60, round(16 * stage.width * stage.height)) if idea.blank else 0):
        x, y = rng.uniform(0, stage.width), rng.uniform(0, stage.height)
        twinkle(stage.brush.at(x, y, rng.uniform(0.012, 0.045)))
    _small_prints(stage, pictures[1:])
    brush = replace(stage.brush, light=LIGHTS[idea.hour].soft(0.5))
    _signs(stage, brush, idea, 0.06)
    _populate(stage, brush, idea, 0.05, small=True)


def _small_prints(stage: Stage, pictures: list[Image.Image]) -> None:
    """A row along the lower edge, from the right."""
    unit, side = stage.brush.unit, min(0.3, 0.9 * stage.width / max(1, len(pictures)))
    for k, picture in enumerate(pictures):
        right, bottom = (stage.width - 0.03 - k * side) * unit, (stage.height - 0.03) * unit
        box = (right - side * unit, bottom - side * unit, right, bottom)
        effects.hang(stage.brush.image, picture, box, stage.rng.uniform(-5, 5))


def _signs(stage: Stage, brush: Brush, idea: Idea, ground: float) -> None:
    """Put up a board for each quoted text: in the middle, or at the sides of the subjects."""
    alone = not idea.wishes and len(idea.signs) == 1
    height = min(0.62 if alone else 0.46, 0.8 * stage.width)
    edge = height * 0.52
    for k, words in enumerate(idea.signs):
        x = stage.width * (0.5 if alone else 0.17 + 0.66 * k)
        place = brush.at(min(max(x, edge), stage.width - edge), stage.height - ground, height)
        label.sign(place, words, glowing=idea.place == "city" and idea.hour == "night")


def _populate(stage: Stage, brush: Brush, idea: Idea, ground: float, *, small: bool) -> None:
    """Draw the subjects side by side, as large as they fit or small, the first in the middle."""
    order = [wish for k, wish in enumerate(idea.wishes) if k % 2][::-1] + list(idea.wishes[::2])
    if not order:
        return
    rows = [SUBJECTS[kind] for kind, _ in order]
    heights = [row.size**0.6 for row in rows]
    widths = [row.width * height for row, height in zip(rows, heights, strict=True)]
    # A sign stands on the left, a second one on the right; a palm on the right of a wide beach.
    left, right = (0.3 * stage.width * (len(idea.signs) > k) for k in (0, 1))
    right += 0.14 * stage.width * (idea.place == "beach" and stage.width > 1.3)
    free = (0.6 if small else 1.0) * (stage.width - left - right)
    tallest = 0.34 if small else min(0.76, 0.54 + 0.18 * max(heights))
    scale = min(tallest / max(heights), 0.9 * free / sum(widths) / (1 + 0.06 * len(order)))
    gap = min(0.07, (0.94 * free - scale * sum(widths)) / (len(order) + 1))
    x = left + (0.04 if small else (free - scale * sum(widths) - gap * (len(order) - 1)) / 2)
    for (_, colour), row, height, width in zip(order, rows, heights, widths, strict=True):
        y = stage.height - ground + 0.02 * (1 - height) - (0.16 if row.flies else 0)
        look = Look(NAMED.get(colour or ""), idea.traits, stage.rng)
        row.draw(brush.at(x + scale * width / 2, y, scale * height), look)
        x += scale * width + gap
