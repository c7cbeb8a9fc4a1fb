"""Whether anything is unfinished, found out in no time: each load of the extension asks it."""

from nb_banana.errors import LibraryError
from nb_banana.folders import INDEX
from nb_banana.index import Index
from nb_banana.shelves import folder_of, known_kinds

PATIENCE = 1.0
"""Seconds to wait for an index that another process holds; the next load asks again."""


def is_something_left() -> bool:
    """Whether a library has a request that got no end and that nobody works on."""
    return any(map(_is_left_in, known_kinds()))


def _is_left_in(kind: str) -> bool:
    index = Index(folder_of(kind) / INDEX, PATIENCE)
    try:
        rows = index.rows(
            "SELECT id, host, pid, started, changed FROM requests WHERE service = ? "
            "AND state IN ('written', 'sent', 'answered', 'unknown')",
            kind,
        )
        if not rows:
            return False
        from nb_banana.process import is_left  # mostly it is not needed

        return any(map(is_left, rows))
    except (LibraryError, ValueError, TypeError):  # said when the library is used
        return False
