"""Rows: each ratio is taken within its round, and the median of them counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .cases import Goal, Measure, Section
from .rounds import Taken


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: the group and the measure.
        times: the ratio to the reference: median, least and most; None where there is none.
        value: the median itself, in `unit`.
        met: whether the goal was met; None without one.
        trouble: why there are no numbers.
    """

    section: str
    what: str
    case: str
    is_ours: bool
    times: tuple[float, float, float] | None
    value: float | None
    unit: str
    goal: Goal | None
    met: bool | None
    trouble: str


def rows(section: Section, taken: Sequence[Taken]) -> list[Row]:
    """All rows of a section, group by group."""
    groups = dict.fromkeys(each.case.group for each in taken)
    return [
        row(section, measure, each, reference_of(taken, group))
        for group in groups
        for measure in section.measures
        for each in taken
        if each.case.group == group and is_measured(each, measure)
    ]


def is_measured(taken: Taken, measure: Measure) -> bool:
    return bool(taken.trouble) or any(measure.key in each for each in taken.rounds)


def reference_of(taken: Sequence[Taken], group: str) -> Taken | None:
    found = (each for each in taken if each.case.is_reference and each.case.group == group)
    return next(found, None)


def row(section: Section, measure: Measure, taken: Taken, reference: Taken | None) -> Row:
    case, key = taken.case, measure.key
    values = [each[key] for each in taken.rounds if key in each]
    value = median(values) if values else None
    times = ratios(taken, reference, key) if values and reference else None
    goal = case.goals.get(key)
    is_met = goal.is_met(times and times[0], value) if goal and value is not None else None
    what = ", ".join(filter(None, (case.group, measure.what)))
    unit, trouble = measure.unit, taken.trouble
    is_ours = case.is_ours
    return Row(section.name, what, case.name, is_ours, times, value, unit, goal, is_met, trouble)


def ratios(taken: Taken, reference: Taken, key: str) -> tuple[float, float, float] | None:
    pairs = zip(taken.rounds, reference.rounds, strict=False)
    each = [one[key] / other[key] for one, other in pairs if other.get(key)]
    return (median(each), min(each), max(each)) if each else None
