"""How many bytes a shown picture adds to a saved notebook, which a real kernel ran."""

import copy

import nbformat
from nbclient import NotebookClient


def measure(kernel: str, before: str, shown: str) -> dict[str, float]:
    """One cell that gets ready, one whose outputs count."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(code) for code in (before, shown)]
    options = {"store_widget_state": True, "shutdown_kernel": "immediate"}
    NotebookClient(notebook, timeout=120, kernel_name=kernel, **options).execute()
    bare = copy.deepcopy(notebook)
    bare.cells[1].outputs = []
    bare.metadata.pop("widgets", None)
    return {"bytes": len(written(notebook)) - len(written(bare))}


def written(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()
