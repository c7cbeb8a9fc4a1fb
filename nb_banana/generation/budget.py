"""Money before and after: the price quoted, the budget of this kernel, and what was spent in it."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal

from nb_banana._text import dollars
from nb_banana.errors import BudgetError
from nb_banana.request import ImageRequest
from nb_banana.services.aimlapi import pricing
from nb_banana.services.service import Service
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
        cents = self.usd.quantize(Decimal("0.01")) if self.usd >= 1 / Decimal(10) else self.usd
        known = f"about {dollars(cents)}" if self.usd else ""
        some = "price not known" if not known else f"{self.unknown} at a price not known"
        return known if not self.unknown else ", ".join(filter(None, (known, some)))


@dataclass(frozen=True)
class SessionTotals:
    """What happened in this kernel with one kind of service, in US dollars.

    Attributes:
        spent: what was charged.
        count: how many charges that were.
        saved: what pictures from the library did not cost again.
    """

    spent: Decimal = Decimal(0)
    count: int = 0
    saved: Decimal = Decimal(0)


class Budget:
    """A total for each kind of service; play money of the sandbox is never mixed with real one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[str, SessionTotals] = {}
        self._held: dict[str, tuple[str, Decimal]] = {}

    def __getitem__(self, kind: str) -> SessionTotals:
        return self._tallies.get(kind, SessionTotals())

    def held(self, kind: str) -> Decimal:
        """What requests that are under way will cost, and those of which nobody knows yet."""
        with self._lock:
            return self._held_by(kind)

    def hold(self, request_id: str, kind: str, usd: Decimal, budget: Decimal | None = None) -> bool:
        """Set money aside before a request is sent; False where it would pass the budget.

        In one step, so that threads that begin at once do not pass it together.
        """
        with self._lock:
            if budget is not None and self._used(kind) + usd > budget:
                return False
            self._held[request_id] = kind, usd
            return True

    def drop(self, request_id: str) -> None:
        """It was not charged: the money that was set aside is free again."""
        with self._lock:
            self._held.pop(request_id, None)

    def settle(self, request_id: str, usd: Decimal | None) -> None:
        """Write down the bill of a request that this kernel sent; any other is not counted.

        Where the service names no amount, what was set aside counts: else no budget would end.
        """
        with self._lock:
            kind, quoted = self._held.pop(request_id, ("", Decimal(0)))
            if kind:
                old = self[kind]
                spent = old.spent + (quoted if usd is None else usd)
                self._tallies[kind] = replace(old, spent=spent, count=old.count + 1)

    def used(self, kind: str) -> Decimal:
        """What was spent and what is set aside."""
        with self._lock:
            return self._used(kind)

    def _used(self, kind: str) -> Decimal:
        return self[kind].spent + self._held_by(kind)

    def _held_by(self, kind: str) -> Decimal:
        return sum((usd for its, usd in self._held.values() if its == kind), Decimal(0))

    def save(self, usd: Decimal | None, kind: str) -> None:
        """Write down what a picture from the library would have cost."""
        with self._lock:
            self._tallies[kind] = replace(self[kind], saved=self[kind].saved + (usd or 0))


BUDGET = Budget()


def estimate(requests: Sequence[ImageRequest], service: Service) -> Estimate:
    """What these requests will cost, as the service quotes it. No key is sent."""
    kinds = Counter((each.model, each.resolution, _pictures(each)) for each in requests)
    usd, unknown = Decimal(0), 0
    for (model, resolution, pictures), count in kinds.items():
        price = pricing.price(service, model, resolution)
        if price is None:
            unknown += count
        else:
            usd += price * pictures * count
    return Estimate(usd, unknown)


def _pictures(request: ImageRequest) -> int:
    """How many pictures one request asks for: each has its price."""
    asked = request.params.get("num_images")
    return asked if isinstance(asked, int) and not isinstance(asked, bool) and asked > 1 else 1


def check_budget(
    requests: Sequence[ImageRequest],
    service: Service,
    kind: str,
    request_id: str | None = None,
    *,
    ask: bool = True,
) -> None:
    """Stop before anything is sent where it would pass the budget, or where nobody agrees.

    Args:
        requests: what will be asked.
        service: who will be asked, for its prices.
        kind: the kind of service.
        request_id: set the money aside for this request; else it is only looked at.
        ask: whether ``Banana.confirm_over`` holds; not for one of many that were agreed to.

    Raises:
        BudgetError: ``Banana.budget`` would be passed, or ``Banana.confirm_over`` was and the
            person said no or can't be asked.
    """
    budget = _amount(settings.budget)
    limit = _amount(settings.confirm_over) if ask else None
    asked = budget is not None or limit is not None
    cost = estimate(requests, service) if asked else Estimate(Decimal(0), 0)
    fits = budget is None or BUDGET.used(kind) + cost.usd <= budget
    if budget is not None and cost.unknown and BUDGET.used(kind) >= budget:
        fits = False
    if fits and request_id is not None:
        fits = BUDGET.hold(request_id, kind, cost.usd, budget)
    if budget is not None and not fits:
        raise _passed(cost, budget, kind)
    if limit is not None and (cost.usd > limit or cost.unknown):
        _confirm(cost, limit)


def _passed(cost: Estimate, budget: Decimal, kind: str) -> BudgetError:
    used, held = BUDGET.used(kind), BUDGET.held(kind)
    under_way = f" ({dollars(held)} of it under way or not known yet)" if held else ""
    enough = (used + (cost.usd or Decimal(1))).quantize(Decimal("0.01"), ROUND_UP)
    return BudgetError(
        f"This costs {cost}, {dollars(used)} of the budget of {dollars(budget)} is spent"
        f"{under_way}, and together that is more. Nothing was sent. Raise it: %config "
        f"Banana.budget = {enough}"
    )


def budget_left(kind: str) -> Decimal | None:
    """What is left of the budget in US dollars; None where there is none."""
    budget = _amount(settings.budget)
    return None if budget is None else max(budget - BUDGET.used(kind), Decimal(0))


def _amount(setting: float | None) -> Decimal | None:
    return None if setting is None else Decimal(str(setting))


def _confirm(cost: Estimate, limit: Decimal) -> None:
    question = f"This costs {cost}, more than {dollars(limit)}. Send it? [y/N] "
    try:
        answer = input(question)
    except (EOFError, RuntimeError, OSError):  # RuntimeErrors: a kernel that nobody sits at
        raise BudgetError(
            f"This costs {cost}, more than {dollars(limit)}, and nobody can be asked here. Nothing "
            "was sent. Raise it: %config Banana.confirm_over"
        ) from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise BudgetError("You said no. Nothing was sent.")
