"""What a library has as a whole: how many bytes, which files are gone, what is old.

To look at all of it takes a while in a large one. What came out is known until something changes,
and of the files those are looked at again whose folder has changed.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from nb_banana.library import deletion, rows
from nb_banana.library.library import Library
from nb_banana.library.schema import Row

_MONTH = len("pictures/2026-01/")  # how the names of files begin that are in one folder
_OWN = "request_id IN (SELECT id FROM requests WHERE service = ? AND state = 'stored')"

_NO_TIME = "coalesce(answered NOT GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T*', true)"

Part = tuple[list[int], int, int, dict[str, list[int]]]
"""Of a month: its rows and their bytes, the bytes of its files, how many are gone, its folders."""


def held(library: Library) -> tuple[int, int]:
    """The bytes of the picture files in it, and how many of the files are gone or cut off."""
    files, known = library._vault, dict[str, Part]()

    def remember(found: dict[str, Part]) -> bool:
        known.update(found)
        return False  # each part is seen to hold by itself

    def look() -> tuple[int, int, dict[str, list[int]]]:
        with library._index.believed():
            parts = library.answers.of(
                ("files", library.service), lambda: _parts(library, known), remember, lasting=True
            ).values()
            marks = {name: mark for part in parts for name, mark in part[3].items()}
            return sum(part[1] for part in parts), sum(part[2] for part in parts), marks

    # A file that was cut off in its place leaves its folder as it was: such are looked for once a
    # day, when all that is known goes.
    size, lost, _ = library.answers.of(
        ("held", library.service), look, lambda found: files.marks(found[2]) == found[2]
    )
    return size, lost


def old(library: Library, age: timedelta) -> tuple[int, int]:
    """How many pictures in it were made longer ago, and how many bytes are free without them."""
    before = rows.stamp(datetime.now(UTC) - age)
    kept = "service = ?1 AND state = 'stored'"

    def look() -> tuple[str, str | None, int, int]:
        index, asked = library._index, (library.service, before)
        found = index.rows(
            f"SELECT sum(answered < ?2) AS count, max({_NO_TIME}) AS is_senseless, "  # noqa: S608
            "min(CASE WHEN answered >= ?2 THEN answered END) AS later "
            f"FROM requests WHERE {kept}",
            *asked,
        )
        count, freed = sum(row["count"] or 0 for row in found), 0
        if any(row["is_senseless"] for row in found):
            library.made()  # which says what is wrong with it
        if count:
            # Each one that is named is looked for among the pictures.
            few = 2 * count < library.count()
            named = f"SELECT id FROM requests WHERE ({kept} AND answered < ?2) = ?3"  # noqa: S608
            freed = deletion.freed_bytes(index, named, *asked, few, others=not few)
        return before, found[0]["later"] if found else None, count, freed

    def holds(found: tuple[str, str | None, int, int]) -> bool:  # no other is old since
        return found[0] <= before and (found[1] is None or before <= found[1])

    _, _, count, freed = library.answers.of(("old", library.service, age.days), look, holds)
    return count, freed


def _parts(library: Library, known: dict[str, Part]) -> dict[str, Part]:
    """The files, month by month; a month that is as it is known is not looked at."""
    index, files = library._index, library._vault
    own: tuple[str, ...] = ("true",)
    whole = (
        "SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes, "
        "coalesce(sum(position = 0), 0) AS answers FROM pictures WHERE {}"
    )
    told = index.rows(whole.format(*own))
    if sum(row["answers"] for row in told) != library.count():  # there are a stranger's too
        own = _OWN, library.service
        told = index.rows(whole.format(own[0]), library.service)
    figures = [[row["count"], row["bytes"]] for row in told]
    parts = {month: part for month, part in known.items() if files.marks(part[3]) == part[3]}
    parts |= _months(library, parts, own)
    if figures != [[sum(part[0][place] for part in parts.values()) for place in (0, 1)]]:
        parts = _months(library, {}, own)  # a stranger's change of a row, and of no file
    return parts


def _months(library: Library, known: Iterable[str], own: tuple[str, ...]) -> dict[str, Part]:
    """The files of all other months."""
    found = library._index.rows(
        "SELECT path, size FROM pictures WHERE substr(path, 1, ?) NOT IN "  # noqa: S608 - our own text
        f"(SELECT value FROM json_each(?)) AND {own[0]}",
        *(_MONTH, json.dumps(list(known)), *own[1:]),
    )
    months: dict[str, list[Row]] = {}
    for row in found:
        months.setdefault(row["path"][:_MONTH], []).append(row)
    parts, files = {}, library._vault
    for month, told in months.items():
        sizes = {row["path"]: int(row["size"]) for row in told}
        marks = files.marks({name.rpartition("/")[0] for name in sizes})
        figures = [len(told), sum(int(row["size"]) for row in told)]
        parts[month] = figures, sum(sizes.values()), files.lost(sizes), marks
    return parts
