"""What speaks as OpenAI does: pictures by JSON, with references by a multipart form."""

import base64
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from email import message_from_bytes
from typing import Any

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route
from nb_banana.sandbox.catalogue import usd
from nb_banana.sandbox.exchange import Ids, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import Strike
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

MAKE, EDIT = "/v1/images/generations", "/v1/images/edits"
PRICES = {"1K": "0.067", "2K": "0.101", "4K": "0.151"}
SCALES = {"1K": 1, "2K": 2, "4K": 4}
SHAPES = {
    f"{width * scale}x{height * scale}": (ratio, name)
    for ratio, (width, height) in SIZES.items()
    for name, scale in SCALES.items()
}
"""Which ratio and resolution each size is."""
KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


class OpenAiApi(Api):
    """What a gateway such as LiteLLM answers. A size that it does not know is dropped silently."""

    no_credits = 429, "You exceeded your current quota, please check your plan and billing details."

    def is_generation(self, method: str, path: str) -> bool:
        """See `Api.is_generation`."""
        return method == "POST" and path in {MAKE, EDIT}

    def _route(self, request: Request) -> Route:
        if request.path == EDIT:
            self._routes[EDIT] = Route("POST", self._generate)
        elif request.path == "/v1/models":
            return Route("GET", lambda *_: as_json({"object": "list", "data": []}), needs_key=False)
        elif request.path != MAKE and not request.path.startswith("/generations/"):
            raise Refused(404, "Not Found")
        return super()._route(request)

    def _error(self, refused: Refused, *_: Any) -> Response:
        text = refused.message
        said = text if isinstance(text, str) else "; ".join(text)
        kind = KINDS.get(refused.status, "server_error" if refused.status >= 500 else "error")
        error = {"message": said, "type": kind, "param": None, "code": str(refused.status)}
        return as_json({"error": error}, refused.status, refused.headers)

    def _order(self, request: Request) -> GenerationOrder:
        fields, files = _read(request)
        check = Checker(fields)
        model, prompt, count = check.text("model"), check.text("prompt"), check.count("n")
        if request.path == EDIT and not files:
            check.wrong.append(("image", "Field required"))
        pictures = check.pictures("image", files, self._fetch)
        if check.wrong:
            raise Refused(400, "; ".join(f"{name}: {hint}" for name, hint in check.wrong))
        ratio, resolution = SHAPES.get(str(fields.get("size")), ("1:1", "1K"))
        return check.order(
            model,
            prompt,
            ratio=ratio,
            resolution=resolution,
            count=count,
            references=pictures,
            price=Decimal(PRICES[resolution]),
        )

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        charged = order.credits if strike.trouble.logged == "succeeded" else 0
        data = [self._encoded(each, strike) for each in self._data(order, strike, base) or ()]
        headers = {
            "x-litellm-response-cost": f"{usd(charged):.9f}",
            "x-litellm-call-id": ids.request_id,
        }
        response = as_json({"created": int(time.time()), "data": data}, headers=headers)
        if strike.trouble.name == "cut-json":
            return replace(response, body=response.body[: len(response.body) // 2])
        return response

    def _encoded(self, item: dict[str, Any], strike: Strike) -> dict[str, Any]:
        if not item.get("url") or strike.trouble.at_link:
            return {"b64_json": item.get("b64_json"), "url": item.get("url")}
        data = self._pictures.file(self._pictures.find(item["file_name"]))
        return {"b64_json": base64.b64encode(data).decode(), "revised_prompt": None}


def _read(request: Request) -> tuple[Mapping[str, Any], list[str]]:
    """The fields of a body, and its files as ``data:`` addresses."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return read_object(request.body), []
    fields: dict[str, Any] = {}
    files: list[str] = []
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    for part in form.get_payload() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        data = part.get_payload(decode=True)  # type: ignore[union-attr]
        if name in {"image", "image[]"} and isinstance(data, bytes):
            mime = part.get_content_type()  # type: ignore[union-attr]
            files.append(f"data:{mime};base64,{base64.b64encode(data).decode()}")
        elif isinstance(name, str) and isinstance(data, bytes):
            text = data.decode(errors="replace")
            fields[name] = int(text) if text.isdecimal() else text
    return fields, files
