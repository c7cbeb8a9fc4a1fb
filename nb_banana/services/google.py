"""Google's own Gemini API: pictures inside of the answer, with drafts and words beside them.

Source: https://ai.google.dev/gemini-api/docs/image-generation
"""

import base64
import re
from decimal import Decimal
from typing import Any

from nb_banana._text import amount, clean_id
from nb_banana.credentials import PLACES
from nb_banana.models import SIZES, Model
from nb_banana.references.reference import Reference
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    Call,
    Decoded,
    Failed,
    KeyHeader,
    Refusal,
    Reply,
    ResultItem,
    ServiceAnswer,
    Unreadable,
    at,
    list_of,
)
from nb_banana.services.reading import (
    MOST_ENTRIES,
    TOO_MANY,
    UNKNOWN_SHAPE,
    answer_in,
    as_it_came,
    bytes_inside,
    may_hold_more,
    picture_of,
    words_in,
)
from nb_banana.services.service import Service

PLACE = PLACES["google"]
SIZES_OF_ALL = ("1K", "2K", "4K")
_ALL: dict[str, Any] = {"aspect_ratios": tuple(SIZES), "max_images": 14, "web_search": True}
MODELS = (
    Model(
        ("gemini-3.1-flash-image",),
        ("nano-banana-2", "2"),
        resolutions=("512", *SIZES_OF_ALL),
        **_ALL,
    ),
    Model(("gemini-nano-banana-2.1",), ("nano-banana-2.1", "2.1"), **_ALL),
    Model(
        ("gemini-3.1-flash-lite-image",),
        ("nano-banana-2-lite", "lite"),
        resolutions=("1K",),
        **_ALL,
    ),
    Model(("gemini-3-pro-image",), ("nano-banana-pro", "pro"), **_ALL),
)
PRICES: dict[str, dict[str, str]] = {
    "gemini-3.1-flash-image": {"512": "0.045", "1K": "0.067", "2K": "0.101", "4K": "0.151"},
    "gemini-nano-banana-2.1": {"1K": "0.0336", "2K": "0.0504", "4K": "0.113"},
    "gemini-3.1-flash-lite-image": {"1K": "0.0336"},
    "gemini-3-pro-image": {"1K": "0.134", "2K": "0.134", "4K": "0.24"},
}
"""US dollars of a picture: https://ai.google.dev/gemini-api/docs/pricing"""
TOKENS = {"gemini-nano-banana-2.1": (Decimal("1.50"), Decimal("7.50"))}
USUAL_TOKENS = Decimal("0.50"), Decimal("3.00")
"""US dollars of a million tokens: of what is asked, and of what is thought."""
OF_REFERENCE = 1120  # tokens, about
MILLION = 1_000_000
BAD_KEY = re.compile(r"(the )?api key (not|is|was|has|expired|invalid)", re.IGNORECASE)
"""A 400 that says so of the key; "API key …" alone may be words of a prompt."""
CAPITAL = re.compile("[A-Z]")
SIGNED = {"thoughtSignature", "thought_signature"}
SPENT = re.compile(r"credits? (is|are|has been|have been) (depleted|exhausted|used up)")
"""A 429 that says that there is no money, and not that there are too many requests."""
FINE = {None, "", "STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED"}
SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s?")


