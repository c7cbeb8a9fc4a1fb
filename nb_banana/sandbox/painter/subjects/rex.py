"""The T-Rex: at ease on a sun lounger, or on its feet."""

from nb_banana.sandbox.painter.brush import Brush, dark
from nb_banana.sandbox.painter.subjects.furniture import lounger
from nb_banana.sandbox.painter.subjects.parts import INK, Look, eye, hats, lens

GREEN = "#58b04f"

# fmt: off
SKULL = [
    (-0.44, -0.02), (-0.48, -0.3), (-0.36, -0.52), (-0.12, -0.61), (0.1, -0.56), (0.24, -0.46),
    (0.44, -0.44), (0.6, -0.38), (0.66, -0.26), (0.6, -0.15), (0.32, -0.12), (0.02, -0.15),
    (-0.14, -0.18), (-0.24, -0.1), (-0.3, 0.0), (-0.38, 0.06),
]
JAW = [
    (-0.4, -0.12), (0.0, -0.06), (0.4, -0.1), (0.55, -0.1), (0.56, 0.03), (0.4, 0.1),
    (0.1, 0.14), (-0.25, 0.16), (-0.42, 0.06),
]
MOUTH = [
    (-0.16, -0.16), (0.2, -0.14), (0.58, -0.17), (0.52, -0.04), (0.2, 0.0), (-0.1, 0.0),
    (-0.3, -0.04), (-0.3, -0.14),
]
# fmt: on


def rex(brush: Brush, look: Look) -> None:
    """A friendly T-Rex; with ``"lying"`` among the traits it reclines on a lounger."""
    if "lying" in look.traits:
        _reclining(brush.at(0.02, 0, 1 / 1.7), look)
    else:
        _standing(brush.at(0, 0, 1 / 1.62), look)


def _reclining(brush: Brush, look: Look) -> None:
    """On its back, legs up, a coconut in its hand; about 2.4 wide and 1.7 high."""
    skin = look.paint(GREEN)
    brush.shadow(0.08, 0.0, 1.35, 0.16, 0.5)
    tail = [(-0.02, -0.52), (-0.3, -0.3), (-0.62, -0.14), (-0.98, -0.1), (-1.22, -0.24)]
    lounger(brush, Look(rng=look.rng))
    far = dark(skin, 0.22)
    brush.limb([(0.3, -0.6), (0.62, -0.62), (0.94, -0.56)], [0.3, 0.2, 0.14], far)
    _foot(brush.at(0.98, -0.55, 1, turn=-86), far)
    brush.limb([(0.02, -0.95), (0.2, -0.94), (0.32, -1.04)], [0.12, 0.09, 0.08], far)
    coconut(brush.at(0.36, -1.1, 0.32, turn=8))
    brush.limb(tail, [0.42, 0.3, 0.2, 0.12, 0.03], skin, shade=0.4)
    _body(brush, look)
    brush.limb([(0.1, -0.62), (0.34, -0.84), (0.53, -0.95)], [0.42, 0.34, 0.2], skin, shade=0.35)
    brush.limb([(0.53, -0.95), (0.62, -0.72), (0.66, -0.52)], [0.2, 0.16, 0.13], skin, shade=0.3)
    _foot(brush.at(0.66, -0.47, 1, turn=0), skin)
    head(brush.at(-0.38, -1.12, 0.95, turn=-10), look)
    brush.limb([(-0.1, -0.86), (0.06, -0.78), (0.17, -0.87)], [0.14, 0.11, 0.09], skin, shade=0.3)
    _claws(brush.at(0.18, -0.88))


def _body(brush: Brush, look: Look) -> None:
    """Back on the backrest, belly to the sun."""
    skin = look.paint(GREEN)
    back = [
        (-0.7, -1.2),
        (-0.76, -0.98),
        (-0.56, -0.68),
        (-0.34, -0.48),
        (0.02, -0.42),
        (0.28, -0.46),
    ]
    front = [(0.38, -0.64), (0.26, -0.9), (0.02, -1.02), (-0.1, -1.14), (-0.3, -1.3)]
    brush.blob([*back, *front], skin, shade=0.45)
    belly = [
        (-0.24, -1.16),
        (-0.06, -1.09),
        (0.04, -1.0),
        (0.26, -0.88),
        (0.37, -0.66),
        (0.24, -0.56),
    ]
    brush.blob([*belly, (0.02, -0.68), (-0.18, -0.9)], "#e9e6a2")
    for k in range(4):
        x, y = -0.1 + 0.1 * k, -0.98 + 0.1 * k
        brush.limb(
            [(x - 0.04, y + 0.05), (x + 0.06, y - 0.01), (x + 0.12, y - 0.07)],
            [0.002, 0.014, 0.002],
            "#c9c67d",
        )
    for x, y, r in (
        (-0.52, -0.9, 0.035),
        (-0.42, -0.74, 0.045),
        (-0.28, -0.62, 0.035),
        (-0.5, -1.06, 0.03),
    ):
        brush.oval(x, y, r, None, dark(skin, 0.18))


def _foot(brush: Brush, skin: tuple[int, int, int] | str) -> None:
    """A foot that stands on the origin, toes to the right."""
    brush.blob(
        [(-0.11, -0.06), (-0.02, -0.14), (0.16, -0.1), (0.27, -0.02), (0.24, 0.05), (-0.08, 0.05)],
        skin,
        shade=0.25,
    )
    for x in (0.13, 0.2, 0.27):
        brush.blob(
            [(x - 0.035, 0.0), (x + 0.02, -0.02), (x + 0.05, 0.045), (x - 0.03, 0.055)], "#fff6dc"
        )


