"""Google's Gemini API: parts of an answer, with a draft to skip and base64 that is URL-safe."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route, cut
from nb_banana.sandbox.catalogue import CREDITS_PER_USD
from nb_banana.sandbox.exchange import Ids, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import Outcome, Strike
from nb_banana.sandbox.picture_store import Picture
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^/]+):generateContent")
"""Google's own client asks without the ``beta``."""
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
KINDS = {"TEXT", "IMAGE", "AUDIO"}
BAD_KEY = "API key not valid. Please pass a valid API key."
QUOTA = "You exceeded your current quota, please check your plan and billing details."
OVERLOADED = "The model is overloaded. Please try again later."
OTHER_ALPHABET = str.maketrans("+/-_", "-_+/")
"""Its base64 is URL-safe; in trouble it is the usual one."""
FIELDS: dict[str, set[str]] = {
    "": {"contents", "generationConfig", "tools", "toolConfig", "safetySettings", "model"}
    | {"systemInstruction", "cachedContent", "labels", "serviceTier"},
    "contents": {"role", "parts"},
    "parts": {"text", "inlineData", "fileData", "thought", "thoughtSignature"},
    "inlineData": {"mimeType", "data", "displayName"},
    "generationConfig": {"responseModalities", "imageConfig", "thinkingConfig", "candidateCount"}
    | {"temperature", "topP", "topK", "seed", "maxOutputTokens", "stopSequences"}
    | {"presencePenalty", "frequencyPenalty", "mediaResolution", "responseMimeType"},
    "imageConfig": {"aspectRatio", "imageSize", "personGeneration"},
    "thinkingConfig": {"thinkingLevel", "thinkingBudget", "includeThoughts"},
    "tools": {"googleSearch", "googleSearchRetrieval", "urlContext", "codeExecution"},
}
"""Which fields it knows, by where they stand: any other is a 400."""
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


WITHOUT_PICTURE = {
    "refusal": "IMAGE_SAFETY",
    "refusal-null": "PROHIBITED_CONTENT",
    "empty-item": "NO_IMAGE",
}
"""Why there is no picture: its tokens are billed all the same."""


