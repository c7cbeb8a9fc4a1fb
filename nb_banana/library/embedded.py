"""What a picture's file tells of it wherever it goes: facts that are embedded, and read back."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from nb_banana.models import DEFAULT_MODEL, FIELDS, model_id
from nb_banana.request import ImageRequest, copy_with, named_by_key
from nb_banana.services.receipt import Receipt


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
    own = {each.name for each in fields(ImageRequest)} - {"images", "limits", "model"}
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
