"""The place of a picture that is on its way: it counts the seconds and becomes the picture."""

import threading
import time
from typing import Any

from nb_banana._text import as_html, printable, say
from nb_banana._threads import spawn
from nb_banana.display.output import OutputCell, is_kernel


class Placeholder:
    """Every place where a value was shown before it was there."""

    def __init__(self, what: str, prompt: str) -> None:
        self._what, self._prompt = what, printable(prompt)
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
        elif is_first:
            spawn(self._count, needed=False)

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
        text = f"{self._what} … {time.monotonic() - self._started:.0f} s · {self._prompt}"
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
