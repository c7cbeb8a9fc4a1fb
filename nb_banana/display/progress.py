"""While a cell waits: a line that counts the seconds. Afterwards it is gone.

A picture that is on its way has a `Placeholder`, which becomes the picture.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol

from nb_banana._text import as_html, clean, plain, say
from nb_banana._threads import spawn
from nb_banana.display.html import NO_MATHS, waiting
from nb_banana.display.output import (
    OutputCell,
    clear,
    is_captured,
    is_kernel,
    is_rich,
    is_terminal,
    may_show_picture,
)

QUIET_SECONDS = 1.0  # A quick answer shows no line at all
FRAME_SECONDS = 0.3  # The same where a frame stands in the place of the picture
LONGEST_PROMPT = 300  # characters, for it is sent each second
LONG_SECONDS = 3.0  # Of one that takes longer it is asked how long such a one usually takes


Usual = Callable[[], float | None]
"""Seconds that it usually takes; it may take its time: a thread asks, and nobody waits for it."""
Size = Callable[[], tuple[int, int]]
"""Width and height in pixels of what is on its way, which is asked where it is shown."""

_alone: ContextVar[bool] = ContextVar("alone", default=False)
_hushed: ContextVar[bool] = ContextVar("hushed", default=False)
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
def hushed(quiet: bool) -> Iterator[None]:
    """Say that what the block makes is not shown, so that no place is kept for it."""
    token = _hushed.set(quiet)
    try:
        yield
    finally:
        _hushed.reset(token)


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

    patience: float  # seconds before there is anything to be seen

    def show(self, what: str, seconds: float, hint: str) -> None:
        """Say what goes on, since when, and what else is known; in place of what was said."""

    def clear(self) -> None:
        """Take the line away."""


class TerminalLine:
    """A line of the terminal, written over itself on stderr."""

    def __init__(self) -> None:
        self.patience = QUIET_SECONDS

    def show(self, what: str, seconds: float, hint: str) -> None:
        """Write over the line."""
        self.write(f"{what} … {seconds:.0f} s{hint}")

    def clear(self) -> None:
        """Erase the line."""
        self.write("")

    def write(self, text: str) -> None:
        """Write a text over the line."""
        with contextlib.suppress(OSError, ValueError):  # it was hung up, or closed
            sys.stderr.write(f"\r\x1b[K{_fitting(plain(text, sys.stderr))}")
            sys.stderr.flush()


def _fitting(text: str) -> str:
    """As much as one line of the terminal has room for: a longer one is not written over whole."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        columns = 0
    return clean(text, max(2, columns or 80) - 1)


class NotebookLine:
    """An output of the cell. Threads may update it: it keeps its own place.

    Where the cell will show the picture, it is a frame of the picture's size.
    """

    def __init__(self, *, alone: bool, size: Size | None) -> None:
        self._alone, self._follows = alone, size is not None
        self._size = size() if size else None
        self._place: OutputCell | None = None
        self.patience = FRAME_SECONDS if size else QUIET_SECONDS

    def show(self, what: str, seconds: float, hint: str) -> None:
        """Show it, or change what is shown."""
        self._place = self._place or OutputCell()
        self._place.reserve()
        self._place.show(waiting_bundle(what, seconds, hint, self._size))

    def clear(self) -> None:
        """Take the output away; alone in the cell, in the moment in which the picture comes."""
        if self._alone:
            clear(when_next_comes=self._follows)
        elif self._place is not None:
            put = self._place.settle if self._follows else self._place.show
            put({})


def waiting_bundle(
    what: str, seconds: float, hint: str = "", size: tuple[int, int] | None = None, prompt: str = ""
) -> dict[str, str]:
    """What a notebook shows of something that goes on, and, if it ends with it, goes on saying."""
    # "is drawing" while it draws; a notebook that was saved or whose kernel died in the middle of
    # it has to say more, and no seconds that nobody counts any more.
    late = f"{prompt or 'The picture'} {LATE}"
    now = f"{what} … {seconds:.0f} s{hint}{f' · {prompt}' if prompt else ''}"
    makes_way = size is not None and not prompt  # one with a prompt is in the picture's own place
    return {"text/plain": late, "text/html": waiting(now, late, seconds, size, makes_way=makes_way)}


