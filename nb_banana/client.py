"""The wire: send a generation, fetch its picture, and never send twice what may have been charged.

Source: https://docs.aimlapi.com/api-references/image-models/google/nano-banana-2
"""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, MaxRetryError
from urllib3.util import Retry

from nb_banana import http
from nb_banana.answers import Answer, Reply, error_for, read_items
from nb_banana.errors import (
    UNSURE,
    AnswerTimeoutError,
    BananaError,
    ConnectionDroppedError,
    Interrupted,
    NotConnectedError,
    UnreadableAnswerError,
)
from nb_banana.interrupts import breakable
from nb_banana.keys import Secret, host_of, is_loopback
from nb_banana.receipt import Receipt, read_bill
from nb_banana.request import ImageRequest

GENERATIONS = "/v1/images/generations"
LONGEST_ANSWER = 128 * 1024 * 1024
"""Bytes of an answer that we accept; a 4K picture inside the answer has some 26 MB."""
LONGEST_RETRY_AFTER = 120.0
"""Seconds of `Retry-After` that are waited for; a longer wait is the person's choice."""
SHORTEST_PAUSE = 0.25
"""Seconds between two attempts, whatever the service says."""
SANDBOX_HEADER = "x-nb-banana-sandbox"

# Bookkeeping and backoff are urllib3's; *whether* to send again is decided in _may_send_again.
ATTEMPTS = Retry(total=4, backoff_factor=0.5, backoff_jitter=0.5, backoff_max=30)


@dataclass(frozen=True)
class Service:
    """Where requests go, and the key that may go there.

    Attributes:
        base_url: without the ``/v1``.
        secret: None where the service asks for no key.
        timeout: seconds to wait for an answer; None goes by the resolution.

    """

    base_url: str
    secret: Secret | None = None
    timeout: float | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where a server may ask for no key."""
        return is_loopback(self.base_url)

    @property
    def host(self) -> str:
        """The host, and its port where it has one of its own."""
        return host_of(self.base_url)


def new_request_id() -> str:
    """An id of our own, ``nbb-`` and 32 hex digits, which the service's log keeps too."""
    return f"nbb-{uuid.uuid4().hex}"


def generate(request: ImageRequest, service: Service, client_request_id: str) -> Answer:
    """Send one generation and read its answer. The picture is not fetched yet.

    Sent again by itself only where it can't have been charged: no connection made, 429, or a 5xx
    in the service's own words.

    Raises:
        NotConnectedError, ServiceError: not charged.
        UncertainError, Interrupted: it may have been charged.
        AnswerError: answered, and there is no picture in it.

    """
    try:
        return _answer(request, service, client_request_id)
    except BananaError as error:
        raise http.redact(error, service.secret) from None


def _answer(request: ImageRequest, service: Service, client_request_id: str) -> Answer:
    # A frame of its own: what came is in its variables, and so would be a key that was echoed.
    reply, attempts = _send_until_answered(request, service, client_request_id)
    facts: dict[str, Any] = {**reply.ids, "client_request_id": client_request_id}
    facts["attempts"] = attempts
    if not 200 <= reply.status < 300:  # some of the vendor's pages say 201
        raise error_for(reply, facts)
    receipt = _receipt(request, service, client_request_id, reply, attempts)
    return Answer(read_items(reply, {**facts, "receipt": receipt}), receipt)


def _send_until_answered(
    request: ImageRequest, service: Service, client_request_id: str
) -> tuple[Reply, int]:
    """The last reply and the number of attempts."""
    retry = ATTEMPTS
    payload = request.payload()  # before there is anything that could have been sent
    timeout = service.timeout or request.read_timeout
    facts: dict[str, Any] = {"client_request_id": client_request_id, "attempts": 1}
    reply, response = _attempt(payload, service, timeout, facts)
    while (pause := _pause_before_next(reply, response, retry)) is not None:
        _wait(pause, client_request_id)
        retry = retry.increment("POST", GENERATIONS, response=response.raw)
        facts["attempts"] += 1
        reply, response = _attempt(payload, service, timeout, facts)
    return reply, facts["attempts"]


def _wait(pause: float, client_request_id: str) -> None:
    try:
        with breakable():
            time.sleep(pause)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped before it was sent again. Nothing was charged.",
            client_request_id=client_request_id,
            not_charged=True,
        ) from None


