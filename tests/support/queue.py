"""A queue as fal's, whose answers a test puts in front of the good ones."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.servers import picture, server

Answer = tuple[int, bytes] | None
"""Status and body; None hangs up."""


class Queue:
    """The running queue.

    Attributes:
        url: where it is.
        odd: what it answers first, by what is asked: ``post``, ``status``, ``result``.
        seen: every request that came.
        on_post: is called before a request is accepted.
    """

    def __init__(self) -> None:
        self.url = ""
        self.odd: dict[str, list[Answer]] = {"post": [], "status": [], "result": []}
        self.seen: list[Any] = []
        self.on_post = lambda: None
        self.picture = picture()

    def answer(self, handler: Any) -> None:
        """Answer one request."""
        number = handler.path.partition("/requests/")[2].partition("/")[0]
        if handler.path == "/1.png":
            handler.reply(200, self.picture)
        elif handler.command == "POST":
            self.on_post()
            count = sum(each.method == "POST" for each in self.seen)
            self.tell(handler, "post", 200, self.told(str(count), "IN_QUEUE"))
        elif handler.path.endswith("/status"):
            self.tell(handler, "status", 200, self.told(number, "COMPLETED"))
        else:
            self.tell(handler, "result", 200, {"images": [{"url": f"{self.url}/1.png"}]})

    def tell(self, handler: Any, asked: str, status: int, body: Any) -> None:
        """What it says, but for what is to come first."""
        if not self.odd[asked]:
            handler.reply(status, json.dumps(body).encode())
        elif (odd := self.odd[asked].pop(0)) is None:
            handler.close_connection = True
        else:
            more = {"location": "https://elsewhere.example/"} if odd[0] in (302, 307) else {}
            handler.reply(*odd, **more)

    def told(self, number: str, state: str) -> dict[str, Any]:
        """What it says of a request."""
        place = f"{self.url}/fal-ai/nano-banana-2/requests/{number}"
        links = {"response_url": place, "status_url": f"{place}/status"}
        return {"status": state, "request_id": number, **links}

    @property
    def posts(self) -> list[Any]:
        """The generations that were asked for."""
        return [each for each in self.seen if each.method == "POST"]


@contextmanager
def running_queue() -> Iterator[Queue]:
    """A queue on this machine."""
    made = Queue()
    with server(made.answer) as (made.url, made.seen):
        yield made
