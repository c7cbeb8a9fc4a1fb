"""Ctrl-C at a moment that is a fact, and not so many seconds later: on a slow machine too."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from urllib.parse import urlsplit

from nb_banana.sandbox import Sandbox


@contextmanager
def ctrl_c_when(is_so: Callable[[], object]) -> Iterator[None]:
    """One real SIGINT as soon as this is so, and none after the block."""
    over = threading.Event()

    def watch() -> None:
        while not is_so():
            if over.wait(0.01):
                return
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def is_main_in(function: Callable[..., object]) -> bool:
    """Whether the main thread is within a call of this function."""
    return function.__code__ in set(_codes_of_main())


def _codes_of_main() -> Iterator[CodeType]:
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def rest(sandbox: Sandbox) -> None:
    """Wait until whoever came to it is answered, or has nobody to be answered to any more."""
    place = urlsplit(sandbox.url)
    with socket.create_connection((place.hostname, place.port), timeout=120) as last:
        last.shutdown(socket.SHUT_WR)  # those that came before it are heard before it
        assert last.recv(1) == b""
    until(lambda: not sandbox._server._open)


def until(is_so: Callable[[], object]) -> None:
    """Wait for it, for as long as the slowest machine takes."""
    latest = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < latest, "it never was"
        time.sleep(0.01)
