"""The pipeline: library? → budget → journal → service → picture → library.

Each step is in the journal before the next begins: it is always known what was sent and paid.
"""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nb_banana import errors
from nb_banana._catalogue import drawer_in
from nb_banana._later import Later
from nb_banana.display.progress import Size, Spinner, Usual, silently
from nb_banana.errors import Interrupted
from nb_banana.generation import accepted
from nb_banana.generation.charges import (
    PAYS_AGAIN,
    Trouble,
    explain_charge,
    explain_missing_model,
    explain_refusal,
    is_unsure,
)
from nb_banana.generation.journal_entry import JournalEntry, new_request_id
from nb_banana.generation.lookup import InFlight, find_reusable
from nb_banana.generation.options import OutputOptions
from nb_banana.generation.plan import Job, Plan
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX
from nb_banana.library.records import UnfinishedRequest
from nb_banana.library.rows import now
from nb_banana.request import ImageRequest, expected_size
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import NOT_KEPT
from nb_banana.services import tickets
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Ticket
from nb_banana.services.model_status import PATIENCE, ModelStatus
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import BilledAnswer, DownloadResult, fetch_pictures
from nb_banana.services.send import send_generation
from nb_banana.wire.interrupts import defer_interrupts

if TYPE_CHECKING:
    from nb_banana.generation import recovery
else:  # for what an earlier request left
    recovery = Later("nb_banana.generation.recovery")

HOW_TO_FETCH = " nb_banana.recover() tries it again, as does running this again; --fresh pays anew."


def make(plan: Plan, job: Job) -> BananaImage:
    """The picture of a request: from the library where it is there, else from the service."""
    if not plan.is_stable:
        return _make(plan, job)
    try:
        with silently():  # a line that was shown, and taken away, may leave an empty output behind
            return _make(plan, job)
    except (errors.BananaError, Interrupted) as error:
        error.facts["hides_ids"] = True
        raise


def _make(plan: Plan, job: Job) -> BananaImage:
    job.check()
    libraries, since = plan.libraries(), now()
    with plan.places[0].keep_open():
        image = find_reusable(plan, job, libraries) or _fetch_paid(plan, job, libraries)
        return hand_over(image or _draw_once(plan, job, since), job.output)


def _fetch_paid(plan: Plan, job: Job, libraries: Sequence[Library]) -> BananaImage | None:
    """The picture of an earlier request for the same, which is paid and was not had."""
    if job.output.fresh or plan.is_offline:
        return None
    for library in libraries:
        rows = library.unfinished(job.request.key)
        if not rows:
            continue
        known = plan.known_service if library.service == plan.kind else None
        there = known or accepted.service_of(plan.context, library, ask=False)
        for row in reversed(rows):
            if row.ticket is not None and (image := _resume(plan, job, library, row)) is not None:
                return image
            answer = recovery.answer_of(row, library, there)
            if answer is None or (there is accepted.NO_SERVICE and any(row.links)):
                continue
            if any(row.links) and not library.is_own:
                raise errors.DownloadError(NOT_FOLLOWED, client_request_id=row.request_id)
            with (
                defer_interrupts(),
                Spinner("Fetching what was paid before", size=_size(plan, job)),
            ):
                came = fetch_pictures(answer, there)
                entry = JournalEntry.of(library, row.request_id, plan.context.budget)
                try:
                    image = _keep(plan, job, entry, answer.receipt, came)
                except errors.PictureError as error:
                    raise errors.repeated(error) from None
            image.came = "reused" if image.path else "loaded"
            return image
    return None


