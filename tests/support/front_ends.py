"""A small notebook, the same as an app of marimo, and the tools that run them."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat

CELLS = [
    "colour = 'red'",
    "%load_ext nb_banana",
    "%%banana fox -a 16:9 --alt 'A fox'\nA {{colour}} fox in the snow",
    "fox.edit('make it night')",
    "%banana -n 2 a boat",
]
APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import nb_banana

    fox = nb_banana.generate("a red fox in the snow", aspect_ratio="16:9", alt="A fox")
    fox
    return fox, nb_banana


@app.cell
def _(fox):
    fox.edit("make it night")
    return


@app.cell
def _(nb_banana):
    nb_banana.generate_many(["a boat", "a ship"])
    return


@app.cell
def _(nb_banana):
    nb_banana.history()
    return


@app.cell
def _(nb_banana):
    nb_banana.panel()
    return


if __name__ == "__main__":
    app.run()
"""


def write_notebooks(folder):
    """A notebook that has not run, and an app of marimo."""
    cells = [nbformat.v4.new_code_cell(each) for each in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "lesson.ipynb")
    (folder / "app.py").write_text(APP)


def run(folder, *words):
    """Run a tool of this environment as a person does; what it says."""
    done = subprocess.run(command(*words), cwd=folder, env=environment(folder), **SAID)
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


SAID = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


def command(name, *words):
    return [Path(sys.executable).with_name(name), *words]


def environment(folder):
    own = {name: str(folder / name) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    return (
        os.environ | own | {"XDG_DATA_HOME": str(folder / "data"), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    )


@contextmanager
def serving(folder, *words):
    """A server of this environment until the test is done: its address."""
    for _ in range(3):
        server, port = started(folder, *words)
        try:
            if is_up(server, port):
                yield f"http://127.0.0.1:{port}/"
                return
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
                raise
    raise AssertionError((folder / "log").read_text())


def started(folder, *words):
    """Begin a server on a port that is free right now: its process and the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [each.format(port=port) for each in words]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command(*words), cwd=folder, env=environment(folder), stdout=log, stderr=log
        )
    return server, port


def is_up(server, port):
    """Wait for a server; whether it came up, or ended, as where somebody else took its port."""
    end = time.monotonic() + 180
    while server.poll() is None:
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return True
        assert time.monotonic() < end, "it does not come up"
        time.sleep(0.1)
    return False
