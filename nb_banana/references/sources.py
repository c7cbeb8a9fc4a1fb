"""Anything that is a picture → bytes of a file, pixels in memory, or an address.

Nothing is imported here for a value to be recognised: whoever holds a numpy array has numpy.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from nb_banana._text import BLANK, clean, is_data
from nb_banana.credentials import refuse_key
from nb_banana.imaging.formats import PictureProblem
from nb_banana.references import adapters, locations
from nb_banana.references.adapters import from_array
from nb_banana.references.locations import SCHEME, checked_address, data_bytes

if TYPE_CHECKING:
    from PIL import Image


TABLE_PACKAGES = ("pandas", "polars", "pyarrow")
COLOURS = (3, 4)


@dataclass(frozen=True)
class Source:
    """A picture as it was given: a file's `data`, an `image` in memory, or an `address`."""

    name: str  # what to call it where the person has not said
    data: bytes | None = None
    image: "Image.Image | None" = None
    address: str = ""
    ours: Any = None  # the `BananaImage` that it is


def read_source(value: Any) -> Source:
    """Take a value for the picture that it is."""
    for is_kind, reader, _ in KINDS:
        if is_kind(value):
            return reader(value)
    raise PictureProblem(f"is no picture: it is {article(type(value).__name__)}{_advice(value)}")


def is_picture(value: Any) -> bool:
    """Whether a value is made for showing a picture. Texts and bytes may be anything."""
    return any(sure and is_kind(value) for is_kind, _, sure in KINDS)


def stands_for_picture(value: Any) -> bool:
    """Whether a value is a picture where words may stand too: nobody wants its bytes as words."""
    if isinstance(value, os.PathLike) and not is_picture(value):
        return PurePath(os.fsdecode(value)).suffix.lower() in locations.PICTURE_SUFFIXES
    return is_picture(value) or _is_buffer(value) or _is_file(value) or _is_coloured(value)


def _is_coloured(value: Any) -> bool:
    """Whether it is an array of three or four colours. A grey one may be any table of numbers."""
    shape: Any = getattr(value, "shape", ()) if _is_array(value) else ()
    is_known = isinstance(shape, tuple) and len(shape) == 3 and isinstance(shape[2], int)
    return is_known and shape[2] in COLOURS


def describe(value: Any) -> str:
    """What to call a value in a sentence, before it is known to be a picture."""
    if isinstance(value, str):
        shown = (
            value
            if len(value) <= locations.LONGEST_SHOWN
            else value[: locations.LONGEST_SHOWN] + "…"
        )
        return "The data: address" if is_data(value) else repr(shown)
    if isinstance(value, os.PathLike) and not _is_ours(value):
        with suppress(Exception):  # a value's own code
            return repr(os.fspath(value))
    return f"The {type(value).__name__} given as a reference"


def _is_ours(value: Any) -> bool:
    return all(hasattr(type(value), name) or name in _state(value) for name in IMAGE_ATTRIBUTES)


IMAGE_ATTRIBUTES = ("bytes", "parents", "request")


def _state(value: Any) -> Any:
    return getattr(value, "__dict__", ())


def _from_ours(value: Any) -> Source:
    label = getattr(value, "name", None) or _quoted(getattr(value, "prompt", ""))
    return Source(label, data=value.bytes, ours=value)


def _quoted(prompt: str) -> str:
    """What to call a picture that has no name: the beginning of its prompt."""
    return f"“{clean(prompt, 40) or 'picture'}”"


def _is_pillow(value: Any) -> bool:
    return adapters.is_of(value, "PIL.Image", "Image")


def _from_pillow(value: Any) -> Source:
    name = PurePath(str(getattr(value, "filename", "") or "")).name
    if 0 in value.size:
        raise PictureProblem(f"is empty: it is {value.width}×{value.height}")
    return Source(name or "image", image=value)


def _from_text(value: str) -> Source:
    text = value.strip(BLANK)
    if not SCHEME.match(text):
        return _from_path(text)
    if is_data(text):
        return Source("data: address", data=data_bytes(text))
    refuse_key("The address of a reference", text)
    return Source(text, address=checked_address(text))


