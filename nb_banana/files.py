"""Files that appear whole or not at all, under names that a person can read."""

import contextlib
import io
import os
import re
import secrets
from pathlib import Path

from nb_banana.errors import SaveError
from nb_banana.pixels import open_picture

FORMATS = {
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


def slug(text: str, longest: int = 48) -> str:
    """A readable file name from a prompt.

    >>> slug("A T-Rex, on a beach!")
    'a-t-rex-on-a-beach'
    """
    words = re.sub(r"\W+", "-", text.lower()).strip("-")
    return words[:longest].rstrip("-") or "picture"


def target(path: str | os.PathLike[str], *, suffix: str, title: str) -> Path:
    """The file that a person means: ``~`` and a folder are understood, a suffix is added.

    Raises:
        SaveError: the folder is not there, or the suffix is no picture's.

    """
    wanted = Path(path).expanduser()
    if wanted.is_dir():
        wanted = wanted / f"{slug(title)}{suffix}"
    elif not wanted.suffix:
        wanted = wanted.with_name(wanted.name + suffix)
    if wanted.suffix.lower() not in {*FORMATS, suffix}:
        raise SaveError(
            f"A picture can't be saved as {wanted.suffix}: choose one of {', '.join(FORMATS)}."
        )
    if not wanted.parent.is_dir():
        raise SaveError(f"There is no folder {wanted.parent}. Make it first.")
    return wanted


def encode(data: bytes, mime: str, suffix: str) -> bytes:
    """The picture's bytes for a suffix: as they are where they fit it, else converted."""
    name = FORMATS.get(suffix.lower(), "")
    if not name or mime == f"image/{name.lower()}":
        return data
    picture = open_picture(data)
    if name in {"JPEG", "PDF"} and picture.mode not in {"RGB", "L"}:
        picture = picture.convert("RGB")
    out = io.BytesIO()
    picture.save(out, name, **({"quality": 92} if name in {"JPEG", "WEBP"} else {}))
    return out.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, then rename: nobody ever sees half a file.

    Raises:
        SaveError: the place can't be written to.

    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise SaveError(f"{path} could not be written: {error.strerror}.") from error
