"""The line that counts the seconds while a cell waits."""

from typing import Any

from ..cases import Case, Measure, Section
from ..stage import Stage

CELLS = (
    """import json, time
import nb_banana
from nb_banana.display.progress import silently
nb_banana.configure(base_url={base!r})
def draw(prompt):
    started = time.process_time()
    nb_banana.generate(prompt)
    print(json.dumps({{"cpu": time.process_time() - started}}))
draw("to warm up [1.500 s]")""",
    "draw('a banana [{seconds:.3f} s]')",
)
SILENT = (CELLS[0], "with silently(): draw('a banana [{seconds:.3f} s]')")


def cases(stage: Stage) -> list[Case]:
    facts = {"base": stage.http(), "seconds": stage.count(10, 2)}

    def case(name: str, cells: tuple[str, ...], **options: Any) -> Case:
        argument = {"kernel": "ours", "cells": [cell.format(**facts) for cell in cells]}
        return Case(name, "cells", argument, "own", **options)

    return [
        case("nb_banana, without the line", SILENT, is_reference=True),
        case("nb_banana, with the line", CELLS),
    ]


SECTION = Section(
    "progress",
    "The processor's seconds of a cell in a real kernel that waits ten seconds for its picture; "
    "beside the same without a progress line.",
    (Measure("cpu", "processor"),),
    cases,
    rounds=5,
)
