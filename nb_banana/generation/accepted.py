"""Whom to ask about an earlier request; and the work of one that a service has accepted."""

from nb_banana.errors import AnswerTimeoutError, MissingKeyError
from nb_banana.generation.charges import Trouble, is_unsure
from nb_banana.generation.context import Context, kind_at
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.library.records import UnfinishedRequest
from nb_banana.services import tickets
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Ticket
from nb_banana.services.result import BilledAnswer


def service_of(
    context: Context,
    library: Library,
    *,
    ask: bool = True,
    row: UnfinishedRequest | None = None,
) -> Endpoint:
    """Whom to ask about the requests of a library. Without a key its log stays closed."""
    # With ``ask`` a keyring may be asked for the key, which takes its time or asks the person.
    kind = library.service
    if kind == location.SANDBOX:
        return context.running_sandbox(row.drawn_by if row else None) or NO_SERVICE
    policy, is_there = context.policy(), True
    name = location.named_in(kind)
    if name is not None and kind != kind_at(policy.base_url, policy.speaks):
        speaks = context.services[name]
        asked_at = row.asked_at if row is not None and library.is_own else None
        at = (url for url in (speaks.base_url, asked_at or "") if kind_at(url, speaks) == kind)
        url = next(at, None)
        policy = policy._replace(base_url=url or speaks.base_url, speaks=speaks)
        is_there = url is not None  # else nobody knows its address, and no key goes anywhere
    search = context.search_key(None, policy)
    found = (search.found if ask else search.at_hand) if is_there else None
    return context.service(policy.base_url, found.secret if found else None, speaks=policy.speaks)


NO_SERVICE = Endpoint("http://127.0.0.1:9")
"""Stands for a sandbox that ended with its kernel: it can't be asked any more."""


def finished(
    row: UnfinishedRequest, service: Endpoint, entry: JournalEntry, seconds: float | None = None
) -> BilledAnswer:
    """The answer of a request that was accepted, which is written down; without ``seconds`` now.

    Raises:
        AnswerTimeoutError: it is not done yet.
        BananaError: there is no picture of it.
    """
    ticket, request, name = row.ticket or Ticket(), row.request, row.request_id
    if service.secret is None and not service.is_loopback:
        raise _no_key(service, name)
    if seconds is not None:
        found: BilledAnswer | Ticket = tickets.wait(ticket, request, service, name, seconds)
    else:
        found = tickets.ask(ticket, request, service, name)
        if isinstance(found, Ticket) and found.handle != ticket.handle:
            found = tickets.ask(found, request, service, name)
    if isinstance(found, Ticket):
        said = f"{service.service.title} has it and is not done yet"
        raise AnswerTimeoutError(said, client_request_id=name, accepted=True)
    entry.answered(found.items, found.receipt)
    return found


def _no_key(service: Endpoint, request_id: str) -> MissingKeyError:
    speaks = service.service
    variable = f"set {speaks.key_names[0]}, or call" if speaks.key_names else "call"
    return MissingKeyError(
        f"{speaks.title} has it, and there is no key here to ask {service.host} with: {variable} "
        f'nb_banana.login(service="{speaks.name}"). {tickets.NOT_LOST}',
        client_request_id=request_id,
        accepted=True,
    )


def noted(error: Trouble, entry: JournalEntry) -> Trouble:
    """The error of a request that was accepted, after it is in the journal what it means."""
    if error.facts.get("accepted"):
        entry.release(str(error))
    elif is_unsure(error):
        entry.unknown(str(error))
    else:
        entry.failed(str(error), error.facts.get("receipt"))
    return error
