"""Many requests, several at once: library, budget and journal hold for each."""

# Each goes through `generation.pipeline.make`; here is only when. Threads carry the requests, and
# all of them share one `AdaptiveLimiter`. Equal requests of one batch are asked once, whatever came
# of the first.

import threading
import time
from collections.abc import Mapping, Sized
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nb_banana import _threads, errors
from nb_banana._later import later
from nb_banana._threads import Pool
from nb_banana.batch.jobs import numbered
from nb_banana.display.batch_progress import BatchProgress
from nb_banana.display.progress import silently
from nb_banana.generation import pipeline
from nb_banana.generation.lookup import find_reusable, how_many, look_ahead
from nb_banana.generation.plan import Job, Plan
from nb_banana.results.failure import Failure, GalleryEntry
from nb_banana.results.image import BananaImage
from nb_banana.services.send import LONGEST_RETRY_AFTER
from nb_banana.wire.interrupts import defer_interrupts, first_interrupt
from nb_banana.wire.rate_limit import STOPPED, AdaptiveLimiter

if TYPE_CHECKING:
    from nb_banana.results import contact_sheet, export, gallery_display, gallery_tiles
    from nb_banana.results import gallery as galleries
    from nb_banana.results.gallery import Gallery
else:  # while the service draws
    contact_sheet, export, galleries = later(
        "nb_banana.results", "contact_sheet", "export", "gallery"
    )
    gallery_display, gallery_tiles = later("nb_banana.results", "gallery_display", "gallery_tiles")


class EqualRequests:
    """Lets equal requests have their turn one by one, and remembers what no library has."""

    # What failed may have been charged, or would fail alike; what could not be kept is in hand.

    def __init__(self) -> None:
        self._turns: dict[Any, threading.Lock] = {}
        self._known: dict[Any, BananaImage | errors.BananaError | errors.Interrupted] = {}

    def draw(self, plan: Plan, job: Job) -> BananaImage:
        """The picture of a request, which only the first of equal ones sends, and pays."""
        key = job.request.catalogue.service, job.request.key
        with self._turns.setdefault(key, threading.Lock()):
            known = self._known.get(key)
            if isinstance(known, BananaImage):
                return pipeline.paid_by_another(known, job.output)
            if known is not None:
                raise errors.repeated(known)
            try:
                image = pipeline.make(plan, job)
            except (errors.BananaError, errors.Interrupted) as error:
                made = error.facts.get("image")
                if made is None or made.path is None:  # else it was made, and can be had
                    self._known[key] = error
                raise
            if image.path is None:
                self._known[key] = image
            return image


FATAL = (
    *(errors.BudgetError, errors.KeyRefusedError, errors.MissingKeyError, errors.NotAllowedError),
    *(
        errors.LibraryUnavailableError,
        errors.LibraryDamagedError,
        errors.LibraryBusyError,
        errors.NewerLibraryError,
    ),
)
"""After one of these the rest would fail alike, so it is not sent."""
ALL = ""  # in place of a service's name: nothing more is sent to any
SHARE = 2  # one thread more for so many workers: while one stores, the next request is on its way
SETTLING = 1.0  # seconds after a Ctrl-C for what is not on its way to say what became of it
TICK = 0.5  # seconds between two looks at the clock while nothing ends


def run_batch(plan: Plan) -> "Gallery":
    """The pictures of all jobs, in their order; one that fails is an entry and no exception."""
    return prepare_batch(plan).run()


def prepare_batch(plan: Plan) -> "BatchRunner":
    """All that is done before anything is sent. A list is looked at as a whole first."""
    if plan.output.save is not None:
        export.check_folder(plan.output.save)
    numbers = numbered(plan.jobs, plan.output.name)
    plan.jobs = list(numbers) if isinstance(plan.jobs, Sized) else numbers
    return BatchRunner(plan, look_ahead(plan))


