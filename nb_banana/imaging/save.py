"""Files that appear whole or not at all, under names that a person can read."""

import contextlib
import io
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from nb_banana._text import path_of, shown, slug
from nb_banana.errors import PictureError, SaveError
from nb_banana.imaging.decode import decoding, open_picture, to_eight_bits
from nb_banana.imaging.provenance import kept_in

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
MIMES = {name: f"image/{name.lower()}" for name in SAVE_FORMATS.values()}


def mime_of(suffix: str) -> str | None:
    """The MIME type of a file's suffix; None where it is none of ours."""
    return MIMES.get(SAVE_FORMATS.get(suffix.lower(), ""))


OPAQUE = frozenset({"JPEG", "PDF", "BMP"})  # formats without transparency


def save_target(path: str | os.PathLike[str], *, suffix: str, title: str) -> Path:
    """The file that a person means: ``~`` and a folder are understood, a suffix is added."""
    # In a folder the file gets a name from the title, and a number where that is taken.
    try:
        wanted = path_of(os.fsdecode(path))
        if wanted.is_dir():
            wanted = _free_name(wanted, slug(title), suffix)
        elif not wanted.suffix:
            wanted = wanted.with_name(wanted.name + suffix)
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        raise SaveError(f"{shown(path)} is no path to save to: {error}.") from None
    if wanted.suffix.lower() not in {*SAVE_FORMATS, suffix}:
        raise SaveError(
            f"A picture can't be saved as {wanted.suffix}: choose one of {', '.join(SAVE_FORMATS)}."
        )
    if not wanted.parent.is_dir():
        raise SaveError(f"There is no folder {wanted.parent}. Make it first.")
    return wanted


def check_writable(path: Path) -> None:
    """Find out before a picture is paid whether its file could be written."""
    try:
        path.exists()  # a name that is too long is found here
        with _part(path):
            pass
    except (OSError, ValueError) as error:
        raise SaveError(f"{path} can't be written: {_reason(error)}.") from None


def encode(data: bytes, mime: str, suffix: str, packet: bytes | None = None) -> bytes:
    """The picture's bytes for a suffix: as they are where they fit it, else converted."""
    # What is converted says of its making what the file says, else the packet of XMP.
    name = SAVE_FORMATS.get(suffix.lower(), "")
    if not name or MIMES[name] == mime:
        return data
    out = io.BytesIO()
    try:
        with decoding():
            picture = to_eight_bits(open_picture(data))
        if name in OPAQUE:
            picture = picture.convert("RGB")
        quality = {"quality": 92} if name in {"JPEG", "WEBP"} else {}
        picture.save(out, name, **quality, **kept_in(name, data, packet))
    except (OSError, ValueError, PictureError) as error:
        raise SaveError(f"The picture can't be written as {suffix}: {error}.") from None
    return out.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, then rename: nobody ever sees half a file."""
    try:
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
