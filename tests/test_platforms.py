"""What runs a notebook without a person, what makes a page of it, and marimo, against the sandbox.

Each is a process of its own, as a person starts it. `make test-all` runs them.
"""

import base64
import io
import re
import urllib.request

import nbformat
import pytest
from PIL import Image

from tests.support.amount import ALL
from tests.support.front_ends import run, serving, write_notebooks

pytestmark = pytest.mark.skipif(not ALL, reason="`make test-all` runs it")


@pytest.fixture
def folder(tmp_path):
    write_notebooks(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("tool", "made"),
    [
        (["jupyter", "nbconvert", "--to", "notebook", "--execute", "lesson.ipynb"], "nbconvert"),
        (["jupyter", "execute", "lesson.ipynb", "--output", "lesson.nbconvert.ipynb"], "execute"),
        (["papermill", "lesson.ipynb", "lesson.nbconvert.ipynb", "-p", "colour", "blue"], "blue"),
    ],
    ids=["nbconvert", "jupyter execute", "papermill"],
)
def test_a_notebook_that_nobody_watches_has_its_pictures_and_no_error(folder, tool, made):
    run(folder, *tool)
    notebook = nbformat.read(folder / "lesson.nbconvert.ipynb", as_version=4)
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    assert {each.output_type for each in outputs} <= {"display_data", "execute_result", "stream"}
    shown = [each.data for each in outputs if "image/jpeg" in each.get("data", {})]
    sizes = [Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).size for data in shown]
    assert sizes[:2] == [(768, 429)] * 2
    assert len(sizes) == 3  # the fox, the fox at night, and two boats in a gallery
    assert 'alt="A fox"' in shown[0]["text/html"]
    if made == "blue":
        assert list((folder / "data").rglob("*a-blue-fox-in-the-snow*.png"))


def test_the_page_that_nbconvert_makes_of_it_has_them_too(folder):
    run(folder, "jupyter", "nbconvert", "--to", "html", "--execute", "lesson.ipynb")
    assert len(pictures_in((folder / "lesson.html").read_text("utf-8"))) >= 4


def pictures_in(page):
    """The pictures that stand in a page, decoded."""
    found = re.findall(r"data:image/(?:jpeg|png|webp);base64,([A-Za-z0-9+/=]+)", page)
    return [Image.open(io.BytesIO(base64.b64decode(each))) for each in found]


def test_a_page_of_voila_has_them(folder):
    with serving(folder, "voila", "lesson.ipynb", "--no-browser", "--port={port}") as url:
        page = fetched(url)
    assert len(pictures_in(page)) >= 4
    assert re.search(r'alt=\\*"A fox', page)  # outputs stand there as JSON
    assert "There was an error when executing cell" not in page


def fetched(url):
    with urllib.request.urlopen(url, timeout=300) as answer:
        return answer.read().decode()


def test_a_notebook_of_marimo_runs_as_a_script_and_as_a_page_with_its_pictures(folder):
    run(folder, "python", "app.py")
    run(folder, "marimo", "export", "html", "app.py", "-o", "app.html")
    page = (folder / "app.html").read_text("utf-8")
    assert "A fox" in page
    assert len(pictures_in(page)) >= 4
