"""OpenRouter: https://openrouter.ai, one key for the models of many vendors.

Its bill is ``usage.cost``. It keeps no id of ours, so what was not answered is not known.
"""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote as quote_path

from nb_banana._text import amount, clean_id
from nb_banana.credentials import PLACES
from nb_banana.models import PRO_RATIOS, SIZES, Model
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    Call,
    Failed,
    Get,
    Refusal,
    Reply,
    ServiceAnswer,
    Unreadable,
    at,
    list_of,
)
from nb_banana.services.reading import answer_in, words_in
from nb_banana.services.service import Service

PLACE = PLACES["openrouter"]
MODELS = (
    Model(
        ("google/gemini-nano-banana-2.1",),
        ("nano-banana-2.1", "2.1"),
        tuple(SIZES),
        max_images=14,
    ),
    Model(
        ("google/gemini-3.1-flash-image-preview",),
        ("nano-banana-2", "2"),
        tuple(SIZES),
        max_images=14,
    ),
    Model(
        ("google/gemini-3-pro-image-preview",),
        ("nano-banana-pro", "pro"),
        PRO_RATIOS,
        max_images=14,
    ),
)
LATE = {408, 504, 524}
PICTURES = "/v1/images/models"  # the models that draw, and with more behind it the prices of one
FRESH = 300.0
"""Seconds for which a price is believed; then it is asked again."""
OUTPUT: dict[str, dict[str, int]] = {
    "google/gemini-nano-banana-2.1": {"1K": 1120, "2K": 1680, "4K": 3767},
    "google/gemini-3.1-flash-image-preview": {"1K": 1120, "2K": 1680, "4K": 2520},
    "google/gemini-3-pro-image-preview": {"1K": 1120, "2K": 1120, "4K": 2000},
}
"""Tokens of a picture: https://ai.google.dev/gemini-api/docs/pricing"""


class Offers(NamedTuple):
    """What the providers of a model ask for it, and when that was heard, on our clock."""

    rows: list[list[Any]]  # ``pricing`` of each
    moment: float


class OpenRouter(Service):
    """https://openrouter.ai: how it is asked, and what its answers mean."""

    name = "openrouter"
    title = "OpenRouter"
    base_url = PLACE.base_url
    models = MODELS
    key_names = PLACE.names
    key_page = PLACE.page
    billing_page = "https://openrouter.ai/settings/credits"
    count_field = "n"

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`."""
        body: dict[str, Any] = {"model": request.model, "prompt": request.prompt}
        if request.aspect_ratio:
            body["aspect_ratio"] = request.aspect_ratio
        if request.resolution:
            body["resolution"] = request.resolution
        if request.references:
            body["input_references"] = [
                {"type": "image_url", "image_url": {"url": image.url}}
                for image in request.references
            ]
        return Call("POST", "/v1/images", body | dict(request.params))

    def decode(self, reply: Reply) -> ServiceAnswer | Refusal | Failed | Unreadable:
        """See `Service.decode`."""
        told: dict[str, Any] = {
            "usd": amount(at(reply.json, "usage", "cost")),
            "inference_id": clean_id(reply.headers.get("x-generation-id")),
        }
        return answer_in(reply, **told) if reply.is_fine else Failed(words_in(reply), **told)

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`. What ends with an error is not billed, by its own page."""
        # https://openrouter.ai/docs/guides/features/zero-completion-insurance
        error = at(reply.json, "error")
        is_own = isinstance(error, Mapping) and {"code", "message"} <= set(error)
        # Where the time ran out, the work may go on behind it.
        return False if not reply.is_fine and is_own and reply.status not in LATE else None

    def quote(
        self, model: str, resolution: str | None, get: Get, memory: dict[Any, Any]
    ) -> Decimal | None:
        """See `Service.quote`. Who will draw is not known: it is the highest of all providers."""
        known: Offers | None = memory.get(model)
        if known is None or time.monotonic() - known.moment > FRESH:
            reply = get(f"{PICTURES}/{quote_path(model)}/endpoints", {})
            if reply is not None and reply.status == 200 and isinstance(reply.json, dict):
                memory[model] = known = Offers(_pricing_in(reply.json), time.monotonic())
        if known is None:
            return None
        prices = [_price_in(rows, model, resolution or "1K") for rows in known.rows]
        return max((each for each in prices if each is not None), default=None)

    def is_reachable(self, get: Get) -> bool:
        """See `Service.is_reachable`."""
        return get(PICTURES, {}) is not None


def _pricing_in(body: dict[str, Any]) -> list[list[Any]]:
    """What each provider asks, of an answer with or without ``data`` around it."""
    body = body["data"] if isinstance(body.get("data"), dict) else body
    offers = [body, *list_of(body.get("endpoints"))]
    return [rows for each in offers if (rows := list_of(at(each, "pricing")))]


def _price_in(rows: list[Any], model: str, resolution: str) -> Decimal | None:
    """What one provider asks for a picture; None where it says that by another measure."""
    made = [row for row in rows if _is_output(row)]
    fitting = [row for row in made if _variant(row) == resolution.upper()]
    for row in fitting or [row for row in made if not _variant(row)]:
        cost, unit = amount(row.get("cost_usd")), str(row.get("unit")).lower()
        if cost is not None and unit == "image":
            return cost
        if cost is not None and unit == "token" and resolution in OUTPUT.get(model, {}):
            return cost * OUTPUT[model][resolution]
    return None


def _is_output(row: Any) -> bool:
    billed = str(at(row, "billable")).lower()
    return "image" in billed and "input" not in billed


def _variant(row: Mapping[str, Any]) -> str:
    """The size that a price is for, e.g. ``2K``; empty where it is for each."""
    return str(row.get("variant") or "").strip().upper()
