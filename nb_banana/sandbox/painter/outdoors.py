"""Backdrops under the open sky: beach, sea, hills, mountains, forest, desert, snow, city."""

import math

from nb_banana.sandbox.painter.brush import Brush, Paint, Point, curve, dark, mix, pale
from nb_banana.sandbox.painter.scenery import Stage, sky
from nb_banana.sandbox.painter.subjects.parts import Look
from nb_banana.sandbox.painter.subjects.plants import bush, cactus, fir, palm, tree, tuft


def ridge(stage: Stage, level: float, swing: float, waves: float) -> list[Point]:
    """A rolling skyline around a height, from edge to edge."""
    phases = [stage.rng.uniform(0, math.tau) for _ in range(3)]
    count = max(12, round(14 * stage.width))
    line = []
    for i in range(count + 1):
        x = stage.width * i / count
        turn = x * waves * math.tau
        height = math.sin(turn + phases[0]) + 0.5 * math.sin(2.1 * turn + phases[1])
        line.append((x, level - swing * (height + 0.2 * math.sin(4.7 * turn + phases[2]))))
    return curve(line, closed=False, steps=4)


def land(stage: Stage, line: list[Point], paints: tuple[Paint, Paint], steps: int = 9) -> None:
    """Everything below a skyline, changing colour with depth a step at a time."""
    depth = (stage.height - min(y for _, y in line)) * 0.75
    edge = [(-0.05, line[0][1]), *line, (stage.width + 0.05, line[-1][1])]
    for i in range(steps):
        way, after = depth * i / steps, depth * (i + 1.2) / steps
        upper = [(x, y + way) for x, y in edge]
        lower = [(edge[-1][0], stage.height), (edge[0][0], stage.height)]
        if i < steps - 1:  # only as far down as the next step begins: filling costs time
            lower = [(x, y + after) for x, y in reversed(edge)]
        stage.brush.flat([*upper, *lower], mix(*paints, i / max(1, steps - 1)))


def water(stage: Stage, top: float, bottom: float) -> None:
    """The sea: deep at the horizon, light at the shore, with waves and the sun's road."""
    stage.bands(top, bottom, ["#1378b5", "#1d9cc9", "#3fc4d3", "#8fe3d8"])
    brush, rng = stage.brush, stage.rng
    for i in range(min(260, round(46 * stage.width))):
        y = top + (bottom - top) * (i % 23 + rng.random()) / 23
        near = (y - top) / (bottom - top)
        x, length = rng.uniform(0, stage.width), 0.02 + 0.07 * near * rng.random()
        line = [(x, y), (x + length / 2, y - 0.004 - 0.004 * near), (x + length, y)]
        brush.limb(line, [0.001, 0.003 + 0.004 * near, 0.001], pale("#6fd3dc", 0.25 + 0.5 * near))
    glitter(stage, top, bottom)


def glitter(stage: Stage, top: float, bottom: float) -> None:
    """The road of light that the sun or the moon lays on the water."""
    place = {"day": 0.2, "night": 0.24}.get(stage.hour, 0.7) * stage.width
    paint = {"night": "#dfe6ff", "sunset": "#ffd79a", "dawn": "#ffe3c4"}.get(stage.hour, "#fff8dc")
    if stage.hour == "rain":
        return
    for i in range(26):
        near = (i + 0.5) / 26
        spread = 0.03 + 0.12 * near
        x = place + stage.rng.uniform(-spread, spread)
        length = 0.012 + 0.03 * stage.rng.random()
        y = top + (bottom - top) * near
        line = [(x - length, y), (x, y), (x + length, y)]
        stage.brush.bright().limb(line, [0.001, 0.005, 0.001], paint)


def far_sail(brush: Brush) -> None:
    """A sailing boat on the horizon."""
    brush.blob([(-1, -0.25), (0, -0.2), (1.1, -0.3), (0.7, 0.05), (-0.7, 0.05)], "#8c4a35")
    brush.flat([(-0.05, -0.3), (-0.05, -2), (-0.9, -0.4)], "#fff6e6")
    brush.flat([(0.06, -0.3), (0.06, -1.8), (0.85, -0.4)], "#ff8a66")


