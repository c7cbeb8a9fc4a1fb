"""`EncodedImage`: a picture as it is sent. Its base64 and its hashes are made when first asked for.

What was encoded once is not encoded again, as long as it fits in a number of bytes: `EncodeCache`.
"""

import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nb_banana._text import megabytes
from nb_banana._threads import lock
from nb_banana.errors import PictureError, PillowMissingError
from nb_banana.imaging.decode import OPEN_FORMATS, open_picture, require_pillow, upright_plain
from nb_banana.imaging.formats import PictureProblem

if TYPE_CHECKING:
    from PIL import Image


PIECE = 3 * 2**16
"""Bytes of a picture that become base64 at once: few enough to stay in the processor's cache."""
BAND = 256  # rows that are hashed at once


@dataclass(eq=False, repr=False)
class EncodedImage:
    """A picture as it is sent."""

    data: bytes  # the bytes of a PNG, JPEG or WebP
    mime: str  # their type
    size: tuple[int, int]  # width and height in pixels
    came_size: tuple[int, int]  # width and height of what was given, upright
    came_bytes: int | None = None  # bytes of what was given; None where it was no file
    came_digest: str = ""  # SHA-256 of what was given; empty where that is what is sent
    smaller: bool = False  # whether it was made smaller
    exact: bool = True  # whether the pixels that are sent are those that were given
    pixels: str | None = None  # their hash where it is known already, see `find_pixels`

    @cached_property
    def url(self) -> str:
        """The ``data:`` URI."""
        view = memoryview(self.data)
        url = f"data:{self.mime};base64,"
        # One string that grows in place: joining would need the memory of the picture once more.
        for start in range(0, len(view), PIECE):
            url += str(binascii.b2a_base64(view[start : start + PIECE], newline=False), "ascii")
        return url

    @property
    def sent_bytes(self) -> int:
        """The length of `url`, without making it."""
        return len(f"data:{self.mime};base64,") + (len(self.data) + 2) // 3 * 4

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes that are sent."""
        return hashlib.sha256(self.data).hexdigest()

    def find_pixels(self, given: bytes | None) -> str | None:
        """A hash of the pixels that were given; None where they are not there any more."""
        data = self.data if self.exact else given
        if self.pixels is None and data is not None:
            self.pixels = file_pixels(data)  # decoded once
        return self.pixels

    def changed(self, first: "EncodedImage | None" = None) -> str:
        """From what to what, e.g. ``"6000×4000 → 4096×2731, 9.1 MB → 2.3 MB"``."""
        first = first or self
        (width, height), (new_width, new_height) = first.came_size, self.size
        size = f"{width}×{height}"
        if first.came_size != self.size:
            size += f" → {new_width}×{new_height}"
        before = "" if first.came_bytes is None else f"{megabytes(first.came_bytes)} → "
        return f"{size}, {before}{megabytes(len(self.data))}"

    def __getstate__(self) -> dict[str, Any]:
        # The base64 is made as quickly as it is read.
        return {name: value for name, value in self.__dict__.items() if name != "url"}


def file_pixels(data: bytes) -> str | None:
    """`image_pixels` of a file; None where Pillow can't decode it."""
    try:
        return image_pixels(upright_plain(open_picture(data, open_formats())))
    except (PictureProblem, PictureError, PillowMissingError):
        return None


def image_pixels(image: "Image.Image") -> str:
    """A hash of a plain picture's pixels: grey and RGB, with and without alpha, are one."""
    found = hashlib.sha256(repr(image.size).encode())
    for top in range(0, image.height, BAND):
        band = image.crop((0, top, image.width, min(top + BAND, image.height)))
        found.update(band.convert("RGBA").tobytes())
    return found.hexdigest()


def open_formats() -> tuple[str, ...]:
    """What is opened as a reference: more than may come back from a service."""
    require_pillow()
    from PIL import Image

    heif = ("HEIF",) if "HEIF" in Image.OPEN else ()  # where pillow_heif has registered it
    return (*OPEN_FORMATS, "JPEG2000", "PPM", "ICO", *heif)


MOST_DATA_BYTES = 128_000_000
"""Bytes. Five photos of 7 MB are 82 MB with their base64, and the 15 MB that they are made smaller
to are 35 MB. With less room than that a second request would encode all of them again."""
EDGE = 64


class EncodeCache:
    """The last encoded pictures, by what they were made of."""

    # One lock is held while one is made: of forty threads that want the same picture, one encodes.

    def __init__(self, largest: int = MOST_DATA_BYTES) -> None:
        self._largest = largest
        self._size = 0
        self._entries: OrderedDict[Hashable, EncodedImage] = OrderedDict()
        self._lock = lock()

    def of_file(self, data: bytes, how: Hashable, make: Callable[[], EncodedImage]) -> EncodedImage:
        """The picture made of a file's bytes, in the way that `how` names."""
        # Length and edges find an earlier one without a hash, which would take half the time of the
        # base64; then all bytes are compared.
        middle = len(data) // 2
        place = (how, len(data), data[:EDGE], data[middle : middle + EDGE], data[-EDGE:])
        return self._of(place, lambda found: _is_of(found, data), make)

    def of_pixels(self, key: Hashable, make: Callable[[], EncodedImage]) -> EncodedImage:
        """The picture made of the pixels that the key's hash stands for."""
        return self._of(key, lambda _: True, make)

    def _of(
        self,
        place: Hashable,
        fits: Callable[[EncodedImage], bool],
        make: Callable[[], EncodedImage],
    ) -> EncodedImage:
        with self._lock:
            found = self._entries.pop(place, None)
            if found is not None:
                self._size -= held_bytes(found)
            if found is None or not fits(found):
                found = make()
            self._entries[place] = found
            self._size += held_bytes(found)
            while self._size > self._largest:
                _, dropped = self._entries.popitem(last=False)
                self._size -= held_bytes(dropped)
            return found

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return self._size


def _is_of(encoded: EncodedImage, data: bytes) -> bool:
    if encoded.came_digest:
        return encoded.came_digest == hashlib.sha256(data).hexdigest()
    return encoded.data == data


def held_bytes(encoded: EncodedImage) -> int:
    """Bytes that a kept picture takes: its own and its base64."""
    return len(encoded.data) + encoded.sent_bytes
