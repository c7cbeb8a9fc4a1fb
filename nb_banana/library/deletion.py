"""What is forgotten: rows that are emptied but for their bills, and files that nobody uses then.

A file goes only where no row names it any more: two requests may have the same picture, and a
picture that another one was made from is a reference of that.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from nb_banana.library import rows
from nb_banana.library.database import Database, Transaction
from nb_banana.library.files import FileStore


def delete(session: Transaction, files: FileStore, request_ids: Collection[str]) -> list[Path]:
    """Empty the rows of requests but for their bills; set aside, and name, the files then unused.

    They are deleted by `settle`, after the commit.
    """
    settle(session, files)
    names = _empty(session, files, request_ids)
    found = session.rows(
        "SELECT value FROM json_each(?) WHERE value NOT IN "
        "(SELECT path FROM pictures UNION ALL SELECT path FROM reference_files) ORDER BY value",
        json.dumps(list(names)),
    )
    unused = [each["value"] for each in found]
    # Before the commit: after it, another kernel could have kept the same bytes again. And no
    # more than that: whoever is killed before the commit has deleted nothing.
    files.set_aside(unused)
    return [files.path(name) for name in unused]


def settle(session: Transaction, files: FileStore) -> None:
    """Delete what a deletion has set aside; put back what it did not come to commit."""
    if not files.has_aside:
        return
    found = session.rows(
        "SELECT value FROM json_each(?) WHERE value IN "
        "(SELECT path FROM pictures UNION ALL SELECT path FROM reference_files) "
        "OR EXISTS (SELECT 1 FROM requests WHERE state NOT IN ('stored', 'forgotten') "
        "AND (value = 'answers/' || id || '.bin' OR value GLOB 'answers/' || id || '-*.bin'))",
        json.dumps(files.aside()),
    )
    files.settle_aside([each["value"] for each in found])


def _empty(session: Transaction, files: FileStore, request_ids: Collection[str]) -> set[str]:
    """The names of the files that the requests used; another row may use them too."""
    # A set of rows at a time: a library may have a hundred thousand of them.
    ids = json.dumps(list(request_ids))
    pictures = session.rows(
        "SELECT path FROM pictures WHERE request_id IN (SELECT value FROM json_each(?))", ids
    )
    references = _references(session, "asked.id IN (SELECT value FROM json_each(?))", ids)
    session.run("DELETE FROM pictures WHERE request_id IN (SELECT value FROM json_each(?))", ids)
    session.change("requests", rows.FORGOTTEN, "id IN (SELECT value FROM json_each(?))", ids)
    names = {each["path"] for each in pictures} | set(files.answers(request_ids))
    if references:
        names |= _drop_references(session, references - _references(session, "refs <> '[]'"))
    return names


def _references(session: Transaction, where: str, *values: str) -> set[str]:
    """The digests of the references of some requests, whatever became of them."""
    found = session.rows(
        "SELECT DISTINCT json_extract(value, '$.digest') AS digest "  # noqa: S608 - our own text
        f"FROM requests AS asked, json_each(asked.refs) WHERE {where}",
        *values,
    )
    return {each["digest"] for each in found}


def _drop_references(session: Transaction, digests: Iterable[str]) -> set[str]:
    """Take references away that no request uses any more; the names of their files."""
    gone = json.dumps(list(digests))
    files = session.rows(
        "SELECT path FROM reference_files WHERE digest IN (SELECT value FROM json_each(?))", gone
    )
    session.run(
        "DELETE FROM reference_files WHERE digest IN (SELECT value FROM json_each(?))", gone
    )
    return {each["path"] for each in files}


def freed_bytes(index: Database, named: str, *values: object, others: bool = False) -> int:
    """How many bytes of files `delete` would free: a query names the requests, or all others."""
    stay = "IN" if others else "NOT IN"
    found = index.rows(
        f"WITH named AS ({named}), "  # noqa: S608 - our own text
        "asked AS (SELECT json_extract(value, '$.digest') AS digest "
        f"FROM requests AS r, json_each(r.refs) WHERE r.refs <> '[]' AND r.id {stay} named), "
        f"files AS (SELECT path, size, request_id {stay} named AS used FROM pictures UNION ALL "
        "SELECT path, size, digest IN (SELECT digest FROM asked) FROM reference_files) "
        "SELECT coalesce(sum(size), 0) AS bytes FROM "
        "(SELECT max(size) AS size FROM files GROUP BY path HAVING NOT max(used))",
        *values,
    )
    return sum(int(each["bytes"]) for each in found)
