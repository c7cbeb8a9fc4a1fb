"""Ctrl-C while a picture is paid for: it ends a wait at once, and never what is written down."""

# Between the service's answer and the journal's line of it are some thousandths of a second. A
# Ctrl-C just then would lose the link of a picture that is paid, so it comes a moment later.

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Handler = Callable[..., Any]


class Hold:
    """Takes note of the first Ctrl-C. The second one is meant: it comes at once."""

    def __init__(self, before: Handler) -> None:
        self.before = before
        self.caught: tuple[Any, ...] | None = None

    def __call__(self, *arguments: Any) -> None:
        """Called by Python with each Ctrl-C."""
        if self.caught is not None:
            self.let_go()
        self.caught = arguments

    def let_go(self) -> None:
        """Raise what was held back."""
        caught, self.caught = self.caught, None
        if caught is not None:
            self.before(*caught)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Ctrl-C comes at the end of the block, or with the next `allow_interrupts` wait in it."""
    before = signal.getsignal(signal.SIGINT)
    if not _is_main() or not callable(before):
        yield
        return
    hold = Hold(before)
    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        hold.let_go()


@contextmanager
def allow_interrupts() -> Iterator[None]:
    """A wait inside of `defer_interrupts`: here Ctrl-C comes at once."""
    hold = signal.getsignal(signal.SIGINT)
    if not _is_main() or not isinstance(hold, Hold):
        yield
        return
    holds = [hold]  # one in the other, as of a batch whose pictures no thread draws
    while isinstance(outer := holds[-1].before, Hold):
        holds.append(outer)
    for each in holds:
        each.let_go()
    signal.signal(signal.SIGINT, holds[-1].before)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, hold)


REPEATS = 5.0  # seconds in which a Ctrl-C is the impatient repetition of the one before


@contextmanager
def first_interrupt() -> Iterator[None]:
    """Only the first Ctrl-C in the block is raised, so that what it begins can be finished."""
    # One that comes much later counts again: somebody may have caught the first.
    before = signal.getsignal(signal.SIGINT)
    if not _is_main() or not callable(before):
        yield
        return
    raised = -REPEATS

    def once(*arguments: Any) -> None:
        nonlocal raised
        if time.monotonic() - raised >= REPEATS:
            raised = time.monotonic()
            before(*arguments)

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_main() -> bool:
    """Whether this is the thread that gets the signals."""
    return threading.current_thread() is threading.main_thread()
