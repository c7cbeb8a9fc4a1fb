"""The money: one row for each inference, and the balance that is left."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from nb_banana.sandbox.catalogue import CREDITS_PER_USD, usd
from nb_banana.sandbox.http_response import now, stamp


@dataclass(frozen=True)
class Ids:
    """What one request is known by.

    Attributes:
        request_id: the HTTP call.
        inference_id: what the charge is recorded under.
        client_request_id: the caller's own id; None where none was sent, or a malformed one.
    """

    request_id: str
    inference_id: str
    client_request_id: str | None


@dataclass(frozen=True)
class LedgerRow:
    """One inference.

    Attributes:
        model: the name that was asked for.
        status: ``succeeded`` or ``failed``.
        credits: what it was charged; 0 when it failed.
        ids: what the request is known by.
        created: when it was recorded.
        clock: the same on the clock that never jumps.
    """

    model: str
    status: str
    credits: int
    ids: Ids
    created: datetime = field(default_factory=now)
    clock: float = field(default_factory=time.monotonic)

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


class Ledger:
    """Every row, and the balance.

    Args:
        balance: what there is to spend, in USD.
        lag: seconds until a new row is shown in the log, as the real one can lag.
    """

    def __init__(self, balance: float, lag: float = 0.0) -> None:
        self._credits = round(balance * CREDITS_PER_USD)
        self._lag = lag
        self._rows: list[LedgerRow] = []
        self._lock = Lock()

    def record(self, model: str, status: str, price: int, ids: Ids) -> LedgerRow:
        """Write down one inference; charges its price when it succeeded."""
        row = LedgerRow(model, status, price if status == "succeeded" else 0, ids)
        with self._lock:
            self._rows.append(row)
            self._credits -= row.credits
        return row

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

    @property
    def shown(self) -> list[LedgerRow]:
        """The rows that the log shows by now, newest first."""
        latest = time.monotonic() - self._lag
        return [row for row in reversed(self.rows) if row.clock <= latest]
