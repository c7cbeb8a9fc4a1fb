"""The library: every picture that was made, to be found again by what was asked for.

`journal` has the steps of a request, `database` the SQLite file, `schema` its tables, `files` the
picture files, `records` what is handed out, `rows` the way from one to the other, `search` what is
looked for, `inventory` what it has as a whole, `answers` what is known of that, `deletion` what is
forgotten, `owner` who works on a row, `transfer` the way from one library to another.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_banana._later import later
from nb_banana._text import path_of
from nb_banana.errors import LibraryError, LibraryUnavailableError, NotKeptError
from nb_banana.imaging.decode import PictureKind
from nb_banana.library import rows
from nb_banana.library.database import Database, Transaction
from nb_banana.library.files import check_file, picture_names
from nb_banana.library.journal import NO_OWNER, Journal
from nb_banana.library.location import check_stand_in, has_index
from nb_banana.library.records import StoredImage
from nb_banana.library.schema import Row
from nb_banana.services.receipt import Receipt

if TYPE_CHECKING:
    from nb_banana.library import deletion, search
else:  # for who looks around in it
    deletion, search = later("nb_banana.library", "deletion", "search")

LAST = "\U0010ffff"  # the letter that sorts behind all others
_SPAN = " AND digest >= ? AND digest < ?"
Part = tuple[Path, str]  # a picture's bytes under a temporary name, and their digest


class Library(Journal):
    """The pictures of one kind of service in one folder, and the journal of how they came."""

    note = ""  # what a person should know of each picture in it
    origin = "your library"  # where a picture of it comes from, for its caption
    is_shared = False  # whether it is only read

    def store(
        self, request_id: str, pictures: Sequence[tuple[bytes, PictureKind]], receipt: Receipt
    ) -> list[StoredImage]:
        """Keep the pictures of an answer (bytes as they came). A second time does no harm."""
        if not pictures:
            raise ValueError("An answer without a picture is not stored: mark it as failed.")
        answered = rows.receipt_row(receipt) | {"changed": rows.now()}
        columns = {"state": "stored", "error": None, **answered, **NO_OWNER}
        # The slow part, the bytes, before the transaction; the names in it, so that no other
        # kernel forgets the same picture meanwhile.
        data, until_now = [each for each, _ in pictures], []
        if (self.folder / "answers").is_dir():
            until_now = self._vault.same_answers(request_id, data)
        with self._written(data) as parts, self._index.believed():

            def write(session: Transaction) -> list[StoredImage]:
                request = self._asked(session, request_id)
                self._change(session, request_id, columns)
                kept = self._put(session, request | columns, parts, pictures)
                if until_now:
                    with suppress(LibraryError):  # what another program has open stays
                        self._vault.set_aside(until_now)
                return kept

            try:
                first, *others = self._index.write(write)
            finally:
                if until_now:
                    self._settle()
        return [replace(first, extras=tuple(others)) if others else first, *others]

    def find(self, key: str) -> StoredImage | None:
        """The picture of a request, by `ImageRequest.key`: the one that was asked for last."""
        # A file that is gone is an error and not None: it costs again.
        found = self._kept(self._index, "key = ?", key)
        if not found:
            return None
        check_file(found[0].path, found[0].size)
        return found[0]

    def known(self, keys: Iterable[str]) -> set[str]:
        """Which requests have a picture here, by `ImageRequest.key`. Only `find` looks at files."""
        found = self._index.rows(
            "SELECT DISTINCT key FROM requests WHERE service = ? AND state = 'stored' "
            "AND key IN (SELECT value FROM json_each(?))",
            self.service,
            json.dumps(list(keys)),
        )
        return {row["key"] for row in found}

    def history(
        self, what: "str | search.Search | None" = None, limit: int | None = 50
    ) -> list[StoredImage]:
        """The pictures that a search finds, or words of a prompt, newest first; no file is read."""
        fits, values = search.Search.of(what).condition(self.service)
        sql = f"SELECT seq FROM requests WHERE {fits} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - our own text
        if limit is None:
            return self._kept(self._index, f"seq IN ({sql})", *values, -1)
        wanted = [*values, limit]
        found = self.answers.of(
            ("history", sql, wanted),
            lambda: [int(row["seq"]) for row in self._index.rows(sql, *wanted)],
        )
        return self._kept(self._index, "seq IN (SELECT value FROM json_each(?))", json.dumps(found))

    def count(self, what: "str | search.Search | None" = None) -> int:
        """How many answers `history` would have without a limit."""
        fits, values = search.Search.of(what).condition(self.service)
        sql = f"SELECT count(*) AS number FROM requests WHERE {fits}"  # noqa: S608 - as above
        return self.answers.of(
            ("count", sql, values),
            lambda: sum(int(row["number"]) for row in self._index.rows(sql, *values)),
        )

    def models(self) -> set[str]:
        """The ids of the models that drew what is kept here."""
        sql = "SELECT DISTINCT model FROM requests WHERE service = ? AND state = 'stored'"
        return set(
            self.answers.of(
                ("models", self.service),
                lambda: [str(row["model"]) for row in self._index.rows(sql, self.service)],
            )
        )

    def made(self) -> dict[str, str]:
        """When each request that has a picture here was answered, as `rows.stamp`, by its id."""
        found = self._index.rows(
            "SELECT id, answered FROM requests WHERE service = ? AND state = 'stored' "
            "AND EXISTS (SELECT 1 FROM pictures WHERE request_id = id)",
            self.service,
        )
        with self._index.believed():
            return {row["id"]: rows.stamp(datetime.fromisoformat(row["answered"])) for row in found}

    def links(self, source: str | None = None) -> list[Row]:
        """Which picture each one was made from, oldest first: source, id, digest, answered.

        Digests are of bytes, one row for each picture of an answer; with a source of those alone
        that have it among others.
        """
        sql = (
            "SELECT json_extract(value, '$.source') AS source, made.id AS id, digest, answered "
            "FROM requests AS made, json_each(made.refs) JOIN pictures ON request_id = made.id "
            "WHERE service = ? AND state = 'stored' AND refs <> '[]' "
            "AND (?2 IS NULL OR instr(refs, ?2)) ORDER BY seq, position"
        )
        question = "links", self.service, source
        return self.answers.of(question, lambda: self._index.rows(sql, self.service, source))

    def by_requests(self, ids: Iterable[str]) -> dict[str, StoredImage]:
        """The pictures of requests, by their ids. What is not kept is not among them."""
        where = "id IN (SELECT value FROM json_each(?))"
        found = self._kept(self._index, where, json.dumps(list(ids)))
        return {each.request_id: each for each in found}

    def freed_bytes(self, request_ids: Iterable[str]) -> int:
        """How many bytes of files would be free without these requests."""
        ids = json.dumps(list(request_ids))
        return deletion.freed_bytes(self._index, "SELECT value AS id FROM json_each(?)", ids)

    def by_id(self, text: str) -> StoredImage:
        """The picture of an id: a beginning of its digest (a file has six digits) or request id."""
        text = text.strip().lower()
        span = (text, text + LAST)
        found = self._pictures(
            f"id IN (SELECT request_id FROM pictures WHERE true{_SPAN}) "  # noqa: S608 - our own text
            "OR (id >= ? AND id < ?)",
            *(span + span),
        )
        fitting = [
            each
            for each in found
            if each.digest.startswith(text)
            or (each.request_id.startswith(text) and each.position == 0)
        ]
        several = {each.digest for each in fitting}
        if not text or not fitting:
            raise self._unknown(text)
        if len(several) > 1:
            ids = ", ".join(sorted(digest[: len(text) + 4] for digest in several)[:5])
            said = f"{text} is the beginning of several ids: {ids}. Give more of it."
            raise NotKeptError(said, several=True)
        return fitting[0]

    def by_path(self, path: str | os.PathLike[str]) -> StoredImage:
        """The picture of a file: of the library's own, or of a copy with the same bytes."""
        file = path_of(path).resolve()
        folder = self.folder.resolve()
        if file.is_relative_to(folder):
            name = file.relative_to(folder).as_posix()
            # The name ends with the beginning of the digest, and that is in an order.
            start = file.stem.rpartition("-")[2]
            where = "id IN (SELECT request_id FROM pictures WHERE path = ?{})"
            for also, *span in ((_SPAN, start, start + LAST), ("",)):
                for each in self._pictures(where.format(also), name, *span):
                    if each.path == self.folder / name:
                        return each
        try:
            return self.by_content(file.read_bytes())
        except OSError as error:
            raise NotKeptError(f"{path} can't be read: {error.strerror}.") from error

    def by_content(self, data: bytes) -> StoredImage:
        """The picture that has these bytes; see `by_digest`."""
        return self.by_digest(hashlib.sha256(data).hexdigest())

    def by_digest(self, digest: str) -> StoredImage:
        """The picture whose bytes have this SHA-256, as it was asked for last."""
        where = "id IN (SELECT request_id FROM pictures WHERE digest = ?)"
        found = [each for each in self._pictures(where, digest) if each.digest == digest]
        if not found:
            raise NotKeptError(
                f"The library in {self.folder} has no picture with these bytes. "
                "A picture that was saved anew has other bytes than the one that was made."
            )
        return found[0]

    def forget(self, ids: Iterable[str]) -> list[Path]:
        """Delete pictures and what was asked, all of the ids or none; the files that went."""
        wanted = [self._request_ids(each) for each in ids]
        return self.forget_requests({each for several in wanted for each in several})

    def forget_requests(self, request_ids: Collection[str]) -> list[Path]:
        """The same for requests by their whole ids, in one transaction."""
        try:
            return self._index.write(
                lambda session: deletion.delete(session, self._vault, request_ids)
            )
        finally:
            self._settle()

    @contextmanager
    def _written(self, pictures: Iterable[bytes]) -> Iterator[list[Part]]:
        """The bytes on the disk, each with its digest."""
        with ExitStack() as parts:
            yield [
                (parts.enter_context(self._vault.part(data)), hashlib.sha256(data).hexdigest())
                for data in pictures
            ]

    def _put(
        self,
        session: Transaction,
        request: Row,
        parts: Sequence[Part],
        pictures: Sequence[tuple[bytes, PictureKind]],
    ) -> list[StoredImage]:
        """Give a request these pictures in place of those that it has."""
        session.run("DELETE FROM pictures WHERE request_id = ?", request["id"])
        made = datetime.fromisoformat(request["created"])
        kept = []
        answer = zip(parts, pictures, strict=True)
        for position, ((part, digest), (data, kind)) in enumerate(answer):
            same = session.rows("SELECT DISTINCT path FROM pictures WHERE digest = ?", digest)
            names = [each["path"] for each in same]
            names += picture_names(request["prompt"], made, digest, kind.mime)
            row = {
                "request_id": request["id"],
                "position": position,
                "digest": digest,
                **kind._asdict(),
                "size": len(data),
                "path": self._vault.keep(part, data, names),
            }
            session.add("pictures", row)
            kept.append(self._restored(request | row))
        return kept

    def _asked(self, session: Transaction, request_id: str) -> Row:
        found = session.rows(
            "SELECT * FROM requests WHERE id = ? AND state <> 'forgotten'", request_id
        )
        if not found:
            raise self._unknown(request_id)
        return found[0]

    def _restored(self, row: Row) -> StoredImage:
        return rows.restore_stored(row, self._vault.path(row["path"]), self.reference_url)

    def _kept(self, source: Database | Transaction, where: str, *values: Any) -> list[StoredImage]:
        """The answers for which a condition on `requests` holds, the newest first."""
        # Our own text; what comes from elsewhere goes in by ?.
        found = source.rows(
            f"SELECT {rows.STORED_COLUMNS} FROM requests JOIN pictures ON request_id = id "  # noqa: S608
            f"WHERE service = ? AND state = 'stored' AND ({where}) ORDER BY seq DESC, position",
            self.service,
            *values,
        )
        if not found:
            return []
        if source is self._index:
            self._settle()
        with self._index.believed():
            pictures = [self._restored(row) for row in found]
        answers = [list(group) for _, group in groupby(pictures, attrgetter("request_id"))]
        return [
            replace(first, extras=tuple(others)) if others else first for first, *others in answers
        ]

    def _pictures(self, where: str, *values: Any) -> list[StoredImage]:
        """The same, and the further pictures of each answer as pictures of their own."""
        found = self._kept(self._index, where, *values)
        return [picture for each in found for picture in each.pictures]

    def _request_ids(self, text: str) -> list[str]:
        """The requests that an id stands for: all that have the picture, or the one itself."""
        exact = self._index.rows(
            "SELECT id FROM requests WHERE id = ? AND service = ? AND state <> 'forgotten'",
            text.strip(),
            self.service,
        )
        if exact:
            return [exact[0]["id"]]
        digest = self.by_id(text).digest
        where = "id IN (SELECT request_id FROM pictures WHERE digest = ?)"
        return [each.request_id for each in self._kept(self._index, where, digest)]

    def _unknown(self, text: str) -> NotKeptError:
        return NotKeptError(
            f"The library in {self.folder} has nothing with the id {text!r}. "
            "nb_banana.history() lists what it has."
        )


class StandInLibrary(Library):
    """What takes journal and pictures while a library can't be written. Nobody else may use it."""

    is_own = True

    def __init__(self, folder: Path, home: Path | None, service: str) -> None:
        super().__init__(folder, service)
        whose = f"your library in {home} could not be used" if home else "you have no home folder"
        cure = "Mend that, or choose another folder" if home else "Choose a folder"
        moves = " It moves there by itself as soon as it can." if home else ""
        self.note = (
            f"Kept in {folder} for now, for {whose}. {cure} with %config Banana.library = "
            f'"…".{moves}'
        )

    def is_there(self) -> bool:
        """Whether it has been used, and nobody else can have written to it."""
        with suppress(LibraryUnavailableError):
            if has_index(self.folder):
                check_stand_in()
                return True
        return False

    def _prepare(self) -> None:
        check_stand_in(make=True)
        super()._prepare()
