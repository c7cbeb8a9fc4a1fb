"""What a library has as a whole: how many bytes, which files are gone, what is old.

To look at all of it takes a while in a large one. What came out is known until something changes,
and of the files those are looked at again whose folder has changed.
"""

import json
from datetime import UTC, datetime, timedelta

from nb_banana.library import deletion, rows
from nb_banana.library.library import Library

_MONTH = len("pictures/2026-01/")  # how the names of files begin that are in one folder
_OWN = "request_id IN (SELECT id FROM requests WHERE service = ? AND state = 'stored')"

Part = tuple[list[int], int, int, dict[str, list[int]]]
"""Of the files of a month: what the index says, their bytes, how many are gone, and the folders."""


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
    which = "FROM requests WHERE service = ? AND state = 'stored' AND answered"

    def look() -> tuple[str, str | None, int, int]:
        index, asked = library._index, (library.service, before)
        later = index.rows(f"SELECT min(answered) AS time {which} >= ?", *asked)
        gone = index.rows(f"SELECT count(*) AS number {which} < ?", *asked)
        count = sum(row["number"] for row in gone)
        freed = deletion.freed_bytes(index, f"SELECT id {which} < ?", *asked) if count else 0
        return before, later[0]["time"] if later else None, count, freed

    def holds(found: tuple[str, str | None, int, int]) -> bool:  # no other is old since
        return found[0] <= before and (found[1] is None or before <= found[1])

    _, _, count, freed = library.answers.of(("old", library.service, age.days), look, holds)
    return count, freed


def _parts(library: Library, known: dict[str, Part]) -> dict[str, Part]:
    """The files, month by month; a month that is as it is known is not looked at."""
    index, files = library._index, library._vault
    own: tuple[str, ...] = ("true",)
    by_month = (
        "SELECT substr(path, 1, ?) AS month, count(*) AS count, sum(size) AS bytes, "
        "sum(position = 0) AS answers FROM pictures WHERE {} GROUP BY month"
    )
    told = index.rows(by_month.format(*own), _MONTH)
    if sum(row["answers"] for row in told) != library.count():  # there are a stranger's too
        own = _OWN, library.service
        told = index.rows(by_month.format(own[0]), _MONTH, library.service)
    figures = {row["month"]: [row["count"], row["bytes"]] for row in told}
    parts = {
        month: part
        for month, part in known.items()
        if part[0] == figures.get(month) and files.marks(part[3]) == part[3]
    }
    sizes: dict[str, dict[str, int]] = {month: {} for month in figures if month not in parts}
    found = index.rows(
        "SELECT path, size FROM pictures WHERE substr(path, 1, ?) IN "  # noqa: S608 - our own text
        f"(SELECT value FROM json_each(?)) AND {own[0]}",
        *(_MONTH, json.dumps(list(sizes)), *own[1:]),
    )
    for row in found:
        sizes[row["path"][:_MONTH]][row["path"]] = int(row["size"])
    for month, each in sizes.items():
        marks = files.marks({name.rpartition("/")[0] for name in each})
        parts[month] = figures[month], sum(each.values()), files.lost(each), marks
    return parts
