"""Take requests' words and pictures out of the library; their bills stay."""

import json
from collections.abc import Iterable
from pathlib import Path

from nb_banana.library.database import Transaction
from nb_banana.library.files import FileStore
from nb_banana.library.rows import FORGOTTEN


def delete_requests(
    session: Transaction, files: FileStore, request_ids: Iterable[str]
) -> list[Path]:
    """Empty the rows of requests but for their bills; delete, and name, the files then unused."""
    names = set().union(*(_empty(session, files, each) for each in request_ids))
    unused = [name for name in sorted(names) if not _is_used(session, name)]
    # Before the commit: after it, another kernel could have kept the same bytes again.
    for name in unused:
        files.remove(name)
    return [files.path(name) for name in unused]


def _empty(session: Transaction, files: FileStore, request_id: str) -> set[str]:
    """The names of the files that the request used; another row may use them too."""
    pictures = session.rows("SELECT path FROM pictures WHERE request_id = ?", request_id)
    (row,) = session.rows("SELECT refs FROM requests WHERE id = ?", request_id)
    session.run("DELETE FROM pictures WHERE request_id = ?", request_id)
    session.change("requests", FORGOTTEN, "id = ?", request_id)
    names = {each["path"] for each in pictures} | set(files.answers(request_id))
    for reference in json.loads(row["refs"]):
        names |= _drop_reference(session, reference["digest"])
    return names


def _is_used(session: Transaction, name: str) -> bool:
    """Whether any row still names the file."""
    return bool(
        session.rows(
            "SELECT 1 FROM pictures WHERE path = ? "
            "UNION SELECT 1 FROM reference_files WHERE path = ?",
            name,
            name,
        )
    )


def _drop_reference(session: Transaction, digest: str) -> set[str]:
    """Take a reference away that no request uses any more."""
    if session.rows("SELECT 1 FROM requests WHERE instr(refs, ?) LIMIT 1", digest):
        return set()
    files = session.rows("SELECT path FROM reference_files WHERE digest = ?", digest)
    session.run("DELETE FROM reference_files WHERE digest = ?", digest)
    return {each["path"] for each in files}
