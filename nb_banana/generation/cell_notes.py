"""`CellNotes`: which pictures a cell has used and not shown, written into the cell's own outputs.

A notebook then says which pictures it needs wherever it goes: renamed, copied, from another kernel,
from a front end that does not say what it runs. `nb_banana.pack` reads it.
"""

from collections.abc import Iterable
from typing import Any

from nb_banana.display.output import OutputCell, is_kernel, shell


class CellNotes:
    """The requests whose pictures were used since the last cell ended, and not shown yet."""

    def __init__(self) -> None:
        self._used: dict[str, None] = {}
        self._events: Any = None

    def use(self, request_id: str) -> None:
        """A picture was drawn, or found in a library."""
        if not is_kernel():
            return
        self._used[request_id] = None
        if self._events is None:
            running: Any = shell()
            self._events = running.events
            self._events.register("post_run_cell", self._write)

    def drop(self, request_ids: Iterable[str]) -> None:
        """They are shown, and so in the outputs already, or belong to no cell."""
        for each in request_ids:
            self._used.pop(each, None)

    def close(self) -> None:
        """Watch the cells no more."""
        if self._events is not None:
            self._events.unregister("post_run_cell", self._write)
        self._events = None

    def _write(self, *_: Any) -> None:
        """A cell has ended: an output without anything to see says what it used."""
        used = list(self._used)
        self.drop(used)
        if used:
            OutputCell().show({}, {"nb_banana": {"requests": used, "unshown": True}})
