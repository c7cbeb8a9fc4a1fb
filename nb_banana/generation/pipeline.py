"""The pipeline from a request to a picture. Function, magic and panel all take it.

Library? → budget → journal → service → picture → library. Each step is in the journal before the
next one begins, so that whatever happens it is known what was sent and what was paid.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from nb_banana import errors
from nb_banana.display.output import notebook_path
from nb_banana.display.progress import Spinner
from nb_banana.errors import Interrupted
from nb_banana.generation import budget, context, lookup, recovery
from nb_banana.generation.charges import NOT_WRITTEN, explain_charge
from nb_banana.generation.in_flight import InFlight
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.generation.options import DEFAULT_OUTPUT, OutputOptions
from nb_banana.imaging import save
from nb_banana.models import short_name
from nb_banana.request import ImageRequest
from nb_banana.results.image import BananaImage
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import DownloadResult, ServiceAnswer, fetch_pictures
from nb_banana.services.send import new_request_id, send_generation
from nb_banana.services.service import Service
from nb_banana.settings import settings
from nb_banana.wire.interrupts import defer_interrupts

HOW_TO_FETCH = " nb_banana.recover() tries it again, as does running this again; --fresh pays anew."


def make(
    request: ImageRequest,
    output: OutputOptions = DEFAULT_OUTPUT,
    *,
    kinds: Sequence[str] | None = None,
    service: Service | None = None,
    key: context.Key = None,
    timeout: float | None = None,
) -> BananaImage:
    """The picture of a request: from the library where it is there, else from the service.

    Args:
        request: what to draw.
        output: what else is wanted.
        kinds: in which libraries it is looked for; else those of the service or of the settings.
        service: who draws it; else by the settings, see `generation.context.find_service`.
        key: the key for this call alone.
        timeout: seconds to wait.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    check_output(request, output)
    search = context.search_key(key)
    if kinds is None:
        kinds = (context.kind_of_service(service),) if service else context.kinds(search)
    image = find_reusable(request, kinds, output)
    if image is None:
        image = _fetch_paid(request, output, service, kinds)
    if image is None:
        image = _draw_once(request, output, service or find_drawing_service(search, timeout), kinds)
    return hand_over(image, output)


def find_reusable(
    request: ImageRequest, kinds: Sequence[str], output: OutputOptions
) -> BananaImage | None:
    """The picture where it is in the library and a fresh one is not wanted; nothing is sent.

    Raises:
        LostPictureError: it was made, and its file is not whole.
    """
    if output.fresh:
        return None
    return lookup.find_stored(request, kinds, name=output.name, alt=output.alt)


def find_drawing_service(
    key: context.Key = None, timeout: float | None = None, *, elsewhere: bool = False
) -> Service:
    """Who draws what is not in the library; see `generation.context.find_service`.

    Raises:
        NotKeptError: by the settings nobody does.
        MissingKeyError: there is no key for it.
    """
    if settings.backend == "library":
        raise errors.NotKeptError(
            'This picture is not in the library, and the backend is "library", so nothing was '
            'sent. Look at nb_banana.history(), or draw it: %config Banana.backend = "auto"'
        )
    return context.find_service(key=key, timeout=timeout, elsewhere=elsewhere)


def check_output(request: ImageRequest, output: OutputOptions) -> None:
    """See that the output options can be fulfilled, before anything is sent.

    Raises:
        RequestError, SaveError: they can't.
    """
    for name in ("name", "alt"):
        value = getattr(output, name)
        if value is not None and not isinstance(value, str):
            raise errors.RequestError(f"{name} is a text, not {value!r}.")
    if output.save is not None:
        save.check_writable(save.save_target(output.save, suffix=".png", title=request.prompt))


def _fetch_paid(
    request: ImageRequest, output: OutputOptions, service: Service | None, kinds: Sequence[str]
) -> BananaImage | None:
    """The picture of an earlier request for the same, which is paid and waits at its link."""
    if output.fresh or settings.backend == "library":
        return None
    for library in map(context.library_of, kinds):
        there = service or recovery.service_of(library, ask=False)
        try:
            left = library.unfinished(request.key)
        except errors.LibraryError:  # what can't be used has nothing; `_draw` says so
            continue
        paid = [(row, row.receipt) for row in left if row.receipt and any(row.links)]
        if not paid or there is recovery.NO_SERVICE:
            continue
        row, receipt = paid[-1]
        with defer_interrupts(), Spinner("Fetching what was paid before"):
            came = fetch_pictures(recovery.answer_of(row, receipt), there.base_url)
            image = _keep(request, output, JournalEntry.of(library, row.request_id), receipt, came)
        image.came = "reused" if image.path else "loaded"
        return image
    return None


def _draw_once(
    request: ImageRequest, output: OutputOptions, service: Service, kinds: Sequence[str]
) -> BananaImage:
    """Pay for a picture, unless this process draws the same one already: then that one is it."""
    if output.fresh:
        return _draw(request, output, service)
    library = context.library_of(context.kind_of_service(service))
    while not (in_flight := InFlight(library, request.key)).is_ours:
        try:
            with Spinner("The same picture is being drawn"):
                image = in_flight.wait()
        except errors.NotSentError:  # its turn never came, so it is ours now
            continue
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted(
                "Stopped waiting. The picture was asked for before and is still being drawn: run "
                "it again for $0 when it is in your library."
            ) from None
        return find_reusable(request, kinds, output) or image
    return in_flight.run(lambda: _draw(request, output, service))