def beach(stage: Stage) -> None:
    """Sand, surf, an island, a sail and a palm."""
    sky(stage)
    brush, width, top = stage.brush, stage.width, stage.horizon
    island = brush.at(width * 0.62, top + 0.004, 0.3)
    island.blob(
        [(-0.7, 0), (-0.4, -0.16), (-0.1, -0.2), (0.2, -0.34), (0.5, -0.2), (0.8, 0)], "#5fa6a0"
    )
    island.blob([(-0.2, 0), (0.1, -0.1), (0.4, -0.16), (0.9, 0)], "#4b9287")
    shore = top + 0.42 * (stage.height - top)
    water(stage, top, shore + 0.08)
    far_sail(brush.at(width * 0.415, top + 0.03, 0.032))
    line = ridge(stage, shore + 0.015, 0.008, 0.9)
    land(stage, [(x, y - 0.028) for x, y in line], ("#d9f6ee", "#d9f6ee"), 1)
    land(stage, [(x, y - 0.014) for x, y in line], ("#ffffff", "#ffffff"), 1)
    land(stage, line, ("#cfa76c", "#cfa76c"), 1)
    land(stage, [(x, y + 0.025 + 0.01 * math.sin(5 * x)) for x, y in line], ("#f7e0a8", "#e3b56c"))
    _strewn(stage, shore + 0.06)
    if width > 0.8:
        palm(brush.at(width * 0.9, stage.height - 0.09, 0.86), Look(rng=stage.rng))
        tuft(brush.at(width * 0.93, stage.height - 0.07, 0.12), "#5d9b4d")


def _strewn(stage: Stage, top: float) -> None:
    """Grains, shells and a starfish on the sand."""
    rng = stage.rng
    for i in range(min(500, round(120 * stage.width))):
        near = rng.random()
        x, y = rng.uniform(0, stage.width), top + near * (stage.height - top)
        stage.brush.oval(x, y, 0.002 + 0.003 * near, 0.0015, "#c99f5f" if i % 2 else "#fff1c9")
    star = stage.brush.at(stage.width * 0.12, stage.height - 0.09, 0.035)
    tips: list[Point] = []
    for k in range(10):
        r = 1.0 if k % 2 == 0 else 0.48
        tips.append((r * math.cos(k * math.pi / 5), 0.6 * r * math.sin(k * math.pi / 5)))
    star.blob(tips, "#f0725c")
    for x in (0.3, 0.72):
        shell = stage.brush.at(stage.width * x, stage.height - rng.uniform(0.04, 0.08), 0.022)
        shell.blob([(-1, 0), (-0.6, -0.7), (0, -1), (0.6, -0.7), (1, 0), (0, 0.3)], "#fff3ea")
        for rib in (-0.5, 0, 0.5):
            shell.stroke([(rib * 0.4, 0.1), (rib, -0.7)], 0.1, "#e9b8a6")


SEA_BLUES: list[Paint] = ["#2fb0cf", "#2296c0", "#1a7fae", "#14689a"]


def sea(stage: Stage) -> None:
    """Open water with rolling waves."""
    sky(stage)
    water(stage, stage.horizon, stage.height)
    for i in range(3):
        wave(stage, i)


def surf(stage: Stage) -> None:
    """The nearest wave, in front of whatever swims."""
    wave(stage, 3)


def wave(stage: Stage, i: int) -> None:
    """One of four rows of waves, the first the furthest."""
    paint = SEA_BLUES[i]
    level = stage.horizon + (stage.height - stage.horizon) * (0.2 + 0.2 * i)
    line = ridge(stage, level, 0.01 + 0.004 * i, 1.5 - 0.25 * i)
    land(stage, [(x, y - 0.004 - 0.002 * i) for x, y in line], ("#d8f5f3", "#d8f5f3"), 1)
    land(stage, line, (paint, dark(paint, 0.15)), 5)


