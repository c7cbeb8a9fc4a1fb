"""The sandbox's painter: a picture for a prompt, made of shapes and not by a model.

One road: read the prompt → paint a backdrop and its subjects, or show the references → apply the
styles → bring it to size → put the label under it → PNG. The same arguments give the same bytes.
"""

import io
import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from nb_banana.sandbox.painter import label, prints
from nb_banana.sandbox.painter.backdrops import BACKDROPS
from nb_banana.sandbox.painter.brush import LIGHTS, NAMED, Brush, by_lot
from nb_banana.sandbox.painter.composition import company, populate, signs
from nb_banana.sandbox.painter.scenery import (
    Stage,
    moon,
    rainfall,
    snowfall,
    stage_for,
    stars,
    twinkle,
)
from nb_banana.sandbox.painter.styles import STYLES, graded, tinted
from nb_banana.sandbox.painter.words import Idea, read

CANVAS = 4_300_000
"""Pixels of the canvas: four for each of a 1K picture's. Larger pictures are scaled up from it."""

SIDE = 16_384
"""The longest side that is painted."""


def paint(
    prompt: str, size: tuple[int, int], references: Sequence[bytes] = (), seed: str = ""
) -> bytes:
    """A PNG of exactly this size: a scene of what the painter understands of the prompt.

    Args:
        prompt: any text; see `words` for what is understood.
        size: width and height in pixels.
        references: pictures in any format Pillow reads; those it cannot read are left out.
        seed: another one gives another take of the same prompt.

    Raises:
        ValueError: the size is not one that can be painted.
    """
    width, height = size
    if not (1 <= width <= SIDE and 1 <= height <= SIDE):
        raise ValueError(f"The painter paints 1 to {SIDE} pixels a side, not {width}×{height}.")
    plan = label.plan(size, prompt)
    scene_size = (width, height - (plan.height if plan else 0))
    # Encoded by us: a lone surrogate in a prompt is odd, but no reason to fail.
    rng = Random(f"{seed}\n{prompt}".encode(errors="surrogatepass"))  # noqa: S311 - paints only
    scene = _scene(read(prompt), scene_size, prints.opened(references), rng)
    if plan is None:
        return _png(scene, 0)
    picture = Image.new("RGB", size)
    picture.paste(scene)
    label.draw(plan, picture)
    return _png(picture, plan.height)


def _scene(
    idea: Idea, size: tuple[int, int], pictures: list[Image.Image], rng: Random
) -> Image.Image:
    """Everything above the label, at its final size."""
    factor = min(1.0, math.sqrt(CANVAS / 4 / (size[0] * size[1])))
    small = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    # Twice as large and then reduced: Pillow draws without anti-aliasing.
    canvas = Image.new("RGB", (2 * small[0], 2 * small[1]))
    stage = stage_for(canvas, Brush(canvas, unit=min(canvas.size)), idea.hour, rng)
    if pictures and idea.place is None:
        _edit(stage, idea, pictures)
    else:
        _imagine(stage, idea, pictures)
    if "snow" in idea.traits:
        snowfall(stage)
    if "rain" in idea.traits:
        rainfall(stage)
    scene = canvas.reduce(2)
    for style in idea.styles:
        scene = STYLES[style](scene, rng)
    blocks = Image.Resampling.NEAREST if "pixel" in idea.styles else Image.Resampling.BICUBIC
    return scene if scene.size == size else scene.resize(size, blocks)


def _imagine(stage: Stage, idea: Idea, pictures: list[Image.Image]) -> None:
    """A backdrop, the references as prints in it, and the subjects in front."""
    backdrop = BACKDROPS[idea.place or idea.home]
    light = LIGHTS[idea.hour]
    stage = stage_for(
        stage.brush.image,
        Brush(stage.brush.image, unit=stage.brush.unit, light=light.soft(backdrop.hour)),
        idea.hour,
        stage.rng,
    )
    backdrop.paint(stage)
    if "blur" in idea.traits:
        _blur(stage.brush.image)
    near = light.soft(0.5 * backdrop.hour)
    if pictures:
        dim = near.soft(0.6)
        _prints(stage, [graded(picture, dim) for picture in pictures])
        signs(stage, stage.brush, idea, backdrop.ground)
        company(stage, idea, near)
    else:
        populate(stage, idea, near, backdrop.ground)
    if backdrop.front:
        backdrop.front(stage)


def _edit(stage: Stage, idea: Idea, pictures: list[Image.Image]) -> None:
    """The first reference as the whole picture, changed as the words say, the others small."""
    canvas = stage.brush.image
    shown = prints.filling(pictures[0], canvas.size)
    if idea.hour != "day":
        shown = graded(shown, LIGHTS[idea.hour])
    if idea.tint or idea.blank:
        shown = tinted(shown, NAMED[idea.tint] if idea.tint else by_lot(stage.rng), 0.3)
    canvas.paste(shown)
    if "blur" in idea.traits:
        _blur(canvas)
    if stage.dark:
        stars(stage, stage.height * 0.45)
        moon(stage)
    if idea.blank:
        _sparkle(stage)
    _small_prints(stage, pictures[1:])
    signs(stage, stage.brush, idea, 0.06)
    company(stage, idea, LIGHTS[idea.hour].soft(0.5))


def _prints(stage: Stage, pictures: list[Image.Image]) -> None:
    """The first as a large print in the middle, the others small beside it."""
    unit, tall = stage.brush.unit, min(stage.height * 0.76, 1.3)
    left, wide = 0.08 * stage.width, 0.84 * stage.width
    top = max(0.05, (stage.height - tall) * 0.42)
    box = (left * unit, top * unit, (left + wide) * unit, (top + tall) * unit)
    prints.hang(stage.brush.image, pictures[0], box, stage.rng.uniform(1.2, 2.6))
    _small_prints(stage, pictures[1:])


def _small_prints(stage: Stage, pictures: list[Image.Image]) -> None:
    """A row along the lower edge, from the right."""
    if not pictures:
        return
    unit = stage.brush.unit
    side = min(0.3, 0.9 * stage.width / len(pictures))
    for k, picture in enumerate(pictures):
        right, bottom = stage.width - 0.03 - k * side, stage.height - 0.03
        box = ((right - side) * unit, (bottom - side) * unit, right * unit, bottom * unit)
        prints.hang(stage.brush.image, picture, box, stage.rng.uniform(-5, 5))


def _sparkle(stage: Stage) -> None:
    """Stars of light here and there: an edit whose words say nothing to the painter shows too."""
    for _ in range(min(60, round(16 * stage.width * stage.height))):
        x, y = stage.rng.uniform(0, stage.width), stage.rng.uniform(0, stage.height)
        twinkle(stage.brush, x, y, stage.rng.uniform(0.012, 0.045))


def _blur(canvas: Image.Image) -> None:
    """Out of focus; at a quarter of the size, where it costs little."""
    small = canvas.reduce(4).filter(ImageFilter.GaussianBlur(min(canvas.size) / 400))
    canvas.paste(small.resize(canvas.size, Image.Resampling.BILINEAR))


def _png(picture: Image.Image, label_height: int) -> bytes:
    about = PngInfo()
    about.add_text("Software", "nb_banana sandbox: no AI model")
    about.add_text(prints.LABEL_KEY, str(label_height))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1, pnginfo=about)
    return file.getvalue()
