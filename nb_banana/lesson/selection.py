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
from nb_banana.lesson.by_words import find_by_words
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
    unseen: list[str] = field(default_factory=list)  # prompts of others that were used here
    problems: list[str] = field(default_factory=list)  # of libraries that could not be read

    def digests(self) -> set[str]:
        """The pictures of these answers."""
        return {each.digest for _, kept in self.answers.values() for each in kept.pictures}

    def libraries(self) -> dict[Library, list[str]]:
        """The ids by library."""
        found: dict[Library, list[str]] = {}
        for request_id, (library, _) in self.answers.items():
            found.setdefault(library, []).append(request_id)
        return found


def needed_by(context: Context, notebook: SavedNotebook) -> NeededAnswers:
    """What a saved notebook needs, with what those pictures were made from."""
    need = NeededAnswers()
    libraries = context.libraries_of(notebook.path.parent.absolute())
    shown = [request_id for cell in notebook.cells for request_id in cell.requests]
    for library in libraries:
        _take(need, library, shown)
    bare = [
        cell
        for cell in notebook.cells
        if cell.draws and not cell.requests and not _take_by_words(need, cell, notebook, libraries)
    ]
    # A front end that does not say what it runs may run another notebook: then only what is
    # missing is made up for by what was used here.
    runs = _runs_here(notebook.path)
    if runs or (runs is None and bare):
        seen = set(need.answers)
        for library, request_id in list(context.used):
            _take(need, library, [request_id])
        new = [kept for name, (_, kept) in need.answers.items() if name not in seen]
        need.unseen = [kept.request.prompt for kept in new]
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
    need: NeededAnswers, cell: NotebookCell, notebook: SavedNotebook, libraries: list[Library]
) -> bool:
    """Add what a cell without a picture asks for; whether there was any."""
    text = "\n".join(each.source for each in notebook.cells)
    found = find_by_words(cell, text, libraries, need.problems)
    for library, kept in found:
        need.answers.setdefault(kept.request_id, (library, kept))
    need.by_words += [str(cell)] if found else []
    return bool(found)


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
        gone = {each for each in cell.requests if each not in need.answers}
        verb = "makes" if gone <= cell.unshown else "shows"
        if gone:
            lost.append(
                f"{cell} {verb} a picture that no library here has: run it again, save, and pack "
                "again."
            )
    # Where no cell says what it used, how many pictures were used here is known, and not by which.
    said = [f"{cell} has no picture: run the notebook, save it, and pack again." for cell in bare]
    return lost + (said if len(bare) > len(need.unseen) else [])


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
