"""The one place that starts threads. Where none can start (WebAssembly), work is done in place."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
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


class _InPlace(Executor):
    """An executor that has done the work when it is given back."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **options))
        except BaseException as error:  # noqa: BLE001 - an executor hands on whatever it was
            future.set_exception(error)
        return future


async def awaited(work: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """What the work gives, while whoever awaits it is free."""
    if not HAS_THREADS:
        return work(*args, **options)
    import asyncio  # whoever awaits has loaded it

    return await asyncio.to_thread(work, *args, **options)


def pool(count: int, name: str = NAME) -> Executor:
    """So many threads that take work as it comes."""
    return ThreadPoolExecutor(count, name) if HAS_THREADS else _InPlace()


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], most: int) -> list[Result]:
    """What work that holds no lock gives for each, in their order; so many at once at most."""
    count = min(most, _processors())
    if count < 2 or not HAS_THREADS:
        return [work(each) for each in items]
    executor = pool(count)
    try:
        return list(executor.map(work, items))
    finally:  # after a Ctrl-C what has not begun is left
        executor.shutdown(cancel_futures=True)


def _processors() -> int:
    """How many this process may use: in a container, or on a shared machine, it is not all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
