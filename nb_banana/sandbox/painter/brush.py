"""The brush: smooth shapes in a drawing's own coordinates, on one picture shared by all of them.

And the colours: how they are written, mixed, lit and drawn by lot.
"""

import colorsys
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Paint = str | Colour
"""A colour as drawings write it: ``"#3fa34d"`` or three numbers."""

NAMED = {
    "red": "#e5483d",
    "scarlet": "#e5483d",
    "orange": "#f58a33",
    "yellow": "#ffd23f",
    "golden": "#f2b632",
    "gold": "#f2b632",
    "green": "#4caf50",
    "lime": "#a4d233",
    "turquoise": "#35c3c1",
    "teal": "#1f9a97",
    "blue": "#3b82e0",
    "navy": "#24407c",
    "purple": "#8e5bd0",
    "violet": "#8e5bd0",
    "lilac": "#c3a3e8",
    "pink": "#f78fb3",
    "magenta": "#d63c9b",
    "brown": "#8d5f3c",
    "beige": "#e6d3ad",
    "black": "#33323a",
    "white": "#f6f4ee",
    "gray": "#95999f",
    "grey": "#95999f",
    "silver": "#bfc6cd",
}
"""The colour words that a prompt may put in front of a subject."""


@cache
def rgb(paint: Paint) -> Colour:
    """Three numbers for any way of writing a colour.

    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    if isinstance(paint, str):
        return (int(paint[1:3], 16), int(paint[3:5], 16), int(paint[5:7], 16))
    return paint


def mix(one: Paint, other: Paint, share: float) -> Colour:
    """The colour between two, ``share`` (0 to 1) of the way to the other.

    >>> mix("#000000", "#ffffff", 0.2)
    (51, 51, 51)
    """
    (r, g, b), (s, h, c) = rgb(one), rgb(other)
    return (
        round(r + (s - r) * share),
        round(g + (h - g) * share),
        round(b + (c - b) * share),
    )


def dark(paint: Paint, share: float = 0.25) -> Colour:
    """The same colour in shadow; bluish, as shadows are out of doors."""
    return mix(paint, "#1d1c4b", share)


def pale(paint: Paint, share: float = 0.35) -> Colour:
    """The same colour in bright light."""
    return mix(paint, "#fffbe9", share)


def by_lot(rng: Random, saturation: float = 0.62, value: float = 0.9) -> Colour:
    """Some colour of a given strength: friendly whatever the hue."""
    r, g, b = colorsys.hsv_to_rgb(rng.random(), saturation, value)
    return (round(r * 255), round(g * 255), round(b * 255))


FAMILIES: list[list[Paint]] = [
    ["#264653", "#2a9d8f", "#8ab17d", "#e9c46a", "#f4a261", "#e76f51"],
    ["#355070", "#6d597a", "#b56576", "#e56b6f", "#eaac8b", "#ffd9a0"],
    ["#3d5a80", "#5b8fb9", "#98c1d9", "#e0fbfc", "#ffb4a2", "#ee6c4d"],
    ["#5f0f40", "#9a031e", "#fb8b24", "#ffc857", "#84c7d0", "#2e5e8c"],
    ["#22577a", "#38a3a5", "#57cc99", "#a8e6a1", "#fff3b0", "#ff9770"],
    ["#4a4e8c", "#7b6fd0", "#b8a1f0", "#f7c6e0", "#ffdf9e", "#ff8fa3"],
    ["#2f4858", "#33658a", "#86bbd8", "#f6e7cb", "#f6ae2d", "#f26419"],
]
"""Colours that go together, from dark to light to lively."""


def family(rng: Random) -> list[Paint]:
    """Six colours that go together."""
    return list(rng.choice(FAMILIES))


@dataclass(frozen=True)
class Light:
    """What the hour does to every colour of the scene: a filter and a haze."""

    filter: tuple[float, float, float] = (1.0, 1.0, 1.0)
    haze: Colour = (0, 0, 0)
    share: float = 0.0

    def on(self, paint: Paint) -> Colour:
        """The colour as this light shows it."""
        r, g, b = rgb(paint)
        fr, fg, fb = self.filter
        return mix((round(r * fr), round(g * fg), round(b * fb)), self.haze, self.share)

    def soft(self, part: float) -> "Light":
        """A part of this light's effect: 0 is plain daylight."""
        r, g, b = (1 - (1 - f) * part for f in self.filter)
        return Light((r, g, b), self.haze, self.share * part)


LIGHTS = {
    "day": Light(),
    "dawn": Light((1.0, 0.93, 0.92), (255, 190, 170), 0.08),
    "sunset": Light((0.96, 0.78, 0.72), (255, 120, 80), 0.1),
    "rain": Light((0.82, 0.86, 0.9), (120, 140, 160), 0.12),
    "night": Light((0.44, 0.5, 0.74), (24, 30, 82), 0.14),
}
"""The light of each time of day that the sky knows."""


