"""Colours: how they are written, mixed, lit and drawn by lot."""

import colorsys
from dataclasses import dataclass
from functools import cache
from random import Random

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
