"""Before a batch begins: what it asks for, what is there already, what the rest would cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nb_banana.credentials import Secret
from nb_banana.display.output import shell
from nb_banana.errors import LibraryError, MissingKeyError, NotKeptError, RequestError
from nb_banana.generation import budget, context, lookup, pipeline
from nb_banana.generation.options import DEFAULT_OUTPUT, OutputOptions
from nb_banana.library import location
from nb_banana.request import ImageRequest
from nb_banana.services.service import Service
from nb_banana.settings import settings


@dataclass(frozen=True)
class Job:
    """A picture that is asked for.

    Attributes:
        request: what to draw.
        output: what else is wanted of it.
        variant: in what it differs from the others, e.g. ``{"aspect_ratio": "16:9", "take": 2}``.
    """

    request: ImageRequest
    output: OutputOptions = DEFAULT_OUTPUT
    variant: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchPlan:
    """Where the pictures of a batch come from.

    Attributes:
        kinds: in which libraries they are looked for.
        service: who draws the others; None where nobody has to, or nobody can.
        say: the one line that is said before it begins; nothing in a script, which shows none.
        key: the search for the key, for those that find nobody.
    """

    kinds: tuple[str, ...]
    service: Service | None
    say: str = ""
    key: context.Key = None


def plan_batch(
    jobs: Iterable[Job],
    key: Secret | None = None,
    timeout: float | None = None,
    *,
    elsewhere: bool = False,
) -> BatchPlan:
    """Look before anything is sent: what is in the library, what the rest costs, who draws it.

    Args:
        jobs: all of them.
        key: the key for these alone.
        timeout: seconds to wait for each picture.
        elsewhere: whether other processes send them, which have keys of their own.

    Raises:
        RequestError: output options that can't be fulfilled.
        BudgetError: it would pass the budget, or nobody agrees to the price.
        LibraryError: a library can't be read, which may have what is missing.
    """
    jobs = list(jobs)
    for job in jobs:
        pipeline.check_output(job.request, job.output)
    search = context.search_key(key)
    kinds = context.kinds(search)
    missing, service = _missing(jobs, kinds), None
    if missing:
        try:
            service = pipeline.find_drawing_service(search, timeout, elsewhere=elsewhere)
        except (NotKeptError, MissingKeyError):  # said for each that is missing
            return BatchPlan(kinds, None, key=search)
        ask = not all(job.output.confirmed for job in jobs)
        for job in jobs:
            pipeline.check_words(job.request, job.output, service)
        budget.check_budget(missing, service, context.kind_of_service(service), ask=ask)
    if shell() is None:  # nobody would see the price, so nobody is asked for it
        return BatchPlan(kinds, service)
    return BatchPlan(kinds, service, _say(len(jobs), len(missing), _price(missing, service)))


def quote_many(jobs: Sequence[Job]) -> str:
    """What they would cost now, in words. Nothing but the price is asked for."""
    search = context.search_key()
    try:
        missing = _missing(jobs, context.kinds(search))
    except LibraryError as error:
        return str(error)
    service = context.find_quoter(search) if missing and settings.backend != "library" else None
    return _say(len(jobs), len(missing), _price(missing, service))


def _missing(jobs: Sequence[Job], kinds: Sequence[str]) -> list[ImageRequest]:
    kept = [job.request for job in jobs if not job.output.fresh]
    fresh = [job.request for job in jobs if job.output.fresh]
    return lookup.find_missing(kept, kinds) + fresh


def _price(missing: Sequence[ImageRequest], service: Service | None) -> str:
    if service is None:
        return "$0"
    play = context.kind_of_service(service) == location.SANDBOX
    return f"{budget.estimate(missing, service)}{' play money' if play else ''}"


def _say(count: int, missing: int, price: str) -> str:
    reused = count - missing
    known = f"{'all' if not missing else reused} from your library" if reused else ""
    pictures = "1 picture" if count == 1 else f"{count:,} pictures"
    return ", ".join(filter(None, (pictures, known, price)))


def plan_open_end(key: Secret | None, timeout: float | None, *, elsewhere: bool) -> BatchPlan:
    """The same for an iterator: nobody knows how many pictures it will be.

    Raises:
        RequestError: ``Banana.confirm_over`` can't be held against that.
    """
    if settings.confirm_over is not None:
        raise RequestError(
            "Banana.confirm_over is set, and nobody knows how many prompts an iterator has. Give a "
            "list, or set Banana.budget instead, which holds for each."
        )
    search = context.search_key(key)
    kinds = context.kinds(search)
    try:
        return BatchPlan(kinds, pipeline.find_drawing_service(search, timeout, elsewhere=elsewhere))
    except (NotKeptError, MissingKeyError):
        return BatchPlan(kinds, None, key=search)
