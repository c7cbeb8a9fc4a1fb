"""One `requests.Session` a thread, a body with a bound, and the key for one host alone."""

import os
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from nb_banana import __version__
from nb_banana.errors import BananaError
from nb_banana.keys import Secret, is_loopback

CONNECT_TIMEOUT = 5.0625
"""Seconds. An odd number, for it is by its number that a timeout in the TLS handshake, when nothing
was sent yet, is told from one while waiting for the answer: urllib3 raises the same error."""
CHUNK = 64 * 1024
"""Bytes read at once. Smaller pieces cost calls; larger ones cost fresh pages of memory, each."""

# Only a connection that was never made is tried again down here, where nothing was sent yet.
# Everything later is the money contract's matter, in client.py.
CONNECT_RETRY = Retry(
    total=None,
    connect=3,
    read=False,
    redirect=False,
    status=False,
    other=0,
    backoff_factor=0.3,
    backoff_jitter=0.2,
    allowed_methods=None,
    respect_retry_after_header=False,
)


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


class Sessions(threading.local):
    """The sessions of one thread: connections are kept and used again."""

    def __init__(self) -> None:
        self._outside: requests.Session | None = None
        self._loopback: requests.Session | None = None

    def forget(self) -> None:
        """Begin anew after a Ctrl-C: a pool that was interrupted may hold its own lock for ever.

        https://bugs.python.org/issue29988
        """
        self._outside = self._loopback = None

    def for_url(self, url: str) -> requests.Session:
        """The session for an address. On loopback no proxy stands between."""
        if is_loopback(url):
            self._loopback = self._loopback or _new_session(trust_env=False)
            return self._loopback
        self._outside = self._outside or _new_session(trust_env=True)
        return self._outside


def _new_session(*, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = trust_env
    session.headers["User-Agent"] = f"nb_banana/{__version__}"
    adapter = HTTPAdapter(max_retries=CONNECT_RETRY)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


SESSIONS = Sessions()


def _forget_connections() -> None:
    """A forked child that used its parent's connections would get its parent's answers."""
    global SESSIONS
    SESSIONS = Sessions()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)


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
        return SESSIONS.for_url(url).request(
            method,
            url,
            auth=KeyAuth(secret),
            timeout=(CONNECT_TIMEOUT, read_timeout),
            allow_redirects=False,
            stream=True,
            **options,
        )
    except KeyboardInterrupt:
        SESSIONS.forget()
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
        SESSIONS.forget()
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
