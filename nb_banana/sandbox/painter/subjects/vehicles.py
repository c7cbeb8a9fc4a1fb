"""What goes, floats and flies by itself: car, boat, rocket, plane, train, bicycle, balloon."""

import math

from nb_banana.sandbox.painter.brush import Brush, dark, pale
from nb_banana.sandbox.painter.subjects.parts import INK, Look

GLASS = "#bfe6f5"


def wheel(brush: Brush, x: float, r: float) -> None:
    """A wheel that stands on the ground."""
    brush.oval(x, -r, r, None, INK)
    brush.oval(x, -r, r * 0.58, None, "#c9ced6", shade=0.4)
    brush.oval(x, -r, r * 0.18, None, INK)


def car(brush: Brush, look: Look) -> None:
    """A small round car."""
    body = look.paint(look.rng.choice(["#e5483d", "#3b82e0", "#f2b632", "#3fae8f"]))
    brush.shadow(0, 0, 1.15, 0.12)
    brush.blob(
        [(-0.62, -0.52), (-0.46, -0.92), (-0.1, -1.0), (0.26, -0.94), (0.56, -0.52)],
        body,
        shade=0.4,
    )
    brush.blob([(-0.5, -0.56), (-0.38, -0.84), (-0.08, -0.9), (-0.07, -0.54)], GLASS)
    brush.blob([(0.01, -0.54), (0.01, -0.9), (0.22, -0.84), (0.44, -0.55)], GLASS)
    brush.blob(
        [
            (-1.0, -0.2),
            (-0.98, -0.46),
            (-0.6, -0.6),
            (0.5, -0.58),
            (0.9, -0.48),
            (1.02, -0.24),
            (0.9, -0.14),
            (-0.9, -0.14),
        ],
        body,
        shade=0.4,
    )
    brush.limb([(-0.96, -0.18), (0.98, -0.18)], [0.06], pale(body, 0.7))
    brush.oval(0.92, -0.38, 0.06, 0.08, "#fff3c4")
    brush.oval(-0.95, -0.38, 0.035, 0.06, "#ff8a66")
    brush.limb([(-0.04, -0.36), (0.08, -0.36)], [0.03], dark(body, 0.5))
    wheel(brush, -0.56, 0.22)
    wheel(brush, 0.58, 0.22)


def boat(brush: Brush, look: Look) -> None:
    """A sailing boat."""
    hull = look.paint("#c0503c")
    brush.limb([(0, -0.2), (0, -1.0)], [0.03], "#8a5d3b")
    brush.blob([(-0.04, -0.96), (-0.46, -0.3), (-0.04, -0.27)], "#fff8ea", shade=0.25)
    brush.blob([(0.05, -0.9), (0.3, -0.56), (0.36, -0.3), (0.05, -0.28)], "#ffb84d", shade=0.25)
    brush.flat([(0, -1.0), (0.16, -0.97), (0, -0.93)], "#e5483d")
    brush.blob(
        [(-0.6, -0.24), (0, -0.2), (0.64, -0.26), (0.42, -0.02), (-0.4, -0.02)], hull, shade=0.5
    )
    brush.limb([(-0.52, -0.17), (0, -0.13), (0.56, -0.18)], [0.035], "#fff4e0")
    for k in range(5):
        x = -0.62 + 0.31 * k
        brush.limb([(x - 0.14, 0.0), (x, -0.035), (x + 0.14, 0.0)], [0.01, 0.04, 0.01], "#dff6f7")


def rocket(brush: Brush, look: Look) -> None:
    """A rocket under way."""
    paint = look.paint("#e5483d")
    b = brush.at(0, -0.08, 1, turn=14)
    b.bright().glow(0, 0.0, 0.4, "#ffb347", 0.8)
    b.blob([(-0.12, -0.2), (-0.1, 0.0), (0, 0.16), (0.1, 0.0), (0.12, -0.2)], "#ff9a3d")
    b.blob([(-0.06, -0.2), (-0.04, -0.04), (0, 0.06), (0.04, -0.04), (0.06, -0.2)], "#fff0a8")
    for side in (-1, 1):
        b.blob(
            [(side * 0.14, -0.4), (side * 0.34, -0.16), (side * 0.3, -0.08), (side * 0.12, -0.18)],
            paint,
            shade=0.3,
        )
    b.blob(
        [
            (-0.16, -0.18),
            (-0.2, -0.5),
            (-0.12, -0.8),
            (0, -0.96),
            (0.12, -0.8),
            (0.2, -0.5),
            (0.16, -0.18),
        ],
        "#f4f1ea",
        shade=0.5,
    )
    b.blob(
        [(-0.13, -0.76), (-0.07, -0.88), (0, -0.97), (0.07, -0.88), (0.13, -0.76), (0, -0.73)],
        paint,
        shade=0.3,
    )
    b.oval(0, -0.54, 0.105, None, "#6d7a92")
    b.oval(0, -0.54, 0.078, None, GLASS)
    b.oval(-0.025, -0.565, 0.025, None, "#ffffff")
    b.limb([(-0.17, -0.28), (0, -0.25), (0.17, -0.28)], [0.04], paint)


