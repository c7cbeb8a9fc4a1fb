"""`Guarded`: a service of somebody's package, whose mistakes lose no picture and no request."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from nb_banana import errors
from nb_banana._text import amount, clean_id, what_it_says
from nb_banana.credentials import is_loopback
from nb_banana.models import Model
from nb_banana.references.limits import ReferenceLimits
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    UNKNOWN,
    Call,
    Decoded,
    Failed,
    Fate,
    Get,
    KeyHeader,
    Outcome,
    Refusal,
    Reply,
    ResultItem,
    SentRequest,
    ServiceAnswer,
    Ticket,
    Unreadable,
    Upload,
)
from nb_banana.services.service import Service

Value = TypeVar("Value")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
TAKEN = {"api", "sandbox", "library"}
"""Names that folders of libraries have already."""


def check(service: Any, name: str) -> None:
    """See that a service has what is needed of it. Raises ValueError or TypeError, in words."""
    if not isinstance(service, Service):
        raise TypeError("it is no nb_banana.services.Service")
    if service.name != name:
        raise ValueError(f"it calls itself {service.name!r}")
    if not NAME.fullmatch(name) or name in TAKEN:
        raise ValueError("its name is no word of a-z, 0-9, - and _ that is still free")
    url = service.base_url
    if not url.startswith("https://") and not is_loopback(url):
        raise ValueError("its base_url is no https address")
    if url.endswith(("/", "/v1")):
        raise ValueError("its base_url ends with / or /v1: that belongs into the paths")
    for attribute, kind in {"key_header": KeyHeader, "limits": ReferenceLimits}.items():
        if not isinstance(getattr(service, attribute), kind):
            raise TypeError(f"its {attribute} is no {kind.__name__}")
    for attribute, each_is in {"key_names": str, "models": Model}.items():
        values = getattr(service, attribute)
        if not isinstance(values, tuple) or not all(isinstance(each, each_is) for each in values):
            raise TypeError(f"its {attribute} is no tuple of {each_is.__name__}")
    if not service.models or not all(model.ids and model.short for model in service.models):
        raise ValueError("it has no models, or one without a name")
    for method in ("encode", "decode"):
        if getattr(type(service), method) is getattr(Service, method):
            raise TypeError(f"it has no {method}")


class Guarded(Service):
    """A stranger's service: what it stumbles over is said, and what came is kept."""

    def __init__(self, own: Service) -> None:
        self._own = own
        for name in Service.__annotations__:
            setattr(self, name, getattr(own, name))

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`."""
        return self._call(self._own.encode, request, errors.ServiceError, "nothing was sent")

    def poll(self, ticket: Ticket) -> Call:
        """See `Service.poll`. The work is accepted whatever happens here: it can be fetched."""
        so = "the picture can't be asked for. nb_banana.recover() fetches it then"
        return self._call(self._own.poll, ticket, errors.UncertainError, so, accepted=True)

    def _call(
        self,
        ask: Callable[..., Any],
        what: Any,
        kind: type[errors.BananaError],
        so: str,
        **facts: Any,
    ) -> Call:
        try:
            if isinstance(found := ask(what), Call):
                return _sendable(found)
            said = f"{ask.__name__} gives no Call"
        except errors.BananaError:  # what a person is to be told
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's code
            said = what_it_says(error)
        raise kind(
            f"The package of the service {self.name} has a mistake ({said}): update it, or tell "
            f"who wrote it. So far {so}.",
            **facts,
        )

    def decode(self, reply: Reply) -> Outcome:
        """See `Service.decode`."""
        try:
            return _sound(self._own.decode(reply))
        except Exception as error:  # noqa: BLE001 - a stranger's code: what came is kept
            return Unreadable(what_it_says(error))

    def cancel(self, ticket: Ticket) -> Call | None:
        """See `Service.cancel`."""
        found = self._tried(None, self._own.cancel, ticket)
        return found if isinstance(found, Call) else None

    def find(self, row: SentRequest, get: Get) -> Fate:
        """See `Service.find`."""
        found = self._tried(UNKNOWN, self._own.find, row, get)
        return replace(found, usd=amount(found.usd)) if isinstance(found, Fate) else UNKNOWN

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`."""
        found = self._tried(None, self._own.charged, reply)
        return found if isinstance(found, bool) else None

    def price(self, request: ImageRequest) -> Decimal | None:
        """See `Service.price`."""
        return amount(self._tried(None, self._own.price, request))

    def bill(self, request: ImageRequest, outcome: Decoded) -> Decimal | None:
        """See `Service.bill`."""
        return amount(self._tried(None, self._own.bill, request, outcome))

    def quote(
        self, model: str, resolution: str | None, get: Get, memory: dict[Any, Any]
    ) -> Decimal | None:
        """See `Service.quote`."""
        return amount(self._tried(None, self._own.quote, model, resolution, get, memory))

    def balance(self, get: Get) -> Decimal | None:
        """See `Service.balance`."""
        return amount(self._tried(None, self._own.balance, get))

    def is_key_refused(self, get: Get) -> bool:
        """See `Service.is_key_refused`."""
        return self._tried(False, self._own.is_key_refused, get) is True

    def is_reachable(self, get: Get) -> bool:
        """See `Service.is_reachable`."""
        return bool(self._tried(False, self._own.is_reachable, get))

    @staticmethod
    def _tried(otherwise: Value, ask: Callable[..., Value], *what: Any) -> Value:
        try:
            return ask(*what)
        except Exception:  # noqa: BLE001 - a stranger's code: then it is not known
            return otherwise


def _sendable(call: Call) -> Call:
    """The call, where each part of it can be sent: else it fails on its way, as if by the wire."""
    sent = [call.method, call.path, *call.headers, *call.headers.values(), *call.form]
    sent += [value for value in call.form.values() if not isinstance(value, int | bytes)]
    if not all(isinstance(each, str) for each in sent):
        raise TypeError("what its Call has for a text is none")
    if not all(isinstance(each, Upload) for each in call.files):
        raise TypeError("what its Call has for a file is no Upload")
    json.dumps(call.json, allow_nan=False)
    return call


def _sound(given: Any) -> Outcome:
    """An outcome with values of the types that are promised. Raises whatever it stumbles over."""
    if not isinstance(given, Outcome):
        raise TypeError(f"decode gives a {type(given).__name__}")
    spent = amount(given.credits)
    outcome = replace(
        given,
        usd=amount(given.usd),
        credits=None if spent is None else round(spent),
        inference_id=clean_id(given.inference_id),
        request_id=clean_id(given.request_id),
        usage=dict(given.usage or {}),
    )
    if isinstance(outcome, ServiceAnswer):
        items = tuple(map(_sound_item, outcome.items))
        return replace(outcome, items=items) if items else Refusal(**_told(outcome))
    if isinstance(outcome, Ticket):
        # As it comes out of the library; numbers with a point are no JSON of Python's.
        handle: Mapping[str, Any] = json.loads(json.dumps(dict(outcome.handle), default=str))
        return replace(outcome, handle=handle, seconds=float(amount(outcome.seconds) or 0))
    if isinstance(outcome, Failed):
        return replace(outcome, said=str(outcome.said or ""))
    if isinstance(outcome, Refusal):
        return replace(outcome, reason=str(outcome.reason or ""))
    return outcome


def _sound_item(item: Any) -> ResultItem:
    if (
        not isinstance(item, ResultItem)
        or not (item.url or item.data)
        or not isinstance(item.url, str | None)
        or not isinstance(item.data, bytes | None)
    ):
        raise TypeError("a picture is a ResultItem with a link or with bytes")
    return item


def _told(outcome: Decoded) -> dict[str, Any]:
    """What an outcome says besides."""
    return {name: getattr(outcome, name) for name in Decoded.__dataclass_fields__}
