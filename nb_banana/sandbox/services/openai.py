"""What speaks as OpenAI does: pictures by JSON, with references by a multipart form."""

import base64
import time
from collections.abc import Mapping
from decimal import Decimal
from email import message_from_bytes
from typing import Any, ClassVar

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route, cut
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

    words: ClassVar = {
        "400": (400, "Invalid value for 'prompt'."),
        "401": (401, "Incorrect API key provided."),
        "402": no_credits,
        "403": (403, "Your organization must be verified to use this model."),
        "404": (404, "The model does not exist or you do not have access to it."),
        "422": (422, "Your request was rejected as a result of our safety system."),
        "429": (429, "Rate limit reached"),
        "429-retry-after": (429, "Rate limit reached"),
        "500": (500, "The server had an error while processing your request."),
        "503": (503, "No deployments available for selected model"),
        "maintenance": (500, "The model is under maintenance"),
    }

    def _id_headers(self, ids: Ids) -> dict[str, str]:
        return {"x-request-id": f"req_{ids.request_id}", "x-litellm-call-id": ids.request_id}

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
        said = refused.said
        kind = KINDS.get(refused.status, "server_error" if refused.status >= 500 else "error")
        code = str(refused.status)
        if said == self.no_credits[1]:
            kind = code = "insufficient_quota"
        error = {"message": said, "type": kind, "param": None, "code": code}
        return as_json({"error": error}, refused.status, refused.headers)

    def _order(self, request: Request) -> GenerationOrder:
        fields, files = _read(request)
        check = Checker(fields)
        model, prompt, count = check.text("model"), check.text("prompt"), check.count("n")
        if request.path == EDIT and not files:
            check.wrong.append(("image", "Field required"))
        pictures = check.pictures("image", files, self._fetch)
        wanted = check.choice("response_format", ("url", "b64_json"))
        check.refuse_wrong()
        ratio, resolution = SHAPES.get(str(fields.get("size")), ("1:1", "1K"))
        return check.order(
            model,
            prompt,
            ratio=ratio,
            resolution=resolution,
            count=count,
            references=pictures,
            price=Decimal(PRICES[resolution]),
            wants_link=wanted == "url",
        )

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        charged = order.credits if strike.trouble.logged == "succeeded" else 0
        data = [self._drawn(each, order) for each in self._data(order, strike, base) or ()]
        headers = {"x-litellm-response-cost": f"{usd(charged):.9f}"}
        body = {"created": int(time.time()), "data": data}
        return cut(as_json(body, headers=headers), strike)

    def _drawn(self, item: dict[str, Any], order: GenerationOrder) -> dict[str, Any]:
        name = item.get("file_name")
        picture = self._pictures.find(name) if name else None
        if picture is None:
            return {"b64_json": None, "url": None}
        if item["url"] and (order.wants_link or picture.strike.trouble.at_link):
            return {"b64_json": None, "url": item["url"]}
        return {"b64_json": self._inside(picture), "revised_prompt": None}


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
            fields[name] = int(text) if name == "n" and text.isdecimal() else text
    return fields, files
