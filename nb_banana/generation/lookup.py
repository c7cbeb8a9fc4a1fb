"""What is in the library already or on its way, and what is missing would cost. Nothing is paid."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from decimal import Decimal

from nb_banana import errors
from nb_banana._hints import Hinted
from nb_banana._text import Amounts, as_html, plain
from nb_banana.display.output import shell
from nb_banana.generation.budget import NOTHING, Cost, total_of
from nb_banana.generation.plan import Job, Plan
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.request import ImageRequest
from nb_banana.results.image import BananaImage
from nb_banana.services.endpoint import Endpoint
from nb_banana.wire.interrupts import allow_interrupts


def find_reusable(
    plan: Plan, job: Job, libraries: Iterable[Library] | None = None
) -> BananaImage | None:
    """The picture where it is in the library and a fresh one is not wanted; nothing is sent."""
    request, output = job.request, job.output
    if output.fresh:
        return None
    found = _look(request, plan.libraries() if libraries is None else libraries)
    if found is None:
        return None
    kept, library = found
    plan.context.budget.save(kept.receipt.usd, library.service)
    image = BananaImage.of(
        kept, library, request=request, name=output.name, alt=output.alt, came="reused"
    )
    return plan.context.adopt(image, library, kept.request_id)


def _look(
    request: ImageRequest, libraries: Iterable[Library]
) -> tuple[StoredImage, Library] | None:
    """What can't be read may have it: that is raised, else the picture would be paid again."""
    problem: errors.LibraryError | None = None
    for library in libraries:
        try:
            kept = library.find(request.key)
        except errors.LostPictureError:
            raise
        except errors.LibraryError as error:
            problem = problem or error
            continue
        if kept is not None:
            return kept, library
    if problem is not None:
        raise problem
    return None


def find_missing(plan: Plan) -> list[ImageRequest]:
    """What has to be drawn: equal requests are drawn once, those that are to be fresh each."""
    return [each for part in plan.parts() for each in _missing(part)]


def _missing(plan: Plan) -> list[ImageRequest]:
    """The same for what one service draws."""
    jobs = list(plan.jobs)
    wanted = {job.request.key: job.request for job in jobs if not job.output.fresh}
    fresh = [job.request for job in jobs if job.output.fresh]
    problem: errors.LibraryError | None = None
    for library in plan.libraries() if wanted else ():
        try:
            known = library.known(wanted)
        except errors.LibraryError as error:
            problem = problem or error
            continue
        wanted = {key: each for key, each in wanted.items() if key not in known}
    if problem is not None and wanted:
        raise problem
    return list(wanted.values()) + fresh


def look_ahead(plan: Plan) -> str:
    """Look at a batch before anything is sent, and say in one line what it is and costs."""
    # Where nothing is said, nobody is asked for the price either.
    jobs = plan.jobs
    if not isinstance(jobs, list):
        if plan.context.settings.confirm_over is not None:
            raise errors.RequestError(
                "Banana.confirm_over is set, and nobody knows how many prompts an iterator has. "
                "Give a list, or set Banana.budget instead, which holds for each."
            )
        _drawing(plan)
        return ""
    for job in jobs:
        job.check()
    missing = {part: found for part in plan.parts() if (found := _missing(part))}
    drawn = {part: service for part in missing if (service := _drawing(plan.of(part.job.request)))}
    if missing and not drawn:
        return ""
    ask = not all(job.output.confirmed for job in jobs)
    for part, service in drawn.items():
        for job in part.jobs:
            job.refuse_key(service)
        asks = ask and len(drawn) == 1
        plan.context.budget.check(missing[part], service, part.places[0], ask=asks)
    is_said = plan.is_heard or (shell() is not None and not plan.is_quiet)
    if not is_said and len(drawn) < 2:
        return ""
    costs = {part: cost_of(part, missing[part], service) for part, service in drawn.items()}
    cost = total_of(costs.values())
    if cost is not None and len(drawn) > 1:
        part = next(part for part, each in costs.items() if each.is_play is cost.is_play)
        plan.context.budget.check_total(cost, part.places[0].service, ask=ask)
    new = [each for found in missing.values() for each in found]
    return _say(plan, new, cost) if is_said else ""


