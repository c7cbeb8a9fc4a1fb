"""Take a request's words and pictures out of the index, and say which files are left over."""

import json

from nb_banana.index import Session
from nb_banana.rows import FORGOTTEN


def forget(session: Session, request_id: str) -> set[str]:
    """Empty the request's row but for its bill, and take its pictures away.

    Returns:
        The names of the files that it used; another row may use them too, see `is_used`.
    """
    pictures = session.rows("SELECT path FROM pictures WHERE request_id = ?", request_id)
    (row,) = session.rows("SELECT refs FROM requests WHERE id = ?", request_id)
    session.run("DELETE FROM pictures WHERE request_id = ?", request_id)
    session.change("requests", FORGOTTEN, "id = ?", request_id)
    names = {each["path"] for each in pictures}
    for reference in json.loads(row["refs"]):
        names |= _drop_reference(session, reference["digest"])
    return names


def is_used(session: Session, name: str) -> bool:
    """Whether any row still names the file."""
    return bool(
        session.rows(
            "SELECT 1 FROM pictures WHERE path = ? "
            "UNION SELECT 1 FROM reference_files WHERE path = ?",
            name,
            name,
        )
    )


def _drop_reference(session: Session, digest: str) -> set[str]:
    """Take a reference away that no request uses any more."""
    if session.rows("SELECT 1 FROM requests WHERE instr(refs, ?) LIMIT 1", digest):
        return set()
    files = session.rows("SELECT path FROM reference_files WHERE digest = ?", digest)
    session.run("DELETE FROM reference_files WHERE digest = ?", digest)
    return {each["path"] for each in files}
