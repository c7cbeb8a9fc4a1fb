"""What the library hands out: a kept picture, an unfinished request, a bill."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from nb_banana._text import InDollars
from nb_banana.imaging.decode import PictureKind, preview
from nb_banana.imaging.formats import read_header
from nb_banana.library.files import check_file, preview_path, read_whole
from nb_banana.request import ImageRequest, copy_with
from nb_banana.services.exchange import Ticket
from nb_banana.services.receipt import Receipt, mark_of

HELD_PREVIEWS = 16
"""A picture that is shown again is not decoded again, and a day's pictures take no memory."""


@dataclass(frozen=True)
class StoredImage:
    """A picture in the library, with all that is known of it. Its bytes stay on the disk."""

    path: Path
    mime: str
    width: int  # pixels
    height: int
    size: int  # bytes
    digest: str  # SHA-256; any beginning of it that is unique finds the picture
    request: ImageRequest
    receipt: Receipt
    request_id: str  # our own id, which the service's log has too
    position: int  # in the answer, from 0
    made: datetime  # UTC
    notebook: str | None  # where it was asked for, if known
    parents: tuple[str, ...]  # digests of the pictures that it was made from
    extras: tuple["StoredImage", ...] = field(default=(), repr=False)  # of the same answer

    @property
    def pictures(self) -> tuple["StoredImage", ...]:
        """All of its answer: itself, then the others."""
        return (self, *self.extras)

    @property
    def kind(self) -> PictureKind:
        """MIME type, width and height."""
        return PictureKind(self.mime, self.width, self.height)

    def asked_by(self, request: ImageRequest) -> ImageRequest:
        """The request of this picture, with what another one that asks the same calls things."""
        if not request.images:
            return self.request
        names = zip(self.request.references, request.references, strict=True)
        images = tuple(replace(old, label=new.label, note=new.note) for old, new in names)
        return copy_with(self.request, images=images)

    def read(self) -> bytes:
        """The bytes, as the service made them."""
        return read_whole(self.path, self.digest)

    def preview(self, longest: int) -> tuple[str, bytes]:
        """A small copy whose longer side has at most so many pixels; the last ones are held."""
        check_file(self.path, self.size)  # a copy that is held must not hide that the file is gone
        return _preview(self.path, self.digest, longest, mark_of(self.receipt))

    def keep_preview(self, longest: int) -> Path:
        """Put a small copy beside it; it is what is shown where Pillow is missing."""
        path = preview_path(self.path)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.preview(longest)[1])
        return path


@lru_cache(HELD_PREVIEWS)
def _preview(path: Path, digest: str, longest: int, mark: bytes) -> tuple[str, bytes]:
    data = read_whole(path, digest)
    mime, small = preview(data, longest, mark)
    if small is data:  # there is no Pillow
        with suppress(OSError):
            kept = preview_path(path).read_bytes()
            mime, small = (read_header(kept) or (mime,))[0], kept
    return mime, small


class UnfinishedRequest(NamedTuple):
    """A request that nobody works on any more, and that has no picture yet."""

    request_id: str
    state: str  # see `journal`
    request: ImageRequest
    links: tuple[str | None, ...]  # of the pictures; None for one that came inside the answer
    receipt: Receipt | None  # None before an answer
    error: str | None  # what the last one who tried said
    created: datetime  # UTC
    notebook: str | None
    ticket: Ticket | None = None  # of one that was accepted
    drawn_by: str | None = None  # the name of the service that gave the ticket
    inference_id: str | None = None  # the service's own id, where an answer began to come
    asked_at: str | None = None  # its address


@dataclass(frozen=True)
class Bill(InDollars):
    """What one request cost, or each of several. It stays when the picture is forgotten."""

    request_id: str
    made: datetime  # when it was asked for, UTC
    model: str
    notebook: str | None
    usd: Decimal | None  # None where the service did not say
    sandbox: bool  # it is play money
    count: int = 1  # of the requests: those that cost the same may be one bill

    @property
    def total(self) -> Decimal:
        """What all of them cost; 0 where the service did not say."""
        usd = self.usd or Decimal(0)
        return type(usd)(usd * self.count)


class StoredBody:
    """A reference picture in the library: it is read when it is sent, and not before."""

    def __init__(self, digest: str, read: Callable[[str], str]) -> None:
        self.digest, self.read = digest, read

    @property
    def url(self) -> str:
        """A ``data:`` URI of the file."""
        return self.read(self.digest)

    @property
    def mime(self) -> str:
        """The type of the file."""
        return self.url.removeprefix("data:").partition(";")[0]

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        from nb_banana.references.locations import data_bytes  # load time: it has pictures

        return data_bytes(self.url)

    @property
    def sent_bytes(self) -> int:
        """The length of `url`."""
        return len(self.url)
