"""Keeping a picture in the library, beside a file that is written and synced."""

import os
import tempfile
from itertools import count as numbers
from pathlib import Path

from nb_banana import ImageRequest
from nb_banana.generation import context
from nb_banana.imaging.decode import PictureKind
from tests.support.shelf import receipt

from .timing import usual


def measure(way: str, picture: str, times: int, count: int) -> dict[str, float]:
    """`times` makes the picture so much larger."""
    data = Path(picture).read_bytes() * times
    work = kept(data, count + 1) if way == "nb_banana" else written(data)
    return {"wall": usual(work, count)}


def written(data: bytes):
    folder, number = Path(tempfile.mkdtemp()), numbers()

    def work() -> None:
        name = next(number)
        with (folder / f"{name}.png").open("wb") as file:
            file.write(name.to_bytes(8, "little") + data)
            file.flush()
            os.fsync(file.fileno())

    return work


def kept(data: bytes, most: int):
    library, number = context.library_of("api"), numbers()
    for each in range(most):
        library.begin(ImageRequest(f"banana {each}"), f"nbb-s{each}")

    def work() -> None:
        name = next(number)
        mine = name.to_bytes(8, "little") + data
        library.store(
            f"nbb-s{name}", [(mine, PictureKind("image/png", 8, 8))], receipt(f"nbb-s{name}")
        )

    return work