def hills(stage: Stage) -> None:
    """Rolling meadows with trees and flowers: where everything is at home."""
    sky(stage)
    rng = stage.rng
    greens = rng.choice(
        [
            ["#8fc7b5", "#7fc08a", "#6db661", "#57a24a"],
            ["#a3c9c9", "#a9cf8d", "#8fc25c", "#6fae45"],
            ["#8db8cf", "#86c2a0", "#76b873", "#5fa556"],
        ]
    )
    span = stage.height - stage.horizon
    for i, paint in enumerate(greens):
        line = ridge(stage, stage.horizon + span * (0.0, 0.14, 0.3, 0.5)[i], 0.035, 0.62 - 0.08 * i)
        land(stage, line, (pale(paint, 0.12), dark(paint, 0.16)))
        if i in (1, 2):
            for x in stage.spots(0.42):
                y = min(line, key=lambda p: abs(p[0] - x))[1]
                plant = rng.choice([tree, tree, bush])
                plant(stage.brush.at(x, y + 0.01, 0.1 + 0.06 * i), Look(rng=rng))
    meadow(stage, stage.horizon + span * 0.55)


def meadow(stage: Stage, top: float) -> None:
    """Grass and small flowers, larger towards the viewer."""
    rng = stage.rng
    for i in range(min(300, round(70 * stage.width))):
        near = (i % 20 + rng.random()) / 20
        x, y = rng.uniform(0, stage.width), top + near * (stage.height - top)
        if i % 3:
            tuft(stage.brush.at(x, y, 0.018 + 0.022 * near), "#4f9a43")
        else:
            petal = rng.choice(["#ffffff", "#ffd84d", "#ff9fb5", "#c8a7f0"])
            stage.brush.oval(x, y, 0.004 + 0.005 * near, None, petal)
            stage.brush.oval(x, y, 0.002 + 0.002 * near, None, "#f2a63b")


def peaks(stage: Stage, level: float, size: float, paint: Paint, snow: Paint) -> None:
    """A row of pointed mountains with snow on top and one side in shadow."""
    rng = stage.rng
    for x in stage.spots(size * 0.75):
        h, w = size * rng.uniform(0.6, 1.05), size * rng.uniform(0.55, 0.75)
        mount = stage.brush.at(x, level)
        mount.flat([(-w, 0.02), (0, -h), (w, 0.02)], paint)
        mount.flat(
            [(0, -h), (w, 0.02), (w * 0.25, 0.02), (-0.06 * w, -h * 0.45)], dark(paint, 0.22)
        )
        cap = [(0, -h), (0.3 * w, -0.7 * h), (0.14 * w, -0.74 * h), (0.02 * w, -0.62 * h)]
        mount.flat([*cap, (-0.12 * w, -0.73 * h), (-0.3 * w, -0.7 * h)], snow)
        mount.flat([*cap[:3], (0, -0.8 * h)], dark(snow, 0.16))


def mountains(stage: Stage) -> None:
    """Two ranges, a lake and firs."""
    sky(stage)
    level = stage.horizon + 0.07
    peaks(stage, level, 0.34, "#9fb6d3", "#f4f9ff")
    peaks(stage, level + 0.02, 0.26, "#6f87ad", "#ffffff")
    span = stage.height - level
    land(stage, ridge(stage, level, 0.012, 0.7), ("#7fae86", "#6a9f6c"))
    stage.bands(level + 0.12 * span, level + 0.42 * span, ["#9fd4ea", "#5fb0d8", "#3f95c6"])
    for x in stage.spots(0.12):
        fir(
            stage.brush.at(x, level + 0.13 * span, stage.rng.uniform(0.09, 0.16)),
            Look(rng=stage.rng),
        )
    land(stage, ridge(stage, level + 0.45 * span, 0.015, 0.5), ("#7fb566", "#4f8a4c"))
    meadow(stage, level + 0.5 * span)


def forest(stage: Stage) -> None:
    """Rows of trees, mist between them, light from above."""
    sky(stage)
    rng, level = stage.rng, stage.horizon + 0.05
    shades = ["#a5cdb5", "#79b08d", "#4f8f68"]
    for i, paint in enumerate(shades):
        base = level + 0.04 * i
        for x in stage.spots(0.1 + 0.03 * i):
            fir(
                stage.brush.at(x, base + 0.03, rng.uniform(0.3, 0.46) + 0.06 * i),
                Look(paint, rng=rng),
            )
        land(stage, ridge(stage, base, 0.012, 1.1), (paint, dark(paint, 0.1)), 3)
    land(stage, ridge(stage, level + 0.14, 0.012, 0.7), ("#6fae58", "#3f7a41"))
    meadow(stage, level + 0.2)
    for x in (0.02, 0.95):
        big = rng.choice([tree, fir])
        big(stage.brush.at(stage.width * x, stage.height - 0.13, 0.8), Look(rng=rng))


