"""The harness itself: what a test of a notebook in JupyterLab may rely on."""

from base64 import b64encode
from io import BytesIO

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from playwright.sync_api import expect

from tests.support.amount import ALL

from .lab import KEY_VARIABLES, CellError, clean_environment

pytestmark = pytest.mark.skipif(not ALL, reason="a test of the tests' own tools: make test-all")


def picture_cell():
    file = BytesIO()
    Image.new("RGB", (40, 30), "gold").save(file, "PNG")
    uri = f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
    html = f'<img alt="A gold banana" src="{uri}">'
    return f"from IPython.display import HTML\nHTML({html!r})"


@pytest.fixture(scope="module")
def kernel_env():
    return {"BANANA_STAND": "There is always money in it."}


@pytest.fixture(scope="module")
def shared(module_lab):
    """One notebook for all tests but the first: opening one takes six seconds."""
    sources = [
        "import os, pathlib, time; os.environ['BANANA_STAND']",
        picture_cell(),
        "'remembered' in globals()",
        "remembered = True\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)\n'slept'",
        "peel",
        "'not reached'",
    ]
    title = new_markdown_cell("# A markdown cell counts: this one is cell 0")
    notebook = new_notebook(cells=[title, *map(new_code_cell, sources)])
    return module_lab.open(notebook, name="shared")


@pytest.fixture
def page(shared):
    """That notebook with a new kernel, which knows its first cell's names alone."""
    shared.let_go()
    shared.restart_kernel()
    shared.run_cell(1)
    return shared


def test_a_picture_is_found_by_its_alt_text(lab):
    page = lab.open([picture_cell()])
    page.run_cell(0)
    picture = page.output(0).get_by_alt_text("A gold banana")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 30]


def test_run_all_stops_at_the_cell_that_fails(page):
    with pytest.raises(CellError, match="Cell 5: NameError: name 'peel'"):
        page.run_all()
    expect(page.output(4)).to_contain_text("slept")
    expect(page.output(5)).to_contain_text("NameError")
    expect(page.output(6)).not_to_contain_text("not reached")


def test_a_cell_that_fails_alone_is_noticed_too(page):
    with pytest.raises(CellError, match="Cell 5: NameError: name 'peel'"):
        page.run_cell(5)


def test_kernels_get_the_variables_of_the_module(page):
    page.run_cell(1)
    expect(page.output(1)).to_contain_text("always money")


def test_a_cell_is_waited_for_each_time_it_runs(page):
    for _ in range(2):
        page.hold()
        page.start_cell(4)
        expect(page.prompt(4)).to_have_text("[*]:")
        page.let_go()
        page.wait_for_cell(4)


def test_a_restarted_kernel_has_forgotten(page):
    page.run_cell(4)
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("True")
    page.restart_kernel()
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("False")


def test_a_saved_notebook_is_read_back_and_opens_with_its_outputs(page):
    page.run_cell(2)
    saved = page.save()
    assert 'alt="A gold banana"' in saved.cells[2].outputs[0].data["text/html"]
    page.shutdown_kernel()
    page.load()
    expect(page.output(2).get_by_alt_text("A gold banana")).to_be_visible()


def test_a_screenshot_shows_theme_and_size(page, tmp_path):
    page.viewport(800, 500)
    page.set_theme("dark")
    page.screenshot(tmp_path / "dark.png")
    with Image.open(tmp_path / "dark.png") as picture:
        assert picture.size == (800, 500)
        assert max(picture.convert("RGB").resize((1, 1)).getpixel((0, 0))) < 100
    page.set_theme("light")
    page.viewport(1280, 900)


def test_no_key_reaches_the_server(tmp_path):
    env = clean_environment(dict.fromkeys(KEY_VARIABLES, "secret") | {"PATH": "/bin"}, tmp_path)
    assert env["PATH"] == "/bin"
    assert "secret" not in env.values()
