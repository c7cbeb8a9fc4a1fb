"""The usual time of something that is done several times."""

import time
from collections.abc import Callable
from statistics import median


def usual(work: Callable[[], object], count: int) -> float:
    """Seconds: the median; one more comes first and does not count."""
    work()
    took = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return median(took)
