"""The city: two rows of houses and a street."""

from nb_banana.sandbox.paintbox.brush import Brush
from nb_banana.sandbox.paintbox.colours import Paint, dark
from nb_banana.sandbox.paintbox.outdoors import land
from nb_banana.sandbox.paintbox.sky import sky
from nb_banana.sandbox.paintbox.stage import Stage


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
