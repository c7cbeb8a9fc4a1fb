"""The label under every sandbox picture: the badge and the prompt, drawn last, at full size."""

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

from nb_banana.sandbox.paintbox.brush import Brush
from nb_banana.sandbox.paintbox.lettering import font, plain, wrap
from nb_banana.sandbox.paintbox.subjects import SUBJECTS, Look

BADGE = "SANDBOX · no AI model"
PAPER, INK, PILL = "#fff9ec", "#2b2118", "#ffd84d"
SMALLEST = 48
"""A picture with a shorter side than this has no room for letters."""


@dataclass(frozen=True)
class Label:
    """Where everything on the label goes, in pixels."""

    width: int
    height: int
    letter: int
    pill: tuple[int, int]
    beside: bool
    lines: tuple[str, ...]


def plan(size: tuple[int, int], prompt: str) -> Label | None:
    """The label for a picture of this size; None where nobody could read it."""
    width, height = size
    if min(size) < SMALLEST:
        return None
    reach = font(100).getlength(BADGE) / 100 + 3.8
    wanted = max(0.024 * math.sqrt(width * height), 0.0135 * max(size))
    letter = max(4, int(min(wanted, 0.96 * width / reach, 0.14 * height)))
    pill = (math.ceil(font(letter).getlength(BADGE) + 2.9 * letter), round(1.75 * letter))
    free = width - pill[0] - 1.8 * letter
    beside = free > 12 * letter
    text = plain(prompt) or "(an empty prompt)"
    most = 2 if beside else 3
    small = _small(letter)
    lines = wrap(text, small, free if beside else width - 1.2 * letter, most)
    below = 0 if beside else round(len(lines) * 1.25 * small + 0.5 * letter)
    return Label(width, round(2.65 * letter) + below, letter, pill, beside, tuple(lines))


def _small(letter: int) -> int:
    return max(4, round(0.8 * letter))


def draw(label: Label, picture: Image.Image) -> None:
    """Put the label on the lower edge of a picture."""
    letter, margin = label.letter, round(0.45 * label.letter)
    top = picture.height - label.height
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, top, picture.width, picture.height), fill=PAPER)
    pen.rectangle((0, top, picture.width, top + max(1, letter // 12) - 1), fill="#e6d9bd")
    small = _small(letter)
    leading = 1.25 * small
    if label.beside:
        x, y = label.pill[0] + 2.2 * margin, top + (label.height - leading * len(label.lines)) / 2
    else:
        x, y = float(margin), top + label.pill[1] + 1.7 * margin
    for line in label.lines:
        pen.text((x, y), line, font=font(small), fill="#4a3f33")
        y += leading
    picture.paste(_badge(label), (margin, top + margin))


def _badge(label: Label) -> Image.Image:
    """The yellow pill with a banana and the words; the same whatever the prompt says."""
    (width, height), letter = label.pill, label.letter
    large = Image.new("RGB", (2 * width, 2 * height), PAPER)
    pen = ImageDraw.Draw(large)
    pen.rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), height, fill=PILL)
    mascot = Brush(large, 2.5 * letter, 1.86 * height, 1.66 * height)
    SUBJECTS["banana"].draw(mascot, Look(colour="#fff3b0"))
    badge = large.reduce(2)
    weight = max(0.3, letter / 40)
    ImageDraw.Draw(badge).text(
        (2.15 * letter, height / 2),
        BADGE,
        font=font(letter),
        fill=INK,
        anchor="lm",
        stroke_width=weight,
    )
    return badge