def _from_path(value: Any) -> Source:
    path = os.fspath(value)
    if not isinstance(path, str):
        path = os.fsdecode(path)
    if not path:
        raise PictureProblem("is empty: name a file")
    refuse_key("The path of a reference", path)
    return Source(PurePath(path).name, data=locations.read_file(path))


def _from_buffer(value: Any) -> Source:
    return Source("picture", data=value if isinstance(value, bytes) else bytes(value))


def _is_file(value: Any) -> bool:
    return callable(getattr(value, "read", None)) and not isinstance(value, type)


def _from_file(value: Any) -> Source:
    """A file is read from its start, for who has just written into a buffer stands at its end."""
    # Its position is put back, and it stays open. What can't seek is read from where it stands.
    with suppress(AttributeError, TypeError, ValueError, OSError):  # it is in memory
        about = os.fstat(value.fileno())
        locations.check_size(about)
    try:
        place = value.tell() if hasattr(value, "seek") and value.seekable() else None
        if place is not None:
            value.seek(0)
        data = value.read()
        if place is not None:
            value.seek(place)
    except (OSError, ValueError, AttributeError) as error:
        raise PictureProblem(f"can't be read: {str(error).rstrip('.')}") from error
    if not isinstance(data, bytes):
        raise PictureProblem(f"gives {type(data).__name__} and no bytes. Open it with 'rb'")
    name = getattr(value, "name", "")
    return Source(PurePath(name).name if isinstance(name, str) and name else "file", data=data)


def _is_notebook_image(value: Any) -> bool:
    return adapters.is_of(value, "IPython.core.display", "Image")


def _from_notebook_image(value: Any) -> Source:
    for given in (value.data, value.url, value.filename):
        if given:
            return read_source(given)
    raise PictureProblem("is empty: it has neither data nor url")


def _from_matplotlib(value: Any) -> Source:
    return Source("figure", data=adapters.from_matplotlib(value))


def _from_plotly(value: Any) -> Source:
    return Source("figure", data=adapters.from_plotly(value))


def _is_array(value: Any) -> bool:
    return hasattr(type(value), "__array__") and not type(value).__module__.startswith(
        TABLE_PACKAGES
    )


def _from_array(value: Any) -> Source:
    return Source("array", image=from_array(value))


def _shows_itself(value: Any) -> bool:
    return not isinstance(value, type) and any(
        callable(getattr(type(value), name, None)) for name in ("_repr_png_", "_repr_jpeg_")
    )


def _from_display(value: Any) -> Source:
    for name in ("_repr_png_", "_repr_jpeg_"):
        shown = getattr(value, name, lambda: None)()
        data = shown[0] if isinstance(shown, tuple) else shown
        if isinstance(data, bytes):
            return Source(type(value).__name__, data=data)
    raise PictureProblem("shows no picture of itself")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, os.PathLike)


def _is_buffer(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


SourceKind = tuple[Callable[[Any], bool], Callable[[Any], Source], bool]
"""How a kind of value is known, how it is read, and whether it surely is a picture."""

KINDS: tuple[SourceKind, ...] = (
    (_is_ours, _from_ours, True),
    (_is_pillow, _from_pillow, True),
    (_is_text, _from_text, False),
    (_is_path, _from_path, False),
    (_is_buffer, _from_buffer, False),
    (_is_notebook_image, _from_notebook_image, True),
    (adapters.is_matplotlib, _from_matplotlib, True),
    (adapters.is_plotly, _from_plotly, True),
    (_is_file, _from_file, False),
    (_is_array, _from_array, False),
    (_shows_itself, _from_display, False),
)


def article(name: str) -> str:
    """A kind of things for a sentence.

    >>> article("Axes"), article("ndarray"), article("list")
    ('an Axes', 'an ndarray', 'a list')
    """
    return f"{'an' if name.lower().startswith(('a', 'e', 'i', 'o', 'u', 'nd')) else 'a'} {name}"


def _advice(value: Any) -> str:
    if isinstance(value, type):
        return ", a class and no value of it"
    if type(value).__module__.startswith(TABLE_PACKAGES):
        return ". Take the pictures out of it, e.g. table.picture[0] or list(table.picture)"
    if hasattr(value, "__iter__"):
        return ". Several pictures are given as a list"
    return ""
