"""Backdrops without a sky: a room, space, under water, a plain studio, and pure shapes."""

import math

from nb_banana.sandbox.painter.brush import Brush, Paint, by_lot, curve, dark, family, mix, pale
from nb_banana.sandbox.painter.scenery import Stage, cloud, stars, twinkle
from nb_banana.sandbox.painter.subjects.parts import Look
from nb_banana.sandbox.painter.subjects.plants import pot_plant


def room(stage: Stage) -> None:
    """A cosy café: a window to the street, lamps, a shelf, a plant and a table in front."""
    top = stage.height - 0.26
    stage.bands(0, top, ["#8a4b3c", "#b9714f", "#d79a68"])
    brush, width = stage.brush, stage.width
    for i in range(round(width / 0.14) + 1):
        brush.box(i * 0.14, 0, 0.004, top, "#a5633f", alpha=0.35)
    _window(stage, brush.at(width * 0.27, top - 0.24))
    if width > 1.2:
        _shelf(brush.at(width * 0.72, top - 0.4), stage)
        pot_plant(brush.at(width * 0.95, top + 0.04, 0.42), Look(rng=stage.rng))
    for x in stage.spots(0.5, 0.05):
        _lamp(brush.at(x, 0.0))
    stage.bands(top, stage.height, ["#a8683d", "#8a5230", "#6f4026"])
    brush.box(0, top, width, 0.014, "#c98a55")
    for _ in range(round(4 * width)):
        y = top + 0.03 + stage.rng.random() * 0.22
        x = stage.rng.uniform(0, width)
        brush.limb([(x, y), (x + 0.12, y + 0.003), (x + 0.25, y)], [0.001, 0.003, 0.001], "#7d4a2a")


def _window(stage: Stage, brush: Brush) -> None:
    """A window that shows the hour."""
    w, h = 0.24, 0.42
    brush.box(-w - 0.025, -h - 0.025, 2 * w + 0.05, h + 0.05, "#5d3524")
    views = {"night": ("#0d1640", "#33407f"), "sunset": ("#7a3f86", "#ffb066")}
    above, below = views.get(stage.hour, ("#8fd0ee", "#fff0cf"))
    for i in range(14):
        y = -h + h * i / 14
        brush.bright().box(-w, y, 2 * w, h / 14 + 0.002, mix(above, below, i / 13))
    for i in range(5):
        x = -w + i * 0.095
        size = stage.rng.uniform(0.1, 0.24)
        brush.bright().box(x, -size, 0.085, size, mix(below, "#55618f", 0.55))
    brush.box(-0.008, -h, 0.016, h, "#5d3524")
    brush.box(-w, -h * 0.6, 2 * w, 0.014, "#5d3524")
    for side in (-1, 1):
        cloth = [(side * (w + 0.06), -h - 0.03), (side * w * 0.6, -h - 0.03)]
        cloth += [(side * w * 0.75, -h * 0.5), (side * (w - 0.01), 0.02), (side * (w + 0.07), 0.03)]
        brush.flat(cloth, "#e9c9a0")
        brush.flat([cloth[0], *cloth[3:], (side * (w + 0.02), -h * 0.5)], "#d6ae80")


def _shelf(brush: Brush, stage: Stage) -> None:
    """Two boards with jars, cups and books."""
    for row in (0, 1):
        y = row * 0.2
        x = -0.27
        while x < 0.25:
            kind, w = stage.rng.randrange(3), stage.rng.uniform(0.03, 0.05)
            paint = by_lot(stage.rng, 0.45, 0.85)
            h = (0.12, 0.09, 0.06)[kind] * stage.rng.uniform(0.85, 1.15)
            if kind == 0:
                brush.box(x, y - h, w * 0.8, h, paint)
                brush.box(x, y - h * 0.8, w * 0.8, 0.012, pale(paint, 0.5))
            else:
                outline = [(x, y - h), (x + w, y - h), (x + w * 0.96, y - 0.01), (x + w * 0.5, y)]
                brush.blob([*outline, (x + 0.04 * w, y - 0.01)], paint, shade=0.4)
            x += w + stage.rng.uniform(0.008, 0.03)
        brush.box(-0.31, y, 0.62, 0.018, "#5d3524")
        brush.box(-0.29, y + 0.018, 0.58, 0.008, "#8a4b3c")


