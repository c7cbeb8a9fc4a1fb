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
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection
from urllib3.util import Retry

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


class Attempt(float):
    """One request on its way, with one deadline from its first byte to the answer's last."""

    # It is given to requests as the time limit, the seconds to connect, which urllib3 hands on as
    # the number it is: so each connection, which is used by many attempts, knows whose turn it is.
    # What counts before each later step is set by the connection.

    def __new__(cls, seconds: float, silence: float | None = None) -> "Attempt":  # noqa: ARG004 - see __init__
        """A number that is the same for all of them."""
        return super().__new__(cls, CONNECT_TIMEOUT)

    def __init__(self, seconds: float, silence: float | None = None) -> None:
        self.is_sent = self.is_late = self.has_proxy = self.in_body = self.is_broken = False
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
        except OSError as error:  # its time is up, or a reset
            self._attempt.is_late |= isinstance(error, TimeoutError)
            if not self._attempt.in_body:
                raise
            # As an end: those who read through this forget what came when they meet an error.
            self._attempt.is_broken = True
            return 0

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

    # http.client writes all that it sends to stdout, the key too, where a person has set this for
    # all connections.
    debuglevel = 0

    @property
    def _attempt(self) -> Attempt:
        return cast(Attempt, self.timeout)

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


def _watch(manager: PoolManager) -> None:
    """Let all connections of a manager, a proxy's too, tell their attempts what happens."""
    pools: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pool) for scheme, pool in pools.items()}


def _watched(pool: Any) -> Any:
    own = pool.ConnectionCls
    if issubclass(own, _Connection):
        return pool
    return type(
        pool.__name__, (pool,), {"ConnectionCls": type(own.__name__, (_Connection, own), {})}
    )


class Adapter(HTTPAdapter):
    """Its connections tell each attempt whether it was sent, and keep its time."""

    # All connections have one TLS context, where one is given; requests reads the certificates for
    # each anew.

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        super().__init__(max_retries=CONNECT_RETRY, pool_maxsize=MOST_KEPT)

    def close(self) -> None:
        """Close those too that the frames of a failed request name: urllib3 leaves them open."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - no dict
                manager.pools[key].close()
        super().close()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Called by requests to make its pools."""
        super().init_poolmanager(*args, **options)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Called by requests for the pools behind a proxy, which may be asked over TLS itself."""
        if self._context is not None and proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **options)
        _watch(manager)
        return manager

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:
        """Called by requests, which documents this as the place to set a context."""
        host, own = super().build_connection_pool_key_attributes(*args, **options)
        return host, own if self._context is None else {"ssl_context": self._context}

    def cert_verify(self, *args: Any) -> None:
        """Called by requests for each connection. A context knows the certificates already."""
        if self._context is None:
            super().cert_verify(*args)  # type: ignore[no-untyped-call]


class BrowserAdapter(HTTPAdapter):
    """Sends by the browser, which has certificates, redirects and CORS in its own hands."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=MOST_KEPT)
        self._let_through: set[str] = set()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # requests gives all of them by name
        """Called by our transport, with an attempt's time limits."""
        attempt: Attempt = options["timeout"]
        if request.method == "POST":
            self._ask_leave(request)
        try:
            return super().send(request, **{**options, "timeout": attempt.begin_in_browser()})
        except requests.RequestException:
            attempt.fail_in_browser()
            raise

    def _ask_leave(self, request: requests.PreparedRequest) -> None:
        """See that this page may call there at all: a GET with the same headers costs nothing."""
        # A browser that keeps a page from calling a host says no more than that nothing came, as
        # for a connection that broke off when the POST was charged.
        url = request.url or ""
        if url not in self._let_through:
            # By their names: an id that is the POST's own would be found twice in a service's log,
            # and a row of this GET be taken for what became of the POST.
            said = ("authorization", "content-type")
            headers = {k: v if k.lower() in said else "0" for k, v in request.headers.items()}
            headers.pop("Content-Length", None)
            question = requests.Request("GET", url, headers=headers).prepare()
            super().send(question, timeout=CONNECT_TIMEOUT).close()
            self._let_through.add(url)
