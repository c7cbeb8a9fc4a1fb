"""How much a test does: `make test-all` does all of it, `make test` some of each kind."""

import os
from collections.abc import Sequence
from typing import Any

ALL = os.environ.get("NB_BANANA_TESTS") == "all"


def rounds(few: int, many: int) -> int:
    """How often a loop goes round, or how many examples a fuzz test takes."""
    return many if ALL else few


def some(cases: Sequence[Any], few: int) -> list[Any]:
    """Cases that prove the same: all of them, or so many from the first to the last."""
    return list(cases) if ALL else [cases[k * (len(cases) - 1) // (few - 1)] for k in range(few)]
