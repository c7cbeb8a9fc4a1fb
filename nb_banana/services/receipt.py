"""`Receipt`: what the service said of one request: ids, cost, time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from nb_banana._hints import Hinted
from nb_banana._later import Later
from nb_banana._text import InDollars, dollars
from nb_banana.display.html import Name, Words, styled, table
from nb_banana.models import short_name

if TYPE_CHECKING:
    from nb_banana.imaging import provenance
else:  # for copies alone
    provenance = Later("nb_banana.imaging.provenance")

SANDBOX_HEADER = "x-nb-banana-sandbox"  # in every answer of a sandbox: its money is play money


@dataclass(frozen=True)
class Receipt(InDollars, Hinted):
    """The bill and the ids of one request.

    Attributes:
        model: the id that was sent.
        service: the host that answered.
        sandbox: whether a sandbox answered, so that the money is play money.
        client_request_id: our own id, which the service's log knows the request by.
        inference_id: the service's id, which the charge is recorded under.
        credits: what was charged, in the service's credits; None where it did not say.
        usd: the same in US dollars.
        seconds: from sending to the whole picture, waits between attempts included; 0 before.
        attempts: how often it was sent; more than 1 only where it can't have been charged before.
        created: when the answer came, in UTC.
        is_about: whether ``usd`` is the price of the service's page, for it stated no bill.
    """

    model: str
    service: str
    sandbox: bool
    client_request_id: str
    inference_id: str | None
    credits: int | None
    usd: Decimal | None
    seconds: float
    attempts: int
    created: datetime
    is_about: bool = field(default=False, repr=False)

    @property
    def credit(self) -> str:
        """A line for a slide: who drew it, when (UTC), and whether it is AI generated."""
        who = "nb_banana sandbox" if self.sandbox else short_name(self.model)
        what = "no AI model" if self.sandbox else "AI generated"
        return f"{who} · {self.created:%Y-%m-%d} · {what}"

    def _repr_html_(self) -> str:
        return styled(
            table([(Name(name), Words(said)) for name, said in self._facts()]), kind="receipt"
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        play = " play money" if self.sandbox and self.usd else ""
        charged = "" if self.credits is None else f" ({self.credits:,} credits)"
        yield "cost", f"{dollars(self.usd)}{play}{charged}"
        yield "model", self.model
        yield "drawn by", f"{self.service}{', a sandbox: no AI model' if self.sandbox else ''}"
        yield "came", f"{self.created.astimezone():%Y-%m-%d %H:%M:%S}"
        if self.seconds:
            sent = f", sent {self.attempts} times" if self.attempts > 1 else ""
            yield "took", f"{self.seconds:.1f} s{sent}"
        yield "request", self.client_request_id
        if self.inference_id:
            yield "inference id", self.inference_id


def mark_of(receipt: Receipt) -> bytes:
    """What copies say of their making where the picture's own file says nothing: XMP."""
    drawn = provenance.DRAWN_BY_PROGRAM if receipt.sandbox else provenance.AI_GENERATED
    return provenance.own_packet(drawn, receipt.credit)
