"""What the sandbox offers, at which price: one table, and GET /v1/models from it.

The prices are those of the vendor's samples where there is one (178,975 credits for a picture from
text at 1K, 185,093 with two references) and in proportion to Google's list for the rest.
"""

from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Any, Literal

from nb_banana.models import MODELS, Model
from nb_banana.sandbox.exchange import Query, Response, as_json

CREDITS_PER_USD = 2_000_000


@dataclass(frozen=True)
class Offer:
    """One model with what the table of models does not say."""

    model: Model
    credits: dict[str, int]  # the price of a picture by resolution
    per_reference: int = 0  # what each reference adds to it
    quoted: Literal["fixed", "token", "variants", "variable"] = "variants"
    ratio: str = "1:1"  # the ``aspect_ratio`` when none is given
    as_reference: bool = False  # without ``aspect_ratio`` the first reference's is taken


FLASH = {"1K": 178_975, "2K": 266_335, "4K": 397_375}
LITE = {"1K": 88_400, "2K": 132_600, "4K": 198_900}
PRO = {"1K": 348_400, "2K": 348_400, "4K": 624_000}
OLD = {"1K": 101_400}
TOKENS = {"1K": 100_620}  # 1290 tokens a picture at $39 for a million

_UNPRICED: dict[str, Any] = {"credits": FLASH, "quoted": "variable"}
"""What holds for a model that stands in the table of models alone: its price is not quoted."""

_PRICES: dict[str, dict[str, Any]] = {
    "google/nano-banana-2": {"credits": FLASH, "per_reference": 3_059},
    "google/gemini-3-1-flash-lite-image": {"credits": LITE, "ratio": "16:9", "as_reference": True},
    "google/nano-banana-pro": {"credits": PRO},
    "google/nano-banana-pro-edit": {"credits": PRO, "per_reference": 2_912},
    "google/gemini-2.5-flash-image": {"credits": OLD, "quoted": "fixed"},
    "google/gemini-2.5-flash-image-edit": {"credits": TOKENS, "quoted": "token"},
    "google/gemini-nano-banana-2.1": {**_UNPRICED, "ratio": "16:9", "as_reference": True},
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


def list_models(query: Query, seen: str) -> Response:
    """GET /v1/models: narrowed by ``id`` and ``type``, with prices; ``seen`` is If-None-Match."""
    names, kinds = _values(query, "id"), _values(query, "type")
    asked = {"pricing", "all"} & _values(query, "include") or "true" in _values(query, "details")
    data = [
        _entry(offer, priced=bool(asked))
        for name, offer in OFFERS.items()
        if name == offer.model.ids[0]
        and (not names or names & set(offer.model.ids))
        and (not kinds or "image" in kinds)
    ]
    content = {"object": "list", "data": data}
    tag = f'W/"{sha256(dumps(content).encode()).hexdigest()[:27]}"'
    # A 304 is decided by the weak comparison: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    if seen.strip() == "*" or tag in [each.strip() for each in seen.split(",")]:
        return Response(304, headers={"ETag": tag})
    return as_json(content, headers={"ETag": tag})


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
