"""A service of the test's own, where the sandbox is too well-behaved: it answers by path."""

import http.server
import json
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

POST = "/v1/images/generations"
LOGS = "/v2/logs"
MODELS = "/v1/models"
MODEL = "google/nano-banana-2"


def as_json(content, status=200, **headers):
    return status, json.dumps(content).encode(), headers


def hang_up(request):
    """The connection ends without an answer."""


def row(request_id, usd=0.0894875, status="succeeded", **changes):
    """A row of the log."""
    return {
        "status": status,
        "cost": {"usd": usd, "credits": round((usd or 0) * 2_000_000)},
        "inference_id": f"inf-{request_id}",
        "client_request_id": request_id,
    } | changes


def page(rows, *, more=False):
    """A page of the log."""
    return as_json({"data": rows, "pagination": {"has_more": more}})


def quote(pricing, model=MODEL, **headers):
    """What /v1/models says of one model."""
    entry = {"id": model, "aliases": [], "type": "image", "pricing": pricing}
    return as_json({"object": "list", "data": [entry]}, **headers)


def fixed(price, **changes):
    unit = {"name": "image", "measure": "output", "price": price, "per": 1}
    return {"kind": "fixed", "currency": "USD", "units": [unit | changes]}


class Wire:
    """The running server.

    Attributes:
        url: where it is.
        answers: by path: a function of the request that gives (status, body, headers), or None
            to hang up. Another path is answered with 404.
        seen: every request that came.
    """

    def __init__(self, url, answers, seen):
        self.url, self.answers, self.seen = url, answers, seen

    def of(self, path):
        return [each for each in self.seen if each.path == path]

    @property
    def posts(self):
        return self.of(POST)


@contextmanager
def wire(answers):
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the client to have the headers

        def do_GET(self):
            target = urlsplit(self.path)
            request = SimpleNamespace(
                path=target.path,
                query={name: values[0] for name, values in parse_qs(target.query).items()},
                headers=self.headers,
                id=self.headers.get("X-Client-Request-Id"),
                body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
            seen.append(request)
            answer = answers.get(target.path, lambda _: (404, b"{}", {}))(request)
            if answer is None:
                self.close_connection = True
                return
            status, body, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class picks by these names

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # whoever finds it full tries again a second later

        def handle_error(self, *args):
            """A client that went away is no error of ours: the next test would read it."""

    running = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.005,), daemon=True).start()
    try:
        yield Wire(f"http://127.0.0.1:{running.server_port}", answers, seen)
    finally:
        running.shutdown()
        running.server_close()
