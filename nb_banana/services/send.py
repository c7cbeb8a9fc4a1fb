"""Send a generation, and never send twice what may have been charged.

Source: https://docs.aimlapi.com/api-references/image-models/google/nano-banana-2
"""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from nb_banana import errors
from nb_banana._text import clean_id
from nb_banana.request import ImageRequest
from nb_banana.services.aimlapi.payload import CLIENT_REQUEST_ID, GENERATIONS, payload_of
from nb_banana.services.aimlapi.receipts import INFERENCE_ID
from nb_banana.services.aimlapi.responses import is_own_words, read_answer
from nb_banana.services.endpoint import Endpoint, RawResponse
from nb_banana.services.result import ServiceAnswer
from nb_banana.wire import transport
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
) -> ServiceAnswer:
    """Send one generation and read its answer. The picture is not fetched yet."""
    # Sent again by itself only where it can't have been charged: no connection made, 429, or a 5xx
    # in the service's own words.
    try:
        return _answer(request, service, client_request_id)
    except (errors.BananaError, errors.Interrupted) as error:
        redacted = transport.redact(error, service.secret)
    # Not inside of `except`: there the first error, with what the service echoed, would come along
    # as its context, which some pickles take (tblib's, which Dask brings).
    raise redacted


def _answer(request: ImageRequest, service: Endpoint, client_request_id: str) -> ServiceAnswer:
    # A frame of its own: what came is in its variables, and so would be a key that was echoed.
    reply, attempts = _send_until_answered(request, service, client_request_id)
    pause = _asked_pause(reply)
    return read_answer(reply, request.model, service, client_request_id, attempts, pause)


def _send_until_answered(
    request: ImageRequest, service: Endpoint, client_request_id: str
) -> tuple[RawResponse, int]:
    """The last reply and the number of attempts."""
    retry, refusals, attempts = ATTEMPTS, 0, 0
    payload = payload_of(request)  # before there is anything that could have been sent
    timeout = service.timeout or request.read_timeout
    while True:
        attempts += 1
        reply = _in_turn(payload, service, timeout, client_request_id, attempts)
        if service.limiter is not None and reply.status == 429:
            refusals += 1
            is_hopeless = service.limiter.is_stuck or _asked_pause(reply) > LONGEST_RETRY_AFTER
            if is_hopeless or refusals > MOST_REFUSALS:
                return reply, attempts
            continue  # the pause is the rate limiter's: it waits for its turn
        pause = _pause_before_next(reply, retry)
        if pause is None:
            return reply, attempts
        try:
            with allow_interrupts():
                time.sleep(pause)
        except KeyboardInterrupt:
            said = "Stopped before it was sent again. Nothing was charged."
            facts = {"client_request_id": client_request_id, "not_charged": True}
            raise errors.Interrupted(said, **facts) from None
        retry = retry.increment("POST", GENERATIONS, error=None)


def _in_turn(
    payload: dict[str, Any], service: Endpoint, timeout: float, client_request_id: str, number: int
) -> RawResponse:
    """One attempt, in its place among others."""
    facts = {"client_request_id": client_request_id, "attempts": number}
    carrier, limiter = service.carrier, service.limiter
    with nullcontext() if limiter is None else limiter.place():
        if carrier is not None:
            reply = carrier.carry(payload, service.base_url, timeout, client_request_id)
        else:
            reply = send_once(payload, service, timeout, facts)
        if limiter is not None and reply.status == 429:
            limiter.slow_down(_asked_pause(reply))
        elif limiter is not None and reply.status < 400:
            limiter.speed_up()
    return reply


def _pause_before_next(reply: RawResponse, retry: Retry) -> float | None:
    """Seconds to wait before the same request is sent again; None where it must not be."""
    not_charged = reply.status == 429 or (reply.status >= 500 and is_own_words(reply))
    if not not_charged or not retry.total:
        return None
    pause = max(_asked_pause(reply), retry.get_backoff_time() + SHORTEST_PAUSE)
    return pause if pause <= LONGEST_RETRY_AFTER else None


def _asked_pause(reply: RawResponse) -> float:
    """The seconds of `Retry-After`; 0 where there is none that makes sense."""
    text = reply.headers.get("Retry-After")
    try:
        return min(ATTEMPTS.parse_retry_after(text), LONGEST_PAUSE) if text else 0.0
    except (InvalidHeader, ValueError, OverflowError):  # no date that there is
        return 0.0


def send_once(
    payload: dict[str, Any], service: Endpoint, timeout: float, facts: dict[str, Any]
) -> RawResponse:
    """Send once, and read the whole reply, whatever it says."""
    headers: Mapping[str, str] = {}
    try:
        with allow_interrupts():
            answer = service.transport.send(
                "POST",
                service.base_url + GENERATIONS,
                secret=service.secret,
                seconds=timeout,
                json=payload,
                headers={CLIENT_REQUEST_ID: facts["client_request_id"]},
            )
        headers = answer.headers
        return RawResponse(answer.status, answer.headers, answer.read(LONGEST_ANSWER))
    except (KeyboardInterrupt, TooLongError, NoAnswerError, UnsentError) as error:
        kind, said = _no_answer(error, service.host, timeout)
    named = {"inference_id": clean_id(headers.get(INFERENCE_ID))} if headers else {}
    raise kind(said, **facts | named)


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
