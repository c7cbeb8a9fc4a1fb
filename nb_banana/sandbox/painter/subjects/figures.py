"""Those who stand on two legs: people, astronauts, robots, snowmen."""

from nb_banana.sandbox.painter.brush import Brush, dark, pale
from nb_banana.sandbox.painter.subjects.parts import INK, Look, face

SKINS = ["#f6cfa8", "#e8b48a", "#c68a5c", "#8f5a3a", "#fbdcc0"]
HAIR = ["#3a2a22", "#7a4a2b", "#d9a441", "#1f1d26", "#b5523b"]


def person(brush: Brush, look: Look) -> None:
    """A friendly person who waves."""
    skin, hair = look.rng.choice(SKINS), look.rng.choice(HAIR)
    shirt = look.paint(look.rng.choice(["#3fae8f", "#e5645a", "#4a86d8", "#f2b632"]))
    brush.shadow(0, 0, 0.32, 0.05)
    for x in (-0.075, 0.075):
        brush.limb([(x, -0.34), (x * 1.1, -0.03)], [0.12, 0.09], "#3d5a80", shade=0.3)
        brush.oval(x * 1.1 + 0.02, -0.02, 0.08, 0.035, INK)
    brush.limb([(0.13, -0.58), (0.25, -0.64), (0.3, -0.8)], [0.09, 0.08, 0.06], shirt)
    brush.oval(0.305, -0.82, 0.045, None, skin)
    brush.limb([(-0.13, -0.58), (-0.21, -0.46), (-0.2, -0.34)], [0.09, 0.08, 0.06], shirt)
    brush.oval(-0.2, -0.32, 0.042, None, skin)
    brush.blob(
        [(-0.13, -0.64), (-0.16, -0.5), (-0.15, -0.3), (0.15, -0.3), (0.16, -0.5), (0.13, -0.64)],
        shirt,
        shade=0.35,
    )
    long = look.rng.random() < 0.5
    if long:
        brush.blob([(-0.2, -0.86), (-0.22, -0.6), (0.22, -0.6), (0.2, -0.86), (0, -1.0)], hair)
    brush.box(-0.04, -0.68, 0.08, 0.07, dark(skin, 0.12))
    brush.oval(0, -0.8, 0.165, 0.175, skin, shade=0.2)
    brush.blob(
        [
            (-0.18, -0.78),
            (-0.18, -0.94),
            (0, -1.01),
            (0.18, -0.94),
            (0.18, -0.78),
            (0.12, -0.9),
            (-0.06, -0.9),
        ],
        hair,
    )
    face(brush.at(0, -0.8, 0.32), look, gap=0.44, mouth=0.3)


def astronaut(brush: Brush, look: Look) -> None:
    """An astronaut, visor and all."""
    suit = look.paint("#f1f2f6")
    brush.shadow(0, 0, 0.36, 0.05)
    brush.flat([(-0.24, -0.66), (0.24, -0.66), (0.24, -0.3), (-0.24, -0.3)], "#b9c0cc")
    for side in (-1, 1):
        brush.limb([(side * 0.09, -0.32), (side * 0.11, -0.04)], [0.16, 0.14], suit, shade=0.35)
        brush.oval(side * 0.13, -0.03, 0.1, 0.05, "#6d7a92")
    brush.limb([(-0.16, -0.58), (-0.3, -0.46), (-0.32, -0.32)], [0.13, 0.11], suit, shade=0.35)
    brush.limb([(0.16, -0.58), (0.32, -0.62), (0.38, -0.8)], [0.13, 0.11], suit, shade=0.35)
    brush.blob(
        [(-0.18, -0.64), (-0.2, -0.45), (-0.17, -0.28), (0.17, -0.28), (0.2, -0.45), (0.18, -0.64)],
        suit,
        shade=0.35,
    )
    brush.box(-0.09, -0.5, 0.18, 0.1, "#6d7a92")
    for x, paint in ((-0.05, "#e5483d"), (0, "#ffd23f"), (0.05, "#4caf50")):
        brush.oval(x, -0.45, 0.018, None, paint)
    brush.oval(0, -0.8, 0.22, 0.205, suit, shade=0.35)
    brush.oval(0, -0.8, 0.17, 0.145, "#28324f")
    brush.oval(0, -0.8, 0.15, 0.125, "#f6cfa8")
    face(brush.at(0, -0.82, 0.3), look, gap=0.44, mouth=0.28)
    brush.limb([(-0.13, -0.8), (-0.1, -0.88), (-0.03, -0.92)], [0.004, 0.02, 0.004], "#ffffff")


