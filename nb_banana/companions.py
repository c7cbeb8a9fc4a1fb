"""Picture files that a notebook opens as references: ``-i mug.jpg`` needs its file anywhere.

A file counts where its bytes are those that a kept request was given. What goes along is the
picture as it was sent, so without the place and the camera that the file itself may name.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nb_banana.errors import BadReferenceError
from nb_banana.paths import PICTURE_SUFFIXES
from nb_banana.records import Kept
from nb_banana.references import Reference, as_reference
from nb_banana.saved import Cell, Saved

WORD = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'|([^\s\"'=,()\[\]{}]+)")


@dataclass
class Companions:
    """The files.

    Attributes:
        data: their bytes, by name from the notebook's folder, with forward slashes.
        elsewhere: cells that name files outside of that folder, which nobody else has.
    """

    data: dict[str, bytes] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)


def companions(notebook: Saved, answers: Iterable[Kept]) -> Companions:
    """The files that a notebook's cells name and that its pictures were made from.

    Raises:
        LibraryError: a reference picture is not in its library any more.
    """
    given = {
        reference.origin: reference
        for kept in answers
        for reference in kept.request.references
        if reference.data is not None
    }
    found = Companions()
    for cell in notebook.cells if given else ():
        for word in _words(cell):
            path = Path(word).expanduser()
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


def _words(cell: Cell) -> Iterator[str]:
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
