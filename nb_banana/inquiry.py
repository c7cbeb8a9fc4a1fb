"""After a request without an answer: was it charged? The service's log is asked, and it is said."""

from typing import TypeVar

from nb_banana import account, purse
from nb_banana.client import Service
from nb_banana.entry import Entry
from nb_banana.errors import UNSURE, BananaError, Interrupted
from nb_banana.money import dollars

Problem = TypeVar("Problem", bound=BananaError | Interrupted)

ONE_LOOK = (0.0,)
"""After an interrupt the log is asked once: the person wants to go on."""
VERDICTS: dict[str, str] = {
    "charged": "The service's log says that it was charged{amount}. It was not sent again; "
    "nb_banana.recover() looks whether the picture can still be had.",
    "not charged": "The service's log says that it was not charged. Run it again.",
    "unknown": "Whether it was charged is not known yet, so it was not sent again. "
    "nb_banana.recover() asks the service's log again.",
}


def look_into(error: Problem, service: Service, entry: Entry) -> Problem:
    """The same error, with what the log says; the journal has it too.

    Args:
        error: why there is no answer.
        service: who was asked.
        entry: the request's entry in the journal.
    """
    library = entry.library
    if error.facts.get("not_charged"):
        entry.end(library.mark_failed, str(error))
        return error
    entry.write(library.mark_unknown, str(error))
    pauses = ONE_LOOK if isinstance(error, Interrupted) else account.PAUSES
    try:
        charge = account.find_charge(service, entry.request_id, pauses=pauses)
    except KeyboardInterrupt:
        charge = account.UNKNOWN
    if charge.state == "not charged":
        entry.write(library.mark_failed, "the service's log says: not charged")
    entry.ended = True
    if charge.state == "charged":
        purse.PURSE.pay(charge.usd, library.service)
    amount = f": {dollars(charge.usd)}" if charge.usd else ""
    verdict = VERDICTS.get(charge.state, VERDICTS["unknown"]).format(amount=amount)
    facts = {"inference_id": charge.inference_id, "charge": charge} | error.facts
    return type(error)(str(error.args[0]).replace(UNSURE, verdict), **facts)
