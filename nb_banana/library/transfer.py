"""Answers of one library in another one: into a lesson, and out of it again.

Another room behind `Library`. Nothing that tells of the machine they were made on comes along: no
notebook's path, no host and process, no links, no error.
"""

import json
from collections.abc import Iterable
from contextlib import ExitStack

from nb_banana.errors import LibraryDamagedError, LibraryError
from nb_banana.imaging.decode import check_picture
from nb_banana.library import rows
from nb_banana.library.database import Transaction
from nb_banana.library.journal import NO_OWNER
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.library.schema import Row


def stored_answers(source: Library, request_ids: Iterable[str] | None = None) -> list[StoredImage]:
    """The kept answers of some requests, or all of them; what was asked first comes first.

    Ids that the library has no picture for are left out.

    Raises:
        LibraryError: see `nb_banana.errors`.
    """
    if request_ids is None:
        return source.history(limit=None)[::-1]
    where = "id IN (SELECT value FROM json_each(?))"
    return source._kept(source._index, where, json.dumps(list(request_ids)))[::-1]


def copy_answers(
    source: Library, target: Library, request_ids: Iterable[str] | None = None
) -> list[StoredImage]:
    """Copy answers with their pictures and references, each as a whole or not at all.

    What the target has already stays as it is there; a picture file that was lost there comes
    back. Which one counts where several answer one request stays too: the one asked last.

    Args:
        source: where they are. It may come from a stranger: every byte is checked.
        target: where they go.
        request_ids: of which requests; None for all.

    Returns:
        What was copied or was there already, as the source has it.

    Raises:
        LostPictureError: a file of the source is not what was kept.
        NotKeptError: the source does not have a reference picture.
        PictureError: a file of the source is no picture.
        LibraryError: other than these; e.g. the target has another picture for the same request.
    """
    found = stored_answers(source, request_ids)
    if found:
        target._vault.prepare()
    for kept in found:
        with source._believed():
            row = _row(kept, target.service)
        _add(kept, row, target)
    return found


def check_own_schema(library: Library) -> None:
    """See that the index has our tables and nothing else, before anything in it is read.

    Raises:
        LibraryError: it has not, or can't be read.
    """
    if not library._index.is_own():
        raise LibraryDamagedError(
            f"The index of the library in {library.folder} was not made by nb_banana. "
            "It was left as it is."
        )


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


def _add(kept: StoredImage, row: Row, target: Library) -> None:
    pictures = [(each.read(), each.kind) for each in (kept, *kept.extras)]
    for data, kind in pictures:
        if check_picture(data) != kind:
            raise LibraryDamagedError(
                f"{kept.path.name} is not the kind of picture that the index of its library says."
            )
    for reference in kept.request.references:
        if reference.data is not None:
            check_picture(reference.data)
    with ExitStack() as parts:
        written = [parts.enter_context(target._written(data)) for data, _ in pictures]

        def write(session: Transaction) -> None:
            settled = _settled(session, row, [digest for _, digest in written])
            for reference in kept.request.references:
                target._keep_reference(session, reference)
            session.run("DELETE FROM pictures WHERE request_id = ?", kept.request_id)
            for position, (part, picture) in enumerate(zip(written, pictures, strict=True)):
                target._add(session, settled, position, part, picture)

        target._index.write(write)


def _settled(session: Transaction, row: Row, digests: list[str]) -> Row:
    """The request's row in the target: the one that is there with the same pictures, or a new one.

    Raises:
        LibraryError: it has other pictures.
    """
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
