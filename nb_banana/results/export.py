"""Many pictures out of the notebook: into a folder, and as a table."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from nb_banana._text import path_of, say, shown, slug
from nb_banana.errors import BananaError, LostPictureError, SaveError
from nb_banana.imaging.decode import SUFFIXES
from nb_banana.imaging.save import SAVE_FORMATS, check_writable, is_folder, write_whole
from nb_banana.models import WRITTEN
from nb_banana.references.sources import is_picture
from nb_banana.results.failure import Failure, GalleryEntry
from nb_banana.results.gallery_display import EntryCost, entry_costs
from nb_banana.results.image import BananaImage
from nb_banana.results.variants import Variant, value_text, varied_fields

LONGEST_NAME = 60
"""Characters of a name before its suffix. In UTF-8 the longest of them take four bytes each."""
SHOWN = 3  # how many names a message has


def save_folder(
    entries: Sequence[GalleryEntry], variants: Sequence[Variant], folder: str | os.PathLike[str]
) -> list[Path]:
    """See `nb_banana.Gallery.save`."""
    with _said(folder):
        place = _place(folder)
        place.mkdir(parents=True, exist_ok=True)
    wanted = {place / name: image for name, image in _names(entries, variants)}
    there = {path for path in wanted if path.exists()}
    if taken := [path.name for path in there if not _has_bytes(path, wanted[path])]:
        more = f" and {len(taken) - SHOWN} more" if len(taken) > SHOWN else ""
        names = ", ".join(sorted(taken)[:SHOWN]) + more
        raise SaveError(
            f"In {place} {names} would be overwritten with another picture, so nothing was "
            "written. Choose another folder, or move what is there."
        )
    lost: dict[Path, str] = {}
    for path, image in wanted.items():
        try:
            if path not in there:
                write_whole(path, image.bytes)
        except LostPictureError as error:  # the others are saved all the same
            lost[path] = str(error)
    written = [path for path in wanted if path not in lost]
    if missing := len(entries) - len(written):
        said = f"{len(written)} of {len(entries)} are in {place}; {missing} failed."
        say(" ".join([said, *list(lost.values())[:SHOWN]]))
    return written


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Find out before pictures are paid whether a folder could take them; it is not made."""
    with _said(folder):
        place = _place(folder)
        with contextlib.suppress(FileNotFoundError):  # a name that no disk takes is found here
            if not stat.S_ISDIR(place.stat().st_mode):
                raise FileExistsError
        there = next(each for each in (place, *place.absolute().parents) if each.exists())
        check_writable(there / "picture")


def _place(folder: str | os.PathLike[str]) -> Path:
    place = path_of(os.fsdecode(folder))
    if place.suffix.lower() in SAVE_FORMATS and not is_folder(folder):
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
        raise SaveError(
            f"{os.fsdecode(folder)} is a file. Name a folder for the pictures."
        ) from None
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise SaveError(f"{shown(folder)} can't be a folder for the pictures: {reason}.") from None


def _names(
    entries: Sequence[GalleryEntry], variants: Sequence[Variant]
) -> Iterator[tuple[str, BananaImage]]:
    """A name for each picture. The number makes it another one, on any disk."""
    digits = max(2, len(str(len(entries))))
    fields = varied_fields(variants)
    for number, (entry, variant) in enumerate(zip(entries, variants, strict=True), 1):
        if isinstance(entry, Failure):
            continue
        said = [_part(name, variant) for name in fields if name in variant]
        title = "-".join(said) or slug(entry.prompt, LONGEST_NAME)
        suffix = SUFFIXES.get(entry.mime, "")
        yield f"{number:0{digits}}-{title[:LONGEST_NAME].rstrip('-')}{suffix}", entry


def _part(field: str, variant: Variant) -> str:
    """A value in a file's name: ``16:9`` is ``16x9``, the second take is ``take2``."""
    value = variant[field]
    text = re.sub(r"(?<=\d):(?=\d)", "x", value_text(value))
    return slug(text if isinstance(value, str) else f"{field}{text}", 24)


def _has_bytes(path: Path, image: BananaImage) -> bool:
    try:
        return path.read_bytes() == image.bytes
    except OSError:  # a folder of that name, or nothing that may be read
        return False


def to_frame(
    entries: Sequence[GalleryEntry], variants: Sequence[Variant], index: Sequence[Any] | None
) -> Any:
    """See `nb_banana.Gallery.to_frame`."""
    varied = dict.fromkeys(chain(*variants))
    words = (  # a picture would make its cell an array
        {name: value_text(value) if is_picture(value) else value for name, value in each.items()}
        for each in variants
    )
    rows = [
        varied | said | _row(entry, costs)
        for entry, said, costs in zip(entries, words, entry_costs(entries), strict=True)
    ]
    return frame_of(rows, list(dict.fromkeys([*varied, *_COLUMNS])), index)


def frame_of(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], index: Sequence[Any] | None = None
) -> Any:
    """A pandas data frame; its money is numbers that can be summed and drawn."""
    try:
        import pandas as pd
    except ImportError as error:
        raise BananaError("A table needs pandas. Install it: pip install pandas") from error
    table = pd.DataFrame(rows, columns=columns, index=None if index is None else pd.Index(index))
    whole = dict.fromkeys(("take", "width", "height"), "Int64")  # also where a failure has none
    return table.astype(whole | MONEY_COLUMNS)


MONEY_COLUMNS = {"usd": "float64", "sandbox": "bool"}
"""US dollars, and whether they are the sandbox's play money."""
_ASKED = ("prompt", *(each.name for each in WRITTEN if each.is_column))
_COLUMNS = (*_ASKED, "width", "height", *MONEY_COLUMNS, "came", "id", "path", "error")


def _row(entry: GalleryEntry, costs: Sequence[EntryCost]) -> dict[str, Any]:
    asked = {name: getattr(entry.request, name) for name in _ASKED}
    usd = sum((each.usd for each in costs if each.usd is not None), Decimal(0))
    is_said = usd or all(each.usd is not None for each in costs)
    asked |= {"usd": usd if is_said else None, "sandbox": costs[-1].is_play}
    if isinstance(entry, Failure):
        return asked | {"error": str(entry.error)}
    return asked | {
        "width": entry.width,
        "height": entry.height,
        "came": entry.came,
        "id": entry.id,
        "path": str(entry.path) if entry.path else None,
    }
