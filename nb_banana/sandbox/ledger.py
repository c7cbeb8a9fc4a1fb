"""The money: a row for each inference, the balance that is left, and what tells of the rows.

GET /v2/logs has each of them, after a lag; GET /v2/billing/transactions what moved the balance.
"""

import base64
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from nb_banana.sandbox.catalogue import CREDITS_PER_USD, usd
from nb_banana.sandbox.exchange import Inference, Query, Refused, stamp

LONGEST = timedelta(days=92)
CALLS, SECONDS = 200, 60.0
"""Calls of the log in so many seconds: the one limit that the vendor publishes in numbers."""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class LedgerRow(Inference):
    """A charge with the time at which it was booked."""

    created: datetime = field(default_factory=now)
    clock: float = field(default_factory=time.monotonic)  # the same on the clock that never jumps

    def to_json(self) -> dict[str, Any]:
        """The row as GET /v2/logs shows it."""
        return {
            "created": stamp(self.created),
            "status": self.status,
            "origin": "api",
            "model": self.model,
            "cost": {"usd": usd(self.credits), "credits": self.credits},
            "tokens": {"input": 0, "output": 0, "total": 0},
            "request_id": self.ids.request_id,
            "inference_id": self.ids.inference_id,
            "client_request_id": self.ids.client_request_id,
        }

    def to_entry(self) -> dict[str, Any]:
        """The row as GET /v2/billing/transactions shows it."""
        named = {"model": self.model, "reference_id": self.ids.inference_id}
        return _entry(self.created, "CHARGE", "MODEL_USAGE", self.credits) | named


class Ledger:
    """Every row, and a balance in USD; ``lag`` seconds pass until the log shows a new row."""

    def __init__(
        self, balance: float, lag: float = 0.0, clock: Callable[[], datetime] = now
    ) -> None:
        self.now = clock  # the clock of all that is written down here
        self._credits = round(balance * CREDITS_PER_USD)
        self._first = _entry(clock(), "TOPUP", "INIT", self._credits)
        self._lag = lag
        self._rows: list[LedgerRow] = []
        self._calls: deque[float] = deque(maxlen=CALLS)
        self._lock = Lock()

    def book(self, charge: Inference) -> None:
        """Write down one inference, and take what it costs from the balance."""
        row = LedgerRow(**vars(charge), created=self.now())
        with self._lock:
            self._rows.append(row)
            self._credits -= row.credits

    def can_pay(self, price: int) -> bool:
        """Whether the balance is enough for it."""
        return self._credits >= price

    @property
    def balance(self) -> float:
        """What is left, in USD."""
        return usd(self._credits)

    @property
    def rows(self) -> list[LedgerRow]:
        """Every row, oldest first."""
        with self._lock:
            return list(self._rows)

    def log(self, query: Query, key: str = "") -> dict[str, Any]:
        """GET /v2/logs: one page, newest first, of the rows that match and are shown by now."""
        # With the prefix of a ``key`` those of that key alone.
        moment = time.monotonic()
        if len(self._calls) == CALLS and moment - self._calls[0] < SECONDS:
            raise Refused(429, "Too Many Requests")
        self._calls.append(moment)
        rows = (row for row in reversed(self.rows) if key in ("", row.key))
        shown = [row for row in rows if row.clock <= moment - self._lag]
        return _page(shown, query, self.now())

    def transactions(self, query: Query, key: str = "") -> dict[str, Any]:
        """GET /v2/billing/transactions: one page of what moved the balance, newest first."""
        entries = [
            row.to_entry() for row in reversed(self.rows) if row.credits and key in ("", row.key)
        ]
        return _page_of_entries([*entries, self._first], query)


def _entry(created: datetime, direction: str, kind: str, amount: int) -> dict[str, Any]:
    return {
        "created_at": stamp(created),
        "direction": direction,
        "type": kind,
        "amount": {"usd": usd(amount), "credits": amount},
        "model": None,
        "reference_id": None,
    }


KINDS = ("PAYMENT", "BONUS", "REFUND", "ADJUSTMENT", "MODEL_USAGE", "CREDITS_EXPIRED", "INIT")
FILTERS = {"direction": ("TOPUP", "CHARGE"), "type": KINDS}


def _page_of_entries(entries: list[dict[str, Any]], query: Query) -> dict[str, Any]:
    for name, values in FILTERS.items():
        wanted = query.get(name, [""])[0]
        if wanted and wanted not in values:
            raise _wrong(f"{name}: Expected {' | '.join(values)}, received '{wanted}'")
        entries = [each for each in entries if wanted in ("", each[name])]
    moments = {name: stamp(_moment(query, name)) for name in ("from", "to") if name in query}
    entries = [
        each
        for each in entries
        if moments.get("from", "") <= each["created_at"] < moments.get("to", "9")
    ]
    limit = _number(query, "limit", 50, 1, 100)
    start = _position(query["cursor"][0]) if "cursor" in query else 0
    end = start + limit
    more = end < len(entries)
    pagination = {"next_cursor": _cursor(end) if more else None, "has_more": more}
    return {"data": entries[start:end], "pagination": pagination}


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"v1:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        position = int(base64.urlsafe_b64decode(cursor).decode().removeprefix("v1:"))
    except ValueError:
        position = -1
    if _cursor(position) != cursor:
        raise _wrong("cursor: Expected a cursor of ours, received another")
    return position


def _page(rows: list[LedgerRow], query: Query, now: datetime) -> dict[str, Any]:
    start, end = _window(query, now)
    statuses, models = set(query.get("status", [])), set(query.get("model", []))
    if statuses - {"succeeded", "failed"}:
        raise _wrong(f"status: Expected 'succeeded' | 'failed', received {sorted(statuses)}")
    limit, offset = _number(query, "limit", 50, 1, 100), _number(query, "offset", 0, 0, 10**9)
    matching = [
        row
        for row in rows
        if start <= row.created <= end
        and (not statuses or row.status in statuses)
        and (not models or models & {row.model, row.model.rpartition("/")[2]})
    ]
    page = matching[offset : offset + limit]
    pagination = {
        "limit": limit,
        "offset": offset,
        "total": len(matching),
        "has_more": offset + len(page) < len(matching),
    }
    return {"data": [row.to_json() for row in page], "pagination": pagination}


def _wrong(hint: str) -> Refused:
    return Refused(400, ["Query validation error!", hint])


def _window(query: Query, now: datetime) -> tuple[datetime, datetime]:
    given = {name for name in ("period", "start", "end") if name in query}
    if given not in ({"period"}, {"start", "end"}):
        received = ", ".join(sorted(given)) or "none"
        raise _wrong(f"Expected period, or start and end, received {received}")
    if "period" in given:
        end = now
        start = end - _period(query["period"][0])
    else:
        start, end = _moment(query, "start"), _moment(query, "end")
    if not timedelta(0) <= end - start <= LONGEST:
        raise _wrong("Expected a window from 0 to 92 days, received another")
    return start, end


def _period(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,4})([hd])", text)
    if match is None:
        raise _wrong(f"period: Expected a number with h or d such as '24h', received '{text}'")
    return int(match[1]) * timedelta(**{"hours" if match[2] == "h" else "days": 1})


def _moment(query: Query, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(query[name][0])
    except ValueError as problem:
        raise _wrong(f"{name}: Expected an ISO-8601 date, received '{query[name][0]}'") from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(query: Query, name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, [str(default)])[0]
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
        raise _wrong(f"{name}: Expected a number from {least} to {most}, received '{text}'")
    return int(text)
