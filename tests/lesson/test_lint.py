"""`lint`: alt texts that nobody wrote, and pictures that no library has, in a saved notebook."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import nb_banana
from nb_banana import errors
from nb_banana.request import ImageRequest
from tests.support.kernels import NotebookRunner
from tests.support.shelf import put

pytestmark = pytest.mark.usefixtures("here")


def cell(source, *ids, alt=None, unshown=False):
    """A cell as it is saved: its output names the requests whose pictures it shows."""
    facts = {"nb_banana": {"request": ids[0]} if len(ids) == 1 else {"requests": list(ids)}}
    if unshown:
        facts["nb_banana"]["unshown"] = True
    if alt is not None:
        facts["image/jpeg"] = {"alt": alt}
    outputs = [nbformat.v4.new_output("display_data", {}, metadata=facts)] if ids else []
    return nbformat.v4.new_code_cell(source, outputs=outputs)


def found(*cells):
    """What is found in a notebook of these cells: numbers, and what about."""
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), "lesson.ipynb")
    return [(each.cell, each.about) for each in nb_banana.lint("lesson.ipynb")]


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("%%banana fox\na fox", True),
        ("%banana a fox", True),
        ("nb_banana.generate('a fox')", True),
        ("%%banana fox --alt 'A red fox'\na fox", False),
        ("%%banana fox\n#| fig-alt: A red fox\na fox", False),
        ("#| fig-alt: A red fox\n%%banana fox\na fox", False),
        ("nb_banana.generate('a fox', alt='A red fox')", False),
        ("%%banana fox --quiet\na fox", False),
        ("%%banana fox\na fox;", False),
        ("fox = nb_banana.generate('a fox')", False),
        ("%%banana fox\nE = mc2 on a blackboard", True),
        ("%banana --help", False),
        ("1 + 1", False),
    ],
)
def test_a_cell_that_was_not_run_is_judged_by_its_source(source, is_found):
    assert found(cell(source)) == ([(1, "alt text")] if is_found else [])


NIGHT = "make image 1 night"


@pytest.mark.parametrize(
    ("prompt", "alt", "is_found"),
    [
        ("a fox", "a fox", True),
        ("a fox", "A red fox sits in the snow", False),
        ("a fox", "a fox in the snow, drawn with a pencil", False),
        (NIGHT, f"{NIGHT} (a café by the sea)", True),
        (NIGHT, "make image 1 (a café) night", True),
        (NIGHT, "The café of before, by night", False),
        ("make it night.", "make it night (image 1: mug.jpg)", True),
        ("long " * 400, "long " * 400, True),
        ("a fox", "Contact sheet of 2 (take 1, take 2). a fox", True),
        ("a fox", "Contact sheet of 2 (take 1, take 2). A red animal", False),
        ("a fox", "left: grid[3] · right: grid[5]", False),
    ],
)
def test_a_cell_that_shows_a_picture_is_judged_by_what_stands_for_it(shelf, prompt, alt, is_found):
    put(shelf, ImageRequest(prompt), "nbb-1")
    assert found(cell("show(x)", "nbb-1", alt=alt)) == ([(1, "alt text")] if is_found else [])


def test_pictures_that_no_library_has_are_named_with_their_cell(shelf):
    kept = [put(shelf, ImageRequest(f"fox {each}"), f"nbb-{each}") for each in range(3)]
    kept[2].path.unlink()
    text = nbformat.v4.new_markdown_cell("Pictures")
    cells = (
        text,
        cell("%%banana --alt 'A fox'\nfox 0", "nbb-0", alt="A fox"),
        cell("%%banana lost --alt 'A fox'\na fox that is gone", "nbb-9", alt="A fox"),
        cell("small = x", "nbb-8", unshown=True),
        cell("x", "nbb-1", "nbb-2", alt="mine"),
    )
    assert found(*cells) == [(3, "library"), (4, "library"), (5, "library")]
    said = nb_banana.lint("lesson.ipynb")
    assert "shows a picture" in said[0].text
    assert "makes a picture" in said[1].text
    assert said[:1][0].source == "%%banana lost --alt 'A fox'"
    assert repr(said).splitlines()[0] == "lesson.ipynb: 3 things to mend"


def test_what_was_found_shows_itself_and_is_false_where_there_is_nothing(shelf):
    put(shelf, ImageRequest("<b>"), "nbb-1")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("%%banana\n<b>", "nbb-1")]), "a.ipynb")
    assert not nb_banana.lint("a.ipynb")  # its output has no picture that anybody could hear of
    assert "each picture has an alt text" in repr(nb_banana.lint("a.ipynb"))
    found(cell("%%banana <b>\na fox"))
    said = nb_banana.lint("lesson.ipynb")
    assert said
    assert len(said) == 1
    assert (
        '  cell 1 (%%banana <b>): nobody wrote an alt text. Say what is to be seen: --alt "…"'
        in repr(said)
    )
    assert "&lt;b&gt;" in said._repr_html_()
    assert "<b>" not in said._repr_html_()


@pytest.mark.parametrize("letter", ["a", "%", "é", "🍌"])
def test_a_long_prompt_is_found_by_its_words_and_no_library_is_called_damaged(shelf, letter):
    for number in range(2):
        put(shelf, ImageRequest(letter * 60_000 + str(number)), f"nbb-{number}")
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell(f"%%banana\n{letter * 60_000}1")]), "long.ipynb"
    )
    assert "damaged" not in repr(nb_banana.lint("long.ipynb"))
    packed = nb_banana.pack("long.zip", notebook="long.ipynb")
    assert "1 picture" in repr(packed)


def test_nothing_is_changed_and_nothing_is_sent(service, shelf):
    before = sorted(os.walk("."))
    found(cell("%%banana\na fox", "nbb-7", alt="a fox"))
    data = Path("lesson.ipynb").read_bytes()
    assert nb_banana.lint("lesson.ipynb")
    assert Path("lesson.ipynb").read_bytes() == data
    assert service.posts == []
    assert len(sorted(os.walk("."))) == len(before)


def test_an_executed_notebook_is_found_out_and_mended(service, here):
    sources = (
        f"%load_ext nb_banana\n%config Banana.base_url = {service.url!r}",
        "%%banana cafe --quiet --alt 'A café by the sea'\na café",
        "cafe.edit('make it night')",
        "%%banana -n 2\na fox",
        "cafe.edit('make it night', alt='The café at night')",
        "cafe",
    )
    cells = [nbformat.v4.new_code_cell(each) for each in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookRunner(notebook, timeout=60).execute()
    nbformat.write(notebook, "lesson.ipynb")
    said = nb_banana.lint("lesson.ipynb")
    assert [(each.cell, each.about) for each in said] == [(3, "alt text"), (4, "alt text")]


def test_a_script_ends_with_what_was_found():
    found(cell("%%banana\na fox"))
    code = "import sys, nb_banana; sys.exit(bool(nb_banana.lint('lesson.ipynb')))"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "cell 1 (%%banana): nobody wrote" in ran.stdout


OLD = {"nbformat": 3, "worksheets": [{"cells": []}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read"),
        ("{", "not a notebook"),
        ("[]", "not a notebook"),
        (json.dumps(OLD), "not a notebook"),
        ('{"cells": [{"cell_type": "code"}]}', "not a notebook"),
        ("[" * 100_000, "not a notebook"),
    ],
)
def test_what_is_no_notebook_is_said(here, content, message):
    if content is not None:
        (here / "a.ipynb").write_text(content)
    with pytest.raises(errors.LessonError, match=message):
        nb_banana.lint("a.ipynb")
    with pytest.raises(errors.LessonError, match="Name it"):
        nb_banana.lint()


@pytest.mark.parametrize("odd", [{"image/png": None}, {"image/png": {"alt": 1}}, {"nb_banana": 3}])
def test_odd_metadata_of_others_is_passed_over(odd):
    output = nbformat.v4.new_output("display_data", {}, metadata=odd)
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])]),
        "a.ipynb",
    )
    assert len(nb_banana.lint("a.ipynb")) == 0
