"""A notebook as it was saved: which pictures its cells show, and which cells should show one."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb_banana._text import path_of, shown
from nb_banana.errors import LessonError

MAGIC_LINE = re.compile(r"^[ \t]*(?:%%banana\b(.*)|(?:[^\n#%]*=[ \t]*)?%banana[ \t]+(\S.*))$", re.M)
"""A line that draws: what stands behind the magic is in one of the two groups."""


@dataclass(frozen=True)
class NotebookCell:
    """A code cell."""

    number: int  # its place among all cells, from 1
    source: str
    requests: tuple[str, ...]  # the ids of those whose pictures it shows
    draws: bool  # whether it should show one

    def __str__(self) -> str:
        line = self.source.strip().partition("\n")[0]
        return f"cell {self.number} ({line if len(line) <= 40 else line[:39] + '…'})"


@dataclass(frozen=True)
class SavedNotebook:
    """A notebook's file, with its code cells."""

    path: Path
    data: bytes
    cells: tuple[NotebookCell, ...]


def named_path(given: str | os.PathLike[str]) -> Path:
    """A path as a person names it: one that a file can have."""
    try:
        path = path_of(given)
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, ValueError, TypeError) as error:
        # Too long, a NUL, half of a character, no path at all.
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise LessonError(f"{shown(given)} can't be the name of a file: {reason}.") from None
    return path


def read_notebook(path: Path) -> SavedNotebook:
    """Read a notebook."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LessonError(
            f"The notebook {path} can't be read: {error.strerror}. Save it, and name its file as "
            "it is seen from here."
        ) from error
    try:
        content = json.loads(data)
        cells = tuple(_cells(content["cells"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LessonError(
            f"{path} is not a notebook of Jupyter's format 4. Name the .ipynb file, and save it "
            "anew if it is an old one."
        ) from error
    return SavedNotebook(path, data, cells)


def _cells(cells: list[dict[str, Any]]) -> Iterator[NotebookCell]:
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            shown = dict.fromkeys(_requests(cell.get("outputs", [])))
            # A cell that fails on purpose teaches the error.
            fails = "raises-exception" in cell.get("metadata", {}).get("tags", ())
            yield NotebookCell(number, source, tuple(shown), _draws(source) and not fails)


def _requests(outputs: list[dict[str, Any]]) -> Iterator[str]:
    """What pictures, galleries and comparisons wrote into the outputs: an id, or a list of them."""
    for output in outputs:
        ours = output.get("metadata", {}).get("nb_banana", {})
        for name in ("request", "requests") if isinstance(ours, dict) else ():
            said = ours.get(name, [])
            yield from (each for each in ([said] if isinstance(said, str) else said) if each)


def _draws(source: str) -> bool:
    lines = ["".join(found).split() for found in MAGIC_LINE.findall(source)]
    # With these options nothing is drawn.
    return any({"--dry-run", "-h", "--help"}.isdisjoint(line) for line in lines)
