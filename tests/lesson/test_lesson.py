"""A lesson's whole way: a teacher's kernel, the zip file, a clean machine, every picture free."""

import os
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_output
from PIL import Image

import nb_banana
from nb_banana._default import client
from nb_banana.request import ImageRequest
from tests.support.amount import rounds
from tests.support.kernels import NotebookRunner
from tests.support.shelf import put

NO_NETWORK = """
import socket
def refuse(self, address):
    raise OSError(f"there is no network to {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
"""
"""The kernel's own channels to its notebook are ZeroMQ's and no sockets of Python."""
CELLS = (
    "%load_ext nb_banana",
    "%%banana trex -a 16:9\nA T-Rex on a beach",
    "%%banana cafe -i mug.jpg\nPut {{trex}} in a café, drinking from the mug",
    "%%banana -i cafe --quiet\nMake it night",
    "trex.edit('make it rain')",
)
PACK = "import nb_banana\nprint(repr(nb_banana.pack('lesson.zip', notebook='lesson.ipynb')))"


def execute(path, *cells, home):
    """Run cells in a kernel of their own that has only this home, and save them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    home.mkdir(exist_ok=True)
    client = NotebookRunner(
        notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}}
    )
    client.create_kernel_manager()
    environment = os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    client.execute(env=environment)
    nbformat.write(notebook, path)
    return notebook


def shown(notebook):
    outputs = [each for cell in notebook.cells for each in cell.outputs]
    return [each["data"]["text/html"] for each in outputs if "text/html" in each.get("data", {})]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """What a teacher hands out."""
    folder = tmp_path_factory.mktemp("teacher")
    Image.effect_noise((40, 30), 90).convert("RGB").save(folder / "mug.jpg")
    made = execute(folder / "lesson.ipynb", *CELLS, home=folder / "home")
    assert len(shown(made)) == 3
    assert (folder / "home" / "data" / "nb_banana" / "sandbox").is_dir()
    again = execute(folder / "again.ipynb", *CELLS, PACK, home=folder / "home")
    assert all("from your library" in each for each in shown(again))
    assert "lesson.ipynb and 4 pictures" in again.cells[-1].outputs[0]["text"]
    return folder / "lesson.zip"


def by_any_program(lesson, folder):
    with zipfile.ZipFile(lesson) as archive:
        archive.extractall(folder)
    return folder / "lesson.ipynb"


@pytest.mark.parametrize("unpacked", [nb_banana.unpack, by_any_program][: rounds(1, 2)])
@pytest.mark.parametrize("setting", ["", "%config Banana.backend = 'library'"])
def test_the_lesson_runs_without_key_cost_or_network(lesson, tmp_path, unpacked, setting):
    path = unpacked(lesson, tmp_path / "class")
    load, *cells = [each.source for each in nbformat.read(path, 4).cells]
    count = "from nb_banana._default import client\nprint(client().context.running_sandbox())"
    done = execute(path, NO_NETWORK, load, setting, *cells, count, home=tmp_path / "home")
    assert len(shown(done)) == 3
    assert all("from your library" in each for each in shown(done))
    assert done.cells[-1].outputs[0]["text"] == "None\n"
    assert not (tmp_path / "home" / "data").exists()


def test_a_picture_that_would_need_the_network_fails_in_these_kernels(lesson, tmp_path):
    path = nb_banana.unpack(lesson, tmp_path)
    cells = (NO_NETWORK, "%load_ext nb_banana", "%%banana\nsomething else")
    with pytest.raises(CellExecutionError, match="NotConnectedError"):
        execute(path, *cells, home=tmp_path / "home")


def test_pictures_of_the_model_come_from_the_lesson_where_there_is_no_key(tmp_path, monkeypatch):
    kept = put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    shown_before = new_output("display_data", metadata={"nb_banana": {"request": "nbb-1"}})
    cell = nbformat.v4.new_code_cell("%%banana\na banana", outputs=[shown_before])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    packed = nb_banana.pack(tmp_path / "a.zip", notebook=tmp_path / "a.ipynb")
    path = nb_banana.unpack(packed, tmp_path / "class")
    cells = (NO_NETWORK, "%load_ext nb_banana", cell.source, "print(_.digest, _.sandbox)")
    done = execute(path, *cells, home=tmp_path / "home")
    assert "from your library" in shown(done)[0]
    assert done.cells[-1].outputs[0]["text"] == f"{kept.digest} False\n"


def test_what_the_lesson_does_not_have_is_said_where_nothing_may_be_sent(lesson, tmp_path):
    path = nb_banana.unpack(lesson, tmp_path)
    cells = ("%load_ext nb_banana\n%config Banana.backend = 'library'", "%%banana\nsomething else")
    with pytest.raises(CellExecutionError, match="This picture is not in the library"):
        execute(path, *cells, home=tmp_path / "home")


def test_a_student_draws_on_and_the_lessons_pictures_stay_free(lesson, tmp_path):
    path = nb_banana.unpack(lesson, tmp_path)
    cells = [each.source for each in nbformat.read(path, 4).cells]
    mine = "%%banana\nA pear in the style of {{trex}}"
    first = shown(execute(path, *cells, mine, home=tmp_path / "home"))
    assert ["from your library" in each for each in first] == [True, True, True, False]
    again = shown(execute(path, *cells, mine, home=tmp_path / "home"))
    assert all("from your library" in each for each in again)
    assert (Path(tmp_path) / "nb_banana_library" / "sandbox").is_dir()
