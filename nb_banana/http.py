"""One request and its body with a bound, and the key for one host alone."""

import time
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from nb_banana import sessions
from nb_banana.errors import BananaError
from nb_banana.keys import Secret

CONNECT_TIMEOUT = 5.0625
"""Seconds. An odd number, for it is by its number that a timeout in the TLS handshake, when nothing
was sent yet, is told from one while waiting for the answer: urllib3 raises the same error."""
CHUNK = 64 * 1024
"""Bytes read at once. Smaller pieces cost calls; larger ones cost fresh pages of memory, each."""


class TooLongError(Exception):
    """A body is longer than its bound."""


class KeyAuth(AuthBase):
    """Puts the key into one request's header; nothing else of ours does."""

    def __init__(self, secret: Secret | None) -> None:
        self.secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests. Without a key this also keeps netrc's out."""
        if self.secret is not None:
            request.headers["Authorization"] = f"Bearer {self.secret.reveal()}"
        return request


def send(
    method: str,
    url: str,
    *,
    secret: Secret | None = None,
    read_timeout: float,
    **options: Any,
) -> requests.Response:
    """Send one request. Redirects are not followed; the body is not read yet."""
    try:
        return sessions.SESSIONS.for_url(url).request(
            method,
            url,
            auth=KeyAuth(secret),
            timeout=(CONNECT_TIMEOUT, read_timeout),
            allow_redirects=False,
            stream=True,
            **options,
        )
    except KeyboardInterrupt:
        sessions.SESSIONS.forget()
        raise
    except requests.RequestException as error:
        error.request = None  # the key is in its header, and errors are shown, logged and pickled
        raise


def read_body(response: requests.Response, most: int, *, seconds: float) -> bytes:
    """The whole body, in large pieces.

    Args:
        response: an answer whose body was not read yet.
        most: bytes that are accepted.
        seconds: how long the whole may take: a server that trickles never times out by itself.

    Raises:
        TooLongError: more than ``most`` bytes.
        requests.ConnectionError: the connection ended or fell silent before the body did.

    """
    pieces: list[bytes] = []
    length = 0
    deadline = time.monotonic() + seconds
    try:
        # read1 hands over what is there, so that the clock is looked at while little comes.
        while piece := response.raw.read1(CHUNK, decode_content=True):
            pieces.append(piece)
            length += len(piece)
            if length > most:
                raise TooLongError
            if time.monotonic() > deadline:
                raise requests.ReadTimeout(f"the body took longer than {seconds:g} s")
    except KeyboardInterrupt:
        sessions.SESSIONS.forget()
        raise
    except requests.ReadTimeout:  # the deadline's own; it is an OSError too
        raise
    except (HTTPError, OSError) as error:
        raise requests.ConnectionError(error) from error
    finally:
        # A body that was read to its end gives its connection back; another closes it.
        response.close()
    return b"".join(pieces)


def redact(error: BananaError, secret: Secret | None) -> BananaError:
    """The same error without any part of the key, should the service have echoed it."""
    if secret is None:
        return error
    facts = {name: _redacted(value, secret) for name, value in error.facts.items()}
    return type(error)(secret.redact(str(error.args[0])), **facts)


def _redacted(value: Any, secret: Secret) -> Any:
    if isinstance(value, bytes):
        return secret.redact_bytes(value)
    return secret.redact(value) if isinstance(value, str) else value
