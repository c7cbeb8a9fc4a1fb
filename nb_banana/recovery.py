"""`recover`: look after every request that has no end yet. It never sends one again."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import overload

from nb_banana import account, services, shelves
from nb_banana.answers import Item
from nb_banana.client import Service
from nb_banana.downloads import fetch
from nb_banana.errors import (
    BananaError,
    DownloadError,
    LibraryError,
    LinkGoneError,
    PictureError,
)
from nb_banana.image import BananaImage
from nb_banana.keys import find_key
from nb_banana.library import Library
from nb_banana.money import dollars
from nb_banana.receipt import Receipt
from nb_banana.records import Unfinished
from nb_banana.settings import VENDOR_URL, settings

LATEST_ROW = timedelta(minutes=10)
"""After this long a request that the service's log does not have was never charged."""
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
    """

    request_id: str
    prompt: str
    outcome: str
    usd: Decimal | None = None
    image: BananaImage | None = field(default=None, repr=False)
    ended: bool = True


class Recovery(Sequence[Found]):
    """What `recover` found, one row for each request; shows itself as a short table."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._found = tuple(found)

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
            return "Nothing is unfinished."
        fetched, open_ = len(self.images), sum(not each.ended for each in self)
        parts = [
            f"{len(self)} unfinished request{'s' if len(self) > 1 else ''}",
            f"{fetched} fetched into the library" if fetched else "",
            f"{len(self) - fetched - open_} closed" if len(self) - fetched - open_ else "",
            f"{open_} still open" if open_ else "",
        ]
        return ", ".join(filter(None, parts)) + "."

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


def recover() -> Recovery:
    """Finish what was left unfinished by an interrupt, a crash, a timeout or a broken link.

    Pictures whose link is known are fetched into the library; of the others the service's log is
    asked whether they were charged. No generation is sent again.

    Raises:
        LibraryError: the library can't be read.
    """
    found = []
    for library in map(shelves.library_of, shelves.known_kinds()):
        service = _service(library)
        found += [_look_after(row, library, service) for row in library.unfinished()]
    return Recovery(found)


def _service(library: Library) -> Service:
    """Whom to ask about the requests of a library. Without a key its log stays closed."""
    if library.service == shelves.SANDBOX:
        return services.running_sandbox() or NOBODY
    url = VENDOR_URL if library.service == shelves.API else settings.base_url
    found = find_key(url)
    return Service(url, found.secret if found else None)


NOBODY = Service("http://127.0.0.1:9")
"""Stands for a sandbox that ended with its kernel: it can't be asked any more."""


def _look_after(row: Unfinished, library: Library, service: Service) -> Found:
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


def _fetch(row: Unfinished, library: Library, service: Service, found: Found) -> Found:
    """Fetch the pictures of an answer by the links that are in the journal."""
    receipt = row.receipt
    usd = receipt.usd if receipt else None
    price = f"charged {dollars(usd)}" if usd else "charged"
    facts = {"client_request_id": row.request_id}
    try:
        if None in row.links or receipt is None:
            raise LinkGoneError("It came inside the answer, which nobody could keep.")
        pictures = [fetch(Item(url=link), service, facts) for link in row.links]
        kept = library.store(row.request_id, pictures, receipt)
    except LinkGoneError as error:
        library.mark_failed(row.request_id, str(error), receipt)
        return replace(found, outcome=f"{price}, and its link is gone", usd=usd)
    except (DownloadError, PictureError) as error:
        if service is NOBODY:
            library.mark_failed(row.request_id, str(error), receipt)
            return replace(found, outcome="play money; its sandbox has ended", usd=usd)
        library.release(row.request_id, str(error))
        return replace(found, outcome=f"{price}; {error}", usd=usd, ended=False)
    image = BananaImage.of(kept[0], library)
    return replace(found, outcome=f"fetched: {image.id}", usd=usd, image=image)


def _ask(row: Unfinished, library: Library, service: Service, found: Found) -> Found:
    """Ask the log whether a request without an answer was charged."""
    if service is NOBODY:
        library.mark_failed(row.request_id, "its sandbox has ended")
        return replace(found, outcome="its sandbox has ended: not known, and only play money")
    charge = account.find_charge(service, row.request_id, sent=row.created, pauses=(0.0,))
    old = datetime.now(UTC) - row.created > LATEST_ROW
    if charge.state == "not charged" or (charge.state == "absent" and old):
        library.mark_failed(row.request_id, "the service's log says: not charged")
        return replace(found, outcome="not charged")
    if charge.state == "charged":
        bill = _bill(row, library, service, charge)
        library.mark_failed(row.request_id, "charged, and the service names no picture", bill)
        price = dollars(charge.usd) if charge.usd else "an amount that the log does not name"
        ids = f" (inference id {charge.inference_id})" if charge.inference_id else ""
        said = f"charged {price}{ids}, and the service has no link to its picture: ask its support"
        return replace(found, outcome=said, usd=charge.usd)
    why = "has no row of it yet" if charge.state == "absent" else "can't be read now"
    return replace(found, outcome=f"not known yet: the service's log {why}", ended=False)


def _bill(row: Unfinished, library: Library, service: Service, charge: account.Charge) -> Receipt:
    return Receipt(
        model=row.request.model,
        service=service.host,
        sandbox=library.service == shelves.SANDBOX,
        client_request_id=row.request_id,
        inference_id=charge.inference_id,
        credits=None,
        usd=charge.usd,
        seconds=0.0,
        attempts=1,
        created=row.created,
    )


def recover_quietly() -> str:
    """`recover`, and what came of it as the one line that loading the extension says."""
    try:
        found = recover()
    except BananaError as error:
        return f"nb_banana: {error}"
    more = " nb_banana.recover() looks again." if any(not each.ended for each in found) else ""
    return f"nb_banana: {found.summary}{more}"
