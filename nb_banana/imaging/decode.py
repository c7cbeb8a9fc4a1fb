"""Bytes that should be a picture: are they whole, of what kind and size; and a small copy.

Any Pillow mode becomes one of the four that a reference is sent in: L, LA, RGB, RGBA, eight bits.
"""

import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from nb_banana._later import Later
from nb_banana.errors import (
    BananaError,
    NotAPictureError,
    PictureTooLargeError,
    PillowMissingError,
    TruncatedPictureError,
)
from nb_banana.imaging.formats import (
    PictureProblem,
    damaged,
    has_png_end,
    plain_png_size,
    read_header,
    scan_channels,
    without_excess,
)

if TYPE_CHECKING:
    from PIL import Image

    from nb_banana.imaging import provenance
else:  # for copies alone
    provenance = Later("nb_banana.imaging.provenance")

MAX_PIXELS = 180_000_000
"""Twice Pillow's own guard would be a bomb; the largest 4K picture of any model has 38 million."""
MOST_SCALED_PIXELS = 1_000_000_000
"""Of a JPEG that is made smaller as it is decoded: the cameras of today end at 600 million."""
OPEN_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What is opened at all. Pillow also knows formats that run other programs (EPS)."""
PIXELS_AT_ONCE = 24_000_000
"""Of pictures that are decoded side by side: in memory that is what one large picture takes."""
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


class PictureKind(NamedTuple):
    """What the bytes themselves say: MIME type, width and height in pixels."""

    mime: str
    width: int
    height: int


def open_picture(
    data: bytes, formats: tuple[str, ...] = OPEN_FORMATS, *, scaled: bool = False
) -> "Image.Image":
    """A Pillow image of the bytes, its pixels not decoded yet."""
    try:
        from PIL import Image
    except ImportError:
        raise PillowMissingError from None
    readable, profile = without_excess(data)
    try:
        with unwarned():
            picture = Image.open(io.BytesIO(readable), formats=formats)
    except Image.DecompressionBombError as error:
        if scaled and (photo := _large_photo(data)):
            return photo
        raise PictureTooLargeError("The picture has far too many pixels to be opened.") from error
    except Exception as error:  # each of Pillow's decoders and plugins has its own
        raise NotAPictureError(f"This is not a picture: {_describe(data)}.") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_large(picture.width, picture.height)
    if profile:
        picture.info["icc_profile"] = profile
    return picture


@contextmanager
def unwarned() -> Iterator[None]:
    """Without Pillow's warnings, which are errors where a person made them so."""
    # Of broken EXIF, which is nobody's concern here, and from 90 million pixels on, where our own
    # bound stands. One more filter for each thread: `catch_warnings` of one would take back at its
    # end what a person, or another thread, has said of warnings by then.
    filters: Any = warnings.filters
    ours = ("ignore", None, Warning, re.compile("PIL"), 0)
    filters.insert(0, ours)
    try:
        yield
    finally:
        with suppress(ValueError):  # a person has taken all of them away
            filters.remove(ours)


def require_pillow() -> None:
    """Say it in a sentence where Pillow is missing, as in a browser that has none."""
    try:
        import PIL.Image  # noqa: F401 - only looked for
    except ImportError:
        raise PillowMissingError from None


def _large_photo(data: bytes) -> "Image.Image | None":
    """A JPEG of more than `MAX_PIXELS` whose small copy needs little memory; None for all else."""
    from PIL import JpegImagePlugin

    try:
        photo = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except Exception:  # noqa: BLE001 - as in `open_picture`
        return None
    by_rows = "progressive" not in photo.info and scan_channels(data) == len(photo.getbands())
    return photo if by_rows and photo.width * photo.height <= MOST_SCALED_PIXELS else None


def scale_while_decoding(picture: "Image.Image", scale: float) -> None:
    """Have a JPEG decoded at a half of its size, a quarter or an eighth."""
    # It becomes the smallest that is not below the scale, or as small as `MAX_PIXELS` asks for.
    step = 1.0
    while picture.width * picture.height * step * step > MAX_PIXELS:
        step /= 2
    width, height = (max(1, int(side * min(scale, step))) for side in picture.size)
    picture.draft(picture.mode, (width, height))


