"""What the sandbox offers, at which price: one table, and GET /v1/models from it.

The prices are those of the vendor's samples where there is one (178,975 credits for a picture from
text at 1K, 185,093 with two references) and in proportion to Google's list for the rest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from nb_banana.models import MODELS, Model
from nb_banana.sandbox.exchange import Query, Refused, Response, as_json, tagged

CREDITS_PER_USD = 2_000_000


@dataclass(frozen=True)
class Offer:
    """One model with what the table of models does not say."""

    model: Model
    credits: dict[str, int]  # the price of a picture by resolution
    per_reference: int = 0  # what each reference adds to it
    quoted: Literal["fixed", "token", "variants", "variable"] = "variants"


FLASH = {"1K": 178_975, "2K": 266_335, "4K": 397_375}
LITE = {"1K": 88_400, "2K": 132_600, "4K": 198_900}
PRO = {"1K": 348_400, "2K": 348_400, "4K": 624_000}
OLD = {"1K": 101_400}
TOKENS = {"1K": 100_620}  # 1290 tokens a picture at $39 for a million

_UNPRICED: dict[str, Any] = {"credits": FLASH, "quoted": "variable"}
"""What holds for a model that stands in the table of models alone: its price is not quoted."""

_PRICES: dict[str, dict[str, Any]] = {
    "google/nano-banana-2": {"credits": FLASH, "per_reference": 3_059},
    "google/gemini-3-1-flash-lite-image": {"credits": LITE},
    "google/nano-banana-pro": {"credits": PRO},
    "google/nano-banana-pro-edit": {"credits": PRO, "per_reference": 2_912},
    "google/gemini-2.5-flash-image": {"credits": OLD, "quoted": "fixed"},
    "google/gemini-2.5-flash-image-edit": {"credits": TOKENS, "quoted": "token"},
}

OFFERS = {
    name: Offer(model, **_PRICES.get(model.ids[0], _UNPRICED))
    for model in MODELS
    for name in model.ids
}
"""Every name that a request may ask for, and what is offered under it."""


def price(offer: Offer, resolution: str, pictures: int, references: int) -> int:
    """What a generation costs, in credits."""
    each = offer.credits.get(resolution, offer.credits["1K"])
    return pictures * each + references * offer.per_reference


def usd(credits_: int) -> float:
    """Credits in dollars."""
    return credits_ / CREDITS_PER_USD


def list_models(query: Query, seen: str, unlisted: Collection[str] = ()) -> Response:
    """GET /v1/models: narrowed by ``id`` and ``type``, with prices; ``seen`` is If-None-Match."""
    names, kinds = _values(query, "id"), _values(query, "type")
    data = [
        _entry(offer, priced=_asks_prices(query))
        for name, offer in OFFERS.items()
        if name == offer.model.ids[0]
        and name not in unlisted
        and (not names or names & set(offer.model.ids))
        and (not kinds or "image" in kinds)
    ]
    return tagged({"object": "list", "data": data}, seen)


def one_model(name: str, query: Query, withdrawn: Collection[str]) -> Response:
    """GET /model/NAME, also of a model that is listed no more and is drawn yet."""
    if name not in OFFERS or name in withdrawn:
        raise Refused(404, f"Model not found: '{name}'")
    return as_json(_entry(OFFERS[name], priced=_asks_prices(query)))


def _asks_prices(query: Query) -> bool:
    asked = {"pricing", "all"} & _values(query, "include")
    return bool(asked) or "true" in _values(query, "details")


def _values(query: Query, name: str) -> set[str]:
    """A filter's values: repeated, comma-separated or both, in any case."""
    parts = {part.strip().lower() for value in query.get(name, []) for part in value.split(",")}
    return parts - {""}


def _entry(offer: Offer, *, priced: bool) -> dict[str, Any]:
    name, *aliases = offer.model.ids
    entry: dict[str, Any] = {
        "id": name,
        "aliases": aliases,
        "type": "image",
        "info": {"name": offer.model.short[0].replace("-", " ").title(), "developer": "Google"},
        "tags": [],
    }
    return entry | ({"pricing": _pricing(offer)} if priced else {})


def _pricing(offer: Offer) -> dict[str, Any]:
    if offer.quoted == "variable":
        return {"kind": "variable", "currency": "USD"}
    if offer.quoted == "variants":
        variants = [
            {"when": {"resolution": resolution}, "price": usd(each), "unit": "image", "per": 1}
            for resolution, each in offer.credits.items()
        ]
        quote = {"kind": "variants", "currency": "USD", "dimensions": ["resolution"]}
        return {**quote, "variants": variants}
    unit = {"name": "image", "measure": "output", "price": usd(offer.credits["1K"]), "per": 1}
    if offer.quoted == "token":
        unit = {"name": "token", "measure": "output", "price": 39.0, "per": 1_000_000}
    return {"kind": "fixed", "currency": "USD", "units": [unit]}