def _resume(plan: Plan, job: Job, library: Library, row: UnfinishedRequest) -> BananaImage | None:
    """Wait for the work that an earlier kernel asked for, and that the service accepted."""
    if not library.is_own:
        raise errors.DownloadError(NOT_FOLLOWED, client_request_id=row.request_id)
    is_ours = library.service == plan.kind and plan.kind != SANDBOX
    there = plan.service if is_ours else accepted.service_of(plan.context, library, row=row)
    if there is accepted.NO_SERVICE:
        return None
    entry = JournalEntry.of(library, row.request_id, plan.context.budget)
    seconds = there.timeout or job.request.read_timeout
    with defer_interrupts():
        with Spinner("Waiting for what was asked before", size=_size(plan, job)):
            try:
                answer = accepted.finished(row, there, entry, seconds)
            except (errors.BananaError, Interrupted) as error:
                if row.state == "unknown" and is_unsure(error):
                    return None  # it was said then that running it again pays anew
                raise accepted.noted(error, entry) from None
            came = fetch_pictures(answer, there)
        image = _keep(plan, job, entry, answer.receipt, came)
    image.came = "reused" if image.path else "loaded"
    return image


NOT_FOLLOWED = (
    "This picture was paid before and waits at its link. Nothing was sent: its library is not "
    "known to be yours, so links in it are not opened unasked. nb_banana.recover() opens them; "
    "--fresh pays for a new picture."
)


def _draw_once(plan: Plan, job: Job, since: str) -> BananaImage:
    """Pay for a picture, unless this process draws the same one already: then that one is it."""
    if job.output.fresh:
        return _draw(plan, job, since)
    _ = plan.service  # an error of the key is nothing that others should wait for
    with defer_interrupts():
        while not (in_flight := InFlight(plan.places[0], job.request.key)).is_ours:
            try:
                with Spinner("The same picture is being drawn", size=_size(plan, job)):
                    image = in_flight.wait()
            except errors.NotSentError:  # its turn never came, so it is ours now
                continue
            except errors.BananaError as error:
                raise errors.repeated(error) from None
            except Interrupted:
                raise
            except KeyboardInterrupt:
                raise Interrupted(STILL_DRAWN) from None
            return find_reusable(plan, job) or paid_by_another(image, job.output)
        return in_flight.run(lambda: _draw(plan, job, since))


STILL_DRAWN = (
    "Stopped waiting. The picture was asked for before and is still being drawn: run it again for "
    "$0 when it is in your library."
)


def paid_by_another(image: BananaImage, output: OutputOptions) -> BananaImage:
    """A picture that no library could keep, for whoever waited for it: it is on another's bill."""
    same = copy.copy(image)
    same.came, same.name, same.alt = "loaded", output.name, output.alt
    return same


def _draw(plan: Plan, job: Job, since: str) -> BananaImage:
    """Pay for a picture, unless another kernel draws it, or has since it was looked for."""
    budget, service, request, output = plan.context.budget, plan.service, job.request, job.output
    parents = [each.origin for each in request.images if isinstance(each.source, BananaImage)]
    job.refuse_key(service)
    while True:
        entry, stopped = JournalEntry(plan.places, new_request_id(), budget), None
        try:
            budget.check(
                [request], service, plan.places[0], entry.request_id, ask=not output.confirmed
            )
            after = None if output.fresh else since
            other = entry.begin(request, since=after, notebook=plan.notebook, parents=parents)
            if other is None:
                return _send(plan, job, entry)
        except Interrupted:
            raise
        except KeyboardInterrupt:
            stopped = _stopped(request, service, entry)
        finally:
            if not entry.ended:
                entry.leave()
        if stopped is not None:  # not inside of `except`, as in `services.send`
            raise stopped
        since = now()
        there = _wait_for(plan, job, entry.library, other or "")
        there = there or _fetch_paid(plan, job, plan.libraries())
        if there is not None:
            return there
        time.sleep(0.1)


def _size(plan: Plan, job: Job) -> Size:
    """The size that the picture will be shown in."""
    return partial(expected_size, job.request, plan.context.settings.preview)


