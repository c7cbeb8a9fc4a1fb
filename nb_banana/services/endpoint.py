"""`Endpoint`: where requests go, and the key that may go there."""

from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from nb_banana._text import clean_id
from nb_banana.credentials import SHORTEST_IN_LINK, Secret, host_of, is_loopback
from nb_banana.errors import ServiceError
from nb_banana.services.exchange import Call, Reply
from nb_banana.services.registry import find_service
from nb_banana.services.service import Service
from nb_banana.wire.rate_limit import AdaptiveLimiter
from nb_banana.wire.transport import Answer, HttpTransport, NoAnswerError, Transport


class Carrier(Protocol):
    """Another way to the service than from this process: see `batch.executors`."""

    def carry(
        self, call: Call, service: "Endpoint", timeout: float, client_request_id: str
    ) -> Reply:
        """Send one attempt and bring its reply. Raises as `services.send.send_once`."""


@dataclass(frozen=True, eq=False, repr=False)
class Endpoint:
    """Where requests go, and the key that may go there."""

    base_url: str  # without the ``/v1``
    secret: Secret | None = None  # None where the service asks for no key
    timeout: float | None = None  # seconds to wait for an answer; None goes by the resolution
    allow_http: tuple[str, ...] = ()  # private hosts that are spoken to over http
    service: Service = field(default_factory=find_service)  # who draws there
    # how many requests at once, where there are many.
    limiter: AdaptiveLimiter | None = None
    # who sends, where it is not this process.
    carrier: Carrier | None = None
    # the connections that it is asked over.
    transport: Transport = field(default_factory=HttpTransport)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where a server may ask for no key."""
        return is_loopback(self.base_url)

    @property
    def host(self) -> str:
        """The host, and its port where it has one of its own."""
        return host_of(self.base_url)

    def address_of(self, path: str) -> str:
        """The address behind a path, or behind a link that the service gave: on its own host."""
        if path.startswith("/"):  # as it stands, also "//": a path is no link
            return self.base_url + path
        own = urlsplit(self.base_url)
        try:
            found = urlsplit(urljoin(self.base_url + "/", path))
            is_own = _place(found) == _place(own) and "@" not in found.netloc
        except ValueError:  # brackets or a port that no address has
            is_own = False
        if not is_own:
            raise ServiceError(ELSEWHERE.format(host=self.host))
        # With our own host in it, however another library than this one reads the link.
        return urlunsplit((own.scheme, own.netloc, found.path, found.query, ""))

    def holds_key(self, text: str) -> bool:
        """Whether an id or a link, which the service made, has the key in it."""
        return self.secret is not None and self.secret.is_in(text, SHORTEST_IN_LINK)

    def own_id(self, value: Any) -> str | None:
        """An id that the service gave; None where it is none, or has the key in it."""
        found = clean_id(value)
        return None if found is None or self.holds_key(found) else found


def what_came(answer: Answer, error: NoAnswerError, *, in_part: bool = False) -> Reply:
    """What came of an answer that broke off, if it is whole JSON all the same; else the error."""
    # In part it is taken too where only that can say more: of a POST, which is not sent again.
    reply = Reply(answer.status, answer.headers, error.came, is_cut=True)
    is_whole = isinstance(reply.json, dict | list | str)  # of a number the end may be missing
    if error.is_late:
        is_used = is_whole and reply.is_fine  # no other is waited for again and again
    else:
        is_used = is_whole or (in_part and bool(reply.body or not reply.is_fine))
    if not is_used:
        raise error
    return reply


def _place(address: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what a key was given for."""
    port = address.port or {"https": 443, "http": 80}.get(address.scheme)
    return address.scheme, address.hostname, port


ELSEWHERE = (
    "The service names another host than {host} for its answer, so it was not asked: your key "
    "goes to {host} alone. Tell its support, or look at base_url."
)
