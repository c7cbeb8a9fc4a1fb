"""The AI/ML API: how it is asked, and what its answers mean.

Sources: https://docs.aimlapi.com/api-references/image-models/google,
https://docs.aimlapi.com/errors-and-messages/general-info and
https://docs.aimlapi.com/integrations/pricing
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nb_banana._later import later
from nb_banana._text import Dollars, amount, clean_id
from nb_banana.credentials import AIMLAPI
from nb_banana.models import CREDITS_PER_USD, documented_price
from nb_banana.request import ImageRequest, asked_fields
from nb_banana.services.exchange import (
    Call,
    Failed,
    Fate,
    Get,
    Refusal,
    Reply,
    SentRequest,
    ServiceAnswer,
    Unreadable,
    at,
)
from nb_banana.services.reading import answer_in, words_in
from nb_banana.services.service import Service

if TYPE_CHECKING:
    from nb_banana.services.aimlapi import ledger, log, pricing
else:  # for what is asked beside a generation
    ledger, log, pricing = later("nb_banana.services.aimlapi", "ledger", "log", "pricing")

GENERATIONS = "/v1/images/generations"
DEPRECATIONS = "/v1/models/deprecations"
METRICS = "/models/metrics"
NAMES = {"images": "image_urls", "web_search": "enable_web_search"}
"""What the service calls a field, where that is another name than ours."""
OVER_LIMIT = (
    r"(?i)charges using this key|(spending|usage|key'?s?) limit|limit (of|for|on) (this|the|your) "
    r"(api )?key"
)
"""How the service may say that a key is over its limit: its pages give the first words."""


class AimlApi(Service):
    """https://aimlapi.com, the service where nobody chose another."""

    name = "aimlapi"
    title = "the AI/ML API"
    base_url = AIMLAPI.base_url
    key_names = AIMLAPI.names
    key_page = AIMLAPI.page
    billing_page = "https://aimlapi.com/app/billing"
    picture_code = 'picture = requests.get(answer.json()["data"][0]["url"], timeout=60).content\n'
    id_header = "X-Client-Request-Id"
    inference_header = "x-inference-id"
    deprecations = DEPRECATIONS
    metrics = METRICS

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`."""
        return Call("POST", GENERATIONS, payload_of(request))

    def decode(self, reply: Reply) -> ServiceAnswer | Refusal | Failed | Unreadable:
        """See `Service.decode`."""
        is_fine, body = reply.is_fine, reply.json
        told: dict[str, Any] = {
            "request_id": clean_id(at(body, "requestId")),
            "inference_id": clean_id(reply.headers.get(self.inference_header)),
        }
        told["credits"], told["usd"] = read_bill(reply.headers, body)
        if is_fine:
            return answer_in(reply, **told)
        said = words_in(reply)
        may_be_over = reply.status in {402, 403} and is_own_words(reply)
        is_over = may_be_over and re.search(OVER_LIMIT, said) is not None
        return Failed(said, is_over_limit=is_over, **told)

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`. A request that failed is never charged, if it says so itself."""
        return False if not reply.is_fine and is_own_words(reply) else None

    def find(self, row: SentRequest, get: Get) -> Fate:
        """See `Service.find`: by its log, and where that does not say the sum by its ledger."""
        found = log.find_row(row, get, _cost)
        is_known = found.usd is not None and found.state != "failed"
        named = row.inference_id or (found.inference_id if found.state == "charged" else None)
        # After a refusal, which is rarely charged, the ledger is not asked without a row.
        if is_known or not named or (row.is_brief and found.state != "charged"):
            return found
        return ledger.find_entry(named, row.sent, get, is_brief=row.is_brief) or found

    def price(self, request: ImageRequest) -> Decimal | None:
        """See `Service.price`. The further fields of the request win, as when it is sent."""
        asked = {"model": request.model, "resolution": request.resolution} | dict(request.params)
        return documented_price(str(asked["model"]), str(asked["resolution"] or "1K"))

    def quote(
        self, model: str, resolution: str | None, get: Get, memory: dict[Any, Any]
    ) -> Decimal | None:
        """See `Service.quote`. Where no resolution is asked, it is the service's default, 1K."""
        return pricing.quoted_price(model, resolution or "1K", get, memory)

    def balance(self, get: Get) -> Decimal | None:
        """See `Service.balance`."""
        reply = get("/v2/billing", {})
        return None if reply is None else amount(at(reply.json, "current_balance"))

    def is_key_refused(self, get: Get) -> bool:
        """See `Service.is_key_refused`."""
        reply = get("/v2/billing", {})
        return reply is not None and reply.status == 401

    def is_reachable(self, get: Get) -> bool:
        """See `Service.is_reachable`."""
        reply = get("/v1/models", {"limit": 1})
        return reply is not None and reply.status == 200


def payload_of(request: ImageRequest) -> dict[str, Any]:
    """The JSON body; the further fields of the request (``params``) win."""
    asked = asked_fields(request)
    if "images" in asked:
        asked["images"] = [image.url for image in request.references]
    return {NAMES.get(name, name): value for name, value in asked.items()} | dict(request.params)


def is_own_words(reply: Reply) -> bool:
    """Whether the service itself wrote this error, and not a gateway before it."""
    # Gateways answer with a page of HTML, with ``{"message": …}`` alone, or with that and a
    # ``statusCode``.
    body = reply.json
    names = set(body) if isinstance(body, dict) else set()
    return {"message", "statusCode"} <= names and bool({"requestId", "path"} & names)


def read_bill(headers: Mapping[str, str], body: Any) -> tuple[int | None, Decimal | None]:
    """What was charged, in credits and USD: from the headers, else from ``meta``.

    >>> read_bill({"x-aimlapi-credits-used": "178975"}, None)
    (178975, Decimal('0.0894875'))
    """
    # Where only one of the two is there the other follows from the published rate. Numbers that
    # make no sense count as not said.
    spent, usd = (
        amount(headers.get("x-aimlapi-credits-used")),
        amount(headers.get("x-aimlapi-usd-spent")),
    )
    spent = amount(at(body, "meta", "usage", "credits_used")) if spent is None else spent
    usd = amount(at(body, "meta", "usage", "usd_spent")) if usd is None else usd
    if usd is None and spent is not None:
        usd = spent / CREDITS_PER_USD
    if spent is None and usd is not None:
        spent = usd * CREDITS_PER_USD
    return (None if spent is None else round(spent)), (None if usd is None else Dollars(usd))


def _cost(row: Mapping[str, Any]) -> Decimal | None:
    """What a row of the log cost."""
    usage = {"usd_spent": at(row, "cost", "usd"), "credits_used": at(row, "cost", "credits")}
    return read_bill({}, {"meta": {"usage": usage}})[1]
