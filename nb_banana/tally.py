"""What a run of many pictures cost: the new ones, and failures that were charged all the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from nb_banana.errors import PictureError, UncertainError
from nb_banana.failure import Failure
from nb_banana.money import dollars

if TYPE_CHECKING:
    from nb_banana.image import BananaImage

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Tally:
    """The bill of a run.

    Attributes:
        real: US dollars.
        play: the sandbox's play money.
        unknown: how many requests were, or may have been, charged an amount that nobody said.
    """

    real: Decimal = NOTHING
    play: Decimal = NOTHING
    unknown: int = 0

    def __str__(self) -> str:
        amounts = [dollars(self.real)] if self.real or not self.play else []
        if self.play:
            amounts.append(f"{dollars(self.play)} play money")
        if self.unknown:
            if not self.real and not self.play:
                return "price not said"
            amounts.append(f"the price of {self.unknown} not said")
        return " · ".join(amounts)


def tally(entries: "Iterable[BananaImage | Failure]") -> Tally:
    """The bill of these pictures and failures. One that is there twice was paid once."""
    real, play, unknown = NOTHING, NOTHING, 0
    once = {_request_id(each): each for each in entries}.values()
    sandbox = any(each.sandbox for each in once if not isinstance(each, Failure))
    for entry in once:
        amount, is_play = _failed(entry, sandbox) if isinstance(entry, Failure) else _made(entry)
        unknown += amount is None
        real += NOTHING if is_play else amount or NOTHING
        play += (amount or NOTHING) if is_play else NOTHING
    return Tally(real, play, unknown)


def _made(image: "BananaImage") -> tuple[Decimal | None, bool]:
    """What an image cost in this run: one from the library cost something on another day."""
    return (image.cost if image.came == "made" else NOTHING), image.sandbox


def _failed(failure: Failure, sandbox: bool) -> tuple[Decimal | None, bool]:
    """What a failure cost. Where it does not say who was asked, its neighbours' service was."""
    facts = failure.error.facts
    if image := facts.get("image"):
        return _made(image)
    if receipt := facts.get("receipt"):
        return receipt.usd, receipt.sandbox
    if charge := facts.get("charge"):
        return (NOTHING if charge.state == "not charged" else charge.usd), sandbox
    may_be_charged = isinstance(failure.error, PictureError | UncertainError)
    return (None if may_be_charged and not facts.get("not_charged") else NOTHING), sandbox


def _request_id(entry: "BananaImage | Failure") -> object:
    if isinstance(entry, Failure):
        return entry.error.facts.get("client_request_id") or id(entry)
    return entry.receipt.client_request_id
