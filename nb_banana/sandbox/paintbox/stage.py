"""The stage: what every backdrop is painted on, in units of the picture's short side."""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from nb_banana.sandbox.paintbox.brush import Brush
from nb_banana.sandbox.paintbox.colours import Paint, mix


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
