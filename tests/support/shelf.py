"""What the tests of the library put into it."""

import base64
import hashlib
import io
import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from PIL import Image

from nb_banana.imaging.decode import PictureKind
from nb_banana.library.rows import stamp
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


def grow(library, count, *, files=True):
    """So many pictures more of the last two years, written at once: as the first one, but others.

    Every tenth was made from the one before it, and one prompt in the middle speaks of a zebra.
    """
    now = datetime.now(UTC)
    (asked,) = library._index.rows("SELECT * FROM requests ORDER BY seq LIMIT 1")
    (image,) = library._index.rows("SELECT * FROM pictures LIMIT 1")
    data = (library.folder / image["path"]).read_bytes()
    del asked["seq"]
    digests = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(count)]
    with library._index.writing() as session:
        for number, digest in enumerate(digests):
            made = now - timedelta(700) * (1 - number / count)
            prompt = f"a {'zebra' if number == count // 2 else 'banana'} {number}"
            time, path = stamp(made), f"pictures/{made:%Y-%m}/{made:%Y-%m-%d}-many-{digest}.png"
            source = {"digest": digests[number - 1], "label": "x", "source": digests[number - 1]}
            new = {
                "id": f"many-{digest}",
                "key": digest,
                "family": digest,
                "prompt": prompt,
                "folded": prompt,
                "notebook": f"/home/me/{number % 20}.ipynb",
                **dict.fromkeys(("created", "changed", "answered"), time),
                "usd": ("0.0894875", "0.12", None, f"0.0{number % 500}")[number % 4],
                "refs": json.dumps([source] if number % 10 == 9 else []),
            }
            session.add("requests", asked | new)
            row = {"request_id": new["id"], "digest": digest, "path": path}
            session.add("pictures", image | row)
            if files:
                file = library.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
    return digests
