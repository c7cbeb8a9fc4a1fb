"""Values as rows of the index, and as the facts that a picture's file tells; and back."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from nb_banana._catalogue import AIMLAPI
from nb_banana._text import LARGEST_AMOUNT, AboutDollars, Dollars, amount, clean
from nb_banana.credentials import PLACES
from nb_banana.library.location import API, SANDBOX
from nb_banana.library.records import Bill, StoredBody, StoredImage, UnfinishedRequest
from nb_banana.library.schema import Row
from nb_banana.models import DEFAULT_MODEL, FIELD_OF, FIELDS, model_id
from nb_banana.references.limits import LIMITS
from nb_banana.references.reference import Reference, RemoteImage
from nb_banana.request import ImageRequest, copy_with, named_by_key
from nb_banana.services.exchange import Ticket
from nb_banana.services.receipt import Receipt
from nb_banana.services.registry import catalogue_with, find_service

IMAGE = re.compile(r"image/[\w.+-]{1,40}")
LONGEST_SHOWN = 60  # characters of a value that makes no sense, in the message that says so
LARGEST_INTEGER = 2**63 - 1
"""What an SQLite integer holds. A service that names more credits is not believed."""

STORED_COLUMNS = (
    "id, service, take, prompt, model, parameters, refs, parents, notebook, "
    "answered, answered_by, sandbox, inference_id, credits, usd, about, seconds, attempts, "
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
    parameters = {name: getattr(request, name) for name in PARAMETERS}
    return {
        "take": request.take,
        "prompt": request.prompt,
        "folded": fold(request.prompt),
        "model": request.model,
        "parameters": json.dumps(parameters),
        "refs": json.dumps([_reference_json(each) for each in request.images]),
    }


def _reference_json(reference: Reference) -> dict[str, Any]:
    found = {"digest": reference.digest, "label": reference.label, "source": reference.origin}
    if isinstance(reference.body, RemoteImage):
        found["url"] = reference.url
    return found


def family_key(request: ImageRequest) -> str:
    """What all takes of a request share: the key of the first."""
    return request.key if request.take == 1 else copy_with(request, take=1).key


def restore_request(row: Row, read: Callable[[str], str]) -> ImageRequest:
    """The request of a row. Types are checked, for the index may be a stranger's."""
    # Values are not held against the model again: they were when it was made, and what a model
    # takes today must not hide what it took then.
    values = {
        name: _typed(value, PARAMETERS[name], name)
        for name, value in _json(row, "parameters", dict).items()
        if name in PARAMETERS
    }
    values |= {"prompt": _typed(row["prompt"], str, "prompt"), "limits": LIMITS}
    values["take"] = _typed(row["take"], int, "take")
    values["images"] = tuple(_reference(each, read) for each in _json(row, "refs", list))
    request = object.__new__(ImageRequest)
    request.__dict__.update({"model": row["model"], "params": {}, **_DEFAULTS, **values})
    name = (kind := row.get("service", API)).partition("@")[0]
    if kind == SANDBOX:  # which draws for any service
        request.__dict__["catalogue"] = catalogue_with(row["model"])
    elif name in PLACES and name != AIMLAPI.service:
        request.__dict__["catalogue"] = find_service(name).catalogue
    return request


_TYPES = {"model": str, "choice": str | None, "switch": bool | None, "params": dict}
"""What a value of each kind of field is. Pictures and the take have columns of their own."""
PARAMETERS: dict[str, Any] = {
    each.name: _TYPES[FIELD_OF[each.name].kind]
    for each in fields(ImageRequest)
    if each.name in FIELD_OF and FIELD_OF[each.name].kind in _TYPES
}
"""The fields of a request that the column ``parameters`` has, and their types."""
_DEFAULTS = {
    each.name: each.default
    for each in fields(ImageRequest)
    if each.name in PARAMETERS and each.default is not MISSING
}


def _reference(found: Any, read: Callable[[str], str]) -> Reference:
    found = _typed(found, dict, "refs")
    digest, label = _typed(found["digest"], str, "digest"), _typed(found["label"], str, "label")
    url = _typed(found.get("url"), str | None, "url")
    return Reference(
        StoredBody(digest, read) if url is None else RemoteImage(url),
        label,
        came_from=_typed(found.get("source"), str | None, "source"),
    )


def _typed(value: Any, kind: Any, name: str) -> Any:
    """The value, if it is what we would have written; else a `TypeError`."""
    if isinstance(value, kind) and (kind is not int or not isinstance(value, bool)):
        return value
    raise TypeError(f"{name} is {clean(repr(value), LONGEST_SHOWN)}")


def _json(row: Row, name: str, kind: type) -> Any:
    """What a column of JSON says."""
    return _typed(json.loads(_typed(row[name], str, name)), kind, name)


def _texts(row: Row, name: str) -> tuple[str, ...]:
    return tuple(_typed(each, str, name) for each in _json(row, name, list))


def _time(row: Row, name: str) -> datetime:
    """A time with its zone: others can't be compared with ours."""
    time = datetime.fromisoformat(_typed(row[name], str, name))
    return time.astimezone(UTC) if time.tzinfo else _typed(None, datetime, name)


def _money(row: Row) -> Decimal | None:
    usd, kind = amount(row["usd"]), AboutDollars if row.get("about") else Dollars
    return None if row["usd"] is None else kind(_typed(usd, Decimal, "usd"))


