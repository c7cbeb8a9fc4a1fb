"""The backdrops, in units of the picture's short side: a sky for every hour and what lies below."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from PIL import ImageDraw

from nb_banana.sandbox.painter.brush import FAMILIES, Brush, Paint, Point, curve, dark, mix, pale
from nb_banana.sandbox.painter.figures import Look
from nb_banana.sandbox.painter.things import fir, palm, tree


@dataclass(frozen=True)
class Stage:
    """A picture to be filled: its brush, its size, the hour and the dice."""

    brush: Brush
    width: float
    height: float
    hour: str
    rng: Random

    @property
    def horizon(self) -> float:
        """Where the land begins: about the middle, lower in tall pictures."""
        return self.height - min(0.46 * self.height, 0.6 + 0.12 * self.height)

    def bands(self, top: float, bottom: float, *paints: Paint, lit: bool = True) -> None:
        """Fill the full width from one height to another with colours that flow into each other."""
        # Rows are filled one by one: resizing a gradient takes ten times as long.
        image, unit = self.brush.image, self.brush.unit
        light = self.brush.light if lit else self.brush.bright().light
        pen = ImageDraw.Draw(image)
        start, end = round(top * unit), min(round(bottom * unit), image.height)
        step = max(1, image.height // 400)
        for y in range(start, end, step):
            place = (y - start) / max(1, end - start) * (len(paints) - 1)
            k = min(int(place), len(paints) - 2)
            row = light.on(mix(paints[k], paints[k + 1], place - k))
            pen.rectangle((0, y, image.width, min(y + step, end) - 1), fill=row)

    def spots(self, spacing: float, jitter: float = 0.35) -> list[float]:
        """Places from left to right, about evenly spread and a bit beyond both edges."""
        count = max(2, round(self.width / spacing) + 2)
        step = self.width / (count - 2) if count > 2 else self.width
        return [(i - 0.5) * step + self.rng.uniform(-jitter, jitter) * step for i in range(count)]

    def ridge(self, level: float, swing: float, waves: float) -> list[Point]:
        """A rolling skyline around a height, from edge to edge."""
        phases = [self.rng.uniform(0, math.tau) for _ in range(2)]
        count = max(12, round(14 * self.width))
        line = []
        for x in (self.width * i / count for i in range(count + 1)):
            turn = x * waves * math.tau
            rise = math.sin(turn + phases[0]) + 0.5 * math.sin(2.1 * turn + phases[1])
            line.append((x, level - swing * rise))
        return curve(line, closed=False, steps=4)

    def land(self, line: Sequence[Point], near: Paint, far: Paint | None = None) -> None:
        """Everything below a skyline, changing colour with depth a step at a time."""
        depth, steps = (self.height - min(y for _, y in line)) * 0.75, 9 if far else 1
        edge = [(-0.05, line[0][1]), *line, (self.width + 0.05, line[-1][1])]
        for i in range(steps):
            way, after = depth * i / steps, depth * (i + 1.2) / steps
            lower = [(edge[-1][0], self.height), (edge[0][0], self.height)]
            if i < steps - 1:  # only as far down as the next step begins: filling costs time
                lower = [(x, y + after) for x, y in reversed(edge)]
            paint = mix(near, far or near, i / max(1, steps - 1))
            self.brush.flat([*((x, y + way) for x, y in edge), *lower], paint)


Paints = Sequence[Paint]

SKIES: dict[str, Paints] = {
    "day": ("#2a97dd", "#6fc3f0", "#c5ecf5", "#fff4d8"),
    "sunset": ("#37296b", "#8f3f7c", "#e9646a", "#ffa15e", "#ffdd86"),
    "night": ("#060a24", "#121b4d", "#26377a", "#4a5a9e"),
}


def sky(stage: Stage) -> None:
    """Fill everything above the horizon."""
    stage.bands(0, stage.horizon + 0.13, *SKIES[stage.hour], lit=False)
    brush, rng = stage.brush.bright(), stage.rng
    if stage.hour == "night":
        starlight(stage, stage.horizon)
    else:
        low = stage.hour == "sunset"
        y, radius = (0.06, 0.1) if low else (0.33, 0.075)
        disc = brush.at(stage.width * (0.7 if low else 0.2), stage.horizon - y, radius)
        disc.glow(0, 0, 4.4, "#ffb066" if low else "#fff4cf", 0.8)
        disc.oval(0, 0, 1.0, None, "#ffe08a" if low else "#fff3b0")
    paint = {"night": "#3a4a8a", "sunset": "#ffb59a"}.get(stage.hour, "#ffffff")
    count = min(24, round(3.2 * max(1.0, stage.width * stage.horizon)))
    for i in range(count):
        x = stage.width * (i + rng.uniform(0.2, 0.8)) / count
        y = rng.uniform(0.07, max(0.12, stage.horizon - 0.24))
        _cloud(brush.at(x, y, rng.uniform(0.1, 0.2)), rng, paint)


def starlight(stage: Stage, bottom: float) -> None:
    """Stars, and a full moon with three seas."""
    stars(stage, bottom)
    brush = stage.brush.bright().at(stage.width * 0.24, max(0.16, stage.horizon - 0.34), 0.075)
    brush.glow(0, 0, 4, "#cdd8ff", 0.55)
    brush.oval(0, 0, 1, None, "#f6f0d2")
    for x, y, r in ((-0.3, -0.25, 0.24), (0.35, 0.1, 0.3), (-0.15, 0.45, 0.16)):
        brush.oval(x, y, r, None, "#ddd5b2")


def stars(stage: Stage, bottom: float, density: int = 90) -> None:
    """Small stars everywhere, and some that twinkle."""
    brush, rng = stage.brush.bright(), stage.rng
    for i in range(min(700, round(density * stage.width * bottom))):
        x, y = rng.uniform(0, stage.width), bottom * rng.random() ** 1.2
        r = rng.uniform(0.0012, 0.0032)
        brush.oval(x, y, r, None, rng.choice(["#ffffff", "#cfdcff", "#fff0c9"]))
        if i % 14 == 0:
            twinkle(brush.at(x, y, r * 6))


def twinkle(brush: Brush) -> None:
    """A star with four points."""
    brush.flat("0,-100 16,-16 100,0 16,16 0,100 -16,16 -100,0 -16,-16", "#ffffff")


def _cloud(brush: Brush, rng: Random, paint: Paint) -> None:
    """One cloud, two units wide, flat below, translucent."""
    a, b, c = (rng.uniform(low, low + 0.1) for low in (0.2, 0.4, 0.3))
    points = [(-1.0, 0.0), (-0.86, -a), (-0.52, -a - 0.06), (-0.34, -b), (0.02, -b - 0.1)]
    points += [(0.26, -c), (0.6, 0.04 - c), (0.84, -0.18), (1.0, 0.0), (0.5, 0.07), (-0.5, 0.07)]
    for pen in (brush, brush.at(-0.03, -0.05, 0.85)):
        pen.blob(points, paint, alpha=0.55)


def _water(stage: Stage, bottom: float) -> None:
    """The sea: deep at the horizon, light at the shore, with waves and the sun's road."""
    top, brush, rng = stage.horizon, stage.brush, stage.rng
    stage.bands(top, bottom, "#1378b5", "#1d9cc9", "#3fc4d3", "#8fe3d8")
    for i in range(min(260, round(46 * stage.width))):
        near = (i % 23 + rng.random()) / 23
        wave = brush.at(rng.uniform(0, stage.width), top + (bottom - top) * near, 0.3 + 0.7 * near)
        wave.limb("0,0 3,-0.6 6,0", [0.001, 0.007, 0.001], pale("#6fd3dc", 0.25 + 0.5 * near))
    for k in range(26):
        x = (0.7 if stage.hour == "sunset" else 0.2) * stage.width
        gleam = brush.at(x + rng.uniform(-1, 1) * (0.03 + 0.005 * k), top + (bottom - top) * k / 26)
        gleam.bright().limb("-3,0 0,0 3,0", [0.001, 0.005, 0.001], "#ffeebb")


