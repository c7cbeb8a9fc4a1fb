"""Money before and after: the price quoted, the budget of this kernel, and what was spent in it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from nb_banana import account
from nb_banana.client import Service
from nb_banana.errors import BudgetError
from nb_banana.money import dollars
from nb_banana.request import ImageRequest
from nb_banana.settings import settings


@dataclass(frozen=True)
class Estimate:
    """What some requests will cost.

    Attributes:
        usd: for those whose price is known.
        unknown: how many have no price that the service can quote.
    """

    usd: Decimal
    unknown: int

    def __str__(self) -> str:
        known = f"about {dollars(self.usd)}" if self.usd else ""
        some = "price not known" if not known else f"{self.unknown} at a price not known"
        return known if not self.unknown else ", ".join(filter(None, (known, some)))


@dataclass(frozen=True)
class Tally:
    """What happened in this kernel with one kind of service, in US dollars.

    Attributes:
        spent: what was charged.
        count: how many charges that were.
        saved: what pictures from the library did not cost again.
    """

    spent: Decimal = Decimal(0)
    count: int = 0
    saved: Decimal = Decimal(0)


class Purse:
    """A tally for each kind of service; play money of the sandbox is never mixed with real one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[str, Tally] = {}

    def __getitem__(self, kind: str) -> Tally:
        return self._tallies.get(kind, Tally())

    def pay(self, usd: Decimal | None, kind: str) -> None:
        """Write down a bill."""
        with self._lock:
            old = self[kind]
            self._tallies[kind] = replace(old, spent=old.spent + (usd or 0), count=old.count + 1)

    def save(self, usd: Decimal | None, kind: str) -> None:
        """Write down what a picture from the library would have cost."""
        with self._lock:
            self._tallies[kind] = replace(self[kind], saved=self[kind].saved + (usd or 0))


PURSE = Purse()


def estimate(requests: Sequence[ImageRequest], service: Service) -> Estimate:
    """What these requests will cost, as the service quotes it. No key is sent."""
    prices = [account.price(service, each.model, each.resolution) for each in requests]
    return Estimate(
        sum((price for price in prices if price is not None), Decimal(0)),
        sum(price is None for price in prices),
    )


def check_budget(requests: Sequence[ImageRequest], service: Service, kind: str) -> None:
    """Stop before anything is sent where it would pass the budget, or where nobody agrees.

    Raises:
        BudgetError: ``Banana.budget`` would be passed, or ``Banana.confirm_over`` was and the
            person said no or can't be asked.
    """
    if settings.budget is None and settings.confirm_over is None:
        return
    cost = estimate(requests, service)
    spent = PURSE[kind].spent
    budget = _amount(settings.budget)
    if budget is not None and (spent + cost.usd > budget or (cost.unknown and spent >= budget)):
        raise BudgetError(
            f"This costs {cost}, {dollars(spent)} of the budget of {dollars(budget)} is spent, and "
            "together that is more. Nothing was sent. Raise it: %config Banana.budget = "
            f"{spent + cost.usd:.2f}"
        )
    limit = _amount(settings.confirm_over)
    if limit is not None and (cost.usd > limit or cost.unknown):
        _confirm(cost, limit)


def left(kind: str) -> Decimal | None:
    """What is left of the budget in US dollars; None where there is none."""
    budget = _amount(settings.budget)
    return None if budget is None else max(budget - PURSE[kind].spent, Decimal(0))


def _amount(setting: float | None) -> Decimal | None:
    return None if setting is None else Decimal(str(setting))


def _confirm(cost: Estimate, limit: Decimal) -> None:
    question = f"This costs {cost}, more than {dollars(limit)}. Send it? [y/N] "
    try:
        answer = input(question)
    except (EOFError, RuntimeError):  # a kernel that nobody sits at raises RuntimeErrors
        raise BudgetError(
            f"This costs {cost}, more than {dollars(limit)}, and nobody can be asked here. Nothing "
            "was sent. Raise it: %config Banana.confirm_over"
        ) from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise BudgetError("You said no. Nothing was sent.")
