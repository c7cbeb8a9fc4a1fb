"""The usual time of something that is done several times."""

import time
from collections.abc import Callable
from statistics import median


def usual(work: Callable[[], object], count: int) -> float:
    """Seconds: the median; one more comes first and does not count."""
    work()
    return median(seconds(work) for _ in range(count))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
