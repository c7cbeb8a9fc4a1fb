"""Bytes that should be a picture: are they whole, of what kind and size; and a small copy."""

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana.errors import NotAPictureError, PictureTooLargeError, TruncatedPictureError

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 180_000_000
"""Twice Pillow's own guard would be a bomb; the largest 4K picture of any model has 38 million."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened at all. Pillow also knows formats that run other programs (EPS)."""
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/avif": ".avif",
}
"""The file suffix of each kind of picture that may come."""


@dataclass(frozen=True)
class Kind:
    """What the bytes themselves say: MIME type, width and height in pixels."""

    mime: str
    width: int
    height: int


def open_picture(data: bytes, formats: tuple[str, ...] = FORMATS) -> "Image.Image":
    """A Pillow image of the bytes, its pixels not decoded yet.

    Args:
        data: the file's bytes.
        formats: the names of the formats that are opened at all.

    Raises:
        NotAPictureError: Pillow can't read it.
        PictureTooLargeError: more pixels than `MAX_PIXELS`.

    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow only warns from 90 million pixels on; our own bound stands below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError("The picture has far too many pixels to be opened.") from error
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        KeyError,
        RuntimeError,  # a broken AVIF
    ) as error:
        raise NotAPictureError(f"This is not a picture: {_describe(data)}.") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise PictureTooLargeError(
            f"The picture has {picture.width}×{picture.height} pixels, which is more than we open."
        )
    return picture


def check_picture(data: bytes) -> Kind:
    """What kind of picture the bytes are, if they are a whole one.

    The pixels of PNG, JPEG and WebP are not decoded, nor are checksums reckoned: the connection
    has its own, and what was cut off shows at the end.

    Raises:
        NotAPictureError, PictureTooLargeError: as `open_picture`.
        TruncatedPictureError: the end is missing.

    >>> check_picture(b"<html>")
    Traceback (most recent call last):
    nb_banana.errors.NotAPictureError: This is not a picture: it is a web page.
    """
    picture = open_picture(data)
    mime = picture.get_format_mimetype() or "application/octet-stream"  # type: ignore[attr-defined]
    mime = "image/jpeg" if mime == "image/mpo" else mime  # a JPEG with a second one behind it
    size = picture.size
    if not _is_whole(data, mime, picture):
        raise TruncatedPictureError(
            f"The picture is cut off: {size[0]}×{size[1]} pixels were announced, "
            f"and the {len(data):,} bytes that came do not hold them all."
        )
    return Kind(mime, *size)


def _is_whole(data: bytes, mime: str, picture: "Image.Image") -> bool:
    if mime == "image/png":
        return _png_is_whole(data)
    if mime == "image/jpeg":
        return b"\xff\xd9" in data[-1024:]  # some writers pad after the end mark
    if mime == "image/webp":
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError, IndexError, struct.error):
        return False
    return True


def _png_is_whole(data: bytes) -> bool:
    """Whether the chunks follow each other to the end mark."""
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            return False
        if data[place + 4 : place + 8] == b"IEND":
            return True
        place = end + 4
    return False


def preview(data: bytes, longest: int) -> tuple[str, bytes]:
    """A small copy to show: JPEG, or PNG where there is transparency.

    Args:
        data: the whole picture.
        longest: the most pixels that its longer side may have.

    Returns:
        The MIME type and the bytes.

    """
    from PIL import Image, ImageOps

    picture = open_picture(data)
    picture.draft("RGB", (longest, longest))
    small = plain(picture)
    # Nearly all of the time is for decoding: a finer filter would add half of that once more.
    small.thumbnail((longest, longest), Image.Resampling.HAMMING, reducing_gap=1.5)
    small = ImageOps.exif_transpose(small)
    out = io.BytesIO()
    if _has_alpha(small):
        small.save(out, "PNG", optimize=True)
        return "image/png", out.getvalue()
    small.save(out, "JPEG", quality=80)
    return "image/jpeg", out.getvalue()


def plain(picture: "Image.Image") -> "Image.Image":
    """A picture of any mode as grey, RGB or RGBA in eight bits: what every format can hold."""
    if picture.mode in {"L", "RGB", "RGBA"} and not (
        picture.mode != "RGBA" and _has_alpha(picture)
    ):
        return picture
    if picture.mode.startswith("I"):  # 16 bits: a plain conversion would clip, not scale
        return picture.convert("I").point(lambda value: value / 257).convert("L")
    return picture.convert("RGBA" if _has_alpha(picture) else "RGB")


def _has_alpha(picture: "Image.Image") -> bool:
    return picture.has_transparency_data


def _describe(data: bytes) -> str:
    if not data:
        return "it is empty"
    start = data[:256].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        return "it is a web page"
    if start.startswith((b"{", b"[")):
        return "it looks like JSON"
    if start.startswith(b"<svg") or b"<svg" in start:
        return "it is SVG, which has no pixels"
    return f"Pillow can't read its {len(data):,} bytes"
