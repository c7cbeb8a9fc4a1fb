"""Many pictures out of the notebook: into a folder, and as a table."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any
from unicodedata import normalize
from zlib import crc32

from nb_banana._text import as_html, is_absent, path_of, plain, say, shown, slug
from nb_banana.credentials import refuse_key
from nb_banana.errors import BananaError, LostPictureError, RequestError, SaveError
from nb_banana.imaging.decode import SUFFIXES
from nb_banana.imaging.save import SAVE_FORMATS, check_writable, is_folder, write_whole
from nb_banana.library.files import picture_names
from nb_banana.models import WRITTEN
from nb_banana.references.sources import is_picture
from nb_banana.results.failure import Failure, GalleryEntry, reason_of
from nb_banana.results.gallery_display import EntryCost, entry_costs
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import thumbnail
from nb_banana.results.variants import Variant, value_text, varied_fields

LONGEST_NAME, LONGEST_PART = 60, 24
"""Characters of a name before its suffix, and of one value in it. In UTF-8 the longest of them take
four bytes each."""
BEGINNING = 3  # words by which prompts begin alike
LONGEST_READ = 1_000  # characters of a prompt that names are made of
SHOWN = 3  # how many names a message has


def save_folder(
    entries: Sequence[GalleryEntry],
    variants: Sequence[Variant],
    labels: Sequence[Any] | None,
    folder: str | os.PathLike[str],
) -> list[Path]:
    """See `nb_banana.Gallery.save`."""
    with _said(folder):
        place = _place(folder)
        place.mkdir(parents=True, exist_ok=True)
        numbered = _by_number(place)
    wanted = {
        _other_name(name, image, numbered) or place / name: image
        for name, image in _names(entries, variants, labels)
    }
    return _write(place, wanted, len(entries))


def save_kept(images: Sequence[BananaImage], folder: str | os.PathLike[str]) -> list[Path]:
    """See `nb_banana.results.history.History.save`."""
    with _said(folder):
        place = _place(folder)
        place.mkdir(parents=True, exist_ok=True)
    wanted: dict[Path, BananaImage] = {}
    for image in images:
        names = picture_names(image.prompt, image.receipt.created, image.digest, image.mime)
        wanted[place / Path(names[0]).name] = image
    return _write(place, wanted, len(wanted))


def _write(place: Path, wanted: Mapping[Path, BananaImage], count: int) -> list[Path]:
    """Write what is not there yet, nothing where a file has another picture."""
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
    if missing := count - len(written):
        said = f"{len(written)} of {count} are in {place}; {missing} failed."
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
    refuse_key("The name of the folder", os.fsdecode(folder))
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
    except (SaveError, RequestError):
        raise
    except FileExistsError:
        raise SaveError(
            f"{os.fsdecode(folder)} is a file. Name a folder for the pictures."
        ) from None
    except (TypeError, ValueError, RuntimeError, OSError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise SaveError(f"{shown(folder)} can't be a folder for the pictures: {reason}.") from None


def _names(
    entries: Sequence[GalleryEntry], variants: Sequence[Variant], labels: Sequence[Any] | None
) -> Iterator[tuple[str, BananaImage]]:
    """A name for each picture. The number makes it another one, on any disk."""
    digits = max(2, len(str(len(entries))))
    titles = _titles(entries, variants, labels)
    for number, (entry, title) in enumerate(zip(entries, titles, strict=True), 1):
        if not isinstance(entry, Failure):
            suffix = SUFFIXES.get(entry.mime, "")
            yield f"{number:0{digits}}-{title[:LONGEST_NAME].rstrip('-')}{suffix}", entry


def _titles(
    entries: Sequence[GalleryEntry], variants: Sequence[Variant], labels: Sequence[Any] | None
) -> list[str]:
    """What a table calls each, and what varied; else the words in which the prompts differ."""
    parts: list[list[str]] = [[] for _ in entries]
    if labels is not None and list(labels) != list(range(len(labels))):  # else nobody named them
        for part, label in zip(parts, labels, strict=True):
            word = "" if is_absent(label) else normalize("NFC", str(label))
            name = re.sub(r"\W+", "-", word).strip("-")
            part += [name[:LONGEST_PART].rstrip("-")] if name else []
    fields = varied_fields(variants)
    for field in fields:
        places = [place for place, variant in enumerate(variants) if field in variant]
        values = [variants[place][field] for place in places]
        texts = told_apart([re.sub(r"(?<=\d):(?=\d)", "x", value_text(each)) for each in values])
        for place, value, text in zip(places, values, texts, strict=True):
            parts[place].append(text if isinstance(value, str) else slug(f"{field}{text}", 24))
    words = told_apart([each.prompt for each in entries], LONGEST_NAME)
    is_enough = fields or any(isinstance(each, str) for each in labels or ())
    return [
        "-".join(part if part and is_enough else [*part, word])
        for part, word in zip(parts, words, strict=True)
    ]


def told_apart(texts: Sequence[str], longest: int = LONGEST_PART) -> list[str]:
    """Parts of file names; of texts that begin alike only the words in which they differ.

    >>> told_apart(["A photo of a mug, at night", "A photo of a cup, at night", "An owl"])
    ['mug', 'cup', 'an-owl']
    """
    words = [slug(each[:LONGEST_READ], LONGEST_READ).split("-") for each in texts]
    for places in _alike([tuple(own[:BEGINNING]) for own in words], range(len(words))):
        _tell_apart(words, places, longest)
    return ["-".join(own)[:longest].rstrip("-") for own in words]


def _tell_apart(words: list[list[str]], places: Sequence[int], longest: int) -> None:
    """Take the words away that all of these begin and end with, unless no other would be left."""
    several = [words[place] for place in places]
    start = _shared(several)
    end = _shared([own[start:][::-1] for own in several])
    if not start + end or all(own == several[0] for own in several):
        return
    for place in places:
        words[place] = words[place][start : len(words[place]) - end] or words[place]
    for same in _alike(["-".join(words[place])[:longest] for place in places], places):
        _tell_apart(words, same, longest)


def _alike(keys: Sequence[Any], places: Sequence[int]) -> list[list[int]]:
    """The places with the same key, together."""
    found: dict[Any, list[int]] = {}
    for key, place in zip(keys, places, strict=True):
        found.setdefault(key, []).append(place)
    return list(found.values())


def _shared(several: Sequence[Sequence[str]]) -> int:
    """How many words all of these begin with."""
    return sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, zip(*several, strict=False)))


def _by_number(place: Path) -> dict[str, list[Path]]:
    """The files of a folder by the numbers that their names begin with."""
    found: dict[str, list[Path]] = {}
    for path in sorted(place.iterdir()):
        found.setdefault(path.name.partition("-")[0], []).append(path)
    return found


def _other_name(
    name: str, image: BananaImage, numbered: Mapping[str, Sequence[Path]]
) -> Path | None:
    """The file that has this picture by the same number, as an earlier version named it."""
    same = numbered.get(name.partition("-")[0], ())
    if any(path.name == name for path in same):
        return None
    return next((path for path in same if _has_bytes(path, image)), None)


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
    pd = _pandas()
    table = pd.DataFrame(rows, columns=columns, index=None if index is None else pd.Index(index))
    whole = dict.fromkeys(("take", "width", "height"), "Int64")  # also where a failure has none
    return table.astype(whole | MONEY_COLUMNS)


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise BananaError("A table needs pandas. Install it: pip install pandas") from error
    return pd


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


def thumbnails(table: Any, entries: Sequence[GalleryEntry], labels: Any, longest: int) -> Any:
    """See `nb_banana.Gallery.thumbnails`."""
    pd = _pandas()
    from pandas.io.formats.style import Styler  # it takes its time

    if not isinstance(table, pd.DataFrame):
        raise RequestError(f"Thumbnails stand in a pandas data frame, not in {shown(table)}.")
    table = table.copy()
    if not any(any(map(_is_entry, column)) for _, column in table.items()):
        name = next(each for each in map(_column, count(1)) if each not in table.columns)
        found = pd.Series(_beside(table, entries, labels), index=table.index, dtype=object)
        table.insert(0, name, found)

    def cell(value: Any) -> str:
        if isinstance(value, BananaImage):
            return thumbnail(value, longest)
        return f"<small>{_words(reason_of(value))}</small>" if _is_entry(value) else _words(value)

    class Thumbnails(Styler):  # type: ignore[misc]
        """A styler whose text is that of its table."""

        def __repr__(self) -> str:
            return plain(repr(self.data))

        def _repr_html_(self) -> Any:
            # No head without words: those who listen would hear of a column without a name.
            page = super()._repr_html_()
            return page and re.sub(r"<th (class=.blank[^>]*>)&nbsp;</th>", r"<td \1</td>", page)

    # The same table has the same name in each run; pandas' own is another one each time.
    styler = Thumbnails(table, uuid=f"{crc32(repr(table).encode()):08x}", cell_ids=False)
    for axis in (table.index, table.columns):
        axis.names = [each if each is None else _words(each) for each in axis.names]
    if any(each.sandbox for each in entries if isinstance(each, BananaImage)):
        styler.set_caption("SANDBOX, no AI model")
    is_number, is_float = pd.api.types.is_numeric_dtype, pd.api.types.is_float_dtype
    cells = {
        name: _short if is_float(kind) else cell
        for name, kind in zip(table.columns, table.dtypes, strict=True)
        if is_float(kind) or not is_number(kind)
    }
    styler.format_index(_words, axis=0).format_index(_words, axis=1)
    return styler.format(cells, na_rep="")


def _short(value: float) -> str:
    return f"{round(value, 6):.12g}"  # 9.5, as in a table without pictures, and no 9.500000


def _words(value: Any) -> str:
    return as_html(str(value))  # pandas' own way escapes texts alone, and no lists of them


def _is_entry(value: Any) -> bool:
    return isinstance(value, BananaImage | Failure)


def _column(number: int) -> str:
    return "picture" if number == 1 else f"picture {number}"


def _beside(table: Any, entries: Sequence[GalleryEntry], labels: Any) -> list[GalleryEntry]:
    """An entry for each row: by the labels of its index, else in their order."""
    named = dict(zip(labels or (), entries, strict=False))
    if len(named) == len(entries) and all(each in named for each in table.index):
        return [named[each] for each in table.index]
    if len(table) == len(entries):
        return list(entries)
    raise RequestError(
        f"The table has {len(table)} rows, the gallery has {len(entries)} pictures, and its labels "
        "are not those of the table's index. Give a table with a row for each."
    )