def _lamp(brush: Brush) -> None:
    """A hanging lamp."""
    brush.box(-0.003, 0, 0.006, 0.1, "#3b241b")
    brush.bright().glow(0, 0.16, 0.26, "#ffd98a", 0.75)
    brush.bright().oval(0, 0.155, 0.026, None, "#fff3c4")
    brush.flat([(-0.02, 0.085), (0.02, 0.085), (0.07, 0.15), (-0.07, 0.15)], "#3f5b52")


def space(stage: Stage) -> None:
    """Stars, mist, a ringed planet and the edge of a moon to stand on."""
    stage.bands(0, stage.height, ["#0a0820", "#1d1446", "#3a1d63", "#1a1244"], lit=False)
    brush, rng, width = stage.brush.bright(), stage.rng, stage.width
    for paint in family(rng)[1:5]:
        x, y = rng.uniform(0, width), rng.uniform(0.05, 0.75) * stage.height
        brush.glow(x, y, rng.uniform(0.3, 0.55), paint, 0.35)
    stars(stage, stage.height, 170)
    _planet(brush.at(width * 0.8, stage.height * 0.24, 0.15, turn=-18), by_lot(rng, 0.5, 0.95))
    small = brush.at(width * 0.16, stage.height * 0.3, 0.055)
    small.oval(0, 0, 1, None, by_lot(rng, 0.45, 0.95), shade=0.9)
    ground = stage.height - 0.17
    edge = [(width * (i / 20 * 1.2 - 0.1), ground + 0.1 * (i / 10 - 1) ** 2) for i in range(21)]
    for k in range(5):
        line = [(x, y + 0.035 * k) for x, y in edge]
        brush.flat(
            [*line, (width * 1.1, stage.height), (-0.1, stage.height)],
            mix("#c9c3d8", "#6d6690", k / 4),
        )
    for x, y, r in ((0.14, 0.06, 0.05), (0.4, 0.04, 0.03), (0.63, 0.07, 0.06), (0.86, 0.05, 0.035)):
        brush.oval(width * x, stage.height - y, r, r * 0.3, "#8a83a8")
        brush.oval(width * x, stage.height - y + r * 0.06, r * 0.86, r * 0.22, "#76709a")


def _planet(brush: Brush, paint: tuple[int, int, int]) -> None:
    """A planet with bands and a ring that passes behind and before it."""
    ring = [
        (1.75 * math.cos(t), 0.42 * math.sin(t)) for t in [math.pi * i / 24 for i in range(-24, 25)]
    ]
    brush.stroke(ring[:25], 0.16, pale(paint, 0.5))
    brush.oval(0, 0, 1, None, paint, shade=0.8)
    for y, w in ((-0.5, 0.1), (-0.1, 0.16), (0.4, 0.12)):
        reach = math.sqrt(1 - y * y) * 0.97
        brush.limb(
            [(-reach, y), (0, y + 0.06), (reach, y)], [0.02, w, 0.02], dark(paint, 0.2), alpha=0.4
        )
    brush.stroke(ring[24:], 0.16, pale(paint, 0.5))


