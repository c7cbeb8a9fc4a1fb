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
    unseen: int = 0  # answers that this kernel has used and the notebook does not show
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
    seen = len(need.answers)
    if _runs_here(notebook.path):
        for library, request_id in list(context.used):
            _take(need, library, [request_id])
    need.unseen = len(need.answers) - seen
    need.missing = _missing(notebook, need)
    if not need.answers:
        bare = "None of its cells shows one: run the notebook, save it, and pack again."
        said = [*(need.missing or [bare]), *dict.fromkeys(need.problems)]
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
            waiting += need.answers[request_id][1].parents
            break


def _missing(notebook: SavedNotebook, need: NeededAnswers) -> list[str]:
    """The cells without a picture."""
    # A cell that shows none may have used one quietly. How many did so is known, and not which.
    lost = [
        f"{cell} shows a picture that no library here has: run it again, save, and pack again."
        for cell in notebook.cells
        if any(each not in need.answers for each in cell.requests)
    ]
    bare = [
        f"{cell} has no picture: run the notebook, save it, and pack again."
        for cell in notebook.cells
        if cell.draws and not cell.requests
    ]
    return lost + (bare if len(bare) > need.unseen else [])


def _runs_here(notebook: Path) -> bool:
    """Whether this kernel runs the notebook, or may: some front ends do not say what they run."""
    running = Path(notebook_path() or "")
    if running.suffix != ".ipynb":
        return True
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
