"""The pipeline from a request to a picture. Function, magic and panel all take it.

Library? → budget → journal → service → picture → library. Each step is in the journal before the
next one begins, so that whatever happens it is known what was sent and what was paid.
"""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nb_banana import credentials, errors
from nb_banana._text import shown
from nb_banana.display.output import notebook_path
from nb_banana.display.progress import Spinner
from nb_banana.errors import Interrupted
from nb_banana.generation import budget, context, lookup, recovery
from nb_banana.generation.charges import explain_charge, explain_refusal, is_unsure
from nb_banana.generation.in_flight import InFlight
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.generation.options import DEFAULT_OUTPUT, OutputOptions
from nb_banana.imaging import save
from nb_banana.library.library import Library
from nb_banana.library.rows import now
from nb_banana.models import short_name
from nb_banana.request import ImageRequest, check_characters
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import NOT_KEPT
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
    since = now()
    image = find_reusable(request, kinds, output)
    if image is None:
        image = _fetch_paid(request, output, service, kinds)
    if image is None:
        service = service or find_drawing_service(search, timeout)
        image = _draw_once(request, output, service, kinds, since)
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
            raise errors.RequestError(f"{name} is a text, not {shown(value)}.")
        check_characters(name, value or "")
    if output.save is not None:
        save.check_writable(save.save_target(output.save, suffix=".png", title=request.prompt))


def check_words(request: ImageRequest, output: OutputOptions, service: Service | None) -> None:
    """See that the key of the service is in no word that would be sent, kept or shown.

    The keys of this kernel were looked for when the request was made.

    Raises:
        RequestError: it is.
    """
    if service is not None and service.secret is not None:
        request.refuse_key(service.secret)
        credentials.refuse_key("The name, alt or save", output.words, service.secret)


def _fetch_paid(
    request: ImageRequest, output: OutputOptions, service: Service | None, kinds: Sequence[str]
) -> BananaImage | None:
    """The picture of an earlier request for the same, which is paid and was not had.

    Raises:
        BananaError: it is paid, and still can't be had: to draw it anew would pay again.
    """
    if output.fresh or settings.backend == "library":
        return None
    for library in context.every_library(kinds):
        there = service or recovery.service_of(library, ask=False)
        for row in reversed(library.unfinished(request.key)):
            answer = recovery.answer_of(row, library, there)
            if answer is None or (there is recovery.NO_SERVICE and any(row.links)):
                continue
            if any(row.links) and not library.is_own:
                raise errors.DownloadError(NOT_FOLLOWED, client_request_id=row.request_id)
            with defer_interrupts(), Spinner("Fetching what was paid before"):
                came = fetch_pictures(answer, there.base_url)
                entry = JournalEntry.of(library, row.request_id)
                image = _keep(request, output, entry, answer.receipt, came)
            image.came = "reused" if image.path else "loaded"
            return image
    return None


NOT_FOLLOWED = (
    "This picture was paid before and waits at its link. Nothing was sent: its library is not "
    "known to be yours, so links in it are not opened unasked. nb_banana.recover() opens them; "
    "--fresh pays for a new picture."
)


def _draw_once(
    request: ImageRequest,
    output: OutputOptions,
    service: Service,
    kinds: Sequence[str],
    since: str,
) -> BananaImage:
    """Pay for a picture, unless this process draws the same one already: then that one is it."""
    if output.fresh:
        return _draw(request, output, service, kinds, since)
    library = context.library_of(context.kind_of_service(service))
    while not (in_flight := InFlight(library, request.key)).is_ours:
        try:
            with Spinner("The same picture is being drawn"):
                image = in_flight.wait()
        except errors.NotSentError:  # its turn never came, so it is ours now
            continue
        except errors.BananaError as error:
            raise errors.repeated(error) from None
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted(STILL_DRAWN) from None
        return find_reusable(request, kinds, output) or paid_by_another(image, output)
    return in_flight.run(lambda: _draw(request, output, service, kinds, since))


STILL_DRAWN = (
    "Stopped waiting. The picture was asked for before and is still being drawn: run it again for "
    "$0 when it is in your library."
)


def paid_by_another(image: BananaImage, output: OutputOptions) -> BananaImage:
    """A picture that no library could keep, for whoever waited for it: it is on another's bill."""
    same = copy.copy(image)
    same.came, same.name, same.alt = "loaded", output.name, output.alt or image.prompt
    return same


def _draw(
    request: ImageRequest,
    output: OutputOptions,
    service: Service,
    kinds: Sequence[str],
    since: str,
) -> BananaImage:
    """Pay for a picture, unless another kernel draws it, or has since it was looked for."""
    check_words(request, output, service)
    kind = context.kind_of_service(service)
    parents = [each.origin for each in request.references if isinstance(each.source, BananaImage)]
    while True:
        entry, stopped = JournalEntry(context.places(kind), new_request_id()), None
        try:
            budget.check_budget(
                [request], service, kind, entry.request_id, ask=not output.confirmed
            )
            other = entry.begin(
                request,
                since=None if output.fresh else since,
                notebook=notebook_path(),
                parents=parents,
            )
            if other is None:
                return _send(request, output, service, entry)
        except Interrupted:
            raise
        except KeyboardInterrupt:
            stopped = _stopped(request, service, entry)
        finally:
            entry.leave()
            if entry.reached == "nothing":
                budget.BUDGET.drop(entry.request_id)
        if stopped is not None:  # not inside of `except`, as in `services.send`
            raise stopped
        since = now()
        there = _wait_for(other, entry.library, lambda: find_reusable(request, kinds, output))
        there = there or _fetch_paid(request, output, service, kinds)
        if there is not None:
            return there


