"""The tables: Markdown for people and the docs, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from .cases import Goal, Section
from .machine import Machine
from .rows import Row

COLUMNS = ("what", "case", "times", "from … to", "itself", "goal", "")
HEADER = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"
INTRODUCTION = (
    "What nb_banana costs beside the model's own seconds, and what else one could use. "
    "`make bench` makes this page.\n\n"
    "Each case runs in a process of its own, against a service on this machine. *Times* is its "
    "ratio to the reference, taken within each round, the median of all rounds; then the least "
    "and the most. The reference measured once more (A/A) says how far to trust the others. Less "
    "is better."
)
QUICK = "**The quick form**: a single round of few, which shows that it works and no more."


def markdown(
    machine: Machine, sections: Sequence[Section], rows: Sequence[Row], *, quick: bool
) -> str:
    """A page, which can go into the docs as it is."""
    parts = [f"# Benchmarks\n\n{INTRODUCTION}", *([QUICK] if quick else []), machine.markdown()]
    for section in sections:
        lines = [line(row) for row in rows if row.section == section.name]
        parts.append("\n".join([f"## {section.name}\n\n{section.what}\n", HEADER, *lines]))
        parts += [section.floor] if section.floor else []
    return "\n\n".join(parts) + "\n"


def line(row: Row) -> str:
    """One row as Markdown."""
    if row.value is None:
        trouble = row.trouble.replace("|", "/")
        return f"| {row.what} | {row.case} | {trouble} | | | {goal_text(row)} | |"
    times = spread = ""
    if row.times:
        middle, least, most = row.times
        times, spread = number(middle), f"{number(least)} … {number(most)}"
    case = f"**{row.case}**" if row.is_ours else row.case
    mark = {True: "met", False: "missed", None: ""}[row.met]
    cells = (row.what, case, times, spread, amount(row.value, row.unit), goal_text(row), mark)
    return f"| {' | '.join(cells)} |"


def goal_text(row: Row) -> str:
    """The goal in words."""
    goal: Goal | None = row.goal
    if goal is None:
        return ""
    sign = "≥" if goal.at_least else "≤"
    return f"{sign} {amount(goal.limit, row.unit) if goal.of == 'value' else f'{goal.limit:g}'}"


def number(value: float) -> str:
    """With three digits.

    >>> number(0.02345), number(1.0), number(63.2), number(1234.5)
    ('0.0234', '1.00', '63.2', '1234')
    """
    if value and abs(value) < 0.1:
        return f"{value:.3g}"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def amount(value: float, unit: str) -> str:
    """With the unit that suits it.

    >>> amount(0.0123, "s"), amount(1_900_000, "B"), amount(64, "")
    ('12.3 ms', '1.90 MB', '64')
    """
    if unit == "s":
        return f"{number(value * 1000)} ms" if value < 1 else f"{number(value)} s"
    if unit == "B":
        million = abs(value) >= 1e5
        return f"{number(value / 1e6)} MB" if million else f"{number(value / 1e3)} kB"
    return f"{value:g}"


def as_json(machine: Machine, rows: Sequence[Row]) -> str:
    """The same for programs; seconds and bytes."""
    told = {"machine": asdict(machine), "rows": [asdict(row) for row in rows]}
    return json.dumps(told, indent=1, ensure_ascii=False)