def _wait_for(plan: Plan, job: Job, library: Library, request_id: str) -> BananaImage | None:
    """The picture that another kernel draws; None where it does not any more, at no cost."""
    has_log = plan.service.service.keeps_log
    try:
        with Spinner("Another kernel is drawing the same picture", size=_size(plan, job)):
            for _ in _while_open(library, request_id, LOG_SECONDS if has_log else 0.0):
                if there := find_reusable(plan, job):  # in a stand-in
                    return there
                time.sleep(0.5)
    except KeyboardInterrupt:
        raise Interrupted(STILL_DRAWN) from None
    there = find_reusable(plan, job)
    state, charged = library.fate(request_id)
    if there is None and (state == "unknown" or (state == "failed" and charged)):
        said = PAID_BY_ANOTHER.format(more=ASKS_AGAIN if has_log else "")
        raise errors.UncertainError(said, client_request_id=request_id, is_repeat=True)
    return there


LOG_SECONDS = 8.0  # for which a kernel without an answer asks the service's log what it cost


def _while_open(library: Library, request_id: str, log_seconds: float) -> Iterator[None]:
    """As long as the other kernel draws it, or may still hear what it cost."""
    while library.is_drawn(request_id):
        yield
    until = time.monotonic() + log_seconds
    while library.fate(request_id) == ("unknown", False) and time.monotonic() < until:
        yield


PAID_BY_ANOTHER = (
    "Another kernel asked for the same, got no picture, and was or may have been charged. Nothing "
    "was sent from here. {more}--fresh pays anew."
)
ASKS_AGAIN = "nb_banana.recover() asks the service's log; "


def _send(plan: Plan, job: Job, entry: JournalEntry) -> BananaImage:
    """Ask the service for what is written down, and keep what comes."""
    model, status = job.request.model, plan.context.model_status
    who = drawer_in(job.request.catalogue, model)
    line = Spinner(f"{who} is drawing", usual_of(plan, job), _size(plan, job))
    with defer_interrupts():
        with line:
            started = time.monotonic()
            answer = _ask(job.request, plan.service, entry, status)
            if not plan.is_stable and plan.kinds[-1] != SANDBOX:  # its own one keeps its models
                status.begin(plan.service)
            came = fetch_pictures(answer, plan.service)
            receipt = replace(answer.receipt, seconds=time.monotonic() - started)
        return _keep(plan, job, entry, receipt, came)


def usual_of(plan: Plan, job: Job) -> Usual | None:
    """How long such a picture usually takes."""
    if job.request.resolution == "4K":  # takes many times as long as most
        return None
    status = plan.context.model_status
    return lambda: status.usual_seconds(plan.service, job.request.model)


def _stopped(request: ImageRequest, service: Endpoint, entry: JournalEntry) -> Trouble:
    """What Ctrl-C between two steps means for the money."""
    error = Interrupted(STOPPED[entry.reached], client_request_id=entry.request_id)
    if entry.reached == "sent":
        return explain_charge(error, service, entry, request)
    if entry.reached == "nothing":
        entry.failed("stopped before it was sent")
    return error


STOPPED = {
    "accepted": "Stopped. The service has it; nb_banana.recover() fetches it when it is done.",
    "nothing": "Stopped before it was sent. Nothing was charged.",
    "sent": f"Stopped a request that was sent. {errors.UNSURE}",
    "answered": "Stopped. The picture was made and charged; nb_banana.recover() fetches it.",
    "kept": "Stopped. The picture is in your library: run it again for $0.",
}


def _ask(
    request: ImageRequest, service: Endpoint, entry: JournalEntry, status: ModelStatus
) -> BilledAnswer:
    """The answer of the service; whatever else comes of it is written down."""
    entry.library.let_go()
    try:
        answer = send_generation(request, service, entry.request_id)
        if isinstance(answer, Ticket):
            answer = _await_work(answer, request, service, entry)
    except (errors.BananaError, Interrupted) as error:
        if error.facts.get("accepted"):  # it can be fetched later
            entry.release(str(error))
            raise
        if isinstance(error, errors.NotFoundError):
            error = explain_missing_model(
                error, status.deprecation(service, request.model, PATIENCE)
            )
        if not is_unsure(error) and isinstance(error, errors.BananaError):
            raise explain_refusal(error, service, entry, request) from None
        told = explain_charge(error, service, entry, request)
        _keep_answer(told, entry)
        raise told from None
    entry.answered(answer.items, answer.receipt)
    return answer


