"""Anything that is a picture → a `Reference` in the form in which the service takes it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

from nb_banana._later import later
from nb_banana._text import clean, printable
from nb_banana.errors import BadReferenceError, BananaError
from nb_banana.imaging.decode import upright_plain
from nb_banana.imaging.formats import PictureProblem, problem_sentence
from nb_banana.references.encoded import EncodeCache, EncodedImage, image_pixels
from nb_banana.references.limits import (
    LIMITS,
    ReferenceLimits,
    check_total_bytes,
    share,
    total_bytes,
)

if TYPE_CHECKING:
    from nb_banana.references import encode, sources
else:  # a request without pictures needs neither
    encode, sources = later("nb_banana.references", "encode", "sources")

ENCODE_CACHE = EncodeCache()
"""What was encoded in this process: a sweep of forty requests encodes a picture once."""


class RemoteImage:
    """An http(s) address, which the service fetches itself."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def digest(self) -> str:
        """SHA-256 of the address: nobody here knows the picture."""
        return hashlib.sha256(self.url.encode()).hexdigest()

    @property
    def sent_bytes(self) -> int:
        """The length of the address."""
        return len(self.url)


class ImageBody(Protocol):
    """What a picture is in the request: `EncodedImage`, or a file of the library."""

    @property
    def data(self) -> bytes:
        """The bytes of a PNG, JPEG or WebP."""

    @property
    def mime(self) -> str:
        """Their type."""

    @property
    def url(self) -> str:
        """A ``data:`` URI."""

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""

    @property
    def sent_bytes(self) -> int:
        """The length of `url`."""


@dataclass(frozen=True, eq=False)
class Reference:
    """One reference picture, ready to be sent. Two of the same bytes are equal."""

    body: ImageBody | RemoteImage = field(repr=False)  # the picture as it is sent, or its address
    label: str = ""  # what a person calls it
    note: str | None = field(default=None, repr=False)  # what was done to it, in one line: ``"photo
    came_from: Any = field(default=None, repr=False)  # see `source`
    # the file that it was made of, until `unique` has compared it with the others.
    given: bytes | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """What stands in the request: an http(s) address, or a ``data:`` URI with base64."""
        return self.body.url

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes that are sent, or of the address where the service fetches it."""
        return self.body.digest

    @property
    def data(self) -> bytes | None:
        """The bytes that are sent; None where the service fetches them."""
        return None if isinstance(self.body, RemoteImage) else self.body.data

    @property
    def source(self) -> Any:
        """The `BananaImage` that it is, or the SHA-256 of the bytes that were given."""
        return self.digest if self.came_from is None else self.came_from

    @property
    def origin(self) -> str:
        """SHA-256 of the bytes that were given, by which a picture of ours is known again."""
        return self.source if isinstance(self.source, str) else str(self.source.digest)

    @property
    def sent_bytes(self) -> int:
        """How many bytes it takes in the request's body."""
        return self.body.sent_bytes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reference):
            return NotImplemented
        return self.body is other.body or self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def as_reference(
    value: Any, *, label: str = "", limits: ReferenceLimits = LIMITS, resize: bool = True
) -> Reference:
    """Take anything that is a picture as a reference, checked and ready to be sent.

    A `BananaImage`; a Pillow image of any mode; a numpy array or what turns into one; a figure of
    matplotlib, seaborn or plotly (of an axes among others its own part); an
    ``IPython.display.Image``; bytes; an open file (read from its start); a path; an http(s)
    address (passed on as it is) or a ``data:`` one; an object that shows itself as PNG or JPEG.

    PNG, JPEG and WebP within the limits go out with their pixels untouched and without their
    metadata (place, time, camera, comments); pictures that the model made go out as they are. All
    else becomes a PNG where that fits, else a JPEG. EXIF rotation is applied.

    Args:
        value: the picture.
        label: what to call it; else its file's name or its kind.
        limits: how large it may be.
        resize: whether it is made smaller where it is larger; else it is refused.

    Raises:
        BadReferenceError: no picture, one that can't be read, or one that is too large.

    """
    if isinstance(value, Reference):
        return replace(value, label=label) if label else value
    if not resize:
        limits = replace(limits, resize=False)
    try:
        source = sources.read_source(value)
        name = printable(label or source.name)  # a file's may have halves of characters
        if source.address:
            return Reference(RemoteImage(source.address), name)
        return _reference(source, name, limits)
    except PictureProblem as problem:
        raise BadReferenceError(problem_sentence(_called(value, label), problem)) from problem
    except BananaError:  # a picture of ours whose file is gone says so itself
        raise
    except Exception as error:
        # The value's own code, and what a plotting library or a plugin of Pillow makes of it.
        said = clean(str(error), 200).rstrip(".") or type(error).__name__
        sentence = problem_sentence(_called(value, label), PictureProblem(f"can't be read: {said}"))
        raise BadReferenceError(sentence) from error