def _wait_for(
    request_id: str | None, library: Library, look: Callable[[], BananaImage | None]
) -> BananaImage | None:
    """The picture that another kernel draws; None where it does not any more, at no cost.

    Args:
        request_id: of the other kernel's request.
        library: where that is written down.
        look: finds the picture where it is kept.

    Raises:
        UncertainError: it has none, and it was or may have been charged.
    """
    try:
        with Spinner("Another kernel is drawing the same picture"):
            while request_id and library.is_drawn(request_id):
                if there := look():  # in a stand-in
                    return there
                time.sleep(0.5)
    except KeyboardInterrupt:
        raise Interrupted(STILL_DRAWN) from None
    there = look()
    state, charged = library.fate(request_id or "")
    if there is None and (state == "unknown" or (state == "failed" and charged)):
        raise errors.UncertainError(PAID_BY_ANOTHER, client_request_id=request_id)
    return there


PAID_BY_ANOTHER = (
    "Another kernel asked for the same, got no picture, and was or may have been charged. Nothing "
    "was sent from here. nb_banana.recover() asks the service's log; --fresh pays anew."
)


def _send(
    request: ImageRequest, output: OutputOptions, service: Service, entry: JournalEntry
) -> BananaImage:
    """Ask the service for what is written down, and keep what comes."""
    with defer_interrupts():
        with Spinner(f"{short_name(request.model)} is drawing"):
            started = time.monotonic()
            answer = _ask(request, service, entry)
            came = fetch_pictures(answer, service.base_url)
            receipt = replace(answer.receipt, seconds=time.monotonic() - started)
        return _keep(request, output, entry, receipt, came)


def _stopped(
    request: ImageRequest, service: Service, entry: JournalEntry
) -> errors.BananaError | Interrupted:
    """What Ctrl-C between two steps means for the money."""
    facts = {"client_request_id": entry.request_id}
    if entry.reached == "nothing":
        entry.end(Library.mark_failed, "stopped before it was sent")
        return Interrupted("Stopped before it was sent. Nothing was charged.", **facts)
    if entry.reached == "kept":
        return Interrupted("Stopped. The picture is in your library: run it again for $0.", **facts)
    if entry.reached == "answered":
        said = "Stopped. The picture was made and charged; nb_banana.recover() fetches it."
        return Interrupted(said, **facts)
    error = Interrupted(f"Stopped a request that was sent. {errors.UNSURE}", **facts)
    return explain_charge(error, service, entry, request)


def _ask(request: ImageRequest, service: Service, entry: JournalEntry) -> ServiceAnswer:
    """The answer of the service; whatever else comes of it is written down."""
    try:
        answer = send_generation(request, service, entry.request_id)
    except (errors.BananaError, Interrupted) as error:
        if not is_unsure(error) and isinstance(error, errors.BananaError):
            raise explain_refusal(error, service, entry, request) from None
        told = explain_charge(error, service, entry, request)
        _keep_answer(told, entry)
        raise told from None
    entry.reached = "answered"
    entry.write(Library.mark_answered, answer.items, answer.receipt)
    budget.BUDGET.settle(entry.request_id, answer.receipt.usd)
    return answer


def _keep_answer(error: errors.BananaError | Interrupted, entry: JournalEntry) -> None:
    """Keep an answer that was not understood, unless the log says that it was not charged."""
    charge, body = error.facts.get("charge"), error.facts.get("body")
    is_answer = isinstance(error, errors.UnreadableAnswerError) and not error.facts.get("is_unsure")
    is_page = not body or body.lstrip()[:1] == b"<"  # a gateway's: there is no picture in it
    if not is_answer or is_page or charge is None or charge.state == "not charged":
        return
    if entry.write(Library.keep_answer, body):
        error.args = (f"{error.args[0].rstrip('.')}.{HOW_TO_FETCH}",)


def _keep(
    request: ImageRequest,
    output: OutputOptions,
    entry: JournalEntry,
    receipt: Receipt,
    came: DownloadResult,
) -> BananaImage:
    """Put the pictures into the library; where that fails they stay in memory."""
    problem, kept = came.problem, None
    inside = [entry.write(Library.keep_answer, data, at) for at, data in came.inside.items()]
    if came.is_whole:
        kept = entry.end(Library.store, came.pictures, receipt)
    else:  # the row keeps the links of all its pictures, for `recover`
        entry.end(Library.release, str(problem))
    images = [
        BananaImage(data, kind, request, receipt, name=output.name, alt=output.alt)
        for data, kind in came.pictures
    ]
    if kept:
        library = entry.library
        context.note_used(library, entry.request_id)
        entry.reached = "kept"
        images = [
            BananaImage.of(
                kept[0], library, request=request, name=output.name, alt=output.alt, came="made"
            )
        ]
    elif images:
        images[0].extras = tuple(images[1:])
        why = entry.problem or problem or "Banana.keep is False: it is gone with the kernel."
        images[0].notes += (f"{NOT_KEPT} {why}",)
    if problem is None:
        return images[0]
    said, facts = problem.args[0], problem.facts | ({"image": images[0]} if images else {})
    if entry.is_written and not kept and all(inside):
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