@contextmanager
def decoding() -> Iterator[None]:
    """What Pillow and its plugins raise for a damaged file, as an error of ours."""
    try:
        with unwarned():
            yield
    except BananaError:
        raise
    except Exception as error:  # each decoder has its own, and Pillow's say OSError
        raise TruncatedPictureError(f"The picture {damaged(error)}.") from error


def decoded(data: bytes) -> "Image.Image":
    """A Pillow image of the bytes with its pixels, which can be used whatever its mode is."""
    picture = open_picture(data)
    with decoding():
        picture.load()
        if picture.mode in {"P", "PA"}:
            picture.convert("RGB")  # a palette that is damaged, or not there
    return picture


def check_picture(data: bytes) -> PictureKind:
    """What kind of picture the bytes are, if they are a whole one.

    >>> check_picture(b"<html>")
    Traceback (most recent call last):
    nb_banana.errors.NotAPictureError: This is not a picture: it is a web page.
    """
    # The pixels of PNG, JPEG and WebP are not decoded, nor are checksums reckoned: the connection
    # has its own, and what was cut off shows at the end.
    if (size := plain_png_size(data)) and size[0] * size[1] <= MAX_PIXELS // 2:
        return _whole(data, PictureKind("image/png", *size), None)
    try:
        picture = open_picture(data)
    except PillowMissingError:
        return _kind_by_header(data)
    mime = picture.get_format_mimetype() or "application/octet-stream"  # type: ignore[attr-defined]
    # A JPEG with a second one behind it, and a PNG that moves, are of these kinds all the same.
    mime = {"image/mpo": "image/jpeg", "image/apng": "image/png"}.get(mime, mime)
    return _whole(data, PictureKind(mime, *picture.size), picture)


def _kind_by_header(data: bytes) -> PictureKind:
    """The same where Pillow is missing: of the kinds that a browser shows, by their first bytes."""
    kind = PictureKind(*(read_header(data) or ("", 0, 0)))
    if not kind.width * kind.height:
        raise NotAPictureError(f"This is not a picture: {_describe(data, 'we')}.")
    if kind.width * kind.height > MAX_PIXELS:
        raise _too_large(kind.width, kind.height)
    return _whole(data, kind, None)


def _whole(data: bytes, kind: PictureKind, picture: "Image.Image | None") -> PictureKind:
    if not _is_whole(data, kind.mime, picture):
        raise TruncatedPictureError(
            f"The picture is cut off: {kind.width}×{kind.height} pixels were announced, "
            f"and the {len(data):,} bytes that came do not hold them all."
        )
    return kind


def _too_large(width: int, height: int) -> PictureTooLargeError:
    return PictureTooLargeError(
        f"The picture has {width}×{height} pixels, which is more than we open."
    )


def _is_whole(data: bytes, mime: str, picture: "Image.Image | None") -> bool:
    if mime == "image/png":
        return has_png_end(data)
    if mime == "image/jpeg":
        return b"\xff\xd9" in data[-1024:]  # some writers pad after the end mark
    if mime == "image/webp":
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    if picture is None:
        return data.endswith(b";")  # a GIF
    try:
        with decoding():
            picture.load()
    except TruncatedPictureError:
        return False
    return True


def preview(data: bytes, longest: int, mark: bytes | None = None) -> tuple[str, bytes]:
    """A small copy to show: JPEG, or PNG where there is transparency; itself without Pillow."""
    # It says of its making what the file says, else the ``mark``, see `imaging.provenance`.
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return _kind_by_header(data).mime, data
    picture = open_picture(data)
    with decoding():
        picture.draft("RGB", (longest, longest))
        small = to_eight_bits(picture)
        # Nearly all of the time is for decoding: a finer filter would add half of that once more.
        small.thumbnail((longest, longest), Image.Resampling.HAMMING, reducing_gap=1.5)
        small = ImageOps.exif_transpose(small)
        out, packet = io.BytesIO(), provenance.small_packet(data) or mark
        if small.has_transparency_data:
            small.save(out, "PNG", optimize=True, **provenance.saving("PNG", packet))
            return "image/png", out.getvalue()
        small.save(out, "JPEG", quality=80, optimize=True, **provenance.saving("JPEG", packet))
    return "image/jpeg", out.getvalue()


