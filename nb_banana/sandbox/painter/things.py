"""Things that a prompt can ask for, and the plants that backdrops are full of."""

import math

from nb_banana.sandbox.painter.brush import Brush, Paint, curve, dark, mix, pale, points_of
from nb_banana.sandbox.painter.figures import FIGURES, INK, RED, Look, Subject

WOOD, GLASS = "#8a5d3b", "#bfe6f5"


def _castle(brush: Brush, look: Look) -> None:
    wall = look.paint("#cfc3d6")
    brush.shadow(0, 0, 0.8, 0.07)
    for x, top, w in ((-0.46, -0.66, 0.15), (0.46, -0.66, 0.15), (0, -0.76, 0.2)):
        tower = brush.at(x, top)
        tower.flat([(-w, -top), (-w, 0), (w, 0), (w, -top)], wall, shade=0.3)
        tower.flat([(-w * 1.25, 0), (0, -0.3), (w * 1.25, 0)], "#7b6fd0", shade=0.3)
        tower.oval(0, 0.14, 0.04, 0.07, "#4a4668")
        tower.flat("0,-36 13,-32 0,-28", "#ff8fa3")
    brush.box(-0.42, -0.38, 0.84, 0.38, pale(wall, 0.15))
    brush.blob("-11,0 -11,-20 0,-30 11,-20 11,0", "#6f4a35")


def _car(brush: Brush, look: Look) -> None:
    body = look.paint(RED, "#3b82e0", "#f2b632", "#3fae8f")
    brush.shadow(0, 0, 1.15, 0.12)
    brush.blob("-62,-52 -46,-92 -10,-100 26,-94 56,-52", body, shade=0.4)
    brush.blob("-50,-56 -38,-84 -8,-90 -7,-54", GLASS)
    brush.blob("1,-54 1,-90 22,-84 44,-55", GLASS)
    brush.blob("-100,-20 -98,-46 -60,-60 50,-58 90,-48 102,-24 90,-14 -90,-14", body, shade=0.4)
    brush.limb("-96,-18 98,-18", 0.06, pale(body, 0.7))
    brush.oval(0.92, -0.38, 0.06, 0.08, "#fff3c4")
    for x in (-0.56, 0.58):
        brush.oval(x, -0.22, 0.22, None, INK)
        brush.oval(x, -0.22, 0.13, None, "#c9ced6", shade=0.4)
        brush.oval(x, -0.22, 0.04, None, INK)


def _rocket(brush: Brush, look: Look) -> None:
    paint, b = look.paint(RED), brush.at(0, -0.08, turn=14)
    b.glow(0, 0.0, 0.4, "#ffb347", 0.8)
    b.blob("-12,-20 -10,0 0,16 10,0 12,-20", "#ff9a3d")
    for half in b.sides():
        half.blob("14,-40 34,-16 30,-8 12,-18", paint, shade=0.3)
    b.blob("-16,-18 -20,-50 -12,-80 0,-96 12,-80 20,-50 16,-18", "#f4f1ea", shade=0.5)
    b.blob("-13,-76 -7,-88 0,-97 7,-88 13,-76 0,-73", paint, shade=0.3)
    b.oval(0, -0.54, 0.105, None, "#6d7a92")
    b.oval(0, -0.54, 0.078, None, GLASS)


def _mug(brush: Brush, look: Look) -> None:
    china = look.paint("#4aa3c7")
    brush.shadow(0, 0, 0.6, 0.1)
    brush.limb("30,-60 56,-56 54,-28 28,-20", 0.09, dark(china, 0.12))
    brush.blob("-38,-72 -36,-20 -28,-2 28,-2 36,-20 38,-72", china, shade=0.5)
    brush.oval(0, -0.72, 0.385, 0.085, pale(china, 0.6))
    brush.oval(0, -0.715, 0.33, 0.062, "#5a3423")
    brush.blob("0,-26 -14,-40 -10,-50 0,-45 10,-50 14,-40", "#fff6e6")
    for x in (-0.14, 0.1):
        steam = brush.at(x, -0.78)
        steam.limb("0,0 5,-9 -3,-16 4,-24", [0.05, 0.045, 0.03, 0.005], "#ffffff", alpha=0.55)


