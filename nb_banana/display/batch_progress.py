"""While a batch is drawn: a bar. Afterwards it is gone."""

import contextlib
import time
from decimal import Decimal
from typing import Any

from nb_banana import _threads
from nb_banana._text import dollars, say
from nb_banana.display.output import OutputCell, is_kernel, is_terminal, shell, tell
from nb_banana.display.progress import QUIET_SECONDS, is_silent


class BatchProgress:
    """A bar of tqdm: a widget in a notebook, text in a terminal, nothing in a script's log."""

    # In a notebook it stands in the place of the line that says the price, which comes back after
    # it: a saved notebook has only the line.

    # Where outputs are compared ``lasting`` stays in its place, and no bar is shown: the widget of
    # one would be in the notebook's metadata.

    def __init__(self, total: int | None, line: str, lasting: str | None = None) -> None:
        self._total = total
        self._line = line
        self._lasting = line if lasting is None else lasting
        self._is_bare = lasting is not None
        self._place: OutputCell | None = None
        if is_silent():
            pass
        elif is_kernel():
            self._place = OutputCell()
            self._place.show(self._text)
            if self._is_bare and line:  # before anything is paid
                self._place.show({"text/plain": line})
        elif line:  # before anything is paid
            tell(line) if shell() is None else say(line)
        self._started = time.monotonic()
        self._done = self._failed = self._reused = 0
        self._spent = Decimal(0)
        self._bar: Any = None

    def count(self, *, failed: bool, reused: bool, usd: Decimal | None) -> None:
        """One more has ended."""
        self._done += 1
        self._failed += failed
        self._reused += reused
        self._spent += usd or 0
        self.tick()

    def tick(self) -> None:
        """Show how far it is; a batch that is soon over shows nothing."""
        if self._bar is None:
            is_early = time.monotonic() - self._started < QUIET_SECONDS
            is_seen = self._place is not None or is_terminal()
            if is_early or self._is_bare or is_silent() or not is_seen:
                return
            self._open()
        if self._bar is None:
            return
        with contextlib.suppress(OSError, ValueError):  # as of a `TerminalLine`
            self._bar.set_postfix_str(self._story(), refresh=False)
            self._bar.update(self._done - self._bar.n)

    def close(self) -> None:
        """Take the bar away; nothing of it stays in a saved notebook."""
        if self._bar is not None:
            with contextlib.suppress(OSError, ValueError):
                self._bar.close()
        if self._place is not None and (self._bar is not None or self._is_bare):
            self._place.show(self._text)

    def _open(self) -> None:
        from tqdm.auto import tqdm

        if not _threads.HAS_THREADS:
            tqdm.monitor_interval = 0  # else it warns that its own thread can't start
        options: dict[str, Any] = {"total": self._total, "unit": "picture", "leave": False}
        if self._place is None:  # the line stands above it
            with contextlib.suppress(OSError, ValueError):
                self._bar = tqdm(**options)
            return
        self._bar = tqdm(**options, desc=self._line, display=False)
        self._place.show_widget(self._bar.container)

    @property
    def _text(self) -> dict[str, str]:
        return {"text/plain": self._lasting} if self._lasting else {}

    def _story(self) -> str:
        parts = (
            f"{self._failed} failed" if self._failed else "",
            f"{self._reused} from your library" if self._reused else "",
            dollars(self._spent),
        )
        return ", ".join(filter(None, parts))
