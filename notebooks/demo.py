"""`make demo`: run quickstart.ipynb in a real kernel and write a page and its pictures."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

HERE = Path(__file__).parent
OUT = HERE.parent / "demo"
SAVE = """
for name, value in list(globals().items()):
    if isinstance(value, nb_banana.BananaImage) and not name.startswith("_"):
        assert value.sandbox
        value.save({folder!r} + "/" + name + ".png")
"""


def without_keys() -> dict[str, str]:
    """The environment in which only the sandbox can draw: a demo must never cost anything."""
    keys = ("AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY")
    kept = {name: value for name, value in os.environ.items() if name not in keys}
    return kept | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def main() -> int:
    """Run it; 0 when every cell did what it should."""
    started = time.monotonic()
    OUT.mkdir(exist_ok=True)
    notebook = nbformat.read(HERE / "quickstart.ipynb", as_version=4)
    page = OUT / "quickstart.html"
    shown = len(notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell(SAVE.format(folder=str(OUT))))
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(HERE)}})
    try:
        # A library of its own: a picture that a person has paid would stand in for the sandbox's.
        with tempfile.TemporaryDirectory(prefix="nb_banana-demo-") as library:
            client.extra_arguments = [f"--Banana.library={library}"]
            # The kernel's own log goes to stderr and says nothing about the demo.
            client.execute(stderr=subprocess.DEVNULL, env=without_keys())
    except CellExecutionError as error:
        print(f"The demo stopped at a cell:\n{error}", file=sys.stderr)
        return 1
    del notebook.cells[shown:]
    for cell in notebook.cells:  # what was shown only while a cell waited has nothing in it now
        if "outputs" in cell:
            cell.outputs = [each for each in cell.outputs if each.get("data") != {}]
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    pictures = sorted(OUT.glob("*.png"))
    print(f"Ran {shown} cells of notebooks/quickstart.ipynb in {time.monotonic() - started:.0f} s.")
    print(f"The page:     {page}")
    print(f"The pictures: {OUT} ({', '.join(each.name for each in pictures)})")
    print("They come from the sandbox: drawn on this machine, no key, no cost.")
    print("The same notebook, live in JupyterLab: make lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
