"""The pictures that a notebook has at hand, by the words that a cell has for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from nb_banana.addresses import SCHEME
from nb_banana.errors import BadReferenceError
from nb_banana.gallery import Gallery
from nb_banana.image import BananaImage
from nb_banana.later import Later
from nb_banana.names import NOT_MINE, find_picture
from nb_banana.pixels import preview
from nb_banana.references import as_reference
from nb_banana.settings import limits
from nb_banana.sources import is_picture

MOST = 60
"""Pictures that are offered; more can be named in the cell."""
IN_ONE = 12
"""Pictures of one list that are offered."""


def pictures_of(names: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook's pictures by their words, the latest variable first.

    >>> pictures_of({"number": 1, "_": None})
    {}
    """
    found: dict[str, Any] = {}
    for name in reversed(list(names)):
        if not name.startswith("_") and name not in NOT_MINE:
            found |= _safely(name, names[name])
        if len(found) >= MOST:
            break
    return dict(list(found.items())[:MOST])


def _safely(name: str, value: Any) -> dict[str, Any]:
    try:
        return dict(_pictures(name, value))
    except Exception:  # noqa: BLE001 - a stranger's value may raise anything when it is looked at
        return {}


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
    return not isinstance(value, Later) or (value.done and not value.state)


def find(word: str, names: Mapping[str, Any]) -> Any:
    """The value behind a word, or the error that says why there is none, to be told later."""
    try:
        return find_picture(word, names)[0]
    except BadReferenceError as error:
        return error


def sight_of(word: str, value: Any) -> str:
    """What the browser knows a small picture by: another one where the value is another one.

    Returns:
        Nothing where there is none to be seen: an address, which the service fetches.
    """
    if (
        isinstance(value, Exception)
        or not is_there(value)
        or (isinstance(value, str) and SCHEME.match(value))
    ):
        return ""
    if isinstance(value, BananaImage):
        return value.id
    return f"{word}#{id(value) if not isinstance(value, str) else value}"


def small(value: Any, longest: int) -> tuple[str, bytes]:
    """A small copy of any picture: its MIME type and bytes.

    Raises:
        BadReferenceError: it is none.
    """
    if isinstance(value, BananaImage):
        return value.preview(longest)
    return preview(as_reference(value, limits=limits()).data or b"", longest)