def desert(stage: Stage) -> None:
    """Dunes and cactuses."""
    sky(stage)
    span = stage.height - stage.horizon
    for i, paint in enumerate(["#e9b98a", "#f0c27f", "#eeb565", "#e3a04f"]):
        line = ridge(stage, stage.horizon + span * (0.02, 0.16, 0.36, 0.6)[i], 0.028, 0.5)
        land(stage, line, (pale(paint, 0.2), dark(paint, 0.1)))
        if i == 1:
            for x in stage.spots(0.6):
                cactus(stage.brush.at(x, stage.horizon + span * 0.26, 0.2), Look(rng=stage.rng))


def snow(stage: Stage) -> None:
    """White hills and firs under snow."""
    sky(stage)
    span = stage.height - stage.horizon
    peaks(stage, stage.horizon + 0.06, 0.26, "#a9bedb", "#ffffff")
    for i, paint in enumerate(["#dfeaf6", "#eaf2fb", "#f7fbff"]):
        level = stage.horizon + span * (0.06, 0.24, 0.48)[i]
        line = ridge(stage, level, 0.025, 0.6)
        land(stage, line, (paint, mix(paint, "#a9c4e6", 0.55)))
        if i < 2:
            for x in stage.spots(0.26):
                look = Look("#4f8a78", frozenset({"snow"}), stage.rng)
                fir(stage.brush.at(x, level + 0.04, stage.rng.uniform(0.16, 0.26)), look)


def city(stage: Stage) -> None:
    """Two rows of houses, lit at night, and a street."""
    sky(stage)
    rng, level = stage.rng, stage.horizon + 0.42 * (stage.height - stage.horizon)
    for row, (spacing, paints) in enumerate(
        [
            (0.11, ["#a9bdd6", "#b9c6dc", "#9fb3cf"]),
            (0.17, ["#d98f6f", "#5f86b0", "#e3b878", "#7a98a8"]),
        ]
    ):
        for x in stage.spots(spacing, 0.1):
            size = rng.uniform(0.36, 0.66) if row == 0 else rng.uniform(0.22, 0.44)
            _block(stage, stage.brush.at(x, level), spacing * 0.56, size, rng.choice(paints))
    land(stage, [(0, level), (stage.width, level)], ("#cfc8bd", "#cfc8bd"), 1)
    road = level + 0.06
    stage.bands(road, stage.height, ["#5b6070", "#444957"])
    stage.brush.box(0, road, stage.width, 0.012, "#e9e3d6")
    for i in range(round(stage.width / 0.2) + 1):
        y = road + 0.5 * (stage.height - road)
        stage.brush.flat(
            [
                (i * 0.2, y),
                (i * 0.2 + 0.1, y),
                (i * 0.2 + 0.09, y + 0.016),
                (i * 0.2 - 0.01, y + 0.016),
            ],
            "#f4e9c1",
        )


def _block(stage: Stage, brush: Brush, half: float, height: float, paint: Paint) -> None:
    """One house front with its windows."""
    brush.box(-half, -height, 2 * half, height, paint)
    brush.box(half * 0.55, -height, half * 0.45, height, dark(paint, 0.15))
    brush.box(-half * 1.04, -height - 0.012, half * 2.08, 0.016, dark(paint, 0.3))
    columns = max(2, round(half / 0.022))
    for row in range(int(height / 0.05)):
        for k in range(columns):
            x = -half + (k + 0.28) * 2 * half / columns
            lit = stage.rng.random() < (0.55 if stage.dark else 0.12)
            pen = brush.bright() if lit and stage.dark else brush
            glass = "#ffdf8a" if lit else dark(paint, 0.42)
            pen.box(x, -height + 0.02 + row * 0.05, half / columns * 0.9, 0.028, glass)
