"""OpenRouter: https://openrouter.ai, one key for the models of many vendors.

Its bill is ``usage.cost``. It keeps no id of ours, so what was not answered is not known.
"""

from collections.abc import Mapping
from typing import Any

from nb_banana._text import amount, clean_id
from nb_banana.credentials import PLACES
from nb_banana.models import PRO_RATIOS, SIZES, Model
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    Call,
    Failed,
    Refusal,
    Reply,
    ServiceAnswer,
    Unreadable,
    at,
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

    def is_reachable(self, get: Any) -> bool:
        """See `Service.is_reachable`."""
        return get("/v1/images/models", {}) is not None
