"""A ticket: work that a service accepted is asked for until it is done, at no further cost."""

import time
from dataclasses import replace

from nb_banana import errors
from nb_banana.request import ImageRequest
from nb_banana.services import send
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Ticket
from nb_banana.services.failures import redact
from nb_banana.services.result import BilledAnswer
from nb_banana.wire.interrupts import allow_interrupts

FIRST_PAUSE = 0.5  # seconds before it is asked for the first time
SLOWER = 1.3  # how many times longer each further pause is
LONGEST_PAUSE = 5.0
ASK_SECONDS = 30.0  # for one question
GONE = frozenset({404, 410})
PASSING = frozenset({408, 425, 429})
"""Statuses of a question that is asked again, beside all of 500 and more."""

NOT_LOST = "Nothing is lost: nb_banana.recover() fetches it, as does running this again."


def wait(
    ticket: Ticket, request: ImageRequest, service: Endpoint, client_request_id: str, seconds: float
) -> BilledAnswer:
    """The answer of a ticket, when it is there.

    Raises:
        AnswerTimeoutError: it is not there in time. It is accepted, and can be fetched later.
        Interrupted: the same after Ctrl-C.
        BananaError: the service has no picture of it.
    """
    until, pause = time.monotonic() + seconds, FIRST_PAUSE
    title, facts = service.service.title, {"client_request_id": client_request_id, "accepted": True}
    try:
        while True:
            with allow_interrupts():
                time.sleep(max(pause, min(ticket.seconds, LONGEST_PAUSE)))
            found = ask(ticket, request, service, client_request_id)
            if isinstance(found, BilledAnswer):
                return found
            if time.monotonic() >= until:
                said = f"{title} has it, and it is not done within {seconds:g} s. {NOT_LOST}"
                raise errors.AnswerTimeoutError(said, **facts)
            is_next = bool(found.handle.get("is_done")) and not ticket.handle.get("is_done")
            pause = 0.0 if is_next else min(max(pause, FIRST_PAUSE) * SLOWER, LONGEST_PAUSE)
            ticket = found
    except (KeyboardInterrupt, errors.Interrupted):
        pass
    raise errors.Interrupted(f"Stopped waiting. {title} has it. {NOT_LOST}", **facts)


def ask(
    ticket: Ticket, request: ImageRequest, service: Endpoint, client_request_id: str
) -> BilledAnswer | Ticket:
    """The answer of a ticket where it is there by now; else the ticket, as it is now."""
    try:
        return _ask(ticket, request, service, client_request_id)
    except errors.BananaError as error:
        redacted = redact(error, service.secret)
    raise redacted  # not inside of `except`, as in `services.send`


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
    call, speaks = service.service.poll(ticket), service.service
    facts = {"client_request_id": client_request_id, "attempts": 1}
    try:
        service.address_of(call.path)
    except errors.ServiceError as error:
        raise errors.UncertainError(f"{error.args[0]} {errors.UNSURE}", **facts) from None
    try:
        reply = send.carry_once(call, service, ASK_SECONDS, facts)
    except (errors.UncertainError, errors.NotConnectedError, errors.UnreadableAnswerError):
        return ticket  # a question costs nothing, and is asked again
    is_answer = speaks.charged(reply) is False  # it is of the work itself, and not of the question
    if reply.status in PASSING or (reply.status >= 500 and not is_answer):
        return ticket
    if reply.status in GONE:
        said = f"{speaks.title} has this request no more. {errors.UNSURE}"
        raise errors.UncertainError(said, **facts)
    found = send.read_reply(reply, request, service, client_request_id)
    if isinstance(found, Ticket):
        return replace(found, handle={**ticket.handle, **found.handle})
    return found