def robot(brush: Brush, look: Look) -> None:
    """A robot with a lamp on its head."""
    steel = look.paint("#8fb8c9")
    brush.shadow(0, 0, 0.4, 0.06)
    for side in (-1, 1):
        brush.limb([(side * 0.13, -0.24), (side * 0.13, -0.05)], [0.08], dark(steel, 0.35))
        brush.blob(
            [
                (side * 0.13 - 0.11, 0),
                (side * 0.13 - 0.09, -0.08),
                (side * 0.13 + 0.09, -0.08),
                (side * 0.13 + 0.11, 0),
            ],
            dark(steel, 0.2),
        )
    for line in (
        [(-0.26, -0.48), (-0.4, -0.4), (-0.4, -0.26)],
        [(0.26, -0.48), (0.4, -0.54), (0.43, -0.7)],
    ):
        brush.stroke(line, 0.07, dark(steel, 0.35))
        brush.oval(*line[-1], 0.065, None, "#f2b632")
    _plate(brush, -0.27, -0.54, 0.54, 0.34, steel)
    brush.oval(0, -0.37, 0.11, None, "#fffaf0")
    brush.limb([(0, -0.37), (0.05, -0.43)], [0.02], "#e5483d")
    brush.box(-0.06, -0.6, 0.12, 0.08, dark(steel, 0.35))
    brush.stroke([(0, -0.86), (0, -0.97)], 0.03, dark(steel, 0.35))
    brush.bright().glow(0, -0.99, 0.14, "#ff6f61", 0.7)
    brush.bright().oval(0, -0.99, 0.04, None, "#ff6f61")
    _plate(brush, -0.25, -0.88, 0.5, 0.3, pale(steel, 0.15))
    brush.flat([(-0.2, -0.83), (0.2, -0.83), (0.2, -0.63), (-0.2, -0.63)], "#24405a")
    glowing = brush.bright()
    if "sunglasses" not in look.traits:
        for x in (-0.09, 0.09):
            glowing.oval(x, -0.76, 0.045, None, "#7df0e0")
        glowing.limb([(-0.08, -0.685), (0, -0.66), (0.08, -0.685)], [0.02], "#7df0e0")
    else:
        face(brush.at(0, -0.76, 0.38), look, gap=0.46, mouth=0.26)


def _plate(
    brush: Brush, x: float, y: float, w: float, h: float, paint: tuple[int, int, int] | str
) -> None:
    """A box with soft corners and rivets."""
    r = 0.05
    corners = [
        (x, y + r),
        (x + r, y),
        (x + w - r, y),
        (x + w, y + r),
        (x + w, y + h - r),
        (x + w - r, y + h),
        (x + r, y + h),
        (x, y + h - r),
    ]
    brush.flat(corners, paint, shade=0.4)
    for u in (x + 0.04, x + w - 0.04):
        for v in (y + 0.045, y + h - 0.045):
            brush.oval(u, v, 0.012, None, dark(paint, 0.4))


def snowman(brush: Brush, look: Look) -> None:
    """A snowman with a carrot nose and a scarf."""
    white = look.paint("#f7fbff")
    brush.shadow(0, 0, 0.4, 0.06)
    for side in (-1, 1):
        brush.limb(
            [(side * 0.2, -0.52), (side * 0.44, -0.66), (side * 0.5, -0.74)],
            [0.03, 0.02],
            "#7d5232",
        )
    for y, r in ((-0.22, 0.26), (-0.54, 0.2), (-0.8, 0.155)):
        brush.oval(0, y, r, r * 0.95, white, shade=0.35)
    for y in (-0.5, -0.36, -0.24):
        brush.oval(0, y, 0.022, None, INK)
    brush.limb([(-0.15, -0.68), (0, -0.64), (0.15, -0.68)], [0.07], "#e5483d")
    brush.limb([(0.1, -0.66), (0.14, -0.5)], [0.07, 0.08], "#e5483d", shade=0.2)
    face(brush.at(0, -0.82, 0.28), look, gap=0.5, mouth=0.34)
    brush.blob([(-0.02, -0.8), (0.14, -0.765), (-0.02, -0.755)], "#f58a33")
    if not look.traits & {"hat", "crown", "party"}:
        brush.box(-0.17, -0.94, 0.34, 0.035, INK)
        brush.box(-0.11, -1.1, 0.22, 0.17, INK)
        brush.box(-0.11, -0.975, 0.22, 0.035, "#e5483d")
