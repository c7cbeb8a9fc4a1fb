"""What the library costs, beside plain files: ``python -m tests.benchmarks.bench_library``.

Every figure is a ratio of one run, the median of shuffled rounds; nothing in the tests hangs on it.
"""

import os
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from nb_banana import ImageRequest, configure, generate, shelves
from nb_banana.pixels import Kind
from nb_banana.rows import family_key

from ..shelf import put, receipt

PICTURE = random.Random(1).randbytes(1_900_000)
ROUNDS = 40


def median_ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds=ROUNDS) -> float:
    """How many times as long ours takes: each ratio within its round, the order at random."""
    ratios = []
    for _ in range(rounds):
        seconds = {}
        for name, work in random.sample([("ours", ours), ("theirs", theirs)], 2):
            started = time.perf_counter()
            work()
            seconds[name] = time.perf_counter() - started
        ratios.append(seconds["ours"] / seconds["theirs"])
    return statistics.median(ratios)


def fill(library, count: int) -> None:
    """Rows as `put` makes them, many at once."""
    put(library, ImageRequest("a banana 0"), "nbb-0", (PICTURE, Kind("image/png", 1024, 1024)))
    with library._index.writing() as session:
        (request,) = session.rows("SELECT * FROM requests")
        (image,) = session.rows("SELECT * FROM pictures")
        del request["seq"]
        for number in range(1, count):
            asked = ImageRequest(f"a banana {number}")
            new = {"id": f"nbb-{number}", "key": asked.key, "family": family_key(asked)}
            session.add("requests", request | new | {"prompt": asked.prompt})
            session.add("pictures", image | {"request_id": new["id"], "digest": f"{number:064x}"})


def hits(count: int) -> tuple[Callable[[], object], Path]:
    """A hit in a library of so many pictures, and the file that it finds."""
    configure(library=tempfile.mkdtemp(), base_url="http://127.0.0.1:9")
    library = shelves.library_of(shelves.kind_of("http://127.0.0.1:9"))
    fill(library, count)
    folder = configure().library

    def hit() -> object:
        configure(library=folder)
        return generate("a banana 0")

    return hit, generate("a banana 0").path


def main() -> None:
    rows = []
    small, path = hits(1_000)
    middle, _ = hits(10_000)
    large, _ = hits(100_000)
    rows.append(("a hit among 10,000, to reading the file", median_ratio(middle, path.read_bytes)))
    rows.append(("a hit among 100,000, to one among 1,000", median_ratio(large, small)))
    rows.append(("storing 1.9 MB, to write + fsync", storing(PICTURE)))
    rows.append(("storing 19 MB, to write + fsync", storing(PICTURE * 10)))
    print("| what | times |\n| --- | --- |")
    for what, ratio in rows:
        print(f"| {what} | {ratio:.2f} |")
    print(f"\n1,000 held pictures take {held():.1f} MB.")


def storing(data: bytes) -> float:
    folder = Path(tempfile.mkdtemp())
    configure(library=str(folder))
    library = shelves.library_of("api")
    number = iter(range(10_000))
    plain = iter(range(10_000))

    def ours() -> None:
        name = next(number)
        mine = name.to_bytes(8, "little") + data
        library.store(f"nbb-s{name}", [(mine, Kind("image/png", 8, 8))], receipt(f"nbb-s{name}"))

    def theirs() -> None:
        mine = next(plain).to_bytes(8, "little") + data
        with (folder / f"{next(plain)}.png").open("wb") as file:
            file.write(mine)
            file.flush()
            os.fsync(file.fileno())

    for each in range(ROUNDS):
        library.begin(ImageRequest(f"banana {each}"), f"nbb-s{each}")
    return median_ratio(ours, theirs)


def held() -> float:
    """Megabytes of a thousand values from the library."""
    hit, _ = hits(1_000)
    hit()
    tracemalloc.start()
    values = [hit() for _ in range(1_000)]
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / 1e6 if len(values) == 1_000 else float("nan")


if __name__ == "__main__":
    main()
