"""A lesson's `nb_banana_lesson.json`: its outputs are compared elsewhere; it is not trusted."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

import nb_banana
from nb_banana import errors
from nb_banana.lesson.manifest import take_settings
from nb_banana.library.location import MANIFEST
from nb_banana.settings import Banana
from tests.lesson.test_unpacking import make, rewrite
from tests.safety import LIGHTER, paint_plainly
from tests.support.amount import rounds
from tests.support.kernels import NotebookRunner

LOAD = "%load_ext nb_banana\nimport nb_banana"
CELLS = (
    "%%banana trex -a 16:9\nA T-Rex on a beach",
    "print('mine')\nsmall = %banana a watercolour banana\nsmall",
    "%%banana grid --sweep style=oil,ink\nA cat in {{style}}",
    "trex.edit('make it night')",
    "nb_banana.compare(trex, small)",
)
PACK = "print(nb_banana.pack('lesson.zip', notebook='lesson.ipynb'))"


def environment(home, setting=""):
    """That of a person, who may have a configuration of IPython."""
    profile = paint_plainly(home / "ipython") / "profile_default"
    (profile / "ipython_config.py").write_text(setting)
    return os.environ | {"XDG_DATA_HOME": str(home), "IPYTHONDIR": str(home / "ipython")}


def teach(folder, cells, env):
    """Run and save a notebook, and pack it; the zip file."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    runner = NotebookRunner(notebook, timeout=60, resources={"metadata": {"path": str(folder)}})
    runner.create_kernel_manager()
    with runner.setup_kernel(env=env):
        for number, cell in enumerate(notebook.cells):
            runner.execute_cell(cell, number)
        nbformat.write(notebook, folder / "lesson.ipynb")
        runner.execute_cell(nbformat.v4.new_code_cell(PACK), 0)
    return folder / "lesson.zip"


@pytest.mark.parametrize(
    ("own", "load"),
    [
        # The setting of a class; with the lesson it comes to those who have it not.
        ("get_config().Banana.caption = 'stable'\n", [LOAD]),
        # The notebook's own, after the line that says who draws.
        ("", [LOAD, "%config Banana.caption = 'stable'"]),
    ][: rounds(1, 2)],
)
def test_a_lesson_compares_equal_on_another_machine_in_another_time_zone(tmp_path, own, load):
    teacher, student = tmp_path / "teacher", tmp_path / "student" / "class"
    teacher.mkdir()
    lesson = teach(teacher, [*load, *CELLS], environment(tmp_path / "home", own))
    path = nb_banana.unpack(lesson, student.parent)
    assert (path.parent / MANIFEST).is_file()
    compared = [sys.executable, "-c", f"{LIGHTER}import pytest; sys.exit(pytest.main())"]
    compared += ["-q", "-c", os.devnull, "-p", "no:randomly"]
    done = subprocess.run(
        [*compared, "--nbval", "--nbval-current-env", path.name],
        cwd=path.parent,
        env=environment(tmp_path / "elsewhere") | {"TZ": "Pacific/Auckland"},
        capture_output=True,
        text=True,
    )
    assert f"{len(load) + len(CELLS)} passed" in done.stdout, done.stdout


def test_where_nothing_is_unusual_a_lesson_is_one_for_each_nb_banana(shelf):
    with zipfile.ZipFile(make(shelf, "nbb-1")) as archive:
        assert MANIFEST not in archive.namelist()


def test_the_setting_of_who_packs_goes_along(shelf, tmp_path):
    nb_banana.configure(caption="stable")
    path = nb_banana.unpack(make(shelf, "nbb-1"), tmp_path / "class")
    told = json.loads((path.parent / MANIFEST).read_bytes())
    assert told == {"quiet": True, "settings": {"caption": "stable"}}
    settings = Banana()
    assert take_settings(settings, path.parent) is True
    assert settings.caption == "stable"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 900,
        b'{"quiet": true}',
        b'{"settings": {"caption": "stable"}}',
        b'{"quiet": 1, "settings": {"caption": "stable"}}',
        b'{"quiet": true, "settings": {"caption": "loud"}}',
        b'{"quiet": true, "settings": {"caption": ["stable"]}}',
        b'{"quiet": true, "settings": {"library": "/tmp/x"}}',
        b'{"quiet": true, "settings": {"base_url": "https://example.com"}}',
        b'{"quiet": true, "settings": {"caption": "stable"}, "path": "/tmp/x"}',
        b'{"quiet": true, "settings": {"caption": "stable"}}' + b" " * 1000,
    ],
)
def test_a_manifest_of_anything_else_is_refused_and_never_heeded(shelf, tmp_path, data, capsys):
    lesson = make(shelf, "nbb-1")
    rewrite(lesson, lambda entries: entries.update({MANIFEST: data}))
    with pytest.raises(errors.LessonError, match=r"(newer nb_banana|did not write)"):
        nb_banana.unpack(lesson, tmp_path / "class")
    assert not (tmp_path / "class").exists()
    Path(MANIFEST).write_bytes(data)  # by any unzip program
    settings = Banana()
    take_settings(settings, Path())
    assert settings.trait_values() == Banana().trait_values()
    assert "was left out" in capsys.readouterr().out


@pytest.mark.parametrize("name", [f"a/{MANIFEST}", MANIFEST.upper(), "lesson.json"])
def test_a_manifest_in_another_place_is_no_part_of_a_lesson(shelf, tmp_path, name):
    lesson = make(shelf, "nbb-1")
    good = b'{"quiet": true, "settings": {"caption": "stable"}}'
    rewrite(lesson, lambda entries: entries.update({name: good}))
    with pytest.raises(errors.LessonError, match="that no lesson has"):
        nb_banana.unpack(lesson, tmp_path / "class")


@pytest.mark.parametrize("said", ["full", "stable"])
def test_what_the_person_has_chosen_wins_over_the_lesson(here, said):
    (here / MANIFEST).write_text('{"quiet": true, "settings": {"caption": "stable"}}')
    chosen = Banana().change(caption=said)
    take_settings(chosen, here)
    assert chosen.caption == said


def test_python_alone_heeds_the_lesson_too(here):
    (here / MANIFEST).write_text('{"quiet": true, "settings": {"caption": "stable"}}')
    code = "import nb_banana; print(nb_banana.generate('a banana').caption)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "SANDBOX, no AI model · 1024×1024 · nano-banana-2\n"