def _pause_before_next(reply: Reply, response: requests.Response, retry: Retry) -> float | None:
    """Seconds to wait before the same request is sent again; None where it must not be."""
    not_charged = reply.status == 429 or (reply.status >= 500 and reply.is_own_words)
    if not not_charged or not retry.total:
        return None
    try:
        asked = retry.get_retry_after(response.raw) or 0.0
    except (InvalidHeader, ValueError, OverflowError):  # no date that there is
        asked = 0.0
    pause = max(asked, retry.get_backoff_time() + SHORTEST_PAUSE)
    return pause if pause <= LONGEST_RETRY_AFTER else None


def _attempt(
    payload: dict[str, Any], service: Service, timeout: float, facts: dict[str, Any]
) -> tuple[Reply, requests.Response]:
    facts = dict(facts)
    try:
        with breakable():
            response = http.send(
                "POST",
                service.base_url + GENERATIONS,
                secret=service.secret,
                read_timeout=timeout,
                json=payload,
                headers={"X-Client-Request-Id": facts["client_request_id"]},
            )
        facts["inference_id"] = response.headers.get("x-inference-id")
        body = http.read_body(response, LONGEST_ANSWER, seconds=timeout)
        return Reply(response.status_code, response.headers, body), response
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped waiting for a request that was sent. {UNSURE}",
            **facts,
        ) from None
    except http.TooLongError:
        raise UnreadableAnswerError(
            f"The service's answer is larger than any picture, so it was not read. {UNSURE}",
            **facts,
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever it was, it may have been charged
        raise _lost(error, service, timeout, facts) from None


def _lost(error: Exception, service: Service, timeout: float, facts: dict[str, Any]) -> BananaError:
    """The typed error for a request that got no answer: was it sent or not?"""
    if is_unconnected(error):
        return NotConnectedError(
            f"No connection to {service.host} could be made, so nothing was sent and nothing was "
            f"charged. {_cure(error)}",
            **facts,
        )
    if isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error):
        return AnswerTimeoutError(
            f"No answer from {service.host} within {timeout:g} s. {UNSURE} "
            "Give more patience with --timeout.",
            **facts,
        )
    return ConnectionDroppedError(
        f"The connection to {service.host} ended before the answer was there. {UNSURE}", **facts
    )


def _cure(error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "Its certificate was refused: look at the clock, and at REQUESTS_CA_BUNDLE."
    if type(error) is OSError:
        return f"{text.rstrip('.')}. Look at REQUESTS_CA_BUNDLE."
    if "roxy" in type(error).__name__ or "Tunnel" in text:
        return "The proxy did not let it through: look at HTTPS_PROXY and its password."
    return "Look at the network (and base_url), then run it again."


def is_unconnected(error: BaseException | None) -> bool:
    """Whether an exception of requests proves that nothing was sent.

    A TLS error proves it only where a certificate was refused: a connection that is cut off after
    the request was sent shows as a TLS error too.
    """
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return True
    if type(error) is OSError:  # requests' own: there is no such bundle of certificates
        return True
    if f"read timeout={http.CONNECT_TIMEOUT}" in str(error) or "Tunnel connection" in str(error):
        return True
    while isinstance(error, requests.RequestException | MaxRetryError):
        inner = error.reason if isinstance(error, MaxRetryError) else error.args and error.args[0]
        if not isinstance(inner, BaseException):
            return False
        error = inner
    if type(error).__name__ == "ProxyError":
        error = getattr(error, "original_error", error)
    refused = "CERTIFICATE_VERIFY_FAILED" in str(error)
    return isinstance(error, ConnectTimeoutError) or refused


def _receipt(
    request: ImageRequest,
    service: Service,
    client_request_id: str,
    reply: Reply,
    attempts: int,
) -> Receipt:
    spent, usd = read_bill(reply.headers, reply.json)
    return Receipt(
        model=request.model,
        service=service.host,
        sandbox=SANDBOX_HEADER in reply.headers,
        client_request_id=client_request_id,
        inference_id=reply.headers.get("x-inference-id"),
        credits=spent,
        usd=usd,
        seconds=0.0,
        attempts=attempts,
        created=datetime.now(UTC),
    )
