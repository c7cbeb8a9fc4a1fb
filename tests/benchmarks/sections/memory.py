"""What pictures take of memory."""

from pathlib import Path
from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

CLIENTS = {
    "requests.Session, its bytes": ("bytes", "ours"),
    "PIL, decoded": ("decoded", "ours"),
    "google-genai, its response": ("google-genai", "peers"),
    "gemimg, not saving": ("gemimg", "peers"),
}
DAY = """
import json
import nb_banana
from IPython import get_ipython
from tests.benchmarks.work.process import peak
nb_banana.configure(base_url={base!r})
show, held = get_ipython().display_formatter.format, []
for number in range({count}):
    held.append(nb_banana.generate(f"banana {{number}}"))
    assert show(held[-1])[0]
print(json.dumps({{"peak": peak()}}))
"""


def cases(stage: Stage) -> list[Case]:
    base, count = stage.http(), stage.count(100, 5)
    size = Path(stage.picture("photo-1k.png")).stat().st_size

    def case(name: str, way: str, home: str, **options: Any) -> Case:
        argument = {"way": way, "base": base, "count": count}
        return Case(name, "holding", argument, home, HELD, **options)

    whole = {"resident": size, "traced": size}
    goals = {"resident": Goal(0.02), "traced": Goal(0.02)}
    return [
        Case("the PNG's bytes", group=HELD, is_reference=True, known=whole),
        *[case(name, *where) for name, where in CLIENTS.items()],
        case("nb_banana, made here", "nb_banana", "ours", goals=goals),
        case("nb_banana, from the history", "nb_banana history", "ours", goals=goals),
        *others(stage, base),
        day(base, stage.count(2000, 20)),
    ]


def others(stage: Stage, base: str) -> list[Case]:
    lanes, count = stage.count(200, 20), stage.count(50, 3)
    waiting = {"base": base, "lanes": lanes, "seconds": stage.count(3, 1)}
    leaving = {"base": base, "count": count}
    drawn = f"after {count} pictures in the panel, which is closed"
    return [
        Case("nb_banana", "waiting", waiting, "ours", f"each request on its way, {lanes} at once"),
        Case("nb_banana", "leaving", leaving, "ours", drawn),
    ]


def day(base: str, count: int) -> Case:
    argument = {"kernel": "ours", "cells": [DAY.format(base=base, count=count)]}
    group = f"{count} pictures made, shown and held in one kernel"
    return Case("nb_banana", "cells", argument, "own", group, goals={"peak": Goal(300e6, "value")})


HELD = "each held picture"
SECTION = Section(
    "memory",
    "What pictures of 1.9 MB take while they are held, by the system's word (resident) and by "
    "Python's (traced); beside the bytes of the PNG. Then a day's work in one kernel.",
    (
        Measure("resident", "resident", "B"),
        Measure("traced", "traced", "B"),
        Measure("disk", "the index on the disk", "B"),
        Measure("peak", "most memory", "B"),
    ),
    cases,
    rounds=1,
)
