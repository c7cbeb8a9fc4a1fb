"""What the others sit and lie on, stand under or drink from."""

from nb_banana.sandbox.painter.brush import Brush, dark, pale
from nb_banana.sandbox.painter.subjects.parts import Look

SEAT = 0.42
"""How high a lounger's seat is, in the lounger's own units."""


def lounger(brush: Brush, look: Look) -> None:
    """A wooden sun lounger with a striped cushion, its backrest on the left."""
    wood, cloth = "#b9793f", look.paint("#ff7a66")
    for x in (-0.3, 0.86):
        brush.limb([(x, -0.36), (x + 0.02, -0.01)], [0.07, 0.06], dark(wood, 0.15))
    brush.limb([(-0.66, -0.74), (-0.5, -0.36)], [0.05], dark(wood, 0.3))
    brush.limb([(-0.45, -0.34), (1.06, -0.34)], [0.075], wood)
    brush.limb([(-0.4, -0.34), (-0.9, -1.02)], [0.075], wood)
    seat = [(-0.42, -0.45), (1.06, -0.45), (1.1, -0.4), (1.06, -0.36), (-0.36, -0.36)]
    back = [(-0.38, -0.36), (-0.88, -1.08), (-0.94, -1.09), (-0.97, -1.03), (-0.48, -0.37)]
    brush.flat(seat, cloth)
    brush.flat(back, cloth)
    for k in range(7):
        x = -0.28 + 0.19 * k
        brush.flat([(x, -0.45), (x + 0.09, -0.45), (x + 0.09, -0.36), (x, -0.36)], "#fff4e0")
    for k in range(4):
        share = 0.12 + 0.23 * k
        x, y = -0.38 - 0.5 * share, -0.36 - 0.72 * share
        brush.flat(
            [(x, y), (x - 0.055, y - 0.08), (x - 0.145, y - 0.075), (x - 0.095, y)], "#fff4e0"
        )
    for x in (-0.3, 0.86):
        brush.limb([(x - 0.06, -0.32), (x - 0.04, 0.02)], [0.075, 0.065], wood)


def parasol(brush: Brush, look: Look) -> None:
    """A beach umbrella, one unit high."""
    cloth = look.paint("#ff6f61")
    brush.shadow(0, 0, 0.3, 0.05)
    brush.limb([(0, 0), (0, -0.9)], [0.025], "#f3e6cf")
    edges = [-0.62, -0.38, -0.13, 0.13, 0.38, 0.62]
    for k in range(5):
        left, right = edges[k], edges[k + 1]
        drop = [-0.52, -0.58, -0.6, -0.6, -0.58, -0.52]
        shape = [(left, drop[k]), ((left + right) / 2, drop[k] - 0.03), (right, drop[k + 1])]
        brush.blob(
            [*shape, (right * 0.75, -0.8), (0.0, -0.97), (left * 0.75, -0.8)],
            "#fff4e0" if k % 2 else cloth,
        )
    brush.oval(0, -0.98, 0.025, None, dark(cloth, 0.2))


def mug(brush: Brush, look: Look) -> None:
    """A mug of something hot."""
    china = look.paint("#4aa3c7")
    brush.shadow(0, 0, 0.6, 0.1)
    brush.limb([(0.3, -0.6), (0.56, -0.56), (0.54, -0.28), (0.28, -0.2)], [0.09], dark(china, 0.12))
    brush.blob(
        [(-0.38, -0.72), (-0.36, -0.2), (-0.28, -0.02), (0.28, -0.02), (0.36, -0.2), (0.38, -0.72)],
        china,
        shade=0.5,
    )
    brush.oval(0, -0.72, 0.385, 0.085, pale(china, 0.6))
    brush.oval(0, -0.715, 0.33, 0.062, "#5a3423")
    heart = [(0, -0.26), (-0.14, -0.4), (-0.1, -0.5), (0, -0.45), (0.1, -0.5), (0.14, -0.4)]
    brush.blob(heart, "#fff6e6")
    for x in (-0.14, 0.1):
        steam = [(x, -0.78), (x + 0.05, -0.87), (x - 0.03, -0.94), (x + 0.04, -1.02)]
        brush.limb(steam, [0.05, 0.045, 0.03, 0.005], "#ffffff", alpha=0.55)


def table(brush: Brush, look: Look) -> None:
    """A round wooden table."""
    wood = look.paint("#b9793f")
    brush.shadow(0, 0, 0.6, 0.08)
    brush.limb([(0, -0.9), (0, -0.03)], [0.1], dark(wood, 0.2))
    brush.limb([(-0.3, 0), (0, -0.08), (0.3, 0)], [0.06], dark(wood, 0.2))
    brush.oval(0, -0.9, 0.72, 0.1, dark(wood, 0.1))
    brush.oval(0, -0.93, 0.72, 0.1, wood)


def chair(brush: Brush, look: Look) -> None:
    """A café chair."""
    wood = look.paint("#9c5c34")
    brush.shadow(0, 0, 0.36, 0.06)
    for x in (-0.24, 0.24):
        brush.limb([(x, -0.45), (x * 1.15, 0)], [0.06], dark(wood, 0.2))
        brush.limb([(x, -0.45), (x * 0.94, -0.98)], [0.06], wood)
    for y in (-0.62, -0.76, -0.9):
        brush.limb([(-0.23, y), (0.23, y)], [0.05], wood)
    brush.blob([(-0.32, -0.5), (0.32, -0.5), (0.34, -0.42), (-0.34, -0.42)], look.paint("#d65a4a"))
