"""A connection that knows its attempt: was anything of it sent yet, and is there time left?"""

# urllib3 raises the same errors before a request was sent and after, and it bounds each read by
# itself, so that an answer that comes byte by byte never ends. Both are known here as they happen,
# and neither is read from an error's words, which a stranger may have written.

import http.client
import io
import socket
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from json import dumps
from queue import LifoQueue
from typing import Any, cast
from urllib.parse import urlencode

from urllib3 import (
    BaseHTTPResponse,
    HTTPHeaderDict,
    PoolManager,
    Retry,
    Timeout,
    encode_multipart_formdata,
)
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from nb_banana._version import __version__
from nb_banana.credentials import Secret

IN_BROWSER = sys.platform == "emscripten"
"""There the browser sends, by urllib3's own backend: there is no socket that could be watched."""

CONNECT_TIMEOUT = 5.0  # seconds for one try to connect: TCP, a proxy's leave, the TLS handshake

MOST_KEPT = 256  # connections to one host that are kept: as many as `Banana.concurrency` may be

# Only a connection that was never made is tried again down here, where nothing was sent yet.
# Everything later is the money contract's matter, in services/send.py.
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


NO_RETRY = Retry(0, read=False)

CODINGS = ("gzip", "deflate")
"""What a body may be compressed with, which is taken off here: a few bytes may become gigabytes,
and urllib3 bounds that only in its later versions."""
HEADERS = {
    "User-Agent": f"nb_banana/{__version__}",
    "Accept-Encoding": ", ".join(CODINGS),
    "Accept": "*/*",
    "Connection": "keep-alive",
}
Headers = Mapping[str, str]
Key = tuple[Secret | None, str, str]  # where there is one, its header, and what stands before it


class Attempt:
    """One request on its way, with one deadline from its first byte to the answer's last."""

    def __init__(self, seconds: float, silence: float | None = None) -> None:
        self.is_sent = self.is_late = self.has_proxy = False
        self._seconds = seconds
        self._silence = seconds if silence is None else silence
        self._deadline = 0.0

    def connect(self, *, has_proxy: bool) -> None:
        """A connection is made, which has a time of its own: nothing was sent yet."""
        self.has_proxy = has_proxy
        self._deadline = time.monotonic() + CONNECT_TIMEOUT

    def begin(self) -> None:
        """From now on bytes of the request may have gone."""
        self.is_sent, self.is_late = True, False
        self._deadline = time.monotonic() + self._seconds

    def begin_in_browser(self) -> float:
        """The browser has it, and nobody is told what of it went; the seconds that it may take."""
        self.begin()
        return float(self._seconds)

    def fail_in_browser(self) -> None:
        """It said no more than that nothing came; whether in time is told by the clock."""
        self.is_late = time.monotonic() >= self._deadline

    def limit(self, sock: socket.socket) -> None:
        """Let the socket's next step take what is left of the time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        sock.settimeout(min(left, self._silence))


class _Limit(float):
    """Seconds to connect, and whose: urllib3 hands them on as the number they are."""

    # So each connection, which is used by many attempts, knows whose turn it is.

    attempt: Attempt


class _Reader(io.RawIOBase):
    """What comes from a socket, for as long as there is time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, attempt: Attempt) -> None:
        self._raw, self._sock, self._attempt = raw, sock, attempt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        try:
            self._attempt.limit(self._sock)
            return cast(int | None, self._raw.readinto(buffer))
        except TimeoutError:
            self._attempt.is_late = True
            raise

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that has one deadline: its status line, headers, sizes of chunks and body."""

    def __init__(self, sock: socket.socket, attempt: Attempt, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Reader(raw, sock, attempt))

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the answer: 102 and 103 only announce one, as 100 does."""
        status = super()._read_status()  # type: ignore[misc]  # not in its stubs
        while 101 < status[1] < 200:
            http.client.parse_headers(self.fp)
            status = super()._read_status()  # type: ignore[misc]
        return cast(tuple[str, int, str], status)


class _Connection(HTTPConnection):
    """Tells its attempt what happens. Comes before one of urllib3's classes, see `_watch`."""

    @property
    def _attempt(self) -> Attempt:
        return cast(_Limit, self.timeout).attempt

    def connect(self) -> None:
        """Called by urllib3, again for each try."""
        self._attempt.connect(has_proxy=self.proxy is not None)
        super().connect()

    def endheaders(self, *args: Any, **options: Any) -> None:
        """Called by urllib3 when the head of the request is complete: here it is sent."""
        if self.sock is None:
            self.connect()
        self._attempt.begin()
        super().endheaders(*args, **options)

    def send(self, data: Any) -> None:
        """Called by http.client for what is sent, to a proxy before the request too."""
        try:
            self._attempt.limit(self.sock)
            super().send(data)
        except TimeoutError:
            self._attempt.is_late = True
            raise

    def response_class(  # type: ignore[override]  # a class there, called as this is
        self, sock: socket.socket, *args: Any, **options: Any
    ) -> _Response:
        """Called by http.client for each answer, a proxy's too."""
        return _Response(sock, self._attempt, *args, **options)


