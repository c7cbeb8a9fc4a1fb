"""A ticket: work that a service accepted is asked for until it is done, at no further cost."""

import time
from dataclasses import replace
from typing import Any

from nb_banana import errors
from nb_banana.request import ImageRequest
from nb_banana.services import send
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Reply, Ticket
from nb_banana.services.failures import FREE, NOT_SAID, redact
from nb_banana.services.result import BilledAnswer
from nb_banana.wire.interrupts import allow_interrupts

FIRST_PAUSE = 0.5  # seconds before it is asked for the first time
SLOWER = 1.3  # how many times longer each further pause is
LONGEST_PAUSE = 5.0
ASK_SECONDS = 30.0  # for one question
GONE = frozenset({404, 410})
PASSING = frozenset({408, 425, 429})
"""Statuses of a question that is asked again, beside all of 500 and more."""
OF_THE_WORK = frozenset({400, 422, 451}) | GONE
"""Statuses below 500 that say what became of the work; all others turn the question away."""
MOST_ODD = 3
"""How many answers in turn that make no sense, or know nothing of the work, are believed."""

NOT_LOST = "Nothing is lost: nb_banana.recover() fetches it, as does running this again."

NO_ADDRESS = "{title} took the request, and did not say where to ask for it."


def wait(
    ticket: Ticket, request: ImageRequest, service: Endpoint, client_request_id: str, seconds: float
) -> BilledAnswer:
    """The answer of a ticket, when it is there.

    Raises:
        AnswerTimeoutError: it is not there in time. It is accepted, and can be fetched later.
        Interrupted: the same after Ctrl-C.
        BananaError: there is no picture of it; or, with the fact ``accepted``, it can't be asked
            for now.
    """
    until, pause, odd = time.monotonic() + seconds, FIRST_PAUSE, 0
    while True:
        try:
            with allow_interrupts():
                time.sleep(max(pause, min(ticket.seconds, LONGEST_PAUSE)))
        except KeyboardInterrupt:
            raise _stopped(service, client_request_id) from None
        try:
            found, odd = ask(ticket, request, service, client_request_id), 0
        except errors.BananaError as error:
            found, odd = ticket, odd + 1
            if not error.facts.pop("may_pass", False) or odd == MOST_ODD:
                raise
        if isinstance(found, BilledAnswer):
            return found
        if time.monotonic() >= until:
            said = f"{service.service.title} has it, and it is not done within {seconds:g} s."
            facts = {"client_request_id": client_request_id, "accepted": True}
            raise errors.AnswerTimeoutError(f"{said} {NOT_LOST}", **facts)
        is_next = bool(found.handle.get("is_done")) and not ticket.handle.get("is_done")
        pause = 0.0 if is_next else min(max(pause, FIRST_PAUSE) * SLOWER, LONGEST_PAUSE)
        ticket = found


def ask(
    ticket: Ticket, request: ImageRequest, service: Endpoint, client_request_id: str
) -> BilledAnswer | Ticket:
    """The answer of a ticket where it is there by now; else the ticket, as it is now.

    Raises:
        BananaError: there is no picture of it. With the fact ``accepted`` the question was turned
            away, and with ``may_pass`` another answer may come: both say nothing of the work.
    """
    try:
        return _ask(ticket, request, service, client_request_id)
    except errors.BananaError as error:
        told: errors.BananaError | errors.Interrupted = redact(error, service.secret)
    except errors.Interrupted:
        told = _stopped(service, client_request_id)
    raise told  # not inside of `except`, as in `services.send`


def _stopped(service: Endpoint, client_request_id: str) -> errors.Interrupted:
    said = f"Stopped waiting. {service.service.title} has it. {NOT_LOST}"
    return errors.Interrupted(said, client_request_id=client_request_id, accepted=True)


