"""The journal: what was asked, and how far it came. Each step is on the disk before the next.

::

    sent ──> (accepted) ──> answered ──> stored
      └──────────┴──────────────┴───────> failed     it is known that there is no picture
                                          unknown    nobody can say yet

``accepted`` is a request whose work can be asked for by its ticket. ``forgotten`` is a row whose
picture and words were deleted; its cost stays. ``written`` is one of an earlier version, which
wrote a row down before it was about to be sent.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nb_banana._text import amount
from nb_banana.errors import LibraryDamagedError, LibraryError, LostPictureError, NotKeptError
from nb_banana.library import rows
from nb_banana.library.database import Database, Transaction
from nb_banana.library.deletion import settle
from nb_banana.library.files import FileStore, answer_name, check_file, read_whole, reference_names
from nb_banana.library.location import INDEX, is_own, remember_own
from nb_banana.library.owner import is_drawn, is_left, this_process
from nb_banana.library.records import Bill, UnfinishedRequest
from nb_banana.library.schema import Row
from nb_banana.references.reference import RemoteImage
from nb_banana.request import ImageRequest
from nb_banana.services.receipt import Receipt

if TYPE_CHECKING:
    from nb_banana.library.answers import Answers
    from nb_banana.services.exchange import ResultItem


Result = TypeVar("Result")
Counts = list[int]
OPEN = "id = ? AND state NOT IN ('stored', 'forgotten')"
_BILL = "model, usd, about, sandbox"
_BILLED = "service = ? AND answered IS NOT NULL AND NOT came_along"
_OWNER = "id, host, pid, started, changed"
_COST = (
    "(state IN ('stored', 'accepted', 'answered', 'unknown') "
    "OR (state = 'failed' AND CAST(coalesce(usd, 0) AS REAL) > 0))"
)
LONGEST_COMMIT = timedelta(minutes=1)
NO_OWNER = {"host": None, "pid": None, "started": None}


class Journal:
    """The rows of the requests, in one folder and for one kind of service.

    Nothing is made on the disk before the first `begin`. Threads, forked processes and other
    kernels may use the folder at the same time. `LibraryError` is raised where it can't be used.
    """

    def __init__(self, folder: Path, service: str, *, patience: float = 30.0) -> None:
        self.folder = Path(folder)
        self.service = service
        self._index = Database(self.folder / INDEX, patience)
        self.keep_open, self.let_go = self._index.keep_open, self._index.let_go
        self._vault = FileStore(self.folder)

    @property
    def is_own(self) -> bool:
        """Whether this person made it: only then are its links followed unasked."""
        # A folder beside a notebook may come from a stranger, and what is in it from him too.
        found = self._index.rows("PRAGMA application_id")  # by which it is known
        return is_own(self.folder, int(found[0]["application_id"]) if found else 0)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.service} in {self.folder}>"

    def begin(
        self,
        request: ImageRequest,
        request_id: str,
        *,
        notebook: str | None = None,
        parents: Sequence[str] = (),
        since: str | None = None,
    ) -> str | None:
        """Write the request down and keep its references: from now on it may have been charged.

        With `since`, when it was looked for last (see `rows.now`), nothing is written where a
        process of this machine draws the same right now, or has got or paid it since: the id of
        that other request is returned.
        """
        self._prepare()
        time = rows.now()
        row = {
            "id": request_id,
            "service": self.service,
            "state": "sent",
            "key": request.key,
            **rows.request_row(request),
            "family": rows.family_key(request),
            "parents": json.dumps(list(parents)),
            "notebook": notebook,
            "created": time,
            "changed": time,
            **this_process(),
        }

        def write(session: Transaction) -> str | None:
            if since and (other := self._other(session, request.key, since)):
                return other
            if request.images:
                self._keep_references(session, request)
            session.add("requests", row)
            return None

        return self._write_own(write)

    def _write_own(self, work: Callable[[Transaction], Result]) -> Result:
        """Write, and remember the index as one's own where this makes it."""
        if self._index.is_there():
            return self._index.write(work)
        identity = secrets.randbelow(2**31 - 1) + 1

        def first(session: Transaction) -> Result:
            session.run(f"PRAGMA application_id = {identity}")
            return work(session)

        remember_own(identity)  # first: a Ctrl-C in between would leave one that is nobody's
        return self._index.write(first)

    def _prepare(self) -> None:
        """See that the place takes what will come, before anything is sent."""
        self.check()
        self._vault.prepare()

    def is_drawn(self, request_id: str) -> bool:
        """Whether a process of this machine that lives still works on a request."""
        where = "id = ? AND state IN ('sent', 'accepted', 'answered')"
        found = self._index.rows(f"SELECT {_OWNER} FROM requests WHERE {where}", request_id)  # noqa: S608 - our own text
        with self._index.believed():
            return any(map(is_drawn, found))

    def _other(self, session: Transaction, key: str, since: str) -> str | None:
        """The id of the same request: it is being drawn, or cost something since."""
        # A row has the time before its commit, and may not have been there yet for who looked
        # after that: a picture counts that was stored shortly before, for else it had been found.
        looked = datetime.fromisoformat(since) - LONGEST_COMMIT
        before = looked.isoformat(timespec="microseconds")
        found = session.rows(
            f"SELECT {_OWNER}, {_COST} AND changed >= "  # noqa: S608 - our own text
            "CASE WHEN state = 'stored' AND id IN (SELECT request_id FROM pictures) "
            "THEN ? ELSE ? END AS came FROM requests "
            "WHERE service = ? AND key = ? "
            "AND (state IN ('sent', 'accepted', 'answered') OR came) ORDER BY seq DESC",
            before,
            since,
            self.service,
            key,
        )
        if not found:
            return None
        with self._index.believed():
            return next((row["id"] for row in found if row["came"] or is_drawn(row)), None)

    def keep_answer(self, request_id: str, data: bytes, position: int | None = None) -> Path | None:
        """Keep what came before it is stored: one picture of the answer, or all of it."""
        if not self.has(request_id):
            raise NotKeptError(f"The library in {self.folder} has no request {request_id}.")
        name = answer_name(request_id, position)
        with self._vault.part(data) as part:
            return self._vault.path(self._vault.keep(part, data, [name]))

    def has(self, request_id: str) -> bool:
        """Whether there is a row of this request, whatever became of it."""
        return bool(self._index.rows("SELECT 1 FROM requests WHERE id = ?", request_id))

    def fate(self, request_id: str) -> tuple[str, bool]:
        """The state of a request, and whether it is known to be charged; empty for no row."""
        found = self._index.rows("SELECT state, usd FROM requests WHERE id = ?", request_id)
        return (found[0]["state"], bool(amount(found[0]["usd"]))) if found else ("", False)

    def check(self) -> None:
        """See that the index is sound; a damaged one may just find less."""
        if self._index.is_sound():
            return

        def look() -> None:
            # Once a day each row is looked for in each index; else that each page makes sense.
            self.answers.of("whole", self._index.check, lasting=True)
            self._index.check(quick=True)

        self.answers.of("sound", look)

    @cached_property
    def answers(self) -> "Answers":
        """What was found out about the index while it was as it is now."""
        from nb_banana.library.answers import Answers  # loaded where something is looked through

        return Answers(self._index.path)

    def kept_answer(self, request_id: str, position: int | None = None) -> bytes | None:
        """What `keep_answer` has kept; None where there is nothing."""
        try:
            return self._vault.path(answer_name(request_id, position)).read_bytes()
        except OSError:
            return None

    def mark_accepted(
        self, request_id: str, service: str, url: str, handle: Mapping[str, Any]
    ) -> None:
        """The work is accepted: keep the ticket that it is asked for by, and whom to ask where."""
        ticket = json.dumps({"service": service, "url": url, "handle": dict(handle)})
        self._step(request_id, state="accepted", ticket=ticket, **this_process())

    def mark_answered(
        self, request_id: str, items: Sequence["ResultItem"], receipt: Receipt
    ) -> None:
        """The answer is there: keep the links of its pictures, and the bill."""
        # A picture that came inside the answer has no link: `JournalEntry` keeps it.
        links = json.dumps([item.url for item in items])
        bill = rows.step_row(receipt)
        self._step(request_id, state="answered", links=links, **bill, **this_process())

    def mark_failed(self, request_id: str, reason: str, receipt: Receipt | None = None) -> None:
        """It is known that there is no picture to be had. Charged or not: see the receipt."""
        bill = rows.step_row(receipt)
        self._step(request_id, state="failed", error=reason, **bill, **NO_OWNER)

    def mark_unknown(
        self,
        request_id: str,
        reason: str,
        receipt: Receipt | None = None,
        inference_id: str | None = None,
    ) -> None:
        """Nobody can say yet what became of it; `unfinished` has it from now on."""
        named = {"inference_id": inference_id} if inference_id else {}
        bill = named | rows.step_row(receipt)
        self._step(request_id, state="unknown", error=reason, **bill, **NO_OWNER)

    def release(self, request_id: str, reason: str) -> None:
        """Give up for now and leave the state as it is, e.g. when an answer's link fails."""
        self._step(request_id, error=reason, **NO_OWNER)

    def unfinished(
        self, key: str | None = None, problems: list[LibraryError] | None = None
    ) -> list[UnfinishedRequest]:
        """The requests that nobody works on any more and that have no picture, oldest first."""
        found = self._index.rows(
            "SELECT * FROM requests WHERE service = ? "
            "AND state IN ('written', 'sent', 'accepted', 'answered', 'unknown') "
            "AND key = coalesce(?, key) ORDER BY seq",
            self.service,
            key,
        )
        if found or key is None:
            self._settle()
        left: list[UnfinishedRequest] = []
        for row in found:
            try:
                with self._index.believed():
                    if is_left(row):
                        left.append(rows.restore_unfinished(row, self.reference_url))
            except LibraryDamagedError as error:
                if problems is None:
                    raise
                problems.append(error)  # one bad row does not hide the others
        return left

    def bills(self, since: datetime | None = None) -> list[Bill]:
        """What was charged or may have been, oldest first. Of a lesson's somebody else paid."""
        found = self._index.rows(
            f"SELECT id, created, notebook, {_BILL}, 1 AS count FROM requests "  # noqa: S608 - our own text
            f"WHERE {_BILLED} AND created >= ? ORDER BY seq",
            self.service,
            rows.stamp(since) if since else "",
        )
        with self._index.believed():
            return [rows.restore_bill(row) for row in found]

    def costs(self, notebook: str | None, times: Sequence[datetime]) -> list[tuple[Bill, Counts]]:
        """The same with one bill for all that cost the same; and how many of these are whose.

        These are those of a notebook, and for each time those that were asked for since.
        """
        counts = ", ".join(f"sum(created >= ?) AS since_{place}" for place in range(len(times)))
        found = self._index.rows(
            "SELECT min(id) AS id, min(created) AS created, NULL AS notebook, "  # noqa: S608 - as above
            f"{_BILL}, count(*) AS count, sum(notebook IS ?) AS here, {counts} "
            f"FROM requests WHERE {_BILLED} GROUP BY {_BILL} ORDER BY min(seq)",
            *(notebook, *map(rows.stamp, times), self.service),
        )
        names = "here", *(f"since_{place}" for place in range(len(times)))
        with self._index.believed():
            return [(rows.restore_bill(row), [int(row[name]) for name in names]) for row in found]

    def last_bill(
        self, models: Iterable[str], resolution: str
    ) -> tuple[Decimal, dict[str, Any]] | None:
        """The last charge for a model (by all its names), in USD, and the further fields asked."""
        found = self._index.rows(
            "SELECT usd, json_extract(parameters, '$.params') AS params FROM requests "
            "WHERE service = ? AND usd IS NOT NULL AND NOT came_along AND state <> 'forgotten' "
            "AND (state IN ('stored', 'answered') OR CAST(usd AS REAL) > 0) "
            "AND coalesce(json_extract(parameters, '$.params.model'), model) "
            "IN (SELECT value FROM json_each(?)) "
            "AND coalesce(json_extract(parameters, '$.params.resolution'), "
            "json_extract(parameters, '$.resolution'), '1K') = ? "
            "ORDER BY seq DESC LIMIT 1",
            self.service,
            json.dumps(list(models)),
            resolution,
        )
        with self._index.believed():
            return rows.restore_charge(found[0]) if found else None

    def reference(self, digest: str) -> Path:
        """The file of a reference picture."""
        row = self._reference_row(digest)
        return check_file(self._vault.path(row["path"]), row["size"])

    def reference_url(self, digest: str) -> str:
        """A reference picture as a ``data:`` URI. Raises as `reference` does."""
        row = self._reference_row(digest)
        data = read_whole(self._vault.path(row["path"]), row["content"])
        return f"data:{row['mime']};base64,{base64.b64encode(data).decode()}"

    def _reference_row(self, digest: str) -> Row:
        found = self._index.rows("SELECT * FROM reference_files WHERE digest = ?", digest)
        if not found:
            raise NotKeptError(f"The library in {self.folder} has no reference {digest[:12]}….")
        return found[0]

    def _keep_references(self, session: Transaction, request: ImageRequest) -> None:
        """Keep the bytes of each, unless they are kept or the service fetches them itself."""
        for each in request.images:
            known = session.rows("SELECT * FROM reference_files WHERE digest = ?", each.digest)
            with suppress(LostPictureError):
                if known:
                    check_file(self._vault.path(known[0]["path"]), known[0]["size"])
                    continue
            if not isinstance(each.body, RemoteImage):
                self._keep_bytes(session, each.body.data, each.body.mime, each.digest)

    def _keep_bytes(self, session: Transaction, data: bytes, mime: str, digest: str) -> None:
        # In the transaction that needs it, so that no other kernel forgets the file meanwhile.
        content = hashlib.sha256(data).hexdigest()
        pictures = session.rows("SELECT DISTINCT path FROM pictures WHERE digest = ?", content)
        names = [each["path"] for each in pictures] + reference_names(content, mime)
        with self._vault.part(data) as part:
            name = self._vault.keep(part, data, names)
        row = {"digest": digest, "content": content, "mime": mime, "size": len(data), "path": name}
        session.add("reference_files", row, known="REPLACE")

    def _settle(self) -> None:
        """End a deletion that was broken off, such as that of a kernel that was killed."""
        if self._vault.has_aside:
            with suppress(LibraryError):  # who may only read leaves it to others
                self._index.write(lambda session: settle(session, self._vault))

    def _step(self, request_id: str, **columns: Any) -> None:
        self._index.write(lambda session: self._change(session, request_id, columns))

    def _change(self, session: Transaction, request_id: str, columns: Row) -> None:
        """Write a row's columns. What is stored or forgotten stays so, whoever comes late."""
        if "changed" not in columns:
            columns = {**columns, "changed": rows.now()}
        changed = session.change("requests", columns, OPEN, request_id)
        if not changed and not session.rows("SELECT 1 FROM requests WHERE id = ?", request_id):
            raise NotKeptError(f"The library in {self.folder} has no request {request_id}.")
