"""Cells in a real kernel, of which the last prints the numbers as JSON."""

import json

from .kernels import kernel as started
from .kernels import run


def measure(kernel: str, cells: list[str]) -> dict[str, float]:
    with started(kernel) as client:
        printed = [run(client, cell) for cell in cells]
    result: dict[str, float] = json.loads(printed[-1].splitlines()[-1])
    return result
