"""What a notebook needs: the kept answers that it shows or has used, and the files it opens."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nb_banana._text import path_of
from nb_banana.display.output import notebook_path
from nb_banana.errors import BadReferenceError, LessonError, LibraryError, NotKeptError
from nb_banana.generation.context import Context
from nb_banana.lesson.by_words import find_by_words, may_ask
from nb_banana.lesson.notebook_file import NotebookCell, SavedNotebook
from nb_banana.library import transfer
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.references.locations import PICTURE_SUFFIXES
from nb_banana.references.reference import Reference, as_reference


@dataclass
class NeededAnswers:
    """The answers, by the id of their request."""

    answers: dict[str, tuple[Library, StoredImage]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # cells that show none and should
    by_words: list[str] = field(default_factory=list)  # cells that say it in their source alone
    stale: set[str] = field(default_factory=set)  # ids in outputs of another run, found by words
    unseen: list[str] = field(default_factory=list)  # prompts of others that were used here
    problems: list[str] = field(default_factory=list)  # of libraries that could not be read

    def digests(self) -> set[str]:
        """The pictures of these answers."""
        return {each.digest for _, kept in self.answers.values() for each in kept.pictures}

    def lost(self, cell: NotebookCell) -> set[str]:
        """The ids in a cell's outputs that no library knows."""
        return {each for each in cell.requests if each not in self.answers} - self.stale

    def libraries(self) -> dict[Library, list[str]]:
        """The ids by library."""
        found: dict[Library, list[str]] = {}
        for request_id, (library, _) in self.answers.items():
            found.setdefault(library, []).append(request_id)
        return found


def gathered(context: Context, notebook: SavedNotebook) -> tuple[NeededAnswers, list[NotebookCell]]:
    """What the cells of a saved notebook say that they need, and those that say nothing."""
    need = NeededAnswers()
    libraries = context.libraries_of(notebook.path.parent.absolute())
    shown = [request_id for cell in notebook.cells for request_id in cell.requests]
    for library in libraries:
        _take(need, library, shown)
    return need, _take_by_words(need, notebook, libraries)


def needed_by(context: Context, notebook: SavedNotebook) -> NeededAnswers:
    """What a saved notebook needs, with what those pictures were made from."""
    need, bare = gathered(context, notebook)
    libraries = context.libraries_of(notebook.path.parent.absolute())
    _take_used(need, context, notebook, bare)
    need.missing = _missing(notebook, need, bare)
    if not need.answers:
        none = "None of its cells shows one: run the notebook, save it, and pack again."
        said = [*(need.missing or [none]), *dict.fromkeys(need.problems)]
        raise LessonError(
            f"There is no picture to pack for {notebook.path.name}. {' '.join(said)}",
            missing=tuple(need.missing),
        )
    _take_parents(need, libraries)
    return need


def _take(need: NeededAnswers, library: Library, request_ids: Iterable[str]) -> None:
    wanted = [each for each in request_ids if each not in need.answers]
    try:
        found = transfer.stored_answers(library, wanted) if wanted else []
    except LibraryError as error:  # another library may have them
        need.problems.append(str(error))
        return
    need.answers |= {kept.request_id: (library, kept) for kept in found}


def _take_by_words(
    need: NeededAnswers, notebook: SavedNotebook, libraries: list[Library]
) -> list[NotebookCell]:
    """Add what cells whose picture is not there ask for by their words; those that find none."""
    text = "\n".join(each.source for each in notebook.cells)
    folder = notebook.path.parent
    files = (_read(folder / path_of(word)) for cell in notebook.cells for word in _words(cell))
    given = {hashlib.sha256(data).hexdigest() for data in files if data}
    bare = []
    for cell in notebook.cells:
        is_there = not need.answers.keys().isdisjoint(cell.requests)
        if not cell.draws or is_there:
            continue
        known = set(need.answers)
        found = find_by_words(cell, text, libraries, given | need.digests(), need.problems)
        for library, kept in found:
            need.answers.setdefault(kept.request_id, (library, kept))
        if not found:
            bare.append(cell)
            continue
        # Its output may be of another run, whose answers are in no library here.
        need.stale.update(cell.requests)
        if any(kept.request_id not in known for _, kept in found):
            need.by_words.append(str(cell))
    return bare


