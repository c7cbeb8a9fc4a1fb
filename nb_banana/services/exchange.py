"""What goes to and fro between us and a service: a call, a reply, and what the reply means."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Literal, NamedTuple

from nb_banana._text import InDollars

LONGEST_INT = 100  # digits of a number that is read as an int
MOST_PARTS = 200_000
"""Values that an answer of JSON may have to be taken apart: each of them is some 100 bytes in
memory, and a body of ``[],`` would be thirty times its size. Ten pictures have a hundred."""


class KeyHeader(NamedTuple):
    """The header that takes the key, and what stands before the key in it.

    >>> KeyHeader("X-Campus-Key", "")
    KeyHeader(name='X-Campus-Key', before='')
    """

    name: str = "Authorization"
    before: str = "Bearer "


class Upload(NamedTuple):
    """One part of a multipart form that is a file."""

    field: str
    name: str
    data: bytes
    mime: str


@dataclass(frozen=True)
class Call:
    """One HTTP request to a service, without the key and without the host.

    The key is added when it is sent, and no other host than the service's own is asked.

    Attributes:
        method: e.g. ``"POST"``.
        path: from the service's ``base_url``, with a ``/`` before it; or a whole address on the
            same host, such as a link that the service gave to poll.
        json: the body, where it is JSON.
        headers: further ones. No key: it has its own.
        form: the fields of a multipart form; then there is no ``json``.
        files: the files of that form.
    """

    method: str
    path: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()

    @property
    def payload(self) -> dict[str, Any]:
        """The body as a dict: JSON, or the fields of a form with the names of its files."""
        if self.json is not None:
            return dict(self.json)
        names: dict[str, Any] = {each.field: [] for each in self.files}
        for each in self.files:
            names[each.field].append(each.name)
        return {**self.form, **names}


@dataclass(frozen=True)
class Reply:
    """A raw answer: status, headers (any case) and the whole body.

    Attributes:
        status: of HTTP.
        headers: ``reply.headers.get("x-id")`` finds ``X-ID`` too.
        body: the bytes, unpacked where they were gzipped.
        json: the body as JSON, numbers with a point as `Decimal`; None where it is none, or where
            ``is_vast``.
        is_fine: whether the status is 200 to 299.
    """

    # ``pictures`` is what a worker has fetched from the links in it already; ``is_cut`` says that
    # the connection ended before its body did, or too late.

    status: int
    headers: Mapping[str, str]
    body: bytes
    pictures: tuple[bytes | None, ...] = ()
    is_cut: bool = False

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        # Money is never a float: `Decimal`.
        if self.is_vast:
            return None
        try:
            return json.loads(self.body, parse_float=_number, parse_int=_whole)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def is_vast(self) -> bool:
        """Whether it may have more than `MOST_PARTS` values, so that it is not taken apart."""
        # Each is the first of its list or object, or comes after a comma; base64 has none of these.
        body = self.body
        return len(body) > MOST_PARTS and sum(map(body.count, (b",", b"[", b"{"))) > MOST_PARTS

    @cached_property
    def is_fine(self) -> bool:
        """Whether its status says that it went well."""
        return 200 <= self.status < 300  # some pages of the AI/ML API say 201

    @property
    def is_read(self) -> bool:
        """Whether it answers a question: 200, or 304 for what was known before."""
        return self.status in {200, 304}


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


def list_of(value: Any) -> list[Any]:
    """The list itself; an empty one in place of anything else."""
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class ResultItem:
    """One picture of an answer: its link, or its bytes where they came in the answer; or both.

    Attributes:
        url: https, fetched without the key; one that begins with ``/`` is of the service's host.
        data: the bytes of a PNG, JPEG, WebP or GIF, not their base64.
    """

    url: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Decoded:
    """What each kind of answer may say besides: what it cost, and its ids.

    Attributes:
        usd: what was charged, in US dollars, as a `Decimal`; None where the service does not say.
        credits: the same in the service's own units, a whole number.
        inference_id: the service's id, which the charge is recorded under.
        request_id: its id of the HTTP request, which its support asks for.
        usage: figures that `Service.bill` computes from, where the service states no bill.
    """

    usd: Decimal | None = None
    credits: int | None = None
    inference_id: str | None = None
    request_id: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)

    # Once for all kinds: `dataclass` writes and compiles them for each anew, in each process.
    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__qualname__}({said})"

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # ``usage`` is a dict


@dataclass(frozen=True, eq=False, repr=False)
class ServiceAnswer(Decoded):
    """The pictures of one generation, usually one.

    Attributes:
        items: at least one; without any it is a `Refusal`.
    """

    items: tuple[ResultItem, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Refusal(Decoded):
    """It went well, and the model made no picture. It may have cost something all the same.

    Attributes:
        reason: why, in the service's own words; empty where it gave none.
        is_announced: whether a picture is announced, with neither its link nor its bytes.
    """

    reason: str = ""
    is_announced: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Failed(Decoded):
    """The service, or what stands before it, said no. `Service.charged` says what that means.

    Attributes:
        said: its own words; empty where it has none.
        status: the status that is told of, where it stands inside of an answer of another one, or
            where the service says 400 and means 401.
        is_over_limit: whether the key has used up a limit of its own.
        may_cost: whether the service charges some of what fails so.
        retry_after: seconds that it asks to wait; 0 goes by the header ``Retry-After``.
    """

    said: str = ""
    status: int | None = None
    is_over_limit: bool = False
    may_cost: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, eq=False, repr=False)
class Unreadable(Decoded):
    """It went well, and what came can't be read: it is kept as it came.

    Attributes:
        why: what is wrong with it, in a few words.
        is_named: whether ``why`` is the name of an error.
    """

    why: str = ""
    is_named: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Ticket(Decoded):
    """The work is accepted: it is asked for until it is done, also by a later kernel.

    Attributes:
        handle: what `Service.poll` needs, as a dict of plain JSON. It is kept in the library: no
            key in it. What a later reply says is added to what an earlier one said. Where its
            ``"is_done"`` becomes true, the next poll follows at once: that of the result.
        seconds: after which to ask again, at most 5; 0 where the service does not say.
    """

    handle: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


Outcome = ServiceAnswer | Refusal | Failed | Ticket | Unreadable
"""What a reply can mean."""


class SentRequest(NamedTuple):
    """A request without an answer, as it is looked up.

    Attributes:
        request_id: our own id, which was sent in `Service.id_header`.
        sent: when it was sent, UTC; None where it was just now.
        attempts: how often; None where nobody knows.
        ticket: of a request that was accepted.
        inference_id: the service's id of it, where an answer began to come.
        is_brief: whether one quick look has to do, for somebody waits.
    """

    request_id: str
    sent: datetime | None = None
    attempts: int | None = None
    ticket: Ticket | None = None
    inference_id: str | None = None
    is_brief: bool = False


@dataclass(frozen=True)
class Fate(InDollars):
    """What a service knows of a request without an answer.

    Attributes:
        state: ``charged`` or ``not charged``; ``failed`` where it was not charged so far, and
            another row of it may come; ``absent`` where there is no row, which may come late;
            ``unknown`` where it can't be asked, or does not answer.
        usd: what was charged, in US dollars; None where it does not say.
        inference_id: the id that the charge is recorded under.
        sandbox: whether it is a sandbox's log, so that the money is play money.
        age: how long ago the last row was written, by the service's own clock.
        source: which of the service's books says so, as sentences call it.
    """

    state: Literal["charged", "not charged", "absent", "failed", "unknown"]
    usd: Decimal | None = None
    inference_id: str | None = None
    sandbox: bool = False
    age: timedelta | None = None
    source: str = "log"


UNKNOWN = Fate("unknown")

Get = Callable[..., Reply | None]
"""``get(path, {"limit": 1})``: a GET to the service's own host with this query, and its reply,
whatever its status; None where none came within ten seconds. It costs nothing and raises nothing
that has to be caught."""
