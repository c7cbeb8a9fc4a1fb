"""One request and its body with a bound, and the key for one host alone."""

import threading
from contextlib import suppress
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
"""Bytes read at once of a body that names no length."""


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
    """The whole body.

    Args:
        response: an answer whose body was not read yet.
        most: bytes that are accepted.
        seconds: how long the whole may take: a server that trickles never times out by itself.

    Raises:
        TooLongError: more than ``most`` bytes.
        requests.ReadTimeout: it took longer.
        requests.ConnectionError: the connection ended or fell silent before the body did.

    """
    late = threading.Event()
    watch = threading.Timer(seconds, _hang_up, (response, late))
    watch.daemon = True
    watch.start()
    try:
        body = _read(response, most)
    except KeyboardInterrupt:
        sessions.SESSIONS.forget()
        raise
    except (HTTPError, OSError) as error:
        if not late.is_set():
            raise requests.ConnectionError(error) from error
    finally:
        watch.cancel()
        # A body that was read to its end gives its connection back; another closes it.
        response.close()
    if late.is_set():  # a body without a length then seems to have come to its end
        raise requests.ReadTimeout(f"the body took longer than {seconds:g} s")
    return body


def _read(response: requests.Response, most: int) -> bytes:
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and "Content-Encoding" not in response.headers:
        if int(length) > most:
            raise TooLongError
        whole: bytes = response.raw.read()  # at once: pieces and their whole are twice the memory
        return whole
    pieces, count = [], 0
    while piece := response.raw.read1(CHUNK, decode_content=True):
        pieces.append(piece)
        count += len(piece)
        if count > most:
            raise TooLongError
    return b"".join(pieces)


def _hang_up(response: requests.Response, late: threading.Event) -> None:
    late.set()
    with suppress(OSError, RuntimeError, ValueError):  # it has just come to its end
        response.raw.shutdown()


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
