"""Threads that write to one index at the same moment share a transaction: one wait for the disk.

SQLite itself lets one write at a time and makes the others look again after a nap; a batch with
many workers would spend more time on that than on writing.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

Result = TypeVar("Result")


class Session(Protocol):
    """A transaction: see `nb_banana.library.database.Transaction`."""

    def step(self, fail: Callable[[Exception], None]) -> AbstractContextManager[None]:
        """A part that goes back alone where it fails."""


class _Task(Generic[Result]):
    """What one thread wants to write, and what came of it."""

    def __init__(self, work: Callable[[Any], Result]) -> None:
        self._work = work
        self._result: list[Result] = []
        self.error: BaseException | None = None
        self.is_done = False

    def run(self, session: Session) -> None:
        """Do it inside of the transaction of all; where it fails, only its own part goes back."""
        with session.step(self.fail):
            self._result = [self._work(session)]

    def fail(self, error: BaseException) -> None:
        """It failed: alone, or with all the others."""
        self.error = error

    def outcome(self) -> Result:
        """The result, or the error that it raised."""
        if self.error is not None:
            raise self.error
        return self._result[0]


_queues: dict[str, deque[_Task[Any]]] = {}
"""What waits to be written, by the file. The first to have its turn writes for all."""

if hasattr(os, "register_at_fork"):  # a child has none of the threads that wait in its parent
    os.register_at_fork(after_in_child=_queues.clear)


def commit(
    file: str,
    turn: threading.RLock,
    writing: Callable[[], AbstractContextManager[Session]],
    work: Callable[[Any], Result],
) -> Result:
    """Do some work in a transaction that is on the disk when this returns."""
    queue = _queues.setdefault(file, deque())
    task = _Task(work)
    queue.append(task)
    with turn:
        if not task.is_done:
            # A Ctrl-C in here would take along what other threads have written down.
            # Imported with the first write: loading the extension only looks.
            from nb_banana.wire.interrupts import defer_interrupts

            with defer_interrupts():
                _commit_all(writing, queue)
    return task.outcome()


def _commit_all(
    writing: Callable[[], AbstractContextManager[Session]], queue: deque[_Task[Any]]
) -> None:
    tasks = [queue.popleft() for _ in range(len(queue))]
    try:
        with writing() as session:
            for task in tasks:
                task.run(session)
    except Exception as error:  # noqa: BLE001 - each thread raises it for itself
        for task in tasks:
            task.fail(error)
    for task in tasks:
        task.is_done = True
