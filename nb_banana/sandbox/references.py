"""The pictures that a request refers to: read, checked, and made small enough to keep."""

import base64
import binascii
import http.client
import re
from functools import lru_cache
from io import BytesIO
from ipaddress import ip_address
from urllib.parse import urlsplit

from nb_banana.models import SIZES

DATA_URI = re.compile(
    r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,]*)*;base64,(?P<payload>.*)", re.DOTALL
)
LARGEST = 32 * 2**20
LONGEST_SIDE = 1024
"""Pixels. A link has to paint its picture again later, so every reference is kept: small."""


def is_uri(text: str) -> bool:
    """Whether it is an http(s) address or a data URI with base64."""
    if text.startswith("data:"):
        return DATA_URI.fullmatch(text) is not None
    try:
        parts = urlsplit(text)
    except ValueError:  # e.g. a bracket that is not closed
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def read_reference(uri: str) -> bytes | None:
    """The picture behind an address that `is_uri` accepts; None where it is out of reach.

    The sandbox uses no network: only addresses on loopback are fetched, e.g. its own links.

    Raises:
        ValueError: it is not a picture, or it could not be fetched.
    """
    match = DATA_URI.fullmatch(uri)
    if match:
        return shrink(_decode(match["payload"]))
    return shrink(_fetch(uri)) if _is_near(uri) else None


@lru_cache(maxsize=16)
def shrink(data: bytes) -> bytes:
    """The same picture, upright and at most `LONGEST_SIDE` pixels long.

    One that was painted here still says how high its label is, so that an edit gets one label.

    Raises:
        ValueError: Pillow cannot read it.
    """
    from PIL import Image, ImageOps
    from PIL.PngImagePlugin import PngInfo

    # Starting the server does not wait for what paints.
    from nb_banana.sandbox.painter import prints

    try:
        with Image.open(BytesIO(data)) as opened:
            image = ImageOps.exif_transpose(opened)
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            clear = image.has_transparency_data
            small = image.convert("RGBA" if clear else "RGB")
            label = prints.label_of(opened) * small.height // opened.height
    except Exception as problem:  # each decoder of Pillow has its own
        if (bare := _bare(data)) != data:  # Pillow reads no PNG with a large text or profile
            return shrink(bare)
        raise ValueError(
            f"it is not a picture that can be read ({type(problem).__name__})"
        ) from problem
    out = BytesIO()
    if clear or label:
        about = PngInfo()
        about.add_text(prints.LABEL_KEY, str(label))
        small.save(out, "PNG", pnginfo=about)
    else:
        small.save(out, "JPEG", quality=90)
    return out.getvalue()


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
    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        shape = image.width / image.height

    def distance(ratio: str) -> float:
        width, height = SIZES[ratio]
        return max(shape * height / width, width / height / shape)

    return min(ratios, key=distance)


def _decode(payload: str) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("its base64 cannot be decoded") from problem


def _is_near(uri: str) -> bool:
    parts = urlsplit(uri)
    try:
        on_loopback = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:  # a name, not a number
        return False
    return parts.scheme == "http" and on_loopback


def _fetch(uri: str) -> bytes:
    # http.client follows no redirect and asks no proxy, so this cannot leave the machine.
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        data = response.read(LARGEST)
    except (OSError, http.client.HTTPException) as problem:
        raise ValueError("it could not be downloaded") from problem
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"it could not be downloaded (HTTP {response.status})")
    return data
