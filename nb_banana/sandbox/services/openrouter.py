"""OpenRouter: ``POST /v1/images`` with its own fields, errors and bill."""

import time
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import unquote

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route, cut
from nb_banana.sandbox.catalogue import usd
from nb_banana.sandbox.exchange import Ids, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import Strike
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

PATHS = ("/v1/images", "/v1/images/generations")
MODELS = "/v1/images/models"
RESOLUTIONS = ("1K", "2K", "4K")
PRICES = {
    "google/gemini-nano-banana-2.1": ("0.0336", "0.0504", "0.113"),
    "google/gemini-3.1-flash-image-preview": ("0.067", "0.101", "0.151"),
    "google/gemini-3-pro-image-preview": ("0.134", "0.134", "0.24"),
}
"""US dollars of a picture at 1K, 2K and 4K: Google's list."""


class OpenRouterApi(Api):
    """What https://openrouter.ai answers."""

    no_credits = 402, "Insufficient credits. Add more at https://openrouter.ai/settings/credits"

    words: ClassVar = {
        "400": (400, "prompt: Invalid input"),
        "401": (401, "User not found."),
        "402": no_credits,
        "403": (403, "Your chosen model requires moderation and your input was flagged."),
        "404": (404, "No endpoints found for this model."),
        "422": (422, "Unprocessable Entity"),
        "429": (429, "Rate limit exceeded"),
        "429-retry-after": (429, "Rate limit exceeded"),
        "500": (500, "Internal Server Error"),
        "503": (503, "No available model provider that meets your routing requirements"),
        "maintenance": (502, "Provider returned error"),
    }

    def _id_headers(self, ids: Ids) -> dict[str, str]:
        return {"x-generation-id": f"gen-{ids.request_id}"}

    def is_generation(self, method: str, path: str) -> bool:
        """See `Api.is_generation`."""
        return method == "POST" and path in PATHS

    def _route(self, request: Request) -> Route:
        if request.path in PATHS:
            self._routes[request.path] = Route("POST", self._generate)
        elif request.path == MODELS:
            self._routes[MODELS] = Route("GET", self._offered, needs_key=False)
        elif _model_in(request.path) in PRICES:
            self._routes[request.path] = Route("GET", self._priced, needs_key=False)
        elif not request.path.startswith("/generations/"):
            raise Refused(404, "Not Found")
        return super()._route(request)

    def _offered(self, _request: Request, _ids: Ids) -> Response:
        takes = {
            "aspect_ratio": {"type": "enum", "values": list(SIZES)},
            "resolution": {"type": "enum", "values": list(RESOLUTIONS)},
            "n": {"type": "integer", "min": 1, "max": 4},
        }
        return as_json({"data": [{"id": name, "supported_parameters": takes} for name in PRICES]})

    def _priced(self, request: Request, _ids: Ids) -> Response:
        name = _model_in(request.path)
        rows = [
            {"billable": "output_image", "unit": "image", "cost_usd": float(each), "variant": size}
            for size, each in zip(RESOLUTIONS, PRICES[name], strict=True)
        ]
        provider = {"provider_name": "Google", "provider_slug": "google", "pricing": rows}
        return as_json({"id": name, "endpoints": [provider]})

    def _error(self, refused: Refused, *_: Any) -> Response:
        said = refused.said
        body = {"error": {"code": refused.status, "message": said, "metadata": {}}}
        return as_json(body, refused.status, refused.headers)

    def _order(self, request: Request) -> GenerationOrder:
        fields = read_object(request.body)
        check = Checker(fields)
        model, prompt = check.text("model"), check.text("prompt")
        ratio = check.choice("aspect_ratio", SIZES)
        resolution = check.choice("resolution", RESOLUTIONS) or "1K"
        if "size" in fields and ratio:
            check.wrong.append(("size", "size and aspect_ratio can't be given together"))
        given = fields.get("input_references") or []
        links = [_link(each) for each in (given if isinstance(given, list) else [None])]
        count = check.count("n")
        check.whole("seed")
        pictures = check.pictures("input_references", links, self._fetch)
        check.refuse_wrong()
        if model not in PRICES:
            raise Refused(404, f"No endpoints found for {model}.")
        return check.order(
            model,
            prompt,
            ratio=ratio,
            resolution=resolution,
            count=count,
            references=pictures,
            price=Decimal(PRICES[model][RESOLUTIONS.index(resolution)]),
        )

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        charged = order.credits if strike.trouble.logged == "succeeded" else 0
        data = [self._drawn(each) for each in self._data(order, strike, base) or ()]
        usage = {"prompt_tokens": 12, "completion_tokens": 1290, "total_tokens": 1302}
        body = {"created": int(time.time()), "data": data, "usage": {**usage, "cost": usd(charged)}}
        return cut(as_json(body), strike)

    def _drawn(self, item: dict[str, Any]) -> dict[str, Any]:
        """The picture itself in place of its link."""
        name = item.get("file_name")
        encoded = self._inside(self._pictures.find(name)) if name else None
        return {"b64_json": encoded, "media_type": "image/png"}


def _model_in(path: str) -> str:
    """The model whose prices are asked for; empty where it is another question."""
    named = path.removeprefix(f"{MODELS}/").removesuffix("/endpoints")
    return unquote(named) if path == f"{MODELS}/{named}/endpoints" else ""


def _link(reference: Any) -> Any:
    """The address of one of ``input_references``."""
    is_picture = isinstance(reference, dict) and reference.get("type") == "image_url"
    inner = reference.get("image_url") if is_picture else None
    return inner.get("url") if isinstance(inner, dict) else None
