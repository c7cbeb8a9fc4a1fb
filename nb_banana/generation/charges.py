"""After a request without a picture: was it charged? The service's log is asked, and it is said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from nb_banana import errors
from nb_banana._text import AboutDollars, Dollars, dollars
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX
from nb_banana.request import ImageRequest
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import UNKNOWN, Fate
from nb_banana.services.failures import FREE, LOOK_AT_MODEL, NOT_SAID
from nb_banana.services.model_status import Deprecation
from nb_banana.services.receipt import Receipt
from nb_banana.wire.interrupts import allow_interrupts

Trouble = errors.BananaError | errors.Interrupted
ONE_LOOK = (0.0,)  # after an interrupt the log is asked once: the person wants to go on
CHARGED = (
    "The service's {source} says that it was charged{amount}. It was not sent again. The {source} "
    "has no link to the picture: the service's support may find it by the ids."
)
REFUSED_AND_CHARGED = (
    "But the service's {source} says that it was charged{amount}: its support may find by the ids "
    "why."
)
REFUSED_AND_FREE = "The service's {source} says that it was not charged."
CLAIMS = (FREE, "It was not charged.", NOT_SAID)
"""What an error says of the charge before the log was asked."""
NEVER_RUN = frozenset({401, 404, 405, 411, 413, 414, 415, 429, 431})
"""Statuses of what was turned away before any model ran: the log has nothing of it."""
PATIENCE = 2.0  # seconds for the look into the log after a refusal: its error waits for that
NOT_CHARGED = "The service's {source} says that it was not charged. Run it again."
OLD_STAY = "Pictures of it in your library stay there."
NOT_KNOWN = (
    "Whether it was charged is not known yet, so it was not sent again. nb_banana.recover() asks "
    "the service's log again."
)

NO_LOG = (
    "Whether it was charged is not known, for {title} keeps no log of it that can be asked, so it "
    "was not sent again."
)
PAYS_AGAIN = " Running this again pays for a new picture."


def is_unsure(error: Trouble) -> bool:
    """Whether nobody knows yet if it was charged."""
    kinds = (errors.Interrupted, errors.UncertainError, errors.UnreadableAnswerError)
    return isinstance(error, kinds) or bool(error.facts.get("is_unsure"))


def explain_charge(
    error: Trouble, service: Endpoint, entry: JournalEntry, request: ImageRequest
) -> Trouble:
    """The error, with what the log says; `Interrupted` where Ctrl-C came while that was asked."""
    if error.facts.get("not_charged"):
        entry.failed(str(error))
        return error
    entry.unknown(str(error), inference_id=error.facts.get("inference_id"))
    pauses = ONE_LOOK if isinstance(error, errors.Interrupted) else account.PAUSES
    charge, kind = _ask_log(error, service, entry, pauses=pauses)
    speaks, source = service.service, charge.source
    bill, verdict = (
        None,
        NOT_KNOWN if speaks.keeps_log else NO_LOG.format(title=speaks.title) + PAYS_AGAIN,
    )
    if charge.state == "not charged":
        verdict = NOT_CHARGED.format(source=source)
        entry.failed(f"the service's {source} says: not charged")
    if charge.state == "charged":
        verdict = CHARGED.format(amount=_amount(charge), source=source)
        bill = bill_of(charge, request, service, entry.library, entry.request_id)
        entry.unknown(_reason(error), bill)
    stated: Receipt | None = error.facts.get("receipt")
    if not service.service.id_header and stated and stated.usd and not stated.is_about:
        # The answer can't be read, and its bill can: no log says more.
        verdict = f"It was charged {dollars(stated.usd)}. It was not sent again."
        entry.unknown(_reason(error), stated)
    entry.ended = True
    facts = {"inference_id": charge.inference_id, "charge": charge} | error.facts
    own = facts.get("receipt")
    if own is None or own.usd is None:  # the answer may have said no price, the log has it
        facts["receipt"] = bill or own
    return kind(str(error.args[0]).replace(errors.UNSURE, verdict), **facts)


def explain_refusal(
    error: errors.BananaError, service: Endpoint, entry: JournalEntry, request: ImageRequest
) -> Trouble:
    """The error of a request that was answered without a picture; journal and budget are told."""
    # That such a request costs nothing is only said. The log is looked into once, and what it says
    # of a charge counts; where it is silent, or can't be read, the error stays as it is.
    receipt: Receipt | None = error.facts.get("receipt")
    kind: type[Trouble] = type(error)
    charge, told = UNKNOWN, ""
    if _may_be_charged_all_the_same(error):
        charge, kind = _ask_log(error, service, entry, pauses=ONE_LOOK, seconds=PATIENCE)
    # A row that names no amount is no proof of a charge where there is no picture either.
    if charge.state == "charged" and charge.usd:
        bill = bill_of(charge, request, service, entry.library, entry.request_id)
        if receipt is not None:
            bill = replace(receipt, usd=bill.usd, credits=None, is_about=False)
        receipt = bill
        told = REFUSED_AND_CHARGED.format(amount=_amount(charge), source=charge.source)
    elif charge.state == "not charged" and receipt is not None:
        receipt = replace(receipt, usd=Dollars(0), credits=0, is_about=False)
        told = REFUSED_AND_FREE.format(source=charge.source)
    known = {"inference_id": charge.inference_id, "charge": charge} if told else {}
    facts = known | error.facts | {"receipt": receipt}
    told_error = kind(_corrected(error, told), **facts)
    entry.failed(str(told_error), receipt)
    return told_error


def explain_missing_model(
    error: errors.NotFoundError, deprecation: Deprecation | None
) -> errors.NotFoundError:
    """The error, with what replaced the model where the service says that it went away."""
    if deprecation is None:
        return error
    said = str(error.args[0]).removesuffix(LOOK_AT_MODEL)
    more = "" if deprecation.is_withdrawn or deprecation.successor else LOOK_AT_MODEL
    return errors.NotFoundError(f"{said} {deprecation} {OLD_STAY}{more}", **error.facts)


def _ask_log(
    error: Trouble,
    service: Endpoint,
    entry: JournalEntry,
    *,
    pauses: Sequence[float],
    seconds: float | None = None,
) -> tuple[Fate, type[Trouble]]:
    """What the log says of a request, and the kind of error that it is now."""
    known = {name: error.facts.get(name) for name in ("attempts", "inference_id")}
    try:
        with allow_interrupts():
            charge = account.find_charge(
                service, entry.request_id, **known, pauses=pauses, seconds=seconds
            )
    except KeyboardInterrupt:
        return UNKNOWN, errors.Interrupted
    return charge, type(error)


def _may_be_charged_all_the_same(error: errors.BananaError) -> bool:
    """Whether the service may have run a model for what it refused, and does not say the price."""
    if isinstance(error, errors.AnswerError):
        receipt = error.facts.get("receipt")
        return receipt is None or not receipt.usd
    status = error.facts.get("status", 0)
    return isinstance(error, errors.ServiceError) and status >= 300 and status not in NEVER_RUN


def _corrected(error: errors.BananaError, told: str) -> str:
    """A message with what the log says in place of what was believed of the charge."""
    said = str(error.args[0])
    if not told:
        return said
    for claim in CLAIMS:
        before, found, after = said.rpartition(claim)  # the service's own words come before ours
        if found:
            return before + told + after
    return f"{said} {told}"


def _reason(error: Trouble) -> str:
    """Why there is no picture of what was charged, for the journal."""
    is_answered = error.facts.get("is_unsure")
    said = str(error.args[0]).partition(errors.UNSURE)[0].strip()
    return f"charged. {said}" if is_answered else "charged, and no answer came"


def _amount(charge: Fate) -> str:
    return f": {dollars(charge.usd)}" if charge.usd else ""


def bill_of(
    charge: Fate,
    request: ImageRequest,
    service: Endpoint,
    library: Library,
    request_id: str,
    created: datetime | None = None,
) -> Receipt:
    """The receipt of a charge that only the log tells of."""
    return Receipt(
        model=request.model,
        service=service.host,
        sandbox=library.service == SANDBOX or charge.sandbox,
        client_request_id=request_id,
        inference_id=charge.inference_id,
        credits=None,
        usd=charge.usd,
        seconds=0.0,
        attempts=1,
        created=created or datetime.now(UTC),
        is_about=isinstance(charge.usd, AboutDollars),
    )


def why_not_known(charge: Fate, service: Endpoint) -> str:
    """Why nobody can say whether it was charged, in a few words."""
    if charge.state == "absent":
        return "the service's log has no row of it yet"
    if charge.state == "failed":
        return "the service's log says that it failed, and a row of another attempt may come"
    if not service.service.keeps_log:
        return f"{service.service.title} keeps no log of it that can be asked"
    if service.secret is None and not service.is_loopback:
        return "there is no key to ask the service's log with"
    return "the service's log can't be read now"
