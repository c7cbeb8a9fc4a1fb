"""What the service says of money: was it charged, what is left. GETs only: no answer is None.

Source: https://docs.aimlapi.com/api-references/service-endpoints/account-balance and /logs
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from nb_banana._text import InDollars
from nb_banana.services.aimlapi.receipts import read_bill
from nb_banana.services.receipt import SANDBOX_HEADER
from nb_banana.services.service import RawResponse, Service, at
from nb_banana.wire import transport

READ_TIMEOUT = 10.0
LONGEST_BODY = 8 * 1024 * 1024
MOST_USD = 10**9
"""More US dollars than this are a mistake of the service, and less than one part in it too."""
PAUSES = (0.0, 1.0, 2.0, 3.0)
"""Seconds before each look into the log: a row can lag the answer by some seconds."""
PAGE = 100
MOST_PAGES = 10
CLOCKS = timedelta(hours=1)  # how far our clock and the service's are apart at most, nearly always
WRONG_CLOCKS = timedelta(days=3)  # the same for a clock that was set wrong


@dataclass(frozen=True)
class Charge(InDollars):
    """What the log says of one request."""

    # absent: there is no row of it, which may come late. failed: a row that failed, and another may
    # come late, for it may have been sent again. unknown: the log could not be read.
    state: Literal["charged", "not charged", "absent", "failed", "unknown"]
    usd: Decimal | None = None  # what was charged, where the log says it
    inference_id: str | None = None  # the id that the charge is recorded under
    sandbox: bool = False  # whether it is a sandbox's log, so that the money is play money
    # How long ago the last row was written, by the service's own clock.
    age: timedelta | None = None


UNKNOWN = Charge("unknown")


LogLook = tuple[list[Mapping[str, Any]], Mapping[str, str]]  # a request's rows, and the headers


def find_charge(
    service: Service,
    client_request_id: str,
    *,
    sent: datetime | None = None,
    attempts: int | None = None,
    pauses: Sequence[float] = PAUSES,
    seconds: float | None = None,
) -> Charge:
    """Look a request up in the service's log, by our own id."""
    # Without ``sent`` the last 24 hours are read. A row that failed is the last word only where
    # there is one for each of the ``attempts``. ``pauses`` are seconds before each look; with
    # ``seconds``, for an answer that must not be slowed, the log's first page has to do.
    if service.secret is None and not service.is_loopback:
        return UNKNOWN
    found = UNKNOWN
    for pause in pauses:
        time.sleep(pause)
        found = _look(service, client_request_id, sent, attempts, seconds)
        if found.state in {"charged", "not charged"}:
            break
    return found


def _look(
    service: Service,
    client_request_id: str,
    sent: datetime | None,
    attempts: int | None,
    seconds: float | None,
) -> Charge:
    unread = 0
    for window in _windows(sent):
        look = _log_rows(service, client_request_id, window, seconds)
        if look is None:
            unread += 1
            if unread > 1:  # it is not the window
                break
        elif look[0]:
            return _charge(service, look, attempts)
    return UNKNOWN if unread else Charge("absent")


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


def _log_rows(
    service: Service, client_request_id: str, window: Mapping[str, str], seconds: float | None
) -> LogLook | None:
    """The rows of a request; None where the log can't be read, or not far enough back."""
    for page in range(MOST_PAGES if seconds is None else 1):
        asked = {"limit": PAGE, **window, "offset": page * PAGE}
        reply = ask(service, "/v2/logs", asked, seconds=seconds)
        body = reply.json if reply is not None else None
        rows = body.get("data") if isinstance(body, dict) else None
        if reply is None or not isinstance(rows, list):
            return None
        found = [row for row in rows if at(row, "client_request_id") == client_request_id]
        if found or at(body, "pagination", "has_more") is not True:
            return found, reply.headers
    return None


def _charge(service: Service, look: LogLook, attempts: int | None) -> Charge:
    """What rows of a request, at least one, say of its charge."""
    rows, headers = look
    costs = [_cost(row) for row in rows]
    paid = [row for row, cost in zip(rows, costs, strict=True) if cost]
    named = service.own_id((paid or rows)[0].get("inference_id"))
    sandbox = SANDBOX_HEADER in headers
    if paid:
        total = sum((cost for cost in costs if cost), Decimal(0))
        return Charge("charged", total, named, sandbox)
    if all(row.get("status") == "failed" for row in rows):
        last_word = attempts is not None and len(rows) >= attempts
        state: Literal["not charged", "failed"] = "not charged" if last_word else "failed"
        return Charge(state, Decimal(0), named, sandbox, _age(look))
    # A request that succeeded at no stated cost: as good as charged, for it has a picture.
    return Charge("charged", None, named, sandbox)


def _age(look: LogLook) -> timedelta | None:
    """How old the newest row was when the log answered, both by the service's clock."""
    rows, headers = look
    try:
        written = max(datetime.fromisoformat(row["created"]) for row in rows)
        return parsedate_to_datetime(headers.get("date", "")) - written
    except (KeyError, TypeError, ValueError, OverflowError):  # it does not say one of the two
        return None


def _cost(row: Mapping[str, Any]) -> Decimal | None:
    usage = {"usd_spent": at(row, "cost", "usd"), "credits_used": at(row, "cost", "credits")}
    return read_bill({}, {"meta": {"usage": usage}})[1]


def balance(service: Service) -> Decimal | None:
    """What is left on the account, in US dollars; None where the service does not say."""
    reply = ask(service, "/v2/billing", {})
    return None if reply is None else decimal_of(at(reply.json, "current_balance"))


def is_key_refused(service: Service) -> bool:
    """Whether the service says that it knows no such key."""
    reply = _reply(service, "/v2/billing", {})
    return reply is not None and reply.status == 401


def is_reachable(service: Service) -> bool:
    """Whether the service answers at all. No key is sent."""
    return ask(service, "/v1/models", {"limit": 1}, with_key=False) is not None


def ask(
    service: Service,
    path: str,
    query: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    with_key: bool = True,
    seconds: float | None = None,
) -> RawResponse | None:
    """A reply of 200 or 304 with its body read; None for anything else: nothing hangs on it."""
    reply = _reply(service, path, query, headers=headers, with_key=with_key, seconds=seconds)
    return reply if reply is not None and reply.status in {200, 304} else None


def _reply(
    service: Service,
    path: str,
    query: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    with_key: bool = True,
    seconds: float | None = None,
) -> RawResponse | None:
    """A reply of any status; None where none came."""
    try:
        answer = service.transport.send(
            "GET",
            service.base_url + path,
            secret=service.secret if with_key else None,
            seconds=READ_TIMEOUT if seconds is None else seconds,
            params=query,
            headers=headers,
        )
        body = answer.read(LONGEST_BODY)
    except (transport.TooLongError, transport.NoAnswerError, transport.UnsentError):
        return None
    return RawResponse(answer.status, answer.headers, body)


def list_of(value: Any) -> list[Any]:
    """The list itself; an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def decimal_of(value: Any) -> Decimal | None:
    """An amount that makes sense, exact; None in place of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < MOST_USD else None
