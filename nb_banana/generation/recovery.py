"""`recover`: look after every request that has no end yet. It never sends one again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import overload

from nb_banana._text import as_html, dollars, plain, printable
from nb_banana.credentials import VENDOR_URL, KeySearch
from nb_banana.errors import BananaError, LibraryError, LinkGoneError, UnreadableAnswerError
from nb_banana.generation import budget, context
from nb_banana.generation.charges import bill_of
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.library.records import UnfinishedRequest
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import NOT_KEPT
from nb_banana.services.aimlapi import account
from nb_banana.services.aimlapi.responses import read_items
from nb_banana.services.carrier import RawResponse
from nb_banana.services.receipt import Receipt, read_bill
from nb_banana.services.result import (
    DownloadResult,
    ResultItem,
    ServiceAnswer,
    fetch_pictures,
)
from nb_banana.services.service import Service
from nb_banana.settings import settings

LATEST_ROW = timedelta(minutes=30)
"""This long after a row that failed no row of another attempt comes, by the service's own clock:
the waits between four more, the longest generation and the log's own delay fit in."""
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
        return printable(" ".join([", ".join(filter(None, parts)) + ".", *self.problems]))

    def __repr__(self) -> str:
        rows = (f"  {each.request_id}  {each.outcome}  {each.prompt[:60]!r}" for each in self)
        return plain("\n".join([self.summary, *rows]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{as_html(each.prompt[:200])}</td>'
            f'<td style="text-align:left">{as_html(each.outcome)}</td>'
            f"<td><code>{as_html(each.request_id)}</code></td></tr>"
            for each in self
        )
        names = ("prompt", "what became of it", "request")
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in names)
        table = (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        )
        return f'<div class="nb-banana-recovery"><p>{as_html(self.summary)}</p>{table}</div>'


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")


def recover() -> Recovery:
    """Finish what was left unfinished by an interrupt, a crash, a timeout or a broken link.

    Pictures whose link is known are fetched into the library; of the others the service's log is
    asked whether they were charged. What came and was not understood is read again. No generation
    is sent again.

    Raises:
        LibraryError: no library can be read. Where only one can't, the result says so.
    """
    return _recover()


def _recover(*, quietly: bool = False) -> Recovery:
    """`recover`; quietly no keyring is asked, and what somebody else made is left alone."""
    found: list[Found] = []
    problems: list[LibraryError] = []
    looked_at = 0
    for library, others in _places():
        try:
            if not quietly:
                library.check()
            left = library.unfinished(problems=problems)
            left = [row for row in left if not any(each.has(row.request_id) for each in others)]
            looked_at += location.has_index(library.folder)
            if left and quietly and not library.is_own:
                problems.append(LibraryError(NOT_OWN.format(len(left), library.folder)))
                continue
        except LibraryError as error:
            problems.append(error)
            continue
        service = service_of(library, ask=not quietly) if left else NO_SERVICE
        found += [_look_after(row, library, service) for row in left]
    if problems and not looked_at:
        raise problems[0]
    return Recovery(found, list(map(str, problems)))


def _places() -> Iterator[tuple[Library, Sequence[Library]]]:
    """Each library, and those that took over where it could not be written to."""
    for kind in context.known_kinds():
        libraries = context.libraries(kind)
        for position, library in enumerate(libraries):
            yield library, libraries[position + 1 :]


NOT_OWN = (
    "{} unfinished in {}, which is not known to be yours, so nothing there was opened. "
    "nb_banana.recover() looks after it."
)


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
        try:
            answer = answer_of(row, library, service)
        except UnreadableAnswerError:
            if row.receipt is not None:  # what it cost is known
                raise
            return _ask(row, library, service, found)
        if answer is not None or row.state == "answered":
            return _fetch(row, library, service, answer, found)
        return _ask(row, library, service, found)
    except BananaError as error:  # one row never keeps the others from their turn
        return replace(found, outcome=str(error), ended=False)