def receipt_row(receipt: Receipt | None) -> Row:
    """The columns of a receipt; none where there is none."""
    if receipt is None:
        return {}
    usd = receipt.usd
    return {
        "answered": stamp(receipt.created),
        "answered_by": receipt.service,
        "sandbox": receipt.sandbox,
        "inference_id": receipt.inference_id,
        "credits": receipt.credits if (receipt.credits or 0) <= LARGEST_INTEGER else None,
        "usd": None if usd is None or not (usd.is_finite() and usd < LARGEST_AMOUNT) else str(usd),
        "seconds": receipt.seconds,
        "attempts": receipt.attempts,
        "about": receipt.is_about,
    }


def step_row(receipt: Receipt | None) -> Row:
    """The same, as what is written now."""
    return {"changed": now(), **receipt_row(receipt)}


def restore_receipt(row: Row) -> Receipt | None:
    """The receipt of a row; None before an answer."""
    if row["answered"] is None:
        return None
    return Receipt(
        model=_typed(row["model"], str, "model"),
        service=_typed(row["answered_by"], str, "answered_by"),
        sandbox=bool(row["sandbox"]),
        client_request_id=_typed(row["id"], str, "id"),
        inference_id=_typed(row["inference_id"], str | None, "inference_id"),
        credits=_typed(row["credits"], int | None, "credits"),
        usd=_money(row),
        seconds=_typed(row["seconds"], int | float, "seconds"),
        attempts=_typed(row["attempts"], int, "attempts"),
        created=_time(row, "answered"),
        is_about=bool(row.get("about")),
    )


def restore_unfinished(row: Row, read: Callable[[str], str]) -> UnfinishedRequest:
    """The value of a row."""
    links = _json({"links": row["links"] or "[]"}, "links", list)
    told = _json({"ticket": row.get("ticket") or "{}"}, "ticket", dict)
    return UnfinishedRequest(
        request_id=_typed(row["id"], str, "id"),
        state=row["state"],
        request=restore_request(row, read),
        links=tuple(_typed(each, str | None, "links") for each in links),
        receipt=restore_receipt(row),
        error=_typed(row["error"], str | None, "error"),
        created=_time(row, "created"),
        notebook=_typed(row["notebook"], str | None, "notebook"),
        ticket=Ticket(_typed(told["handle"], dict, "ticket")) if told else None,
        drawn_by=_typed(told.get("service"), str | None, "ticket"),
        inference_id=_typed(row["inference_id"], str | None, "inference_id"),
        asked_at=_typed(told.get("url"), str | None, "ticket"),
    )


def restore_bill(row: Row) -> Bill:
    """The value of a row. A price that makes no sense counts as not said, and hides no other."""
    usd = amount(row["usd"])
    return Bill(
        _typed(row["id"], str, "id"),
        _time(row, "created"),
        _typed(row["model"], str, "model"),
        _typed(row["notebook"], str | None, "notebook"),
        AboutDollars(usd) if usd and row["about"] else usd,
        bool(row["sandbox"]),
        row["count"],
    )


def restore_charge(row: Row) -> tuple[Decimal, dict[str, Any]]:
    """What a billed request cost, and its further fields."""
    return _typed(_money(row), Decimal, "usd"), dict(json.loads(row["params"] or "{}"))


def restore_stored(row: Row, path: Path, read: Callable[[str], str]) -> StoredImage:
    """The picture of a row, without the others of its answer."""
    receipt = restore_receipt(row)
    if receipt is None:
        raise ValueError(f"{row['id']} has a picture and no receipt")
    if not IMAGE.fullmatch(row["mime"]) or not (row["width"] > 0 and row["height"] > 0):
        raise ValueError(f"{row['id']} has a picture of no kind or size that there is")
    return StoredImage(
        path=path,
        mime=row["mime"],
        width=_typed(row["width"], int, "width"),
        height=_typed(row["height"], int, "height"),
        size=_typed(row["size"], int, "size"),
        digest=_typed(row["digest"], str, "digest"),
        request=restore_request(row, read),
        receipt=receipt,
        request_id=row["id"],
        position=row["position"],
        made=receipt.created,
        notebook=_typed(row["notebook"], str | None, "notebook"),
        parents=_texts(row, "parents"),
    )


def embedded_facts(request: ImageRequest, receipt: Receipt) -> dict[str, Any]:
    """What is worth to know of a picture wherever its file goes: words, options, ids. No key."""
    known = named_by_key(request)
    return known | {
        "take": request.take,
        "params": dict(request.params),
        "images": [each.label for each in request.references],
        "made": receipt.created.isoformat(),
        "service": receipt.service,
        "sandbox": receipt.sandbox,
        "client_request_id": receipt.client_request_id,
    }


def embedded_request(facts: dict[str, Any]) -> ImageRequest:
    """The request that a file tells of; its reference pictures are not in the file."""
    own = {each.name for each in fields(ImageRequest)} - {"images", "limits", "model", "catalogue"}
    names = {each.key: each.name for each in FIELDS}
    told = {names.get(name, name): value for name, value in facts.items()}
    values = {name: value for name, value in told.items() if name in own}
    # As no model that we know: what one takes was checked when the picture was made.
    request = ImageRequest(**values, model="any")
    return copy_with(request, model=model_id(str(told.get("model", DEFAULT_MODEL))))


def embedded_receipt(facts: dict[str, Any]) -> Receipt:
    """The bill that a file tells of; what it cost is not in it."""
    try:
        made = datetime.fromisoformat(facts["made"])
    except (KeyError, TypeError, ValueError):
        made = datetime.now(UTC)
    return Receipt(
        model=str(facts.get("model")),
        service=str(facts.get("service", "unknown")),
        sandbox=facts.get("sandbox") is True,
        client_request_id=str(facts.get("client_request_id", "")),
        inference_id=None,
        credits=None,
        usd=None,
        seconds=0.0,
        attempts=1,
        created=made,
    )
