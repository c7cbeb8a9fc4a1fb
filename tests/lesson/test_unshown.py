"""`pack` finds the pictures that no cell shows: in a saved notebook, from any process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from PIL import Image

import nb_banana
from nb_banana import errors
from nb_banana._default import client
from nb_banana.lesson import selection, source
from nb_banana.library import transfer
from nb_banana.request import ImageRequest
from tests.lesson.test_lesson import NO_NETWORK, execute
from tests.lesson.test_packing import cell_of, names, packed_prompts, save
from tests.support.amount import ALL
from tests.support.shelf import data_url, picture, put

UNSHOWN = (
    "%load_ext nb_banana\nimport nb_banana",
    "small = %banana a watercolour banana",
    "pic = nb_banana.generate('a pear', aspect_ratio='16:9')",
    "%%banana --quiet\na quiet {{'plum'}} beside {{small}}",
    "g = nb_banana.generate_many([f'fruit {n}' for n in range(2)])",
    "hat = pic.edit('with a hat').edit('and a scarf')\nhat",
    "later = nb_banana.generate('a slow lime', background=True)",
    "later.wait().size",
    "def draw(what):\n    return nb_banana.generate(what)",
    "for what in ('a bowl', 'a cup'):\n    draw(what)",
    "old = nb_banana.load(small.id)",
    "1 + 1",
)
PROMPTS = {
    "a watercolour banana",
    "a pear",
    "a quiet plum beside image 1",
    "fruit 0",
    "fruit 1",
    "with a hat",
    "and a scarf",
    "a slow lime",
    "a bowl",
    "a cup",
}


pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.skipif(not ALL, reason="kernels run whole notebooks: make test-all"),
]


@pytest.fixture
def ran(here, tmp_path):
    """The notebook, run in a kernel of this person that is gone, after a private one."""
    home = tmp_path  # whose data folder is that of this test's process
    execute(here / "other.ipynb", UNSHOWN[0], "%banana something private", home=home)
    return execute(here / "lesson.ipynb", *UNSHOWN, home=home)


def test_what_no_cell_shows_is_packed_from_the_saved_file_and_runs_without_a_key(
    ran, here, tmp_path
):
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert (lesson.pictures, lesson.missing, lesson.notes) == (10, (), ())
    assert set(packed_prompts(lesson, tmp_path / "out", "sandbox")) == PROMPTS
    path = nb_banana.unpack(lesson, tmp_path / "class")
    rest = [each.source for each in nbformat.read(path, 4).cells][1:]
    count = "from nb_banana._default import client\nprint(client().context.running_sandbox())"
    done = execute(path, NO_NETWORK, UNSHOWN[0], *rest, count, home=tmp_path / "student")
    assert done.cells[-1].outputs[0]["text"] == "None\n"  # nothing was drawn
    # A notebook that was run with pictures that another one has paid says as much, and elsewhere.
    moved = Path(shutil.move(path, tmp_path / "class" / "renamed.ipynb"))
    again = nb_banana.pack("again.zip", notebook=moved)
    assert (again.pictures, again.missing, again.notes) == (10, (), ())


def test_a_script_packs_a_saved_notebook_and_is_told_what_went_along(ran, here):
    code = "import nb_banana; nb_banana.pack('lesson.zip', notebook='lesson.ipynb')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=here, env=os.environ
    )
    assert done.stdout.startswith("lesson.zip: lesson.ipynb and 10 pictures, ")
    assert done.stderr == ""


def test_a_cell_that_shows_nothing_has_an_output_without_anything_to_see(ran):
    for number in (1, 2, 3):
        output = ran.cells[number].outputs[-1]
        assert (output.output_type, output.data) == ("display_data", {})
    assert ran.cells[-1].outputs[0].data == {"text/plain": "2"}
    assert len(ran.cells[-1].outputs) == 1
    nbformat.validate(ran)


def test_what_comes_later_is_noted_where_it_was_begun(here, tmp_path):
    cells = (
        "later = nb_banana.generate('a [trouble: slow 1.5] lime', background=True)",
        "many = nb_banana.generate('b [trouble: slow 1.5]', count=2, background=True)",
        "late = nb_banana.generate('d [trouble: refusal]', background=True)",
        "nb_banana.generate('e [trouble: slow 1.5]', background=True)",
        "from nb_banana.widgets import controller, form\n"
        "tried, *_ = controller.begin(nb_banana._default.client(), form.Form('by hand'), {})\n"
        "controller.outcome_of(tried).value.size and None",
        "import threading\n"
        "drawing = [each for each in threading.enumerate() if not each.daemon]\n"
        "drawing = [each for each in drawing if each is not threading.main_thread()]\n"
        "for each in drawing:\n    each.join(30)",
    )
    done = execute(here / "lesson.ipynb", "import nb_banana", *cells, home=tmp_path)
    counts = [
        [len(each.metadata.get("nb_banana", {}).get("requests", "")) for each in cell.outputs]
        for cell in done.cells[1:]
    ]
    assert [sum(each) for each in counts] == [1, 2, 0, 0, 0, 0]
    assert nb_banana.pack("lesson.zip", notebook="lesson.ipynb").pictures == 4


def test_what_is_there_before_its_cell_has_ended_is_noted_there_too(here, tmp_path):
    cells = (
        "import time\n"
        "slow = nb_banana.generate('a [trouble: slow 1.5] lime', background=True)\n"
        "quick = nb_banana.generate('a pear', background=True)\n"
        "while not quick.done:\n    time.sleep(0.01)",
        "slow.wait().size",
    )
    done = execute(here / "lesson.ipynb", "import nb_banana", *cells, home=tmp_path)
    counts = [
        sum(len(each.metadata.get("nb_banana", {}).get("requests", "")) for each in cell.outputs)
        for cell in done.cells[1:]
    ]
    assert counts == [2, 0]


def test_what_comes_while_its_cell_is_noted_is_noted_there_all_the_same(here, tmp_path):
    """In the moment between the look at what is there and the notes of what is not."""
    wait = (
        "from nb_banana.generation import cell_notes\n"
        "class Place(cell_notes.OutputCell):\n"
        "    def show(self, *given):\n"
        "        late.wait()\n"
        "        while client().context.on_way:\n            time.sleep(0.01)\n"
        "        super().show(*given)\n"
        "import time; from nb_banana._default import client\n"
    )
    begin = (
        "here = nb_banana.generate('a pear')\n"
        "late = nb_banana.generate('a [trouble: slow 1.5] lime', background=True)\n"
        "cell_notes.OutputCell = Place"
    )
    done = execute(here / "lesson.ipynb", "import nb_banana", wait, begin, "1", home=tmp_path)
    noted = [
        [*each.metadata.get("nb_banana", {}).get("requests", "")]
        for cell in done.cells
        for each in cell.outputs
    ]
    assert [len(each) for each in noted] == [1, 1, 0]  # the last one shows a number


def test_a_picture_that_is_gone_is_said_by_the_cell_that_makes_it(ran, tmp_path):
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(errors.LessonError) as caught:
        nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert caught.value.missing[:2] == (
        "cell 2 (small = %banana a watercolour banana) makes a picture that no library here has: "
        "run it again, save, and pack again.",
        "cell 3 (pic = nb_banana.generate('a pear', aspe…) makes a picture that no library here "
        "has: run it again, save, and pack again.",
    )


def test_cells_without_outputs_get_the_pictures_with_their_words(ran, here):
    notebook = nbformat.read("lesson.ipynb", 4)
    for cell in notebook.cells:
        cell.outputs = []
    nbformat.write(notebook, "cleared.ipynb")
    lesson = nb_banana.pack("lesson.zip", notebook="cleared.ipynb")
    # Those whose words are not written out can't be known.
    assert lesson.pictures == 5
    assert [each.partition(" has no picture: run the notebook")[0] for each in lesson.missing] == [
        "cell 4 (%%banana --quiet)",
        "cell 5 (g = nb_banana.generate_many([f'fruit {n…)",
    ]
    assert lesson.notes[0].startswith("cell 2 (small = %banana a watercolour banana), cell 3 (")


@pytest.mark.parametrize(
    ("kept", "cells", "found"),
    [
        (["a pear"], ["%%banana\na pear"], ["a pear"]),
        (["a pear"], ["%%banana p -a 16:9\n#| label: x\na pear;"], []),
        (["a pear"], ["%%banana p\n#| label: x\na pear;"], ["a pear"]),
        (["pear"], ["x = %banana a pear"], []),
        (["a pear"], ["x = %banana --quiet -m pro a pear", "1"], ["a pear"]),
        (["a pear", "a plum"], ["nb_banana.generate_many(['a pear', 'a plum'])"], 2),
        (["a pear"], ["import nb_banana as nb", "x = nb.generate('a pear')"], ["a pear"]),
        (["a pear"], ["from nb_banana import generate as g", "x = g('a pear')"], ["a pear"]),
        (["a pear"], ["with Client() as c:\n    x = c.generate('a pear')"], ["a pear"]),
        (["a pear"], ["x = await nb_banana.agenerate('a pear')"], ["a pear"]),
        (["a 100% pear_"], ["x = %banana a 100% pear_"], ["a 100% pear_"]),
        (["a 100 % pear_", "a 100ooo pearx"], ["x = %banana a 100% pear_"], []),
        (["A PEAR"], ["x = %banana a pear"], []),
        (["a pear"], ["model.generate('a pear')"], []),
        (["a pear"], ["def f():\n    return nb_banana.generate('a pear')"], []),
        (["a pear"], ["# nb_banana.generate('a pear')"], []),
        (["a pear"], ["x = 'a pear'"], []),
        (["a pear"], ["x = nb_banana.generate('a pear'"], []),
        (["a private pear"], ["%%banana\na {{x}} pear"], []),
    ],
)
def test_the_words_of_a_cell_find_its_picture_and_no_other(shelf, tmp_path, kept, cells, found):
    put(shelf, ImageRequest("shown"), "nbb-shown")
    for number, prompt in enumerate(kept):
        put(shelf, ImageRequest(prompt), f"nbb-{number}")
    save("lesson.ipynb", cell_of("y", "nbb-shown"), *map(new_code_cell, cells))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    packed = packed_prompts(lesson, tmp_path / "out")[:-1]
    assert (len(packed) if isinstance(found, int) else packed) == found


def test_nothing_of_another_notebook_comes_along_for_the_same_words(shelf, tmp_path):
    private = put(shelf, ImageRequest("a private portrait"), "nbb-1")
    night = ImageRequest("make it night", images=[data_url(private.read())])
    put(shelf, night, "nbb-2", parents=[private.digest])
    photo = ImageRequest("a café with the mug", images=[data_url(picture("photo")[0])])
    put(shelf, photo, "nbb-3")
    put(shelf, ImageRequest("a pear", aspect_ratio="16:9", resolution="4K"), "nbb-4")
    put(shelf, ImageRequest("a pear", take=3), "nbb-5")
    put(shelf, ImageRequest("mine"), "nbb-6")
    save(
        "lesson.ipynb",
        cell_of("%%banana m\nmine", "nbb-6"),
        cell_of("m.edit('make it night')"),
        cell_of("x = %banana -i mug.jpg a café with the mug"),
        cell_of("y = %banana a pear"),
    )
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert packed_prompts(lesson, tmp_path / "out") == ["mine"]
    assert [each[:6] for each in lesson.missing] == ["cell 2", "cell 3", "cell 4"]


def test_a_file_and_an_unshown_parent_of_the_notebook_are_its_own(service, tmp_path):
    Image.effect_noise((40, 30), 90).convert("RGB").save("mug.jpg")
    cafe = nb_banana.generate("a café with the mug", images=["mug.jpg"])
    cafe.edit("make it night").edit("and rain")
    client().context.used.clear()
    save(
        "lesson.ipynb",
        cell_of("c = %banana -i mug.jpg a café with the mug"),
        cell_of("d = c.edit('make it night').edit('and rain')"),
    )
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert (lesson.pictures, lesson.missing) == (3, ())
    assert "mug.jpg" in names(lesson)


def test_what_a_script_drew_goes_along_only_where_a_cell_wants_it(service, shelf):
    put(shelf, ImageRequest("shown"), "nbb-1")
    nb_banana.generate("something private")
    nb_banana.generate("a red pear")
    save("whole.ipynb", cell_of("x", "nbb-1"))
    assert nb_banana.pack("whole.zip", notebook="whole.ipynb").pictures == 1
    save("lesson.ipynb", cell_of("x", "nbb-1"), cell_of("y = %banana a {{colour}} pear"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert (lesson.pictures, lesson.missing) == (2, ())
    assert "1 of the pictures were used here" in repr(lesson)
    assert "“a red pear”" in repr(lesson)


def test_a_parent_that_can_not_be_read_a_second_time_is_said(shelf, monkeypatch):
    first = put(shelf, ImageRequest("first"), "nbb-1")
    put(shelf, ImageRequest("second"), "nbb-2", parents=[first.digest])
    save("lesson.ipynb", cell_of("x", "nbb-2"))
    real = transfer.stored_answers

    def failing(library, wanted=None):
        if wanted == ["nbb-1"]:
            raise errors.LibraryBusyError("Another program held the library.")
        return real(library, wanted)

    monkeypatch.setattr(selection.transfer, "stored_answers", failing)
    assert nb_banana.pack("lesson.zip", notebook="lesson.ipynb").pictures == 1


def test_in_an_interactive_session_pack_says_nothing_more_than_its_value(shelf, capsys):
    from tests.support.shells import ipython_shell

    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    with ipython_shell() as shell:
        shell.run("import nb_banana")
        shell.run("packed = nb_banana.pack('lesson.zip', notebook='lesson.ipynb')")
    assert "lesson.zip:" not in capsys.readouterr().out


def test_what_is_no_python_draws_nothing():
    for text in ("x = (", "\0", "(" * 500, "%%bash\nnb_banana.generate('a')", "!ls"):
        assert not source.draws(text, source.DrawingNames.of([text]))
