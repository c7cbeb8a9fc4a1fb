"""Threads that write at the same moment share one transaction: the disk is waited for once.

SQLite itself lets one write at a time and makes the others look again after a nap; a batch with
many lanes would spend more time on that than on writing.
"""

import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nb_banana.interrupts import unbroken

if TYPE_CHECKING:
    from nb_banana.index import Index, Session

Result = TypeVar("Result")


class _Task(Generic[Result]):
    """What one thread wants to write, and what came of it."""

    def __init__(self, work: "Callable[[Session], Result]") -> None:
        self._work = work
        self._result: list[Result] = []
        self.error: BaseException | None = None
        self.is_done = False

    def run(self, session: "Session") -> None:
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


def commit(index: "Index", work: "Callable[[Session], Result]") -> Result:
    """Do some work in a transaction that is on the disk when this returns.

    Args:
        index: the file.
        work: what to do in it; it runs in the thread of whoever commits.

    Raises:
        LibraryError: see `nb_banana.errors`; and whatever the work raises.
    """
    queue = _queues.setdefault(str(index.path), deque())
    task = _Task(work)
    queue.append(task)
    with index.turn:
        if not task.is_done:
            # A Ctrl-C in here would take along what other threads have written down.
            with unbroken():
                _commit_all(index, queue)
    return task.outcome()


def _commit_all(index: "Index", queue: deque[_Task[Any]]) -> None:
    tasks = [queue.popleft() for _ in range(len(queue))]
    try:
        with index.writing() as session:
            for task in tasks:
                task.run(session)
    except Exception as error:  # noqa: BLE001 - each thread raises it for itself
        for task in tasks:
            task.fail(error)
    for task in tasks:
        task.is_done = True


if hasattr(os, "register_at_fork"):  # a child has none of the threads that wait in its parent
    os.register_at_fork(after_in_child=_queues.clear)
