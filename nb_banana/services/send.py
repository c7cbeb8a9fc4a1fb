"""Send a generation, and never send twice what may have been charged. The same for all services.

A link that leaves the service's own host is never asked, and the key goes nowhere else.
"""

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from nb_banana import errors
from nb_banana._text import AboutDollars, Dollars, clean_id
from nb_banana.request import ImageRequest
from nb_banana.services.endpoint import Endpoint, what_came
from nb_banana.services.exchange import (
    Call,
    Decoded,
    Failed,
    Reply,
    ResultItem,
    ServiceAnswer,
    Ticket,
    Unreadable,
)
from nb_banana.services.failures import error_of, page_of, redact
from nb_banana.services.receipt import SANDBOX_HEADER, Receipt
from nb_banana.services.result import BilledAnswer
from nb_banana.services.service import Service
from nb_banana.wire.interrupts import allow_interrupts
from nb_banana.wire.transport import NoAnswerError, TooLongError, UnsentError

LONGEST_ANSWER = 128 * 1024 * 1024
"""Bytes of an answer that we accept; a 4K picture inside the answer has some 26 MB."""
LONGEST_RETRY_AFTER = 120.0
"""Seconds of `Retry-After` that are waited for; a longer wait is the person's choice."""
LONGEST_PAUSE = 1e9  # more seconds are no time that a computer can add to its own
SHORTEST_PAUSE = 0.25  # seconds between two attempts, whatever the service says

# Bookkeeping and backoff are urllib3's; *whether* to send again is decided in _may_send_again.
ATTEMPTS = Retry(total=4, backoff_factor=0.5, backoff_jitter=0.5, backoff_max=30)
MOST_REFUSALS = 8  # how often one of many may be refused with 429: mostly the others are why


def send_generation(
    request: ImageRequest, service: Endpoint, client_request_id: str
) -> BilledAnswer | Ticket:
    """Send one generation and read its answer. The picture is not fetched yet."""
    # Sent again by itself only where it can't have been charged: no connection made, 429, or a 5xx
    # in the service's own words.
    try:
        return _answer(request, service, client_request_id)
    except (errors.BananaError, errors.Interrupted) as error:
        redacted = redact(error, service.secret)
    # Not inside of `except`: there the first error, with what the service echoed, would come along
    # as its context, which some pickles take (tblib's, which Dask brings).
    raise redacted


def _answer(
    request: ImageRequest, service: Endpoint, client_request_id: str
) -> BilledAnswer | Ticket:
    # A frame of its own: what came is in its variables, and so would be a key that was echoed.
    call = service.service.encode(request)  # before there is anything that could have been sent
    timeout = service.timeout or request.read_timeout
    reply, attempts = _send_until_answered(call, service, timeout, client_request_id)
    return read_reply(reply, request, service, client_request_id, attempts)


def _send_until_answered(
    call: Call, service: Endpoint, timeout: float, client_request_id: str
) -> tuple[Reply, int]:
    """The last reply and the number of attempts."""
    retry, refusals, attempts = ATTEMPTS, 0, 0
    while True:
        attempts += 1
        reply = _in_turn(call, service, timeout, client_request_id, attempts)
        if service.limiter is not None and reply.status == 429:
            refusals += 1
            is_hopeless = (
                service.limiter.is_stuck
                or _is_spent(reply, service.service)
                or _asked_pause(reply, service.service) > LONGEST_RETRY_AFTER
            )
            if is_hopeless or refusals > MOST_REFUSALS:
                return reply, attempts
            continue  # the pause is the rate limiter's: it waits for its turn
        pause = _pause_before_next(reply, retry, service.service)
        if pause is None:
            return reply, attempts
        try:
            with allow_interrupts():
                time.sleep(pause)
        except KeyboardInterrupt:
            said = "Stopped before it was sent again. Nothing was charged."
            facts = {"client_request_id": client_request_id, "not_charged": True}
            raise errors.Interrupted(said, **facts) from None
        retry = retry.increment(call.method, call.path, error=None)


