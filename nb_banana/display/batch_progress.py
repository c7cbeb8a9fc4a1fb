"""While a batch is drawn: how far it is, in words, above the pictures that are there already."""

# In a notebook all of it stands in the place of the line that says the price, which comes back
# after it: a saved notebook has only the line. It is a whole output each time, so how often it is
# sent is bound by its bytes. What is in it is also what stays where a kernel dies, or in a notebook
# that is saved meanwhile: where nothing comes for a while the style shows what is to be done then.

import threading
import time
from collections.abc import Callable
from decimal import Decimal

from nb_banana._text import as_html, dollars, say
from nb_banana._threads import spawn
from nb_banana.display.html import PULSE, WAIT, styled
from nb_banana.display.output import (
    LINGER,
    OutputCell,
    after_cell,
    is_kernel,
    is_terminal,
    shell,
    tell,
)
from nb_banana.display.progress import QUIET_SECONDS, Placeholder, TerminalLine, is_silent

BEAT = 0.5  # seconds between two looks at whether there is something to show
RATE = 100_000  # bytes of new pictures that are sent in a second; for the clock alone a quarter
LONGEST_PAUSE = 5.0  # seconds until the clock is sent anyway: half of those in the style
BAR = 12  # letters of a bar in a terminal
LEFT = "was on its way: run it again, what has arrived is free."
# The gallery takes the place of the tiles in the frame in which it comes, see `after_cell` below.
STYLE = """
.nbb-bar .nbb-now{display:flex;align-items:center;gap:.7em}
.nbb-bar .nbb-now::before{order:1}
.nbb-bar progress{flex:none;width:clamp(3em,12cqi,8em);height:.6em;accent-color:var(--accent)}
.nbb-out .nbb-bar p{margin:0}
.nb-banana-batch:not(:has(>figure)),
.jp-OutputArea-child:has(~* .nb-banana-gallery) .nb-banana-batch{margin:0!important}
.jp-OutputArea-child:has(~* .nb-banana-gallery) .nb-banana-batch>figure{display:none}
@media(prefers-reduced-motion:no-preference){
.nbb-empty{animation:nbb-pulse 2.4s ease-in-out 4;animation-delay:var(--t)}}
"""


class BatchProgress:
    """How far a batch is: pictures in a notebook, a line in a terminal, nothing in a log.

    Args:
        total: how many pictures; None where nobody knows.
        line: what it is and costs, in words; it is said before anything is paid.
        lasting: what stays in place of it where outputs are compared; nothing else is shown there.
        lanes: how many are drawn at once.
        tiles: makes HTML of the pictures that are there and the places of the others.
    """

    def __init__(
        self,
        total: int | None,
        line: str,
        lasting: str | None = None,
        *,
        lanes: int = 1,
        tiles: Callable[[], str] = str,
    ) -> None:
        self._tally, self._line, self._tiles = Tally(total, line, lanes), line, tiles
        self._lasting = line if lasting is None else lasting
        self._is_bare = lasting is not None
        self._place: OutputCell | None = None
        if is_silent():
            pass
        elif is_kernel():
            self._place = OutputCell()
            self._place.show(self._text)
            if self._is_bare and line:
                self._place.show({"text/plain": line})
        elif line:
            tell(line) if shell() is None else say(line)
        self._placeholder: Placeholder | None = None
        self._words = ""
        self._terminal = TerminalLine()
        self._is_shown = False
        self._ticker: threading.Thread | None = None
        self._over, self._gone, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._shown, self._soon, self._late = -1, 0.0, 0.0

    def fill(self, placeholder: Placeholder, words: str) -> None:
        """Show the pictures in the places where the gallery will be, with these words below."""
        self._placeholder, self._words = placeholder, words

    def count(self, *, failed: bool, reused: bool, usd: Decimal | None, play: bool = False) -> None:
        """One more has ended."""
        self._tally.add(failed=failed, reused=reused, usd=usd, play=play)
        self.tick()

    def tick(self) -> None:
        """Show how far it is, from now on; a batch that is soon over shows nothing."""
        if self._ticker is None and self._tally.seconds >= QUIET_SECONDS and self._is_seen():
            self._is_shown = True
            # Small copies of large pictures take their time, and no request waits for them.
            self._ticker = spawn(self._keep_showing, needed=False)
            if self._ticker is None:
                self._show()

    def close(self) -> None:
        """Take it away; nothing of it stays in a saved notebook."""
        self._over.set()
        if self._place is None:
            if self._ticker is not None:
                self._ticker.join()
            if self._is_shown:
                self._terminal.clear()
        elif self._is_bare or self._placeholder is not None:
            self._put_line()
        elif self._is_shown:
            after_cell(self._put_line)  # else what stands below would move up, and down again

    def _is_seen(self) -> bool:
        if self._is_bare:
            return False
        if self._place is not None:
            return not self._place.is_captured
        return is_terminal() and not is_silent()

    def _keep_showing(self) -> None:
        while True:
            self._show()
            if self._over.wait(BEAT):
                break
        if self._place is not None:
            self._show(is_last=True)
            self._gone.wait(LINGER)
            self._put_line()

    def _show(self, *, is_last: bool = False) -> None:
        if self._place is None:
            self._terminal.write(self._tally.drawn())
            return
        done, now = self._tally.done, time.monotonic()
        is_new = done != self._shown
        if not (is_new if is_last else now >= (self._soon if is_new else self._late)):
            return
        seconds = self._put(self._place) / RATE
        self._shown, self._soon = done, now + seconds
        self._late = now + min(max(1.0, 4 * seconds), LONGEST_PAUSE)

    def _put(self, place: OutputCell) -> int:
        """Show all of it; says how many characters that are."""
        left = f"{self._tally.counted}, and the rest {LEFT}"
        late = f'<p class="nbb-late">{as_html(left)}</p>'
        bar = f'<div class="nbb-bar">{self._tally.html()}{late}</div>'
        there = self._placeholder
        now = "&nbsp;"  # in place of the line that will be there
        if there is not None:
            now = f'<span class="nbb-now" data-now="{as_html(self._words)}"></span>{late}'
        tiles = self._figure(now) if there is None or there.is_shown else ""
        with self._lock:
            if self._gone.is_set():
                pass
            elif there is None:
                place.show(_bundle(left, bar, tiles, kind="batch"))
            else:
                place.show(_bundle(left, bar, kind="batch"))
                there.fill(_bundle(left, tiles, kind="pending"))
        return len(bar + tiles)

    def _figure(self, caption: str) -> str:
        try:
            tiles = self._tiles()
        except Exception:  # noqa: BLE001 - whatever is wrong with a picture, the words go on
            tiles = ""
        phase = f'style="--t:-{self._tally.seconds % PULSE:.2f}s;margin:0"'  # it goes on
        return (
            f'<figure class="nb-banana" {phase}>{tiles}<figcaption>{caption}</figcaption></figure>'
        )

    def _put_line(self) -> None:
        with self._lock:
            if self._place is not None and not self._gone.is_set():
                self._place.show(self._text)
            self._gone.set()

    @property
    def _text(self) -> dict[str, str]:
        return {"text/plain": self._lasting} if self._lasting else {}


