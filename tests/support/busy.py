"""A service that takes only so many requests at once and refuses the others with 429."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.servers import answering, picture, server


class Busy:
    """What the service has seen.

    Attributes:
        url: where it is.
        refused: when each refusal was, by the clock `time.monotonic`.
        began: when each request came, refused ones too.
        most: the largest number that it worked on at once.
        charged: how many it made a picture for.
    """

    def __init__(self, room: int, seconds: float, retry_after: float | None, together: int) -> None:
        self.room, self.seconds, self.retry_after = room, seconds, retry_after
        self.first = threading.Barrier(together, timeout=60)
        self.url = ""
        self.refused: list[float] = []
        self.began: list[float] = []
        self.now = self.most = self.charged = 0
        self.lock = threading.Lock()

    def answer(self, handler) -> None:
        if handler.command != "POST":
            self.good(handler)
            return
        with self.lock:
            self.began.append(time.monotonic())
            number = len(self.began)
            is_full = self.now >= self.room
            if is_full:
                self.refused.append(time.monotonic())
            else:
                self.now += 1
                self.most = max(self.most, self.now)
        if is_full:
            more = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
            handler.reply(429, b'{"message": "Too Many Requests"}', **more)
            return
        if number <= self.first.parties:
            self.first.wait()
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
            self.charged += 1
        self.good(handler)

    def good(self, handler) -> None:
        answering([{"url": "/a.png"}], {"/a.png": PICTURE})(handler)


PICTURE = picture()


@contextmanager
def busy(
    room: int, *, seconds: float = 0.1, retry_after: float | None = None, together: int = 1
) -> Iterator[Busy]:
    """The service, running; it answers none of the first ones before so many are there."""
    service = Busy(room, seconds, retry_after, together)
    with server(service.answer) as (url, _):
        service.url = url
        yield service
