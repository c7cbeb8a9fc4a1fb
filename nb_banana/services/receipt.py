"""`Receipt`: what the service said of one request: ids, cost, time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

CREDITS_PER_USD = 2_000_000
"""https://docs.aimlapi.com/integrations/pricing: USD 1 is 2,000,000 credits."""

SANDBOX_HEADER = "x-nb-banana-sandbox"
"""In every answer of a sandbox: its money is play money."""

LARGEST_BILL = 10**12
"""More credits or dollars than this are a mistake of the service."""


@dataclass(frozen=True)
class Receipt:
    """The bill and the ids of one request.

    Attributes:
        model: the id that was sent.
        service: the host that answered.
        sandbox: whether a sandbox answered, so that the money is play money.
        client_request_id: our own id, which the service's log knows the request by.
        inference_id: the service's id, which the charge is recorded under.
        credits: what was charged, in the service's credits; None where it did not say.
        usd: the same in US dollars.
        seconds: from sending to the whole picture, waits between attempts included; 0 before.
        attempts: how often it was sent; more than 1 only where it can't have been charged before.
        created: when the answer came, in UTC.

    """

    model: str
    service: str
    sandbox: bool
    client_request_id: str
    inference_id: str | None
    credits: int | None
    usd: Decimal | None
    seconds: float
    attempts: int
    created: datetime


def read_bill(headers: Mapping[str, str], body: Any) -> tuple[int | None, Decimal | None]:
    """What was charged, in credits and USD: from the headers, else from ``meta``.

    Where only one of the two is there the other follows from the published rate. Numbers that
    make no sense count as not said.

    >>> read_bill({"x-aimlapi-credits-used": "178975"}, None)
    (178975, Decimal('0.0894875'))
    """
    usage = body.get("meta") if isinstance(body, Mapping) else None
    usage = usage.get("usage") if isinstance(usage, Mapping) else None
    usage = usage if isinstance(usage, Mapping) else {}
    spent = _number(headers.get("x-aimlapi-credits-used"), usage.get("credits_used"))
    usd = _number(headers.get("x-aimlapi-usd-spent"), usage.get("usd_spent"))
    if usd is None and spent is not None:
        usd = spent / CREDITS_PER_USD
    if spent is None and usd is not None:
        spent = usd * CREDITS_PER_USD
    return (None if spent is None else round(spent)), usd


def _number(*candidates: Any) -> Decimal | None:
    return next((number for each in candidates if (number := amount(each)) is not None), None)


def amount(value: Any) -> Decimal | None:
    """Money or credits, exact; None for a number that makes no sense, or for none.

    >>> amount("0.0894875"), amount("NaN"), amount(-1)
    (Decimal('0.0894875'), None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):  # ValueError: an integer of thousands of digits
        return None
    return number if number.is_finite() and 0 <= number < LARGEST_BILL else None
