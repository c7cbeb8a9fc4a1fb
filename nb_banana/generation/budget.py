"""`Budget`: what was spent, what is set aside for requests under way, and what may be spent."""

# A price is what the service quotes. Where it quotes none, or one that its own bills contradict, it
# is what the model's page says or what it charged last, whichever is more. Where there is neither,
# nobody can say, and nothing is sent under a budget.

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from nb_banana._catalogue import AIMLAPI, Catalogue, find_in
from nb_banana._text import InDollars, dollars
from nb_banana._threads import lock
from nb_banana.errors import BudgetError, LibraryError, RequestError
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX
from nb_banana.models import short_name
from nb_banana.request import ImageRequest
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.pricing import PriceList, pictures_asked
from nb_banana.settings import Banana

NOTHING = Decimal(0)
LEAST_PRICE = Decimal("0.01")
"""US dollars. A tenth of this for a picture is not believed before a bill confirms it."""


class Priced(NamedTuple):
    """What the price of a picture hangs on, as it is sent: ``params`` win over the fields."""

    model: str
    resolution: str
    catalogue: Catalogue = AIMLAPI

    @classmethod
    def of(cls, request: ImageRequest) -> "Priced":
        """All of it for a request."""
        asked = {"model": request.model, "resolution": request.resolution} | dict(request.params)
        return cls(str(asked["model"]), str(asked["resolution"] or "1K"), request.catalogue)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the model at its service."""
        known = None
        with suppress(RequestError):  # the service has not this one
            known = find_in(self.catalogue, self.model) if self.model.strip() else None
        return known.ids if known else (self.model,)

    def __str__(self) -> str:
        return f"{short_name(self.model)} at {self.resolution}"


class Cost(NamedTuple):
    """What some requests will cost."""

    usd: Decimal  # for those whose price is known
    unknown: int  # how many have a price that nobody knows
    example: str = ""  # one of these, e.g. "nano-banana-2.1 at 1K"
    is_play: bool = False  # whether it is the sandbox's money

    def __str__(self) -> str:
        cents = self.usd.quantize(Decimal("0.01")) if self.usd >= 1 / Decimal(10) else self.usd
        play = " play money" if self.is_play else ""
        known = f"about {dollars(cents)}{play}" if self.usd else ""
        some = "price not known" if not known else f"{self.unknown} at a price not known"
        return known if not self.unknown else ", ".join(filter(None, (known, some)))


@dataclass(frozen=True)
class SessionTotals(InDollars):
    """What happened in this kernel with one kind of service, in US dollars."""

    spent: Decimal = NOTHING  # what was charged
    count: int = 0  # how many charges that were
    free: int = 0  # how many requests were answered, and cost nothing
    saved: Decimal = NOTHING  # what pictures from the library did not cost again
    assumed: Decimal = NOTHING  # what was set aside for charges whose amount nobody said
    unknown: int = 0  # how many of the charges these are


class HeldMoney(NamedTuple):
    """What is set aside for one request, until its bill is there."""

    kind: str
    usd: Decimal
    request: ImageRequest | None = None


class Budget:
    """A tally for each kind of service, and one budget for all of them that cost real money.

    Play money of a sandbox is never mixed with it.
    """

    # What it may be is read from the settings live, so that a change stops what is under way.

    def __init__(self, settings: Banana, prices: PriceList) -> None:
        self._settings = settings
        self._prices = prices
        self._lock = lock()
        self._tallies: dict[str, SessionTotals] = {}
        self._held: dict[str, HeldMoney] = {}
        self._play = {SANDBOX}  # the kinds of service whose money is play money
        self._charged: dict[tuple[str, tuple[str, ...], str], Decimal] = {}

    @property
    def limit(self) -> Decimal | None:
        """US dollars that may be spent; None where nobody set any."""
        return _amount(self._settings.budget)

    def left(self, kind: str) -> Decimal | None:
        """What is left of it; None where there is none."""
        limit = self.limit
        return None if limit is None else max(limit - self.used(kind), NOTHING)

    def __getitem__(self, kind: str) -> SessionTotals:
        return self._tallies.get(kind, SessionTotals())

    def totals(self, kinds: Iterable[str]) -> SessionTotals:
        """What happened with several kinds of service together."""
        each = [vars(self[kind]) for kind in kinds]
        return SessionTotals(**{name: sum(one[name] for one in each) for name in each[0]})

    def hold(self, request_id: str, money: HeldMoney, budget: Decimal | None = None) -> bool:
        """Set money aside before a request is sent; False where it would pass the budget."""
        with self._lock:  # in one step, so that threads that begin at once do not pass it together
            if budget is not None and self.used(money.kind) + money.usd > budget:
                return False
            self._held[request_id] = money
            return True

    def drop(self, request_id: str) -> None:
        """It was not charged: the money that was set aside is free again."""
        with self._lock:
            self._held.pop(request_id, None)

    def settle(self, request_id: str, usd: Decimal | None) -> None:
        """Write down the bill of a request that this kernel sent; any other is not counted."""
        with self._lock:
            held = self._held.pop(request_id, None)
            if held is None:
                return
            old = self[held.kind]
            if usd is None:  # what was set aside counts: else no budget would end
                new = replace(old, assumed=old.assumed + held.usd, unknown=old.unknown + 1)
            else:
                new = replace(old, spent=old.spent + usd)
            free = usd is not None and not usd
            self._tallies[held.kind] = replace(
                new, count=old.count + (not free), free=old.free + free
            )
            if usd and held.request is not None:
                place = _place(held.kind, Priced.of(held.request))
                self._charged[place] = usd / _pictures(held.request)

    def used(self, kind: str) -> Decimal:
        """What was spent and what is set aside, of the same money: by whichever service."""
        with self._lock:
            same = [self[each] for each in self._tallies if self._is_same(each, kind)]
            spent = sum((each.spent + each.assumed for each in same), NOTHING)
            return spent + self.under_way(kind)

    def under_way(self, kind: str) -> Decimal:
        """What is set aside, of the same money."""
        with self._lock:
            held = self._held.values()
            return sum((each.usd for each in held if self._is_same(each.kind, kind)), NOTHING)

    def _is_same(self, kind: str, other: str) -> bool:
        """Whether two kinds of service cost the same money: real one, or play money."""
        return (kind in self._play) is (other in self._play)

    def save(self, usd: Decimal | None, kind: str) -> None:
        """Write down what a picture from the library would have cost."""
        with self._lock:
            self._tallies[kind] = replace(self[kind], saved=self[kind].saved + (usd or 0))

    def estimate(
        self,
        requests: Sequence[ImageRequest],
        service: Endpoint,
        library: Library,
        *,
        ask: bool = True,
    ) -> Cost:
        """What these requests will cost. No key is sent; without ``ask`` nobody is asked at all."""
        # The library is where their pictures will be: it knows earlier bills.
        usd, unknown, example, document = NOTHING, 0, "", service.service.price
        kinds = Counter((Priced.of(each), _pictures(each), document(each)) for each in requests)
        for (what, pictures, documented), count in kinds.items():
            charged, quoted = self._known(what, service, library, ask=ask)
            price = _believed(quoted, charged, documented)
            if price is None:
                unknown, example = unknown + count, example or str(what)
            else:
                usd += price * pictures * count
        is_play = library.service == SANDBOX or self._prices.is_play(service)
        if is_play:
            self._play.add(library.service)
        return Cost(usd, unknown, example, is_play)

    def _known(
        self, what: Priced, service: Endpoint, library: Library, *, ask: bool
    ) -> tuple[Decimal | None, Decimal | None]:
        """What one picture cost the last time, and what is quoted for it."""
        charged, quoted = self._charged.get(_place(library.service, what)), None
        if ask:
            quoted = self._prices.price(service, what.model, what.resolution)
        if ask and charged is None:
            with suppress(LibraryError):  # what can't be read names no price; the pipeline says so
                own = library.is_own
                bill = library.last_bill(what.names, what.resolution) if own else None
                charged = bill and bill[0] / pictures_asked(bill[1], what.catalogue.count_field)
        return charged, quoted

    def check(
        self,
        requests: Sequence[ImageRequest],
        service: Endpoint,
        library: Library,
        request_id: str | None = None,
        *,
        ask: bool = True,
    ) -> None:
        """Stop before anything is sent where it would pass the budget, or where nobody agrees."""
        # With a request's id the money is set aside for it; without, it is only looked at. ``ask``
        # is whether ``Banana.confirm_over`` holds: not for one of many that were agreed to.
        kind, budget = library.service, self.limit
        limit = _amount(self._settings.confirm_over) if ask else None
        is_asked = budget is not None or limit is not None
        cost = self.estimate(requests, service, library, ask=is_asked)
        if budget is not None and cost.unknown:
            raise _nobody_knows(cost, budget, says_bills=not service.service.computes_bill)
        fits = budget is None or self.used(kind) + cost.usd <= budget
        if fits and request_id is not None:
            fits = self.hold(request_id, HeldMoney(kind, cost.usd, requests[0]), budget)
        if budget is not None and not fits:
            raise _passed(cost, budget, self.used(kind), self.under_way(kind))
        if limit is not None:
            _confirm(cost, limit)

    def check_total(self, cost: Cost, kind: str, *, ask: bool) -> None:
        """The same for what several services will cost together."""
        budget, limit = self.limit, self._settings.confirm_over
        if budget is not None and self.used(kind) + cost.usd > budget:
            raise _passed(cost, budget, self.used(kind), self.under_way(kind))
        if ask and limit is not None:
            _confirm(cost, _amount(limit) or NOTHING)


def total_of(costs: Iterable[Cost]) -> Cost | None:
    """What several services will cost together: play money counts where there is no other."""
    every = list(costs)
    real = [each for each in every if not each.is_play] or every
    if len(real) < 2:
        return real[0] if real else None
    usd, unknown = sum((each.usd for each in real), NOTHING), sum(each.unknown for each in real)
    example = next(filter(None, (each.example for each in real)), "")
    return Cost(usd, unknown, example, all(each.is_play for each in real))


def _place(kind: str, what: Priced) -> tuple[str, tuple[str, ...], str]:
    return kind, what.names, what.resolution


def _pictures(request: ImageRequest) -> int:
    return pictures_asked(request.params, request.catalogue.count_field) if request.params else 1


def _amount(setting: float | None) -> Decimal | None:
    """A setting in US dollars, exact."""
    return None if setting is None else Decimal(str(setting))


def _believed(
    quoted: Decimal | None, charged: Decimal | None, documented: Decimal | None
) -> Decimal | None:
    """The price to count with; None where nobody can say."""
    # A quote far from the bills is a mistake of the price list. So is one of next to nothing, until
    # a picture came for that.
    if quoted is not None:
        if charged:
            is_sound = charged * 4 / 5 <= quoted <= charged * 10
        else:
            is_sound = charged is not None or quoted >= (documented or LEAST_PRICE) / 10
        if is_sound:
            return quoted
    return max((each for each in (charged, documented) if each), default=None)


def _nobody_knows(cost: Cost, budget: Decimal, *, says_bills: bool) -> BudgetError:
    later = "Once one was charged, its price is known, and a budget can be set again."
    return BudgetError(
        f"Nobody can say what it costs ({cost.example}: price not known): the service quotes no "
        "price that can be believed, and there is no bill for such a picture yet. With a budget "
        f"of {dollars(budget)} nothing was sent. To go on all the same: %config Banana.budget = "
        f"None.{f' {later}' if says_bills else ''}"
    )


def _passed(cost: Cost, budget: Decimal, used: Decimal, held: Decimal) -> BudgetError:
    under_way = f" ({dollars(held)} of it under way or not known yet)" if held else ""
    enough = (used + (cost.usd or Decimal(1))).quantize(Decimal("0.01"), ROUND_UP)
    return BudgetError(
        f"This costs {cost}, {dollars(used)} of the budget of {dollars(budget)} is spent"
        f"{under_way}, and together that is more. Nothing was sent. Raise it: %config "
        f"Banana.budget = {enough}"
    )


def _confirm(cost: Cost, limit: Decimal) -> None:
    if cost.usd <= limit and not cost.unknown:
        return
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