def beach(stage: Stage) -> None:
    """Sand, surf, an island, a sail and a palm."""
    sky(stage)
    brush, width, top = stage.brush, stage.width, stage.horizon
    island = brush.at(width * 0.62, top + 0.004, 0.3)
    island.blob("-70,0 -40,-16 -10,-20 20,-34 50,-20 80,0", "#4b9287")
    shore = top + 0.42 * (stage.height - top)
    _water(stage, shore + 0.08)
    sail = brush.at(width * 0.415, top + 0.03, 0.032)
    sail.blob("-100,-25 0,-20 110,-30 70,5 -70,5", "#8c4a35")
    sail.flat("-90,-40 0,-200 85,-40", "#fff6e6")
    line = stage.ridge(shore + 0.015, 0.008, 0.9)
    for rise, paint in ((-0.028, "#d9f6ee"), (-0.014, "#ffffff"), (0.0, "#cfa76c")):
        stage.land([(x, y + rise) for x, y in line], paint)
    stage.land([(x, y + 0.025 + 0.01 * math.sin(5 * x)) for x, y in line], "#f7e0a8", "#e3b56c")
    if width > 0.8:
        palm(brush.at(width * 0.9, stage.height - 0.09, 0.86), Look(rng=stage.rng))


def sea(stage: Stage) -> None:
    """Open water with rolling waves."""
    sky(stage)
    _water(stage, stage.height)
    for i, paint in enumerate(("#2fb0cf", "#2296c0", "#1a7fae")):
        level = stage.horizon + (stage.height - stage.horizon) * (0.2 + 0.2 * i)
        line = stage.ridge(level, 0.01 + 0.004 * i, 1.5 - 0.25 * i)
        stage.land([(x, y - 0.004 - 0.002 * i) for x, y in line], "#d8f5f3")
        stage.land(line, paint, dark(paint, 0.15))