def as_references(
    values: Any, *, label: str = "", limits: ReferenceLimits = LIMITS, resize: bool = True
) -> tuple[Reference, ...]:
    """One picture or many as references: each once, and together within the limits."""
    if not resize:
        limits = replace(limits, resize=False)
    made = [as_reference(value, label=name, limits=limits) for value, name in _each(values, label)]
    return together(unique(made), limits)


def unique(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Each picture once, in whatever form it was given; the first form stays."""
    # The same are: the same bytes, as they are sent or as they were given; the same pixels.
    kept: list[Reference] = []
    for reference in references:
        if not any(is_same(reference, other) for other in kept):
            kept.append(reference)
    return tuple(each if each.given is None else replace(each, given=None) for each in kept)


def together(
    references: Sequence[Reference], limits: ReferenceLimits = LIMITS
) -> tuple[Reference, ...]:
    """The references within ``total_bytes``: the largest are made smaller, which is noted."""
    if total_bytes(references) <= limits.total_bytes or not limits.resize:
        check_total_bytes(references, limits)
        return tuple(references)
    fair = share((each.sent_bytes for each in references), limits.total_bytes)
    fitted = tuple(_smaller(each, fair, limits) for each in references)
    check_total_bytes(fitted, limits)
    return fitted


def is_many(value: Any) -> bool:
    """Whether a value is several pictures: a list, a tuple, a gallery."""
    one = isinstance(value, str | bytes | bytearray | memoryview) or sources.is_picture(value)
    return isinstance(value, Sequence) and not one


def _each(values: Any, label: str) -> Iterator[tuple[Any, str]]:
    if values is None:
        return
    if not is_many(values):
        yield values, label
        return
    for number, value in enumerate(values):
        name = f"{label}[{number}]" if label else ""
        if is_many(value):
            for inner, each in enumerate(value):
                yield each, f"{name}[{inner}]" if name else ""
        else:
            yield value, name


def _called(value: Any, label: str) -> str:
    """What to call it in a sentence: of a variable that holds a path, both."""
    name = sources.describe(value)
    if label and isinstance(value, str | PurePath) and label not in name:
        return f"{label} ({name})"
    return label or name


def _reference(source: "sources.Source", label: str, limits: ReferenceLimits) -> Reference:
    body = _encoded(source, limits)
    note = f"{label}: {body.changed()}" if body.smaller else None
    came_from = source.ours if source.ours is not None else body.came_digest or None
    given = None if body.exact or body.pixels else source.data
    return Reference(body, label, note, came_from, given)


def _encoded(source: "sources.Source", limits: ReferenceLimits) -> EncodedImage:
    how = (limits.longest_side, limits.picture_bytes, limits.resize)
    if source.data is not None:
        data, ours = source.data, source.ours is not None
        return ENCODE_CACHE.of_file(
            data, (how, ours), lambda: encode.from_bytes(data, limits, ours=ours)
        )
    image = source.image
    assert image is not None  # noqa: S101 - a source is a file, an image or an address
    upright = upright_plain(image)
    pixels = image_pixels(upright)
    return ENCODE_CACHE.of_pixels(
        (how, pixels, upright.mode, image.format),
        lambda: encode.from_image(upright, pixels, limits, like=image),
    )


def is_same(one: Reference, other: Reference) -> bool:
    """Whether two references are one picture: the same bytes, or the same pixels."""
    if one.body is other.body or _digests(one) & _digests(other):
        return True
    if not isinstance(one.body, EncodedImage) or not isinstance(other.body, EncodedImage):
        return False
    if one.body.came_size != other.body.came_size:  # so that most are never decoded
        return False
    pixels = one.body.find_pixels(one.given)
    return pixels is not None and pixels == other.body.find_pixels(other.given)


def _digests(reference: Reference) -> set[str]:
    given = reference.body.came_digest if isinstance(reference.body, EncodedImage) else ""
    return {reference.digest, given or reference.digest}


def _smaller(reference: Reference, most: int, limits: ReferenceLimits) -> Reference:
    if not isinstance(reference.body, EncodedImage) or reference.sent_bytes <= most:
        return reference
    first, label = reference.body, reference.label
    room = max(1, (most - len(f"data:{first.mime};base64,")) // 4 * 3)
    source = sources.Source(label, data=first.data)
    try:
        body = _encoded(source, replace(limits, picture_bytes=min(room, limits.picture_bytes)))
    except PictureProblem as problem:
        raise BadReferenceError(problem_sentence(label, problem)) from problem
    note = f"{label}: {body.changed(first)}"
    return Reference(body, label, note, reference.source)
