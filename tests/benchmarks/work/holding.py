"""What each picture takes of memory that a person holds on to."""

import gc
import io
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from .clients import CLIENTS
from .process import PAGE, resident
from .wire import KEY

FILL = """
import nb_banana
nb_banana.configure(base_url={base!r}, concurrency=4)
nb_banana.generate_many([f"kept {{number}}" for number in range({count})], key={key!r})
"""


def measure(way: str, base: str, count: int) -> dict[str, float]:
    """Held are ten to warm up, then `count` by the system's word, then `count` by Python's."""
    draw = WAYS[way](base, count)
    held = [draw(f"warm {number}") for number in range(10)]
    gc.collect()
    before = resident()
    held += [draw(f"a banana {number}") for number in range(count)]
    gc.collect()
    grown = resident() - before
    tracemalloc.start()
    held += [draw(f"another banana {number}") for number in range(count)]
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0]
    assert len(held) == 10 + 2 * count
    return {"resident": max(grown, PAGE) / count, "traced": traced / count}


def client(name: str) -> Callable[[str, int], Callable[[str], Any]]:
    return lambda base, count: CLIENTS[name](base)


def decoded(base: str, count: int) -> Callable[[str], Any]:
    """A Pillow image that was looked at."""
    from PIL import Image

    draw = CLIENTS["session"](base)

    def one(prompt: str) -> Any:
        image = Image.open(io.BytesIO(draw(prompt)))
        image.load()
        return image

    return one


def from_history(base: str, count: int) -> Callable[[str], Any]:
    """What another process kept."""
    import nb_banana

    code = FILL.format(base=base, count=10 + 2 * count, key=KEY)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    nb_banana.configure(base_url=base)
    ids = iter([image.id for image in nb_banana.history(limit=None)])
    return lambda prompt: nb_banana.load(next(ids))


WAYS = {
    "bytes": client("session"),
    "decoded": decoded,
    "google-genai": client("google-genai response"),
    "gemimg": client("gemimg"),
    "nb_banana": client("nb_banana"),
    "nb_banana history": from_history,
}
