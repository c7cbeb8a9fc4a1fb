"""Animals: a family that sits and looks at you, and a penguin."""

from nb_banana.sandbox.painter.brush import Brush, Paint, dark, mix, pale
from nb_banana.sandbox.painter.subjects.parts import INK, Look, face


def cat(brush: Brush, look: Look) -> None:
    """A sitting cat with a striped tail."""
    fur = look.paint(look.rng.choice(["#f0a04b", "#8d8f9c", "#c98d5a"]))
    tail = [(0.22, -0.08), (0.46, -0.1), (0.5, -0.32), (0.4, -0.46), (0.46, -0.58)]
    brush.limb(tail, [0.12, 0.1, 0.08], dark(fur, 0.12), shade=0.3)
    sitting(brush, fur)
    for side in (-1, 1):
        ear = brush.at(side * 0.2, -0.84, 1, mirror=side < 0)
        ear.blob([(-0.13, 0.04), (0.05, -0.2), (0.13, 0.1)], fur)
        ear.blob([(-0.06, 0.03), (0.045, -0.12), (0.08, 0.06)], "#f7a6a6")
    skull(brush, fur)
    for x in (-0.08, 0, 0.08):
        brush.limb([(x, -0.9), (x * 0.8, -0.81)], [0.035, 0.01], dark(fur, 0.25))
    for side in (-1, 1):
        for y in (-0.6, -0.56):
            brush.limb([(side * 0.14, y), (side * 0.4, y * 1.6 + 0.35)], [0.012, 0.004], "#fffaf0")
    muzzle(brush, look, "#f28b93")


def dog(brush: Brush, look: Look) -> None:
    """A sitting dog with hanging ears and a collar."""
    fur = look.paint(look.rng.choice(["#c98a52", "#e8c48c", "#a5714a"]))
    brush.limb([(0.24, -0.1), (0.42, -0.2), (0.5, -0.38)], [0.12, 0.09, 0.05], fur, shade=0.3)
    sitting(brush, fur)
    skull(brush, fur)
    for side in (-1, 1):
        ear = [
            (side * 0.18, -0.9),
            (side * 0.34, -0.88),
            (side * 0.42, -0.62),
            (side * 0.35, -0.48),
        ]
        brush.blob([*ear, (side * 0.26, -0.6)], dark(fur, 0.3), shade=0.25)
    brush.oval(0.11, -0.71, 0.1, 0.12, dark(fur, 0.25))
    muzzle(brush, look, INK)
    brush.limb([(-0.17, -0.42), (0, -0.38), (0.17, -0.42)], [0.05], "#d63c3c")
    brush.oval(0, -0.35, 0.04, None, "#ffd23f")


def rabbit(brush: Brush, look: Look) -> None:
    """A rabbit with long ears."""
    fur = look.paint("#e9dfd3")
    sitting(brush, fur)
    for side in (-1, 1):
        ear = brush.at(side * 0.12, -0.84, 1, turn=side * 9)
        ear.oval(0, -0.16, 0.08, 0.24, fur, shade=0.3)
        ear.oval(0, -0.15, 0.04, 0.17, "#f7b3b8")
    skull(brush, fur)
    muzzle(brush, look, "#f28b93")


def bear(brush: Brush, look: Look) -> None:
    """A bear with round ears."""
    _round_ears(brush, look, look.paint("#9a6a42"), None)


def panda(brush: Brush, look: Look) -> None:
    """A black and white bear."""
    _round_ears(brush, look, look.paint("#f7f4ee"), "#34323c")


def _round_ears(brush: Brush, look: Look, fur: Paint, patch: Paint | None) -> None:
    sitting(brush, patch or fur, pale(fur, 0.35))
    for side in (-1, 1):
        brush.oval(side * 0.24, -0.88, 0.1, None, patch or fur, shade=0.3)
        brush.oval(side * 0.24, -0.88, 0.055, None, dark(patch or fur, 0.25))
    skull(brush, fur)
    if patch:
        for side in (-1, 1):
            brush.oval(side * 0.13, -0.69, 0.095, 0.11, patch, turn=side * 25)
            brush.oval(side * 0.125, -0.7, 0.062, 0.068, "#ffffff")
    muzzle(brush, look, INK)


