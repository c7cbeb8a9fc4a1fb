"""One request and its body with a bound, and the key for one host alone."""

import threading
import time
from collections.abc import Iterator
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
"""Bytes read at once of a body that is small, or names no length."""


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
    try:
        length = _known_length(response)
        if length > most:
            raise TooLongError
        if length > CHUNK:
            return _whole(response, seconds)
        return b"".join(_pieces(response, most, seconds))
    except KeyboardInterrupt:
        sessions.SESSIONS.forget()
        raise
    except requests.ReadTimeout:  # our own; it is an OSError too
        raise
    except (HTTPError, OSError) as error:
        raise requests.ConnectionError(error) from error
    finally:
        # A body that was read to its end gives its connection back; another closes it.
        response.close()


def _known_length(response: requests.Response) -> int:
    """Bytes of the body; 0 where nobody says how many."""
    headers = response.headers
    length = headers.get("Content-Length", "")
    # Compressed or in chunks it may become more than it says.
    is_coded = "Content-Encoding" in headers or "Transfer-Encoding" in headers
    return int(length) if length.isdecimal() and not is_coded else 0


def _whole(response: requests.Response, seconds: float) -> bytes:
    """The body at once: its pieces and their whole would be twice the memory, and take longer."""
    late = threading.Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError, RuntimeError, ValueError):  # it has just come to its end
            response.raw.shutdown()

    watch = threading.Timer(seconds, hang_up)
    watch.daemon = True
    watch.start()
    try:
        body: bytes = response.raw.read()
    except (HTTPError, OSError):
        if late.is_set():
            raise _late(seconds) from None
        raise
    finally:
        watch.cancel()
    return body


def _pieces(response: requests.Response, most: int, seconds: float) -> Iterator[bytes]:
    """The body as it comes, with a look at the clock while little comes."""
    deadline, count = time.monotonic() + seconds, 0
    while piece := response.raw.read1(CHUNK, decode_content=True):
        count += len(piece)
        if count > most:
            raise TooLongError
        if time.monotonic() > deadline:
            raise _late(seconds)
        yield piece


def _late(seconds: float) -> requests.ReadTimeout:
    return requests.ReadTimeout(f"the body took longer than {seconds:g} s")


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