def _drawing(plan: Plan) -> Endpoint | None:
    """Who draws; None where nobody can, which is said for each picture that is missing."""
    try:
        return plan.service
    except (errors.NotKeptError, errors.MissingKeyError):
        return None


@dataclass(frozen=True, repr=False)
class Estimate(Amounts, Hinted):
    """What a call would cost now. Its text is a sentence, e.g. ``6 pictures, about $0.54``.

    Attributes:
        usd: US dollars for all that would be drawn, play money where that is the sandbox's; None
            where the price of one of them is not known.
        new: how many would be drawn; equal requests are drawn once.
        kept: how many cost nothing: they are in the library, or equal to another one of these.
    """

    usd: Decimal | None
    new: int
    kept: int
    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return plain(self.text)

    def _repr_html_(self) -> str:
        return as_html(self.text)


def estimate_of(plan: Plan) -> Estimate:
    """What it would cost now. Nothing but the price is asked for."""
    jobs = list(plan.jobs)
    try:
        parts = {part: _missing(part) for part in plan.parts()}
        missing = [each for found in parts.values() for each in found]
        if not plan.is_many and not missing:
            _look(plan.job.request, plan.libraries())  # its file may be lost
    except errors.LibraryError as error:
        return Estimate(None, len(jobs), 0, str(error))
    drawn = {part: found for part, found in parts.items() if found and not plan.is_offline}
    cost = total_of(cost_of(part, found, part.quoter) for part, found in drawn.items())
    usd = NOTHING if cost is None else None if cost.unknown else cost.usd
    if plan.is_many:
        text = _say(plan, missing, cost)
    elif not missing:
        text = "$0, it is in your library"
    elif cost is None:
        text = "it is not in your library, and nothing else is asked"
    else:
        text = str(cost)
    return Estimate(usd, len(missing), len(jobs) - len(missing), text)


def cost_of(plan: Plan, requests: Sequence[ImageRequest], service: Endpoint) -> Cost:
    """What they will cost where all of them are drawn, and whose money it is."""
    return plan.context.budget.estimate(requests, service, plan.places[0])


def quote(plan: Plan) -> str:
    """The same in words."""
    return estimate_of(plan).text


def _say(plan: Plan, missing: Sequence[ImageRequest], cost: Cost | None) -> str:
    jobs = list(plan.jobs)
    again = [job.request.key for job in jobs if not job.output.fresh]
    equal = len(again) - len(set(again)) if missing else 0
    reused = len(jobs) - len(missing) - equal
    known = f"{'all' if not missing else reused} from your library" if reused else ""
    same = f"{equal} equal to another of them" if equal else ""
    parts = (how_many(len(jobs)), known, same, "$0" if cost is None else str(cost))
    return ", ".join(filter(None, parts))


def how_many(count: int | None) -> str:
    """So many pictures, in words; nothing where nobody knows how many."""
    return "" if count is None else "1 picture" if count == 1 else f"{count:,} pictures"


_lock = threading.Lock()
_in_flight: dict[tuple[str, str], Future[BananaImage]] = {}


class InFlight:
    """The right to draw a request, which one at a time in this process has."""

    # A cell that is run again while its picture is on its way waits for it; so does the second of
    # two equal prompts in one batch. ``is_ours`` is whether the caller has the right.

    # Whoever asks for it defers interrupts: after one between two lines nobody would draw it, and
    # all wait.

    def __init__(self, library: Library, key: str) -> None:
        self._library, self._place = library, (str(library.folder), key)
        with _lock:
            known = _in_flight.get(self._place)
            self.is_ours = known is None
            self._future = known or _in_flight.setdefault(self._place, Future())

    def run(self, draw: Callable[[], BananaImage]) -> BananaImage:
        """Draw it; whoever waits gets the same picture, or the same error."""
        try:
            with allow_interrupts():
                image = draw()
        except BaseException as error:
            self._end()
            self._future.set_exception(error)
            raise
        self._end()  # by now the library has it
        self._future.set_result(image)
        return image

    def wait(self) -> BananaImage:
        """The picture that another one draws."""
        self._library.let_go()
        with allow_interrupts():
            return self._future.result()

    def _end(self) -> None:
        with _lock:
            _in_flight.pop(self._place, None)


def _forget() -> None:
    """In a forked child nobody draws what its parent has begun."""
    global _lock
    _lock = threading.Lock()
    _in_flight.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