LATE = "was on its way: run it again, it is free when it has arrived."


class Spinner:
    """Counts the seconds in a notebook or a terminal while its block runs; elsewhere nothing."""

    def __init__(self, what: str, usual: Usual | None = None, size: Size | None = None) -> None:
        self._what, self._usual = what, _Usual(usual)
        self._line = _line(size)
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
        if self._done.wait(line.patience):
            return
        while True:
            waited = time.monotonic() - started
            line.show(self._what, waited, self._usual.hint(waited))
            if self._done.wait(1.0):
                break
        line.clear()


class _Usual:
    """How long such a picture usually takes, in words; nothing where nobody knows."""

    def __init__(self, ask: Usual | None) -> None:
        self._ask, self._hint = ask, ""

    def hint(self, waited: float) -> str:
        """The words, or nothing yet: it is asked when it was waited for long, and not before."""
        if waited >= LONG_SECONDS and self._ask is not None:
            ask, self._ask = self._ask, None
            spawn(self._learn, ask, needed=False)
        return self._hint

    def _learn(self, ask: Usual) -> None:
        if (seconds := ask()) is not None:
            self._hint = f", {usually(seconds)}"


def usually(seconds: float) -> str:
    """How long it takes as a rule, in words.

    >>> usually(13.6), usually(150)
    ('usually 14 s', 'usually 2 min')
    """
    short = seconds <= 100
    return f"usually {max(1, round(seconds))} s" if short else f"usually {round(seconds / 60)} min"


def _line(size: Size | None) -> ProgressLine | None:
    if is_silent():
        return None
    if is_kernel():
        if is_captured():
            return None
        is_seen = size is not None and is_rich() and not _hushed.get() and may_show_picture()
        return NotebookLine(alone=_alone.get(), size=size if is_seen else None)
    return TerminalLine() if is_terminal() else None


class Placeholder:
    """Every place where a value was shown before it was there: each counts the seconds first."""

    def __init__(
        self,
        what: str,
        prompt: str,
        *,
        counts: bool = True,
        usual: Usual | None = None,
        size: Size | None = None,
    ) -> None:
        self._what, self._prompt, self._counts = what, clean(prompt, LONGEST_PROMPT), counts
        self._usual, self._size = _Usual(usual), size
        self._places: list[OutputCell] = []
        self._filled: Mapping[str, str] = {}
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
            place.show(self._filled or self._bundle())
            self._places.append(place)
            is_first = len(self._places) == 1
        if self._ended.is_set():
            self._put_result(place)
        elif is_first and self._counts:
            spawn(self._count, needed=False)

    def fill(self, bundle: Mapping[str, str]) -> None:
        """Show this in every place until the end, and count no more."""
        with self._lock:
            self._filled = bundle
            for place in self._places:
                if not self._ended.is_set():
                    place.show(bundle)

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
                if self._filled:
                    return
                for place in self._places:
                    if not self._ended.is_set():
                        place.show(self._bundle())

    def _bundle(self) -> dict[str, str]:
        if not self._counts:
            text = f"{self._what} · {self._prompt}"
            return {"text/plain": text, "text/html": _words(text)}
        waited = time.monotonic() - self._started
        size = self._size() if self._size else None
        hint = self._usual.hint(waited)
        return waiting_bundle(self._what, waited, hint, size, self._prompt)

    def _put_result(self, place: OutputCell) -> None:
        if isinstance(self._result, BaseException):
            text = f"{type(self._result).__name__}: {self._result}"
            place.show({"text/plain": text, "text/html": _words(text)})
        else:
            place.show_value(self._result)


def _words(text: str) -> str:
    return f'<div class="{NO_MATHS}">{as_html(text)}</div>'
