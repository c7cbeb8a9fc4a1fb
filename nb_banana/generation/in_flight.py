"""What this process draws right now, so that the same request is not paid twice at the same time.

A cell that is run again while its picture is still on its way waits for it; so does the second of
two equal prompts in one batch.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb_banana.library.library import Library
    from nb_banana.results.image import BananaImage


_lock = threading.Lock()
_in_flight: "dict[tuple[str, str], Future[BananaImage]]" = {}


class InFlight:
    """The right to draw a request, which one at a time has.

    Args:
        library: where the picture will be.
        key: the request's key.

    Attributes:
        is_ours: whether the caller has the right; else another one draws it now.
    """

    def __init__(self, library: "Library", key: str) -> None:
        self._place = str(library.folder), key
        with _lock:
            known = _in_flight.get(self._place)
            self.is_ours = known is None
            self._future = known or _in_flight.setdefault(self._place, Future())

    def run(self, draw: "Callable[[], BananaImage]") -> "BananaImage":
        """Draw it; whoever waits gets the same picture, or the same error."""
        try:
            image = draw()
        except BaseException as error:
            self._end()
            self._future.set_exception(error)
            raise
        self._end()  # by now the library has it
        self._future.set_result(image)
        return image

    def wait(self) -> "BananaImage":
        """The picture that another one draws."""
        return self._future.result()

    def _end(self) -> None:
        with _lock:
            _in_flight.pop(self._place, None)


def _forget() -> None:
    """In a forked child nobody draws what its parent has begun."""
    global _lock
    _lock = threading.Lock()
    _in_flight.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
