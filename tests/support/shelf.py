"""What the tests of the library put into it."""

import base64
import io
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

from PIL import Image

from nb_banana.imaging.decode import PictureKind
from nb_banana.library.schema import MIGRATIONS
from nb_banana.services.receipt import Receipt


def receipt(request_id, **changes):
    values = {
        "model": "google/nano-banana-2",
        "service": "api.aimlapi.com",
        "sandbox": False,
        "client_request_id": request_id,
        "inference_id": f"inf-{request_id}",
        "credits": 178_975,
        "usd": Decimal("0.0894875"),
        "seconds": 12.4,
        "attempts": 1,
        "created": datetime.now(UTC),
    }
    return Receipt(**values | changes)


def picture(seed, size=(8, 8)):
    """A small PNG that is another one for each seed."""
    out = io.BytesIO()
    pixels = random.Random(seed).randbytes(size[0] * size[1] * 3)
    Image.frombytes("RGB", size, pixels).save(out, "PNG")
    return out.getvalue(), PictureKind("image/png", *size)


def put(library, request, request_id, data=None, made=None, **options):
    """The whole way of one request, to its picture in the library; made now or at that time."""
    library.begin(request, request_id, **options)
    bill = receipt(request_id, created=made or datetime.now(UTC))
    return library.store(request_id, [data or picture(request_id)], bill)[0]


def data_url(data):
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def index_of(library):
    return library.folder / "index.sqlite"


def change(library, sql, *values):
    """What a stranger does to the index."""
    with closing(sqlite3.connect(index_of(library))) as connection, connection:
        connection.execute(sql, values)


def bytes_of(request_id):
    """What stands for a picture where nobody opens it: other bytes for each request."""
    return random.Random(request_id).randbytes(100_000)


def make_older(library, version):
    """Take away from its index what later versions have added."""
    for column in ("ticket", "about", *(["came_along"] if version == 1 else [])):
        change(library, f"ALTER TABLE requests DROP COLUMN {column}")
    change(library, "DROP INDEX requests_unfinished")
    change(library, next(each for each in MIGRATIONS[0] if "requests_unfinished" in each))
    change(library, f"PRAGMA user_version = {version}")