def _await_work(
    ticket: Ticket, request: ImageRequest, service: Endpoint, entry: JournalEntry
) -> BilledAnswer:
    """The answer of work that is accepted, when it is there."""
    seconds = service.timeout or request.read_timeout
    is_kept = entry.accepted(ticket, service)
    entry.library.let_go()
    try:
        return tickets.wait(ticket, request, service, entry.request_id, seconds)
    except (errors.BananaError, Interrupted) as error:
        is_lost = error.facts.get("accepted") and not (is_kept or entry.accepted(ticket, service))
        if not is_lost:
            raise
        said = str(error.args[0]).replace(tickets.NOT_LOST, NO_TICKET.format(entry.problem))
        told = type(error)(said, **error.facts, ticket=dict(ticket.handle))
    raise told  # not inside of `except`, as in `services.send`


NO_TICKET = (
    "Its ticket could not be written down, so no other kernel can fetch it: {} The error's "
    "facts['ticket'] has it; the service's support knows the request by that."
)


def _keep_answer(error: Trouble, entry: JournalEntry) -> None:
    """Keep an answer that was not understood, unless the log says that it was not charged."""
    charge, body = error.facts.get("charge"), error.facts.get("body")
    is_answer = isinstance(error, errors.UnreadableAnswerError) and not error.facts.get("is_unsure")
    if not is_answer or not body or charge is None or charge.state == "not charged":
        return
    if body.lstrip()[:1] == b"<":  # a gateway's page: there is no picture in it
        return
    if entry.keep_answer(body):
        said = str(error.args[0]).replace(PAYS_AGAIN, "")
        error.args = (f"{said.rstrip('.')}.{HOW_TO_FETCH}",)


def _keep(
    plan: Plan, job: Job, entry: JournalEntry, receipt: Receipt, came: DownloadResult
) -> BananaImage:
    """Put the pictures into the library; where that fails they stay in memory."""
    request, adopt, problem, kept = job.request, plan.context.adopt, came.problem, None
    inside = [entry.keep_answer(data, at) for at, data in came.inside.items()]
    if came.is_whole:
        kept = entry.stored(came.pictures, receipt)
    else:  # the row keeps the links of all its pictures, for `recover`
        entry.release(str(problem))
    named: dict[str, Any] = {"name": job.output.name, "alt": job.output.alt}
    images: list[BananaImage] = []
    if kept:
        made = BananaImage.of(kept[0], entry.library, request=request, came="made", **named)
        images = [adopt(made, entry.library, entry.request_id)]
    elif came.pictures:
        images = [adopt(BananaImage(*each, request, receipt, **named)) for each in came.pictures]
        images[0].extras = tuple(images[1:])
        why = entry.problem or problem or "Banana.keep is False: it is gone with the kernel."
        images[0].notes += (f"{NOT_KEPT} {why}",)
    if images and plan.has_layers:
        images[0].notes += plan.context.unsaid(plan.remarks())
    if images and not plan.is_stable and plan.kinds[-1] != SANDBOX:
        remark = plan.context.model_status.remark(plan.service, request.model)
        images[0].notes += plan.context.unsaid([remark])
    if problem is None:
        return images[0]
    said, facts = problem.args[0], problem.facts | ({"image": images[0]} if images else {})
    if entry.is_written and not kept and all(inside):
        said = f"{said.rstrip('.')}.{HOW_TO_FETCH}"
    raise type(problem)(said, **facts)


def hand_over(image: BananaImage, output: OutputOptions) -> BananaImage:
    """The picture, after what was wished of it."""
    kept = "charged, and it is kept in the error's .image."
    if output.save is not None:
        try:
            image.save(output.save)
        except errors.SaveError as error:
            said = f"{error.args[0]} The picture was made and {kept}"
            raise errors.SaveError(said, image=image) from error
    if output.strict and image.mismatch:
        said = f"The picture has another size: {image.mismatch}. It was {kept}"
        raise errors.SizeMismatchError(said, image=image)
    return image
