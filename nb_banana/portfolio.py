"""Many pictures into a folder: names that sort and say what varied, and nothing overwritten."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from nb_banana import files
from nb_banana.errors import SaveError
from nb_banana.failure import Failure
from nb_banana.image import BananaImage
from nb_banana.pixels import SUFFIXES
from nb_banana.varied import Variant, text_of, varied_fields

LONGEST = 60
"""Characters of a name before its suffix. In UTF-8 the longest of them take four bytes each."""
SHOWN = 3
"""How many names a message has."""


def save(
    entries: Sequence[BananaImage | Failure],
    variants: Sequence[Variant],
    folder: str | os.PathLike[str],
) -> list[Path]:
    """See `nb_banana.gallery.Gallery.save`."""
    place = _folder(folder)
    numbered = _names(entries, variants)
    wanted = {place / name: image for name, image in numbered}
    there = {path for path in wanted if path.exists()}
    if taken := [path.name for path in there if not _has_bytes(path, wanted[path])]:
        more = f" and {len(taken) - SHOWN} more" if len(taken) > SHOWN else ""
        names = ", ".join(sorted(taken)[:SHOWN]) + more
        raise SaveError(
            f"In {place} {names} would be overwritten with another picture, so nothing was "
            "written. Choose another folder, or move what is there."
        )
    for path, image in wanted.items():
        if path not in there:
            files.write_whole(path, image.bytes)
    if missing := len(entries) - len(wanted):
        which = f"{missing} failed" if missing > 1 else "1 failed"
        said = f"{len(wanted)} of {len(entries)} are in {place}; {which}."
        print(said)  # noqa: T201 - the answer to a person
    return list(wanted)


def check(folder: str | os.PathLike[str]) -> None:
    """Find out before pictures are paid whether a folder could take them; it is not made.

    Raises:
        SaveError: it could not.
    """
    with _said(folder):
        place = _place(folder)
        with contextlib.suppress(FileNotFoundError):  # a name that no disk takes is found here
            if not stat.S_ISDIR(place.stat().st_mode):
                raise FileExistsError
        there = next(each for each in (place, *place.absolute().parents) if each.exists())
        files.check_writable(there / "picture")


def _folder(folder: str | os.PathLike[str]) -> Path:
    with _said(folder):
        place = _place(folder)
        place.mkdir(parents=True, exist_ok=True)
        return place


def _place(folder: str | os.PathLike[str]) -> Path:
    place = Path(os.fsdecode(folder)).expanduser()
    if place.suffix.lower() in files.FORMATS and not place.is_dir():
        raise SaveError(
            f"These are several pictures, and {os.fsdecode(folder)!r} is one file. Name a folder "
            "for them."
        )
    return place


@contextlib.contextmanager
def _said(folder: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except SaveError:
        raise
    except FileExistsError:
        shown = os.fsdecode(folder)
        raise SaveError(f"{shown} is a file. Name a folder for the pictures.") from None
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise SaveError(f"{folder!r} can't be a folder for the pictures: {reason}.") from None


def _names(
    entries: Sequence[BananaImage | Failure], variants: Sequence[Variant]
) -> Iterator[tuple[str, BananaImage]]:
    """A name for each picture. The number makes it another one, on any disk."""
    digits = max(2, len(str(len(entries))))
    fields = varied_fields(variants)
    for number, (entry, variant) in enumerate(zip(entries, variants, strict=True), 1):
        if isinstance(entry, Failure):
            continue
        said = [_part(name, variant) for name in fields if name in variant]
        title = "-".join(said) or files.slug(entry.prompt, LONGEST)
        suffix = SUFFIXES.get(entry.mime, "")
        yield f"{number:0{digits}}-{title[:LONGEST].rstrip('-')}{suffix}", entry


def _part(field: str, variant: Variant) -> str:
    """A value in a file's name: ``16:9`` is ``16x9``, the second take is ``take2``."""
    value = variant[field]
    text = re.sub(r"(?<=\d):(?=\d)", "x", text_of(value))
    return files.slug(text if isinstance(value, str) else f"{field}{text}", 24)


def _has_bytes(path: Path, image: BananaImage) -> bool:
    try:
        return path.read_bytes() == image.bytes
    except OSError:  # a folder of that name, or nothing that may be read
        return False
