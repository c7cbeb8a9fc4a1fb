"""`recover`: look after every request that has no end yet. It never sends one again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, overload

from nb_banana._hints import Hinted
from nb_banana._text import InDollars, as_html, dollars, plain, printable
from nb_banana.display.html import Words, paragraph, styled, table
from nb_banana.errors import (
    BananaError,
    LibraryError,
    LinkGoneError,
    SettingsError,
    UnreadableAnswerError,
)
from nb_banana.generation.accepted import NO_SERVICE, finished, noted, service_of
from nb_banana.generation.charges import bill_of, is_unsure, why_not_known
from nb_banana.generation.context import Context
from nb_banana.generation.journal_entry import JournalEntry
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.library.records import UnfinishedRequest
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import NOT_KEPT
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Fate, Reply, ResultItem, ServiceAnswer
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import BilledAnswer, DownloadResult, fetch_pictures
from nb_banana.services.send import usd_of

LATEST_ROW = timedelta(minutes=30)
"""This long after a row that failed no row of another attempt comes, by the service's own clock:
the waits between four more, the longest generation and the log's own delay fit in."""
NEVER_SENT = "it was never sent: not charged"
NOT_YET, NOT_KNOWN = "not known yet: ", "not known: "


@dataclass(frozen=True)
class Found(InDollars):
    """What became of one unfinished request.

    Attributes:
        request_id: our own id, which the service's log has too.
        prompt: what was asked.
        outcome: what is known of it now, in a few words.
        usd: what it cost in US dollars; None where nothing is known to be charged.
        image: the picture, where it was fetched.
        ended: whether there is nothing left to do.
        lost: whether it was charged, and its picture can't be had any more.
        unsaid: whether there is no picture to be had, and nobody says if it was charged.
    """

    request_id: str
    prompt: str
    outcome: str
    usd: Decimal | None = None
    image: BananaImage | None = field(default=None, repr=False)
    ended: bool = True
    lost: bool = False
    unsaid: bool = False


class Recovery(Hinted, Sequence[Found]):
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
        some = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        unsaid = sum(each.unsaid for each in self)
        free = len(self) - fetched - open_ - len(lost) - unsaid
        parts = [
            f"{len(self)} unfinished request{'s' if len(self) > 1 else ''}",
            f"{fetched} fetched into the library" if fetched else "",
            f"{free} not charged" if free else "",
            f"{len(lost)} charged without a picture ({some})" if lost else "",
            f"{unsaid} without a picture, whether charged was not said" if unsaid else "",
            f"{open_} still open" if open_ else "",
        ]
        return printable(" ".join([", ".join(filter(None, parts)) + ".", *self.problems]))

    def __repr__(self) -> str:
        rows = (f"  {each.request_id}  {each.outcome}  {each.prompt[:60]!r}" for each in self)
        return plain("\n".join([self.summary, *rows]))

    def _repr_html_(self) -> str:
        rows = [
            (Words(row.prompt[:200]), Words(row.outcome), f"<code>{as_html(row.request_id)}</code>")
            for row in self
        ]
        head = ("prompt", "what became of it", "request")
        shown = table(rows, head, is_list=True) if rows else ""
        return styled(paragraph(self.summary), shown, kind="recovery")


def look_after_all(context: Context, *, quietly: bool = False) -> Recovery:
    """See `nb_banana.recover`; quietly no keyring is asked, what somebody else made left alone."""
    found: list[Found] = []
    problems: list[LibraryError] = []
    looked_at = 0
    for library, others in _places(context):
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
        whom: dict[tuple[str | None, str | None], Endpoint] = {}
        for row in left:
            try:
                place = row.drawn_by, row.asked_at
                if place not in whom:
                    whom[place] = service_of(context, library, ask=not quietly, row=row)
            except SettingsError as error:  # its package is gone, or http is not allowed any more
                found.append(Found(row.request_id, row.request.prompt, str(error), ended=False))
                continue
            found.append(_Case(context, row, library, whom[place]).look_after())
    if problems and not looked_at:
        raise problems[0]
    return Recovery(found, list(map(str, problems)))


def _places(context: Context) -> Iterator[tuple[Library, Sequence[Library]]]:
    """Each library, and those that took over where it could not be written to."""
    for kind in context.known_kinds():
        libraries = [each for each in context.libraries(kind) if not each.is_shared]
        for position, library in enumerate(libraries):
            yield library, libraries[position + 1 :]


NOT_OWN = (
    "{} unfinished in {}, which is not known to be yours, so nothing there was opened. "
    "nb_banana.recover() looks after it."
)