class Google(Service):
    """https://ai.google.dev: how it is asked, and what its answers mean."""

    name = "google"
    title = "Google"
    base_url = PLACE.base_url
    models = MODELS
    key_names = PLACE.names
    key_header = KeyHeader("x-goog-api-key", "")
    key_page = PLACE.page
    billing_page = "https://console.cloud.google.com/billing"
    computes_bill = True

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`. The further fields of the request are fields of the body."""
        image = {"aspectRatio": request.aspect_ratio, "imageSize": request.resolution}
        asked = {name: value for name, value in image.items() if value}
        settings: dict[str, Any] = {"responseModalities": ["IMAGE"]}
        if asked:
            settings["imageConfig"] = asked
        parts = [{"inlineData": _inline(each)} for each in request.references]
        body: dict[str, Any] = {
            "contents": [{"role": "user", "parts": [*parts, {"text": request.prompt}]}],
            "generationConfig": settings,
        }
        if request.web_search:
            body["tools"] = [{"googleSearch": {}}]
        path = f"/v1beta/models/{request.model}:generateContent"
        return Call("POST", path, body | dict(request.params))

    def decode(self, reply: Reply) -> ServiceAnswer | Refusal | Failed | Unreadable:
        """See `Service.decode`."""
        body = reply.json
        told: dict[str, Any] = {"inference_id": clean_id(_named(_only(body), "responseId"))}
        if not reply.is_fine:
            said, status = _said(reply), None
            details = str(at(_error(body), "details"))
            if reply.status == 400 and ("API_KEY_INVALID" in details or BAD_KEY.match(said)):
                status = 401
            elif reply.status == 429 and SPENT.search(said):
                status = 402
            return Failed(said, retry_after=_asked_pause(body), status=status, **told)
        body, usage = _only(body), _named(_only(body), "usageMetadata")
        told["usage"] = usage if isinstance(usage, dict) else {}
        candidates = _named(body, "candidates")
        if candidates is None and _named(body, "promptFeedback") is None:
            return answer_in(reply, **told)
        if _size(candidates) > MOST_ENTRIES:
            return Unreadable(TOO_MANY, **told)
        drawn = [_parts(each) for each in _each(candidates)]
        items, trouble = _pictures(drawn)
        if items:
            return ServiceAnswer(items, **told)
        if trouble:
            return Unreadable(f"the picture in it is not whole base64 ({trouble})", **told)
        if may_hold_more(drawn) or not isinstance(candidates, dict | list | None):
            return Unreadable(UNKNOWN_SHAPE, **told)
        return Refusal(_why(body, [part for parts in drawn for part in parts]), **told)

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`. What fails is not billed, by its own page."""
        # https://ai.google.dev/gemini-api/docs/billing; after a 504 the work may go on behind it.
        is_own = isinstance(at(_error(reply.json), "status"), str)
        return False if not reply.is_fine and is_own and reply.status != 504 else None

    def price(self, request: ImageRequest) -> Decimal | None:
        """See `Service.price`: the picture, and what is asked as far as its tokens are known."""
        picture = _of_picture(request)
        of_input, _ = TOKENS.get(request.model, USUAL_TOKENS)
        asked = len(request.references) * OF_REFERENCE
        return None if picture is None else picture + asked * of_input / MILLION

    def bill(self, request: ImageRequest, outcome: Decoded) -> Decimal | None:
        """See `Service.bill`: its tokens, and the picture by its size."""
        price = _of_picture(request)
        if price is None:
            return None
        of_input, of_text = TOKENS.get(request.model, USUAL_TOKENS)
        asked, thought, written = (
            amount(outcome.usage.get(name)) or Decimal(0)
            for name in ("promptTokenCount", "thoughtsTokenCount", "candidatesTokenCount")
        )
        tokens = asked * of_input + thought * of_text
        if isinstance(outcome, ServiceAnswer):
            return price + tokens / MILLION
        is_refusal = isinstance(outcome, Refusal) and outcome.usage
        return (tokens + written * of_text) / MILLION if is_refusal else None


def _of_picture(request: ImageRequest) -> Decimal | None:
    """US dollars of a picture alone, by its page."""
    found = PRICES.get(request.model, {}).get(request.resolution or "1K")
    return Decimal(found) if found else None


def _inline(reference: Reference) -> dict[str, str]:
    mime, data = picture_of(reference, Google.title)
    return {"mimeType": mime, "data": base64.b64encode(data).decode()}


def _only(body: Any) -> Any:
    """A body, which is sometimes a list of one."""
    return body[0] if isinstance(body, list) and body else body


def _error(body: Any) -> Any:
    return at(_only(body), "error")


def _named(value: Any, name: str) -> Any:
    """A field by its name, in camel case or in snake case."""
    found = at(value, name)
    return at(value, CAPITAL.sub(r"_\g<0>", name).lower()) if found is None else found


def _each(value: Any) -> list[dict[str, Any]]:
    """What a list has, or the one that stands without its list."""
    return [each for each in list_of(value) or [value] if isinstance(each, dict)]


def _size(candidates: Any) -> int:
    """How many parts are to be looked through, and candidates."""
    found = list_of(candidates) or [candidates]
    return len(found) + sum(len(list_of(at(each, "content", "parts"))) for each in found)


def _parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a candidate that are no thoughts, without the marks of thoughts."""
    parts = _each(at(candidate, "content", "parts"))
    said = [each for each in parts if each.get("thought") in (None, False, 0, "", "false")]
    return [{name: of for name, of in each.items() if name not in SIGNED} for each in said]


def _pictures(drawn: list[list[dict[str, Any]]]) -> tuple[tuple[ResultItem, ...], str]:
    """The picture of the candidates, and what is wrong with what should be one and can't be read.

    That comes along behind the picture, as it came.
    """
    odd: list[ResultItem] = []
    trouble = ""
    for parts in drawn:
        inside = [at(_named(each, "inlineData"), "data") for each in parts]
        for data in filter(None, reversed(inside)):  # smaller drafts come first
            try:
                return (ResultItem(data=bytes_inside(data)), *odd), ""
            except (ValueError, TypeError, AttributeError) as error:
                odd.append(as_it_came(data))
                trouble = trouble or str(error)
    return (), trouble


def _said(reply: Reply) -> str:
    """The message of an error; what is behind it is for programs."""
    said = at(_error(reply.json), "message")
    return words_in(Reply(reply.status, {}, reply.body)) if not isinstance(said, str) else said


def _asked_pause(body: Any) -> float:
    """The seconds of ``RetryInfo``, as ``"30s"`` or as an object; 0 where there is none."""
    for each in list_of(at(_error(body), "details")):
        asked = _named(each, "retryDelay")
        found = SECONDS.fullmatch(str(at(asked, "seconds") or asked or ""))
        if found:
            return float(found[1])
    return 0.0


def _why(body: Any, parts: list[dict[str, Any]]) -> str:
    """Why there is no picture, in its own words."""
    candidates = _each(_named(body, "candidates"))
    reasons = [_named(each, "finishReason") for each in candidates]
    reasons.append(_named(_named(body, "promptFeedback"), "blockReason"))
    words = [_named(each, "finishMessage") for each in candidates]
    words += [each.get("text") for each in parts]
    named = [each for each in reasons if isinstance(each, str) and each not in FINE]
    said = [*named, *(each for each in words if isinstance(each, str) and each.strip())]
    return words_in(Reply(200, {"content-type": "text/plain"}, ": ".join(said).encode()))