class GoogleApi(Api):
    """What https://generativelanguage.googleapis.com answers."""

    key_header = "x-goog-api-key", ""
    no_credits = 429, "Your prepayment credits are depleted."
    words: ClassVar = {
        "400": (400, "Request contains an invalid argument."),
        "401": (400, BAD_KEY),
        "402": no_credits,
        "403": (403, "Your project has been denied access. Please contact support."),
        "404": (404, "models/this-one is not found for API version v1beta."),
        "422": (400, "Unable to process input image."),
        "429": (429, QUOTA),
        "429-retry-after": (429, QUOTA),
        "500": (500, "An internal error has occurred. Please retry."),
        "503": (503, OVERLOADED),
        "maintenance": (503, OVERLOADED),
    }

    def _id_headers(self, _ids: Ids) -> dict[str, str]:
        return {}

    def is_generation(self, method: str, path: str) -> bool:
        """See `Api.is_generation`."""
        return method == "POST" and PATH.fullmatch(path) is not None

    def _route(self, request: Request) -> Route:
        if not PATH.fullmatch(request.path):
            raise Refused(404, "Not Found")
        if request.method != "POST":
            raise Refused(405, "Method Not Allowed", Allow="POST")
        if not self._keys.admits(request):
            raise Refused(400, BAD_KEY)
        return Route("POST", self._generate)

    def _error(self, refused: Refused, *_: Any) -> Response:
        said = refused.said
        details: list[dict[str, Any]] = []
        headers = dict(refused.headers)
        if wait := headers.pop("Retry-After", ""):
            details = [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"}
            ]
        if said == BAD_KEY:
            details = [{"@type": f"{RPC}.ErrorInfo", "reason": "API_KEY_INVALID"}]
        status = STATUS.get(refused.status, "UNKNOWN")
        error = {"code": refused.status, "message": said, "status": status, "details": details}
        body: Any = {"error": error}
        return as_json([body] if refused.status == 429 else body, refused.status, headers)

    def _order(self, request: Request) -> GenerationOrder:
        fields = _camel(read_object(request.body))
        if unknown := next(_unknown(fields), None):
            place, name = unknown
            raise Refused(
                400,
                f"Invalid JSON payload received. Unknown name \"{name}\" at '{place}': "
                "Cannot find field.",
            )
        asked = PATH.fullmatch(request.path)
        if (model := asked["model"] if asked else "") not in PRICES:
            raise Refused(404, f"models/{model} is not found for API version v1beta.")
        parts = _parts(fields)
        wanted = _inner(fields, "generationConfig", "imageConfig")
        check = Checker({**wanted, "prompt": "".join(each.get("text", "") for each in parts)})
        prompt, ratio = check.text("prompt"), check.choice("aspectRatio", SIZES)
        resolution = check.choice("imageSize", PRICES[model]) or "1K"
        uris = [
            f"data:{data.get('mimeType')};base64,{_usual(data.get('data'))}"
            for each in parts
            if isinstance(data := each.get("inlineData"), dict)
        ]
        pictures = check.pictures("contents", uris, self._fetch)
        settings = _inner(fields, "generationConfig")
        level = _inner(settings, "thinkingConfig").get("thinkingLevel")
        if level is not None and str(level).lower() not in THINKING:
            check.wrong.append(("thinkingLevel", f"Expected one of {', '.join(THINKING)}"))
        kinds = settings.get("responseModalities")
        if kinds is not None and not (isinstance(kinds, list) and {*map(str, kinds)} <= KINDS):
            check.wrong.append(("responseModalities", f"Expected some of {', '.join(KINDS)}"))
        check.refuse_wrong()
        return check.order(
            model,
            prompt,
            ratio=ratio,
            resolution=resolution,
            count=1,
            references=pictures,
            price=Decimal(PRICES[model][resolution]) + _tokens(model, prompt, len(pictures)),
        )

    def _outcome(self, order: GenerationOrder, strike: Strike) -> tuple[Outcome | None, int]:
        if strike.trouble.name not in WITHOUT_PICTURE:
            return super()._outcome(order, strike)
        usd = _tokens(order.model, order.prompt, len(order.references), WORDS)
        return "succeeded", round(usd * CREDITS_PER_USD)

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        name = strike.trouble.name
        found = [] if name in WITHOUT_PICTURE else self._data(order, strike, base) or []
        parts = [part for each in found for part in self._drawn(each)]
        usage = {
            "promptTokenCount": _asked(order.prompt, len(order.references)),
            "candidatesTokenCount": OUTPUT["1K"] if parts else WORDS,
            "thoughtsTokenCount": THOUGHTS,
        }
        content = {"role": "model", "parts": parts} if parts else {}
        reason = WITHOUT_PICTURE.get(name, "STOP")
        candidate = {"content": content, "finishReason": reason, "index": 0}
        is_blocked = name == "refusal-null"
        body: dict[str, Any] = {
            **({"promptFeedback": {"blockReason": reason}} if is_blocked else {}),
            **({} if is_blocked else {"candidates": [candidate]}),
            "usageMetadata": {**usage, "totalTokenCount": sum(usage.values())},
            "modelVersion": order.model,
            "responseId": ids.request_id,
        }
        return cut(as_json(body), strike)

    def _drawn(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """A draft that is a thought, a word, and the picture."""
        picture = self._pictures.find(item["file_name"])
        draft = self._pictures.add(replace(picture.order, size=(64, 64)), Strike())
        return [
            {"text": "A first draft.", "thought": True},
            {"inlineData": self._inline(draft), "thought": True, "thoughtSignature": "AAECAw=="},
            {"text": "Here it is."},
            {"inlineData": self._inline(picture), "thoughtSignature": "AAECAw=="},
        ]

    def _inline(self, picture: Picture) -> dict[str, str]:
        return {"mimeType": "image/png", "data": self._inside(picture).translate(OTHER_ALPHABET)}


def _asked(prompt: str, references: int) -> int:
    return len(prompt.split()) + references * OF_REFERENCE


def _tokens(model: str, prompt: str, references: int, words: int = 0) -> Decimal:
    """What it asks, thinks and says costs, in US dollars."""
    of_input, of_text = map(Decimal, DOLLARS.get(model, ("0.50", "3.00")))
    return (_asked(prompt, references) * of_input + (THOUGHTS + words) * of_text) / 1_000_000


def _usual(encoded: Any) -> str:
    """Base64 in its usual alphabet and with its padding: it takes the other one too."""
    text = str(encoded).replace("-", "+").replace("_", "/").rstrip("=")
    return text + "=" * (-len(text) % 4)


def _camel(value: Any) -> Any:
    """The same with its names in camel case: it takes snake case too."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_([a-z])", lambda found: found[1].upper(), name): _camel(each)
        for name, each in value.items()
    }


def _unknown(fields: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where there is a field that it does not know, and its name."""
    for each in fields if isinstance(fields, list) else [fields]:
        for name, inner in each.items() if isinstance(each, dict) else ():
            if name not in FIELDS[place]:
                yield place or "request", name
            elif name in FIELDS:
                yield from _unknown(inner, name)


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
