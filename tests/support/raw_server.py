"""What a network, a proxy and a strange service do to HTTP, byte by byte.

A `relay` stands between a client and a sandbox, which does the work and keeps its books; one
exchange of each generation meets a trouble of `raw_troubles`, all others pass untouched.
"""

import base64
import http.client
import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from nb_banana.sandbox import Sandbox
from tests.support.servers import message, raw_server

FRAMING = {"content-length", "transfer-encoding", "connection", "date", "server"}
AT: dict[str, tuple[Any, ...]] = {
    "aimlapi": ("data", 0, "url"),
    "fal": ("images", 0, "url"),
    "google": ("candidates", 0, "content", "parts", -1, "inlineData", "data"),
    "openai": ("data", 0, "b64_json"),
    "openrouter": ("data", 0, "b64_json"),
}
"""Where the picture stands in an answer of each service: its link, or its base64."""
INSIDE = {"google", "openai", "openrouter"}


class Exchange:
    """One request, and the good answer to it, for which the sandbox does the work."""

    def __init__(
        self, connection: socket.socket, request: bytes, behind: Sandbox, own: str
    ) -> None:
        self.connection, self.behind, self.service = connection, behind, behind.service
        self.own = own  # its address; a sandbox that was stopped has none to say
        self.url = f"http://127.0.0.1:{connection.getsockname()[1]}"
        self.head, _, self.sent = request.partition(b"\r\n\r\n")
        self.method, self.path = self.head.decode("latin-1").split()[:2]

    @property
    def places(self) -> set[str]:
        """What it is: ``work`` is asked for, its ``state``, its ``result`` or a ``picture``."""
        is_inside = {"bytes"} if self.service in INSIDE else set()
        if self.behind.api.is_generation(self.method, self.path):
            return {"work"} if self.service == "fal" else {"work", "result", *is_inside}
        if "/requests/" in self.path and self.method == "GET":
            return {"state"} if self.path.endswith("/status") else {"result"}
        is_picture = self.path.startswith("/generations/")
        return {"picture", *({"bytes"} - is_inside)} if is_picture else set()

    @cached_property
    def good(self) -> tuple[int, list[str], bytes]:
        """Status, headers but for those of framing, and body of the sandbox's answer."""
        own = urlsplit(self.own)
        talk = http.client.HTTPConnection(own.hostname or "", own.port, timeout=30)
        lines = [each.split(": ", 1) for each in self.head.decode("latin-1").split("\r\n")[1:]]
        headers = {name: value for name, value in lines if name.lower() not in FRAMING}
        with closing(talk):  # also when the test is over, and the sandbox gone, before it answers
            talk.request(self.method, self.path, self.sent or None, headers)
            answer = talk.getresponse()
            body = answer.read().replace(self.own.encode(), self.url.encode())
        kept = [f"{n}: {v}" for n, v in answer.getheaders() if n.lower() not in FRAMING]
        return answer.status, kept, body

    @property
    def body(self) -> bytes:
        """The body of the good answer."""
        return self.good[2]

    def work(self) -> None:
        """Have the work done and charged, whatever is said of it."""
        assert self.good

    def with_picture(self, value: Any) -> bytes:
        """The good answer with this in the place of its link, or of its base64."""
        return changed(self.body, AT[self.service], lambda _: value)

    def write(self, *data: bytes) -> None:
        """Bytes as they are."""
        for each in data:
            self.connection.sendall(each)

    def answer(
        self, body: bytes | None = None, *more: str, start: str = "", length: object = None
    ) -> bool:
        """The good answer but for what is given; with no length where that is an empty text."""
        status, headers, good = self.good
        body = good if body is None else body
        number = len(body) if length is None else length
        framed = [] if number == "" else [f"Content-Length: {number}"]
        self.write(message(start or f"HTTP/1.1 {status} So", *headers, *more, *framed, body=body))
        return length is None

    def reset(self) -> None:
        """A reset in place of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Talk = Callable[[Exchange], Any]


def changed(body: bytes, way: tuple[Any, ...], change: Callable[[Any], Any]) -> bytes:
    """JSON with what stands there changed."""
    whole = inner = json.loads(body)
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = change(inner[way[-1]])
    return json.dumps(whole).encode("utf-8", "surrogatepass")


@contextmanager
def relay(place: str, trouble: Talk, behind: Sandbox) -> Iterator[tuple[str, list[bytes]]]:
    """A service that has this trouble in this place: its URL, and the heads of the requests."""
    # In the place ``bytes`` it is about what a picture is made of, by whichever way that comes.
    linked: list[bytes] = []
    own = behind.url

    def by_link(exchange: Exchange) -> None:
        """As some gateways do: not base64 but a link."""
        status, headers, body = exchange.good
        (item,) = json.loads(body)["data"]
        linked.append(base64.b64decode(item["b64_json"]))
        data = [{"url": f"{exchange.url}/generations/1.png"}]
        exchange.good = status, headers, changed(body, ("data",), lambda _: data)

    def talk(connection: socket.socket, request: bytes) -> Any:
        exchange = Exchange(connection, request, behind, own)
        places = exchange.places
        if place == "picture" and exchange.service in INSIDE:
            if "result" in places:
                by_link(exchange)
            elif "picture" in places:
                exchange.good = 200, ["Content-Type: image/png"], linked[-1]
        return trouble(exchange) if place in places else exchange.answer()

    with raw_server(talk) as (url, heads):
        yield url, heads
