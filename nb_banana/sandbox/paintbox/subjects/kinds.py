"""What a subject is: a drawing, the words that ask for it, and how it is to look this time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from nb_banana.sandbox.paintbox.brush import Brush
from nb_banana.sandbox.paintbox.colours import Paint


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