def underwater(stage: Stage) -> None:
    """Light from above, weed, corals and bubbles."""
    stage.bands(0, stage.height, ["#7fe0e6", "#2fb3d3", "#1683b6", "#0d5a94"])
    brush, rng, width = stage.brush, stage.rng, stage.width
    for x in stage.spots(0.34):
        ray = [
            (x, -0.02),
            (x + 0.07, -0.02),
            (x - 0.1, stage.height * 0.8),
            (x - 0.3, stage.height * 0.8),
        ]
        brush.flat(ray, "#eafcff", alpha=0.1)
    floor = stage.height - 0.14
    line = [(width * i / 24, floor + 0.02 * math.sin(i * 1.3)) for i in range(25)]
    for k in range(5):
        edge = [(x, y + 0.03 * k) for x, y in line]
        brush.flat(
            [*edge, (width, stage.height), (0, stage.height)], mix("#f3dfae", "#c79f67", k / 4)
        )
    for x in stage.spots(0.11):
        weed, height = brush.at(x, floor + rng.uniform(0.02, 0.1)), rng.uniform(0.1, 0.3)
        sway = [(0.016 * math.sin(1.6 * k), -height * k / 6) for k in range(7)]
        weed.limb(
            sway, [0.022, 0.016, 0.003], rng.choice(["#3f9b6b", "#58b368", "#e0708a", "#f0a05a"])
        )
    for _ in range(round(26 * width)):
        x, y, r = rng.uniform(0, width), rng.uniform(0, floor), rng.uniform(0.004, 0.016)
        brush.oval(x, y, r, None, "#eafcff", alpha=0.5)
        brush.oval(x - r * 0.3, y - r * 0.3, r * 0.3, None, "#ffffff")


def studio(stage: Stage) -> None:
    """A coloured wall with a large disc, for a subject that has no place of its own."""
    paints = family(stage.rng)
    wall, floor_paint, disc = stage.rng.sample(paints[1:], 3)
    stage.bands(0, stage.height, [pale(wall, 0.3), pale(wall, 0.66)])
    brush, width = stage.brush, stage.width
    brush.oval(width / 2, stage.height * 0.5, 0.41, None, pale(disc, 0.5))
    brush.oval(width / 2, stage.height * 0.5, 0.36, None, pale(disc, 0.66))
    for _ in range(round(9 * width * stage.height)):
        x, y = stage.rng.uniform(0, width), stage.rng.uniform(0, stage.height * 0.8)
        twinkle(brush, x, y, stage.rng.uniform(0.012, 0.03))
    floor = stage.height - 0.24
    line = [(width * x, floor + y) for x, y in ((0, 0), (0.3, -0.02), (0.7, 0.01), (1, -0.01))]
    for k in range(8):
        edge = curve([(x, y + 0.03 * k) for x, y in line], closed=False)
        share = 0.45 - 0.06 * k
        brush.flat([*edge, (width, stage.height), (0, stage.height)], pale(floor_paint, share))


def shapes(stage: Stage) -> None:
    """Discs, ribbons and clouds whose colours and places come from the prompt alone."""
    rng, width, height = stage.rng, stage.width, stage.height
    paints = family(rng)
    stage.bands(0, height, [pale(paints[2], 0.55), pale(paints[3], 0.6), pale(paints[4], 0.3)])
    brush = stage.brush
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.26, 0.42)
    brush.glow(x, y, 0.6, pale(paints[5], 0.7), 0.8)
    brush.oval(x, y, 0.2, None, paints[5], shade=0.25)
    for i, paint in enumerate(reversed(paints[:5])):
        _ribbon(stage, height * (0.46 + 0.12 * i), paint)
    for _ in range(min(60, round(9 * width * height))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), 0.012 + 0.06 * rng.random() ** 3
        brush.oval(x, y, r, None, rng.choice(paints), shade=0.5)
    for k in range(2):
        cloud(
            brush.at(width * (0.25 + 0.5 * k), height * rng.uniform(0.1, 0.25), 0.14),
            rng,
            "#ffffff",
        )


def _ribbon(stage: Stage, level: float, paint: Paint) -> None:
    """A wave across the picture that grows darker downwards."""
    count = max(5, round(4 * stage.width))
    crest = [
        (stage.width * k / count, level + stage.rng.uniform(-0.09, 0.09))
        for k in range(-1, count + 2)
    ]
    for k in range(6):
        edge = curve([(x, y + 0.03 * k) for x, y in crest], closed=False)
        corners = [(stage.width * 1.3, stage.height), (-stage.width * 0.3, stage.height)]
        stage.brush.flat([*edge, *corners], dark(paint, 0.035 * k))
