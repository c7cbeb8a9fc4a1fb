"""`Encoded`: a picture as it is sent. Its base64 and its hashes are made when first asked for."""

import binascii
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nb_banana.errors import PictureError
from nb_banana.flaws import Flaw
from nb_banana.limits import megabytes
from nb_banana.modes import normal
from nb_banana.pixels import FORMATS, open_picture

if TYPE_CHECKING:
    from PIL import Image

PIECE = 3 * 2**16
"""Bytes of a picture that become base64 at once: few enough to stay in the processor's cache."""
BAND = 256
"""Rows that are hashed at once."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """A picture as it is sent.

    Attributes:
        data: the bytes of a PNG, JPEG or WebP.
        mime: their type.
        size: width and height in pixels.
        came_size: width and height of what was given, upright.
        came_bytes: bytes of what was given; None where it was no file.
        came_digest: SHA-256 of what was given; empty where that is what is sent.
        smaller: whether it was made smaller.
        exact: whether the pixels that are sent are those that were given.
        pixels: their hash where it is known already, see `find_pixels`.
    """

    data: bytes
    mime: str
    size: tuple[int, int]
    came_size: tuple[int, int]
    came_bytes: int | None = None
    came_digest: str = ""
    smaller: bool = False
    exact: bool = True
    pixels: str | None = None

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
        """A hash of the pixels that were given; None where they are not there any more.

        Args:
            given: the file that the picture was made of; only needed where it is not `exact`.

        """
        data = self.data if self.exact else given
        if self.pixels is None and data is not None:
            object.__setattr__(self, "pixels", file_pixels(data))  # decoded once
        return self.pixels

    def changed(self, first: "Encoded | None" = None) -> str:
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
        return image_pixels(normal(open_picture(data, formats())))
    except (Flaw, PictureError):
        return None


def image_pixels(image: "Image.Image") -> str:
    """A hash of a plain picture's pixels: grey and RGB, with and without alpha, are one."""
    found = hashlib.sha256(repr(image.size).encode())
    for top in range(0, image.height, BAND):
        band = image.crop((0, top, image.width, min(top + BAND, image.height)))
        found.update(band.convert("RGBA").tobytes())
    return found.hexdigest()


def formats() -> tuple[str, ...]:
    """What is opened as a reference: more than may come back from a service."""
    from PIL import Image

    heif = ("HEIF",) if "HEIF" in Image.OPEN else ()  # where pillow_heif has registered it
    return (*FORMATS, "JPEG2000", "PPM", "ICO", *heif)
