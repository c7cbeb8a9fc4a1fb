"""`panel` opens the panel. Imported only then."""

from typing import Any
from weakref import WeakSet

from nb_banana.display.output import shell
from nb_banana.widgets.form import Form
from nb_banana.widgets.prefill import form_of
from nb_banana.widgets.widget import Panel


def panel(what: Any = None) -> Panel:
    """Open the panel: a form, its picture, and the ``%%banana`` cell that does the same.

    Args:
        what: what it is filled from: a picture, the name of one, the id or file of one in the
            library, or the text of a ``%%banana`` cell.

    Raises:
        BananaError: there is no such picture.
    """
    running = shell()
    names: dict[str, Any] = running.user_ns if running is not None else {}
    cells = running.history_manager.input_hist_raw if running is not None else []
    form, text = (Form(), None) if what is None else form_of(what, names, cells)
    opened = Panel(form, names)
    opened.fill(form, text)
    _replace(opened, *_place(running))
    return opened


_opened: dict[str, tuple[str, WeakSet[Panel]]] = {}


def _place(running: Any) -> tuple[str, str]:
    """The cell that runs, where the front end says it, and the id of this run of it."""
    parent = running.get_parent() if hasattr(running, "get_parent") else {}
    cell, run = parent.get("metadata", {}).get("cellId", ""), parent.get("header", {})
    return str(cell), str(run.get("msg_id", ""))


def _replace(opened: Panel, cell: str, run: str) -> None:
    """Close what an earlier run of the same cell had opened: its output is gone."""
    before, panels = _opened.pop(cell, ("", WeakSet()))
    if before != run:
        for each in list(panels):
            each.close()
        panels = WeakSet()
    if cell:
        panels.add(opened)
        _opened[cell] = run, panels