def fox(brush: Brush, look: Look) -> None:
    """A fox with a bushy tail."""
    fur = look.paint("#ea7a35")
    brush.limb([(0.2, -0.1), (0.5, -0.14), (0.58, -0.5)], [0.14, 0.24, 0.06], fur, shade=0.4)
    brush.limb([(0.575, -0.34), (0.585, -0.42), (0.58, -0.54)], [0.18, 0.14, 0.02], "#fff6ea")
    sitting(brush, fur)
    for side in (-1, 1):
        brush.blob([(side * 0.08, -0.84), (side * 0.27, -1.06), (side * 0.32, -0.72)], fur)
        brush.blob([(side * 0.15, -0.86), (side * 0.25, -0.98), (side * 0.28, -0.78)], INK)
    skull(brush, fur)
    for side in (-1, 1):
        brush.blob(
            [
                (0, -0.58),
                (side * 0.2, -0.64),
                (side * 0.31, -0.58),
                (side * 0.18, -0.48),
                (0, -0.46),
            ],
            "#fff6ea",
        )
    muzzle(brush, look, INK)


def sitting(brush: Brush, fur: Paint, chest: Paint | None = None) -> None:
    """The body of a small animal that sits and faces us."""
    brush.shadow(0.03, -0.01, 0.48, 0.07)
    brush.blob(
        [
            (-0.17, -0.52),
            (-0.27, -0.25),
            (-0.27, -0.03),
            (0, 0.01),
            (0.27, -0.03),
            (0.27, -0.25),
            (0.17, -0.52),
        ],
        fur,
        shade=0.4,
    )
    brush.oval(0, -0.26, 0.14, 0.19, chest or pale(fur, 0.5))
    for side in (-1, 1):
        brush.oval(side * 0.24, -0.08, 0.13, 0.1, fur, shade=0.3)
        brush.limb([(side * 0.09, -0.3), (side * 0.09, -0.05)], [0.11, 0.1], fur, shade=0.25)
        brush.oval(side * 0.1, -0.02, 0.085, 0.05, pale(fur, 0.45))


def skull(brush: Brush, fur: Paint) -> None:
    """A round head above the body."""
    brush.blob(
        [
            (-0.34, -0.62),
            (-0.26, -0.85),
            (0, -0.93),
            (0.26, -0.85),
            (0.34, -0.62),
            (0.2, -0.45),
            (0, -0.42),
            (-0.2, -0.45),
        ],
        fur,
        shade=0.35,
    )


def muzzle(brush: Brush, look: Look, nose: Paint) -> None:
    """Eyes, nose and mouth of the sitting family."""
    for side in (-1, 1):
        brush.oval(side * 0.065, -0.54, 0.09, 0.07, "#fff8ee")
    face(brush.at(0, -0.69, 0.5), look, gap=0.5, mouth=0.34)
    brush.blob([(-0.05, -0.595), (0.05, -0.595), (0, -0.55)], nose)


def penguin(brush: Brush, look: Look) -> None:
    """A penguin that waddles."""
    coat = look.paint("#37415c")
    brush.shadow(0, 0, 0.4, 0.06)
    for side in (-1, 1):
        brush.oval(side * 0.13, -0.03, 0.13, 0.055, "#f59a2f")
        brush.limb(
            [(side * 0.26, -0.6), (side * 0.42, -0.4), (side * 0.44, -0.24)],
            [0.14, 0.12, 0.03],
            coat,
            shade=0.3,
        )
    brush.blob(
        [
            (-0.32, -0.3),
            (-0.29, -0.7),
            (-0.2, -0.94),
            (0, -1.0),
            (0.2, -0.94),
            (0.29, -0.7),
            (0.32, -0.3),
            (0.2, -0.05),
            (-0.2, -0.05),
        ],
        coat,
        shade=0.4,
    )
    brush.blob(
        [
            (-0.21, -0.3),
            (-0.18, -0.6),
            (-0.2, -0.8),
            (-0.06, -0.86),
            (0, -0.8),
            (0.06, -0.86),
            (0.2, -0.8),
            (0.18, -0.6),
            (0.21, -0.3),
            (0, -0.1),
        ],
        "#fffaf0",
    )
    face(brush.at(0, -0.76, 0.4), look, gap=0.5, mouth=0.2)
    brush.blob([(-0.07, -0.71), (0.07, -0.71), (0, -0.63)], "#f59a2f")


def elephant(brush: Brush, look: Look) -> None:
    """An elephant that faces us."""
    skin = look.paint("#93a5b8")
    sitting(brush, skin)
    for side in (-1, 1):
        brush.oval(side * 0.38, -0.7, 0.22, 0.26, skin, shade=0.3)
        brush.oval(side * 0.38, -0.69, 0.14, 0.17, mix(skin, "#f7a6a6", 0.6))
    skull(brush, skin)
    face(brush.at(0, -0.74, 0.48), look, gap=0.62, mouth=0.44)
    brush.limb(
        [(0, -0.66), (0.02, -0.44), (0.1, -0.3), (0.24, -0.32)],
        [0.2, 0.14, 0.1, 0.08],
        skin,
        shade=0.35,
    )
