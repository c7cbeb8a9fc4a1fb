"""What every backdrop is painted on, in units of the picture's short side, and the sky above it.

The sky: its colours through the day, sun and moon, stars, clouds, birds and weather.
"""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from nb_banana.sandbox.painter.brush import Brush, Paint, mix


@dataclass(frozen=True)
class Stage:
    """A picture to be filled: its brush, its size, the hour and the dice."""

    brush: Brush
    width: float
    height: float
    hour: str
    rng: Random

    @property
    def dark(self) -> bool:
        """Whether lamps are lit."""
        return self.hour == "night"

    @property
    def horizon(self) -> float:
        """Where the land begins: about the middle, lower in tall pictures."""
        return self.height - min(0.46 * self.height, 0.6 + 0.12 * self.height)

    def bands(self, top: float, bottom: float, paints: list[Paint], *, lit: bool = True) -> None:
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


def stage_for(image: Image.Image, brush: Brush, hour: str, rng: Random) -> Stage:
    """The stage that a picture is, measured in its short side."""
    unit = min(image.size)
    return Stage(brush, image.width / unit, image.height / unit, hour, rng)


SKIES: dict[str, list[Paint]] = {
    "day": ["#2a97dd", "#6fc3f0", "#c5ecf5", "#fff4d8"],
    "dawn": ["#6f86c9", "#c6a6d6", "#ffc4b0", "#ffe9bd"],
    "sunset": ["#37296b", "#8f3f7c", "#e9646a", "#ffa15e", "#ffdd86"],
    "rain": ["#5b6f83", "#8fa3b1", "#c3ced3"],
    "night": ["#060a24", "#121b4d", "#26377a", "#4a5a9e"],
}


def sky(stage: Stage) -> None:
    """Fill everything above the horizon."""
    stage.bands(0, stage.horizon + 0.13, SKIES[stage.hour], lit=False)
    if stage.dark:
        stars(stage, stage.horizon)
        moon(stage)
    elif stage.hour != "rain":
        sun(stage)
    clouds(stage)
    if stage.hour in ("day", "dawn", "sunset"):
        birds(stage)


def sun(stage: Stage) -> None:
    """A sun with a wide glow; low and large in the evening."""
    low = stage.hour != "day"
    x = stage.width * (0.2 if not low else 0.7)
    y = stage.horizon - (0.06 if low else 0.33)
    brush, radius = stage.brush.bright(), 0.1 if low else 0.075
    brush.glow(x, y, radius * 4.4, "#fff4cf" if not low else "#ffb066", 0.8)
    brush.oval(x, y, radius * 1.3, None, "#fff1b8", alpha=0.35)
    brush.oval(x, y, radius, None, "#fff3b0" if not low else "#ffe08a")


def moon(stage: Stage) -> None:
    """A full moon with three seas."""
    x, y = stage.width * 0.24, max(0.16, stage.horizon - 0.34)
    brush = stage.brush.bright().at(x, y, 0.075)
    brush.glow(0, 0, 4, "#cdd8ff", 0.55)
    brush.oval(0, 0, 1, None, "#f6f0d2")
    for dx, dy, r in ((-0.3, -0.25, 0.24), (0.35, 0.1, 0.3), (-0.15, 0.45, 0.16)):
        brush.oval(dx, dy, r, None, "#ddd5b2")


def stars(stage: Stage, bottom: float, density: int = 90) -> None:
    """Small stars everywhere, and some that twinkle."""
    brush, rng = stage.brush.bright(), stage.rng
    for i in range(min(700, round(density * stage.width * bottom))):
        x, y = rng.uniform(0, stage.width), bottom * rng.random() ** 1.2
        r = rng.uniform(0.0012, 0.0032)
        brush.oval(x, y, r, None, rng.choice(["#ffffff", "#cfdcff", "#fff0c9"]))
        if i % 14 == 0:
            twinkle(brush, x, y, r * 6)


def twinkle(brush: Brush, x: float, y: float, r: float) -> None:
    """A star with four points."""
    thin = r * 0.16
    tips = [(0, -r), (thin, -thin), (r, 0), (thin, thin), (0, r), (-thin, thin), (-r, 0)]
    brush.flat([(x + u, y + v) for u, v in [*tips, (-thin, -thin)]], "#ffffff")


def clouds(stage: Stage) -> None:
    """Heaps of cloud, more of them where there is more sky."""
    colour = {"night": "#3a4a8a", "sunset": "#ffb59a", "dawn": "#fff0ea", "rain": "#e3e9ec"}
    brush, rng = stage.brush.bright(), stage.rng
    count = min(24, round(3.2 * max(1.0, stage.width * stage.horizon)))
    for i in range(count):
        x = stage.width * (i + rng.uniform(0.2, 0.8)) / count
        y = rng.uniform(0.07, max(0.12, stage.horizon - 0.24))
        cloud(brush.at(x, y, rng.uniform(0.1, 0.2)), rng, colour.get(stage.hour, "#ffffff"))


def cloud(brush: Brush, rng: Random, paint: Paint) -> None:
    """One cloud, two units wide, flat below, in a single translucent shape."""
    humps = [rng.uniform(0.2, 0.3), rng.uniform(0.38, 0.5), rng.uniform(0.3, 0.42), 0.18]
    points = [(-1.0, 0.0), (-0.86, -humps[0]), (-0.52, -humps[0] - 0.06), (-0.34, -humps[1])]
    points += [(0.02, -humps[1] - 0.1), (0.26, -humps[2]), (0.6, -humps[2] + 0.04)]
    points += [(0.84, -humps[3]), (1.0, 0.0), (0.5, 0.07), (-0.5, 0.07)]
    brush.blob(points, paint, alpha=0.42)
    brush.blob([(x * 0.86 - 0.03, y * 0.84 - 0.05) for x, y in points], paint, alpha=0.6)


def birds(stage: Stage) -> None:
    """A few gulls far away."""
    rng = stage.rng
    x, y = stage.width * rng.uniform(0.5, 0.62), stage.horizon * rng.uniform(0.35, 0.5)
    for i in range(3):
        bird = stage.brush.at(x + 0.06 * i, y - 0.025 * (i % 2) + 0.01 * i, 0.022 - 0.003 * i)
        bird.limb([(-1, -0.3), (-0.5, -0.55), (0, 0)], [0.04, 0.16, 0.16], "#33415c")
        bird.limb([(1, -0.3), (0.5, -0.55), (0, 0)], [0.04, 0.16, 0.16], "#33415c")


def snowfall(stage: Stage) -> None:
    """Flakes in front of everything."""
    brush, rng = stage.brush.bright(), stage.rng
    for _ in range(min(900, round(150 * stage.width * stage.height))):
        x, y = rng.uniform(0, stage.width), rng.uniform(0, stage.height)
        brush.oval(x, y, rng.choice([0.003, 0.004, 0.005, 0.008]), None, "#ffffff")


def rainfall(stage: Stage) -> None:
    """Slanting rain in front of everything."""
    brush, rng = stage.brush.bright(), stage.rng
    for _ in range(min(700, round(110 * stage.width * stage.height))):
        x, y = rng.uniform(0, stage.width * 1.05), rng.uniform(-0.05, stage.height)
        length = rng.uniform(0.025, 0.06)
        line = [(x, y), (x + 0.0022, y), (x + 0.0022 - length / 3, y + length)]
        brush.flat([*line, (x - length / 3, y + length)], "#e8f2ff", alpha=0.6)
