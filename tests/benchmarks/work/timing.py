"""The usual time of something that is done several times."""

import time
from collections.abc import Callable
from statistics import median


def usual(
    work: Callable[[], object], count: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds: the median; one more comes first and does not count."""
    work()
    return median(seconds(work, clock) for _ in range(count))


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes, once."""
    started = clock()
    work()
    return clock() - started
