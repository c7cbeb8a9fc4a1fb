"""The bar of a batch: done, failed, from the library, money. Afterwards it is gone."""

import time
from decimal import Decimal
from typing import Any

from nb_banana.frontend import Place, is_kernel, shell
from nb_banana.money import dollars
from nb_banana.progress import QUIET_SECONDS, is_silent


class Bar:
    """A bar of tqdm: a widget in a notebook, text in a terminal, nothing in a script's log.

    In a notebook it stands in the place of the line that says the price, which comes back after it:
    a saved notebook has only the line.

    Args:
        total: how many pictures are asked for; None where nobody knows.
        line: what is said before it begins.
    """

    def __init__(self, total: int | None, line: str) -> None:
        self._total = total
        self._line = line
        self._place: Place | None = None
        if is_kernel():
            self._place = Place()
            self._place.show(self._text)
        elif line and shell() is not None:
            print(line)  # noqa: T201 - before anything is paid
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
            if is_early or is_silent() or shell() is None:
                return
            self._open()
        self._bar.set_postfix_str(self._story(), refresh=False)
        self._bar.update(self._done - self._bar.n)

    def close(self) -> None:
        """Take the bar away; nothing of it stays in a saved notebook."""
        if self._bar is not None:
            self._bar.close()
            if self._place is not None:
                self._place.show(self._text)

    def _open(self) -> None:
        from tqdm.auto import tqdm

        options: dict[str, Any] = {"total": self._total, "unit": "picture", "leave": False}
        options["desc"] = self._line
        if self._place is None:
            self._bar = tqdm(**options, disable=None)  # None: nothing where no terminal is
            return
        self._bar = tqdm(**options, display=False)
        self._place.show_value(self._bar.container)

    @property
    def _text(self) -> dict[str, str]:
        return {"text/plain": self._line} if self._line else {}

    def _story(self) -> str:
        parts = (
            f"{self._failed} failed" if self._failed else "",
            f"{self._reused} from your library" if self._reused else "",
            dollars(self._spent),
        )
        return ", ".join(filter(None, parts))
