"""`recover`: look after every request that has no end yet. It never sends one again."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import overload

from nb_banana._text import dollars
from nb_banana.credentials import VENDOR_URL, KeySearch
from nb_banana.errors import BananaError, LibraryError, LinkGoneError
from nb_banana.generation import budget, context
from nb_banana.generation.charges import bill_of
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.library.records import UnfinishedRequest
from nb_banana.results.image import BananaImage
from nb_banana.services.aimlapi import account
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import ResultItem, ServiceAnswer, fetch_pictures
from nb_banana.services.service import Service
from nb_banana.settings import settings

LATEST_ROW = timedelta(minutes=30)
"""After this long a request that the service's log does not have was never charged: the waits
between four more attempts, the longest generation and the log's own delay fit in."""
NEVER_SENT = "it was never sent: not charged"


@dataclass(frozen=True)
class Found:
    """What became of one unfinished request.

    Attributes:
        request_id: our own id, which the service's log has too.
        prompt: what was asked.
        outcome: what is known of it now, in a few words.
        usd: what it cost in US dollars; None where nothing is known to be charged.
        image: the picture, where it was fetched.
        ended: whether there is nothing left to do.
        lost: whether it was charged, and its picture can't be had any more.
    """

    request_id: str
    prompt: str
    outcome: str
    usd: Decimal | None = None
    image: BananaImage | None = field(default=None, repr=False)
    ended: bool = True
    lost: bool = False


class Recovery(Sequence[Found]):
    """What `recover` found, one row for each request; shows itself as a short table.

    Attributes:
        problems: libraries that could not be looked at, in a sentence each.
    """

    def __init__(self, found: Sequence[Found], problems: Sequence[str] = ()) -> None:
        self._found = tuple(found)
        self.problems = tuple(problems)

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Found, ...]: ...
    def __getitem__(self, index: int | slice) -> Found | tuple[Found, ...]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    @property
    def images(self) -> list[BananaImage]:
        """The pictures that were fetched."""
        return [each.image for each in self if each.image is not None]

    @property
    def summary(self) -> str:
        """All of it in one line."""
        if not self:
            return " ".join(self.problems) or "Nothing is unfinished."
        fetched, open_ = len(self.images), sum(not each.ended for each in self)
        lost = [each.request_id for each in self if each.lost]
        free = len(self) - fetched - open_ - len(lost)
        parts = [
            f"{len(self)} unfinished request{'s' if len(self) > 1 else ''}",
            f"{fetched} fetched into the library" if fetched else "",
            f"{free} not charged" if free else "",
            f"{len(lost)} charged without a picture ({_some(lost)})" if lost else "",
            f"{open_} still open" if open_ else "",
        ]
        return " ".join([", ".join(filter(None, parts)) + ".", *self.problems])

    def __repr__(self) -> str:
        rows = (f"  {each.request_id}  {each.outcome}  {each.prompt[:60]!r}" for each in self)
        return "\n".join([self.summary, *rows])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{html.escape(each.prompt[:200])}</td>'
            f'<td style="text-align:left">{html.escape(each.outcome)}</td>'
            f"<td><code>{html.escape(each.request_id)}</code></td></tr>"
            for each in self
        )
        names = ("prompt", "what became of it", "request")
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in names)
        table = (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        )
        return f'<div class="nb-banana-recovery"><p>{html.escape(self.summary)}</p>{table}</div>'


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")


def recover() -> Recovery:
    """Finish what was left unfinished by an interrupt, a crash, a timeout or a broken link.

    Pictures whose link is known are fetched into the library; of the others the service's log is
    asked whether they were charged. No generation is sent again.

    Raises:
        LibraryError: no library can be read. Where only one can't, the result says so.
    """
    return _recover()


def _recover(*, ask: bool = True) -> Recovery:
    found: list[Found] = []
    problems: list[LibraryError] = []
    for library in map(context.library_of, context.known_kinds()):
        try:
            left = library.unfinished()
        except LibraryError as error:
            problems.append(error)
            continue
        service = service_of(library, ask=ask) if left else NO_SERVICE
        found += [_look_after(row, library, service) for row in left]
    if problems and not found:
        raise problems[0]
    return Recovery(found, list(map(str, problems)))


def service_of(library: Library, *, ask: bool = True) -> Service:
    """Whom to ask about the requests of a library. Without a key its log stays closed.

    Args:
        library: where the requests are.
        ask: whether a keyring may be asked for the key, which takes its time or asks the person.
    """
    if library.service == location.SANDBOX:
        return context.running_sandbox() or NO_SERVICE
    url = VENDOR_URL if library.service == location.API else settings.base_url
    search = KeySearch(url)
    found = search.found if ask else search.at_hand
    return Service(url, found.secret if found else None)


NO_SERVICE = Service("http://127.0.0.1:9")
"""Stands for a sandbox that ended with its kernel: it can't be asked any more."""


