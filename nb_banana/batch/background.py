"""Pictures in the background: begun, bound at once, and listed while they are on their way."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, overload

from nb_banana._text import as_html, clean, plain
from nb_banana.batch import runner
from nb_banana.credentials import Secret
from nb_banana.display.placeholder import Placeholder
from nb_banana.generation import budget, context, pipeline
from nb_banana.generation.options import OutputOptions
from nb_banana.generation.plan import Job
from nb_banana.models import short_name
from nb_banana.request import ImageRequest
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage
from nb_banana.results.pending import PendingValue
from nb_banana.wire.rate_limit import AdaptiveLimiter


class PendingImage(PendingValue[BananaImage], BananaImage):
    """A `BananaImage` that is on its way: whatever is asked of it waits until it is there."""

    _comes_later = frozenset(
        [
            "_data",
            "_kept",
            "_library",
            "mime",
            "width",
            "height",
            "receipt",
            "extras",
            "came",
            "notes",
            "_sources",
            "_temporary",
            "_digest",
        ]
    )

    def __init__(
        self, request: ImageRequest, output: OutputOptions, stop: Callable[[], None]
    ) -> None:
        self.request = request
        self.name = output.name
        self.alt = output.alt or request.prompt
        PendingValue.__init__(self, Placeholder(_what(request), request.prompt), stop)

    def __repr__(self) -> str:
        if self.done and not self.state:
            return BananaImage.__repr__(self)
        label = f"{self.name} " if self.name else ""
        return plain(f"<BananaImage {label}{self.state}: {clean(self.prompt, 40)!r}>")


class PendingGallery(PendingValue[Gallery], Gallery):
    """A `Gallery` that is on its way: whatever is asked of it waits until all have ended."""

    _comes_later = frozenset(["_entries", "_variants", "_index", "_folder"])

    def __init__(
        self, jobs: Sequence[Job], output: OutputOptions, stop: Callable[[], None]
    ) -> None:
        self.name = output.name
        self._about = f"{len(jobs)} pictures"
        first = jobs[0].request
        PendingValue.__init__(
            self, Placeholder(_what(first), f"{self._about}: {first.prompt}"), stop
        )

    def __repr__(self) -> str:
        if self.done and not self.state:
            return Gallery.__repr__(self)
        label = f"{self.name} " if self.name else ""
        return plain(f"<Gallery {label}{self._about}, {self.state}>")


def start(
    request: ImageRequest,
    output: OutputOptions,
    *,
    key: Secret | None = None,
    timeout: float | None = None,
) -> PendingImage:
    """Begin with a picture and come back at once. What costs nothing to check is checked before.

    Raises:
        BananaError: nothing was sent: options that can't be fulfilled, no key, the budget.
    """
    pipeline.check_output(request, output)
    limiter = AdaptiveLimiter(1)
    image = PendingImage(request, output, limiter.stop)
    search = context.search_key(key)
    kinds = context.kinds(search)
    if (found := pipeline.find_reusable(request, kinds, output)) is not None:
        image.end(pipeline.hand_over(found, output))
        return image
    service = replace(pipeline.find_drawing_service(search, timeout), limiter=limiter)
    pipeline.check_words(request, output, service)
    budget.check_budget(
        [request], service, context.kind_of_service(service), ask=not output.confirmed
    )
    confirmed = replace(output, confirmed=True)
    _begin(image, lambda: pipeline.make(request, confirmed, kinds=kinds, service=service))
    return image


def start_many(
    jobs: Sequence[Job],
    whole: OutputOptions,
    *,
    key: Secret | None = None,
    timeout: float | None = None,
) -> PendingGallery:
    """The same for a batch; see `nb_banana.batch.runner.run_batch`.

    Raises:
        BananaError: nothing was sent.
    """
    batch = runner.prepare_batch(jobs, whole, key=key, timeout=timeout)
    gallery = PendingGallery(jobs, whole, batch.stop)
    if batch.service is None:  # nobody has to draw, or nobody can: it is over at once
        gallery.end(batch.run())
    else:
        _begin(gallery, batch.run)
    return gallery


_on_way: dict[int, PendingValue[Any]] = {}


def _begin(value: PendingValue[Any], make: Callable[[], Any]) -> None:
    def work() -> None:
        try:
            value.draw(make)
        finally:
            _on_way.pop(id(value), None)

    _on_way[id(value)] = value
    # No daemon: a script that ends waits for what it has paid.
    threading.Thread(target=work, name="nb_banana").start()


class Pending(Sequence[Any]):
    """What is on its way, the oldest first: a `PendingImage` or `PendingGallery` each."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> "Pending": ...
    def __getitem__(self, index: int | slice) -> Any:
        return Pending(self._values[index]) if isinstance(index, slice) else self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._values)) or "Nothing is on its way."

    def _repr_html_(self) -> str:
        return "<br>".join(map(as_html, repr(self).splitlines()))


def pending() -> Pending:
    """What was begun in the background of this kernel and is not there yet."""
    return Pending([value for value in list(_on_way.values()) if not value.done])


def _what(request: ImageRequest) -> str:
    return f"{short_name(request.model)} is drawing in the background"