def cancel(ticket: Ticket, service: Endpoint, client_request_id: str) -> bool:
    """Ask the service to give the work up; returns whether it has it no more.

    It may come too late, or not be answered: then the work is fetched as ever.
    """
    facts, call = {"client_request_id": client_request_id}, service.service.cancel(ticket)
    if call is None:
        return False
    try:
        if not send.carry_once(call, service, ASK_SECONDS, facts).is_fine:
            return False
        question = service.service.poll(ticket)
        return send.carry_once(question, service, ASK_SECONDS, facts).status in GONE
    except errors.BananaError:
        return False


def _ask(
    ticket: Ticket, request: ImageRequest, service: Endpoint, client_request_id: str
) -> BilledAnswer | Ticket:
    speaks = service.service
    facts: dict[str, Any] = {"client_request_id": client_request_id, "attempts": 1}
    try:
        call = speaks.poll(ticket)
        if not call.path:
            raise errors.ServiceError(NO_ADDRESS.format(title=speaks.title))
        service.address_of(call.path)
    except errors.ServiceError as error:
        raise errors.UncertainError(f"{error.args[0]} {errors.UNSURE}", **facts) from None
    try:
        reply = send.carry_once(call, service, ASK_SECONDS, facts)
    except (errors.UncertainError, errors.NotConnectedError):
        return ticket  # a question costs nothing, and is asked again
    except errors.BananaError as error:  # an executor that is gone, or more bytes than we read
        is_odd = isinstance(error, errors.UnreadableAnswerError)
        raise _not_now(error, service, may_pass=is_odd) from None
    if reply.is_cut and reply.json is None:  # as one that did not come
        return ticket
    is_own = speaks.charged(reply) is False  # it is of the work itself, and not of the question
    is_result = ticket.handle.get("is_done", True)
    if reply.status in PASSING or (reply.status >= 500 and not (is_own and is_result)):
        return ticket
    try:
        found = send.read_reply(reply, request, service, client_request_id)
    except errors.BananaError as error:
        is_odd = isinstance(error, errors.UnreadableAnswerError)
        if is_odd and not is_result and reply.status == 200 and _is_mute(reply):
            # 202 until it is done, whatever stands in it.
            return replace(ticket, handle={**ticket.handle, "is_done": True})
        told = error
    else:
        if isinstance(found, Ticket):
            return replace(found, handle={**ticket.handle, **found.handle})
        return found
    if is_odd and not (is_result and reply.status == 200 and _is_own(reply)):
        raise _not_now(told, service, may_pass=True)  # a page of whoever is on the way, or half
    raise _meant(told, reply, ticket, service)  # not inside of `except`, as above


def _is_mute(reply: Reply) -> bool:
    """Whether a state has no words; what is cut off, or a page, is something else."""
    return not reply.body.strip() or isinstance(reply.json, dict)


def _is_own(reply: Reply) -> bool:
    """Whether the service itself may have said it: what a proxy says is a page."""
    return not reply.body.lstrip().startswith(b"<")


def _meant(
    error: errors.BananaError, reply: Reply, ticket: Ticket, service: Endpoint
) -> errors.BananaError:
    """What an answer without a picture says of the work; often it is of the question alone."""
    status = reply.status
    if status in GONE:
        said = f"{service.service.title} has this request no more. {errors.UNSURE}"
        facts = {name: error.facts.get(name) for name in ("client_request_id", "attempts")}
        return errors.UncertainError(said, **facts, may_pass=True)
    if 300 <= status < 500 and status not in OF_THE_WORK:
        return _not_now(error, service)
    is_odd = isinstance(error, errors.UnreadableAnswerError) or status == 400
    if is_odd or (status >= 500 and "is_done" not in ticket.handle):
        return type(error)(error.args[0], **error.facts, may_pass=True)
    return error


def _not_now(
    error: errors.BananaError, service: Endpoint, *, may_pass: bool = False
) -> errors.BananaError:
    """The question was turned away, or could not be asked; the work is where it was."""
    said = str(error.args[0])
    for claim in (FREE, NOT_SAID, errors.UNSURE, "Nothing was sent."):
        said = said.replace(f" {claim}", "")
    return type(error)(
        f"{said} {service.service.title} has your request. {NOT_LOST}",
        **error.facts | {"accepted": True, "may_pass": may_pass or None},
    )
