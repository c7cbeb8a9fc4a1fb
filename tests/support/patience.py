"""Waits that end when a test has seen what it looks for, on a machine of any speed."""

import threading

import pytest

from nb_banana.sandbox import painter

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


def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until this is set no picture comes from a sandbox in this process; refusals do."""
    go, plain = threading.Event(), painter._scene

    def scene(*asked):
        go.wait(60)
        return plain(*asked)

    monkeypatch.setattr(painter, "_scene", scene)
    return go
