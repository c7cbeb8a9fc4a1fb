"""Moments that are facts, and not so many seconds later: no machine is too slow."""

import itertools
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, SimpleNamespace
from unittest import mock
from urllib.parse import urlsplit

import pytest

from nb_banana import _threads
from nb_banana.sandbox import Sandbox, painter
from nb_banana.services import tickets


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


def at_rest() -> None:
    """Wait for our threads: those that draw, and those that ask and tell beside a picture."""
    for each in threading.enumerate():
        if each.name == _threads.NAME:
            each.join(120)


def until(is_so: Callable[[], object]) -> None:
    """Wait for it, for as long as the slowest machine takes."""
    latest = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < latest, "it never was"
        time.sleep(0.01)


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


SEEN = """
from nb_banana.display import progress
shows = 1
def _show(line, *what, show=progress.NotebookLine.show):
    show(line, *what)
    line.shown = getattr(line, "shown", 0) + 1
def _leave(spinner, *error, leave=progress.Spinner.__exit__):
    line, thread = spinner._line, spinner._thread
    while thread and line.patience < 60 and getattr(line, "shown", 0) < shows:
        thread.join(0.01)
        if not thread.is_alive():
            break
    leave(spinner, *error)
progress.NotebookLine.show, progress.Spinner.__exit__ = _show, _leave"""
"""Run by a kernel: no wait is over before its line was shown so many times as ``shows`` says."""

HELD = """
import threading
from nb_banana.results.pending import PendingValue
go = threading.Event()
def _draw(value, make, draw=PendingValue.draw):
    go.wait(60)
    draw(value, make)
PendingValue.draw = _draw"""
"""Run by a kernel: what is asked for in the background begins when ``go`` is set."""


def pictures_wait(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until this is set no picture comes from a sandbox in this process; refusals do."""
    go, plain = threading.Event(), painter._scene

    def scene(*asked):
        go.wait(60)
        return plain(*asked)

    monkeypatch.setattr(painter, "_scene", scene)
    return go