class BatchRunner:
    """The workers of one batch, and what came of each job."""

    def __init__(self, plan: Plan, said: str) -> None:
        self.workers = plan.context.settings.concurrency
        self.threads = self.workers + self.workers // SHARE
        self.limiter = AdaptiveLimiter(self.workers)
        plan.limit(self.limiter)
        self.plan, self.whole = plan, plan.output
        self.waiting = plan.jobs
        total = len(plan.jobs) if isinstance(plan.jobs, list) else None
        lasting = how_many(total) if plan.is_stable else None
        self.bar = BatchProgress(total, said, lasting, lanes=self.workers, tiles=self._tiles)
        self.jobs: list[Job] = []
        self.entries: dict[int, GalleryEntry] = {}
        self.on_way: dict[Future[GalleryEntry], int] = {}
        self.causes: dict[str, errors.BananaError] = {}  # why nothing more is sent, by service
        self._equals = EqualRequests()
        self._billed: set[object] = set()

    def run(self) -> "Gallery":
        """Do all jobs. Raises as the function `run_batch`."""
        with first_interrupt():  # a second one would take the gallery away
            try:
                self._work()
            except KeyboardInterrupt:
                self._settle()
                gallery = self.gallery()
                raise errors.Interrupted(
                    _told(gallery, len(self.on_way)), gallery=gallery
                ) from None
        gallery = self.gallery()
        alike = (*map(type, self.causes.values()), errors.NotSentError)
        failed = (isinstance(each, Failure) and isinstance(each.error, alike) for each in gallery)
        if self.causes and all(failed):
            cause = next(iter(self.causes.values()))
            cause.facts["gallery"] = gallery
            raise cause
        if self.whole.save is not None:
            try:
                gallery.save(self.whole.save)
            except errors.SaveError as error:
                error.facts["gallery"] = gallery  # it is paid, and it is in the library
                raise
        return gallery

    def stop(self) -> None:
        """Nothing more begins; what is on its way goes on."""
        self.causes.setdefault(ALL, errors.NotSentError(STOPPED))
        self.limiter.stop()

    def _work(self) -> None:
        workers = Pool(self.threads)
        try:
            for job in self.waiting:
                if self._is_over and not isinstance(self.waiting, list):
                    break  # nobody knows how many more there would be
                if (service := self.plan.known_service) is not None:
                    job.refuse_key(service)
                self.jobs.append(job)
                while self._is_busy():
                    self._collect()
                with defer_interrupts():  # what has begun is counted
                    future = workers.submit(self._make, job)
                    self.on_way[future] = len(self.jobs) - 1
                if future.done():  # in place, where no thread can start
                    self._collect()
            self._collect_all()
        except KeyboardInterrupt:
            self.stop()
            if isinstance(self.waiting, list):
                self.jobs = self.waiting
            raise
        except BaseException:  # the person's own iterator
            self._collect_all()
            raise
        finally:
            self.bar.close()

    def _is_busy(self) -> bool:
        """Whether the next job has to wait. The spare threads begin when all places are taken."""
        count = len(self.on_way)
        return count >= self.threads or (count >= self.workers and self.limiter.busy < self.workers)

    def _collect_all(self) -> None:
        while self.on_way:
            self._collect()

    def _collect(self) -> None:
        done, _ = wait(self.on_way, TICK, FIRST_COMPLETED)
        if not done:
            _ = galleries.Gallery  # is loaded while there is nothing else to do
        for future in done:
            self._take(future)
        self.bar.tick()

    def _settle(self) -> None:
        """Wait a moment for those that have no place at the service: they know how they end."""
        until = time.monotonic() + SETTLING
        while len(self.on_way) > self.limiter.busy and (left := until - time.monotonic()) > 0:
            for future in wait(self.on_way, left, FIRST_COMPLETED).done:
                self._take(future)

    def _take(self, future: "Future[GalleryEntry]") -> None:
        entry = self.entries[self.on_way[future]] = future.result()
        del self.on_way[future]
        cost = gallery_display.entry_cost(entry)
        usd = cost.usd if cost.request not in self._billed else None
        if cost.is_new:
            self._billed.add(cost.request)
        failed = isinstance(entry, Failure)
        reused = not failed and entry.came == "reused"
        self.bar.count(failed=failed, reused=reused, usd=usd, play=cost.is_play)
        stopped = isinstance(entry, Failure) and isinstance(entry.error, errors.Interrupted)
        if stopped and not _threads.HAS_THREADS:  # it was meant for all of them
            raise KeyboardInterrupt

    def _make(self, job: Job) -> GalleryEntry:
        """One picture, in a thread; an error that one of many raises takes no other along."""
        job, name = job.confirmed(), job.request.catalogue.service
        cause = self.causes.get(ALL) or self.causes.get(name)
        try:
            plan = self.plan.of(job.request)
            if cause is None:
                make = pipeline.make if job.output.fresh else self._equals.draw
                with silently():
                    return make(plan, job)
            # What is in the library costs nothing and is had all the same.
            found = find_reusable(plan, job)
            return found or _failure(
                job, errors.NotSentError(f"Not sent, for another one said: {cause.args[0]}")
            )
        except (errors.BananaError, errors.Interrupted) as error:
            if self._is_fatal(error) and isinstance(error, errors.BananaError):
                self.causes.setdefault(name, error)
                if self._is_over:
                    self.limiter.stop()  # whoever waits for a place would hear the same
            return _failure(job, error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            return _failure(job, errors.BananaError(f"{type(error).__name__}: {error}"))

    @property
    def _is_over(self) -> bool:
        """Whether nothing more is sent, by whatever service."""
        return bool(self.causes) and (ALL in self.causes or not self.plan.others)

    def _is_fatal(self, error: BaseException) -> bool:
        facts: Mapping[str, Any] = getattr(error, "facts", {})
        refused = isinstance(error, errors.RateLimitError) and (
            self.limiter.is_stuck or facts.get("retry_after", 0) > LONGEST_RETRY_AFTER
        )
        return refused or isinstance(error, FATAL) or facts.get("is_fatal", False)

    @cached_property
    def _filling(self) -> "gallery_tiles.FillingTiles":
        return gallery_tiles.FillingTiles()

    def _tiles(self) -> str:
        """The pictures that came, and a place for each of the others: in the bar's own thread."""
        most = contact_sheet.MOST_SHOWN
        jobs = self.waiting if isinstance(self.waiting, list) else self.jobs[:most]
        entries = [self.entries.get(number) for number in range(len(jobs))]
        asked = [job.request for job in jobs]
        return self._filling.html(asked, [job.variant for job in jobs], entries)

    def gallery(self) -> "Gallery":
        """What came, in the order in which it was asked for; what did not come is said."""
        for future in [each for each in self.on_way if each.done()]:
            self._take(future)
        waiting = set(self.on_way.values())
        adopt = self.plan.context.adopt
        entries = [
            adopt(
                self.entries[number]
                if number in self.entries
                else _failure(job, _not_here(number in waiting))
            )
            for number, job in enumerate(self.jobs)
        ]
        variants = [job.variant for job in self.jobs]
        whole, labels = self.whole, self.plan.labels
        found = galleries.Gallery(
            entries, variants, index=labels, name=whole.name, folder=whole.save
        )
        return adopt(found)


def _told(gallery: "Gallery", on_way: int) -> str:
    still = f" {on_way} more are on their way and will be in your library." if on_way else ""
    return (
        f"Stopped. {len(gallery.images)} of {len(gallery)} are done.{still} Run it again: what is "
        "there is free."
    )


def _not_here(on_way: bool) -> errors.BananaError | errors.Interrupted:
    if on_way:
        return errors.Interrupted(
            "It was on its way. Run it again: it is free when it has arrived.", is_on_way=True
        )
    return errors.NotSentError(STOPPED)


def _failure(job: Job, error: errors.BananaError | errors.Interrupted) -> Failure:
    wanted = {"strict": job.output.strict, "fresh": job.output.fresh}
    return Failure(job.request, error, job.output.name, job.output.alt, wanted)
