"""Files that appear whole or not at all, under names that a person can read."""

import contextlib
import io
import itertools
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nb_banana._text import path_of, shown, slug
from nb_banana.credentials import refuse_key
from nb_banana.errors import PictureError, RequestError, SaveError
from nb_banana.imaging.decode import decoding, open_picture, to_eight_bits
from nb_banana.imaging.provenance import Marks, kept_in, saving

if TYPE_CHECKING:
    from PIL import Image

SAVE_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pdf": "PDF",
}
"""What a picture can be saved as."""
ON_WINDOWS = os.name == "nt"
MIMES = {name: f"image/{name.lower()}" for name in SAVE_FORMATS.values()}


def mime_of(suffix: str) -> str | None:
    """The MIME type of a file's suffix; None where it is none of ours."""
    return MIMES.get(SAVE_FORMATS.get(suffix.lower(), ""))


OPAQUE = frozenset({"JPEG", "PDF", "BMP"})  # formats without transparency


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a person wrote a folder: one that is there, or a name with a slash at its end."""
    # Of a Path nobody can tell: pathlib has dropped the slash.
    text = os.fsdecode(path)
    return text.endswith((os.sep, os.altsep or os.sep)) or path_of(text).is_dir()


def save_target(path: str | os.PathLike[str], *, suffix: str, title: str) -> Path:
    """The file that a person means: ``~`` and a folder are understood, a suffix is added."""
    # In a folder, which need not be there yet, the file gets a name from the title, and a number
    # where that is taken.
    try:
        refuse_key("The name of the file", os.fsdecode(path))
        wanted = path_of(os.fsdecode(path))
        if into := is_folder(path):
            if wanted.exists() and not wanted.is_dir():
                raise SaveError(f"{wanted} is a file. Name a folder for the picture, or a file.")
            wanted = _free_name(wanted, stem(title), suffix)
        elif not wanted.suffix:
            wanted = wanted.with_name(wanted.name + suffix)
    except RequestError:  # a ValueError too
        raise
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        is_open = hasattr(path, "write")
        cure = ' Into an open file: picture.pil.save(file, "PNG").' if is_open else ""
        raise SaveError(f"{shown(path)} is no path to save to: {_reason(error)}.{cure}") from None
    if ON_WINDOWS and is_reserved(wanted.name):
        raise SaveError(f"Windows takes no file of the name {wanted.name}. Choose another one.")
    if wanted.suffix.lower() not in {*SAVE_FORMATS, suffix}:
        raise SaveError(
            f"A picture can't be saved as {wanted.suffix}: choose one of {', '.join(SAVE_FORMATS)}."
        )
    if not into and not wanted.parent.is_dir():
        raise SaveError(f"There is no folder {wanted.parent}. Make it first.")
    return wanted


_RESERVED = re.compile(
    r'[\x00-\x1f\x7f<>:"/\\|?*]|[. ]$|^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\.|$)',
    re.I,
)


def is_reserved(name: str) -> bool:
    """Whether some system takes a name for a folder, a drive or a device, or does not take it.

    >>> [each for each in ("fox.png", "NUL.png", "COM¹", "a:b", "fox.") if is_reserved(each)]
    ['NUL.png', 'COM¹', 'a:b', 'fox.']
    """
    # https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
    return _RESERVED.search(name) is not None


def stem(title: str) -> str:
    """A file name that every system takes, but for its suffix."""
    name = slug(title)
    return f"{name}-picture" if is_reserved(name) else name


def check_writable(path: Path) -> None:
    """Find out before a picture is paid whether its file could be written; no folder is made."""
    try:
        path.exists()  # a name that is too long is found here
        above = path.absolute().parents
        there = next(each for each in above if each.exists())
        with _part(path if there == above[0] else there / path.name):
            pass
    except (OSError, ValueError) as error:
        raise SaveError(f"{path} can't be written: {_reason(error)}.") from None


def encode(data: bytes, mime: str, suffix: str, packet: bytes | None = None) -> bytes:
    """The picture's bytes for a suffix: as they are where they fit it, else converted."""
    # What is converted says of its making what the file says, else the packet of XMP.
    if mime_of(suffix) in {None, mime}:
        return data
    try:
        with decoding():
            picture = to_eight_bits(open_picture(data))
    except (OSError, ValueError, PictureError) as error:
        raise SaveError(f"The picture can't be written as {suffix}: {error}.") from None
    marks = kept_in(SAVE_FORMATS[suffix.lower()], data, packet)
    return encode_pixels(picture, suffix, marks)


def encode_pixels(picture: "Image.Image", suffix: str, marks: Marks | None = None) -> bytes:
    """A Pillow image as the file of a suffix that there is, with its own XMP or other marks."""
    name, out = SAVE_FORMATS[suffix.lower()], io.BytesIO()
    quality = {"quality": 92} if name in {"JPEG", "WEBP"} else {}
    try:
        drawn = picture.convert("RGB") if name in OPAQUE else picture
        marks = saving(name, picture.info.get("xmp")) if marks is None else marks
        drawn.save(out, name, **quality, **marks)
    except Exception as error:  # noqa: BLE001 - each of Pillow's encoders has its own
        raise SaveError(f"The picture can't be written as {suffix}: {error}.") from None
    return out.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, then rename: nobody ever sees half a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part(path) as temporary:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except (OSError, ValueError) as error:
        raise SaveError(f"{path} could not be written: {_reason(error)}.") from None


@contextlib.contextmanager
def _part(path: Path) -> Iterator[Path]:
    """An empty file beside a path, under a name of its own; gone afterwards unless it was moved."""
    temporary = path.with_name(f".{secrets.token_hex(6)}.part")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _free_name(folder: Path, name: str, suffix: str) -> Path:
    numbered = (folder / f"{name}-{number}{suffix}" for number in itertools.count(2))
    names = itertools.chain([folder / f"{name}{suffix}"], numbered)
    return next(each for each in names if not each.exists())


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
