"""What the library hands out: a kept picture, an unfinished request, a bill."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from nb_banana.imaging.decode import PictureKind, preview
from nb_banana.library.files import check_file, read_whole
from nb_banana.references.locations import data_bytes
from nb_banana.request import ImageRequest, copy_with
from nb_banana.services.receipt import Receipt

HELD_PREVIEWS = 16
"""A picture that is shown again is not decoded again, and a day's pictures take no memory."""


@dataclass(frozen=True)
class StoredImage:
    """A picture in the library, with all that is known of it. Its bytes stay on the disk.

    Attributes:
        path: its file.
        mime, width, height: what it is; width and height in pixels.
        size: bytes of the file.
        digest: SHA-256 of the bytes; the first six digits are in the file's name, and any
            beginning of it that is unique finds the picture.
        request: what was asked.
        receipt: the bill and the ids.
        request_id: our own id of the request.
        position: in the answer, from 0.
        made: when, in UTC.
        notebook: where it was asked for, if known.
        parents: digests of the pictures that it was made from.
        extras: further pictures of the same answer.

    """

    path: Path
    mime: str
    width: int
    height: int
    size: int
    digest: str
    request: ImageRequest
    receipt: Receipt
    request_id: str
    position: int
    made: datetime
    notebook: str | None
    parents: tuple[str, ...]
    extras: tuple["StoredImage", ...] = field(default=(), repr=False)

    @property
    def kind(self) -> PictureKind:
        """MIME type, width and height."""
        return PictureKind(self.mime, self.width, self.height)

    def asked_by(self, request: ImageRequest) -> ImageRequest:
        """The request of this picture, with what another one that asks the same calls things."""
        names = zip(self.request.references, request.references, strict=True)
        images = tuple(replace(old, label=new.label, note=new.note) for old, new in names)
        return copy_with(self.request, images=images)

    def read(self) -> bytes:
        """The bytes, as the service made them.

        Raises:
            PictureMissingError, PictureChangedError: the file is not what was kept.
        """
        return read_whole(self.path, self.digest)

    def preview(self, longest: int) -> tuple[str, bytes]:
        """A small copy, see `imaging.decode.preview`; the last ones are held. Raises as `read`.

        Args:
            longest: the most pixels that its longer side may have.
        """
        check_file(self.path, self.size)  # a copy that is held must not hide that the file is gone
        return _preview(self.path, self.digest, longest)


@lru_cache(HELD_PREVIEWS)
def _preview(path: Path, digest: str, longest: int) -> tuple[str, bytes]:
    return preview(read_whole(path, digest), longest)


@dataclass(frozen=True)
class UnfinishedRequest:
    """A request that nobody works on any more, and that has no picture yet.

    Attributes:
        request_id: our own id, which the service's log has too.
        state: ``sent`` (no answer), ``answered`` (its links are known)
            or ``unknown`` (whoever sent it gave up).
        request: what was asked.
        links: where the answer's pictures are; None for one that came inside the answer.
        receipt: the bill and the ids; None before an answer.
        error: what the last one who tried said.
        created: when it was written down, in UTC.
        notebook: where it was asked for, if known.

    """

    request_id: str
    state: str
    request: ImageRequest
    links: tuple[str | None, ...]
    receipt: Receipt | None
    error: str | None
    created: datetime
    notebook: str | None


@dataclass(frozen=True)
class Bill:
    """What one request cost. It stays when its picture is forgotten.

    Attributes:
        request_id: our own id.
        made: when it was asked for, in UTC.
        model: the id that was sent.
        notebook: where it was asked for, if known.
        usd: US dollars; None where the service did not say.
        sandbox: whether a sandbox answered, so that it is play money.

    """

    request_id: str
    made: datetime
    model: str
    notebook: str | None
    usd: Decimal | None
    sandbox: bool


@dataclass(frozen=True)
class StoredBody:
    """A reference picture in the library: it is read when it is sent, and not before."""

    digest: str
    read: Callable[[str], str] = field(repr=False, compare=False)

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
        return data_bytes(self.url)

    @property
    def sent_bytes(self) -> int:
        """The length of `url`."""
        return len(self.url)