def _draw(request: ImageRequest, output: OutputOptions, service: Service) -> BananaImage:
    """Pay for a picture."""
    kind = context.kind_of_service(service)
    library = context.library_of(kind)
    entry = JournalEntry(library, new_request_id())
    parents = [each.origin for each in request.references if isinstance(each.source, BananaImage)]
    try:
        budget.check_budget([request], service, kind, entry.request_id, ask=not output.confirmed)
        entry.begin(request, notebook=notebook_path(), parents=parents)
        with defer_interrupts():
            with Spinner(f"{short_name(request.model)} is drawing"):
                started = time.monotonic()
                answer = _ask(request, service, entry)
                came = fetch_pictures(answer, service.base_url)
                receipt = replace(answer.receipt, seconds=time.monotonic() - started)
            return _keep(request, output, entry, receipt, came)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise _stopped(request, service, entry) from None
    finally:
        entry.leave()
        if entry.reached == "nothing":
            budget.BUDGET.drop(entry.request_id)


def _stopped(
    request: ImageRequest, service: Service, entry: JournalEntry
) -> errors.BananaError | Interrupted:
    """What Ctrl-C between two steps means for the money."""
    facts = {"client_request_id": entry.request_id}
    if entry.reached == "nothing":
        entry.end(entry.library.mark_failed, "stopped before it was sent")
        return Interrupted("Stopped before it was sent. Nothing was charged.", **facts)
    if entry.reached == "kept":
        return Interrupted("Stopped. The picture is in your library: run it again for $0.", **facts)
    if entry.reached == "answered":
        cure = "nb_banana.recover() fetches it." if entry.is_written else NOT_WRITTEN
        return Interrupted(f"Stopped. The picture was made and charged; {cure}", **facts)
    error = Interrupted(f"Stopped a request that was sent. {errors.UNSURE}", **facts)
    return explain_charge(error, service, entry, request)


def _ask(request: ImageRequest, service: Service, entry: JournalEntry) -> ServiceAnswer:
    """The answer of the service; whatever else comes of it is written down."""
    library = entry.library
    try:
        answer = send_generation(request, service, entry.request_id)
    except (errors.UncertainError, errors.UnreadableAnswerError, Interrupted) as error:
        raise explain_charge(error, service, entry, request) from None
    except errors.BananaError as error:
        receipt = error.facts.get("receipt")
        entry.end(library.mark_failed, str(error), receipt)
        if receipt is None:
            budget.BUDGET.drop(entry.request_id)
        else:
            budget.BUDGET.settle(entry.request_id, receipt.usd)
        raise
    entry.reached = "answered"
    entry.write(library.mark_answered, answer.items, answer.receipt)
    budget.BUDGET.settle(entry.request_id, answer.receipt.usd)
    return answer


def _keep(
    request: ImageRequest,
    output: OutputOptions,
    entry: JournalEntry,
    receipt: Receipt,
    came: DownloadResult,
) -> BananaImage:
    """Put the pictures into the library; where that fails they stay in memory."""
    library, problem, kept = entry.library, came.problem, None
    if came.is_whole:
        kept = entry.end(library.store, came.pictures, receipt)
    else:  # the row keeps the links of all its pictures, for `recover`
        entry.end(library.release, str(problem))
    images = [
        BananaImage(data, kind, request, receipt, name=output.name, alt=output.alt)
        for data, kind in came.pictures
    ]
    if kept:
        context.note_used(library, entry.request_id)
        entry.reached = "kept"
        images = [
            BananaImage.of(
                kept[0], library, request=request, name=output.name, alt=output.alt, came="made"
            )
        ]
    elif images:
        images[0].extras = tuple(images[1:])
        images[0].notes += (f"Not kept in the library. {entry.problem or problem}",)
    if problem is None:
        return images[0]
    said, facts = problem.args[0], problem.facts | ({"image": images[0]} if images else {})
    if entry.is_written and not kept and "url" in facts:  # what came inside the answer is in facts
        said = f"{said.rstrip('.')}.{HOW_TO_FETCH}"
    raise type(problem)(said, **facts)


def hand_over(image: BananaImage, output: OutputOptions) -> BananaImage:
    """The picture, after what was wished of it.

    Raises:
        SaveError, SizeMismatchError: the picture is in the error's ``.image``.
    """
    if output.save is not None:
        try:
            image.save(output.save)
        except errors.SaveError as error:
            raise errors.SaveError(
                f"{error.args[0]} The picture was made and charged, and it is kept in the "
                "error's .image.",
                image=image,
            ) from error
    if output.strict and image.mismatch:
        raise errors.SizeMismatchError(
            f"The picture has another size: {image.mismatch}. It was charged, and it is kept in "
            "the error's .image.",
            image=image,
        )
    return image