Point = tuple[float, float]

SHADES = 5
"""How many steps a shaded edge has."""


@cache
def _weights(steps: int) -> list[tuple[float, float, float, float]]:
    """How much each of four neighbours counts on the way from the second to the third."""
    ways = [k / steps for k in range(steps)]
    return [
        (
            0.5 * t * (t * (2 - t) - 1),
            1 + 0.5 * t * t * (3 * t - 5),
            0.5 * t * (1 + t * (4 - 3 * t)),
            0.5 * t * t * (t - 1),
        )
        for t in ways
    ]


def curve(points: Sequence[Point], *, closed: bool = True, steps: int = 7) -> list[Point]:
    """A smooth line through all points (Catmull-Rom)."""
    if len(points) < 3:
        return list(points)
    if closed:
        ring = [points[-1], *points, points[0], points[1]]
    else:
        ring = [points[0], *points, points[-1]]
    line = [
        (
            p * a[0] + q * b[0] + r * c[0] + s * d[0],
            p * a[1] + q * b[1] + r * c[1] + s * d[1],
        )
        for a, b, c, d in zip(ring, ring[1:], ring[2:], ring[3:], strict=False)
        for p, q, r, s in _weights(steps)
    ]
    return line if closed else [*line, points[-1]]


@dataclass(frozen=True)
class Brush:
    """Draws on a picture; ``at`` gives the same brush at another place, size and angle.

    Drawings keep their feet at (0, 0) and are about one unit high; y points down.
    """

    image: Image.Image
    x: float = 0.0
    y: float = 0.0
    unit: float = 1.0
    turn: float = 0.0
    mirror: bool = False
    light: Light = field(default_factory=Light)

    def at(
        self, x: float, y: float, size: float = 1.0, *, turn: float = 0.0, mirror: bool = False
    ) -> "Brush":
        """The brush for a part of the drawing: moved, scaled, turned (degrees), mirrored."""
        ((px, py),) = self._pixels([(x, y)])
        angle = math.radians(-turn if self.mirror else turn)
        return replace(
            self,
            x=px,
            y=py,
            unit=self.unit * size,
            turn=self.turn + angle,
            mirror=self.mirror != mirror,
        )

    def blob(
        self, points: Sequence[Point], paint: Paint, *, alpha: float = 1, shade: float = 0
    ) -> None:
        """A closed shape with a smooth outline; ``shade`` (0 to 1) makes it look round."""
        self._fill(curve(self._pixels(points)), paint, alpha, shade)

    def flat(
        self, points: Sequence[Point], paint: Paint, *, alpha: float = 1, shade: float = 0
    ) -> None:
        """A closed shape with straight edges."""
        self._fill(self._pixels(points), paint, alpha, shade)

    def box(
        self, x: float, y: float, width: float, height: float, paint: Paint, *, alpha: float = 1
    ) -> None:
        """A rectangle by its upper left corner."""
        self.flat(
            [(x, y), (x + width, y), (x + width, y + height), (x, y + height)], paint, alpha=alpha
        )

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float | None = None,
        paint: Paint = "#000000",
        *,
        turn: float = 0.0,
        alpha: float = 1,
        shade: float = 0,
    ) -> None:
        """An ellipse by its centre; a circle where one radius is given."""
        ry = rx if ry is None else ry
        count = 20 if max(rx, ry) * self.unit < 12 else 64
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        ring = [
            (rx * math.cos(i * math.tau / count), ry * math.sin(i * math.tau / count))
            for i in range(count)
        ]
        points = [(x + u * c - v * s, y + u * s + v * c) for u, v in ring]
        self._fill(self._pixels(points), paint, alpha, shade)

    def stroke(
        self, points: Sequence[Point], width: float, paint: Paint, *, alpha: float = 1
    ) -> None:
        """A smooth open line with round ends."""
        self.limb(points, [width], paint, alpha=alpha)

    def limb(
        self,
        points: Sequence[Point],
        widths: Sequence[float],
        paint: Paint,
        *,
        alpha: float = 1,
        shade: float = 0,
    ) -> None:
        """A line whose width changes evenly through ``widths``: a tail, an arm, a trunk."""
        thin = max(widths) * self.unit < 24
        line = curve(self._pixels(points), closed=False, steps=3 if thin else 7)
        radii = [0.5 * self.unit * w for w in _spread(widths, len(line))]
        self._fill(_outline(line, radii, 3 if thin else 8), paint, alpha, shade)

    def glow(self, x: float, y: float, radius: float, paint: Paint, strength: float = 0.6) -> None:
        """Light that fades outwards. It is not changed by the hour: it is light itself."""
        self._halo(x, y, radius, radius, rgb(paint), strength)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.4) -> None:
        """A soft shadow on the ground."""
        self._halo(x, y, rx, ry, (20, 18, 50), strength)

    def bright(self) -> "Brush":
        """The same brush for things that shine by themselves."""
        return replace(self, light=Light())

    def _pixels(self, points: Iterable[Point]) -> list[Point]:
        sign = -1 if self.mirror else 1
        c, s = math.cos(self.turn) * self.unit, math.sin(self.turn) * self.unit
        return [(self.x + sign * x * c - y * s, self.y + sign * x * s + y * c) for x, y in points]

    def _fill(self, line: list[Point], paint: Paint, alpha: float, shade: float) -> None:
        colour = self.light.on(paint)
        # Pillow blends pixel by pixel in "RGBA" mode, ten times slower than it fills.
        if alpha >= 1:
            ImageDraw.Draw(self.image).polygon(line, fill=colour)
        else:
            pen = ImageDraw.Draw(self.image, "RGBA")
            pen.polygon(line, fill=(*colour, round(alpha * 255)))
        if shade > 0:
            self._shade(line, paint, shade)

    def _shade(self, line: list[Point], paint: Paint, shade: float) -> None:
        """Darken the lower right of a shape and lighten its upper left, a step at a time."""
        left, top = (math.floor(min(p[i] for p in line)) for i in (0, 1))
        right, bottom = (math.ceil(max(p[i] for p in line)) + 1 for i in (0, 1))
        size = (right - left, bottom - top)
        here = [(x - left, y - top) for x, y in line]
        depth = 0.3 * min(size)
        if depth < 2:
            return
        body = Image.new("L", size)
        ImageDraw.Draw(body).polygon(here, fill=255)
        for colour, sign, power in (
            (dark(paint, 0.75), -1, 0.9),
            (mix(paint, "#fffbe9", 0.8), 1, 0.6),
        ):
            steps = Image.new("L", size)
            pen = ImageDraw.Draw(steps)
            for i in range(SHADES):
                way = sign * depth * i / SHADES
                level = round(255 * shade * power * (1 - i / (SHADES - 1)) ** 1.5)
                pen.polygon([(x + way * 0.6, y + way) for x, y in here], fill=level)
            mask = ImageChops.darker(steps, body)
            if box := mask.getbbox():
                place = (left + box[0], top + box[1])
                self.image.paste(self.light.on(colour), place, mask.crop(box))

    def _halo(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: tuple[int, int, int],
        strength: float,
    ) -> None:
        ((px, py),) = self._pixels([(x, y)])
        w, h = rx * self.unit, ry * self.unit
        size = (max(1, round(2 * w)), max(1, round(2 * h)))
        mask = _fade(round(strength * 20)).resize(size, Image.Resampling.BILINEAR)
        self.image.paste(colour, (round(px - w), round(py - h)), mask)