class _Case:
    """One unfinished request, and what can be found out about it."""

    def __init__(
        self, context: Context, row: UnfinishedRequest, library: Library, service: Endpoint
    ) -> None:
        self.context, self.row, self.library, self.service = context, row, library, service
        self.entry = JournalEntry.of(library, row.request_id, context.budget)
        self.found = Found(row.request_id, row.request.prompt, "")

    def look_after(self) -> Found:
        """What became of it; what is found out is in the journal."""
        row = self.row
        try:
            if row.state == "written":
                self.entry.failed(NEVER_SENT)
                return self._told(NEVER_SENT)
            if row.ticket is not None and row.state in {"accepted", "unknown"}:
                return self._fetch_work()
            try:
                answer = answer_of(row, self.library, self.service)
            except UnreadableAnswerError:
                if row.receipt is not None:  # what it cost is known
                    raise
                return self._ask()
            if answer is not None or row.state == "answered":
                return self._fetch(answer)
            return self._ask()
        except BananaError as error:  # one row never keeps the others from their turn
            return replace(self.found, outcome=str(error), usd=None, ended=False)

    def _told(self, outcome: str, **more: Any) -> Found:
        if self.entry.problem is not None:
            raise self.entry.problem
        return replace(self.found, outcome=outcome, **more)

    def _fetch_work(self) -> Found:
        """Ask once for the work that the service accepted."""
        if self.service is NO_SERVICE:
            self.entry.failed("its sandbox has ended")
            return self._told("its sandbox has ended: only play money")
        try:
            answer = finished(self.row, self.service, self.entry)
        except BananaError as error:
            if error.facts.get("may_pass"):  # another look may find it
                drop = f" If it is surely lost: nb_banana.forget({self.row.request_id!r})"
                return self._told(f"{error.args[0]}{drop}", ended=False)
            told = noted(error, self.entry)
            if told.facts.get("accepted") or is_unsure(told):
                return self._told(str(told), ended=False)
            receipt: Receipt | None = told.facts.get("receipt")
            usd = receipt.usd if receipt else Decimal(0)
            return self._told(str(told), usd=usd or None, lost=bool(usd), unsaid=usd is None)
        return self._fetch(answer)

    def _fetch(self, answer: BilledAnswer | None) -> Found:
        """Fetch the pictures of an answer by what the journal has of it."""
        row, entry = self.row, self.entry
        receipt = answer.receipt if answer else row.receipt
        if receipt is None:  # not a row of ours
            return self._told("its bill is not in the journal", ended=False)
        self.found = replace(self.found, usd=receipt.usd)
        price = f"charged {dollars(receipt.usd)}" if receipt.usd else "charged"
        came = fetch_pictures(answer or BilledAnswer((), receipt), self.service)
        if came.is_whole:
            image = self._stored(receipt, came)
            gone = ""
            if len(came.pictures) < len(row.links):
                gone = f", {len(came.pictures)} of {len(row.links)} pictures: {LINK_GONE}"
            return self._told(f"fetched: {image.id}{gone}", image=image)
        if came.is_unread:
            entry.release(str(came.problem))
            return self._told(f"{price}; {NOT_READ}", ended=False)
        if isinstance(came.problem, LinkGoneError) or came.problem is None:
            inside = "its picture was inside the answer, which was not kept"
            why = LINK_GONE if came.problem else inside
            entry.failed(f"charged, and {why}", receipt)
            return self._told(f"{price}, and {why}: ask its support", lost=True)
        if self.service is NO_SERVICE:
            entry.failed(str(came.problem), receipt)
            return self._told("play money; its sandbox has ended", lost=True)
        entry.release(str(came.problem))
        return self._told(f"{price}; {came.problem}", ended=False)

    def _stored(self, receipt: Receipt, came: DownloadResult) -> BananaImage:
        kept = self.entry.stored(came.pictures, receipt)
        if self.entry.problem is not None:
            raise self.entry.problem
        if kept:
            return self.context.adopt(BananaImage.of(kept[0], self.library))
        image = self.context.adopt(BananaImage(*came.pictures[0], self.row.request, receipt))
        image.came = "loaded"
        image.notes += (f"{NOT_KEPT} Banana.keep is False: it is gone with the kernel.",)
        return image

    def _ask(self) -> Found:
        """Ask the log whether a request without an answer was charged."""
        row, service, known = self.row, self.service, None
        if row.receipt is not None:  # what the log said when it was asked before
            known = Fate("charged", row.receipt.usd, row.inference_id)
            if known.usd is not None or service is NO_SERVICE:
                return self._close_charged(known)
        elif service is NO_SERVICE:
            self.entry.failed("its sandbox has ended")
            return self._told("its sandbox has ended: not known, and only play money")
        at, named = row.created, row.inference_id
        charge = account.find_charge(
            service, row.request_id, sent=at, inference_id=named, pauses=(0.0,)
        )
        if known is not None and charge.state != "not charged" and not charge.usd:
            charge = known
        is_over = charge.state == "failed" and charge.age is not None and charge.age > LATEST_ROW
        if is_over or charge.state == "not charged":
            self.entry.failed(f"the service's {charge.source} says: not charged")
            return self._told("not charged")
        if charge.state == "charged":
            return self._close_charged(charge)
        # A log without a row of it says nothing: our clock may be wrong, the key another account's.
        has_log, why = service.service.keeps_log, why_not_known(charge, service)
        if charge.state in {"absent", "failed"} or not has_log:
            why += f". If it was surely not charged: nb_banana.forget({row.request_id!r})"
        return self._told(f"{NOT_YET if has_log else NOT_KNOWN}{why}", ended=False)

    def _close_charged(self, charge: Fate) -> Found:
        row = self.row
        bill = bill_of(charge, row.request, self.service, self.library, row.request_id, row.created)
        bill = replace(row.receipt, usd=charge.usd) if row.receipt else bill
        price = dollars(charge.usd) if charge.usd else "an amount that the log does not name"
        if self.library.kept_answer(row.request_id) is not None:  # a later version may read it
            self.entry.unknown(NOT_READ, bill)
            return self._told(f"charged {price}; {NOT_READ}", usd=charge.usd, ended=False)
        self.entry.failed("charged, and the service names no picture", bill)
        ids = f" (inference id {charge.inference_id})" if charge.inference_id else ""
        said = f"charged {price}{ids}, and the service names no link to its picture"
        return self._told(f"{said}: ask its support", usd=charge.usd, lost=True)


