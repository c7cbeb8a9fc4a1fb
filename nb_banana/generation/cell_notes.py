"""`CellNotes`: which pictures a cell has used and not shown, written into the cell's own outputs.

A notebook then says which pictures it needs wherever it goes: renamed, copied, from another kernel,
from a front end that does not say what it runs. `nb_banana.pack` reads it.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from nb_banana._threads import lock
from nb_banana.display.output import OutputCell, is_kernel, shell


class Expected(Protocol):
    """What of a value that is on its way is asked here: it stands above."""

    @property
    def done(self) -> bool: ...  # noqa: D102 - see `PendingValue`
    @property
    def _is_shown(self) -> bool: ...
    def _requests(self) -> list[str]: ...
    def on_end(self, call: Callable[[], None]) -> None: ...  # noqa: D102


class CellNotes:
    """The requests whose pictures were used since the last cell ended, and not shown yet."""

    def __init__(self, on_way: Mapping[Any, Any]) -> None:
        self._on_way = on_way
        self._used: dict[str, bool] = {}  # whether the thread that runs cells has used it
        self._expected: dict[int, Expected] = {}
        self._later: dict[int, Expected] = {}  # whose cell has ended, and has a place for them
        self._events: Any = None  # of the shell, while there is something to be written
        self._lock = lock()

    def use(self, request_id: str) -> None:
        """A picture was drawn, or found in a library."""
        if not is_kernel():
            return
        self._used[request_id] = threading.current_thread() is threading.main_thread()
        self._watch()

    def expect(self, value: Expected) -> None:
        """A picture or a gallery was begun that comes later, and is this cell's all the same."""
        if is_kernel():
            self._expected[id(value)] = value
            self._watch()

    def leave(self, value: Any) -> None:
        """What was begun belongs to no cell."""
        self._expected.pop(id(value), None)

    def drop(self, request_ids: Iterable[str]) -> None:
        """They are shown, and so in the outputs already, or belong to no cell."""
        for each in request_ids:
            self._used.pop(each, None)

    def close(self) -> None:
        """Watch the cells no more."""
        with self._lock:
            if self._events is not None:
                self._events.unregister("post_run_cell", self._write)
            self._events = None

    def _watch(self) -> None:
        with self._lock:
            if self._events is None:
                running: Any = shell()
                self._events = running.events
                self._events.register("post_run_cell", self._write)

    def _write(self, *_: Any) -> None:
        """A cell has ended: an output without anything to see says what it used."""
        # What a thread has used may be of a picture in the background, which tells it itself.
        # Sorted, for threads end in any order, and who compares outputs sees it.
        self.close()  # what is used from here on watches again
        expected, self._expected = self._expected, {}
        # One that was there before the cell has ended is this cell's, though its thread used it.
        # Each is asked once: one that comes from here on has its own place, as any later one.
        is_quiet = not self._on_way
        late = {key: value for key, value in expected.items() if not value.done}
        quick = (value for key, value in expected.items() if key not in late)
        over = {each for it in quick if not it._is_shown for each in it._requests()}
        # One that has come this moment, and whose thread has not said so yet, has its own place.
        come = {each for it in [*self._later.values()] if it.done for each in it._requests()}
        kept = list(self._used.items())  # threads add to it
        used = sorted(each for each, here in kept if here or each in over or is_quiet)
        self.drop({*used, *come})
        if self._used:  # by threads, of pictures that are on their way
            self._watch()
        if used:
            OutputCell().show({}, _facts(used))
        for value in late.values():
            if not value._is_shown:
                self._write_later(value, OutputCell())

    def _write_later(self, value: Expected, place: OutputCell) -> None:
        place.reserve()
        self._later[id(value)] = value

        def write() -> None:
            used = value._requests()
            self.drop(used)
            self._later.pop(id(value), None)
            place.show({}, _facts(used))

        value.on_end(write)


def _facts(used: list[str]) -> dict[str, Any]:
    return {"nb_banana": {"requests": used, "unshown": True}}