def country(
    stage: Stage,
    layers: Paints,
    plant: Callable[[Brush, Look], None],
    size: float,
    peaks: Paints = (),
) -> None:
    """Open land: mountains, a row of plants on each layer but the nearest two, and grass."""
    sky(stage)
    span, rng, brush = stage.height - stage.horizon, stage.rng, stage.brush
    for k, paint in enumerate(peaks):
        for x in stage.spots(0.25):
            mount = brush.at(x, stage.horizon + 0.07, (0.34 - 0.08 * k) * rng.uniform(0.6, 1.05))
            mount.flat("-70,2 0,-100 70,2", paint)
            mount.flat("0,-100 70,2 17,2 -4,-45", dark(paint, 0.22))
            mount.flat("0,-100 21,-70 10,-74 1,-62 -8,-73 -21,-70", "#f8fbff")
    for i, paint in enumerate(layers):
        line = stage.ridge(stage.horizon + span * (0.04, 0.14, 0.3, 0.5)[i], 0.028, 0.6)
        stage.land(line, pale(paint, 0.12), dark(paint, 0.16))
        for x in stage.spots(0.1 + 0.55 * size) if i < len(layers) - 2 else []:
            y = min(line, key=lambda p: abs(p[0] - x))[1]
            plant(brush.at(x, y + 0.02, size * rng.uniform(0.8, 1.1)), Look(rng=rng))
    for i in range(min(200, round(50 * stage.width))):
        near = 0.55 + 0.45 * (i % 20 + rng.random()) / 20
        grass = brush.at(rng.uniform(0, stage.width), stage.horizon + span * near, 0.04 * near)
        for lean in (-0.6, -0.25, 0.1, 0.5):
            tip = [(lean * 0.3 - 0.12, 0), (lean * 0.3 + 0.12, 0), (lean, -0.9)]
            grass.flat(tip, dark(layers[-1], 0.15))
        if i % 3 == 0:
            grass.oval(0, -0.9, 0.2, None, rng.choice(["#ffffff", "#ffd84d", "#ff9fb5"]))


def city(stage: Stage) -> None:
    """Two rows of houses, lit at night, and a street."""
    sky(stage)
    rng, level = stage.rng, stage.horizon + 0.42 * (stage.height - stage.horizon)
    near = ("#d98f6f", "#5f86b0", "#e3b878", "#7a98a8")
    for spacing, tallest, paints in ((0.11, 0.66, ("#a9bdd6", "#9fb3cf")), (0.17, 0.44, near)):
        for x in stage.spots(spacing, 0.1):
            block = stage.brush.at(x, level)
            _block(block, stage, spacing * 0.56, rng.uniform(0.5, 1) * tallest, rng.choice(paints))
    stage.bands(level, stage.height, "#cfc8bd", "#5b6070", "#444957")


def _block(brush: Brush, stage: Stage, half: float, height: float, paint: Paint) -> None:
    """One house front with its windows."""
    brush.box(-half, -height, 2 * half, height, paint)
    brush.box(half * 0.55, -height, half * 0.45, height, dark(paint, 0.15))
    columns, night = max(2, round(half / 0.022)), stage.hour == "night"
    for k in range(columns * int(height / 0.05)):
        lit = stage.rng.random() < (0.55 if night else 0.12)
        x, y = -half + (k % columns + 0.28) * 2 * half / columns, 0.02 + k // columns * 0.05
        pen = brush.bright() if lit and night else brush
        pen.box(x, y - height, half / columns, 0.028, "#ffdf8a" if lit else dark(paint, 0.42))


