"""Google's Gemini API: parts of an answer, with a draft to skip and base64 that is URL-safe."""

import base64
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route
from nb_banana.sandbox.exchange import Ids, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import Strike
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

PATH, VERB = "/v1beta/models/", ":generateContent"
FLASH = {"512": "0.045", "1K": "0.067", "2K": "0.101", "4K": "0.151"}
PRICES: dict[str, dict[str, str]] = {
    "gemini-3.1-flash-image": FLASH,
    "gemini-nano-banana-2.1": {"1K": "0.0336", "2K": "0.0504", "4K": "0.113"},
    "gemini-3.1-flash-lite-image": {"1K": "0.0336"},
    "gemini-3-pro-image": {"1K": "0.134", "2K": "0.134", "4K": "0.24"},
}
RPC = "type.googleapis.com/google.rpc"
THOUGHTS, WORDS, OF_REFERENCE = 200, 40, 1120
DOLLARS = {"gemini-nano-banana-2.1": ("1.50", "7.50")}
OUTPUT = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}
THINKING = ("minimal", "low", "medium", "high")
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class GoogleApi(Api):
    """What https://generativelanguage.googleapis.com answers."""

    key_header = "x-goog-api-key", ""
    no_credits = 429, "Your prepayment credits are depleted."

    def is_generation(self, method: str, path: str) -> bool:
        """See `Api.is_generation`."""
        return method == "POST" and path.endswith(VERB)

    def _route(self, request: Request) -> Route:
        if not (request.path.startswith(PATH) and request.path.endswith(VERB)):
            raise Refused(404, "Not Found")
        if request.method != "POST":
            raise Refused(405, "Method Not Allowed", Allow="POST")
        if not self._keys.admits(request):
            raise Refused(400, "API key not valid. Please pass a valid API key.")
        return Route("POST", self._generate)

    def _error(self, refused: Refused, *_: Any) -> Response:
        text = refused.message
        said = text if isinstance(text, str) else "; ".join(text)
        details: list[dict[str, Any]] = []
        headers = dict(refused.headers)
        if wait := headers.pop("Retry-After", ""):
            details = [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"}
            ]
        if said.startswith("API key not valid"):
            details = [{"@type": f"{RPC}.ErrorInfo", "reason": "API_KEY_INVALID"}]
        status = STATUS.get(refused.status, "UNKNOWN")
        error = {"code": refused.status, "message": said, "status": status, "details": details}
        body: Any = {"error": error}
        return as_json([body] if refused.status == 429 else body, refused.status, headers)

    def _order(self, request: Request) -> GenerationOrder:
        fields = read_object(request.body)
        model = request.path.removeprefix(PATH).removesuffix(VERB)
        if model not in PRICES:
            raise Refused(404, f"models/{model} is not found for API version v1beta.")
        parts = _parts(fields)
        wanted = _inner(fields, "generationConfig", "imageConfig")
        check = Checker({**wanted, "prompt": "".join(each.get("text", "") for each in parts)})
        prompt, ratio = check.text("prompt"), check.choice("aspectRatio", SIZES)
        resolution = check.choice("imageSize", PRICES[model]) or "1K"
        uris = [
            f"data:{data.get('mimeType')};base64,{data.get('data')}"
            for each in parts
            if isinstance(data := each.get("inlineData"), dict)
        ]
        pictures = check.pictures("contents", uris, self._fetch)
        level = _inner(fields, "generationConfig", "thinkingConfig").get("thinkingLevel")
        if level is not None and level not in THINKING:
            check.wrong.append(("thinkingLevel", f"Expected one of {', '.join(THINKING)}"))
        if check.wrong:
            raise Refused(400, "; ".join(f"{name}: {hint}" for name, hint in check.wrong))
        of_input, of_text = map(Decimal, DOLLARS.get(model, ("0.50", "3.00")))
        tokens = _asked(prompt, len(pictures)) * of_input + THOUGHTS * of_text
        return check.order(
            model,
            prompt,
            ratio=ratio,
            resolution=resolution,
            count=1,
            references=pictures,
            price=Decimal(PRICES[model][resolution]) + tokens / 1_000_000,
        )

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        found = self._data(order, strike, base) or []
        is_empty = strike.trouble.name == "empty-item"
        parts = [] if is_empty else [part for each in found for part in self._drawn(each)]
        usage = {
            "promptTokenCount": _asked(order.prompt, len(order.references)),
            "candidatesTokenCount": OUTPUT["1K"] if parts else WORDS,
            "thoughtsTokenCount": THOUGHTS,
        }
        reason = "STOP" if parts else "IMAGE_SAFETY" if not is_empty else "NO_IMAGE"
        content = {"role": "model", "parts": parts}
        body = {
            "candidates": [{"content": content, "finishReason": reason, "index": 0}],
            "usageMetadata": {**usage, "totalTokenCount": sum(usage.values())},
            "modelVersion": order.model,
            "responseId": ids.request_id,
        }
        response = as_json(body)
        if strike.trouble.name == "cut-json":
            return replace(response, body=response.body[: len(response.body) // 2])
        return response

    def _drawn(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """A draft that is a thought, a word, and the picture."""
        picture = self._pictures.find(item["file_name"])
        draft = self._pictures.file(
            self._pictures.add(replace(picture.order, size=(64, 64)), picture.strike)
        )
        return [
            {"text": "A first draft.", "thought": True},
            {"inlineData": _encoded(draft), "thought": True},
            {"text": "Here it is."},
            {"inlineData": _encoded(self._pictures.file(picture))},
        ]


def _encoded(data: bytes) -> dict[str, str]:
    return {"mimeType": "image/png", "data": base64.urlsafe_b64encode(data).decode()}


def _asked(prompt: str, references: int) -> int:
    return len(prompt.split()) + references * OF_REFERENCE


def _inner(fields: Any, *names: str) -> dict[str, Any]:
    for name in names:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields if isinstance(fields, dict) else {}


def _parts(fields: Any) -> list[dict[str, Any]]:
    contents = fields.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Refused(400, "contents is not specified")
    found = _inner(contents[-1]).get("parts")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
