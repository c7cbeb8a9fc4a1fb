"""While a cell waits: a line that counts the seconds. Afterwards it is gone.

A picture that is on its way has a `Placeholder`, which becomes the picture.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol

from nb_banana._text import as_html, printable, say
from nb_banana._threads import spawn
from nb_banana.display.output import OutputCell, clear, is_kernel, is_terminal

QUIET_SECONDS = 1.0  # A quick answer shows no line at all
LONG_SECONDS = 3.0  # Of one that takes longer it is asked how long such a one usually takes


_alone: ContextVar[bool] = ContextVar("alone", default=False)
_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextlib.contextmanager
def alone_in_cell(alone: bool) -> Iterator[None]:
    """Say that the block is all that its cell puts out, so that the cell may be cleared after."""
    token = _alone.set(alone)
    try:
        yield
    finally:
        _alone.reset(token)


@contextlib.contextmanager
def silently() -> Iterator[None]:
    """Show no line while the block runs: it is one of many, or nobody waits for it."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    """Whether no progress is shown here; see `silently`."""
    return _silent.get()


_over: ContextVar[threading.Event | None] = ContextVar("over", default=None)


@contextlib.contextmanager
def while_awaited() -> Iterator[None]:
    """Take the line away with the end of the block, also where a thread of it goes on."""
    # Else the seconds of a request that was cancelled would be counted in the next cell's output.
    over = threading.Event()
    token = _over.set(over)
    try:
        yield
    finally:
        _over.reset(token)
        over.set()


class ProgressLine(Protocol):
    """A place for one line of text that can be taken away again."""

    def show(self, text: str) -> None:
        """Put the text there, in place of the one before."""

    def clear(self) -> None:
        """Take the line away."""


class TerminalLine:
    """A line of the terminal, written over itself on stderr."""

    def show(self, text: str) -> None:
        """Write over the line."""
        with contextlib.suppress(OSError, ValueError):  # it was hung up, or closed
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Erase the line."""
        self.show("")


class NotebookLine:
    """An output of the cell. Threads may update it: it keeps its own place."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._place: OutputCell | None = None

    def show(self, text: str) -> None:
        """Show the text, or change what is shown."""
        self._place = self._place or OutputCell()
        self._place.reserve()
        self._place.show({"text/plain": text})

    def clear(self) -> None:
        """Take the output away."""
        if self._alone:
            clear()
        elif self._place is not None:
            self._place.show({})


class Spinner:
    """Counts the seconds in a notebook or a terminal while its block runs; elsewhere nothing."""

    def __init__(self, what: str, usual: Callable[[], float | None] | None = None) -> None:
        # ``usual`` may take its time: it is called in a thread, and nobody waits for it.
        self._what, self._usual, self._hint = what, usual, ""
        self._line = _line()
        self._done = _over.get() or threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Spinner":
        if self._line is not None:
            self._thread = spawn(self._count, self._line, needed=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _count(self, line: ProgressLine) -> None:
        started = time.monotonic()
        if self._done.wait(QUIET_SECONDS):
            return
        while True:
            waited = time.monotonic() - started
            if waited >= LONG_SECONDS and self._usual is not None:
                ask, self._usual = self._usual, None
                spawn(self._learn, ask, needed=False)
            line.show(f"{self._what} … {waited:.0f} s{self._hint}")
            if self._done.wait(1.0):
                break
        line.clear()

    def _learn(self, ask: Callable[[], float | None]) -> None:
        if (seconds := ask()) is not None:
            self._hint = f", usually {_rounded(seconds)}"


def _rounded(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds <= 100 else f"{round(seconds / 60)} min"


def _line() -> ProgressLine | None:
    if is_silent():
        return None
    if is_kernel():
        return NotebookLine(alone=_alone.get())
    return TerminalLine() if is_terminal() else None


class Placeholder:
    """Every place where a value was shown before it was there: each counts the seconds first."""

    def __init__(self, what: str, prompt: str, *, counts: bool = True) -> None:
        self._what, self._prompt, self._counts = what, printable(prompt), counts
        self._places: list[OutputCell] = []
        self._ended = threading.Event()
        self._result: Any = None
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def show(self) -> None:
        """Show the placeholder here too."""
        if not is_kernel():
            say(f"{self._what}: {self._prompt}")
            return
        place = OutputCell()
        place.reserve()
        with self._lock:
            place.show(self._bundle())
            self._places.append(place)
            is_first = len(self._places) == 1
        if self._ended.is_set():
            self._put_result(place)
        elif is_first and self._counts:
            spawn(self._count, needed=False)

    @property
    def is_shown(self) -> bool:
        """Whether there is such a place."""
        return bool(self._places)

    def end(self, result: Any) -> None:
        """Put the value, or what went wrong, into every place."""
        self._result = result
        self._ended.set()
        with self._lock:
            places = list(self._places)
        for place in places:
            self._put_result(place)

    def _count(self) -> None:
        while not self._ended.wait(1.0):
            with self._lock:  # not between the last second and the picture
                for place in self._places:
                    if not self._ended.is_set():
                        place.show(self._bundle())

    def _bundle(self) -> dict[str, str]:
        waited = f" … {time.monotonic() - self._started:.0f} s" if self._counts else ""
        text = f"{self._what}{waited} · {self._prompt}"
        return {
            "text/plain": text,
            "text/html": f'<div class="nb-banana-pending" style="opacity:.75">'
            f"{as_html(text)}</div>",
        }

    def _put_result(self, place: OutputCell) -> None:
        if isinstance(self._result, BaseException):
            text = f"{type(self._result).__name__}: {self._result}"
            place.show({"text/plain": text, "text/html": f"<div>{as_html(text)}</div>"})
        else:
            place.show_value(self._result)
