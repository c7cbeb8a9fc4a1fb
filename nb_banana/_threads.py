"""The one place that starts threads. Where none can start (WebAssembly), work is done in place."""

import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

HAS_THREADS = sys.platform not in {"emscripten", "wasi"}
NAME = "nb_banana"
Item = TypeVar("Item")
Result = TypeVar("Result")


def spawn(
    work: Callable[..., object], *args: Any, daemon: bool = True, needed: bool = True
) -> threading.Thread | None:
    """Do it in a thread of its own; in place where none can start, unless it is not ``needed``."""
    if HAS_THREADS:
        thread = threading.Thread(target=work, args=args, name=NAME, daemon=daemon)
        try:
            thread.start()
        except RuntimeError:  # as many as the system allows
            pass
        else:
            return thread
    if needed:
        work(*args)
    return None


_locks: "weakref.WeakSet[Any]" = weakref.WeakSet()  # those of `lock` that are in use


def lock() -> threading.RLock:
    """One that nobody holds in a forked child: whoever held it there is no thread of it."""
    made = threading.RLock()
    _locks.add(made)
    return made


def _free_locks() -> None:
    for each in list(_locks):
        each._at_fork_reinit()  # as logging and concurrent.futures do with theirs


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_locks)


class Pool:
    """Up to so many threads that take work as it comes, and end when there is none left."""

    # An executor of concurrent.futures takes no work any more when the main thread is at its end.
    # A batch in the background goes on then: the interpreter waits for its threads.

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = threading.Lock()

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Have it done: at once where a thread is free, or where none can start."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((future, partial(work, *args)))
            is_free = self._free > 0
            self._free -= is_free
        if is_free:
            spawn(self._work, daemon=False)
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                future, work = self._waiting.popleft()
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever looks at the future gets it
                future.set_exception(error)
            del future, work  # what came is not kept until there is more to do


async def awaited(work: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """What the work gives, while whoever awaits it is free."""
    if not HAS_THREADS:
        return work(*args, **options)
    import asyncio  # whoever awaits has loaded it

    return await asyncio.to_thread(work, *args, **options)


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], most: int) -> list[Result]:
    """What work that holds no lock gives for each, in their order; so many at once at most."""
    waiting = list(items)
    count = min(most, _processors(), len(waiting))
    if count < 2 or not HAS_THREADS:
        return [work(each) for each in waiting]
    from concurrent.futures import ThreadPoolExecutor  # load time: not for one picture

    executor = ThreadPoolExecutor(count, NAME)
    try:
        started = [executor.submit(work, each) for each in waiting]
    except RuntimeError:  # as many as the system allows
        started = []
    try:
        if started:
            return [each.result() for each in started]
    finally:  # after an error or a Ctrl-C what has not begun is left
        executor.shutdown(cancel_futures=True)
    return [work(each) for each in waiting]


def _processors() -> int:
    """How many this process may use: in a container, or on a shared machine, it is not all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
