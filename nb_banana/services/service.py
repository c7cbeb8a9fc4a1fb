"""`Service`: where requests go, and the key that may go there."""

from dataclasses import dataclass, field
from typing import Any

from nb_banana.credentials import SHORTEST_IN_LINK, Secret, host_of, is_loopback
from nb_banana.services.carrier import Carrier, clean_id
from nb_banana.wire.rate_limit import AdaptiveLimiter
from nb_banana.wire.transport import HttpTransport, Transport


@dataclass(frozen=True)
class Service:
    """Where requests go, and the key that may go there.

    Attributes:
        base_url: without the ``/v1``.
        secret: None where the service asks for no key.
        timeout: seconds to wait for an answer; None goes by the resolution.
        limiter: how many requests at once, where there are many.
        carrier: who sends, where it is not this process.
        transport: the connections that it is asked over.

    """

    base_url: str
    secret: Secret | None = None
    timeout: float | None = None
    limiter: AdaptiveLimiter | None = field(default=None, compare=False, repr=False)
    carrier: Carrier | None = field(default=None, compare=False, repr=False)
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