def _fetch(
    row: UnfinishedRequest,
    library: Library,
    service: Service,
    answer: ServiceAnswer | None,
    found: Found,
) -> Found:
    """Fetch the pictures of an answer by what the journal has of it."""
    receipt = answer.receipt if answer else row.receipt
    if receipt is None:  # not a row of ours
        return replace(found, outcome="its bill is not in the journal", ended=False)
    found = replace(found, usd=receipt.usd)
    price = f"charged {dollars(receipt.usd)}" if receipt.usd else "charged"
    came = fetch_pictures(answer or ServiceAnswer((), receipt), service.base_url)
    if came.is_whole:
        image = _stored(row, library, receipt, came)
        gone = ""
        if len(came.pictures) < len(row.links):
            gone = f", {len(came.pictures)} of {len(row.links)} pictures: {LINK_GONE}"
        return replace(found, outcome=f"fetched: {image.id}{gone}", image=image)
    if came.is_unread:
        library.release(row.request_id, str(came.problem))
        return replace(found, outcome=f"{price}; {NOT_READ}", ended=False)
    if isinstance(came.problem, LinkGoneError) or came.problem is None:
        why = LINK_GONE if came.problem else "its picture was inside the answer, which was not kept"
        library.mark_failed(row.request_id, f"charged, and {why}", receipt)
        return replace(found, outcome=f"{price}, and {why}: ask its support", lost=True)
    if service is NO_SERVICE:
        library.mark_failed(row.request_id, str(came.problem), receipt)
        return replace(found, outcome="play money; its sandbox has ended", lost=True)
    library.release(row.request_id, str(came.problem))
    return replace(found, outcome=f"{price}; {came.problem}", ended=False)


def _stored(
    row: UnfinishedRequest, library: Library, receipt: Receipt, came: DownloadResult
) -> BananaImage:
    kept = library.store(row.request_id, came.pictures, receipt)
    if kept:
        return BananaImage.of(kept[0], library)
    image = BananaImage(*came.pictures[0], row.request, receipt)
    image.came = "loaded"
    image.notes += (f"{NOT_KEPT} Banana.keep is False: it is gone with the kernel.",)
    return image


NOT_READ = "what came is kept in the library's folder answers, and is no picture that we know"


def answer_of(row: UnfinishedRequest, library: Library, service: Service) -> ServiceAnswer | None:
    """What is there of a request's answer: links, and what came inside it and was not understood.

    None where there is nothing to look for a picture in.

    Raises:
        UnreadableAnswerError: it came, and is not understood by this version either.
    """
    receipt, body = row.receipt, library.kept_answer(row.request_id)
    if body is None:
        items = [
            ResultItem(url=link, data=library.kept_answer(row.request_id, position))
            for position, link in enumerate(row.links)
        ]
        items = [each for each in items if each.url or each.data is not None]
        return ServiceAnswer(tuple(items), receipt) if receipt and items else None
    reply = RawResponse(200, {}, body)
    if receipt is None:
        charge = account.Charge("charged", read_bill({}, reply.json)[1])
        kind, day = library.service, row.created
        receipt = bill_of(charge, row.request, service, kind, row.request_id, day)
    try:
        return ServiceAnswer(read_items(reply, {"receipt": receipt}), receipt)
    except BananaError:
        raise UnreadableAnswerError(
            f"An answer came before, and it can't be read. {NOT_READ[0].upper()}{NOT_READ[1:]}. "
            "Nothing was sent; --fresh pays for a new picture.",
            client_request_id=row.request_id,
            body=body,
        ) from None


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
    if charge.state == "failed" and charge.age is not None and charge.age > LATEST_ROW:
        library.mark_failed(row.request_id, "the service's log says: not charged")
        budget.BUDGET.drop(row.request_id)
        return replace(found, outcome="not charged")
    # A log without a row of it says nothing: our clock may be wrong, the key another account's.
    drop = f". If it was surely not charged: nb_banana.forget({row.request_id!r})"
    why = _why(charge, service) + (drop if charge.state in {"absent", "failed"} else "")
    return replace(found, outcome=f"not known yet: {why}", ended=False)


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
    price = dollars(charge.usd) if charge.usd else "an amount that the log does not name"
    budget.BUDGET.settle(row.request_id, charge.usd)
    if library.kept_answer(row.request_id) is not None:  # a later version may read it
        library.mark_unknown(row.request_id, NOT_READ, bill)
        return replace(found, outcome=f"charged {price}; {NOT_READ}", usd=charge.usd, ended=False)
    library.mark_failed(
        row.request_id, "charged, and the service names no picture", row.receipt or bill
    )
    ids = f" (inference id {charge.inference_id})" if charge.inference_id else ""
    said = f"charged {price}{ids}, and the service names no link to its picture: ask its support"
    return replace(found, outcome=said, usd=charge.usd, lost=True)


def recover_quietly() -> str:
    """`recover` without a keyring, and what came of it as the one line that loading says."""
    try:
        found = _recover(quietly=True)
    except BananaError as error:
        return f"nb_banana: {error}"
    more = " nb_banana.recover() looks again." if any(not each.ended for each in found) else ""
    return f"nb_banana: {found.summary}{more}"
