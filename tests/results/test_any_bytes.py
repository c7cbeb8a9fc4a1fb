"""Any bytes in the place of a picture: they are had and can be used, or an error says that not,
and what was paid is kept or stands in the journal with its link."""

import base64
import itertools
import json
import pickle
import random
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import nb_banana
from nb_banana import errors
from tests.support.amount import rounds
from tests.support.pictures import camera, chunk, clear, encode, frames, photo, picture
from tests.support.servers import server
from tests.support.spoiling import Spoiler

FILES = [
    encode(picture()),
    encode(clear()),
    encode(picture(mode="P"), transparency=3),
    encode(picture(mode="1")),
    encode(picture(mode="I;16")),
    encode(photo(), "JPEG", exif=camera(6)),
    encode(photo(), "JPEG", progressive=True, quality=30),
    encode(picture(mode="CMYK"), "JPEG"),
    encode(clear(), "WEBP", exif=camera(3)),
    encode(photo(), "WEBP", lossless=True),
    encode(photo(), "AVIF"),
    encode(picture(), "TIFF"),
    encode(picture(), "BMP"),
    *(frames("GIF"), frames("WEBP"), frames("PNG")),
    b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
    b"",
]
NUMBERS = [0, 1, 2, 3, 7, 8, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, 10_000]
CHUNKS = [b"tEXt", b"iTXt", b"zTXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"fdAT"]
CHUNKS += [b"caBX", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"tIME", b"IDAT", b"IEND", b"IHDR", b"abcd"]


def parts_of(data):
    """The chunks of a PNG: name and body."""
    place, found = 8, []
    while place + 8 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def rebuilt(data, chance):
    """A PNG whose chunks are other ones, and right but for that."""
    parts = parts_of(data)
    kind, at = chance.randrange(6), chance.randrange(len(parts))
    if kind == 0:
        head = list(struct.unpack(">IIBBBBB", parts[0][1]))
        field = chance.randrange(7)
        head[field] = chance.choice(NUMBERS) % (2**32 if field < 2 else 256)
        parts[0] = b"IHDR", struct.pack(">IIBBBBB", *head)
    elif kind == 1:
        parts.insert(at, chance.choice(parts))
    elif kind == 2:
        del parts[at]
    elif kind == 3:
        chance.shuffle(parts)
    else:
        bomb = zlib.compress(bytes(chance.choice([10, 3_000_000])))
        some = chance.choice([chance.randbytes(chance.choice([0, 1, 4, 26, 300])), b"a\0\0" + bomb])
        parts.insert(at, (chance.choice(CHUNKS), some))
    made = data[:8] + b"".join(chunk(*each) for each in parts)
    if chance.random() < 0.3:  # a length that is not that of what follows
        place = chance.randrange(8, len(made) - 4)
        made = made[:place] + struct.pack(">I", chance.choice(NUMBERS)) + made[place + 4 :]
    return made


def any_bytes(seed):
    """Bytes that are nearly a picture; the same each time for one seed."""
    chance = random.Random(seed)
    data = chance.choice(FILES)
    for _ in range(chance.randint(0, 3)):
        if data[:8] == FILES[0][:8] and len(parts_of(data)) and chance.random() < 0.6:
            try:
                data = rebuilt(data, chance)
            except (struct.error, ValueError):  # it is none any more
                break
        else:
            data = Spoiler(seed, 1).spoil_bytes(data)
    return data or b"\0"


def had(call, *values, **options):
    """What a call gives; an error of ours, in a sentence, is fine too."""
    try:
        return call(*values, **options)
    except errors.BananaError as error:
        return repr(error) and None


def shown(value):
    """All that a notebook asks of a value."""
    repr(value)
    for name in ("_repr_mimebundle_", "_repr_html_"):
        if hasattr(value, name):
            json.dumps(had(getattr(value, name)), default=str)


def use(client, image, other, folder):
    """All that can be done with a picture."""
    shown(image)
    assert len(image.size) == 2
    had(lambda: image.pil.load())
    had(lambda: np.asarray(image))
    had(image.preview, 32)
    had(lambda: (image.provenance, image.credit, image.caption, image.alt, image.mismatch))
    had(image.cell)
    had(lambda: str(image.tree()))
    for suffix in ("png", "jpg", "webp", "gif", "tiff", "avif", "bmp", "pdf"):
        had(image.save, folder / f"a.{suffix}", embed=suffix == "png")
    had(lambda: open(image, "rb").close())  # noqa: PTH123 - as a person may
    shown(pickle.loads(pickle.dumps(image)))
    if comparison := had(nb_banana.compare, image, other):
        shown(comparison)
        had(comparison.side_by_side)
    gallery = nb_banana.Gallery([image, other])
    shown(gallery)
    had(gallery.contact_sheet)
    had(gallery.thumbnails)
    had(gallery.to_frame)
    had(gallery.save, folder / "all")
    had(client.dry_run, "a fox", images=[image, image.path])
    had(client.load, image.id)
    had(client.load, image.path)


@pytest.fixture
def place(tmp_path, brisk, monkeypatch):
    """A service whose picture is what a test puts there, and its client."""
    monkeypatch.chdir(tmp_path)
    there = SimpleNamespace(data=b"", is_inside=False)

    def answer(handler):
        inside = base64.b64encode(there.data).decode() if there.is_inside else None
        item = {"b64_json": inside, "url": None if there.is_inside else f"{there.url}/1.png"}
        if handler.command == "POST":
            usage = {"usd_spent": 0.1, "credits_used": 200_000}
            handler.reply(200, json.dumps({"data": [item], "meta": {"usage": usage}}).encode())
        elif handler.path == "/1.png":
            handler.reply(200, there.data)
        else:
            handler.reply(404)

    with (
        server(answer) as (there.url, there.seen),
        nb_banana.Client(key="a" * 20, base_url=there.url, library=tmp_path / "a") as there.client,
    ):
        yield there


def test_any_bytes_are_a_picture_or_an_error_that_keeps_them(place, tmp_path):
    numbers, client, place.data = itertools.count(), place.client, FILES[0]
    other = client.generate("a banana")

    @settings(max_examples=rounds(2, 400), deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**64), is_inside=st.booleans())
    @example(seed=121, is_inside=False)  # a picture of a palette that is not there
    def proves(seed, is_inside):
        place.data, place.is_inside, prompt = any_bytes(seed), is_inside, f"a {next(numbers)}"
        place.seen.clear()
        image = had(client.generate, prompt)
        again = had(client.generate, prompt)
        assert sum(each.method == "POST" for each in place.seen) == 1
        library = client.context.places(client.context.known_kinds()[0])[0]
        (row,) = library._index.rows("SELECT * FROM requests WHERE prompt = ?", prompt)
        if image is None:
            assert row["state"] != "stored"
            assert row["error"]
            kept = library.kept_answer(row["id"], 0)
            assert row["usd"] or library.kept_answer(row["id"])
            assert json.loads(row["links"] or "[]") == [f"{place.url}/1.png"] or kept is not None
            return
        assert image.bytes == again.bytes == place.data
        use(client, image, other, tmp_path)
        shown(client.history())
        if seed % 5 == 0:
            shown(client.recover())

    proves()
