"""Plants: palms, trees, firs, cactuses, flowers and grass."""

import math

from nb_banana.sandbox.painter.brush import Brush, Paint, Point, curve, dark, mix, pale
from nb_banana.sandbox.painter.subjects.parts import Look, face


def palm(brush: Brush, look: Look) -> None:
    """A palm that leans to the left."""
    brush.shadow(0, 0, 0.4, 0.05)
    trunk = [(0.0, 0.0), (0.03, -0.3), (-0.03, -0.58), (-0.16, -0.8)]
    brush.limb(trunk, [0.1, 0.07, 0.055, 0.05], "#a9754a", shade=0.5)
    for k, (x, y) in enumerate(curve(trunk, closed=False, steps=4)[1:-1]):
        w = 0.042 - 0.0018 * k
        brush.limb([(x - w, y), (x, y + 0.014), (x + w, y - 0.006)], [0.007], "#7d5232")
    crown = brush.at(-0.16, -0.8)
    green = look.paint("#3c9450")
    greens = [dark(green, 0.18), green, mix(green, "#8be05f", 0.35)]
    for i, angle in enumerate((200, 340, 172, 8, 224, 316, 150, 28, 248, 292, 270)):
        frond(crown, angle, 0.36 + 0.03 * (i % 3), greens[min(2, i // 4)])
    for x, y in ((-0.035, 0.03), (0.03, 0.035), (0.0, 0.055)):
        crown.oval(x, y, 0.032, None, "#7a4a2b", shade=0.5)


def frond(brush: Brush, angle: float, length: float, paint: Paint) -> None:
    """One feathered leaf that leaves at an angle (degrees) and droops."""
    a = math.radians(angle)
    spine: list[Point] = []
    for k in range(9):
        t = k / 8
        spine.append((length * t * math.cos(a), length * (t * math.sin(a) + 0.62 * t * t)))
    upper: list[Point] = []
    lower: list[Point] = []
    for k, (x, y) in enumerate(spine):
        half = 0.052 * math.sin(math.pi * min(1, 0.12 + k / 8 * 0.88))
        before, after = spine[max(0, k - 1)], spine[min(8, k + 1)]
        way = math.atan2(after[1] - before[1], after[0] - before[0])
        for side, edge in ((-1, upper), (1, lower)):
            edge.append((x + side * half * math.sin(-way), y + side * half * math.cos(way)))
            # A notch between two leaflets makes it a feather.
            slant = 0.02
            edge.append(
                (
                    x + slant * math.cos(way) + side * half * 0.35 * math.sin(-way),
                    y + slant * math.sin(way) + side * half * 0.35 * math.cos(way),
                )
            )
    brush.flat([*upper, *reversed(lower)], paint)
    brush.limb(spine, [0.012, 0.004], pale(paint, 0.35))


def tree(brush: Brush, look: Look) -> None:
    """A round leafy tree."""
    leaf = look.paint("#58a64b")
    brush.shadow(0, 0, 0.34, 0.05)
    brush.limb([(0, 0.0), (0.01, -0.25), (0, -0.5)], [0.14, 0.09, 0.07], "#8a5d3b", shade=0.4)
    brush.limb([(0, -0.34), (0.12, -0.5)], [0.05, 0.03], "#8a5d3b")
    crown = [
        (-0.36, -0.5),
        (-0.36, -0.72),
        (-0.2, -0.9),
        (0.04, -1.0),
        (0.26, -0.88),
        (0.38, -0.68),
        (0.34, -0.48),
        (0.14, -0.4),
        (-0.14, -0.4),
    ]
    brush.blob(crown, dark(leaf, 0.12), shade=0.4)
    for x, y, r in ((-0.14, -0.7, 0.16), (0.12, -0.78, 0.15), (0.05, -0.58, 0.13)):
        brush.oval(x, y, r, r * 0.85, pale(leaf, 0.08), alpha=0.6)


def bush(brush: Brush, look: Look) -> None:
    """A low round bush."""
    leaf = look.paint("#63ad55")
    brush.blob(
        [
            (-0.8, 0.05),
            (-0.75, -0.35),
            (-0.35, -0.6),
            (0.05, -0.75),
            (0.45, -0.55),
            (0.8, -0.3),
            (0.8, 0.05),
        ],
        leaf,
        shade=0.35,
    )


def fir(brush: Brush, look: Look) -> None:
    """A fir in three tiers; with ``"snow"`` among the traits, under snow."""
    leaf = look.paint("#2f7a5b")
    brush.box(-0.035, -0.16, 0.07, 0.16, "#7a5233")
    for k, (base, top, half) in enumerate(
        ((-0.1, -0.55, 0.3), (-0.34, -0.78, 0.235), (-0.58, -1.0, 0.17))
    ):
        brush.flat([(-half, base), (0, top), (half, base), (0, base + 0.04)], leaf)
        brush.flat([(0, top), (half, base), (0, base + 0.04)], dark(leaf, 0.2))
        if "snow" in look.traits:
            w, drop = half * 0.55, (base - top) * 0.55
            brush.flat(
                [
                    (-w, top + drop),
                    (0, top - 0.01 * k),
                    (w, top + drop),
                    (w * 0.3, top + drop * 0.86),
                    (-w * 0.2, top + drop * 1.1),
                ],
                "#ffffff",
            )


def cactus(brush: Brush, look: Look) -> None:
    """A cactus with two arms and a flower."""
    skin = look.paint("#4f9d5d")
    brush.shadow(0.04, 0, 0.36, 0.05)
    for side, low, high in ((-1, -0.38, -0.7), (1, -0.5, -0.84)):
        arm = [(0, low), (side * 0.24, low - 0.01), (side * 0.28, low - 0.12), (side * 0.28, high)]
        brush.limb(arm, [0.12], skin, shade=0.35)
    brush.limb([(0, 0.0), (0, -0.5), (0, -0.9)], [0.19, 0.2, 0.18], skin, shade=0.45)
    for x in (-0.045, 0.0, 0.045):
        brush.stroke([(x, -0.08), (x, -0.88)], 0.01, dark(skin, 0.22))
    for angle in range(0, 360, 72):
        a = math.radians(angle)
        brush.oval(0.05 * math.cos(a), -1.0 + 0.04 * math.sin(a), 0.04, None, "#ff7fa8")
    brush.oval(0, -1.0, 0.025, None, "#ffd23f")


def flower(brush: Brush, look: Look) -> None:
    """A large flower with a smiling heart."""
    petal = look.paint(look.rng.choice(["#ff7fa8", "#f25f5c", "#b57bee", "#ffa94d"]))
    brush.shadow(0, 0, 0.25, 0.04)
    brush.limb([(0, 0), (0.03, -0.3), (0, -0.6)], [0.05, 0.04], "#3f8f4a")
    for side in (-1, 1):
        brush.blob(
            [(0.02, -0.12), (side * 0.16, -0.28), (side * 0.34, -0.3), (side * 0.2, -0.14)],
            "#55ad55",
            shade=0.3,
        )
    for k in range(8):
        a = k * math.tau / 8
        brush.oval(
            0.2 * math.cos(a),
            -0.7 + 0.2 * math.sin(a),
            0.14,
            0.095,
            petal,
            turn=math.degrees(a),
            shade=0.25,
        )
    brush.oval(0, -0.7, 0.15, None, "#ffcf3f", shade=0.35)
    face(brush.at(0, -0.73, 0.3), look, gap=0.42, mouth=0.3)


def pot_plant(brush: Brush, look: Look) -> None:
    """A leafy plant in a pot."""
    for k, angle in enumerate((205, 335, 228, 312, 250, 290, 270)):
        frond(brush.at(0, -0.34), angle, 0.6, dark("#4fa35a", 0.18 - 0.03 * k))
    brush.blob(
        [(-0.2, -0.36), (-0.15, -0.02), (0.15, -0.02), (0.2, -0.36)],
        look.paint("#d2694a"),
        shade=0.5,
    )
    brush.box(-0.22, -0.4, 0.44, 0.08, dark(look.paint("#d2694a"), 0.12))


def tuft(brush: Brush, paint: Paint) -> None:
    """A tuft of grass."""
    for lean in (-0.6, -0.25, 0.1, 0.5):
        brush.flat([(lean * 0.3 - 0.12, 0), (lean * 0.3 + 0.12, 0), (lean, -0.9)], paint)