def decoded_at_once(sizes: Iterable[tuple[int, int]]) -> int:
    """How many pictures of these sizes may be decoded side by side."""
    largest = max((width * height for width, height in sizes), default=1)
    return max(1, PIXELS_AT_ONCE // max(1, largest))


def to_eight_bits(picture: "Image.Image") -> "Image.Image":
    """A picture of any mode as grey, RGB or RGBA in eight bits: what every format can hold."""
    if picture.mode in {"L", "RGB", "RGBA"} and not (
        picture.mode != "RGBA" and picture.has_transparency_data
    ):
        return picture
    if picture.mode.startswith("I"):  # 16 bits: a plain conversion would clip, not scale
        return picture.convert("I").point(lambda value: value / 257).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _describe(data: bytes, reader: str = "Pillow") -> str:
    if not data:
        return "it is empty"
    start = data[:256].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        return "it is a web page"
    if start.startswith((b"{", b"[")):
        return "it looks like JSON"
    if b"<svg" in start:
        return "it is SVG, which has no pixels"
    return f"{reader} can't read its {len(data):,} bytes"


SIXTEEN_BITS = 65535
ORIENTATION = 0x0112  # the EXIF tag that says how to turn a picture


def to_plain_mode(image: "Image.Image") -> "Image.Image":
    """The picture in a plain mode; the same object where it is in one already."""
    # Alpha is kept, and so is a transparent colour, as alpha.
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _levels(image)
    if image.mode == "CMYK":
        return _printed(image)
    if image.has_transparency_data:
        wanted = "LA" if image.mode in {"L", "LA", "La"} else "RGBA"
    else:
        wanted = "L" if image.mode in {"L", "1"} else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def opaque(image: "Image.Image") -> "Image.Image | None":
    """The plain picture without its alpha; None where something shines through."""
    if not image.mode.endswith("A"):
        return image
    if image.getchannel("A").getextrema() != (255, 255):
        return None
    return image.convert(image.mode[:-1])


def turned(image: "Image.Image", orientation: int) -> "Image.Image":
    """The picture turned as its EXIF orientation says; the same object where it is upright."""
    from PIL import Image

    turn = Image.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }
    method = turns.get(orientation)
    return image if method is None else image.transpose(method)


def upright_plain(image: "Image.Image") -> "Image.Image":
    """The picture upright and in a plain mode; the same object where it is so already."""
    try:
        image.load()  # a TIFF turns itself when it is decoded, so its tag is read afterwards
        return turned(to_plain_mode(image), orientation(image))
    except PictureProblem:
        raise
    except Exception as error:  # as in `decoding`
        raise damaged(error) from error


def orientation(image: "Image.Image") -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none that can be read."""
    try:
        with unwarned():
            value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as in `decoding`; a picture without EXIF is upright
        return 1
    return value if value in range(1, 9) else 1


def _levels(image: "Image.Image") -> "Image.Image":
    """16 bits, 32 bits and floats → 256 greys."""
    numbers = image.convert("F")
    low, high = (float(value) for value in numbers.getextrema())  # type: ignore[arg-type]
    deep = image.mode.startswith("I;16") or (image.mode == "I" and high > 255)
    if deep and low >= 0 and high <= SIXTEEN_BITS:
        scale = 255 / SIXTEEN_BITS
    elif image.mode == "F" and low >= 0 and high <= 1:
        scale = 255.0
    elif low >= 0 and high <= 255:
        scale = 1.0
    else:
        raise PictureProblem(
            f"has values from {low:g} to {high:g} (Pillow mode {image.mode}): nobody has said "
            "which is black and which is white. Scale them to 0..255"
        )
    # Half a grey more, for convert("L") cuts off what is behind the point.
    return numbers.point(lambda value: value * scale + 0.5).convert("L")


def _printed(image: "Image.Image") -> "Image.Image":
    """Four inks → RGB: by the picture's own colour profile where it has one that works."""
    profile = image.info.get("icc_profile")
    converted = None
    if profile:
        from PIL import ImageCms

        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ImportError):
            converted = None  # a broken profile, or a Pillow without LittleCMS
    picture = converted or image.convert("RGB")
    picture.info.pop("icc_profile", None)  # it speaks of inks
    return picture
