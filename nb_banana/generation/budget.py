"""`Budget`: what was spent, what is set aside for requests under way, and what may be spent."""

import math
import threading
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from nb_banana.models import find_model, short_name
from nb_banana.request import ImageRequest
from nb_banana.services.receipt import amount
from nb_banana.settings import Banana

NOTHING = Decimal(0)


class Priced(NamedTuple):
    """What the price of a picture hangs on, as it is sent: ``params`` win over the fields."""

    model: str
    resolution: str

    @classmethod
    def of(cls, request: ImageRequest) -> "Priced":
        """Both for a request."""
        asked = {"model": request.model, "resolution": request.resolution} | dict(request.params)
        return cls(str(asked["model"]), str(asked["resolution"] or "1K"))

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the model."""
        known = find_model(self.model) if self.model.strip() else None
        return known.ids if known else (self.model,)

    def __str__(self) -> str:
        return f"{short_name(self.model)} at {self.resolution}"


@dataclass(frozen=True)
class SessionTotals:
    """What happened in this kernel with one kind of service, in US dollars.

    Attributes:
        spent: what was charged.
        count: how many charges that were.
        saved: what pictures from the library did not cost again.
        assumed: what was set aside for charges whose amount nobody said.
        unknown: how many of the charges these are.
    """

    spent: Decimal = NOTHING
    count: int = 0
    saved: Decimal = NOTHING
    assumed: Decimal = NOTHING
    unknown: int = 0


class HeldMoney(NamedTuple):
    """What is set aside for one request, until its bill is there."""

    kind: str
    usd: Decimal
    request: ImageRequest | None


class Budget:
    """A total for each kind of service; play money of the sandbox is never mixed with real one.

    What it may be is read from the settings live, so that a change stops what is under way.
    """

    def __init__(self, settings: Banana) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._tallies: dict[str, SessionTotals] = {}
        self._held: dict[str, HeldMoney] = {}
        self._charged: dict[tuple[str, tuple[str, ...], str], Decimal] = {}

    @property
    def limit(self) -> Decimal | None:
        """US dollars that may be spent; None where nobody set any."""
        return amount_of(self._settings.budget)

    def left(self, kind: str) -> Decimal | None:
        """What is left of it; None where there is none."""
        limit = self.limit
        return None if limit is None else max(limit - self.used(kind), NOTHING)

    def __getitem__(self, kind: str) -> SessionTotals:
        return self._tallies.get(kind, SessionTotals())

    def held(self, kind: str) -> Decimal:
        """What requests that are under way will cost, and those of which nobody knows yet."""
        with self._lock:
            return self._held_by(kind)

    def hold(
        self,
        request_id: str,
        kind: str,
        usd: Decimal,
        budget: Decimal | None = None,
        request: ImageRequest | None = None,
    ) -> bool:
        """Set money aside before a request is sent; False where it would pass the budget.

        In one step, so that threads that begin at once do not pass it together.
        """
        with self._lock:
            if budget is not None and self._used(kind) + usd > budget:
                return False
            self._held[request_id] = HeldMoney(kind, usd, request)
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
            held = self._held.pop(request_id, None)
            if held is None:
                return
            old = self[held.kind]
            new = replace(old, count=old.count + 1)
            if usd is None:
                new = replace(new, assumed=old.assumed + held.usd, unknown=old.unknown + 1)
            else:
                new = replace(new, spent=old.spent + usd)
            self._tallies[held.kind] = new
            if usd and held.request is not None:
                place = _place(held.kind, Priced.of(held.request))
                self._charged[place] = usd / pictures_asked(held.request)

    def last_price(self, kind: str, what: Priced) -> Decimal | None:
        """What this kernel was charged last for one picture; None where it never was."""
        with self._lock:
            return self._charged.get(_place(kind, what))

    def used(self, kind: str) -> Decimal:
        """What was spent and what is set aside."""
        with self._lock:
            return self._used(kind)

    def _used(self, kind: str) -> Decimal:
        return self[kind].spent + self[kind].assumed + self._held_by(kind)

    def _held_by(self, kind: str) -> Decimal:
        return sum((each.usd for each in self._held.values() if each.kind == kind), NOTHING)

    def save(self, usd: Decimal | None, kind: str) -> None:
        """Write down what a picture from the library would have cost."""
        with self._lock:
            self._tallies[kind] = replace(self[kind], saved=self[kind].saved + (usd or 0))


def _place(kind: str, what: Priced) -> tuple[str, tuple[str, ...], str]:
    return kind, what.names, what.resolution


def pictures_asked(request: ImageRequest) -> int:
    """How many pictures one request asks for: each has its price."""
    asked = amount(request.params.get("num_images"))  # a text is sent as it is, and understood
    return math.ceil(asked) if asked is not None and asked > 1 else 1


def amount_of(setting: float | None) -> Decimal | None:
    """A setting in US dollars, exact."""
    return None if setting is None else Decimal(str(setting))