def _claws(brush: Brush) -> None:
    for k in (-1, 1):
        brush.limb([(0, 0), (0.04 + 0.02 * k, -0.05 + 0.03 * k)], [0.035, 0.01], "#fff6dc")


def head(brush: Brush, look: Look) -> None:
    """A large head in profile, looking right; the origin is where the neck begins."""
    skin = look.paint(GREEN)
    for k, (x, y) in enumerate(((-0.47, -0.1), (-0.45, -0.3), (-0.34, -0.49), (-0.16, -0.59))):
        spike = brush.at(x, y, 1, turn=-80 + 24 * k)
        spike.blob([(-0.08, 0.03), (0, -0.13), (0.08, 0.03)], "#f0803c")
    brush.blob(JAW, dark(skin, 0.08), shade=0.3)
    brush.blob(MOUTH, "#7a2233")
    brush.blob([(0.05, -0.06), (0.25, -0.08), (0.42, -0.05), (0.3, 0.0), (0.12, 0.01)], "#ff7f83")
    brush.blob(SKULL, skin, shade=0.4)
    for x in (0.06, 0.17, 0.28, 0.39, 0.5, 0.58):
        y = -0.135 - 0.01 * (x > 0.45)
        brush.flat([(x - 0.045, y), (x + 0.045, y), (x, y + 0.075)], "#fffdf2")
    brush.stroke([(-0.22, -0.21), (-0.25, -0.15), (-0.21, -0.08)], 0.022, dark(skin, 0.45))
    brush.oval(0.55, -0.34, 0.03, 0.02, dark(skin, 0.5), turn=-20)
    brush.oval(-0.06, -0.2, 0.085, 0.055, "#ff8f86", alpha=0.6)
    _eyes(brush, look)
    hats(brush.at(-0.14, -0.56, 0.75, turn=-8), look)


def _eyes(brush: Brush, look: Look) -> None:
    if "sunglasses" in look.traits:
        brush.stroke([(-0.4, -0.32), (-0.16, -0.4), (0.4, -0.42)], 0.04, INK)
        lens(brush.at(0.36, -0.36, 0.24))
        lens(brush.at(0.07, -0.35, 0.37))
        return
    brush.oval(0.04, -0.39, 0.13, 0.15, "#ffffff")
    eye(brush, 0.08, -0.38, 0.08)
    brush.limb(
        [(-0.1, -0.53), (0.04, -0.57), (0.17, -0.52)],
        [0.02, 0.045, 0.02],
        dark(look.paint(GREEN), 0.4),
    )


def coconut(brush: Brush) -> None:
    """A coconut to drink from, with a straw and a paper umbrella."""
    brush.limb([(-0.05, -0.2), (-0.2, -0.75), (-0.42, -0.86)], [0.06], "#ff6f61")
    brush.blob(
        [(-0.46, -0.2), (-0.42, 0.22), (0, 0.46), (0.42, 0.22), (0.46, -0.2), (0, -0.28)],
        "#8a5a36",
        shade=0.6,
    )
    brush.oval(0, -0.2, 0.45, 0.14, "#fff8ea")
    brush.oval(0, -0.19, 0.34, 0.09, "#dff3ee")
    brush.stroke([(0.1, -0.2), (0.3, -0.72)], 0.04, "#caa06a")
    brush.blob([(-0.08, -0.58), (0.3, -0.88), (0.68, -0.5), (0.3, -0.66)], "#ffc93c")
    brush.flat([(0.2, -0.72), (0.3, -0.86), (0.44, -0.68), (0.32, -0.66)], "#ff6f61")


def _standing(brush: Brush, look: Look) -> None:
    """On two legs, tail to the left, looking right."""
    skin = look.paint(GREEN)
    brush.shadow(0, 0.0, 0.8, 0.12, 0.45)
    brush.limb([(0.12, -0.5), (0.2, -0.3), (0.14, -0.06)], [0.3, 0.2, 0.14], dark(skin, 0.22))
    _foot(brush.at(0.16, -0.05), dark(skin, 0.22))
    brush.limb(
        [(-0.1, -0.62), (-0.45, -0.5), (-0.72, -0.5), (-0.96, -0.72)],
        [0.44, 0.3, 0.16, 0.03],
        skin,
        shade=0.35,
    )
    back = [(-0.26, -1.16), (-0.36, -0.8), (-0.38, -0.5), (-0.2, -0.3), (0.1, -0.28)]
    brush.blob([*back, (0.3, -0.44), (0.34, -0.7), (0.22, -0.95), (0.14, -1.2)], skin, shade=0.45)
    brush.blob(
        [(0.13, -1.1), (0.22, -0.93), (0.34, -0.7), (0.29, -0.46), (0.12, -0.36), (0.08, -0.7)],
        "#e9e6a2",
    )
    for k in range(4):
        y = -0.92 + 0.13 * k
        brush.limb(
            [(0.12, y), (0.2, y + 0.015), (0.29, y - 0.01)], [0.002, 0.014, 0.002], "#c9c67d"
        )
    brush.limb([(-0.14, -0.52), (-0.1, -0.3), (-0.16, -0.07)], [0.42, 0.28, 0.15], skin, shade=0.35)
    _foot(brush.at(-0.14, -0.03), skin)
    for x, y, r in ((-0.24, -0.86, 0.04), (-0.28, -0.7, 0.05), (-0.16, -0.98, 0.032)):
        brush.oval(x, y, r, None, dark(skin, 0.18))
    head(brush.at(0.06, -1.12, 0.85), look)
    brush.limb([(0.12, -0.86), (0.3, -0.8), (0.42, -0.9)], [0.14, 0.11, 0.09], skin, shade=0.3)
    _claws(brush.at(0.43, -0.91))
