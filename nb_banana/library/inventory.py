"""What a library has as a whole: how many bytes, which files are gone, what is old.

All of it is looked at row by row and file by file; what came out is known until something changes.
"""

from datetime import UTC, datetime, timedelta

from nb_banana.library import rows
from nb_banana.library.library import Library


def held(library: Library) -> tuple[int, int]:
    """The bytes of the picture files in it, and how many of the files are gone or cut off."""
    files = library._vault

    def look() -> tuple[int, int, dict[str, list[int]]]:
        sizes = _sizes(library)
        with library._index.believed():
            marks = files.marks({name.rpartition("/")[0] for name in sizes})
            return sum(sizes.values()), files.lost(sizes), marks

    # A file that was cut off in its place leaves its folder as it was: such are looked for once a
    # day.
    size, lost, _ = library.answers.of(
        ("held", library.service, f"{datetime.now(UTC):%Y-%m-%d}"),
        look,
        lambda found: files.marks(found[2]) == found[2],
    )
    return size, lost


def old(library: Library, age: timedelta) -> tuple[int, int]:
    """How many pictures in it were made longer ago, and how many bytes are free without them."""
    before = rows.stamp(datetime.now(UTC) - age)

    def look() -> tuple[str, str | None, int, int]:
        made = library.made()
        gone = [request_id for request_id, time in made.items() if time < before]
        later = min((time for time in made.values() if time >= before), default=None)
        return before, later, len(gone), library.freed_bytes(gone) if gone else 0

    def holds(found: tuple[str, str | None, int, int]) -> bool:  # no other is old since
        return found[0] <= before and (found[1] is None or before <= found[1])

    _, _, count, freed = library.answers.of(("old", library.service, age.days), look, holds)
    return count, freed


def _sizes(library: Library) -> dict[str, int]:
    """The picture files: their bytes by their names, as they were kept."""
    found = library._index.rows(
        "SELECT path, size FROM requests JOIN pictures ON request_id = id "
        "WHERE service = ? AND state = 'stored'",
        library.service,
    )
    with library._index.believed():
        return {row["path"]: int(row["size"]) for row in found}
