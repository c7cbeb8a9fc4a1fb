"""`lint`: alt texts that nobody wrote, and pictures that no library has, in a saved notebook."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from nb_banana import _default
from nb_banana._hints import hinted
from nb_banana._text import plain, say
from nb_banana.display.html import Words, note, paragraph, styled, table
from nb_banana.display.output import shell
from nb_banana.generation.context import Context
from nb_banana.lesson.notebook_file import NotebookCell
from nb_banana.lesson.pack import open_notebook
from nb_banana.lesson.selection import NeededAnswers, gathered
from nb_banana.results.alt_text import is_made_of

WRITTEN = re.compile(r"""(?:^|\s)--alt\b|\balt\s*=|^\s*\#\|\s*["']?fig-alt\b""", re.MULTILINE)
"""How a cell gives an alt text."""
QUIET = re.compile(r"\A[^\n]*\s--quiet\b|;\s*\Z")
BOUND = re.compile(r"^[ \t]*[\w.]+[ \t]*=[^=].*\Z", re.MULTILINE)
"""A last line of Python that gives a value a name, and shows none."""


@dataclass(frozen=True)
class Finding:
    """One thing that `lint` has found.

    Attributes:
        cell: the number of the cell among all cells, from 1.
        source: how the cell begins.
        about: ``"alt text"`` or ``"library"``.
        text: what is wrong, and what to do.
    """

    cell: int
    source: str
    about: str
    text: str


class Findings(Sequence[Finding]):
    """What `lint` has found, in the order of the cells; false where that is nothing.

    Attributes:
        notebook: the name of its file.
    """

    def __init__(self, notebook: str, found: Sequence[Finding], problems: Sequence[str]) -> None:
        self.notebook = notebook
        self._found, self._problems = list(found), list(dict.fromkeys(problems))

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    @property
    def _title(self) -> str:
        if not self:
            return f"{self.notebook}: each picture has an alt text that somebody wrote, and is kept"
        return f"{self.notebook}: {len(self)} thing{'s' if len(self) > 1 else ''} to mend"

    def __repr__(self) -> str:
        lines = (f"  cell {each.cell} ({each.source}): {each.text}" for each in self)
        return plain("\n".join([self._title, *lines, *self._problems]))

    def _repr_html_(self) -> str:
        rows = [(f"cell {each.cell}", Words(each.source), Words(each.text)) for each in self]
        shown = table(rows, ("cell", "how it begins", "what to mend")) if rows else ""
        problems = (note(each, bad=True) for each in self._problems)
        return styled(paragraph(self._title), *problems, shown, kind="lint")


@hinted
def lint(notebook: str | os.PathLike[str] | None = None) -> Findings:
    r"""What to mend in a saved notebook before others read it; nothing is changed or sent.

    Listed are pictures whose alt text nobody wrote (no ``--alt``, ``#| fig-alt`` or ``alt=``), for
    whoever listens to the notebook hears a prompt then, and pictures that are in no library here,
    which a run would pay for again. In a script it prints them: ``sys.exit(bool(lint("a.ipynb")))``
    is a check in CI.

    Args:
        notebook: the saved notebook; else the one that runs here.

    Returns:
        A sequence of what was found, each with its cell and what to do. It shows itself, and it is
        false where there is nothing to mend.

    Raises:
        LessonError: no such file, or no notebook of Jupyter's format 4.

    >>> import nbformat, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "lint.ipynb")
    >>> cells = [nbformat.v4.new_code_cell("%%banana fox\na fox in the snow")]
    >>> nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    >>> [(each.cell, each.about) for each in lint(path)]  # in a script it is printed, too
    lint.ipynb: 1 thing to mend
      cell 1 (%%banana fox): nobody wrote an alt text. ...
    [(1, 'alt text')]
    """
    found: Findings = _default.client().lint(notebook)
    return found


def look_over(context: Context, notebook: str | os.PathLike[str] | None) -> Findings:
    """See `lint`."""
    source = open_notebook(notebook)
    need, _ = gathered(context, source)
    found = [each for cell in source.cells for each in _of_cell(cell, need)]
    findings = Findings(source.path.name, found, need.problems)
    if shell() is None:  # a script shows no value by itself
        say(repr(findings))
    return findings


def _of_cell(cell: NotebookCell, need: NeededAnswers) -> Iterator[Finding]:
    line = cell.first_line
    if _is_unwritten(cell, need):
        how = 'alt="…"' if "(" in line and not line.lstrip().startswith("%") else '--alt "…"'
        yield Finding(
            cell.number,
            line,
            "alt text",
            f"nobody wrote an alt text. Say what is to be seen: {how} or #| fig-alt: …",
        )
    kept = [need.answers[each][1] for each in cell.requests if each in need.answers]
    lost = need.lost(cell) | {each.request_id for each in kept if not each.path.is_file()}
    if lost:
        verb = "makes" if lost <= cell.unshown else "shows"
        yield Finding(
            cell.number,
            line,
            "library",
            f"it {verb} a picture that is in no library here. Run it again, and save the notebook.",
        )


def _is_unwritten(cell: NotebookCell, need: NeededAnswers) -> bool:
    """Whether it shows a picture, or would, whose alt text was made from the prompt."""
    if WRITTEN.search(cell.source):
        return False
    if cell.is_bare:  # not run, or cleared
        is_magic = cell.source.lstrip().startswith("%%banana")
        is_unseen = QUIET.search(cell.source) or (not is_magic and BOUND.search(cell.source))
        return cell.draws and not is_unseen
    for ids, alt in cell.alts:
        prompts = [need.answers[each][1].request.prompt for each in ids if each in need.answers]
        if any(is_made_of(alt, each) for each in prompts) or (not prompts and cell.draws):
            return True
    return False
