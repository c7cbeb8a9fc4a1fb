"""Servers of a test's own, for answers that the sandbox never gives."""

import http.server
import io
import itertools
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from itertools import takewhile
from types import SimpleNamespace

from PIL import Image


@contextmanager
def server(
    answer: Callable, tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[tuple[str, list]]:
    """A server that answers each request with what `answer(handler)` writes: its URL, and what
    it has seen."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the client to have the headers

        def do_POST(self):
            self.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self):
            self.take({})

        def take(self, sent):
            self.sent = sent
            about = {"method": self.command, "path": self.path, "headers": self.headers}
            seen.append(SimpleNamespace(client=self.client_address, sent=sent, **about))
            answer(self)

        def log_message(self, *args):
            pass

        def reply(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # whoever finds it full tries again a second later

        def handle_error(self, *args):
            """A client that went away is no error of ours."""

    seen: list = []
    running = Server(("127.0.0.1", port), Handler)
    if tls is not None:
        running.socket = tls.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{running.server_port}", seen
    finally:
        running.shutdown()
        running.server_close()


def posts(seen: list) -> list:
    """The generations among what a server has seen: other requests only ask or fetch."""
    return [each for each in seen if each.method == "POST"]


def answering(data: list | None, pictures: dict[str, bytes] | None = None, **more) -> Callable:
    """An answer with these items; a link to a path of `pictures` leads to its bytes."""
    headers = more.pop("headers", {})
    body = json.dumps({"data": data, **more}).encode()

    def answer(handler):
        if handler.command == "POST":
            handler.reply(200, body, **headers)
        elif pictures and handler.path in pictures:
            handler.reply(200, pictures[handler.path])
        else:
            handler.reply(404)

    return answer


def picture(form: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> bytes:
    """The bytes of a small picture."""
    out = io.BytesIO()
    Image.new(mode, size, "orange" if mode != "CMYK" else (10, 60, 200, 5)).save(out, form)
    return out.getvalue()


@contextmanager
def raw_server(talk: Callable) -> Iterator[tuple[str, list]]:
    """A server that writes bytes of the test's own: its URL, and the heads of the requests.

    `talk(connection, request)` answers one that was read to its end; the connection is closed when
    it returns, or kept for the next request where it returns True.
    """

    def serve(connection):
        # A client that hung up is what many of these tests are about.
        broken = (OSError, ValueError, HTTPException)  # one of the two ends was closed
        with suppress(*broken), connection, connection.makefile("rb") as coming:
            while head := b"".join(takewhile(bytes.strip, iter(coming.readline, b""))):
                length = re.search(rb"(?i)content-length: (\d+)", head)
                body = coming.read(int(length[1]) if length else 0)
                heads.append(head)
                if not talk(connection, head + b"\r\n" + body):
                    return

    def accept():
        with suppress(OSError):  # it was closed
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    heads: list = []
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def closed() -> Iterator[str]:
    """The place of a server that is not there."""
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def message(start: str, *headers: str, body: bytes = b"") -> bytes:
    """An HTTP message as it goes over the wire; nothing is added to what is given."""
    return "\r\n".join([start, *headers, "", ""]).encode("latin-1") + body


def drip(connection: socket.socket, data: bytes) -> None:
    """Write for ever, so little and so often that no single wait is long."""
    for position in itertools.count():
        connection.sendall(data[position % len(data) :][:1])
        time.sleep(0.02)


def ending(work: Callable) -> object:
    """What the work gives or raises; it fails where the work never ends."""

    def run():
        try:
            ended.append(work())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
            ended.append(error)

    ended: list = []
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert ended, "it still waits"
    return ended[0]
