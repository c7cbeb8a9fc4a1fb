"""What is measured: a section has cases, and each is one call of a worker in its own process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .stage import Stage


@dataclass(frozen=True)
class Goal:
    """A bound of ours.

    Attributes:
        limit: the bound.
        of: what is bound, ``times`` (the ratio to the reference) or ``value``.
        at_least: whether more is better.
    """

    limit: float
    of: str = "times"
    at_least: bool = False

    def is_met(self, times: float | None, value: float) -> bool:
        measured = value if self.of == "value" else times
        if measured is None:
            return False
        return measured >= self.limit if self.at_least else measured <= self.limit


@dataclass(frozen=True)
class Case:
    """One row, or one for each measure of its section.

    Attributes:
        name: what the row is called.
        work: the worker's module and what it is called with.
        home: the environment that it runs in, see `environments`.
        group: cases are compared with the reference of their own group.
        is_reference: whether it is what the others are compared with.
        is_ours: whether it is nb_banana.
        goals: by the names of measures.
        known: what needs no measuring, by the names of measures.
    """

    name: str
    work: str = ""
    argument: Mapping[str, Any] = field(default_factory=dict)
    home: str = "peers"
    group: str = ""
    is_reference: bool = False
    goals: Mapping[str, Goal] = field(default_factory=dict)
    known: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.name.startswith("nb_banana")


@dataclass(frozen=True)
class Measure:
    """A number that the workers return.

    Attributes:
        key: its name there.
        what: in words.
        unit: ``s``, ``B`` or nothing.
    """

    key: str
    what: str
    unit: str = "s"


@dataclass(frozen=True)
class Section:
    """Cases that belong together.

    Attributes:
        name: as it is given on the command line.
        what: what is measured and against what, in one sentence.
        measures: the numbers of each case.
        cases: makes them, once there is a service and a folder.
        rounds: how often each case is measured.
        warm: whether a first round is thrown away, as caches of the file system matter.
        floor: what no work of ours could go below, and why; it stands under the table.
    """

    name: str
    what: str
    measures: tuple[Measure, ...]
    cases: Callable[[Stage], list[Case]]
    rounds: int = 7
    quick_rounds: int = 1
    warm: bool = False
    floor: str = ""
