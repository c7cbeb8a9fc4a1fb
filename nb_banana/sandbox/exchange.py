"""What goes to and fro: a request, what is remembered of it, and a response as data."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from threading import Lock
from typing import Any

REMEMBERED_BYTES = 64 * 2**20
REMEMBERED = 10_000

Query = dict[str, list[str]]


@dataclass(frozen=True)
class Ids:
    """What one request is known by: the HTTP call, its charge, and the caller's own id."""

    request_id: str
    inference_id: str
    client_request_id: str | None  # None where none was sent, or a malformed one


@dataclass(frozen=True)
class Inference:
    """One inference: the model's name as asked for, ``succeeded`` or ``failed``, what it costs."""

    model: str
    status: str
    credits: int
    ids: Ids
    key: str = ""  # the first characters of the class key that pays for it
    seconds: float = 0.0  # what it takes


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came."""

    method: str
    path: str  # without the query
    query: Query
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    base_url: str = ""  # what its sender calls the service; empty where all call it the same

    def bears(self, key: str) -> bool:
        """Whether its Authorization header has this key."""
        given = self.headers.get("authorization", "")
        return compare_digest(given.encode(), f"Bearer {key}".encode())


@dataclass(frozen=True)
class Received:
    """What is remembered of a request: everything but the key."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]  # no Authorization
    body: Any  # parsed JSON, the text where it is none, None where there is no body
    with_key: bool
    authorized: bool  # it bore the right key, or none is needed


class Recorder:
    """The requests received, the last 64 MB of them: a reference picture can be large."""

    def __init__(self) -> None:
        self._received: deque[tuple[int, Received]] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def add(self, request: Request, *, authorized: bool) -> None:
        """Remember one request."""
        headers = {name: text for name, text in request.headers.items() if name != "authorization"}
        received = Received(
            request.method,
            request.path,
            request.query,
            headers,
            _content(request.body),
            with_key="authorization" in request.headers,
            authorized=authorized,
        )
        with self._lock:
            self._received.append((len(request.body), received))
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


@dataclass(frozen=True)
class Response:
    """One HTTP response, when it comes, and how the connection ends."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # besides Content-Length and Date
    sent: int | None = None  # so much of the body, then the connection is closed; None: all of it
    dropped: bool = False  # nothing is sent, the connection is closed
    delay: float = 0.0  # seconds until it is sent, and until then nothing is charged
    charge: Inference | None = None  # what `Api.settle` books when the delay is over
    # A gateway or the picture store knows nothing of the service's ids.
    from_service: bool = True


class Refused(Exception):  # noqa: N818 - named after what happened, as the errors of the client are
    """The service will not: becomes the response with this status."""

    def __init__(self, status: int, message: str | list[str], **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def said(self) -> str:
        """The message as one text."""
        return self.message if isinstance(self.message, str) else "; ".join(self.message)


def stamp(moment: datetime) -> str:
    """A moment as the service writes it: ``2026-07-02T03:04:05.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(status, body, {**kind, **(headers or {})})


def tagged(
    content: Mapping[str, Any],
    seen: str,
    untagged: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON response with an ETag; 304 where it is among those of ``seen``, an If-None-Match."""
    # A 304 is decided by the weak comparison: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    tag = f'W/"{sha256(json.dumps(content).encode()).hexdigest()[:27]}"'
    headers = {"ETag": tag, **(headers or {})}
    if seen.strip() == "*" or tag in [each.strip() for each in seen.split(",")]:
        return Response(304, headers=headers)
    return as_json({**content, **(untagged or {})}, headers=headers)


def error(refused: Refused, path: str, request_id: str) -> Response:
    """The service's own error body."""
    body = {
        "message": refused.message,
        "path": path,
        "requestId": request_id,
        "statusCode": refused.status,
        "timestamp": stamp(datetime.now(UTC)),
    }
    return as_json(body, refused.status, refused.headers)


def page(status: int, title: str) -> Response:
    """A web page, as something between us and the service would send it."""
    html = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
        f"<body><center><h1>{title}</h1></center><hr><center>gateway</center></body></html>\n"
    )
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return Response(status, html.encode(), headers, from_service=False)
