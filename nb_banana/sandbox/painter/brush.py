"""The brush: smooth shapes in a drawing's own coordinates; and the colours: mixed, lit, by lot."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple, TypedDict, Unpack

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Paint = str | Colour
"""A colour as drawings write it: ``"#3fa34d"`` or three numbers."""

# fmt: off
NAMED = {
    "red": "#e5483d", "orange": "#f58a33", "yellow": "#ffd23f", "golden": "#f2b632",
    "gold": "#f2b632", "green": "#4caf50", "turquoise": "#35c3c1", "blue": "#3b82e0",
    "navy": "#24407c", "purple": "#8e5bd0", "violet": "#8e5bd0", "pink": "#f78fb3",
    "brown": "#8d5f3c", "black": "#33323a", "white": "#f6f4ee", "gray": "#95999f",
    "grey": "#95999f", "silver": "#bfc6cd",
}
"""The colour words that a prompt may put in front of a subject."""

FAMILIES = (
    ("#264653", "#2a9d8f", "#8ab17d", "#e9c46a", "#f4a261", "#e76f51"),
    ("#355070", "#6d597a", "#b56576", "#e56b6f", "#eaac8b", "#ffd9a0"),
    ("#3d5a80", "#5b8fb9", "#98c1d9", "#e0fbfc", "#ffb4a2", "#ee6c4d"),
    ("#5f0f40", "#9a031e", "#fb8b24", "#ffc857", "#84c7d0", "#2e5e8c"),
    ("#22577a", "#38a3a5", "#57cc99", "#a8e6a1", "#fff3b0", "#ff9770"),
    ("#4a4e8c", "#7b6fd0", "#b8a1f0", "#f7c6e0", "#ffdf9e", "#ff8fa3"),
)
"""Six colours each that go together, from dark to light to lively."""
# fmt: on


@cache
def rgb(paint: Paint) -> Colour:
    """Three numbers for any way of writing a colour."""
    r, g, b = bytes.fromhex(paint[1:]) if isinstance(paint, str) else paint
    return r, g, b


def mix(one: Paint, other: Paint, share: float) -> Colour:
    """The colour between two, ``share`` (0 to 1) of the way to the other."""
    r, g, b = (round(v + (w - v) * share) for v, w in zip(rgb(one), rgb(other), strict=True))
    return r, g, b


def dark(paint: Paint, share: float = 0.25) -> Colour:
    """The same colour in shadow; bluish, as shadows are out of doors."""
    return mix(paint, "#1d1c4b", share)


def pale(paint: Paint, share: float = 0.35) -> Colour:
    """The same colour in bright light."""
    return mix(paint, "#fffbe9", share)


class Light(NamedTuple):
    """What the hour does to every colour: a veil of one colour, and how thick it is (0 to 1)."""

    veil: Colour = (0, 0, 0)
    share: float = 0.0

    def on(self, paint: Paint) -> Colour:
        """The colour as this light shows it."""
        return mix(paint, self.veil, self.share)

    def soft(self, part: float) -> "Light":
        """A part of this light's effect: 0 is plain daylight."""
        return self._replace(share=self.share * part)


LIGHTS = {"day": Light(), "sunset": Light((110, 30, 50), 0.3), "night": Light((12, 16, 66), 0.6)}
"""The light of each time of day that the sky knows."""

Point = tuple[float, float]
Shape = str | Sequence[Point]
"""Points, or a text as in SVG's ``points``, in hundredths of the unit: ``"-38,12 0,-5"``."""


class Fill(TypedDict, total=False):
    """How a shape is filled: translucent by ``alpha``, made round by ``shade`` (both 0 to 1)."""

    alpha: float
    shade: float


@cache
def points_of(text: str) -> tuple[Point, ...]:
    """The points that a text of hundredths names."""
    pairs = (pair.split(",") for pair in text.split())
    return tuple((float(x) / 100, float(y) / 100) for x, y in pairs)


def curve(points: Sequence[Point], *, closed: bool = True, steps: int = 7) -> list[Point]:
    """A smooth line through all points (Catmull-Rom)."""
    if len(points) < 3:
        return list(points)
    before, after = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    ring = [*before, *points, *after]
    line = []
    for a, b, c, d in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        for t in (k / steps for k in range(steps)):
            p, q = 0.5 * t * (t * (2 - t) - 1), 1 + 0.5 * t * t * (3 * t - 5)
            r, s = 0.5 * t * (1 + t * (4 - 3 * t)), 0.5 * t * t * (t - 1)
            x, y = (p * a[i] + q * b[i] + r * c[i] + s * d[i] for i in (0, 1))
            line.append((x, y))
    return line if closed else [*line, points[-1]]


