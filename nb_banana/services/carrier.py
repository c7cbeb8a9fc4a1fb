"""`Carrier`: another process that sends an attempt. `RawResponse`: what an attempt brings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from nb_banana._text import clean
from nb_banana.errors import LONGEST_ID

LONGEST_INT = 100
"""Digits of a number that is read as an int."""


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
        return read_json(self.body)

    @property
    def ids(self) -> dict[str, str | None]:
        """The ids that the service gave the request."""
        body = self.json
        return {
            "client_request_id": clean_id(self.headers.get("x-client-request-id")),
            "inference_id": clean_id(self.headers.get("x-inference-id")),
            "request_id": clean_id(body.get("requestId")) if isinstance(body, dict) else None,
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


def read_json(body: bytes) -> Any:
    """The JSON of a body; None where it is none. Money is never a float: `Decimal`."""
    try:
        return json.loads(body, parse_float=_number, parse_int=_whole)
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> Any:
    # Python refuses to make an int of thousands of digits, and with it the whole answer.
    return int(digits) if len(digits) <= LONGEST_INT else _number(digits)


def _number(digits: str) -> Any:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of many digits
        return None


def clean_id(value: Any) -> str | None:
    """An id as a service wrote it, to be kept and shown; None where it is none."""
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    return clean(str(value), LONGEST_ID) or None if is_id else None


class Carrier(Protocol):
    """Another way to the service than from this process: see `batch.executors`."""

    def carry(
        self, payload: dict[str, Any], base_url: str, timeout: float, client_request_id: str
    ) -> RawResponse:
        """Send one attempt and bring its reply. Raises as `services.send.send_once`."""
