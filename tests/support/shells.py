"""Real places to run cells in: a kernel through nbclient, and IPython's own shell."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from tests.support.kernels import NotebookRunner


def run_notebook(*cells: str, allow_errors: bool = False, **options) -> nbformat.NotebookNode:
    """The cells, executed by a fresh kernel; tests read their outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookRunner(notebook, timeout=60, allow_errors=allow_errors, **options).execute()
    return notebook


def watched(*cells: str, **options) -> tuple[nbformat.NotebookNode, list[list[tuple[str, dict]]]]:
    """The cells, executed by a fresh kernel, and what each sent meanwhile: its kind and content.

    An error ends only its cell.
    """
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookRunner(notebook, timeout=60, allow_errors=True, **options)
    sent: list[list[tuple[str, dict]]] = [[] for _ in cells]
    process = client.process_message

    def look(message, cell, index):
        sent[index].append((message["msg_type"], message["content"]))
        return process(message, cell, index)

    client.process_message = look
    client.execute()
    return notebook, sent


class Shell:
    """IPython in this process, with the extension loaded."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.names = shell.user_ns

    def run(self, cell: str, *, fails: bool = False):
        """Run a cell; its value, or the error that it raised."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell, store_history=True)
        self.printed = captured.stdout
        self.shown = captured.outputs
        assert result.success is not fails, result.error_in_exec or result.error_before_exec
        return result.error_in_exec if fails else result.result

    def tab(self, line: str) -> set[str]:
        """What Tab can make of a line."""
        word, matches = self.shell.complete(None, line, len(line))
        return {line.removesuffix(word) + match for match in matches}


@contextmanager
def ipython_shell() -> Iterator[Shell]:
    """A shell as a person has it after ``%load_ext nb_banana``."""
    main = sys.modules["__main__"]  # IPython puts its own there, which other processes can't load
    # In memory: a file would be the person's own, and each shell would leave a thread and it open.
    config = Config({"HistoryManager": {"hist_file": ":memory:"}})
    shell = InteractiveShell.instance(config=config)
    with capture_output():
        shell.run_line_magic("load_ext", "nb_banana")
        shell.run_line_magic("reload_ext", "nb_banana")
    try:
        yield Shell(shell)
    finally:
        shell.run_line_magic("unload_ext", "nb_banana")
        InteractiveShell.clear_instance()
        sys.modules["__main__"] = main
