"""What a subject is: a drawing, the words that ask for it, and how it is to look this time.

Faces and what is worn on them: the same friendly eyes for everything that is alive.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from nb_banana.sandbox.painter.brush import Brush, Paint


@dataclass(frozen=True)
class Look:
    """How a subject is to look: its colour, what it wears or does, and the dice."""

    colour: Paint | None = None
    traits: frozenset[str] = frozenset()
    rng: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - paints, not secrets

    def paint(self, usual: Paint) -> Paint:
        """The colour asked for, or the usual one."""
        return self.colour or usual


@dataclass(frozen=True)
class Subject:
    """One row of the table of subjects.

    Attributes:
        draw: paints it, feet at (0, 0), one unit high.
        words: the words that ask for it, in the singular.
        width: how wide it is when it is one unit high.
        size: how large it is next to the others; a person is 1.
        home: the backdrop it gets where the prompt names none.
        flies: whether it belongs in the air.
    """

    draw: Callable[[Brush, Look], None]
    words: str
    width: float = 1.0
    size: float = 1.0
    home: str = "studio"
    flies: bool = False


INK = "#2a2430"


def face(brush: Brush, look: Look, *, gap: float = 0.5, mouth: float = 0.42) -> None:
    """Two eyes (one unit is about the width of a face), cheeks and a smile.

    Args:
        brush: its origin is between the eyes.
        look: with ``"sunglasses"`` among the traits the eyes are covered.
        gap: the distance between the eyes.
        mouth: how far below the eyes the smile is.
    """
    for side in (-1, 1):
        brush.oval(side * gap * 0.8, mouth * 0.62, 0.1, 0.07, "#ff8f86", alpha=0.55)
    smile(brush, 0, mouth, 0.22)
    if "sunglasses" in look.traits:
        sunglasses(brush, gap)
    else:
        for side in (-1, 1):
            eye(brush, side * gap / 2, 0, 0.11)
    hats(brush.at(0, -0.34), look)


def eye(brush: Brush, x: float, y: float, r: float) -> None:
    """A round dark eye with two lights in it."""
    brush.oval(x, y, r, r * 1.15, INK)
    brush.oval(x - r * 0.3, y - r * 0.4, r * 0.38, None, "#ffffff")
    brush.oval(x + r * 0.35, y + r * 0.4, r * 0.18, None, "#ffffff")


def smile(brush: Brush, x: float, y: float, w: float) -> None:
    """A smiling mouth, a little open."""
    brush.blob(
        [
            (x - w, y - w * 0.2),
            (x, y + w * 0.1),
            (x + w, y - w * 0.2),
            (x + w * 0.5, y + w * 0.7),
            (x, y + w * 0.9),
            (x - w * 0.5, y + w * 0.7),
        ],
        "#7a2233",
    )
    brush.oval(x, y + w * 0.62, w * 0.34, w * 0.2, "#ff7f83")


def sunglasses(brush: Brush, gap: float) -> None:
    """Dark glasses seen from the front."""
    brush.stroke([(-gap * 0.95, -0.06), (0, -0.1), (gap * 0.95, -0.06)], 0.06, INK)
    for side in (-1, 1):
        lens(brush.at(side * gap / 2, 0, gap * 0.92))


def lens(brush: Brush, width: float = 1.0) -> None:
    """One dark lens, about a unit wide, with the sky in it."""
    w = width / 2
    outline = [
        (-w, -0.28),
        (0, -0.34),
        (w, -0.28),
        (w * 0.9, 0.12),
        (w * 0.2, 0.32),
        (-w * 0.6, 0.24),
        (-w * 0.96, 0.0),
    ]
    brush.blob(outline, INK)
    brush.blob([(x * 0.84, y * 0.8) for x, y in outline], "#3d3a5c")
    glint = [(-w * 0.62, -0.2), (-w * 0.2, -0.23), (-w * 0.5, 0.1), (-w * 0.7, 0.02)]
    brush.flat(glint, "#8fa9d6")


def hats(brush: Brush, look: Look) -> None:
    """A hat, a crown or nothing; the origin is the top of the head."""
    if "crown" in look.traits:
        tips = [(-0.4, 0.1), (-0.46, -0.36), (-0.2, -0.14), (0, -0.46), (0.2, -0.14), (0.46, -0.36)]
        brush.flat([*tips, (0.4, 0.1)], "#f5b82e", shade=0.4)
        for x, y in ((-0.46, -0.36), (0, -0.46), (0.46, -0.36)):
            brush.oval(x, y, 0.06, None, "#e5483d")
    elif "party" in look.traits:
        brush.flat([(-0.3, 0.08), (0, -0.72), (0.3, 0.08)], "#8e5bd0", shade=0.4)
        brush.flat([(-0.2, -0.18), (-0.13, -0.36), (0.18, -0.2), (0.24, -0.06)], "#ffd23f")
        brush.oval(0, -0.74, 0.1, None, "#ff7fa8")
    elif "hat" in look.traits:
        brush.oval(0, 0.04, 0.72, 0.13, "#c9923e")
        brush.blob(
            [(-0.4, 0), (-0.36, -0.36), (0, -0.46), (0.36, -0.36), (0.4, 0), (0, 0.08)],
            "#e2b15c",
            shade=0.4,
        )
        brush.limb([(-0.4, -0.04), (0, 0.05), (0.4, -0.04)], [0.09], "#a8433a")
