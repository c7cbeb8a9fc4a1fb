"""Is this body a request that is accepted? A `GenerationOrder` then, else a 400 with hints.

References are read, checked, and made small enough to keep: a link has to paint its picture again.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nb_banana.models import SCALES, SIZES
from nb_banana.sandbox.catalogue import OFFERS, Offer, price
from nb_banana.sandbox.exchange import Refused
from nb_banana.sandbox.plain import png_size

if TYPE_CHECKING:  # starting the server does not wait for Pillow
    from PIL import Image

DATA_URI = re.compile(
    r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,]*)*;base64,(?P<payload>.*)", re.DOTALL
)
KNOWN_FILES = (b"\x89PNG", b"\xff\xd8", b"RIFF")
LONGEST_SIDE = 1024
"""Pixels of a reference that is kept."""

Fetch = Callable[[str], bytes | None]
"""What is behind an address; None where it is not looked at, a ValueError says what is wrong."""

HEADING = "Body validation error!"


@dataclass(frozen=True)
class GenerationOrder:
    """A request that is right."""

    model: str  # the name that was asked for
    prompt: str
    size: tuple[int, int]  # pixels
    small: tuple[int, int]  # 1K, or half of it where 1K was asked: what a wrong size looks like
    count: int
    references: tuple[bytes, ...]  # those that could be reached
    credits: int
    wants_link: bool = False  # where the picture itself would come unasked


def read_order(body: bytes, fetch: Fetch, withdrawn: Collection[str] = ()) -> GenerationOrder:
    """What a body asks for; refused with a list of hints, or for a model that is not offered."""
    fields = read_object(body)
    offer = _find_offer(fields, withdrawn)
    hints: list[str] = []
    prompt = _read(fields, "prompt", str, hints, required=True)
    ratio = _choose(fields, "aspect_ratio", offer.model.aspect_ratios, hints)
    resolution = _choose(fields, "resolution", offer.model.resolutions, hints) or "1K"
    _read(fields, "enable_web_search", bool, hints)
    count = _count(fields, offer, hints)
    uris = _uris(fields, offer, hints)
    references = read_references(uris, fetch, hints) if not hints else ()
    if hints:
        raise Refused(400, [HEADING, *hints])
    if ratio is None and offer.model.as_reference and references:
        ratio = nearest_ratio(references[0], offer.model.aspect_ratios)
    shape = SIZES[ratio or offer.model.default_ratio]
    return GenerationOrder(
        model=str(fields["model"]),
        prompt=str(prompt),
        size=scaled(shape, SCALES[resolution]),
        small=scaled(shape, 1.0 if SCALES[resolution] > 1 else 0.5),
        count=count,
        references=references,
        credits=price(offer, resolution, count, len(uris)),
    )


def read_object(body: bytes) -> Mapping[str, Any]:
    """A body of JSON; refused where it is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as problem:
        hint = f"Invalid JSON. Expected object, received text that cannot be parsed: {problem}"
        raise Refused(400, [HEADING, hint]) from problem
    if not isinstance(content, dict):
        raise Refused(400, [HEADING, f"Expected object, received {_kind(content)}"])
    return content


def _find_offer(fields: Mapping[str, Any], withdrawn: Collection[str]) -> Offer:
    hints: list[str] = []
    name = str(_read(fields, "model", str, hints, required=True))
    if hints:
        raise Refused(400, [HEADING, *hints])
    if name not in OFFERS or name in withdrawn:
        raise Refused(404, f"Model not found: {_shown(name)}")
    return OFFERS[name]


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


def read_references(uris: list[str], fetch: Fetch, hints: list[str]) -> tuple[bytes, ...]:
    """The pictures behind some addresses; ``hints`` says what is wrong."""
    found = []
    for number, uri in enumerate(uris):
        try:
            found.append(_reference(uri, fetch))
        except ValueError as problem:
            hints.append(
                f"image_urls.{number}: Invalid image. Expected a picture, received {_shown(uri)}: "
                f"{problem}"
            )
    return tuple(data for data in found if data is not None)


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """A size so many times as large."""
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


def is_uri(text: str) -> bool:
    """Whether it is an http(s) address or a data URI with base64."""
    if text.startswith("data:"):
        return DATA_URI.fullmatch(text) is not None
    try:
        parts = urlsplit(text)
    except ValueError:  # e.g. a bracket that is not closed
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _reference(uri: str, fetch: Fetch) -> bytes | None:
    """The picture behind an address; None where nobody looks: there is no network here."""
    if match := DATA_URI.fullmatch(uri):
        try:
            return shrink(base64.b64decode(match["payload"], validate=True))
        except binascii.Error as problem:
            raise ValueError("its base64 cannot be decoded") from problem
    data = fetch(uri)
    return None if data is None else shrink(data)


@lru_cache(maxsize=16)
def shrink(data: bytes) -> bytes:
    """The same picture as the painter wants it: opaque, upright, `LONGEST_SIDE` pixels at most."""
    try:
        from PIL import Image, ImageOps
        from PIL.PngImagePlugin import PngInfo

        # Starting the server does not wait for what paints.
        from nb_banana.sandbox.painter import LABEL_KEY, label_of
    except ImportError:  # then nothing looks at its pixels
        if data.startswith(KNOWN_FILES):
            return data
        raise ValueError("it is not a picture that can be read") from None
    try:
        with Image.open(BytesIO(data)) as opened:
            small = _opaque(ImageOps.exif_transpose(opened))
            small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            # One that was painted here still says how high its label is.
            label = label_of(opened) * small.height // opened.height
    except Exception as problem:  # each decoder of Pillow has its own
        if (bare := _bare(data)) != data:  # Pillow reads no PNG with a large text or profile
            return shrink(bare)
        name = type(problem).__name__
        raise ValueError(f"it is not a picture that can be read ({name})") from problem
    out, about = BytesIO(), PngInfo()
    about.add_text(LABEL_KEY, str(label))
    if label:
        small.save(out, "PNG", pnginfo=about)
    else:
        small.save(out, "JPEG", quality=90)
    return out.getvalue()


def _opaque(image: "Image.Image") -> "Image.Image":
    """In RGB: on white paper where it is transparent, and with deep greys brought into 0 to 255."""
    from PIL import Image

    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "#fffdf8")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda v: v / 257).convert("L")
    if image.mode in ("I", "F"):  # of no range that is known: what is there, from black to white
        deep = image.convert("F")
        low, high = deep.getextrema()
        scale = 255 / max(1e-9, float(high) - float(low))  # type: ignore[arg-type]
        image = deep.point(lambda v: v * scale - float(low) * scale).convert("L")  # type: ignore[arg-type]
    return image.convert("RGB")


def _bare(data: bytes) -> bytes:
    """A PNG of its pixels alone; other bytes as they are."""
    if not data.startswith(b"\x89PNG"):
        return data
    kept, place = [data[:8]], 8
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 5].isupper() or data[place + 4 : place + 8] == b"tRNS":
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def nearest_ratio(data: bytes, ratios: tuple[str, ...]) -> str:
    """The ratio whose shape is nearest to the picture's."""
    try:
        from PIL import Image
    except ImportError:
        width, height = png_size(data)
    else:
        with Image.open(BytesIO(data)) as image:
            width, height = image.size
    shape = width / height

    def distance(ratio: str) -> float:
        width, height = SIZES[ratio]
        return max(shape * height / width, width / height / shape)

    return min(ratios, key=distance)
