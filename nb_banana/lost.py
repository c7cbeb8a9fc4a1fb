"""A request that got no answer: was it sent, so that it may have been charged, or not?"""

from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError

from nb_banana import http
from nb_banana.errors import (
    UNSURE,
    AnswerTimeoutError,
    BananaError,
    ConnectionDroppedError,
    NotConnectedError,
)


def lost(error: Exception, host: str, timeout: float, facts: dict[str, Any]) -> BananaError:
    """The typed error for a request that got no answer.

    Args:
        error: what `requests` raised.
        host: who was asked.
        timeout: seconds that were waited for the answer.
        facts: the ids of the request.
    """
    if is_unconnected(error):
        return NotConnectedError(
            f"No connection to {host} could be made, so nothing was sent and nothing was "
            f"charged. {_cure(error)}",
            **facts,
        )
    if isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error):
        return AnswerTimeoutError(
            f"No answer from {host} within {timeout:g} s. {UNSURE} "
            "Give more patience with --timeout.",
            **facts,
        )
    return ConnectionDroppedError(
        f"The connection to {host} ended before the answer was there. {UNSURE}", **facts
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
