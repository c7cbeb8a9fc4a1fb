"""What a batch costs beside the service's own seconds: ``python -m tests.benchmarks.bench_batch``.

Figures are ratios of one run; nothing in the tests hangs on them.
"""

import heapq
import os
import random
import tempfile
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from nb_banana import configure, generate_many

from ..shelf import picture
from .service import running

PICTURE = picture(1, (800, 780))[0]
"""About 1.9 MB, as the service's own pictures at 1K have."""


def fresh(url: str, lanes: int) -> None:
    configure(base_url=url, library=tempfile.mkdtemp(), concurrency=lanes)


def ideal(seconds: list[float], lanes: int) -> float:
    """The end of a schedule in which each lane takes the next one as soon as it is free."""
    free = [0.0] * lanes
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def makespan(url: str, lanes: int, limit: int) -> float:
    """How much longer than ideal 64 requests of one second, more or less a fifth, take."""
    rng = random.Random(4)
    seconds = [round(rng.uniform(0.8, 1.2), 3) for _ in range(64)]
    fresh(url, lanes)
    started = time.perf_counter()
    gallery = generate_many([f"a banana {n} [{each:.3f} s]" for n, each in enumerate(seconds)])
    took = time.perf_counter() - started
    assert len(gallery.images) == 64, gallery
    return took / ideal(seconds, min(lanes, limit))


def plain(url: str, count: int, lanes: int) -> float:
    """A bare pool of sessions that writes each file: what a user would write."""
    folder = Path(tempfile.mkdtemp())
    local = threading.local()

    def one(number: int) -> None:
        session = local.__dict__.setdefault("session", requests.Session())
        body = {"model": "google/nano-banana-2", "prompt": f"a banana {number}"}
        answer = session.post(f"{url}/v1/images/generations", json=body, timeout=60).json()
        data = session.get(answer["data"][0]["url"], timeout=60).content
        (folder / f"{number}.png").write_bytes(data)

    started = time.perf_counter()
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(one, range(count)))
    return time.perf_counter() - started


def ours(url: str, count: int, lanes: int) -> float:
    fresh(url, lanes)
    started = time.perf_counter()
    gallery = generate_many([f"a banana {number}" for number in range(count)])
    assert len(gallery.images) == count, gallery
    return time.perf_counter() - started


def throughput(url: str, count: int, rounds: int, lanes: int = 4) -> float:
    ratios = []
    for _ in range(rounds):
        took = {work: work(url, count, lanes) for work in random.sample([plain, ours], 2)}
        ratios.append(took[plain] / took[ours])
    return sorted(ratios)[len(ratios) // 2]


def growth(url: str) -> float:
    """Kilobytes of memory that each finished picture of a held gallery takes."""
    fresh(url, 4)
    generate_many(["to warm up"])
    tracemalloc.start()
    gallery = generate_many([f"a banana {number}" for number in range(200)])
    size = tracemalloc.get_traced_memory()[0] / 1000
    tracemalloc.stop()
    return size / len(gallery.images)


def first_is_kept_before_the_last_is_asked(url: str) -> bool:
    fresh(url, 4)
    folder = Path(configure().library or "")
    kept = []

    def prompts():
        for number in range(20):
            kept.append(len(list(folder.rglob("*.png"))))
            yield f"a banana {number} [0.050 s]"

    generate_many(prompts())
    return kept[-1] > 0


def main() -> None:
    count = int(os.environ.get("COUNT", "2000"))
    rows: list[tuple[str, str]] = []
    with running(PICTURE) as url:
        rows.append(("64 requests of 1 s on 16 lanes, to ideal", f"{makespan(url, 16, 16):.3f}"))
        rows.append(
            (
                f"{count} requests of 0 s, throughput to a bare pool",
                f"{throughput(url, count, 3):.2f}",
            )
        )
        rows.append(("kilobytes of memory for each held picture", f"{growth(url):.1f}"))
        first = first_is_kept_before_the_last_is_asked(url)
        rows.append(("the first is on the disk before the last is asked for", str(first)))
    with running(PICTURE, limit=8) as url:
        rows.append(("the same on a service that takes 8, to ideal", f"{makespan(url, 16, 8):.3f}"))
        refused = requests.get(f"{url}/seen", timeout=5).json()["refused"]
        rows.append(("refusals of it", str(refused)))
    print("| what | figure |\n| --- | --- |")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