class _Idle(LifoQueue[Any]):
    """A pool's connections that nobody uses now. urllib3 would put a None for each that may be."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Called by urllib3, which takes an empty one for None too."""
        if item is not None:
            super().put(item, block, timeout)


def _watch(manager: PoolManager) -> None:
    """Let all connections of a manager, a proxy's too, tell their attempts what happens."""
    pools: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pool) for scheme, pool in pools.items()}


def _watched(pool: Any) -> Any:
    own = pool.ConnectionCls
    if issubclass(own, _Connection):
        return pool
    connection = type(own.__name__, (_Connection, own), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection, "QueueCls": _Idle})


def _prepared(
    url: str,
    key: Key,
    *,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    files: Sequence[tuple[str, tuple[Any, ...]]] = (),
) -> tuple[str, HTTPHeaderDict, bytes | None]:
    """The address with its query, the headers and the body, as they are sent."""
    told = HTTPHeaderDict({} if IN_BROWSER else HEADERS)  # it sets these itself
    told.update(headers or {})
    if query := urlencode({k: v for k, v in (params or {}).items() if v is not None}, doseq=True):
        url += ("&" if "?" in url else "?") + query
    body, kind = None, ""
    if files:
        parts = [(name, part if part[0] else part[1]) for name, part in files]  # a file, or a text
        body, kind = encode_multipart_formdata(parts)
    elif json is not None:
        body, kind = dumps(json, allow_nan=False).encode(), "application/json"
    if kind:
        told.setdefault("Content-Type", kind)
    secret, name, before = key
    if secret is not None:  # in one request's header; nothing else of ours has it
        told[name] = before + secret.reveal()
    return url, told, body


class Connections:
    """All connections to one host: urllib3's pools, whose connections keep each attempt's time."""

    # One TLS context is everybody's, where it is given: to read the certificates takes its time.

    def __init__(self, context: ssl.SSLContext | None = None, proxy: str | None = None) -> None:
        options: dict[str, Any] = {} if context is None else {"ssl_context": context}
        if proxy is None:
            self._manager = PoolManager(maxsize=MOST_KEPT, **options)
        else:
            from requests.adapters import HTTPAdapter  # few have a proxy

            if context is not None and proxy.lower().startswith("https:"):  # it is asked over TLS
                options["proxy_ssl_context"] = context
            # It knows what SOCKS takes, and where a proxy's user and password go.
            self._manager = HTTPAdapter(pool_maxsize=MOST_KEPT).proxy_manager_for(proxy, **options)
        _watch(self._manager)

    def send(
        self, attempt: Attempt, method: str, url: str, key: Key, options: dict[str, Any]
    ) -> BaseHTTPResponse:
        """Send one request; the body of its answer, a redirect too, is not read yet."""
        url, headers, body = _prepared(url, key, **options)
        limit = _Limit(CONNECT_TIMEOUT)
        limit.attempt = attempt
        # The limit only brings the attempt to its connection, which sets what counts before each
        # step.
        return self._urlopen(method, url, headers, body, CONNECT_RETRY, limit)

    def close(self) -> None:
        """Close them. Others are made when they are needed."""
        self._manager.clear()

    def _urlopen(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        retries: Retry,
        limit: float,
    ) -> BaseHTTPResponse:
        return self._manager.urlopen(
            method,
            url,
            headers=headers,
            body=body,
            retries=retries,
            timeout=Timeout(connect=limit, read=limit),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )


class BrowserConnections(Connections):
    """Sends by the browser, which has certificates, redirects and CORS in its own hands."""

    def __init__(self) -> None:
        self._manager = PoolManager(maxsize=MOST_KEPT)
        self._let_through: set[str] = set()

    def send(
        self, attempt: Attempt, method: str, url: str, key: Key, options: dict[str, Any]
    ) -> BaseHTTPResponse:
        """As above, with the time limits of the browser."""
        url, headers, body = _prepared(url, key, **options)
        if method == "POST":
            self._ask_leave(url, headers)
        try:
            return self._urlopen(method, url, headers, body, NO_RETRY, attempt.begin_in_browser())
        except HTTPError:
            attempt.fail_in_browser()
            raise

    def _ask_leave(self, url: str, headers: Headers) -> None:
        """See that this page may call there at all: a GET with the same headers costs nothing."""
        # A browser that keeps a page from calling a host says no more than that nothing came, as
        # for a connection that broke off when the POST was charged.
        if url not in self._let_through:
            # By their names: an id that is the POST's own would be found twice in a service's log,
            # and a row of this GET be taken for what became of the POST.
            said = ("authorization", "content-type")
            told = {k: v if k.lower() in said else "0" for k, v in headers.items()}
            self._urlopen("GET", url, told, None, NO_RETRY, CONNECT_TIMEOUT).close()
            self._let_through.add(url)
