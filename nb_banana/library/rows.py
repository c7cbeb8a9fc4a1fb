"""Rows of the index from values, and values from rows. No SQL and no files here."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from nb_banana.library.records import Bill, StoredBody, StoredImage, UnfinishedRequest
from nb_banana.library.schema import Row
from nb_banana.references.limits import LIMITS
from nb_banana.references.reference import Reference, RemoteImage
from nb_banana.request import ImageRequest, copy_with
from nb_banana.services.receipt import Receipt

LARGEST_INTEGER = 2**63 - 1
"""What an SQLite integer holds. A service that names more credits is not believed."""

STORED_COLUMNS = (
    "id, take, prompt, model, parameters, refs, parents, notebook, "
    "answered, answered_by, sandbox, inference_id, credits, usd, seconds, attempts, "
    "position, digest, mime, width, height, size, path"
)
"""The columns that `restore_stored` reads: each one costs a little with every hit."""
FORGOTTEN: Row = {
    "state": "forgotten",
    **dict.fromkeys(("key", "family", "prompt", "folded"), ""),
    **dict.fromkeys(("refs", "parents"), "[]"),
    "parameters": "{}",
    **dict.fromkeys(("notebook", "host", "pid", "started", "links", "error")),
}
"""The columns of a forgotten row: what was said is gone, what was charged stays."""


def fold(text: str) -> str:
    """A text as it is searched: letters of any case and spelling are one.

    >>> fold("CAFÉ Straße") == fold("café STRASSE")
    True
    """
    return unicodedata.normalize("NFKC", text).casefold()


def stamp(time: datetime) -> str:
    """A time as the index keeps it: UTC, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def now() -> str:
    """The time as the index keeps it."""
    return stamp(datetime.now(UTC))


def request_row(request: ImageRequest) -> Row:
    """The columns of a request."""
    own = {"prompt", "images", "take", "limits"}
    parameters = {
        each.name: getattr(request, each.name) for each in fields(request) if each.name not in own
    }
    return {
        "take": request.take,
        "prompt": request.prompt,
        "folded": fold(request.prompt),
        "model": request.model,
        "parameters": json.dumps(parameters),
        "refs": json.dumps([_reference_json(each) for each in request.references]),
    }


def _reference_json(reference: Reference) -> dict[str, Any]:
    found = {"digest": reference.digest, "label": reference.label, "source": reference.origin}
    if isinstance(reference.body, RemoteImage):
        found["url"] = reference.url
    return found


def family_key(request: ImageRequest) -> str:
    """What all takes of a request share: the key of the first."""
    return copy_with(request, take=1).key


def restore_request(row: Row, read: Callable[[str], str]) -> ImageRequest:
    """The request of a row.

    Its values are not checked again: they were when it was made, and what a model takes today
    must not hide what it took then.
    """
    known = {each.name for each in fields(ImageRequest)}
    values = {k: v for k, v in json.loads(row["parameters"]).items() if k in known}
    values |= {"prompt": row["prompt"], "take": row["take"], "limits": LIMITS}
    values["images"] = tuple(
        Reference(
            RemoteImage(each["url"]) if "url" in each else StoredBody(each["digest"], read),
            each["label"],
            came_from=each.get("source"),
        )
        for each in json.loads(row["refs"])
    )
    request = object.__new__(ImageRequest)
    request.__dict__.update(values)
    return request


def receipt_row(receipt: Receipt | None) -> Row:
    """The columns of a receipt; none where there is none."""
    if receipt is None:
        return {}
    return {
        "answered": stamp(receipt.created),
        "answered_by": receipt.service,
        "sandbox": receipt.sandbox,
        "inference_id": receipt.inference_id,
        "credits": receipt.credits if (receipt.credits or 0) <= LARGEST_INTEGER else None,
        "usd": None if receipt.usd is None else str(receipt.usd),
        "seconds": receipt.seconds,
        "attempts": receipt.attempts,
    }


def restore_receipt(row: Row) -> Receipt | None:
    """The receipt of a row; None before an answer."""
    if row["answered"] is None:
        return None
    return Receipt(
        model=row["model"],
        service=row["answered_by"],
        sandbox=bool(row["sandbox"]),
        client_request_id=row["id"],
        inference_id=row["inference_id"],
        credits=row["credits"],
        usd=None if row["usd"] is None else Decimal(row["usd"]),
        seconds=row["seconds"],
        attempts=row["attempts"],
        created=datetime.fromisoformat(row["answered"]),
    )


def restore_unfinished(row: Row, read: Callable[[str], str]) -> UnfinishedRequest:
    """The value of a row."""
    return UnfinishedRequest(
        request_id=row["id"],
        state=row["state"],
        request=restore_request(row, read),
        links=tuple(json.loads(row["links"] or "[]")),
        receipt=restore_receipt(row),
        error=row["error"],
        created=datetime.fromisoformat(row["created"]),
        notebook=row["notebook"],
    )


def restore_bill(row: Row) -> Bill:
    """The value of a row."""
    usd = None if row["usd"] is None else Decimal(row["usd"])
    made = datetime.fromisoformat(row["created"])
    return Bill(row["id"], made, row["model"], row["notebook"], usd, bool(row["sandbox"]))


def picture_price(row: Row) -> Decimal:
    """What one picture of a billed request cost."""
    usd = Decimal(row["usd"])
    if not usd.is_finite() or usd < 0:
        raise ValueError(f"{usd} is no amount")
    pictures = row["pictures"]
    return usd / pictures if isinstance(pictures, int) and pictures > 1 else usd


def restore_stored(row: Row, path: Path, read: Callable[[str], str]) -> StoredImage:
    """The picture of a row, without the others of its answer."""
    receipt = restore_receipt(row)
    if receipt is None:
        raise ValueError(f"{row['id']} has a picture and no receipt")
    return StoredImage(
        path=path,
        mime=row["mime"],
        width=row["width"],
        height=row["height"],
        size=row["size"],
        digest=row["digest"],
        request=restore_request(row, read),
        receipt=receipt,
        request_id=row["id"],
        position=row["position"],
        made=receipt.created,
        notebook=row["notebook"],
        parents=tuple(json.loads(row["parents"])),
    )