def room(stage: Stage) -> None:
    """A cosy café: a window to the street, lamps, a shelf and a wooden floor."""
    top, brush, width, rng = stage.height - 0.26, stage.brush, stage.width, stage.rng
    stage.bands(0, top, "#8a4b3c", "#b9714f", "#d79a68")
    for i in range(round(width / 0.14) + 1):
        brush.box(i * 0.14, 0, 0.004, top, "#b06a4a")
    pane = brush.at(width * 0.27, top - 0.24)
    pane.box(-0.265, -0.445, 0.53, 0.47, "#5d3524")
    for half in pane.sides():
        half.box(0.008, -0.42, 0.232, 0.42, "#d3ecf0")
        half.flat("30,-45 14.4,-45 18,-21 23,2 31,3", "#e9c9a0")
    for y in (top - 0.4, top - 0.2) if width > 1.2 else ():
        for x in (width * 0.72 - 0.26 + 0.06 * k for k in range(9)):
            h = rng.uniform(0.06, 0.12)
            brush.box(x, y - h, 0.036, h, rng.choice(FAMILIES[2]))
        brush.box(width * 0.72 - 0.31, y, 0.62, 0.022, "#5d3524")
    for lamp in (brush.at(x, 0.0) for x in stage.spots(0.5, 0.05)):
        lamp.glow(0, 0.16, 0.26, "#ffd98a", 0.75)
        lamp.bright().oval(0, 0.155, 0.026, None, "#fff3c4")
        lamp.flat("-0.3,0 0.3,0 2,8.5 7,15 -7,15 -2,8.5", "#3f5b52")
    stage.bands(top, stage.height, "#a8683d", "#8a5230", "#6f4026")
    brush.box(0, top, width, 0.014, "#c98a55")


def space(stage: Stage) -> None:
    """Stars, mist, a ringed planet and the edge of a moon to stand on."""
    stage.bands(0, stage.height, "#0a0820", "#1d1446", "#3a1d63", "#1a1244", lit=False)
    brush, rng, width = stage.brush.bright(), stage.rng, stage.width
    paints = rng.choice(FAMILIES)
    stars(stage, stage.height, 170)
    planet, paint = brush.at(width * 0.8, stage.height * 0.24, 0.15, turn=-18), paints[4]
    planet.limb("-175,0 0,-42 175,0", 0.16, pale(paint, 0.5))
    planet.oval(0, 0, 1, None, paint, shade=0.8)
    planet.limb("-175,0 0,42 175,0", 0.16, pale(paint, 0.5))
    ground = stage.height - 0.17
    edge = [(width * i / 20, ground + 0.1 * (i / 10 - 1) ** 2) for i in range(21)]
    stage.land(edge, "#c9c3d8", "#6d6690")


def plain(stage: Stage) -> None:
    """A sun, ribbons and discs whose colours and places come from the prompt alone."""
    rng, width, height, brush = stage.rng, stage.width, stage.height, stage.brush
    paints = rng.choice(FAMILIES)
    stage.bands(0, height, pale(paints[2], 0.55), pale(paints[3], 0.6), pale(paints[4], 0.3))
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.3, 0.5)
    brush.glow(x, y, 0.7, pale(paints[5], 0.7), 0.8)
    brush.oval(x, y, rng.uniform(0.2, 0.34), None, paints[5], shade=0.25)
    for i, paint in enumerate(rng.sample(paints[:5], 3)):
        line = stage.ridge(height * (0.6 + 0.13 * i), rng.uniform(0.03, 0.06), 0.7)
        stage.land(line, paint, dark(paint, 0.2))


@dataclass(frozen=True)
class Backdrop:
    """What fills the stage, and the words that ask for it, in the singular."""

    paint: Callable[[Stage], None]
    words: str = ""
    hour: float = 1.0  # how much of the hour's light it takes; lamps make up for the rest
    ground: float = 0.1  # how far above the lower edge the subjects stand


GREENS = ("#8fc7b5", "#7fc08a", "#6db661", "#57a24a")
FOREST = ("#a5cdb5", "#79b08d", "#6fae58", "#3f8a41")
WHITES = ("#dfeaf6", "#e4eef9", "#eaf2fb", "#f7fbff")
ALPS = ("#9fb6d3", "#6f87ad")
hills = partial(country, layers=GREENS, plant=tree, size=0.2)
forest = partial(country, layers=FOREST, plant=fir, size=0.42)
mountains = partial(country, layers=GREENS, plant=fir, size=0.13, peaks=ALPS)
snow = partial(country, layers=WHITES, plant=fir, size=0.2, peaks=ALPS[:1])
INDOORS = "cafe room kitchen restaurant bar shop indoors inside office library classroom bedroom"
BACKDROPS = {
    "beach": Backdrop(beach, "beach shore seaside sand island tropical holiday coast"),
    "sea": Backdrop(sea, "sea ocean wave lake river water harbour", ground=0.14),
    "city": Backdrop(city, "city street skyline town road", ground=0.07),
    "forest": Backdrop(forest, "forest wood woods jungle"),
    "mountains": Backdrop(mountains, "mountain mountains alps peak valley"),
    "space": Backdrop(space, "space galaxy moon planet universe mars", hour=0),
    "snow": Backdrop(snow, "snow snowy winter arctic ice christmas"),
    "room": Backdrop(room, INDOORS, hour=0.55, ground=0.11),
    "hills": Backdrop(hills, "hill meadow park garden field countryside farm landscape"),
    "plain": Backdrop(plain, hour=0.7),
}
"""Every backdrop by name. A prompt gets the one whose word comes first in it."""
