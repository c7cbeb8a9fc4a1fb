"""Prompt and parameters inside a picture's file: PNG text, or EXIF of JPEG and WebP.

The pixels are not touched: a piece of metadata is put in front of them.
"""

import binascii
import io
import json
import struct
from typing import Any

from nb_banana.errors import SaveError
from nb_banana.pixels import open_picture
from nb_banana.receipt import Receipt
from nb_banana.request import ImageRequest

KEYWORD = b"nb_banana"
PNG_START = 33
"""Bytes of a PNG's signature and header chunk: what comes next may be text."""
USER_COMMENT = 0x9286
EXIF_IFD = 0x8769
UNICODE = b"UNICODE\0"


def embed(data: bytes, mime: str, facts: dict[str, Any]) -> bytes:
    """The same picture with facts in its metadata.

    Args:
        data: a whole PNG, JPEG or WebP.
        mime: which of them.
        facts: what JSON can hold.

    Raises:
        SaveError: a format that holds none, or facts that do not fit.
    """
    text = json.dumps(facts, sort_keys=True)
    if mime == "image/png":
        body = KEYWORD + b"\0\0\0\0\0" + text.encode()
        return data[:PNG_START] + _chunk(b"iTXt", body) + data[PNG_START:]
    if mime == "image/jpeg":
        segment = b"Exif\0\0" + _exif(data, text)
        if len(segment) > 0xFFFD:
            raise SaveError("The prompt is too long for a JPEG's metadata. Save it as .png.")
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    if mime == "image/webp":
        return _into_webp(data, _exif(data, text))
    raise SaveError("Only PNG, JPEG and WebP hold the prompt. Choose another suffix.")


def facts(request: ImageRequest, receipt: Receipt) -> dict[str, Any]:
    """What is worth to know of a picture wherever its file goes: words, options, ids. No key."""
    known = request.payload()
    known.pop("image_urls", None)
    return known | {
        "take": request.take,
        "params": dict(request.params),
        "images": [each.label for each in request.references],
        "made": receipt.created.isoformat(),
        "service": receipt.service,
        "sandbox": receipt.sandbox,
        "client_request_id": receipt.client_request_id,
    }


def read(data: bytes) -> dict[str, Any] | None:
    """The facts that `embed` put into a picture; None where there are none.

    Raises:
        NotAPictureError: it is no picture.
    """
    picture = open_picture(data)
    text = picture.info.get(KEYWORD.decode())
    if text is None:
        comment = picture.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT)
        if not isinstance(comment, bytes) or not comment.startswith(UNICODE):
            return None
        text = comment.removeprefix(UNICODE).decode("utf-8", "replace")
    try:
        facts = json.loads(text)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and "prompt" in facts else None


def _exif(data: bytes, text: str) -> bytes:
    exif = open_picture(data).getexif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = UNICODE + text.encode()
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = binascii.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _into_webp(data: bytes, exif: bytes) -> bytes:
    """Add an EXIF chunk; a plain file becomes an extended one, whose header says what is there.

    https://developers.google.com/speed/webp/docs/riff_container
    """
    chunks = [chunk for chunk in _webp_chunks(data) if chunk[0] != b"EXIF"]
    if chunks[0][0] != b"VP8X":
        picture = open_picture(data)
        alpha = 0x10 if picture.has_transparency_data else 0
        size = b"".join((side - 1).to_bytes(3, "little") for side in picture.size)
        chunks.insert(0, (b"VP8X", bytes([alpha, 0, 0, 0]) + size))
    head = chunks[0][1]
    chunks[0] = (b"VP8X", bytes([head[0] | 0x08]) + head[1:])
    chunks.append((b"EXIF", exif))
    out = io.BytesIO()
    for kind, body in chunks:
        out.write(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
    body = out.getvalue()
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, place = [], 12
    while place + 8 <= len(data):
        kind = data[place : place + 4]
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        chunks.append((kind, data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    return chunks