def _in_turn(
    call: Call, service: Endpoint, timeout: float, client_request_id: str, number: int
) -> Reply:
    """One attempt, in its place among others."""
    facts = {"client_request_id": client_request_id, "attempts": number}
    limiter = service.limiter
    with nullcontext() if limiter is None else limiter.place():
        reply = carry_once(call, service, timeout, facts)
        if limiter is not None and reply.status == 429:
            limiter.slow_down(_asked_pause(reply, service.service))
        elif limiter is not None and reply.status < 400:
            limiter.speed_up()
    return reply


def carry_once(call: Call, service: Endpoint, timeout: float, facts: dict[str, Any]) -> Reply:
    """Send once, from this process or from where the carrier is."""
    if service.carrier is not None:
        return service.carrier.carry(call, service, timeout, facts["client_request_id"])
    return send_once(call, service, timeout, facts)


def _pause_before_next(reply: Reply, retry: Retry, service: Service) -> float | None:
    """Seconds to wait before the same request is sent again; None where it must not be."""
    not_charged = reply.status == 429 or (reply.status >= 500 and service.charged(reply) is False)
    if not not_charged or not retry.total or _is_spent(reply, service):
        return None
    pause = max(_asked_pause(reply, service), retry.get_backoff_time() + SHORTEST_PAUSE)
    return pause if pause <= LONGEST_RETRY_AFTER else None


def _is_spent(reply: Reply, service: Service) -> bool:
    """Whether too many requests are meant, or that there is no money, which no pause brings."""
    outcome = _decoded(reply, service)
    return isinstance(outcome, Failed) and outcome.status == 402


def _asked_pause(reply: Reply, service: Service) -> float:
    """The seconds of `Retry-After`; 0 where there is none that makes sense."""
    text = reply.headers.get("Retry-After")
    if not text and not reply.is_fine:
        outcome = _decoded(reply, service)
        return outcome.retry_after if isinstance(outcome, Failed) else 0.0
    try:
        return min(ATTEMPTS.parse_retry_after(text), LONGEST_PAUSE) if text else 0.0
    except (InvalidHeader, ValueError, OverflowError):  # no date that there is
        return 0.0


def send_once(call: Call, service: Endpoint, timeout: float, facts: dict[str, Any]) -> Reply:
    """Send once, and read the whole reply, whatever it says."""
    headers: Mapping[str, str] = {}
    speaks, request_id = service.service, facts["client_request_id"]
    own_id = {speaks.id_header: request_id} if speaks.id_header else {}
    url, body = service.base_url + call.path, _body(call)
    if not call.path.startswith("/"):  # a link that the service gave
        url = service.address_of(call.path)
    try:
        with allow_interrupts():
            answer = service.transport.send(
                call.method,
                url,
                secret=service.secret,
                key_header=speaks.key_header,
                seconds=timeout,
                headers={**call.headers, **own_id},
                **body,
            )
        headers = answer.headers
        try:
            return Reply(answer.status, headers, answer.read(LONGEST_ANSWER))
        except NoAnswerError as broken:
            return what_came(answer, broken, in_part=True)
    except (KeyboardInterrupt, TooLongError, NoAnswerError, UnsentError) as error:
        kind, said = _no_answer(error, service.host, timeout)
    named = {"inference_id": clean_id(headers.get(speaks.inference_header))} if headers else {}
    raise kind(said, **facts | named)


def _body(call: Call) -> dict[str, Any]:
    """The body as `requests` takes it."""
    if not call.files and not call.form:
        return {} if call.json is None else {"json": call.json}
    parts: list[tuple[str, tuple[Any, ...]]] = [
        *((name, (None, value)) for name, value in call.form.items()),
        *((each.field, (each.name, each.data, each.mime)) for each in call.files),
    ]
    return {"files": parts}


