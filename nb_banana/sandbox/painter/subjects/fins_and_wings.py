"""Animals that swim or fly."""

from nb_banana.sandbox.painter.brush import Brush, dark, pale
from nb_banana.sandbox.painter.subjects.parts import INK, Look, eye, hats, lens


def fish(brush: Brush, look: Look) -> None:
    """A round fish that swims to the right."""
    scale = look.paint(look.rng.choice(["#ff8a3d", "#ffc93c", "#5aa9e6", "#f2689c"]))
    fin = dark(scale, 0.18)
    brush.blob([(-0.5, -0.5), (-0.86, -0.86), (-0.76, -0.5), (-0.86, -0.14)], fin, shade=0.3)
    brush.blob([(-0.2, -0.8), (0.0, -1.04), (0.3, -0.82)], fin)
    brush.blob(
        [
            (-0.58, -0.5),
            (-0.25, -0.82),
            (0.2, -0.88),
            (0.6, -0.66),
            (0.68, -0.48),
            (0.5, -0.26),
            (0.1, -0.12),
            (-0.3, -0.22),
        ],
        scale,
        shade=0.5,
    )
    for x in (-0.22, 0.06):
        brush.limb([(x, -0.82), (x + 0.08, -0.5), (x, -0.2)], [0.02, 0.11, 0.02], "#fff6e6")
    brush.blob([(0.02, -0.46), (-0.2, -0.4), (-0.18, -0.22), (0.06, -0.34)], fin)
    brush.oval(0.38, -0.58, 0.12, None, "#ffffff")
    eye(brush, 0.41, -0.57, 0.075)
    if "sunglasses" in look.traits:
        lens(brush.at(0.39, -0.58, 0.34))
    brush.limb([(0.46, -0.36), (0.54, -0.34), (0.6, -0.38)], [0.02, 0.03, 0.02], INK)
    hats(brush.at(0.25, -0.86, 0.6), look)


def bird(brush: Brush, look: Look) -> None:
    """A small round bird in flight, looking right."""
    plume = look.paint(look.rng.choice(["#4aa3df", "#f2645a", "#f5b82e"]))
    brush.blob(
        [(-0.36, -0.5), (-0.8, -0.6), (-0.74, -0.46), (-0.84, -0.34), (-0.36, -0.36)],
        dark(plume, 0.2),
    )
    brush.blob(
        [(0.0, -0.56), (-0.1, -0.9), (-0.42, -1.04), (-0.34, -0.7), (-0.2, -0.48)], dark(plume, 0.3)
    )
    brush.blob(
        [
            (-0.42, -0.44),
            (-0.1, -0.64),
            (0.12, -0.8),
            (0.36, -0.78),
            (0.46, -0.58),
            (0.36, -0.3),
            (0.02, -0.16),
            (-0.3, -0.24),
        ],
        plume,
        shade=0.45,
    )
    brush.blob([(0.36, -0.44), (0.24, -0.24), (0.02, -0.19), (0.1, -0.36)], "#fff4dc")
    brush.blob([(0.44, -0.66), (0.66, -0.58), (0.44, -0.5)], "#f59a2f")
    brush.blob(
        [(0.06, -0.5), (-0.16, -0.94), (-0.5, -1.0), (-0.34, -0.6), (-0.1, -0.38)],
        dark(plume, 0.12),
        shade=0.3,
    )
    eye(brush, 0.31, -0.63, 0.055)
    if "sunglasses" in look.traits:
        lens(brush.at(0.32, -0.63, 0.24))
    hats(brush.at(0.26, -0.8, 0.5), look)


def butterfly(brush: Brush, look: Look) -> None:
    """A butterfly with spread wings."""
    wing = look.paint(look.rng.choice(["#f58a33", "#8e5bd0", "#3b9fe0", "#f2689c"]))
    for side in (-1, 1):
        half = brush.at(0, -0.5, 1, mirror=side < 0)
        half.blob(
            [(0.02, 0.02), (0.3, 0.04), (0.46, 0.24), (0.26, 0.46), (0.06, 0.3)],
            dark(wing, 0.15),
            shade=0.3,
        )
        half.blob(
            [(0.02, 0.0), (0.14, -0.34), (0.46, -0.5), (0.64, -0.34), (0.5, 0.0), (0.2, 0.12)],
            wing,
            shade=0.3,
        )
        half.oval(0.42, -0.26, 0.1, None, pale(wing, 0.6))
        half.oval(0.28, 0.24, 0.07, None, pale(wing, 0.6))
        half.limb([(0.01, -0.26), (0.06, -0.42), (0.16, -0.5)], [0.016], INK)
    brush.limb([(0, -0.76), (0, -0.5), (0, -0.16)], [0.07, 0.09, 0.03], INK)
