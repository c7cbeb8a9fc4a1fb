"""The HTTP side of the sandbox: a threading server, and the `Sandbox` that holds it."""

import os
import secrets
import socket
import socketserver
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from nb_banana.sandbox.addresses import (
    HOST,
    Place,
    asked_at,
    fetch,
    is_this_machine,
    place_of,
    reached_at,
    url_of,
)
from nb_banana.sandbox.api import Api
from nb_banana.sandbox.exchange import Received, Refused, Request, Response, error
from nb_banana.sandbox.faults import Troubles
from nb_banana.sandbox.ledger import Ledger, LedgerRow, now
from nb_banana.sandbox.lifecycle import Retired
from nb_banana.sandbox.services import DEFAULT, api_of

LARGEST_BODY = 128 * 2**20


class Sandbox:
    """The service on 127.0.0.1, for notebooks and tests without a key; elsewhere for a room.

    ``key`` is the only one that is accepted (None: each, or none), ``port`` 0 any free one. With
    another ``host`` than this machine's own it always has a key, where none is given one that it
    makes, and fetches nothing for others but its own pictures. ``trouble`` is a name of `faults`;
    ``delay`` and ``log_lag`` are seconds, ``balance`` is USD. ``management_key`` is the one that
    makes keys with a limit (None: each that was not made so), ``clock`` says what time it is.
    ``retired`` names models that go away, with their status or fields of their row in the list:
    ``{"2": "withdrawn"}``, see `lifecycle`. ``service`` is whose words it speaks, see `services`.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        host: str = HOST,
        port: int = 0,
        trouble: str | None = None,
        delay: float = 0.0,
        balance: float = 1000.0,
        log_lag: float = 0.0,
        management_key: str | None = None,
        clock: Callable[[], datetime] = now,
        retired: Retired | None = None,
        service: str = DEFAULT,
    ) -> None:
        if service != DEFAULT and (management_key or retired):
            raise ValueError(f"Keys with a limit and models that go away are {DEFAULT}'s alone")
        self.service = service
        self.is_for_room = not is_this_machine(host)
        self.key = secrets.token_hex(16) if self.is_for_room and not key else key
        ledger, over = Ledger(balance, log_lag, clock), None if self.is_for_room else fetch
        self.api = api_of(service)(
            self.key, ledger, Troubles(trouble, service), delay, over, management_key, retired
        )
        self._host, self._port = host, port
        self._server: _Server | None = None

    def start(self) -> Self:
        """Listen, in a thread that does not keep the process alive."""
        if self._server is None:
            server = _Server(place_of(self._host, self._port), self.api, self.is_for_room)
            self._thread = Thread(target=server.serve, daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # as many threads as the system allows
                server.server_close()
                raise
            self._server = server
        return self

    def stop(self) -> None:
        """Close every connection. A generation under way ends without a charge."""
        if self._server is not None:
            self._server.stopping.set()
            with suppress(OSError):  # it looks up when somebody comes; else it does by itself
                place = self._server.server_name, self._server.server_port
                socket.create_connection(place, 0.5).close()
            self._thread.join()
            self._server.hang_up()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        """Where it listens: the client's ``base_url``; a RuntimeError before it is started."""
        if self._server is None:
            raise RuntimeError("The sandbox is not running. Call start() first.")
        return self.api.url

    @property
    def received(self) -> list[Received]:
        """Every request that came in, oldest first."""
        return self.api.recorder.received

    @property
    def posts(self) -> list[Received]:
        """The generations among them, accepted or not."""
        asks = self.api.is_generation
        return [each for each in self.received if asks(each.method, each.path)]

    @property
    def charges(self) -> list[LedgerRow]:
        """The rows of the ledger that cost something, oldest first."""
        self.api.catch_up()
        return [row for row in self.api.ledger.rows if row.credits]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url if self._server else 'not running'}>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # Windows would let two servers have one port
    request_queue_size = 128  # a batch connects all at once
    timeout = 0.5  # seconds after which it looks whether it is to stop, where nobody comes

    def __init__(self, place: Place, api: Api, is_for_room: bool) -> None:
        self.api, self.is_for_room = api, is_for_room
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self.address_family, where = place
        super().__init__(where, _Handler)
        api.url = url_of(reached_at(place), self.server_port)

    def serve(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()

    def verify_request(self, *_: Any) -> bool:
        return not self.stopping.is_set()

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for our name, which takes seconds on some machines.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End kept-alive connections: their threads would go on answering after `stop`."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gave up waiting is no error of ours.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "nb-banana-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        try:
            body = self._read_body()
        except Refused as refused:
            self.close_connection = True  # what was not read would be taken for the next request
            self._send(error(refused, target.path, ""))
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        query = parse_qs(target.query, keep_blank_values=True)
        # In a room each calls it as it reaches it; on this machine all call it the same.
        named, own = headers.get("host", ""), self.connection.getsockname()
        base = asked_at(named, own) if self.server.is_for_room else ""
        request = Request(self.command, target.path, query, headers, body, base)
        response = self.server.api.handle(request)
        # Work under way when the server stops ends without an answer and without a charge.
        if response.charge and self.server.stopping.wait(response.delay):
            self.close_connection = True
            return
        self.server.api.settle(response)
        self._send(response)

    # The base class picks the method by these names.
    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - see above

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: this runs inside a notebook's kernel."""

    def _read_body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            raise Refused(411, "Length Required")
        length = self.headers.get("content-length", "0")
        if not length.isdecimal():
            raise Refused(400, f"Expected a number in Content-Length, received '{length}'")
        if int(length) > LARGEST_BODY:
            raise Refused(413, "Payload Too Large")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("The caller went away while it sent.")
        return body

    def _send(self, response: Response) -> None:
        if response.dropped:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: response.sent])
        self.close_connection |= response.sent is not None
