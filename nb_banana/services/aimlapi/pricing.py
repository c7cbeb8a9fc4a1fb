"""What a picture costs, as the service quotes it.

Source: https://docs.aimlapi.com/api-references/service-endpoints/complete-model-list
"""

import time
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote as quote_path

from nb_banana._text import LARGEST_AMOUNT, amount
from nb_banana.models import find_model
from nb_banana.services.exchange import Get, at, list_of

FRESH = 300.0
"""Seconds for which a quoted price is believed; then the service is asked whether it changed."""


class Quote(NamedTuple):
    """What the service said of a model's price, with its ETag, and when on our clock."""

    pricing: Any
    etag: str
    moment: float


def quoted_price(model: str, resolution: str, get: Get, memory: dict[str, Quote]) -> Decimal | None:
    """The price of one picture in US dollars as quoted; None where the service can't say."""
    return _quoted(_pricing(model, get, memory), resolution)


def _pricing(model: str, get: Get, memory: dict[str, Quote]) -> Any:
    known = memory.get(model)
    if known and time.monotonic() - known.moment < FRESH:
        return known.pricing
    seen = {"If-None-Match": known.etag} if known and known.etag else {}
    reply = get("/v1/models", {"id": model, "include": "pricing"}, seen)
    now = time.monotonic()
    if known and reply and reply.status == 304:
        quote = known._replace(moment=now)
    elif reply and reply.status == 200 and isinstance(rows := at(reply.json, "data"), list):
        row = _find_row(rows, model) or _unlisted(model, get)
        quote = Quote(at(row, "pricing"), reply.headers.get("etag", ""), now)
    else:  # no answer to this question: what was said before holds
        return known.pricing if known else None
    memory[model] = quote
    return quote.pricing


def _find_row(rows: list[Any], model: str) -> Any:
    known = find_model(model)
    names = known.ids if known else (model,)
    for row in rows:
        if any(name == at(row, "id") or name in list_of(at(row, "aliases")) for name in names):
            return row
    return None


def _unlisted(model: str, get: Get) -> Any:
    """The same of a model that goes away on a day that is known: the list has it no more."""
    reply = get(f"/model/{quote_path(model)}", {"include": "pricing"})
    return reply.json if reply and reply.is_read else None


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
    price, per = amount(at(offers[0], "price")), amount(at(offers[0], "per"))
    if price is None or not per or per * LARGEST_AMOUNT < 1:
        return None
    return price / per
