"""The front end: which one it is, which notebook it runs, and outputs in it.

IPython is imported only where it runs.
"""

import builtins
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nb_banana._text import plain
from nb_banana._threads import spawn

LOG = logging.getLogger("nb_banana")
"""What a script says where no terminal shows it: by the level INFO, so only to who asks for it."""
LINGER = 3.0  # seconds that what was shown while somebody waited stays, where the cell goes on
GIVE_NO_PICTURE = ("save", "gather")  # of the calls that often end a cell; nor does a builtin one
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def shell() -> Any | None:
    """The running IPython shell; None in a script."""
    # A thread may be loading it right now: then there is none yet.
    find = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return find() if find else None


def is_rich(of: Any | None = None) -> bool:
    """Whether the front end shows HTML: a notebook does, IPython in a terminal does not."""
    running = of or shell()
    return running is None or "text/html" in running.display_formatter.active_types


def is_kernel() -> bool:
    """Whether this is a Jupyter kernel."""
    return getattr(shell(), "kernel", None) is not None


def is_captured() -> bool:
    """Whether what is shown goes to nobody for now: the cell is one of ``%%capture``."""
    from IPython.core.displaypub import CapturingDisplayPublisher

    return isinstance(getattr(shell(), "display_pub", None), CapturingDisplayPublisher)


def may_show_picture() -> bool:
    """Whether the cell that runs shows what its last line gives, and it may be a picture."""
    try:
        running: Any = shell()
        source = running.history_manager.input_hist_parsed[-1]  # its magics are calls by now
        return not running.displayhook.quiet() and _may_give_picture(source, running.transform_cell)
    except Exception:  # noqa: BLE001 - shells of others, and the transformers of extensions
        return False


def _may_give_picture(source: str, transform: Callable[[str], str]) -> bool:
    import ast  # IPython has it

    tree: Any = compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = getattr(tree.body[-1], "value", None) if isinstance(tree.body[-1], ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(value, ast.Call):
        return isinstance(value, ast.Name | ast.Subscript)
    name = getattr(value.func, "attr", getattr(value.func, "id", ""))
    if name in ("run_line_magic", "run_cell_magic"):
        magic, *_, code = map(ast.literal_eval, value.args)
        timed = magic == "time" and _may_give_picture(transform(code), transform)
        return timed or magic == "banana"
    return name == "display" or not (name in GIVE_NO_PICTURE or hasattr(builtins, name))


def is_terminal() -> bool:
    """Whether a person reads the error output, beside what a script itself puts out."""
    try:
        return bool(sys.stderr.isatty())
    except (AttributeError, ValueError):  # a window has none, and it may be closed
        return False


def is_heard() -> bool:
    """Whether this is a script, and somebody reads its terminal or its log."""
    return shell() is None and (is_terminal() or LOG.isEnabledFor(logging.INFO))


def tell(*lines: str) -> None:
    """Say in a script what a notebook would show, apart from what the script itself puts out."""
    # A terminal that was hung up, or a handler that raises, takes no paid picture away.
    with suppress(Exception):
        for line in lines:
            if is_terminal():
                print(plain(line, sys.stderr), file=sys.stderr, flush=True)  # noqa: T201 - see above
            else:
                LOG.info("%s", line)


def display(value: Any) -> None:
    """Show a value under the cell that runs."""
    from IPython.display import display as show

    show(value)  # type: ignore[no-untyped-call]


class OutputCell:
    """An output of its own under the cell that runs. Threads may change it, also later."""

    def __init__(self) -> None:
        self._place = {"display_id": secrets.token_hex(16)}
        self.is_captured = is_captured()
        # Else a later cell of ``%%capture`` would get what comes into this place.
        self._publisher: Any = None if self.is_captured else getattr(shell(), "display_pub", None)
        self._is_there = False

    def show(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Show a MIME bundle there, in place of the one before; an empty one shows nothing."""
        is_there, self._is_there = self._is_there, True
        shown = {"data": dict(bundle), "metadata": dict(metadata or {}), "transient": self._place}
        # A display that is broken takes neither the cell nor a paid picture along.
        with suppress(Exception):
            publisher: Any = self._publisher or shell().display_pub  # type: ignore[union-attr]
            publisher.publish(**shown, update=is_there)

    def reserve(self) -> None:
        """Take the place with nothing in it, for what is shown only while somebody waits."""
        # Who compares the outputs of two runs (nbval) sees what was there first.
        if not self._is_there:
            self.show({})

    def settle(self, bundle: Mapping[str, Any]) -> None:
        """Show this in the end: after the cell, and where that goes on, in some seconds."""
        # Else what stands below would move up, and down again with what comes next.
        gone, once = threading.Event(), threading.Lock()

        def put() -> None:
            if once.acquire(blocking=False):
                gone.set()
                self.show(bundle)

        def wait() -> None:
            gone.wait(LINGER)
            put()

        after_cell(put)
        spawn(wait, needed=False)

    def show_value(self, value: Any) -> None:
        """Show a value there as it shows itself under a cell."""
        formatter: Any = getattr(shell(), "display_formatter", None)
        self.show(*formatter.format(value))


def after_cell(call: Callable[[], None]) -> None:
    """Call it when the cell that runs has ended, by an error too, and its value is shown."""
    events: Any = shell().events  # type: ignore[union-attr]

    def once(*_: Any) -> None:
        events.unregister("post_run_cell", once)
        call()

    events.register("post_run_cell", once)


def clear(*, when_next_comes: bool = False) -> None:
    """Take away all outputs of the cell that runs: now, or in the moment of the next one."""
    from IPython.display import clear_output

    with suppress(Exception):  # as in `OutputCell.show`
        clear_output(wait=when_next_comes)  # type: ignore[no-untyped-call]


def notebook_path() -> str | None:
    """The path of the notebook that runs, where the front end says it."""
    running = shell()
    told_by_vscode = running.user_ns.get("__vsc_ipynb_file__") if running else None
    return told_by_vscode or os.environ.get("JPY_SESSION_NAME") or None


def notebook_folder() -> Path:
    """The notebook's folder; else the current one."""
    path = Path(notebook_path() or "")
    return path.parent if path.is_absolute() and path.parent.is_dir() else Path.cwd()
