"""The pictures that a panel offers: those that a notebook has at hand, and those dropped on it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nb_banana._text import megabytes, one_line
from nb_banana._threads import Pool
from nb_banana.errors import BadReferenceError, BananaError, SaveError
from nb_banana.imaging import save
from nb_banana.imaging.decode import preview
from nb_banana.references.limits import ReferenceLimits
from nb_banana.references.locations import SCHEME
from nb_banana.references.reference import as_reference
from nb_banana.references.sources import is_picture
from nb_banana.references.variables import NOT_MINE, find_picture
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import image_lines
from nb_banana.results.pending import PendingValue
from nb_banana.settings import settings

MOST_THUMBNAILS = 60  # pictures that are offered; more can be named in the cell
IN_ONE = 12  # pictures of one list that are offered
THUMBNAIL_SIDE = 112  # pixels of a thumbnail's longer side
FOLDER = "nb_banana_uploads"
MOST_UPLOAD_BYTES = 100_000_000  # bytes of one upload


def pictures_of(names: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook's pictures by their words, the latest variable first."""
    found: dict[str, Any] = {}
    for name in reversed(list(names)):
        if not name.startswith("_") and name not in NOT_MINE:
            with suppress(Exception):  # a stranger's value may raise anything when it is looked at
                found |= dict(_pictures(name, names[name]))
        if len(found) >= MOST_THUMBNAILS:
            break
    return dict(list(found.items())[:MOST_THUMBNAILS])


def _pictures(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not is_there(value):
        return
    if type(value) in {list, tuple} or isinstance(value, Gallery):
        for index, each in enumerate(value[:IN_ONE]):
            if is_picture(each):
                yield f"{name}[{index}]", each
    elif is_picture(value) or _is_colours(value):
        yield name, value


def _is_colours(value: Any) -> bool:
    """Whether an array is surely a picture: rows of red, green, blue in bytes."""
    shape: Any = getattr(value, "shape", ())
    return str(getattr(value, "dtype", "")) == "uint8" and len(shape) == 3 and shape[2] in (3, 4)


def is_there(value: Any) -> bool:
    """Whether a value can be looked at now: not one that is on its way, or has failed."""
    return not isinstance(value, PendingValue) or (value.done and not value.state)


def find_value(word: str, names: Mapping[str, Any]) -> Any:
    """The value behind a word, or the error that says why there is none, to be told later."""
    try:
        return find_picture(word, names)[0]
    except BadReferenceError as error:
        return error


def thumbnail_id(word: str, value: Any) -> str:
    """What the browser knows a small picture by; nothing for an address, which is not fetched."""
    if (
        isinstance(value, Exception)
        or not is_there(value)
        or (isinstance(value, str) and SCHEME.match(value))
    ):
        return ""
    if isinstance(value, BananaImage):
        return value.id
    return f"{word}#{id(value) if not isinstance(value, str) else value}"


def small_copy(value: Any, longest: int) -> tuple[str, bytes]:
    """A small copy of any picture: its MIME type and bytes."""
    if isinstance(value, BananaImage):
        return value.preview(longest)
    return preview(as_reference(value, limits=ReferenceLimits.of(settings)).data or b"", longest)


class Thumbnails:
    """What of one panel can be seen, and the thread that makes the copies for ``send``."""

    def __init__(self, send: Callable[[Mapping[str, Any], list[bytes]], None]) -> None:
        self._send = send
        self._worker = Pool(1)
        self._is_open = True
        self._places: dict[str, dict[str, tuple[Any, int]]] = {}

    def see(self, place: str, values: Mapping[str, Any], longest: int = THUMBNAIL_SIDE) -> None:
        """What is to be seen in one place from now on, by its ids; what was there is let go."""
        self._places[place] = {
            thumbnail: (each, longest) for thumbnail, each in values.items() if thumbnail
        }
        if not self._is_open:  # the thread was at it when the panel was closed
            self._places = {}

    def see_words(self, place: str, found: Mapping[str, Any]) -> list[dict[str, str]]:
        """The same by a cell's words, and what the browser has to know of each."""
        ids = {word: thumbnail_id(word, value) for word, value in found.items()}
        self.see(place, {ids[word]: value for word, value in found.items()})
        problems = {word: str(each) for word, each in found.items() if isinstance(each, Exception)}
        return [
            {"word": word, "thumbnail": thumbnail, "problem": problems.get(word, "")}
            for word, thumbnail in ids.items()
        ]

    def __getitem__(self, thumbnail: str) -> Any:
        """The picture behind a thumbnail; None where it is not to be seen any more."""
        return self._find(thumbnail)[0]

    def send(self, thumbnail: str) -> None:
        """Send the copy, or no bytes where there is none to be made."""
        value, longest = self._find(thumbnail)

        def work() -> None:
            mime, data = "", b""
            with suppress(BananaError, OSError, ValueError):  # what is wrong is said elsewhere
                if value is not None:
                    mime, data = small_copy(value, longest)
            self._send({"thumbnail": thumbnail, "mime": mime}, [data])

        self.later(work)

    def later(self, work: Callable[[], None]) -> None:
        """Do it in the thread, so that the kernel stays free."""
        self._worker.submit(lambda: work() if self._is_open else None)

    def close(self) -> None:
        """Let the pictures and the thread go."""
        self._is_open, self._places = False, {}

    def _find(self, thumbnail: str) -> tuple[Any, int]:
        places = list(self._places.values())
        return next(
            (each[thumbnail] for each in places if thumbnail in each), (None, THUMBNAIL_SIDE)
        )


def large_id(image: BananaImage) -> str:
    """What the browser knows a picture by that is shown large."""
    return f"{image.id}@{settings.preview}"


def shown_facts(image: BananaImage) -> dict[str, Any]:
    """What the browser has to know of a picture that is shown large."""
    return {
        "thumbnail": large_id(image),
        "size": list(image.size),
        "caption": "\n".join(image_lines(image)),
        "alt": one_line(image.alt),
    }


class Uploads:
    """Files that are arriving in pieces, by the numbers that the browser gave them."""

    # In pieces, for Jupyter's server closes the connection at a message of more than 10 MB:
    # https://github.com/jupyter-widgets/ipywidgets/issues/2522

    def __init__(self) -> None:
        self._arriving: dict[str, bytearray] = {}
        self._drop = ""
        self.refused: list[str] = []  # why files of the latest drop were; a good one hides none

    def add(self, number: str, name: str, piece: bytes, *, last: bool) -> bytes | None:
        """Take the next piece of file ``12/0``, first of drop 12; the whole file after the last."""
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
    """Put a dropped picture where a cell finds it after a restart, once; its path from here."""
    as_reference(data, label=name, limits=ReferenceLimits.of(settings))
    folder = Path(FOLDER)
    given = Path(name.replace("\\", "/"))
    title, suffix = save.stem(given.stem), given.suffix.lower()
    suffix = suffix if suffix[1:].isalnum() and suffix.isascii() else ""
    try:
        folder.mkdir(exist_ok=True)
        names = (
            f"{title}{f'-{number}' if number else ''}{suffix}" for number in (0, *range(2, 10_000))
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