def _bundle(left: str, *parts: str, kind: str) -> dict[str, str]:
    html = styled(f"<style>{' '.join(f'{WAIT}{STYLE}'.split())}</style>", *parts, kind=kind)
    return {"text/plain": left, "text/html": html}


class Tally:
    """What has come of a batch so far, in words. See `BatchProgress` for the arguments."""

    def __init__(self, total: int | None, line: str, lanes: int) -> None:
        self._total, self._line, self._lanes = total, line, lanes
        self._began = time.monotonic()
        self.done = self._failed = self._reused = 0
        self._spent, self._is_play = Decimal(0), False
        self._end: float | None = None

    def add(self, *, failed: bool, reused: bool, usd: Decimal | None, play: bool) -> None:
        """One more has ended."""
        self.done += 1
        self._failed += failed
        self._reused += reused
        self._spent += usd or 0
        self._is_play |= play
        drawn = self.done - self._reused
        if self._total is not None and drawn >= self._lanes:  # each lane has had its turn
            self._end = self.seconds * (1 + (self._total - self.done) / drawn)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    @property
    def counted(self) -> str:
        """How many are there, e.g. ``3 of 8 pictures``."""
        if self._total is None:
            return f"{self.done:,} {_pictures(self.done)} so far"
        return f"{self.done:,} of {self._total:,} {_pictures(self._total)}"

    def words(self, line: str = "") -> str:
        """All of it; where the line that says the whole is nowhere else, with that."""
        play = self._is_play and self._spent and "play money" not in line
        spent = f"{dollars(self._spent)}{' play money' if play else ''}"
        parts = (
            f"{self.done:,} of {line}" if line else self.counted,
            f"{self._failed} failed" if self._failed else "",
            f"{self._reused} from your library" if self._reused and not line else "",
            f"{spent} so far" if self._spent and line else "" if line else spent,
            self._clock(),
        )
        return " · ".join(filter(None, parts))

    def html(self) -> str:
        """The same with a bar, as HTML that is empty where there is no style, see `WAIT`."""
        share = "" if self._total is None else f' value="{self.done}" max="{max(1, self._total)}"'
        bar = f'<progress{share} aria-label="{as_html(self.counted)}"></progress>'
        return f'<div class="nbb-now" data-now="{as_html(self.words(self._line))}">{bar}</div>'

    def drawn(self) -> str:
        """The same with a bar of letters."""
        if not self._total:
            return self.words()
        full = BAR * self.done // self._total
        return f"{'█' * full}{'░' * (BAR - full)} {self.words()}"

    def _clock(self) -> str:
        waited = _span(self.seconds)
        more = 0.0 if self._end is None else self._end - self.seconds
        return f"{waited}, about {_span(5 * max(1, round(more / 5)))} more" if more > 1 else waited


def _pictures(count: int) -> str:
    return "picture" if count == 1 else "pictures"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds <= 100 else f"{seconds / 60:.0f} min"
