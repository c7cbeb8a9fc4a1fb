"""Threads that write at the same moment share one transaction: the disk is waited for once.

SQLite itself lets one write at a time and makes the others look again after a nap; a batch with
many lanes would spend more time on that than on writing.
"""

import os
import threading
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


class _Queue:
    """Who waits to write into one file. The first to hold the lock writes for all."""

    def __init__(self) -> None:
        self.tasks: deque[_Task[Any]] = deque()
        self.lock = threading.Lock()


_queues: dict[str, _Queue] = {}


def commit(index: "Index", work: "Callable[[Session], Result]") -> Result:
    """Do some work in a transaction that is on the disk when this returns.

    Args:
        index: the file.
        work: what to do in it; it runs in the thread of whoever commits.

    Raises:
        LibraryError: see `nb_banana.errors`; and whatever the work raises.
    """
    queue = _queues.setdefault(str(index.path), _Queue())
    task = _Task(work)
    queue.tasks.append(task)
    with queue.lock:
        if not task.is_done:
            # A Ctrl-C in here would take along what other threads have written down.
            with unbroken():
                _commit_all(index, queue)
    return task.outcome()


def _commit_all(index: "Index", queue: _Queue) -> None:
    tasks = [queue.tasks.popleft() for _ in range(len(queue.tasks))]
    try:
        with index.writing() as session:
            for task in tasks:
                task.run(session)
    except Exception as error:  # noqa: BLE001 - each thread raises it for itself
        for task in tasks:
            task.fail(error)
    for task in tasks:
        task.is_done = True


def _forget() -> None:
    """A forked child has none of the threads that hold locks in its parent."""
    _queues.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
