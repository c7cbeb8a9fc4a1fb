"""What the sandbox was sent, for tests to read."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from threading import Lock
from typing import Any

REMEMBERED_BYTES = 64 * 2**20
REMEMBERED = 10_000


@dataclass(frozen=True)
class Incoming:
    """One HTTP request as it came.

    Attributes:
        method: e.g. ``POST``.
        path: without the query.
        query: the parsed query string.
        headers: names in lower case.
        body: the bytes that were sent.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def bears(self, key: str) -> bool:
        """Whether its Authorization header has this key."""
        given = self.headers.get("authorization", "")
        return compare_digest(given.encode(), f"Bearer {key}".encode())


@dataclass(frozen=True)
class Received:
    """What is remembered of a request: everything but the key.

    Attributes:
        method: e.g. ``POST``.
        path: without the query.
        query: the parsed query string.
        headers: names in lower case, no Authorization.
        body: parsed JSON, the text where it is none, None where there is no body.
        with_key: an Authorization header was sent.
        authorized: it was the right one, or none is needed.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    with_key: bool
    authorized: bool


class Record:
    """The requests received, the last 64 MB of them: a reference picture can be large."""

    def __init__(self) -> None:
        self._received: deque[tuple[int, Received]] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def add(self, incoming: Incoming, key: str | None) -> None:
        """Remember one request."""
        headers = {name: text for name, text in incoming.headers.items() if name != "authorization"}
        received = Received(
            incoming.method,
            incoming.path,
            incoming.query,
            headers,
            _content(incoming.body),
            with_key="authorization" in incoming.headers,
            authorized=key is None or incoming.bears(key),
        )
        with self._lock:
            self._received.append((len(incoming.body), received))
            while sum(size for size, _ in self._received) > REMEMBERED_BYTES:
                self._received.popleft()

    @property
    def received(self) -> list[Received]:
        """Every request that is remembered, oldest first."""
        with self._lock:
            return [received for _, received in self._received]


def _content(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