@dataclass(frozen=True)
class Brush:
    """Draws on a picture: a drawing's feet are at (0, 0), it is one unit high, y points down."""

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
        angle = self.turn + math.radians(-turn if self.mirror else turn)
        unit, flipped = self.unit * size, self.mirror != mirror
        return replace(self, x=px, y=py, unit=unit, turn=angle, mirror=flipped)

    def sides(self) -> tuple["Brush", "Brush"]:
        """A brush for the left half, which is the right one mirrored, and one for the right."""
        return self.at(0, 0, mirror=True), self

    def bright(self) -> "Brush":
        """The same brush for things that shine by themselves."""
        return replace(self, light=Light())

    def blob(self, shape: Shape, paint: Paint, **fill: Unpack[Fill]) -> None:
        """A closed shape with a smooth outline."""
        self._fill(curve(self._pixels(shape)), paint, **fill)

    def flat(self, shape: Shape, paint: Paint, **fill: Unpack[Fill]) -> None:
        """A closed shape with straight edges."""
        self._fill(self._pixels(shape), paint, **fill)

    def box(self, x: float, y: float, w: float, h: float, paint: Paint) -> None:
        """A rectangle by its upper left corner."""
        self.flat([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], paint)

    def oval(
        self, x: float, y: float, rx: float, ry: float | None, paint: Paint, **fill: Unpack[Fill]
    ) -> None:
        """An ellipse by its centre; a circle where ``ry`` is None."""
        ry = rx if ry is None else ry
        count = 20 if max(rx, ry) * self.unit < 12 else 64
        angles = [i * math.tau / count for i in range(count)]
        self.flat([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles], paint, **fill)

    def limb(
        self, shape: Shape, widths: float | Sequence[float], paint: Paint, **fill: Unpack[Fill]
    ) -> None:
        """A line with round ends whose width changes evenly through ``widths``: a tail, a trunk."""
        widths = [widths] if isinstance(widths, int | float) else widths
        line = curve(self._pixels(shape), closed=False)
        stops, radii = [*widths, widths[-1]], []
        for i in range(len(line)):
            k, share = divmod((len(widths) - 1) * i / max(1, len(line) - 1), 1)
            wide = stops[int(k)] + (stops[int(k) + 1] - stops[int(k)]) * share
            radii.append(0.5 * self.unit * wide)
        self._fill(_outline(line, radii), paint, **fill)

    def glow(
        self, x: float, y: float, rx: float, paint: Paint, strength: float = 0.6, flat: float = 1.0
    ) -> None:
        """Light that fades outwards. It is not changed by the hour: it is light itself."""
        ((px, py),), w, h = self._pixels([(x, y)]), rx * self.unit, rx * self.unit * flat
        fade = [round(255 * strength * max(0.0, 1 - v / 180) ** 2) for v in range(256)]
        halo = Image.radial_gradient("L").reduce(4).point(fade)
        mask = halo.resize((max(1, round(2 * w)), max(1, round(2 * h))), Image.Resampling.BILINEAR)
        self.image.paste(rgb(paint), (round(px - w), round(py - h)), mask)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.4) -> None:
        """A soft shadow on the ground."""
        self.glow(x, y, rx, "#141232", strength, ry / rx)

    def _pixels(self, shape: Shape) -> list[Point]:
        points = points_of(shape) if isinstance(shape, str) else shape
        sign = -1 if self.mirror else 1
        c, s = math.cos(self.turn) * self.unit, math.sin(self.turn) * self.unit
        return [(self.x + sign * x * c - y * s, self.y + sign * x * s + y * c) for x, y in points]

    def _fill(self, line: list[Point], paint: Paint, *, alpha: float = 1, shade: float = 0) -> None:
        # Pillow blends pixel by pixel in "RGBA" mode, ten times slower than it fills.
        pen = ImageDraw.Draw(self.image, "RGB" if alpha >= 1 else "RGBA")
        pen.polygon(line, fill=(*self.light.on(paint), round(alpha * 255)))
        if shade > 0:
            self._shade(line, paint, shade)

    def _shade(self, line: list[Point], paint: Paint, shade: float) -> None:
        """Light a shape as if it were a ball: bright at the upper left, dark towards the rim."""
        left, top = (math.floor(min(p[i] for p in line)) for i in (0, 1))
        right, bottom = (math.ceil(max(p[i] for p in line)) + 1 for i in (0, 1))
        width, height = right - left, bottom - top
        body = Image.new("L", (width, height))
        ImageDraw.Draw(body).polygon([(x - left, y - top) for x, y in line], fill=255)
        ball = Image.radial_gradient("L").resize((2 * width, 2 * height))
        ball = ImageChops.offset(ball, -round(0.62 * width), -round(0.68 * height))
        rim = [round(0.75 * shade * max(0, v - 60)) for v in range(256)]
        lit = [round(0.75 * shade * max(0, 70 - 2 * v)) for v in range(256)]
        for colour, levels in ((dark(paint, 0.8), rim), (pale(paint, 0.8), lit)):
            mask = ImageChops.multiply(body, ball.crop((0, 0, width, height)).point(levels))
            self.image.paste(self.light.on(colour), (left, top), mask)


def _outline(line: list[Point], radii: list[float]) -> list[Point]:
    """The outline of a thick line with round ends."""
    ahead: list[Point] = []
    back: list[Point] = []
    ends = zip([line[0], *line], [*line[1:], line[-1]], strict=False)
    for (x, y), r, ((ax, ay), (bx, by)) in zip(line, radii, ends, strict=False):
        angle = math.atan2(by - ay, bx - ax)
        u, v = r * math.sin(angle), -r * math.cos(angle)
        ahead.append((x + u, y + v))
        back.insert(0, (x - u, y - v))
    return [*ahead, *_cap(ahead[-1], back[0]), *back, *_cap(back[-1], ahead[0])]


def _cap(start: Point, end: Point) -> list[Point]:
    """A half circle from one side of a line's end to the other."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    u, v = start[0] - x, start[1] - y
    turns = [(math.cos(k * math.pi / 6), math.sin(k * math.pi / 6)) for k in range(1, 6)]
    return [(x + u * c - v * s, y + u * s + v * c) for c, s in turns]