def _take_used(
    need: NeededAnswers, context: Context, notebook: SavedNotebook, bare: list[NotebookCell]
) -> None:
    """Add what was used here, where it is this notebook that runs, or may be."""
    runs = _runs_here(notebook.path)
    if runs is False:
        return
    seen = set(need.answers)
    for library, request_id in list(context.used):
        _take(need, library, [request_id])
    for request_id in [each for each in need.answers if each not in seen]:
        prompt = need.answers[request_id][1].request.prompt
        # It may be another notebook: then only that counts which a cell without a picture wants.
        if runs or any(may_ask(cell, prompt) for cell in bare):
            need.unseen.append(prompt)
        else:
            del need.answers[request_id]


def _take_parents(need: NeededAnswers, libraries: list[Library]) -> None:
    """Add the pictures that the others were made from, and those that these were made from."""
    places = list(dict.fromkeys([*need.libraries(), *libraries]))
    waiting = [digest for _, kept in need.answers.values() for digest in kept.parents]
    known = need.digests()
    while waiting:
        digest = waiting.pop()
        if digest in known:
            continue
        known.add(digest)
        for library in places:
            try:
                request_id = library.by_digest(digest).request_id
            except NotKeptError:
                continue
            except LibraryError as error:
                need.problems.append(str(error))
                continue
            _take(need, library, [request_id])
            if request_id in need.answers:  # else this library could not be read a second time
                waiting += need.answers[request_id][1].parents
                break


def _missing(notebook: SavedNotebook, need: NeededAnswers, bare: list[NotebookCell]) -> list[str]:
    """The cells without a picture."""
    lost = []
    for cell in notebook.cells:
        gone = need.lost(cell)
        verb = "makes" if gone <= cell.unshown else "shows"
        if gone:
            lost.append(
                f"{cell} {verb} a picture that no library here has: run it again, save, and pack "
                "again."
            )
    # Where no cell says what it used, how many pictures were used here is known, and not by which.
    never = [cell for cell in bare if not cell.requests]
    said = [f"{cell} has no picture: run the notebook, save it, and pack again." for cell in never]
    return lost + (said if len(never) > len(need.unseen) else [])


def _runs_here(notebook: Path) -> bool | None:
    """Whether this kernel runs the notebook; None where its front end does not say what it runs."""
    running = Path(notebook_path() or "")
    if running.suffix != ".ipynb":
        return None
    if running.is_absolute():
        return running.resolve() == notebook.resolve()
    return notebook.resolve().parts[-len(running.parts) :] == running.parts


WORD = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'|([^\s\"'=,()\[\]{}]+)")


@dataclass
class Attachments:
    """The files."""

    # By name from the notebook's folder, with forward slashes.
    data: dict[str, bytes] = field(default_factory=dict)
    # Cells that name files outside of that folder, which nobody else has.
    elsewhere: list[str] = field(default_factory=list)


def find_attachments(notebook: SavedNotebook, answers: Iterable[StoredImage]) -> Attachments:
    """The files that a notebook's cells name and that its pictures were made from."""
    # A file counts where its bytes are those that a kept request was given. What goes along was
    # sent, so without the place and the camera that the file itself may name.
    given = {
        reference.origin: reference
        for kept in answers
        for reference in kept.request.references
        if reference.data is not None
    }
    found = Attachments()
    for cell in notebook.cells if given else ():
        for word in _words(cell):
            path = path_of(word)
            file = notebook.path.parent / path
            data = _read(file)
            reference = given.get(hashlib.sha256(data).hexdigest()) if data else None
            if data is None or reference is None:
                continue
            if path.is_absolute() or ".." in path.parts:
                found.elsewhere.append(f"{cell} opens {word}")
            else:
                found.data[path.as_posix()] = _as_sent(data, reference)
    return found


def _words(cell: NotebookCell) -> Iterator[str]:
    for groups in WORD.findall(cell.source):
        word = "".join(groups).strip()
        if Path(word).suffix.lower() in PICTURE_SUFFIXES:
            yield word


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.is_file() else None
    except (OSError, ValueError):
        return None


def _as_sent(data: bytes, reference: Reference) -> bytes:
    """The bytes that were sent, where they are the same reference again; else those of the file."""
    sent = reference.data
    try:
        same = sent is not None and as_reference(sent).digest == reference.digest
    except BadReferenceError:
        same = False
    return sent if sent is not None and same else data
