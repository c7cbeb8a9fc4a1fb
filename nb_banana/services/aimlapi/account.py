"""What the service says of money: was it charged, what is left. GETs only.

Source: https://docs.aimlapi.com/api-references/service-endpoints/account-balance and /logs
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from nb_banana.services.aimlapi import query
from nb_banana.services.receipt import read_bill
from nb_banana.services.service import Service

PAUSES = (0.0, 1.0, 2.0, 3.0)
"""Seconds before each look into the log: a row can lag the answer by some seconds."""
PAGE = 100
MOST_PAGES = 10
CLOCKS = timedelta(hours=1)
"""How far our clock and the service's may be apart."""


@dataclass(frozen=True)
class Charge:
    """What the log says of one request.

    Attributes:
        state: ``charged``; ``not charged``; ``absent``: it has no row of it, which may come late;
            ``failed``: it has a row that failed, and another may come late, for the request may
            have been sent again; ``unknown``: the log could not be read.
        usd: what was charged, where the log says it.
        inference_id: the id that the charge is recorded under.
    """

    state: Literal["charged", "not charged", "absent", "failed", "unknown"]
    usd: Decimal | None = None
    inference_id: str | None = None


UNKNOWN = Charge("unknown")


def find_charge(
    service: Service,
    client_request_id: str,
    *,
    sent: datetime | None = None,
    attempts: int | None = None,
    pauses: Sequence[float] = PAUSES,
) -> Charge:
    """Look a request up in the service's log, by our own id.

    Args:
        service: who was asked.
        client_request_id: the id that the request was sent with.
        sent: when, for a request of another day; else the last 24 hours are read.
        attempts: how often it was sent, each time with the same id; None where nobody knows. A
            row that failed is the last word only where there is one for each.
        pauses: seconds before each look; it ends as soon as the log has the last word.
    """
    if service.secret is None and not service.is_loopback:
        return UNKNOWN
    found = UNKNOWN
    for pause in pauses:
        time.sleep(pause)
        rows = _log_rows(service, client_request_id, sent)
        found = UNKNOWN if rows is None else _charge(service, rows, attempts)
        if found.state in {"charged", "not charged"}:
            break
    return found


def _log_rows(
    service: Service, client_request_id: str, sent: datetime | None
) -> list[Mapping[str, Any]] | None:
    """The rows of a request; None where the log can't be read, or not far enough back."""
    period: dict[str, Any] = {"limit": PAGE}
    if sent is None:
        period["period"] = "24h"
    else:
        period["start"] = (sent - CLOCKS).isoformat()
        period["end"] = (sent + 2 * CLOCKS).isoformat()
    found: list[Mapping[str, Any]] = []
    for page in range(MOST_PAGES):
        body = query.get(service, "/v2/logs", period | {"offset": page * PAGE})
        rows = body.get("data") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            return None
        found += [
            row
            for row in rows
            if isinstance(row, dict) and row.get("client_request_id") == client_request_id
        ]
        more = body.get("pagination")
        if found or not (isinstance(more, dict) and more.get("has_more") is True):
            return found
    return None


def _charge(service: Service, rows: list[Mapping[str, Any]], attempts: int | None) -> Charge:
    if not rows:
        return Charge("absent")
    costs = [read_bill({}, {"meta": {"usage": _usage(row)}})[1] for row in rows]
    paid = [row for row, cost in zip(rows, costs, strict=True) if cost]
    if paid:
        total = sum((cost for cost in costs if cost), Decimal(0))
        return Charge("charged", total, service.own_id(paid[0].get("inference_id")))
    if all(row.get("status") == "failed" for row in rows):
        last_word = attempts is not None and len(rows) >= attempts
        state: Literal["not charged", "failed"] = "not charged" if last_word else "failed"
        return Charge(state, Decimal(0), service.own_id(rows[0].get("inference_id")))
    # A request that succeeded at no stated cost: as good as charged, for it has a picture.
    return Charge("charged", None, service.own_id(rows[0].get("inference_id")))


def _usage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "usd_spent": query.at(row, "cost", "usd"),
        "credits_used": query.at(row, "cost", "credits"),
    }


def balance(service: Service) -> Decimal | None:
    """What is left on the account, in US dollars; None where the service does not say."""
    body = query.get(service, "/v2/billing", {})
    return query.decimal_of(body.get("current_balance")) if isinstance(body, dict) else None


def is_reachable(service: Service) -> bool:
    """Whether the service answers at all. No key is sent."""
    return query.ask(service, "/v1/models", {"limit": 1}, with_key=False) is not None
