"""A notebook as it was saved: which pictures its cells show, and which cells should show one."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb_banana._text import path_of, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import LessonError
from nb_banana.lesson.source import DrawingNames, draws


@dataclass(frozen=True)
class NotebookCell:
    """A code cell."""

    number: int  # its place among all cells, from 1
    source: str
    requests: tuple[str, ...]  # the ids of those whose pictures it shows or has used
    draws: bool  # whether it asks for one
    unshown: frozenset[str] = frozenset()  # those of the ids whose pictures it does not show
    alts: tuple[tuple[tuple[str, ...], str], ...] = ()  # of each output: its ids, its alt text
    is_bare: bool = False  # whether it was not run, or was cleared

    @property
    def first_line(self) -> str:
        """How it begins."""
        line = self.source.strip().partition("\n")[0]
        return line if len(line) <= 40 else line[:39] + "…"

    def __str__(self) -> str:
        return f"cell {self.number} ({self.first_line})"


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
    refuse_key("The name of the file", str(path))
    return path


def refuse_device(path: Path) -> None:
    """Raise an OSError for a device or a pipe, which would be waited for, or has no end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(0, "it is a device or a pipe")


def read_notebook(path: Path) -> SavedNotebook:
    """Read a notebook."""
    try:
        refuse_device(path)
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
    code = {
        number: ("".join(cell["source"]), cell)
        for number, cell in enumerate(cells, 1)
        if cell["cell_type"] == "code"
    }
    names = DrawingNames.of(source for source, _ in code.values())
    for number, (source, cell) in code.items():
        outputs = cell.get("outputs", [])
        found = list(_requests(outputs))
        shown = {request_id for request_id, is_shown in found if is_shown}
        ids = tuple(dict.fromkeys(request_id for request_id, _ in found))
        # A cell that fails on purpose teaches the error.
        fails = "raises-exception" in cell.get("metadata", {}).get("tags", ())
        asks = draws(source, names) and not fails
        unshown, is_bare = frozenset(ids) - shown, not outputs and not cell.get("execution_count")
        yield NotebookCell(number, source, ids, asks, unshown, tuple(_alts(outputs)), is_bare)


def _alts(outputs: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, ...], str]]:
    for output in outputs:
        ids = tuple(request_id for request_id, _ in _requests([output]))
        for kind, facts in output.get("metadata", {}).items():
            alt = facts.get("alt") if kind.startswith("image/") and isinstance(facts, dict) else 0
            if ids and isinstance(alt, str):
                yield ids, alt


def _requests(outputs: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """What was written into the outputs: an id or a list of them, and whether they are seen."""
    for output in outputs:
        ours = output.get("metadata", {}).get("nb_banana", {})
        for name in ("request", "requests") if isinstance(ours, dict) else ():
            said = ours.get(name, [])
            for each in [said] if isinstance(said, str) else said:
                if each:
                    yield each, not ours.get("unshown", False)
