"""One GET at the AI/ML API, and what its JSON says. Nothing hangs on it: no answer is None."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from nb_banana.services.carrier import RawResponse
from nb_banana.services.service import Service
from nb_banana.wire import transport

READ_TIMEOUT = 10.0
LONGEST_BODY = 8 * 1024 * 1024
MOST_USD = 10**9
"""More US dollars than this are a mistake of the service, and less than one part in it too."""


def get(service: Service, path: str, query: Mapping[str, Any]) -> Any:
    """The JSON of an answer; None where there is none."""
    reply = ask(service, path, query)
    return None if reply is None else reply.json


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
    reply = RawResponse(answer.status, answer.headers, body)
    return reply if reply.status in {200, 304} else None


def at(value: Any, *names: str) -> Any:
    """What stands under these names, one in the other; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


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
