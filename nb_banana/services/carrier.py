"""`Carrier`: another process that sends an attempt. `RawResponse`: what an attempt brings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class RawResponse:
    """A raw answer: status, headers (any case) and the whole body.

    Attributes:
        pictures: what a worker has fetched from the links in it already, see `batch.executors`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    pictures: tuple[bytes | None, ...] = ()

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def ids(self) -> dict[str, str | None]:
        """The ids that the service gave the request."""
        body = self.json
        request_id = body.get("requestId") if isinstance(body, dict) else None
        return {
            "client_request_id": self.headers.get("x-client-request-id"),
            "inference_id": self.headers.get("x-inference-id"),
            "request_id": str(request_id) if request_id else None,
        }

    @property
    def is_own_words(self) -> bool:
        """Whether the service itself wrote this error, and not a gateway before it.

        Gateways answer with a page of HTML, with ``{"message": …}`` alone, or with that and a
        ``statusCode``.
        """
        body = self.json
        names = set(body) if isinstance(body, dict) else set()
        return {"message", "statusCode"} <= names and bool({"requestId", "path"} & names)


class Carrier(Protocol):
    """Another way to the service than from this process: see `batch.executors`."""

    def carry(
        self, payload: dict[str, Any], base_url: str, timeout: float, client_request_id: str
    ) -> RawResponse:
        """Send one attempt and bring its reply. Raises as `services.send.send_once`."""