NOT_READ = "what came is kept in the library's folder answers, and is no picture that we know"


def answer_of(row: UnfinishedRequest, library: Library, service: Endpoint) -> BilledAnswer | None:
    """What is there of a request's answer: links, and what came inside; None where nothing is."""
    receipt, body = row.receipt, library.kept_answer(row.request_id)
    if body is None:
        links = row.links or _links_unsaid(row, library)
        items = [
            ResultItem(url=link, data=library.kept_answer(row.request_id, position))
            for position, link in enumerate(links)
        ]
        items = [each for each in items if each.url or each.data is not None]
        if receipt is None and items:
            charge = _charge_of(items, row, service)
            receipt = bill_of(charge, row.request, service, library, row.request_id, row.created)
        return BilledAnswer(tuple(items), receipt) if receipt and items else None
    outcome = service.service.decode(Reply(200, {}, body))
    if receipt is None:
        charge = Fate("charged", usd_of(outcome, row.request, service.service))
        receipt = bill_of(charge, row.request, service, library, row.request_id, row.created)
    if isinstance(outcome, ServiceAnswer):
        return BilledAnswer(outcome.items, receipt)
    raise UnreadableAnswerError(
        f"An answer came before, and it can't be read. {NOT_READ[0].upper()}{NOT_READ[1:]}. "
        "Nothing was sent; --fresh pays for a new picture.",
        client_request_id=row.request_id,
        body=body,
    )


def _links_unsaid(row: UnfinishedRequest, library: Library) -> list[None]:
    """One for each picture that was kept by a kernel that died before its row could say so."""
    found: list[None] = []
    while library.kept_answer(row.request_id, len(found)) is not None:
        found.append(None)
    return found


def _charge_of(items: list[ResultItem], row: UnfinishedRequest, service: Endpoint) -> Fate:
    """What they cost: as the log says, or as it is computed."""
    if service is not NO_SERVICE and service.service.keeps_log:
        told = account.find_charge(service, row.request_id, sent=row.created, pauses=(0.0,))
        if told.state == "charged":
            return told
    return Fate("charged", usd_of(ServiceAnswer(tuple(items)), row.request, service.service))


LINK_GONE = "the service has no picture at its link any more"


def recover_quietly(context: Context) -> str:
    """`recover` without a keyring, and what came of it as the one line that loading says."""
    try:
        found = look_after_all(context, quietly=True)
    except BananaError as error:
        return f"nb_banana: {error}"
    left = [each.outcome for each in found if not each.ended]
    is_final = all(each.startswith(NOT_KNOWN) for each in left)
    more = f" nb_banana.recover() {'says what is known' if is_final else 'looks again'}."
    return f"nb_banana: {found.summary}{more if left else ''}"
