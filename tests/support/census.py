"""A census: what this process holds of the system and of its interpreter, to be compared later."""

import atexit
import gc
import logging
import re
import signal
import sys
import tempfile
import threading
import time
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ipywidgets.widgets.widget import _instances

from tests.support.moments import at_rest

LATEST = 60.0
"""Seconds after which what is still there stays: threads and connections end in their own time."""
OURS = (
    *("Client", "Context", "HttpTransport", "Session", "HTTPConnectionPool", "Sandbox", "Panel"),
    *("BananaImage", "PendingImage", "Gallery", "PendingGallery", "BatchRunner", "Endpoint"),
)


def census(shell: Any = None) -> dict[str, Counter[str]]:
    """Threads, files, sockets, children, temporary files, hooks and what of ours is in memory."""
    at_rest()  # else one that was late would have opened its connection after the count
    gc.collect()
    loggers = [logging.root, *map(logging.getLogger, logging.root.manager.loggerDict)]
    held = {
        "threads": Counter(re.sub(r"\d+", "", each.name) for each in threading.enumerate()),
        "files": _files(),
        "children": Counter(_children()),
        "temporary files": Counter(map(str, Path(tempfile.gettempdir()).iterdir())),
        "signals": Counter({str(signal.getsignal(each)): 1 for each in (2, 15)}),
        "log handlers": Counter(str(each) for logger in loggers for each in logger.handlers),
        "hooks": Counter(map(str, (sys.excepthook, threading.excepthook, sys.unraisablehook))),
        "finders": Counter(map(str, sys.meta_path)),
        "at exit": Counter({"calls": atexit._ncallbacks()}),
        "finalizers": Counter({"ours": len(weakref.finalize._registry)}),
        "widgets": Counter(str(type(each)) for each in dict(_instances).values()),
        "objects": Counter(
            name for each in gc.get_objects() if (name := type(each).__name__) in OURS
        ),
    }
    return held if shell is None else held | _of_shell(shell)


def _files() -> Counter[str]:
    """What is open; sockets and pipes by their kind."""
    found: Counter[str] = Counter()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder that is read here
            found[str(each.readlink()).partition(":[")[0]] += 1
    return found


def _children() -> list[str]:
    found: list[str] = []
    for each in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has ended meanwhile
            found += (each / "children").read_text().split()
    return found


def _of_shell(shell: Any) -> dict[str, Counter[str]]:
    lists = {
        "transformers": [*shell.input_transformers_cleanup, *shell.input_transformers_post],
        "matchers": shell.Completer.custom_matchers,
        "configurables": map(type, shell.configurables),
        "magics": [name for kind in shell.magics_manager.magics.values() for name in kind],
        "display": [*vars(shell.displayhook), *shell.display_formatter.formatters],
    }
    lists |= shell.events.callbacks
    return {name: Counter(map(str, each)) for name, each in lists.items()}


def more_than(before: dict[str, Counter[str]], shell: Any = None) -> dict[str, Counter[str]]:
    """What there is more than before; what is about to end is waited for."""
    until = time.monotonic() + LATEST
    while True:
        now = census(shell)
        more = {name: now[name] - each for name, each in before.items() if now[name] - each}
        if not more or time.monotonic() > until:
            return more
        time.sleep(0.05)


def bytes_each(act: Callable[[int], object], count: int) -> float:
    """How many bytes more the interpreter holds for each time that it was done."""
    tracemalloc.start()
    try:
        for number in range(count):
            act(number)
        gc.collect()
        first = tracemalloc.get_traced_memory()[0]
        for number in range(count, 3 * count):
            act(number)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - first) / (2 * count)
    finally:
        tracemalloc.stop()
