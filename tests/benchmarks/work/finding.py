"""A picture that is in a library of so many, beside reading its file."""

from pathlib import Path

from nb_banana import ImageRequest, configure, generate
from nb_banana.generation import context
from nb_banana.imaging.decode import PictureKind
from nb_banana.library import location
from nb_banana.library.rows import family_key
from tests.support.shelf import put

from .timing import usual

NOBODY = "http://127.0.0.1:9"
"""Whoever asked it would fail."""


def measure(way: str, size: int, picture: str, count: int) -> dict[str, float]:
    data = Path(picture).read_bytes()
    configure(base_url=NOBODY)
    fill(size, data)
    if way == "read":
        path = generate("a banana 0").path
        return {"wall": usual(path.read_bytes, count)}
    return {"wall": usual(lambda: generate("a banana 0"), count)}


def fill(size: int, data: bytes) -> None:
    """A library with one picture, and rows of many more, all written at once."""
    library = context.library_of(location.kind_of(NOBODY))
    put(library, ImageRequest("a banana 0"), "nbb-0", (data, PictureKind("image/png", 1376, 768)))
    with library._index.writing() as session:
        (request,) = session.rows("SELECT * FROM requests")
        (image,) = session.rows("SELECT * FROM pictures")
        del request["seq"]
        for number in range(1, size):
            asked = ImageRequest(f"a banana {number}")
            new = {"id": f"nbb-{number}", "key": asked.key, "family": family_key(asked)}
            session.add("requests", request | new | {"prompt": asked.prompt})
            session.add("pictures", image | {"request_id": new["id"], "digest": f"{number:064x}"})
