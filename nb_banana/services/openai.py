"""What speaks as OpenAI does: LiteLLM, gateways of a campus. References go as a multipart form.

Sources: https://platform.openai.com/docs/api-reference/images and
https://docs.litellm.ai/docs/image_generation
"""

import json
from typing import Any

from nb_banana._text import amount, clean_id
from nb_banana.credentials import PLACES
from nb_banana.models import SCALES, SIZES, Model
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    Call,
    Failed,
    Refusal,
    Reply,
    ServiceAnswer,
    Unreadable,
    Upload,
    at,
)
from nb_banana.services.reading import answer_in, picture_of, words_in
from nb_banana.services.service import Service

PLACE = PLACES["openai"]
_ALL: dict[str, Any] = {"aspect_ratios": tuple(SIZES), "max_images": 14}
MODELS = (
    Model(("nano-banana-2",), ("nano-banana-2", "2"), **_ALL),
    Model(("nano-banana-2.1",), ("nano-banana-2.1", "2.1"), **_ALL),
    Model(("nano-banana-2-lite",), ("nano-banana-2-lite", "lite"), **_ALL),
    Model(("nano-banana-pro",), ("nano-banana-pro", "pro"), **_ALL),
)
"""A gateway calls its models as it likes: these are our names, any other is sent as it is."""

SPENT = {"insufficient_quota", "budget_exceeded"}
"""Errors that say that there is no money, whatever their status."""


class OpenAi(Service):
    """A gateway: how it is asked, and what its answers mean."""

    name = "openai"
    title = "the gateway"
    base_url = PLACE.base_url
    models = MODELS
    key_names = PLACE.names
    count_field = "n"
    is_by_host = True

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`."""
        asked = {"model": request.model, "prompt": request.prompt, "n": 1}
        if size := _size(request):
            asked["size"] = size
        if not request.references:
            body = asked | {"response_format": "b64_json"} | dict(request.params)
            return Call("POST", "/v1/images/generations", body)
        form = {name: _text(value) for name, value in (asked | dict(request.params)).items()}
        files = []
        for number, each in enumerate(request.references, 1):
            mime, data = picture_of(each, self.title)
            kind = mime.rpartition("/")[2]
            files.append(Upload("image[]", f"image-{number}.{kind}", data, mime))
        return Call("POST", "/v1/images/edits", form=form, files=tuple(files))

    def decode(self, reply: Reply) -> ServiceAnswer | Refusal | Failed | Unreadable:
        """See `Service.decode`."""
        told: dict[str, Any] = {
            "usd": amount(reply.headers.get("x-litellm-response-cost")),
            "inference_id": clean_id(reply.headers.get("x-litellm-call-id")),
            "request_id": clean_id(reply.headers.get("x-request-id")),
        }
        if reply.is_fine:
            return answer_in(reply, **told)
        error = at(reply.json, "error")
        is_spent = bool(SPENT & {str(at(error, name)) for name in ("code", "type")})
        return Failed(words_in(reply), status=402 if is_spent else None, **told)

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`. Of a 5xx it can't say what it cost: that is behind the gateway."""
        is_own = isinstance(at(reply.json, "error", "message"), str)
        return False if 400 <= reply.status < 500 and is_own and reply.status != 408 else None


def _text(value: Any) -> str:
    """A field of a form: what is no text is JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _size(request: ImageRequest) -> str:
    """``WxH`` in pixels; nothing where neither shape nor size is asked."""
    if not request.aspect_ratio and not request.resolution:
        return ""
    scale = SCALES.get(request.resolution or "1K", 1.0)
    width, height = SIZES.get(request.aspect_ratio or "1:1", SIZES["1:1"])
    return f"{round(width * scale)}x{round(height * scale)}"