def _look_after(row: UnfinishedRequest, library: Library, service: Service) -> Found:
    found = Found(row.request_id, row.request.prompt, "")
    try:
        if row.state == "written":
            library.mark_failed(row.request_id, NEVER_SENT)
            return replace(found, outcome=NEVER_SENT)
        if row.state == "answered":
            return _fetch(row, library, service, found)
        return _ask(row, library, service, found)
    except LibraryError as error:
        return replace(found, outcome=str(error), ended=False)


def _fetch(row: UnfinishedRequest, library: Library, service: Service, found: Found) -> Found:
    """Fetch the pictures of an answer by the links that are in the journal."""
    receipt = row.receipt
    if receipt is None:  # not a row of ours
        return replace(found, outcome="its bill is not in the journal", ended=False)
    found = replace(found, usd=receipt.usd)
    price = f"charged {dollars(receipt.usd)}" if receipt.usd else "charged"
    came = fetch_pictures(answer_of(row, receipt), service.base_url)
    if came.is_whole:
        image = BananaImage.of(library.store(row.request_id, came.pictures, receipt)[0], library)
        gone = ""
        if len(came.pictures) < len(row.links):
            gone = f", {len(came.pictures)} of {len(row.links)} pictures: {LINK_GONE}"
        return replace(found, outcome=f"fetched: {image.id}{gone}", image=image)
    if isinstance(came.problem, LinkGoneError) or came.problem is None:
        why = LINK_GONE if came.problem else "its picture was inside the answer, which was not kept"
        library.mark_failed(row.request_id, f"charged, and {why}", receipt)
        return replace(found, outcome=f"{price}, and {why}: ask its support", lost=True)
    if service is NO_SERVICE:
        library.mark_failed(row.request_id, str(came.problem), receipt)
        return replace(found, outcome="play money; its sandbox has ended", lost=True)
    library.release(row.request_id, str(came.problem))
    return replace(found, outcome=f"{price}; {came.problem}", ended=False)


def answer_of(row: UnfinishedRequest, receipt: Receipt) -> ServiceAnswer:
    """The answer as the journal has it: the links of its pictures, without what was inside it."""
    return ServiceAnswer(tuple(ResultItem(url=link) for link in row.links if link), receipt)


LINK_GONE = "the service has no picture at its link any more"


def _ask(row: UnfinishedRequest, library: Library, service: Service, found: Found) -> Found:
    """Ask the log whether a request without an answer was charged."""
    if service is NO_SERVICE and row.receipt is None:
        library.mark_failed(row.request_id, "its sandbox has ended")
        return replace(found, outcome="its sandbox has ended: not known, and only play money")
    charge = _known(row.receipt) or account.find_charge(
        service, row.request_id, sent=row.created, pauses=(0.0,)
    )
    if charge.state == "charged":
        return _close_charged(row, library, service, charge, found)
    old = datetime.now(UTC) - row.created > LATEST_ROW
    if charge.state == "failed" and old:
        library.mark_failed(row.request_id, "the service's log says: not charged")
        budget.BUDGET.drop(row.request_id)
        return replace(found, outcome="not charged")
    if charge.state == "absent" and old:
        library.mark_failed(row.request_id, NO_ROW)
        budget.BUDGET.drop(row.request_id)
        return replace(found, outcome=NO_ROW)
    return replace(found, outcome=f"not known yet: {_why(charge, service)}", ended=False)


NO_ROW = "not charged: the log of this key's account has no row of it"


def _known(receipt: Receipt | None) -> account.Charge | None:
    """What the log said when it was asked before."""
    return account.Charge("charged", receipt.usd, receipt.inference_id) if receipt else None


def _why(charge: account.Charge, service: Service) -> str:
    if charge.state == "absent":
        return "the service's log has no row of it yet"
    if charge.state == "failed":
        return "the service's log says that it failed, and a row of another attempt may come"
    if service.secret is None and not service.is_loopback:
        return "there is no key to ask the service's log with"
    return "the service's log can't be read now"


def _close_charged(
    row: UnfinishedRequest, library: Library, service: Service, charge: account.Charge, found: Found
) -> Found:
    kind = library.service
    bill = bill_of(charge, row.request, service, kind, row.request_id, row.created)
    library.mark_failed(
        row.request_id, "charged, and the service names no picture", row.receipt or bill
    )
    budget.BUDGET.settle(row.request_id, charge.usd)
    price = dollars(charge.usd) if charge.usd else "an amount that the log does not name"
    ids = f" (inference id {charge.inference_id})" if charge.inference_id else ""
    said = f"charged {price}{ids}, and the service names no link to its picture: ask its support"
    return replace(found, outcome=said, usd=charge.usd, lost=True)


def recover_quietly() -> str:
    """`recover` without a keyring, and what came of it as the one line that loading says."""
    try:
        found = _recover(ask=False)
    except BananaError as error:
        return f"nb_banana: {error}"
    more = " nb_banana.recover() looks again." if any(not each.ended for each in found) else ""
    return f"nb_banana: {found.summary}{more}"
