"""Work that a service accepted takes the time that a test gives it: no machine is too slow."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

from nb_banana.services import tickets


@contextmanager
def one_question() -> Iterator[None]:
    """Whoever waits for work that was accepted asks once, and then its time is over."""
    # A short timeout would be the one for the request that is to be accepted, too.
    clock = itertools.count(0, 10**6)
    hasty = SimpleNamespace(sleep=time.sleep, monotonic=lambda: next(clock))
    with mock.patch.object(tickets, "time", hasty):
        yield


def work_is_done(monkeypatch) -> None:
    """What the sandbox's queue was given before is done by now."""
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 3600)
    monkeypatch.setattr("nb_banana.sandbox.services.fal.time", later)