def read_reply(
    reply: Reply,
    request: ImageRequest | None,
    service: Endpoint,
    client_request_id: str,
    attempts: int = 1,
) -> BilledAnswer | Ticket:
    """What a reply means: links or bytes of pictures and the receipt; else one typed error."""
    # Without the request (on a worker, which has none) the receipt is not whole. The key may be in
    # an error, should the service echo it.
    outcome = _decoded(reply, service.service)
    facts: dict[str, Any] = {
        "client_request_id": client_request_id,
        "inference_id": outcome.inference_id,
        "request_id": outcome.request_id,
        "attempts": attempts,
    }
    if not reply.is_fine and not isinstance(outcome, Ticket):
        facts["retry_after"] = _asked_pause(reply, service.service) or None
        raise error_of(outcome, reply, service.service, facts)
    if isinstance(outcome, Ticket):
        if service.holds_key(json.dumps(dict(outcome.handle), default=str)):
            said = f"{service.service.title} put your key into its answer, which is not kept."
            raise errors.UncertainError(f"{said} {errors.UNSURE}", **facts)
        return outcome
    items = _items(outcome, reply, service) if isinstance(outcome, ServiceAnswer) else ()
    receipt = _receipt(outcome, request, service, facts, reply)
    facts |= {"inference_id": receipt.inference_id, "receipt": receipt}
    if not isinstance(outcome, ServiceAnswer):
        raise error_of(outcome, reply, service.service, facts)
    if not items:
        raise errors.DownloadError(
            "The picture's link has your key in it, so it was not opened and is not kept. "
            f"{errors.UNSURE} Tell the service's support the ids, and make a new key at "
            f"{page_of(service.service)}: links are written to logs on their way.",
            **facts,
            is_unsure=True,
        )
    return BilledAnswer(items, receipt)


def _decoded(reply: Reply, service: Service) -> Decoded:
    try:
        return service.decode(reply)
    except Exception as error:  # noqa: BLE001 - a stranger's code: what came is kept
        return Unreadable(type(error).__name__, is_named=True)


def _receipt(
    outcome: Decoded,
    request: ImageRequest | None,
    service: Endpoint,
    ids: Mapping[str, Any],
    reply: Reply,
) -> Receipt:
    """The receipt of an answer, before its picture is fetched."""
    named, usd = outcome.inference_id, usd_of(outcome, request, service.service)
    return Receipt(
        model=request.model if request is not None else "",
        service=service.host,
        sandbox=SANDBOX_HEADER in reply.headers,
        client_request_id=ids["client_request_id"],
        inference_id=None if named and service.secret and service.holds_key(named) else named,
        credits=outcome.credits,
        usd=usd,
        seconds=0.0,
        attempts=ids["attempts"],
        created=datetime.now(UTC),
        is_about=usd is not None and outcome.usd is None,
    )


def usd_of(outcome: Decoded, request: ImageRequest | None, service: Service) -> Dollars | None:
    """What an outcome cost: what it says itself, else what can be computed from it."""
    if outcome.usd is not None or request is None or not service.computes_bill:
        return None if outcome.usd is None else Dollars(outcome.usd)
    usd = service.bill(request, outcome)
    return None if usd is None else AboutDollars(usd)


def _items(answer: ServiceAnswer, reply: Reply, service: Endpoint) -> tuple[ResultItem, ...]:
    """The pictures of an answer, with what a worker has fetched of them already."""
    came = zip_longest(answer.items, reply.pictures[: len(answer.items)])
    found = (item if data is None else replace(item, data=data) for item, data in came)
    return tuple(filter(None, (_safe(each, service) for each in found)))


def _safe(item: ResultItem, service: Endpoint) -> ResultItem | None:
    """The picture without a link that must not be asked for, kept or shown: one with the key."""
    if item.url is None or service.secret is None or not service.holds_key(item.url):
        return item
    return None if item.data is None else ResultItem(data=item.data)


def _no_answer(
    error: BaseException, host: str, timeout: float
) -> tuple[type[errors.BananaError | errors.Interrupted], str]:
    """What it means that no whole answer came within so many seconds: an error and its words."""
    if isinstance(error, UnsentError):
        said = f"No connection to {host} could be made, so nothing was sent and nothing was"
        return errors.NotConnectedError, f"{said} charged. {error.cure}"
    kind: type[errors.BananaError | errors.Interrupted] = errors.ConnectionDroppedError
    said, more = f"The connection to {host} ended before the answer was there.", ""
    if isinstance(error, KeyboardInterrupt):
        kind, said = errors.Interrupted, "Stopped waiting for a request that was sent."
    elif isinstance(error, TooLongError):
        kind = errors.UnreadableAnswerError
        said = "The service's answer is larger than any picture, so it was not read."
    elif isinstance(error, NoAnswerError) and error.is_late:
        kind, said = errors.AnswerTimeoutError, f"No answer from {host} within {timeout:g} s."
        more = " Give more patience with --timeout."
    return kind, f"{said} {errors.UNSURE}{more}"
