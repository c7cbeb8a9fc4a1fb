"""One HTTP request and its body with a bound, and the key for one host alone.

The sessions of `requests`: who shares a connection, and what the environment says of the way. Of a
request that got no answer: was it sent, so that it may have been charged, or not?
"""

import os
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError
from urllib3.util import Retry
from urllib3.util.ssl_ import create_urllib3_context

from nb_banana._version import __version__
from nb_banana.credentials import Secret, is_loopback
from nb_banana.errors import (
    UNSURE,
    AnswerTimeoutError,
    BananaError,
    ConnectionDroppedError,
    Interrupted,
    NotConnectedError,
)

Told = TypeVar("Told", bound=BananaError | Interrupted)

SURROUNDINGS = (
    *("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    *("no_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""What requests heeds of the environment. A session is for one state of it."""

MOST_KEPT = 256
"""Connections to one host that are kept: as many as `Banana.concurrency` may be."""

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


class Sessions:
    """One session for each host: connections are kept and used again, each by one at a time.

    The main thread has its own. Only there a Ctrl-C is raised, and a pool of connections that was
    interrupted may hold its lock for ever: https://bugs.python.org/issue29988
    """

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._main: dict[tuple[str | None, ...], requests.Session] = {}
        self._shared: dict[tuple[str | None, ...], requests.Session] = {}

    def forget(self) -> None:
        """Begin anew after a Ctrl-C."""
        self._main.clear()

    def close(self) -> None:
        """Close all connections. Others are made when they are needed."""
        for known in (self._main, self._shared):
            while known:
                known.popitem()[1].close()

    def for_url(self, url: str) -> requests.Session:
        """The session for an address, as the environment is now. On loopback no proxy is between.

        Raises:
            OSError: the environment names certificates that are not there.
        """
        is_main = threading.current_thread() is threading.main_thread()
        known = self._main if is_main else self._shared
        place = urlsplit(url)
        key = (place.scheme, place.netloc, *map(os.environ.get, SURROUNDINGS))
        if key not in known:
            # Of those that begin at the same moment one reads the certificates. The main thread is
            # not among them: a Ctrl-C could leave the lock as it could a pool's.
            with nullcontext() if is_main else self._making:
                known[key] = known.get(key) or _new_session(url)
        return known[key]


class _SecureAdapter(HTTPAdapter):
    """Gives all its connections one TLS context; requests reads the certificates for each anew."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=CONNECT_RETRY, pool_maxsize=MOST_KEPT)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Called by requests, which documents this as the place to set a context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}

    def cert_verify(self, *_: Any) -> None:
        """Called by requests for each connection. The context knows the certificates already."""

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Called by requests: a proxy that itself is asked over TLS gets the same context."""
        if proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    # What requests looks up in the environment with each call is looked up here, once.
    session.trust_env = False
    if not is_loopback(url):
        session.proxies.update(get_environ_proxies(url))
    # A jar that takes no cookies: it is not made for threads that read and write it at once.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"nb_banana/{__version__}"
    if url.startswith("https:"):
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.mount("https://", _SecureAdapter(_context(named or DEFAULT_CA_BUNDLE_PATH)))
    session.mount("http://", HTTPAdapter(max_retries=CONNECT_RETRY, pool_maxsize=MOST_KEPT))
    return session


@cache
def _context(certificates: str) -> ssl.SSLContext:
    """What connections are verified with; one for the process, for to read it takes 40 ms."""
    context = create_urllib3_context()
    try:
        is_folder = Path(certificates).is_dir()
        context.load_verify_locations(**{"capath" if is_folder else "cafile": certificates})
    except OSError as error:  # an SSLError is one too: a file without certificates
        raise OSError(f"There are no certificates in {certificates}") from error
    return context


SESSIONS = Sessions()


def _forget_connections() -> None:
    """A forked child that used its parent's connections would get its parent's answers."""
    global SESSIONS
    SESSIONS = Sessions()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)


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
        response = SESSIONS.for_url(url).request(
            method,
            url,
            auth=KeyAuth(secret),
            timeout=(CONNECT_TIMEOUT, read_timeout),
            allow_redirects=False,
            stream=True,
            **options,
        )
        response.request.headers.pop("Authorization", None)  # whoever holds the response has it
        return response
    except KeyboardInterrupt:
        SESSIONS.forget()
    except requests.RequestException as error:
        error.request = None  # the key is in its header, and errors are shown, logged and pickled
        raise
    # Not the first one, nor inside of `except`: the key is in the frames that it came through.
    raise KeyboardInterrupt


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
        SESSIONS.forget()
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


def redact(error: Told, secret: Secret | None) -> Told:
    """The same error without any part of the key, should the service have echoed it."""
    if secret is None:
        return error
    facts = {name: _redacted(value, secret) for name, value in error.facts.items()}
    return type(error)(secret.redact(str(error.args[0])), **facts)


def _redacted(value: Any, secret: Secret) -> Any:
    if isinstance(value, bytes):
        return secret.redact_bytes(value)
    return secret.redact(value) if isinstance(value, str) else value


def no_answer_error(
    error: Exception, host: str, timeout: float, facts: dict[str, Any]
) -> BananaError:
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
    if f"read timeout={CONNECT_TIMEOUT}" in str(error) or "Tunnel connection" in str(error):
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