def palm(brush: Brush, look: Look) -> None:
    """A palm that leans to the left."""
    brush.shadow(0, 0, 0.4, 0.05)
    trunk = points_of("0,0 3,-30 -3,-58 -16,-80")
    brush.limb(trunk, [0.1, 0.07, 0.055, 0.05], "#a9754a", shade=0.5)
    for x, y in curve(trunk, closed=False, steps=4)[1:-1]:
        brush.at(x, y).limb("-3.5,0 0,1.4 3.5,-0.6", 0.007, "#7d5232")
    crown, green = brush.at(-0.16, -0.8), look.paint("#3c9450")
    greens = [dark(green, 0.18), green, mix(green, "#8be05f", 0.35)]
    for i, angle in enumerate((200, 340, 172, 8, 224, 316, 150, 28, 248, 292, 270)):
        frond(crown, angle, 0.36 + 0.03 * (i % 3), greens[min(2, i // 4)])


def frond(brush: Brush, angle: float, length: float, paint: Paint) -> None:
    """One feathered leaf that leaves at an angle (degrees) and droops."""
    a, steps = math.radians(angle), [k / 12 for k in range(13)]
    leaf, c, s = brush.at(0, 0, length), math.cos(a), math.sin(a)
    spine = [(t * c, t * s + 0.62 * t * t) for t in steps]
    for (ax, ay), (bx, by), t in zip(spine, spine[1:], steps, strict=False):
        half = 0.17 * math.sin(math.pi * (0.15 + 0.8 * t)) / math.hypot(bx - ax, by - ay)
        for side in (-half, half):
            tip = (bx - side * (by - ay), by + side * (bx - ax))
            leaf.flat([(2 * ax - bx, 2 * ay - by), (bx, by), tip], paint)
    leaf.limb(spine, [0.033, 0.01], pale(paint, 0.35))


def tree(brush: Brush, look: Look) -> None:
    """A round leafy tree."""
    leaf = look.paint("#58a64b")
    brush.shadow(0, 0, 0.34, 0.05)
    brush.limb("0,0 1,-25 0,-50", [0.14, 0.09, 0.07], WOOD, shade=0.4)
    crown = "-36,-50 -36,-72 -20,-90 4,-100 26,-88 38,-68 34,-48 14,-40 -14,-40"
    brush.blob(crown, dark(leaf, 0.12), shade=0.4)


def fir(brush: Brush, look: Look) -> None:
    """A fir in three tiers."""
    leaf = look.paint("#2f7a5b")
    brush.box(-0.035, -0.16, 0.07, 0.16, "#7a5233")
    for base, top, half in ((-0.1, -0.55, 0.3), (-0.34, -0.78, 0.235), (-0.58, -1.0, 0.17)):
        brush.flat([(-half, base), (0, top), (half, base), (0, base + 0.04)], leaf)
        brush.flat([(0, top), (half, base), (0, base + 0.04)], dark(leaf, 0.2))


SUBJECTS = FIGURES | {
    "castle": Subject(_castle, "castle palace tower", 1.35, 1.8, "hills"),
    "car": Subject(_car, "car taxi", 2.05, 0.75, "city"),
    "rocket": Subject(_rocket, "rocket spaceship", 0.75, 1.2, "space", flies=True),
    "mug": Subject(_mug, "mug cup coffee tea cocoa", 1.05, 0.4, "room"),
    "tree": Subject(tree, "tree", 0.8, 1.6, "hills"),
    "palm": Subject(palm, "palm", 0.9, 1.6, "beach"),
}
"""Every subject, by the name of its kind; the first row that knows a word draws it."""
