"""``/v2/logs``: was a request charged? By our own id, which the service keeps.

Source: https://docs.aimlapi.com/api-references/service-endpoints/logs
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from nb_banana._text import clean_id
from nb_banana.services.exchange import UNKNOWN, Fate, Get, SentRequest, at
from nb_banana.services.receipt import SANDBOX_HEADER

PAGE = 100
MOST_PAGES = 10
CLOCKS = timedelta(hours=1)  # how far our clock and the service's are apart at most, nearly always
WRONG_CLOCKS = timedelta(days=3)  # the same for a clock that was set wrong

LogLook = tuple[list[Mapping[str, Any]], Mapping[str, str]]  # a request's rows, and the headers
Cost = Callable[[Mapping[str, Any]], Decimal | None]  # what a row of the log cost


def find_row(row: SentRequest, get: Get, cost: Cost) -> Fate:
    """One look into the log. A row that failed is the last word where each attempt has one."""
    # Where it has to be brief the log's first page has to do.
    unread = 0
    for window in _windows(row.sent):
        look = _log_rows(row, get, window)
        if look is None:
            unread += 1
            if unread > 1:  # it is not the window
                break
        elif look[0]:
            return _fate(look, row.attempts, cost)
    return UNKNOWN if unread else Fate("absent")


def _windows(sent: datetime | None) -> Iterator[dict[str, str]]:
    """Where in the log a request may be, the nearest first."""
    # A period is counted on the service's clock, and holds however wrong ours is.
    if sent is None:
        yield {"period": "24h"}
        return
    with suppress(OverflowError):
        yield {"start": (sent - CLOCKS).isoformat(), "end": (sent + 2 * CLOCKS).isoformat()}
    yield {"period": "7d"}
    with suppress(OverflowError):
        if abs(datetime.now(UTC) - sent) > WRONG_CLOCKS:
            around = sent - WRONG_CLOCKS, sent + WRONG_CLOCKS
            yield {"start": around[0].isoformat(), "end": around[1].isoformat()}


def _log_rows(sought: SentRequest, get: Get, window: Mapping[str, str]) -> LogLook | None:
    """The rows of a request; None where the log can't be read, or not far enough back."""
    for page in range(1 if sought.is_brief else MOST_PAGES):
        reply = get("/v2/logs", {"limit": PAGE, **window, "offset": page * PAGE})
        body = reply.json if reply is not None and reply.is_read else None
        rows = at(body, "data")
        if reply is None or not isinstance(rows, list):
            return None
        found = [row for row in rows if at(row, "client_request_id") == sought.request_id]
        if found or at(body, "pagination", "has_more") is not True:
            return found, reply.headers
    return None


def _fate(look: LogLook, attempts: int | None, cost: Cost) -> Fate:
    """What rows of a request, at least one, say of its charge."""
    rows, headers = look
    costs = [cost(row) for row in rows]
    paid = [row for row, cost in zip(rows, costs, strict=True) if cost]
    named = clean_id((paid or rows)[0].get("inference_id"))
    sandbox = SANDBOX_HEADER in headers
    if paid:
        total = sum((cost for cost in costs if cost), Decimal(0))
        return Fate("charged", total, named, sandbox)
    if all(row.get("status") == "failed" for row in rows):
        last_word = attempts is not None and len(rows) >= attempts
        state: Literal["not charged", "failed"] = "not charged" if last_word else "failed"
        return Fate(state, Decimal(0), named, sandbox, _age(look))
    # A request that succeeded at no stated cost: as good as charged, for it has a picture.
    return Fate("charged", None, named, sandbox)


def _age(look: LogLook) -> timedelta | None:
    """How old the newest row was when the log answered, both by the service's clock."""
    rows, headers = look
    try:
        written = max(datetime.fromisoformat(row["created"]) for row in rows)
        return parsedate_to_datetime(headers.get("date", "")) - written
    except (KeyError, TypeError, ValueError, OverflowError):  # it does not say one of the two
        return None
