"""What a picture costs, as the service quotes it.

Source: https://docs.aimlapi.com/api-references/service-endpoints/complete-model-list
"""

import time
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote as quote_path

from nb_banana.models import find_model
from nb_banana.services.aimlapi.account import MOST_USD, ask, decimal_of, list_of
from nb_banana.services.receipt import SANDBOX_HEADER
from nb_banana.services.service import Service, at

FRESH = 300.0
"""Seconds for which a quoted price is believed; then the service is asked whether it changed."""


class Quote(NamedTuple):
    """What the service said of a model's price, with its ETag, when on our clock, and who."""

    pricing: Any
    etag: str
    moment: float
    is_play: bool  # whether a sandbox said it


class PriceList:
    """What services said of prices, by service and model."""

    def __init__(self) -> None:
        self._quotes: dict[tuple[str, str], Quote] = {}

    def price(self, service: Service, model: str, resolution: str | None) -> Decimal | None:
        """The price of one picture in US dollars as quoted; None where the service can't say."""
        # No key is sent. Where no resolution is asked, it is the service's default, 1K.
        return _quoted(self._pricing(service, model), resolution or "1K")

    def is_play(self, service: Service) -> bool:
        """Whether the service is a sandbox, by what it said of prices: its money is play money."""
        said = list(self._quotes.items())
        return any(quote.is_play for (url, _), quote in said if url == service.base_url)

    def _pricing(self, service: Service, model: str) -> Any:
        known = self._quotes.get((service.base_url, model))
        if known and time.monotonic() - known.moment < FRESH:
            return known.pricing
        reply = ask(
            service,
            "/v1/models",
            {"id": model, "include": "pricing"},
            headers={"If-None-Match": known.etag} if known and known.etag else {},
            with_key=False,
        )
        body = reply.json if reply else None
        now = time.monotonic()
        if known and reply and reply.status == 304:
            quote = known._replace(moment=now)
        elif reply and reply.status == 200 and isinstance(rows := at(body, "data"), list):
            row = _find_row(rows, model) or _unlisted(service, model)
            is_play = SANDBOX_HEADER in reply.headers
            quote = Quote(at(row, "pricing"), reply.headers.get("etag", ""), now, is_play)
        else:  # no answer to this question: what was said before holds
            return known.pricing if known else None
        self._quotes[service.base_url, model] = quote
        return quote.pricing


def _find_row(rows: list[Any], model: str) -> Any:
    known = find_model(model)
    names = known.ids if known else (model,)
    for row in rows:
        if any(name == at(row, "id") or name in list_of(at(row, "aliases")) for name in names):
            return row
    return None


def _unlisted(service: Service, model: str) -> Any:
    """The same of a model that goes away on a day that is known: the list has it no more."""
    path = f"/model/{quote_path(model)}"
    reply = ask(service, path, {"include": "pricing"}, with_key=False)
    return reply.json if reply else None


def _quoted(pricing: Any, resolution: str) -> Decimal | None:
    if not isinstance(pricing, dict) or pricing.get("currency", "USD") != "USD":
        return None
    if pricing.get("kind") == "fixed":
        offers = [unit for unit in list_of(pricing.get("units")) if at(unit, "name") == "image"]
    elif pricing.get("kind") == "variants":
        # A variant that depends on more than we know of is no price to quote.
        offers = [
            variant
            for variant in list_of(pricing.get("variants"))
            if at(variant, "when") == {"resolution": resolution} and at(variant, "unit") == "image"
        ]
    else:
        return None
    if len(offers) != 1:
        return None
    amount, per = (decimal_of(at(offers[0], "price")), decimal_of(at(offers[0], "per")))
    if amount is None or not per or per * MOST_USD < 1:
        return None
    return amount / per
