"""What the sandbox answers with: JSON, the service's errors, a gateway's page, or nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class HttpResponse:
    """One HTTP answer.

    Attributes:
        status: the HTTP status.
        body: the whole body; its length is what Content-Length says.
        headers: what is sent besides Content-Length and Date.
        sent: how many bytes of the body are sent before the connection is closed; None for all.
        dropped: nothing is sent, the connection is closed.
        from_service: the service speaks; False for a gateway or the picture store, which know
            nothing of the service's ids.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    dropped: bool = False
    from_service: bool = True


class Refused(Exception):  # noqa: N818 - named after what happened, as the errors of the client are
    """The service will not: becomes the answer with this status."""

    def __init__(self, status: int, message: str | list[str], **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


DROPPED = HttpResponse(0, dropped=True)
"""The connection is closed without a word."""


def now() -> datetime:
    """The time of day in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment as the service writes it: ``2026-07-02T03:04:05.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return HttpResponse(
        status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def error(refused: Refused, path: str, request_id: str) -> HttpResponse:
    """The service's own error body."""
    body = {
        "message": refused.message,
        "path": path,
        "requestId": request_id,
        "statusCode": refused.status,
        "timestamp": stamp(now()),
    }
    return as_json(body, refused.status, refused.headers)


def page(status: int, title: str) -> HttpResponse:
    """A web page, as something between us and the service would send it."""
    html = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
        f"<body><center><h1>{title}</h1></center><hr><center>gateway</center></body></html>\n"
    )
    headers = {"Content-Type": "text/html; charset=utf-8"}
    return HttpResponse(status, html.encode(), headers, from_service=False)
