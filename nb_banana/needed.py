"""Which kept answers a notebook needs: those that it shows, and those that its kernel has used."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nb_banana import copying, shelves, used
from nb_banana.errors import LessonError, LibraryError, NotKeptError
from nb_banana.library import Library
from nb_banana.records import Kept
from nb_banana.saved import Saved


@dataclass
class Needed:
    """The answers, by the id of their request.

    Attributes:
        answers: each with the library that has it.
        missing: the cells that should show a picture and have none, with what to do.
        unseen: how many answers this kernel has used and the notebook does not show.
        problems: what libraries said that could not be read.
    """

    answers: dict[str, tuple[Library, Kept]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unseen: int = 0
    problems: list[str] = field(default_factory=list)

    def libraries(self) -> dict[Library, list[str]]:
        """The ids by library."""
        found: dict[Library, list[str]] = {}
        for request_id, (library, _) in self.answers.items():
            found.setdefault(library, []).append(request_id)
        return found


def needed_by(notebook: Saved) -> Needed:
    """What a saved notebook needs, with what those pictures were made from.

    Raises:
        LessonError: it needs nothing, or none of it can be found.
    """
    need = Needed()
    libraries = shelves.libraries_of(notebook.path.parent.absolute())
    shown = [request_id for cell in notebook.cells for request_id in cell.requests]
    for library in libraries:
        _take(need, library, shown)
    seen = len(need.answers)
    if _runs_here(notebook.path):
        for library, request_id in list(used.USED):
            _take(need, library, [request_id])
    need.unseen = len(need.answers) - seen
    need.missing = _missing(notebook, need)
    if not need.answers:
        raise _nothing(notebook, need)
    _take_parents(need, libraries)
    return need


def _take(need: Needed, library: Library, request_ids: Iterable[str]) -> None:
    wanted = [each for each in request_ids if each not in need.answers]
    try:
        found = copying.answers(library, wanted) if wanted else []
    except LibraryError as error:  # another library may have them
        need.problems.append(str(error))
        return
    need.answers |= {kept.request_id: (library, kept) for kept in found}


def _take_parents(need: Needed, libraries: list[Library]) -> None:
    """Add the pictures that the others were made from, and those that these were made from."""
    places = list(dict.fromkeys([*need.libraries(), *libraries]))
    waiting = [digest for _, kept in need.answers.values() for digest in kept.parents]
    known = {each.digest for _, kept in need.answers.values() for each in (kept, *kept.extras)}
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


def _missing(notebook: Saved, need: Needed) -> list[str]:
    """The cells without a picture.

    A cell that shows none may have used one quietly. How many did so is known, and not which.
    """
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


def _nothing(notebook: Saved, need: Needed) -> LessonError:
    said = need.missing or [
        "None of its cells shows one: run the notebook, save it, and pack again."
    ]
    return LessonError(
        f"There is no picture to pack for {notebook.path.name}. "
        + " ".join([*said, *dict.fromkeys(need.problems)]),
        missing=tuple(need.missing),
    )


def _runs_here(notebook: Path) -> bool:
    """Whether this kernel runs the notebook, or may: some front ends do not say what they run."""
    running = Path(shelves.notebook() or "")
    if running.suffix != ".ipynb":
        return True
    if running.is_absolute():
        return running.resolve() == notebook.resolve()
    return notebook.resolve().parts[-len(running.parts) :] == running.parts
