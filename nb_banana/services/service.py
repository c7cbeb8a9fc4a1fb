"""`Service`: who draws, and how it is asked. Another service is one more class of this kind.

It says what is sent and what an answer means, and nothing else: the key, the connection, sending
again, the journal, the library and the budget are the same for all of them.
"""

from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from nb_banana._catalogue import AIMLAPI, Catalogue
from nb_banana.credentials import KeyPlace
from nb_banana.models import MODELS, Model
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    UNKNOWN,
    Call,
    Decoded,
    Fate,
    Get,
    KeyHeader,
    Outcome,
    Reply,
    SentRequest,
    ServiceAnswer,
    Ticket,
)


class Service:
    """A service that draws: what is sent to it, and what its answers mean.

    A subclass says `encode`, `decode` and the first six attributes; all else has a default, which
    is that of a service that has no such thing. One instance is everybody's, in every thread and
    process, and is made without arguments: it holds no state, asks no network and sees no key.
    How to write one, with an example: notebooks/services.md.

    Attributes:
        name: what a person calls it, and the name of its entry point: a word such as ``"fal"``, of
            a-z, 0-9, - and _. Pictures are kept by it.
        title: what sentences call it, e.g. ``"the AI/ML API"``.
        base_url: its https address, without ``/`` or ``/v1`` at the end: that is a part of paths.
            A person may set another one, such as that of a test.
        models: which models it has, and what each of them takes; the first is drawn with where
            nobody chose one.
        key_names: the environment variables that may have its key, the best first; Colab's secrets
            have the same names. Empty: it asks for no key, and is on this machine.
        key_page: where a person makes a key.
        key_header: where the key goes; by default ``Authorization: Bearer KEY``.
        billing_page: where a person pays.
        limits: how large reference pictures may be.
        computes_bill: whether no answer says what it cost, so that `bill` does.
        count_field: the field of ``params`` that asks for several pictures at once.
        is_by_host: whether each address is a service of its own, as with campus gateways.
        picture_code: Python that takes the picture out of an ``answer`` of `requests`, for a dry
            run; else empty.
        id_header: the header of a request that takes our own id, where the service keeps it; else
            empty. Then `find` can look it up.
        inference_header: the header of an answer that has the service's id; else empty.
        deprecations: the path of its list of models that go away, else empty.
        metrics: the path of how long its models take, else empty.
        keeps_log: whether it can be asked what became of a request. It can where `find` is its own.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    base_url: ClassVar[str]
    models: ClassVar[tuple[Model, ...]] = MODELS
    key_names: ClassVar[tuple[str, ...]] = ()
    key_header: ClassVar[KeyHeader] = KeyHeader()
    key_page: ClassVar[str] = ""
    billing_page: ClassVar[str] = ""
    limits: ClassVar[ReferenceLimits] = LIMITS
    picture_code: ClassVar[str] = ""
    count_field: ClassVar[str] = "num_images"
    is_by_host: ClassVar[bool] = False
    computes_bill: ClassVar[bool] = False
    id_header: ClassVar[str] = ""
    inference_header: ClassVar[str] = ""
    deprecations: ClassVar[str] = ""
    metrics: ClassVar[str] = ""
    keeps_log: ClassVar[bool] = False

    @cached_property
    def catalogue(self) -> Catalogue:
        """Its models, as a request is checked by them."""
        if self.name == AIMLAPI.service:
            return AIMLAPI
        return Catalogue(self.name, self.models, self.count_field)

    @cached_property
    def place(self) -> KeyPlace:
        """Where it is, and where its key is looked for."""
        return KeyPlace(self.name, self.base_url, self.key_names, self.key_page)

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.keeps_log = cls.find is not Service.find

    def encode(self, request: ImageRequest) -> Call:
        """What is sent for a request.

        Args:
            request: checked by `models`: what the model does not take is refused before. Fields
                that are None were not asked for, and are best not sent.

        Raises:
            RequestError: the service can't be asked so (`nb_banana.errors`). Nothing is sent.
        """
        raise NotImplementedError

    def decode(self, reply: Reply) -> Outcome:
        """What a reply means, of whatever status. It may be that of `encode` or of `poll`.

        It may see anything: a page of a proxy, JSON cut off, a list in place of an object. What it
        raises counts as `Unreadable`, and the answer is kept.
        """
        raise NotImplementedError

    def poll(self, ticket: Ticket) -> Call:
        """What asks for the work of a ticket, at no cost; `decode` reads the reply.

        It is called until `decode` gives something else than a `Ticket`: each half second at
        first, each five seconds later, and again by ``recover()`` in another kernel. Statuses 408,
        425, 429 and a 5xx that `charged` does not call free are asked again. 400, 404, 410 and
        what can't be read are believed when they come three times in turn: then the fate of the
        work is not known. Any other status turns the question away, and the work stays accepted.
        """
        raise NotImplementedError

    def cancel(self, ticket: Ticket) -> Call | None:  # noqa: ARG002 - as in those that can
        """What gives a ticket up; None where that can't be."""
        return None

    def find(self, row: SentRequest, get: Get) -> Fate:  # noqa: ARG002 - the same
        """What became of a request without an answer. Where nobody knows, it is not sent again.

        Only for a service with a log of its requests: what has a ticket is polled.
        """
        return UNKNOWN

    def charged(self, reply: Reply) -> bool | None:  # noqa: ARG002 - as above
        """Whether what came in place of a picture was charged; None where that is not said.

        False is the service's own word: **a 5xx that failed so is sent again** by itself, as 429
        always is. So it must know the service's own words (a field that only it writes) from those
        of a proxy before it. By default None: a 5xx may have been charged, and is not sent again.
        """
        return None

    def price(self, request: ImageRequest) -> Decimal | None:  # noqa: ARG002 - as above
        """What one picture of a request costs by the service's page, in US dollars; else None."""
        return None

    def bill(self, request: ImageRequest, outcome: Decoded) -> Decimal | None:
        """What an outcome cost in US dollars, where ``computes_bill``: it is shown as "about".

        By default the price of each of its pictures. One that has none costs nothing.
        """
        price = self.price(request)
        count = len(outcome.items) if isinstance(outcome, ServiceAnswer) else 0
        return None if price is None or not count else price * count

    def quote(
        self,
        model: str,  # noqa: ARG002 - of those that can be asked
        resolution: str | None,  # noqa: ARG002
        get: Get,  # noqa: ARG002
        memory: dict[Any, Any],  # noqa: ARG002
    ) -> Decimal | None:
        """The price of one picture as the service quotes it now; no key is sent for it.

        ``memory`` is of one client and one address: what was said may be kept there.
        """
        return None

    def balance(self, get: Get) -> Decimal | None:  # noqa: ARG002 - as above
        """What is left on the account in US dollars; None where the service does not say."""
        return None

    def is_key_refused(self, get: Get) -> bool:  # noqa: ARG002 - as above
        """Whether the service says, at no cost, that it knows no such key."""
        return False

    def is_reachable(self, get: Get) -> bool:
        """Whether the service answers at all. No key is sent."""
        return get("/", {}) is not None
