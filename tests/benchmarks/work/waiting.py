"""What requests take of memory that are on their way, and the index on the disk for each."""

import os
from collections.abc import Iterator
from pathlib import Path

import nb_banana

from .process import PAGE, resident


def measure(base: str, lanes: int, seconds: float) -> dict[str, float]:
    """So many at once; memory is looked at when the last one is asked for."""
    nb_banana.configure(base_url=base, concurrency=4)
    nb_banana.generate_many([f"warm {number}" for number in range(20)])
    before, seen = resident(), [0]

    def prompts() -> Iterator[str]:
        for number in range(lanes):
            seen[0] = resident()
            yield f"a banana {number} [{seconds:.3f} s]"

    nb_banana.configure(concurrency=lanes)
    gallery = nb_banana.generate_many(prompts())
    assert len(gallery.images) == lanes, gallery
    (index,) = Path(os.environ["XDG_DATA_HOME"]).rglob("index.sqlite")
    return {
        "resident": max(seen[0] - before, PAGE) / lanes,
        "disk": index.stat().st_size / (lanes + 20),
    }
