"""Is this body a request that is accepted? A `GenerationOrder` then, else a 400 with hints."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nb_banana.models import SCALES, SIZES
from nb_banana.sandbox.catalogue import OFFERS, Offer, price
from nb_banana.sandbox.http_response import Refused
from nb_banana.sandbox.references import is_uri, nearest_ratio, read_reference

HEADING = "Body validation error!"


@dataclass(frozen=True)
class GenerationOrder:
    """A request that is right.

    Attributes:
        model: the name that was asked for.
        prompt: what to draw.
        size: the pixels that were asked for.
        small: the size at 1K, or half of it where 1K was asked: what a wrong size looks like.
        count: how many pictures.
        references: those that could be reached.
        credits: what it costs.
    """

    model: str
    prompt: str
    size: tuple[int, int]
    small: tuple[int, int]
    count: int
    references: tuple[bytes, ...]
    credits: int


def read_order(body: bytes) -> GenerationOrder:
    """Check a request body.

    Raises:
        Refused: 400 with a list of hints, or 404 for a model that is not offered.
    """
    fields = _read_object(body)
    offer = _find_offer(fields)
    hints: list[str] = []
    prompt = _read(fields, "prompt", str, hints, required=True)
    ratio = _choose(fields, "aspect_ratio", offer.model.aspect_ratios, hints)
    resolution = _choose(fields, "resolution", offer.model.resolutions, hints) or "1K"
    _read(fields, "enable_web_search", bool, hints)
    count = _count(fields, offer, hints)
    uris = _uris(fields, offer, hints)
    references = _references(uris, hints) if not hints else ()
    if hints:
        raise Refused(400, [HEADING, *hints])
    shape = SIZES[ratio or _default_ratio(offer, references)]
    return GenerationOrder(
        model=str(fields["model"]),
        prompt=str(prompt),
        size=_scaled(shape, SCALES[resolution]),
        small=_scaled(shape, 1.0 if SCALES[resolution] > 1 else 0.5),
        count=count,
        references=references,
        credits=price(offer, resolution, count, len(uris)),
    )


def _read_object(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as problem:
        hint = f"Invalid JSON. Expected object, received text that cannot be parsed: {problem}"
        raise Refused(400, [HEADING, hint]) from problem
    if not isinstance(content, dict):
        raise Refused(400, [HEADING, f"Expected object, received {_kind(content)}"])
    return content


def _find_offer(fields: Mapping[str, Any]) -> Offer:
    hints: list[str] = []
    name = _read(fields, "model", str, hints, required=True)
    if hints:
        raise Refused(400, [HEADING, *hints])
    if name not in OFFERS:
        raise Refused(404, f"Model not found: {_shown(name)}")
    return OFFERS[str(name)]


def _read(
    fields: Mapping[str, Any], name: str, kind: type, hints: list[str], *, required: bool = False
) -> object:
    """A field of one type. None where it is left out or wrong, which `hints` then says."""
    if name not in fields:
        if required:
            hints.append(f"{name}: Required. Expected {_NAMES[kind]}, received undefined")
        return None
    value = fields[name]
    if isinstance(value, kind):
        return value
    hints.append(f"{name}: Invalid type. Expected {_NAMES[kind]}, received {_kind(value)}")
    return None


def _choose(
    fields: Mapping[str, Any], name: str, allowed: tuple[str, ...], hints: list[str]
) -> str | None:
    if name not in fields or not allowed:  # a field that the model does not have is ignored
        return None
    value = fields[name]
    if isinstance(value, str) and value in allowed:
        return value
    expected = " | ".join(f"'{each}'" for each in allowed)
    hints.append(f"{name}: Invalid enum value. Expected {expected}, received {_shown(value)}")
    return None


def _count(fields: Mapping[str, Any], offer: Offer, hints: list[str]) -> int:
    most = offer.model.max_count
    if most == 1 or "num_images" not in fields:
        return 1
    value = fields["num_images"]
    if type(value) is int and 1 <= value <= most:  # bool is an int, and not meant
        return value
    hints.append(f"num_images: Expected a number from 1 to {most}, received {_shown(value)}")
    return 1


def _uris(fields: Mapping[str, Any], offer: Offer, hints: list[str]) -> list[str]:
    if offer.model.max_images == 0:  # a field that the model does not have is ignored
        return []
    found = _read(fields, "image_urls", list, hints, required=offer.model.min_images > 0)
    items: list[Any] = found if isinstance(found, list) else []
    least, most = offer.model.min_images, offer.model.max_images
    if isinstance(found, list) and len(items) < least:
        hints.append(f"image_urls: Expected at least {least} element(s), received {len(items)}")
    if most is not None and len(items) > most:
        hints.append(f"image_urls: Expected at most {most} element(s), received {len(items)}")
    for number, item in enumerate(items):
        if not isinstance(item, str) or not is_uri(item):
            hints.append(
                f"image_urls.{number}: Invalid url. Expected an http(s) URL or a data URI with "
                f"base64, received {_shown(item)}"
            )
    return items


def _references(uris: list[str], hints: list[str]) -> tuple[bytes, ...]:
    found = []
    for number, uri in enumerate(uris):
        try:
            found.append(read_reference(uri))
        except ValueError as problem:
            hints.append(
                f"image_urls.{number}: Invalid image. Expected a picture, received {_shown(uri)}: "
                f"{problem}"
            )
    return tuple(data for data in found if data is not None)


def _default_ratio(offer: Offer, references: tuple[bytes, ...]) -> str:
    if offer.as_reference and references:
        return nearest_ratio(references[0], offer.model.aspect_ratios)
    return offer.ratio


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)


_NAMES: dict[type, str] = {str: "string", bool: "boolean", list: "array", dict: "object"}


def _kind(value: object) -> str:
    """The JSON type of a value, as the service's hints call it."""
    return "null" if value is None else _NAMES.get(type(value), "number")


def _shown(value: object) -> str:
    """A value for a hint: a text is quoted and cut, anything else is its type or number."""
    if isinstance(value, str):
        return f"'{value[:60]}{'…' if len(value) > 60 else ''}'"
    return str(value) if _kind(value) == "number" else _kind(value)
