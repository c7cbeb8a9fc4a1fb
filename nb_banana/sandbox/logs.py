"""GET /v2/logs: a window of time, filters and pages over the rows of the ledger."""

import re
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from nb_banana.sandbox.http_response import Refused, now
from nb_banana.sandbox.ledger import LedgerRow

LONGEST = timedelta(days=92)
CALLS, SECONDS = 200, 60.0

Query = dict[str, list[str]]


def read_logs(rows: list[LedgerRow], query: Query) -> dict[str, Any]:
    """One page of the rows that match.

    Args:
        rows: newest first.
        query: the parsed query string.

    Raises:
        Refused: 400, the query is wrong.
    """
    start, end = _window(query)
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
    return {
        "data": [row.to_json() for row in page],
        "pagination": {
            "limit": limit,
            "offset": offset,
            "total": len(matching),
            "has_more": offset + len(page) < len(matching),
        },
    }


class Limit:
    """At most 200 calls in 60 seconds, the one limit that the vendor publishes in numbers."""

    def __init__(self) -> None:
        self._calls: deque[float] = deque(maxlen=CALLS)

    def count(self) -> None:
        """Count one call.

        Raises:
            Refused: 429, it was one too many.
        """
        moment = time.monotonic()
        if len(self._calls) == CALLS and moment - self._calls[0] < SECONDS:
            raise Refused(429, "Too Many Requests")
        self._calls.append(moment)


def _wrong(hint: str) -> Refused:
    return Refused(400, ["Query validation error!", hint])


def _window(query: Query) -> tuple[datetime, datetime]:
    given = {name for name in ("period", "start", "end") if name in query}
    if given not in ({"period"}, {"start", "end"}):
        raise _wrong(
            f"Expected period, or start and end, received {', '.join(sorted(given)) or 'none'}"
        )
    if "period" in given:
        end = now()
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
