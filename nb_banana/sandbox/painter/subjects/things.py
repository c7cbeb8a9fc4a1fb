"""Things and fruit, the banana first."""

import math

from nb_banana.sandbox.painter.brush import Brush, dark, pale
from nb_banana.sandbox.painter.subjects.parts import INK, Look, face


def banana(brush: Brush, look: Look) -> None:
    """A banana on two feet, waving: the house's own mascot."""
    peel = look.paint("#ffd84d")
    brush.shadow(0.02, 0, 0.42, 0.06)
    for x in (-0.02, 0.14):
        brush.limb([(x, -0.14), (x, -0.03)], [0.035], INK)
        brush.oval(x + 0.03, -0.02, 0.065, 0.035, "#e5483d")
    brush.limb([(-0.2, -0.5), (-0.36, -0.6), (-0.42, -0.76)], [0.035], INK)
    brush.oval(-0.43, -0.78, 0.045, None, "#fffaf0")
    outer = [
        (0.16, -1.0),
        (0.0, -0.86),
        (-0.2, -0.66),
        (-0.26, -0.44),
        (-0.2, -0.22),
        (-0.02, -0.08),
        (0.22, -0.06),
    ]
    inner = [
        (0.3, -0.14),
        (0.28, -0.22),
        (0.2, -0.3),
        (0.18, -0.5),
        (0.22, -0.72),
        (0.26, -0.92),
        (0.24, -1.0),
    ]
    brush.blob([*outer, *inner], peel, shade=0.45)
    brush.limb(
        [(0.12, -0.9), (-0.06, -0.68), (-0.12, -0.42), (0.0, -0.22), (0.2, -0.14)],
        [0.008, 0.018, 0.018, 0.018, 0.004],
        dark(peel, 0.18),
    )
    brush.blob([(0.14, -0.96), (0.15, -1.06), (0.25, -1.07), (0.26, -0.96)], "#8d6b2f")
    brush.blob([(0.22, -0.06), (0.31, -0.15), (0.34, -0.11), (0.27, -0.04)], "#6f5324")
    face(brush.at(0.03, -0.6, 0.34), look, gap=0.44, mouth=0.36)
    brush.limb([(0.18, -0.46), (0.32, -0.4), (0.42, -0.48)], [0.035], INK)
    brush.oval(0.44, -0.49, 0.045, None, "#fffaf0")


def apple(brush: Brush, look: Look) -> None:
    """A red apple with a leaf."""
    paint = look.paint("#e5483d")
    brush.shadow(0, 0, 0.5, 0.07)
    brush.blob(
        [
            (0, -0.74),
            (-0.24, -0.82),
            (-0.44, -0.6),
            (-0.38, -0.22),
            (-0.14, 0.0),
            (0, -0.04),
            (0.14, 0.0),
            (0.38, -0.22),
            (0.44, -0.6),
            (0.24, -0.82),
        ],
        paint,
        shade=0.5,
    )
    brush.limb([(0, -0.74), (0.02, -0.88), (0.08, -0.98)], [0.05, 0.04], "#7d5232")
    brush.blob([(0.05, -0.88), (0.2, -1.0), (0.38, -0.94), (0.22, -0.82)], "#58a64b", shade=0.3)
    face(brush.at(0, -0.5, 0.5), look)


def ball(brush: Brush, look: Look) -> None:
    """A beach ball."""
    paint = look.paint("#e5483d")
    brush.shadow(0.04, 0, 0.5, 0.08)
    b = brush.at(0, -0.5, 1, turn=-18)
    b.oval(0, 0, 0.5, None, "#fff8ea")
    arc = [(0.5 * math.sin(k * math.pi / 12), -0.5 * math.cos(k * math.pi / 12)) for k in range(13)]
    stripes = (paint, "#fff8ea", "#3b9fe0", "#fff8ea", "#ffd23f", "#fff8ea")
    bulges = (1.0, 0.66, 0.3, -0.08, -0.45, -0.8)
    for stripe, bulge in zip(stripes, bulges, strict=True):
        rest = [(-x, y) for x, y in reversed(arc)]
        b.flat([*[(x * bulge, y) for x, y in arc], *rest], stripe)
    b.oval(-0.05, -0.46, 0.08, 0.05, "#ffffff")
    brush.oval(0, -0.5, 0.5, None, "#fff8ea", alpha=0.01, shade=0.4)


def house(brush: Brush, look: Look) -> None:
    """A house with a red roof and a warm window."""
    wall = look.paint("#fff0d2")
    brush.shadow(0, 0, 0.62, 0.06)
    brush.flat([(0.2, -0.72), (0.2, -0.96), (0.32, -0.96), (0.32, -0.6)], "#b5654a")
    brush.flat([(-0.44, 0), (-0.44, -0.55), (0, -0.92), (0.44, -0.55), (0.44, 0)], wall, shade=0.25)
    brush.flat(
        [(-0.56, -0.5), (0, -1.0), (0.56, -0.5), (0.5, -0.44), (0, -0.86), (-0.5, -0.44)], "#d9533f"
    )
    brush.blob([(-0.09, 0), (-0.09, -0.26), (0, -0.34), (0.09, -0.26), (0.09, 0)], "#8a5d3b")
    brush.oval(0.055, -0.15, 0.016, None, "#ffd23f")
    for x in (-0.27, 0.27):
        brush.box(x - 0.1, -0.4, 0.2, 0.2, "#8a5d3b")
        brush.bright().box(x - 0.08, -0.38, 0.16, 0.16, "#ffe08a")
        brush.box(x - 0.008, -0.38, 0.016, 0.16, "#8a5d3b")
        brush.box(x - 0.08, -0.308, 0.16, 0.016, "#8a5d3b")
    brush.oval(0, -0.62, 0.08, None, "#9fd4ea")