def plane(brush: Brush, look: Look) -> None:
    """An aeroplane flying to the right."""
    paint = look.paint("#e5483d")
    b = brush.at(0, -0.45, 1, turn=-8)
    b.blob([(-0.1, -0.06), (0.1, -0.5), (0.26, -0.5), (0.26, -0.06)], dark(paint, 0.2))
    b.blob([(-0.86, -0.04), (-0.96, -0.44), (-0.78, -0.42), (-0.56, -0.1)], paint)
    b.blob(
        [
            (-0.94, -0.08),
            (-0.4, -0.2),
            (0.5, -0.2),
            (0.86, -0.06),
            (0.9, 0.04),
            (0.6, 0.16),
            (-0.3, 0.14),
        ],
        "#f7f4ee",
        shade=0.5,
    )
    b.blob([(0.6, -0.17), (0.82, -0.08), (0.66, -0.04)], GLASS)
    for x in (-0.36, -0.12, 0.12, 0.36):
        b.oval(x, -0.06, 0.055, None, GLASS)
    b.blob([(-0.2, 0.02), (0.28, 0.02), (-0.1, 0.5), (-0.3, 0.48)], paint, shade=0.3)


def train(brush: Brush, look: Look) -> None:
    """A small steam engine."""
    paint = look.paint("#3f7fbf")
    brush.shadow(0, 0, 1.0, 0.1)
    for x, y, r in ((0.5, -1.02, 0.1), (0.36, -1.14, 0.13), (0.16, -1.22, 0.1)):
        brush.oval(x, y, r, None, "#ffffff", alpha=0.75)
    brush.flat([(0.46, -0.6), (0.42, -0.94), (0.66, -0.94), (0.62, -0.6)], INK)
    brush.blob(
        [(-0.2, -0.62), (0.7, -0.64), (0.82, -0.42), (0.7, -0.22), (-0.2, -0.2)], paint, shade=0.5
    )
    brush.flat(
        [(-0.8, -0.22), (-0.8, -0.92), (-0.18, -0.92), (-0.18, -0.22)], dark(paint, 0.12), shade=0.3
    )
    brush.box(-0.88, -1.0, 0.78, 0.1, "#e5483d")
    brush.box(-0.66, -0.8, 0.34, 0.28, GLASS)
    brush.flat([(-0.9, -0.28), (0.86, -0.28), (1.0, -0.06), (-0.9, -0.14)], "#e5483d")
    brush.oval(0.82, -0.46, 0.07, None, "#fff3c4")
    for x, r in ((-0.6, 0.2), (-0.1, 0.15), (0.26, 0.15), (0.62, 0.15)):
        wheel(brush, x, r)


def bicycle(brush: Brush, look: Look) -> None:
    """A bicycle."""
    paint = look.paint("#2a9d8f")
    brush.shadow(0, 0, 0.9, 0.07)
    for x in (-0.5, 0.5):
        ring = [
            (x + 0.3 * math.cos(k * math.tau / 16), -0.32 + 0.3 * math.sin(k * math.tau / 16))
            for k in range(17)
        ]
        brush.stroke(ring, 0.05, INK)
        for k in range(4):
            u, v = 0.28 * math.cos(k * math.pi / 4), 0.28 * math.sin(k * math.pi / 4)
            brush.stroke([(x - u, -0.32 - v), (x + u, -0.32 + v)], 0.01, "#aab2bd")
    for line in (
        [(-0.5, -0.32), (-0.2, -0.7)],
        [(-0.5, -0.32), (-0.06, -0.32)],
        [(-0.06, -0.32), (-0.24, -0.8)],
        [(-0.06, -0.32), (0.36, -0.74)],
        [(-0.2, -0.7), (0.36, -0.74)],
        [(0.5, -0.32), (0.34, -0.9)],
    ):
        brush.stroke(line, 0.05, paint)
    brush.blob([(-0.4, -0.84), (-0.2, -0.86), (-0.1, -0.8), (-0.26, -0.78)], INK)
    brush.stroke([(0.34, -0.9), (0.22, -0.94), (0.2, -0.86)], 0.045, INK)


def balloon(brush: Brush, look: Look) -> None:
    """A hot-air balloon."""
    paint = look.paint(look.rng.choice(["#e5483d", "#f2b632", "#8e5bd0", "#3b9fe0"]))
    for side in (-1, 1):
        brush.stroke([(side * 0.2, -0.36), (side * 0.07, -0.14)], 0.012, "#7d5232")
    brush.blob(
        [
            (-0.07, -0.32),
            (-0.3, -0.5),
            (-0.38, -0.72),
            (-0.22, -0.94),
            (0, -1.0),
            (0.22, -0.94),
            (0.38, -0.72),
            (0.3, -0.5),
            (0.07, -0.32),
        ],
        paint,
        shade=0.5,
    )
    for x in (-0.2, 0.2):
        brush.limb(
            [(x * 0.3, -0.97), (x, -0.72), (x * 0.5, -0.36)],
            [0.03, 0.12, 0.03],
            pale(paint, 0.75),
            alpha=0.85,
        )
    brush.flat([(-0.09, -0.16), (0.09, -0.16), (0.075, 0), (-0.075, 0)], "#a9754a", shade=0.3)
    brush.box(-0.1, -0.18, 0.2, 0.035, "#7d5232")
