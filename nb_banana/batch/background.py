"""Pictures in the background: begun, bound at once, and listed while they are on their way."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nb_banana._catalogue import drawer_in
from nb_banana._text import as_html, clean, plain
from nb_banana._threads import spawn
from nb_banana.batch import runner
from nb_banana.display.output import tell
from nb_banana.display.progress import LONGEST_PROMPT, Placeholder
from nb_banana.errors import BananaError, Interrupted
from nb_banana.generation import pipeline
from nb_banana.generation.context import Context
from nb_banana.generation.lookup import find_reusable
from nb_banana.generation.plan import Job, Plan
from nb_banana.request import expected_size, is_on
from nb_banana.results.gallery import Gallery
from nb_banana.results.gallery_display import script_lines
from nb_banana.results.image import BananaImage
from nb_banana.results.pending import PendingValue
from nb_banana.wire.rate_limit import AdaptiveLimiter

BACKGROUND = "NB_BANANA_BACKGROUND"
"""The environment variable that is ``0`` where a notebook runs by itself, and nobody reads what
comes after its last cell (``nbconvert --execute``): then nothing is begun in the background."""


def is_later(background: Any) -> bool:
    """Whether what was asked for in the background is begun there, see `BACKGROUND`."""
    return is_on("background", background) and os.environ.get(BACKGROUND) != "0"


class PendingImage(PendingValue[BananaImage], BananaImage):
    """A `BananaImage` that is on its way: whatever is asked of it waits until it is there."""

    _comes_later = frozenset(BananaImage.__annotations__) - {"request", "name"}

    def __init__(self, job: Job, stop: Callable[[], None], **shown: Any) -> None:
        self.request, self.name = job.request, job.output.name
        self.alt = job.output.alt
        placeholder = Placeholder(_what(job), job.request.prompt, **shown)
        PendingValue.__init__(self, placeholder, stop)

    def __repr__(self) -> str:
        if self.done and not self.state:
            return BananaImage.__repr__(self)
        label = f"{self.name} " if self.name else ""
        return plain(f"<BananaImage {label}{self.state}: {clean(self.prompt, 40)!r}>")


class PendingGallery(PendingValue[Gallery], Gallery):
    """A `Gallery` that is on its way: whatever is asked of it waits until all have ended."""

    _comes_later = frozenset(Gallery.__annotations__) - {"name"}

    def __init__(self, jobs: Sequence[Job], batch: runner.BatchRunner) -> None:
        self.name = batch.whole.name
        self._about = f"{len(jobs)} pictures"
        prompt = clean(f"{self._about}: {jobs[0].request.prompt}", LONGEST_PROMPT)
        counts = not batch.plan.is_stable
        what = _what(jobs[0])
        placeholder = Placeholder(what, prompt, counts=counts)
        batch.bar.fill(placeholder, f"{what} · {prompt}")
        PendingValue.__init__(self, placeholder, batch.stop)

    def __repr__(self) -> str:
        if self.done and not self.state:
            return Gallery.__repr__(self)
        label = f"{self.name} " if self.name else ""
        return plain(f"<Gallery {label}{self._about}, {self.state}>")


def start(plan: Plan) -> PendingImage:
    """Begin with a picture and come back at once. What costs nothing to check is checked before."""
    context, job = plan.context, plan.job
    job.check()
    limiter = AdaptiveLimiter(1)
    size = partial(expected_size, job.request, context.settings.preview)
    counts, usual = not plan.is_stable, pipeline.usual_of(plan, job)
    shown = {"counts": counts, "usual": usual, "size": size}
    image = context.adopt(PendingImage(job, limiter.stop, **shown))
    if (found := find_reusable(plan, job)) is not None:
        image.end(pipeline.hand_over(found, job.output))
        return image
    plan.limit(limiter)
    job.refuse_key(plan.service)
    ask = not job.output.confirmed
    context.budget.check([job.request], plan.service, plan.places[0], ask=ask)
    _begin(context, image, lambda: pipeline.make(plan, job.confirmed()))
    return image


def start_many(plan: Plan) -> PendingGallery:
    """The same for a batch; see `nb_banana.batch.runner.run_batch`."""
    batch = runner.prepare_batch(plan)
    gallery = plan.context.adopt(PendingGallery(list(plan.jobs), batch))
    whose = (plan, *plan.others)
    if not any(each.known_service for each in whose):  # nobody has to draw, or nobody can: over
        gallery.end(batch.run())
    else:
        _begin(plan.context, gallery, batch.run)
    return gallery


def _begin(context: Context, value: PendingValue[Any], make: Callable[[], Any]) -> None:
    place = os.getpid(), id(value)  # in a forked child nobody draws what its parent has begun

    def work() -> None:
        try:
            value.draw(make)
        finally:
            context.on_way.pop(place, None)

    context.on_way[place] = value
    if "IPython" in sys.modules:
        context.cell_notes.expect(value)
    # No daemon: a script that ends waits for what it has paid.
    spawn(work, daemon=False)


class Pending(Sequence[Any]):
    """What is on its way, the oldest first: a `PendingImage` or `PendingGallery` each."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)

    def __getitem__(self, index: Any) -> Any:
        return Pending(self._values[index]) if isinstance(index, slice) else self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._values)) or "Nothing is on its way."

    def _repr_html_(self) -> str:
        return "<br>".join(map(as_html, repr(self).splitlines()))


def list_pending(context: Context) -> Pending:
    """See `nb_banana.pending`."""
    values = [
        value for (process, _), value in list(context.on_way.items()) if process == os.getpid()
    ]
    return Pending([value for value in values if not value.done])


def await_all(context: Context) -> None:
    """Wait for all that is on its way, whatever comes of it."""
    for value in list_pending(context):
        try:
            value.wait()
        except (BananaError, Interrupted):
            if not value.done:  # a Ctrl-C of now, and no failure of its own
                raise


def tell_of(value: Any) -> None:
    """Say in a script what came; of what is on its way, when it has come."""
    if isinstance(value, PendingValue):
        value.on_end(lambda: None if value.state else tell(*script_lines(value.wait())))
    else:
        tell(*script_lines(value))


def _what(job: Job) -> str:
    who = drawer_in(job.request.catalogue, job.request.model)
    return f"{who} is drawing in the background"
