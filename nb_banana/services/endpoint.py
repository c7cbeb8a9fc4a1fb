"""`Endpoint`: where requests go, and the key that may go there; `RawResponse`: what comes back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Protocol

from nb_banana._text import clean_id
from nb_banana.credentials import SHORTEST_IN_LINK, Secret, host_of, is_loopback
from nb_banana.wire.rate_limit import AdaptiveLimiter
from nb_banana.wire.transport import HttpTransport, Transport

LONGEST_INT = 100  # digits of a number that is read as an int


@dataclass(frozen=True)
class RawResponse:
    """A raw answer: status, headers (any case) and the whole body."""

    # ``pictures`` is what a worker has fetched from the links in it already.

    status: int
    headers: Mapping[str, str]
    body: bytes
    pictures: tuple[bytes | None, ...] = ()

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        # Money is never a float: `Decimal`.
        try:
            return json.loads(self.body, parse_float=_number, parse_int=_whole)
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


def at(value: Any, *names: str) -> Any:
    """What stands under these names, one in the other; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class Carrier(Protocol):
    """Another way to the service than from this process: see `batch.executors`."""

    def carry(
        self, payload: dict[str, Any], base_url: str, timeout: float, client_request_id: str
    ) -> RawResponse:
        """Send one attempt and bring its reply. Raises as `services.send.send_once`."""


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, and the key that may go there."""

    base_url: str  # without the ``/v1``
    secret: Secret | None = None  # None where the service asks for no key
    timeout: float | None = None  # seconds to wait for an answer; None goes by the resolution
    allow_http: tuple[str, ...] = ()  # private hosts that are spoken to over http
    # how many requests at once, where there are many.
    limiter: AdaptiveLimiter | None = field(default=None, compare=False, repr=False)
    # who sends, where it is not this process.
    carrier: Carrier | None = field(default=None, compare=False, repr=False)
    # the connections that it is asked over.
    transport: Transport = field(default_factory=HttpTransport, compare=False, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where a server may ask for no key."""
        return is_loopback(self.base_url)

    @property
    def host(self) -> str:
        """The host, and its port where it has one of its own."""
        return host_of(self.base_url)

    def holds_key(self, text: str) -> bool:
        """Whether an id or a link, which the service made, has the key in it."""
        return self.secret is not None and self.secret.is_in(text, SHORTEST_IN_LINK)

    def own_id(self, value: Any) -> str | None:
        """An id that the service gave; None where it is none, or has the key in it."""
        found = clean_id(value)
        return None if found is None or self.holds_key(found) else found
