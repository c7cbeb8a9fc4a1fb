"""Pictures that a person drops into the panel: they become files beside the notebook.

A file has a name that a cell can say, today and after the kernel has restarted. The browser sends
it in pieces, for Jupyter's server closes the connection at a message of more than 10 MB
(https://github.com/jupyter-widgets/ipywidgets/issues/2522).
"""

from pathlib import Path

from nb_banana._default import settings
from nb_banana._text import megabytes
from nb_banana.errors import BadReferenceError, SaveError
from nb_banana.imaging import save
from nb_banana.references.limits import ReferenceLimits
from nb_banana.references.reference import as_reference

FOLDER = "nb_banana_uploads"
MOST_UPLOAD_BYTES = 100_000_000
"""Bytes of one upload."""


class Uploads:
    """Files that are arriving, by the numbers that the browser gave them.

    Attributes:
        refused: why files of the latest drop were refused; a good one after them does not hide it.
    """

    def __init__(self) -> None:
        self._arriving: dict[str, bytearray] = {}
        self._drop = ""
        self.refused: list[str] = []

    def add(self, number: str, name: str, piece: bytes, *, last: bool) -> bytes | None:
        """Take the next piece of a file; the whole file when it was the last.

        Args:
            number: the file's, behind that of its drop: ``12/0``, ``12/1`` …
            name: the file's name in the browser.
            piece: its next bytes.
            last: whether these are the last ones.

        Raises:
            BadReferenceError: it is too large.
        """
        drop = number.partition("/")[0]
        if drop != self._drop:
            self._drop, self.refused = drop, []
        held = self._arriving.setdefault(number, bytearray())
        held += piece
        if len(held) > MOST_UPLOAD_BYTES:
            del self._arriving[number]
            raise BadReferenceError(
                f"{name} has more than {megabytes(MOST_UPLOAD_BYTES)}. Make it smaller."
            )
        return bytes(self._arriving.pop(number)) if last else None


def keep_upload(name: str, data: bytes) -> str:
    """Put a picture into the folder of uploads, and return its path from the current folder.

    The same picture under the same name is kept once; another one gets a number.

    Args:
        name: the file's name in the browser.
        data: its bytes.

    Raises:
        BadReferenceError: it is no picture; nothing was written.
        SaveError: the folder can't be written to.
    """
    as_reference(data, label=name, limits=ReferenceLimits.of(settings))
    folder = Path(FOLDER)
    given = Path(name.replace("\\", "/"))
    stem, suffix = save.slug(given.stem), given.suffix.lower()
    suffix = suffix if suffix[1:].isalnum() and suffix.isascii() else ""
    try:
        folder.mkdir(exist_ok=True)
        names = (
            f"{stem}{f'-{number}' if number else ''}{suffix}" for number in (0, *range(2, 10_000))
        )
        path = next(
            each for each in map(folder.joinpath, names) if not each.exists() or _is(each, data)
        )
    except OSError as error:
        raise SaveError(f"The folder {FOLDER} can't be written to: {error.strerror}.") from None
    if not path.exists():
        save.write_whole(path, data)
    return path.as_posix()


def _is(path: Path, data: bytes) -> bool:
    return path.stat().st_size == len(data) and path.read_bytes() == data