def castle(brush: Brush, look: Look) -> None:
    """A castle with three towers."""
    wall = look.paint("#cfc3d6")
    brush.shadow(0, 0, 0.8, 0.07)
    for x, top, w in ((-0.46, -0.66, 0.15), (0.46, -0.66, 0.15), (0, -0.76, 0.2)):
        brush.flat([(x - w, 0), (x - w, top), (x + w, top), (x + w, 0)], wall, shade=0.3)
        brush.flat([(x - w * 1.25, top), (x, top - 0.3), (x + w * 1.25, top)], "#7b6fd0", shade=0.3)
        brush.oval(x, top + 0.14, 0.04, 0.07, "#4a4668")
        brush.flat([(x, top - 0.36), (x + 0.13, top - 0.32), (x, top - 0.28)], "#ff8fa3")
    for k in range(7):
        brush.box(-0.42 + 0.125 * k, -0.44, 0.075, 0.08, wall)
    brush.flat([(-0.42, 0), (-0.42, -0.38), (0.42, -0.38), (0.42, 0)], pale(wall, 0.15))
    brush.blob([(-0.11, 0), (-0.11, -0.2), (0, -0.3), (0.11, -0.2), (0.11, 0)], "#6f4a35")


def book(brush: Brush, look: Look) -> None:
    """An open book."""
    paint = look.paint("#3f7fbf")
    brush.shadow(0, 0, 0.8, 0.08)
    for side in (-1, 1):
        brush.flat([(0, -0.04), (side * 0.74, -0.14), (side * 0.74, -0.8), (0, -0.66)], paint)
        page = [
            (0, -0.1),
            (side * 0.34, -0.2),
            (side * 0.7, -0.18),
            (side * 0.7, -0.84),
            (side * 0.34, -0.84),
            (0, -0.7),
        ]
        brush.flat(page, "#fffaf0", shade=0.15)
        for k in range(5):
            y = -0.68 + 0.1 * k
            brush.stroke(
                [(side * 0.1, y + 0.03), (side * 0.36, y - 0.05), (side * 0.62, y - 0.04)],
                0.016,
                "#b9b3c4",
            )


def heart(brush: Brush, look: Look) -> None:
    """A heart."""
    paint = look.paint("#ef476f")
    brush.blob(
        [
            (0, -0.06),
            (-0.36, -0.4),
            (-0.5, -0.72),
            (-0.28, -0.96),
            (0, -0.78),
            (0.28, -0.96),
            (0.5, -0.72),
            (0.36, -0.4),
        ],
        paint,
        shade=0.5,
    )
    face(brush.at(0, -0.6, 0.5), look)


def star(brush: Brush, look: Look) -> None:
    """A star with a face."""
    paint = look.paint("#ffd23f")
    brush.bright().glow(0, -0.5, 0.8, paint, 0.5)
    tips = []
    for k in range(10):
        r = 0.52 if k % 2 == 0 else 0.3
        tips.append((r * math.sin(k * math.pi / 5), -0.5 - r * math.cos(k * math.pi / 5)))
    brush.blob(tips, paint, shade=0.4)
    face(brush.at(0, -0.54, 0.4), look)


def cake(brush: Brush, look: Look) -> None:
    """A birthday cake."""
    icing = look.paint("#ff9fb5")
    brush.shadow(0, 0, 0.7, 0.08)
    brush.oval(0, -0.03, 0.62, 0.08, "#e6eef2")
    for y, w in ((-0.05, 0.48), (-0.4, 0.34)):
        brush.flat([(-w, y), (-w, y - 0.3), (w, y - 0.3), (w, y)], "#f7e3c0", shade=0.3)
        drip = [(-w, y - 0.34), (w, y - 0.34), (w, y - 0.2)]
        drip += [(w - 2 * w * k / 8, y - (0.14 if k % 2 else 0.24)) for k in range(1, 8)]
        brush.blob([*drip, (-w, y - 0.2)], icing)
    for x in (-0.18, 0, 0.18):
        brush.limb([(x, -0.74), (x, -0.9)], [0.04], "#5aa9e6")
        brush.bright().glow(x, -0.96, 0.12, "#ffd98a", 0.8)
        brush.bright().blob(
            [(x, -1.02), (x - 0.025, -0.94), (x, -0.91), (x + 0.025, -0.94)], "#ffb52e"
        )


def umbrella(brush: Brush, look: Look) -> None:
    """An open umbrella."""
    paint = look.paint("#8e5bd0")
    brush.limb([(0, -0.9), (0, -0.1), (0.06, -0.02), (0.13, -0.08)], [0.03], "#7d5232")
    scallop = [
        (-0.56, -0.5),
        (-0.37, -0.56),
        (-0.18, -0.5),
        (0, -0.56),
        (0.18, -0.5),
        (0.37, -0.56),
        (0.56, -0.5),
    ]
    brush.blob([*scallop, (0.4, -0.82), (0, -0.98), (-0.4, -0.82)], paint, shade=0.5)
    for x in (-0.18, 0.18):
        brush.limb([(0, -0.96), (x * 0.9, -0.76), (x, -0.52)], [0.01], dark(paint, 0.25))
