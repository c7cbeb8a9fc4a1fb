"""Composition: which subjects stand where on a stage, and how large."""

from dataclasses import dataclass, replace

from nb_banana.sandbox.painter.brush import NAMED, Brush, Light
from nb_banana.sandbox.painter.scenery import Stage
from nb_banana.sandbox.painter.signs import sign
from nb_banana.sandbox.painter.subjects import SUBJECTS
from nb_banana.sandbox.painter.subjects.furniture import SEAT, lounger
from nb_banana.sandbox.painter.subjects.parts import Look, Subject
from nb_banana.sandbox.painter.words import MOST, Idea, Wish

LYING_WIDTH = 1.4
"""How wide a subject is together with the lounger it lies on."""


@dataclass(frozen=True)
class Spot:
    """One subject on the stage: its place and its height."""

    wish: Wish
    x: float
    y: float
    height: float


def populate(stage: Stage, idea: Idea, light: Light, ground: float) -> None:
    """Draw the subjects of an idea, the far ones first."""
    brush = replace(stage.brush, light=light)
    signs(stage, brush, idea, ground)
    for place in sorted(_places(stage, idea, ground), key=lambda place: -place.height):
        look = Look(NAMED.get(place.wish.colour or ""), idea.traits, stage.rng)
        _draw(brush.at(place.x, place.y, place.height), place.wish.kind, look)


def company(stage: Stage, idea: Idea, light: Light) -> None:
    """Draw the subjects small along the lower edge, in front of a reference."""
    brush = replace(stage.brush, light=light)
    x = 0.04 * stage.width
    for wish in _each(idea)[:4]:
        row = SUBJECTS[wish.kind]
        height = min(0.34, 0.4 * stage.width / _width(row, idea))
        width = height * _width(row, idea)
        y = stage.height - 0.05 - (0.3 if row.flies else 0)
        look = Look(NAMED.get(wish.colour or ""), idea.traits, stage.rng)
        _draw(brush.at(x + width / 2, y, height), wish.kind, look)
        x += width + 0.02
        if x > stage.width * 0.6:
            break


def signs(stage: Stage, brush: Brush, idea: Idea, ground: float) -> None:
    """Put up a board for each quoted text: in the middle, or at the sides of the subjects."""
    kind = "neon" if "neon" in idea.traits or (idea.place == "city" and stage.dark) else "wood"
    kind = "chalk" if idea.place == "room" and kind != "neon" else kind
    for k, words in enumerate(idea.signs):
        alone = not idea.wishes and len(idea.signs) == 1
        height = min(0.62 if alone else 0.46, 0.8 * stage.width)
        x = stage.width * (0.5 if alone else 0.17 + 0.66 * k)
        x = min(max(x, height * 0.52), stage.width - height * 0.52)
        sign(brush.at(x, stage.height - ground - (0 if alone else 0.04), height), words, kind)


def _each(idea: Idea) -> list[Wish]:
    """One wish for each subject to be drawn."""
    return [replace(wish, count=1) for wish in idea.wishes for _ in range(wish.count)][:MOST]


def _width(row: Subject, idea: Idea) -> float:
    return max(row.width, LYING_WIDTH) if _lies(row, idea) else row.width


def _lies(row: Subject, idea: Idea) -> bool:
    """Furniture and things do not lie down; who has a face does."""
    return "lying" in idea.traits and row.size > 0.6 and row.home not in ("city", "room", "sea")


def _places(stage: Stage, idea: Idea, ground: float) -> list[Spot]:
    """Side by side, as large as they fit, the first of them in the middle."""
    wishes = _each(idea)
    if not wishes:
        return []
    order = [wish for k, wish in enumerate(wishes) if k % 2][::-1] + wishes[::2]
    heights = [SUBJECTS[wish.kind].size ** 0.6 for wish in order]
    widths = [h * _width(SUBJECTS[w.kind], idea) for h, w in zip(heights, order, strict=True)]
    # A sign stands on the left, a second one on the right.
    left, right = (0.3 * stage.width * (len(idea.signs) > k) for k in (0, 1))
    free = stage.width - left - right
    tallest = (0.74 if stage.height < 1.2 else 0.86) * min(1.0, 0.7 + 0.24 * max(heights))
    scale = min(tallest / max(heights), 0.9 * free / sum(widths) / (1 + 0.06 * len(order)))
    gap = min(0.07, (0.94 * free - scale * sum(widths)) / (len(order) + 1))
    x = left + (free - scale * sum(widths) - gap * (len(order) - 1)) / 2
    # A palm stands on the right of a wide beach.
    x -= 0.07 * stage.width if idea.place == "beach" and stage.width > 1.3 else 0
    places = []
    for wish, height, width in zip(order, heights, widths, strict=True):
        y = stage.height - ground + 0.02 * (1 - height)
        if SUBJECTS[wish.kind].flies:
            y -= stage.rng.uniform(0.2, 0.36) * (1 if len(order) > 1 else 0.6)
        places.append(Spot(wish, x + scale * width / 2, y, scale * height))
        x += scale * width + gap
    return places


def _draw(brush: Brush, kind: str, look: Look) -> None:
    """One subject; who lies, and is no T-Rex, is put on a lounger as it is."""
    row = SUBJECTS[kind]
    if (
        kind == "rex"
        or "lying" not in look.traits
        or row.size <= 0.6
        or row.home in ("city", "room", "sea")
    ):
        row.draw(brush, look)
        return
    lounger(brush.at(0, 0, 0.68), replace(look, colour=None))
    row.draw(brush.at(0.16, -SEAT * 0.68, 0.8), look)
