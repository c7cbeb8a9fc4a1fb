"""What a service says of money: was it charged, what is left. GETs only: no answer is None."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from nb_banana.services.endpoint import Endpoint, what_came
from nb_banana.services.exchange import UNKNOWN, Fate, Get, Reply, SentRequest, Ticket
from nb_banana.wire import transport

READ_TIMEOUT = 10.0
LONGEST_BODY = 8 * 1024 * 1024
PAUSES = (0.0, 1.0, 2.0, 3.0)
"""Seconds before each look: what is known of a request can lag its answer by some seconds."""


def find_charge(
    service: Endpoint,
    client_request_id: str,
    *,
    sent: datetime | None = None,
    attempts: int | None = None,
    ticket: Ticket | None = None,
    inference_id: str | None = None,
    pauses: Sequence[float] = PAUSES,
    seconds: float | None = None,
) -> Fate:
    """Ask a service what became of a request, see `Service.find`."""
    # ``pauses`` are seconds before each look; with ``seconds``, for an answer that must not be
    # slowed, one quick look has to do.
    if service.secret is None and not service.is_loopback:
        return UNKNOWN
    is_brief = seconds is not None
    row = SentRequest(client_request_id, sent, attempts, ticket, inference_id, is_brief)
    ask = asker(service, seconds=seconds)
    asked: list[str] = []

    def get(path: str, *more: Any) -> Reply | None:
        asked.append(path)
        return ask(path, *more)

    found = UNKNOWN
    for pause in pauses:
        time.sleep(pause)
        found = service.service.find(row, get)
        if found.state in {"charged", "not charged"} or not asked:  # it has nobody to ask
            break
    return replace(found, inference_id=service.own_id(found.inference_id))


def balance(service: Endpoint) -> Decimal | None:
    """What is left on the account, in US dollars; None where the service does not say."""
    return service.service.balance(asker(service))


def is_key_refused(service: Endpoint) -> bool:
    """Whether the service says that it knows no such key."""
    return service.service.is_key_refused(asker(service))


def is_reachable(service: Endpoint, seconds: float | None = None) -> bool:
    """Whether the service answers at all. No key is sent."""
    return service.service.is_reachable(asker(service, with_key=False, seconds=seconds))


def asker(service: Endpoint, *, with_key: bool = True, seconds: float | None = None) -> Get:
    """What asks this service, and no other, and raises nothing."""

    def get(
        path: str, query: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply | None:
        try:
            answer = service.transport.send(
                "GET",
                service.address_of(path),
                secret=service.secret if with_key else None,
                key_header=service.service.key_header,
                seconds=READ_TIMEOUT if seconds is None else seconds,
                params=query,
                headers=headers,
            )
            try:
                return Reply(answer.status, answer.headers, answer.read(LONGEST_BODY))
            except transport.NoAnswerError as error:
                return what_came(answer, error)
        except (transport.TooLongError, transport.NoAnswerError, transport.UnsentError):
            return None

    return get
