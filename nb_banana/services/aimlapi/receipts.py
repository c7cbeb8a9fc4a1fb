"""The ids and the bill of an answer. Source: https://docs.aimlapi.com/integrations/pricing"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from nb_banana._text import Dollars, amount, clean_id
from nb_banana.models import CREDITS_PER_USD
from nb_banana.services.receipt import SANDBOX_HEADER, Receipt
from nb_banana.services.service import RawResponse, Service, at

INFERENCE_ID = "x-inference-id"


def ids_of(reply: RawResponse) -> dict[str, str | None]:
    """The ids that the service gave a request."""
    body = reply.json
    return {
        "client_request_id": clean_id(reply.headers.get("x-client-request-id")),
        "inference_id": clean_id(reply.headers.get(INFERENCE_ID)),
        "request_id": clean_id(body.get("requestId")) if isinstance(body, dict) else None,
    }


def receipt_of(
    model: str, service: Service, ids: Mapping[str, Any], reply: RawResponse, attempts: int
) -> Receipt:
    """The receipt of an answer, before its picture is fetched."""
    named = ids["inference_id"]
    spent, usd = read_bill(reply.headers, reply.json)
    return Receipt(
        model=model,
        service=service.host,
        sandbox=SANDBOX_HEADER in reply.headers,
        client_request_id=ids["client_request_id"],
        inference_id=None if named and service.secret and service.holds_key(named) else named,
        credits=spent,
        usd=usd,
        seconds=0.0,
        attempts=attempts,
        created=datetime.now(UTC),
    )


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
