"""What requests will cost, and whether that may be spent: before anything is sent.

A price is what the service quotes. Where it quotes none, or one that its own bills contradict, it
is what the model's page says or what it charged last, whichever is more. Where there is neither,
nobody can say, and nothing is sent under a budget.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from nb_banana._text import dollars
from nb_banana.errors import BudgetError, LibraryError
from nb_banana.generation.budget import NOTHING, Priced, amount_of, pictures_asked
from nb_banana.generation.context import Context
from nb_banana.request import ImageRequest
from nb_banana.services.aimlapi.pricing import documented_price
from nb_banana.services.service import Service

LEAST_PRICE = Decimal("0.01")
"""US dollars. A tenth of this for a picture is not believed before a bill confirms it."""


@dataclass(frozen=True)
class Estimate:
    """What some requests will cost.

    Attributes:
        usd: for those whose price is known.
        unknown: how many have a price that nobody knows.
        example: one of these, e.g. ``"nano-banana-2.1 at 1K"``.
    """

    usd: Decimal
    unknown: int
    example: str = ""

    def __str__(self) -> str:
        cents = self.usd.quantize(Decimal("0.01")) if self.usd >= 1 / Decimal(10) else self.usd
        known = f"about {dollars(cents)}" if self.usd else ""
        some = "price not known" if not known else f"{self.unknown} at a price not known"
        return known if not self.unknown else ", ".join(filter(None, (known, some)))


def estimate(
    context: Context,
    requests: Sequence[ImageRequest],
    service: Service,
    kind: str,
    *,
    ask: bool = True,
) -> Estimate:
    """What these requests will cost. No key is sent; without ``ask`` nobody is asked at all."""
    usd, unknown, example = NOTHING, 0, ""
    kinds = Counter((Priced.of(each), pictures_asked(each)) for each in requests)
    for (what, pictures), count in kinds.items():
        charged = (
            _last_charged(context, kind, what) if ask else context.budget.last_price(kind, what)
        )
        quoted = context.prices.price(service, what.model, what.resolution) if ask else None
        price = _believed(quoted, charged, documented_price(what.model, what.resolution))
        if price is None:
            unknown, example = unknown + count, example or str(what)
        else:
            usd += price * pictures * count
    return Estimate(usd, unknown, example)


def _last_charged(context: Context, kind: str, what: Priced) -> Decimal | None:
    """The last bill for such a picture: of this kernel, or of an earlier one in the journal."""
    known = context.budget.last_price(kind, what)
    if known is None:
        with suppress(LibraryError):  # what can't be read names no price; the pipeline says so
            library = context.places(kind)[0]
            known = library.last_price(what.names, what.resolution) if library.is_own else None
    return known


def _believed(
    quoted: Decimal | None, charged: Decimal | None, documented: Decimal | None
) -> Decimal | None:
    """The price to count with; None where nobody can say.

    A quote far from the bills is a mistake of the price list. So is one of next to nothing, until
    a picture came for that.
    """
    if quoted is not None:
        if charged:
            is_sound = charged * 4 / 5 <= quoted <= charged * 10
        else:
            is_sound = charged is not None or quoted >= (documented or LEAST_PRICE) / 10
        if is_sound:
            return quoted
    return max((each for each in (charged, documented) if each), default=None)


def check_budget(
    context: Context,
    requests: Sequence[ImageRequest],
    service: Service,
    kind: str,
    request_id: str | None = None,
    *,
    ask: bool = True,
) -> None:
    """Stop before anything is sent where it would pass the budget, or where nobody agrees.

    With a request's id the money is set aside for it; without, it is only looked at. ``ask`` is
    whether ``Banana.confirm_over`` holds: not for one of many that were agreed to.

    Raises:
        BudgetError: ``Banana.budget`` would be passed or nobody knows the price, or
            ``Banana.confirm_over`` was and the person said no or can't be asked.
    """
    books = context.budget
    budget, limit = books.limit, amount_of(context.settings.confirm_over) if ask else None
    is_asked = budget is not None or limit is not None
    cost = estimate(context, requests, service, kind, ask=is_asked)
    if budget is not None and cost.unknown:
        raise _nobody_knows(cost, budget)
    fits = budget is None or books.used(kind) + cost.usd <= budget
    if fits and request_id is not None:
        fits = books.hold(request_id, kind, cost.usd, budget, requests[0])
    if budget is not None and not fits:
        raise _passed(cost, budget, books.used(kind), books.held(kind))
    if limit is not None and (cost.usd > limit or cost.unknown):
        _confirm(cost, limit)


def _nobody_knows(cost: Estimate, budget: Decimal) -> BudgetError:
    return BudgetError(
        f"Nobody can say what it costs ({cost.example}: price not known): the service quotes no "
        "price that can be believed, and there is no bill for such a picture yet. With a budget "
        f"of {dollars(budget)} nothing was sent. To go on all the same: %config Banana.budget = "
        "None. Once one was charged, its price is known, and a budget can be set again."
    )


def _passed(cost: Estimate, budget: Decimal, used: Decimal, held: Decimal) -> BudgetError:
    under_way = f" ({dollars(held)} of it under way or not known yet)" if held else ""
    enough = (used + (cost.usd or Decimal(1))).quantize(Decimal("0.01"), ROUND_UP)
    return BudgetError(
        f"This costs {cost}, {dollars(used)} of the budget of {dollars(budget)} is spent"
        f"{under_way}, and together that is more. Nothing was sent. Raise it: %config "
        f"Banana.budget = {enough}"
    )


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