def _fade(twentieths: int) -> Image.Image:
    """A round mask that is strongest in the middle."""
    level = twentieths / 20
    return (
        Image.radial_gradient("L")
        .reduce(4)
        .point([round(255 * level * max(0.0, 1 - v / 180) ** 2) for v in range(256)])
    )


def _spread(widths: Sequence[float], count: int) -> list[float]:
    """``count`` widths that pass evenly through the given ones."""
    if len(widths) == 1:
        return [widths[0]] * count
    last = len(widths) - 1
    spread = []
    for i in range(count):
        place = last * i / max(1, count - 1)
        k = min(int(place), max(0, last - 1))
        spread.append(widths[k] + (widths[min(k + 1, last)] - widths[k]) * (place - k))
    return spread


def _outline(line: Sequence[Point], radii: Sequence[float], caps: int) -> list[Point]:
    """The outline of a thick line with round ends."""
    left, right = [], []
    sides: list[Point] = []
    for (x, y), r, (ax, ay), (bx, by) in zip(
        line, radii, [line[0], *line], [*line[1:], line[-1]], strict=False
    ):
        dx, dy = bx - ax, by - ay
        length = math.hypot(dx, dy) or 1.0
        u, v = dy / length * r, -dx / length * r
        sides.append((u, v))
        left.append((x + u, y + v))
        right.append((x - u, y - v))
    end, start = _cap(line[-1], sides[-1], caps), _cap(line[0], (-sides[0][0], -sides[0][1]), caps)
    return [*left, *end, *reversed(right), *start]


def _cap(middle: Point, side: Point, count: int) -> list[Point]:
    """A half circle that starts at one side of a line's end."""
    (x, y), (u, v) = middle, side
    turns = [math.pi * k / count for k in range(1, count)]
    return [
        (x + u * math.cos(t) - v * math.sin(t), y + u * math.sin(t) + v * math.cos(t))
        for t in turns
    ]
