"""``/v2/billing/transactions``: what moved the balance, by the service's own id of a request.

It has the sum where the log has none, is late or can't be read. What is not in it says nothing.
Source: https://docs.aimlapi.com/api-references/service-endpoints/account-balance
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from nb_banana._text import amount
from nb_banana.models import CREDITS_PER_USD
from nb_banana.services.aimlapi.log import CLOCKS, MOST_PAGES, PAGE
from nb_banana.services.exchange import Fate, Get, at
from nb_banana.services.receipt import SANDBOX_HEADER

TRANSACTIONS = "/v2/billing/transactions"
MOST = Decimal(100)
"""US dollars of one request: where the unit is not said, more than this is in another one."""
Entry = tuple[Mapping[str, Any], bool]  # a row, and whether a sandbox told it


def find_entry(
    inference_id: str, sent: datetime | None, get: Get, *, is_brief: bool
) -> Fate | None:
    """What the ledger has of a request; None where it has nothing, or can't be read."""
    for window in _windows(sent):
        rows = list(_entries(inference_id, window, get, 1 if is_brief else MOST_PAGES))
        if any(_sign(row) > 0 for row, _ in rows):
            return _fate(inference_id, rows)
    return None


def _windows(sent: datetime | None) -> Iterator[dict[str, str]]:
    """Where it may be: near its time, which holds where our clock does; else anywhere."""
    if sent is not None:
        with suppress(OverflowError):
            yield {"from": (sent - CLOCKS).isoformat(), "to": (sent + 2 * CLOCKS).isoformat()}
    yield {}


def _entries(inference_id: str, window: Mapping[str, str], get: Get, pages: int) -> Iterator[Entry]:
    """The rows of a request on the first page that has a charge of it, and on those before it."""
    cursors: list[str] = []
    for _ in range(pages):
        cursor = {"cursor": cursors[-1]} if cursors else {}
        reply = get(TRANSACTIONS, {"limit": PAGE, **window, **cursor})
        rows = at(reply.json, "data") if reply is not None and reply.is_read else None
        if reply is None or not isinstance(rows, list):
            return
        own = [row for row in rows if inference_id in _ids(row)]
        yield from ((row, SANDBOX_HEADER in reply.headers) for row in own)
        if any(_sign(row) > 0 for row in own):  # the newest come first: what was given back did
            return
        next_one = at(reply.json, "pagination", "next_cursor")
        if not isinstance(next_one, str) or not next_one or next_one in cursors:
            return
        cursors.append(next_one)


def _ids(row: Any) -> tuple[Any, ...]:
    return at(row, "reference_id"), at(row, "inference_id")


def _fate(inference_id: str, rows: list[Entry]) -> Fate:
    """What the rows of a request come to, at least one of them a charge."""
    amounts = [(_sign(row), _usd(row)) for row, _ in rows]
    sandbox = any(is_play for _, is_play in rows)
    if any(usd is None for sign, usd in amounts if sign):
        return Fate("charged", None, inference_id, sandbox, source="ledger")
    left = sum((sign * (usd or Decimal(0)) for sign, usd in amounts), Decimal(0))
    if left <= 0:  # it was given back
        return Fate("not charged", Decimal(0), inference_id, sandbox, source="ledger")
    return Fate("charged", left, inference_id, sandbox, source="ledger")


def _sign(row: Mapping[str, Any]) -> int:
    """1 for what was taken, -1 for what was given back; 0 for a row that tells of neither."""
    by_direction = {"CHARGE": 1, "TOPUP": -1}.get(str(row.get("direction")).upper())
    by_type = {"MODEL_USAGE": 1, "REFUND": -1}.get(str(row.get("type")).upper(), 0)
    return by_type if by_direction is None else by_direction


def _usd(row: Mapping[str, Any]) -> Decimal | None:
    """How much a row moved, whichever way; None where that can't be read."""
    told = row.get("amount")
    if not isinstance(told, dict):
        usd = _size(told)
        return usd if usd is not None and usd <= MOST else None
    usd, spent = _size(told.get("usd")), _size(told.get("credits"))
    return spent / CREDITS_PER_USD if usd is None and spent is not None else usd


def _size(value: Any) -> Decimal | None:
    is_number = isinstance(value, int | str | Decimal) and not isinstance(value, bool)
    return amount(str(value).strip().removeprefix("-")) if is_number else None
