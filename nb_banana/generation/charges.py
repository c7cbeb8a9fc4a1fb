"""After a request without an answer: was it charged? The service's log is asked, and it is said."""

from datetime import UTC, datetime

from nb_banana._text import dollars
from nb_banana.errors import (
    UNSURE,
    BananaError,
    Interrupted,
    UncertainError,
    UnreadableAnswerError,
)
from nb_banana.generation import budget
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.library.location import SANDBOX
from nb_banana.request import ImageRequest
from nb_banana.services.aimlapi import account
from nb_banana.services.aimlapi.account import Charge
from nb_banana.services.receipt import Receipt
from nb_banana.services.service import Service
from nb_banana.wire.interrupts import allow_interrupts

ONE_LOOK = (0.0,)
"""After an interrupt the log is asked once: the person wants to go on."""
CHARGED = (
    "The service's log says that it was charged{amount}. It was not sent again. The log has no "
    "link to the picture: the service's support may find it by the ids."
)
NOT_CHARGED = "The service's log says that it was not charged. Run it again."
NOT_KNOWN = "Whether it was charged is not known yet, so it was not sent again. "
ASK_AGAIN = "nb_banana.recover() asks the service's log again."
NOT_WRITTEN = "The library could not be used, so keep the id: the service's log has it too."


def is_unsure(error: BananaError | Interrupted) -> bool:
    """Whether nobody knows yet if it was charged."""
    kinds = (Interrupted, UncertainError, UnreadableAnswerError)
    return isinstance(error, kinds) or bool(error.facts.get("is_unsure"))


def explain_charge(
    error: BananaError | Interrupted, service: Service, entry: JournalEntry, request: ImageRequest
) -> BananaError | Interrupted:
    """The error, with what the log says; the journal has it too.

    Args:
        error: why there is no answer.
        service: who was asked.
        entry: the request's entry in the journal.
        request: what was asked.

    Returns:
        The same kind of error, or `Interrupted` where Ctrl-C came while the log was asked.
    """
    if error.facts.get("not_charged"):
        entry.end(entry.library.mark_failed, str(error))
        budget.BUDGET.drop(entry.request_id)
        return error
    entry.write(entry.library.mark_unknown, str(error))
    kind = type(error)
    pauses = ONE_LOOK if isinstance(error, Interrupted) else account.PAUSES
    attempts = error.facts.get("attempts")
    try:
        with allow_interrupts():
            charge = account.find_charge(
                service, entry.request_id, attempts=attempts, pauses=pauses
            )
    except KeyboardInterrupt:
        charge, kind = account.UNKNOWN, Interrupted
    bill = _write_down(charge, service, entry, request, _reason(error))
    facts = {"inference_id": charge.inference_id, "charge": charge} | error.facts
    own = facts.get("receipt")
    if own is None or own.usd is None:  # the answer may have said no price, the log has it
        facts["receipt"] = bill or own
    return kind(str(error.args[0]).replace(UNSURE, _verdict(charge, entry)), **facts)


def _reason(error: BananaError | Interrupted) -> str:
    """Why there is no picture of what was charged, for the journal."""
    is_answered = error.facts.get("is_unsure")
    said = str(error.args[0]).partition(UNSURE)[0].strip()
    return f"charged. {said}" if is_answered else "charged, and no answer came"


def _write_down(
    charge: Charge, service: Service, entry: JournalEntry, request: ImageRequest, reason: str
) -> Receipt | None:
    """What the log says goes into the journal; its receipt, where it was charged."""
    bill = None
    if charge.state == "not charged":
        entry.write(entry.library.mark_failed, "the service's log says: not charged")
        budget.BUDGET.drop(entry.request_id)
    if charge.state == "charged":
        kind = entry.library.service
        bill = bill_of(charge, request, service, kind, entry.request_id, datetime.now(UTC))
        entry.write(entry.library.mark_unknown, reason, bill)
        budget.BUDGET.settle(entry.request_id, charge.usd)
    entry.ended = True
    return bill


def _verdict(charge: Charge, entry: JournalEntry) -> str:
    if charge.state == "charged":
        return CHARGED.format(amount=f": {dollars(charge.usd)}" if charge.usd else "")
    if charge.state == "not charged":
        return NOT_CHARGED
    return NOT_KNOWN + (ASK_AGAIN if entry.is_written else NOT_WRITTEN)


def bill_of(
    charge: Charge,
    request: ImageRequest,
    service: Service,
    kind: str,
    request_id: str,
    created: datetime,
) -> Receipt:
    """The receipt of a charge that only the log tells of."""
    return Receipt(
        model=request.model,
        service=service.host,
        sandbox=kind == SANDBOX,
        client_request_id=request_id,
        inference_id=charge.inference_id,
        credits=None,
        usd=charge.usd,
        seconds=0.0,
        attempts=1,
        created=created,
    )
