"""The place of a picture that is on its way: it counts the seconds and becomes the picture."""

import html
import threading
import time
from typing import Any

from nb_banana.frontend import is_kernel, shell


class Placeholder:
    """Every place where a value was shown before it was there.

    Args:
        what: who does what, e.g. ``"nano-banana-2 is drawing in the background"``.
        prompt: what is drawn.
    """

    def __init__(self, what: str, prompt: str) -> None:
        self._what, self._prompt = what, prompt
        self._handles: list[Any] = []
        self._ended = threading.Event()
        self._result: Any = None
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def show(self) -> None:
        """Show the placeholder here too."""
        if not is_kernel():
            print(f"{self._what}: {self._prompt}")  # noqa: T201 - a terminal has one line
            return
        from IPython.display import DisplayHandle

        handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        with self._lock:
            handle.display(self._bundle(), raw=True)
            self._handles.append(handle)
            is_first = len(self._handles) == 1
        if self._ended.is_set():
            self._update(handle)
        elif is_first:
            threading.Thread(target=self._count, daemon=True).start()

    def end(self, result: Any) -> None:
        """Put the value, or what went wrong, into every place."""
        self._result = result
        self._ended.set()
        with self._lock:
            handles = list(self._handles)
        for handle in handles:
            self._update(handle)

    def _count(self) -> None:
        while not self._ended.wait(1.0):
            with self._lock:  # not between the last second and the picture
                for handle in self._handles:
                    if not self._ended.is_set():
                        handle.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        text = f"{self._what} … {time.monotonic() - self._started:.0f} s · {self._prompt}"
        return {
            "text/plain": text,
            "text/html": f'<div class="nb-banana-pending" style="opacity:.75">'
            f"{html.escape(text)}</div>",
        }

    def _update(self, handle: Any) -> None:
        if isinstance(self._result, BaseException):
            text = f"{type(self._result).__name__}: {self._result}"
            bundle = {"text/plain": text, "text/html": f"<div>{html.escape(text)}</div>"}
            handle.update(bundle, raw=True)
            return
        formatter: Any = getattr(shell(), "display_formatter", None)
        data, metadata = formatter.format(self._result)
        handle.update(data, metadata=metadata, raw=True)
