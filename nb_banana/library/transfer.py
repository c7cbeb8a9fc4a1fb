"""Answers of one library in another one: into a lesson and out of it again, or home.

Into a lesson nothing comes along that tells of the machine they were made on: no notebook's path,
no host and process, no links, no error. What stood in for a library comes home as it is.
"""

import json
import re
from collections.abc import Iterable

from nb_banana.errors import LibraryDamagedError, LibraryError, LostPictureError, NotKeptError
from nb_banana.imaging.decode import PictureKind, check_picture
from nb_banana.library import rows
from nb_banana.library.database import Transaction
from nb_banana.library.files import read_whole
from nb_banana.library.journal import NO_OWNER
from nb_banana.library.library import Library
from nb_banana.library.owner import is_left
from nb_banana.library.records import StoredImage
from nb_banana.library.schema import Row

BEGINNING = re.compile(r"(?s:\\.|[^\\]){0,10000}")
"""What is asked of a pattern: SQLite takes 50,000 bytes, and a letter has up to four."""


def stored_answers(source: Library, request_ids: Iterable[str] | None = None) -> list[StoredImage]:
    """The kept answers of those of some requests that have one, or all; asked first comes first."""
    if request_ids is None:
        return source.history(limit=None)[::-1]
    where = "id IN (SELECT value FROM json_each(?))"
    return source._kept(source._index, where, json.dumps(list(request_ids)))[::-1]


def answers_like(source: Library, words: Iterable[str]) -> list[StoredImage]:
    """The kept answers to prompts that have these words with anything between; newest first.

    Of a very long prompt only its beginning is looked at.
    """
    escaped = (re.sub(r"([%_\\])", r"\\\1", each) for each in words)
    pattern = "%".join(escaped)
    start = BEGINNING.match(pattern)
    if start and start[0] != pattern:
        pattern = f"{start[0]}%"
    return source._kept(source._index, r"prompt LIKE ? ESCAPE '\'", pattern)


def copy_answers(
    source: Library, target: Library, request_ids: Iterable[str] | None = None
) -> list[StoredImage]:
    """Copy answers with pictures and references, each whole or not at all; see `stored_answers`."""
    # The source may come from a stranger: every byte is checked. What the target has already stays
    # as it is there; a picture file that was lost there comes back. Which one counts where several
    # answer one request stays too: the one asked last.
    found = stored_answers(source, request_ids)
    if found:
        target._vault.prepare()
    for kept in found:
        with source._index.believed():
            row = _row(kept, target.service)
        _add(kept, row, target)
    return found


def _row(kept: StoredImage, service: str) -> Row:
    """The row of an answer. What can be worked out is: what an index says may be invented."""
    made = rows.stamp(kept.made)
    return {
        "id": kept.request_id,
        "service": service,
        "state": "stored",
        "key": kept.request.key,
        "family": rows.family_key(kept.request),
        **rows.request_row(kept.request),
        "parents": json.dumps(list(kept.parents)),
        "notebook": None,
        "created": made,
        "changed": made,
        "came_along": 1,
        **NO_OWNER,
        **rows.receipt_row(kept.receipt),
    }


def bring_home(source: Library, target: Library) -> list[str]:
    """Move what stood in for a library into it, row by row; the ids of the requests that moved."""
    # The picture files stay where they are too, for a day: whoever holds such a picture reads it.
    found = source._index.rows("SELECT * FROM requests ORDER BY seq")
    moved: list[str] = []
    for row in found:
        if row["state"] in {"sent", "accepted", "answered"} and not is_left(row):
            continue  # it is being drawn
        if not moved:
            target._prepare()
        try:
            _move(row, source, target)
        except (LostPictureError, NotKeptError, LibraryDamagedError):
            continue  # this one can't come; the others can
        moved.append(row["id"])
    if not found:
        source._vault.sweep()
    return moved


def _move(row: Row, source: Library, target: Library) -> None:
    """One request with its pictures, its references, and what was not understood of its answer."""
    row = {name: value for name, value in row.items() if name != "seq"}
    pictures = source._index.rows(
        "SELECT * FROM pictures WHERE request_id = ? ORDER BY position", row["id"]
    )
    kinds = [PictureKind(each["mime"], each["width"], each["height"]) for each in pictures]
    with source._index.believed():
        request = rows.restore_request(row, source.reference_url)
        data = [read_whole(source._vault.path(each["path"]), each["digest"]) for each in pictures]
        with target._written(data) as parts:

            def write(session: Transaction) -> None:
                known = session.rows("SELECT state FROM requests WHERE id = ?", row["id"])
                ended = {"stored", "forgotten"} | (set() if pictures else {"failed"})
                if known and known[0]["state"] in ended:
                    return
                target._keep_references(session, request)
                session.add("requests", row, known="REPLACE")
                target._put(session, row, parts, list(zip(data, kinds, strict=True)))

            target._write_own(write)
    for name in source._vault.answers([row["id"]]):
        kept = source._vault.read(name)
        with target._vault.part(kept) as part:
            target._vault.keep(part, kept, [name])

    def drop(session: Transaction) -> None:
        session.run("DELETE FROM pictures WHERE request_id = ?", row["id"])
        session.run("DELETE FROM requests WHERE id = ?", row["id"])

    source._index.write(drop)


def _add(kept: StoredImage, row: Row, target: Library) -> None:
    pictures = [(each.read(), each.kind) for each in kept.pictures]
    for data, kind in pictures:
        if check_picture(data) != kind:
            raise LibraryDamagedError(
                f"{kept.path.name} is not the kind of picture that the index of its library says."
            )
    for reference in kept.request.references:
        if reference.data is not None:
            check_picture(reference.data)
    with target._written(data for data, _ in pictures) as parts:

        def write(session: Transaction) -> None:
            settled = _settled(session, row, [digest for _, digest in parts])
            target._keep_references(session, kept.request)
            target._put(session, settled, parts, pictures)

        target._index.write(write)


def _settled(session: Transaction, row: Row, digests: list[str]) -> Row:
    """The row in the target: the one that is there with the same pictures, or a new one."""
    known = session.rows("SELECT * FROM requests WHERE id = ? AND state = 'stored'", row["id"])
    if not known:
        session.add("requests", row, known="REPLACE")
        return row
    pictures = session.rows(
        "SELECT digest FROM pictures WHERE request_id = ? ORDER BY position", row["id"]
    )
    if [each["digest"] for each in pictures] != digests:
        raise LibraryError(
            f"The library has another picture for the request {row['id']}. It was left as it is."
        )
    return known[0]
