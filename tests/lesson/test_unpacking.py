"""`unpack`: a zip file from a stranger is a lesson as a whole, or nothing of it stays."""

import os
import re
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import nbformat
import pytest

import nb_banana
from nb_banana import errors
from nb_banana.generation import context
from nb_banana.lesson import archive as lesson_archive
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from tests.support.shelf import bytes_of, data_url, picture, put

NOTEBOOK = "lesson.ipynb"
FOLDER = f"{location.BESIDE}/api"
INDEX = f"{FOLDER}/index.sqlite"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder to work in, and nothing used before."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(context, "USED", {})


@pytest.fixture
def shelf():
    """The teacher's own library."""
    return context.library_of("api")


def make(shelf, *request_ids, notebook=NOTEBOOK, target="lesson.zip"):
    """A lesson with these pictures, as a teacher packs it."""
    for each in request_ids:
        if not shelf.history(each):
            put(shelf, ImageRequest(each, images=[data_url(picture("mug")[0])]), each)
    outputs = [
        nbformat.v4.new_output("display_data", {}, metadata={"nb_banana": {"request": each}})
        for each in request_ids
    ]
    cell = nbformat.v4.new_code_cell(f"# {request_ids}", outputs=outputs, id="a")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebook)
    return nb_banana.pack(target, notebook=notebook)


def rewrite(path, change, **options):
    """Make the zip anew from its entries as a dict that `change` has changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {each.filename: archive.read(each) for each in archive.infolist()}
    change(entries)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def adding(name, data=b"mine", **facts):
    def add(path):
        info = zipfile.ZipInfo("x")
        info.filename = name
        for fact, value in facts.items():
            setattr(info, fact, value)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, data)

    return add


def changing(change):
    return lambda path: rewrite(path, change)


def editing(*statements):
    """Change the index inside as a stranger would."""

    def edit(entries):
        index = Path("stranger.sqlite")
        index.write_bytes(entries[INDEX])
        with closing(sqlite3.connect(index, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
        entries[INDEX] = index.read_bytes()
        index.unlink()

    return changing(edit)


def on_a_picture(change):
    def edit(entries):
        name = next(each for each in entries if "/pictures/" in each)
        change(entries, name)

    return changing(edit)


def set_first(entries, name, data):
    entries[name] = data


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def bomb(path):
    rewrite(
        path,
        lambda entries: entries.update({f"{FOLDER}/pictures/bomb.png": bytes(50_000_000)}),
        compression=zipfile.ZIP_DEFLATED,
    )


def lie_about_the_size(path):
    """A bomb whose entry in the zip's directory says that it is a small picture."""
    bomb(path)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"bomb.png") - len(f"{FOLDER}/pictures/") - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 24 : entry + 28] = (9000).to_bytes(4, "little")
    path.write_bytes(data)


LINK = {"external_attr": (stat.S_IFLNK | 0o777) << 16}
REFUSED = {
    "a name that leads up": (adding("../x.png"), "name that is not safe"),
    "a name that leads up within": (adding(f"{FOLDER}/pictures/../../../x"), "not safe"),
    "an absolute name": (adding("/tmp/x.png"), "not safe"),
    "a drive": (adding("C:/x.png"), "not safe"),
    "a backslash": (adding("..\\x.png"), "not safe"),
    "a device": (adding("nul.png"), "not safe"),
    "a stream": (adding("x.png:y.png"), "not safe"),
    "a full stop at the end": (adding("x.png."), "not safe"),
    "a folder": (adding("folder/", b""), "not safe"),
    "a long name": (adding("x" * 1001 + ".png"), "too long"),
    "a symbolic link": (adding("x.png", b"/etc/passwd", **LINK), "no plain file"),
    "a script": (adding("run.py"), "a file that no lesson has"),
    "a journal that SQLite would play back": (adding(f"{INDEX}-journal"), "no lesson has"),
    "a configuration": (adding(".ipython/startup.png/x.py"), "no lesson has"),
    "a second notebook": (adding("other.ipynb"), "several notebooks"),
    "a name twice in two cases": (adding("LESSON.ipynb"), "more than once"),
    "a name as file and folder": (adding(f"{NOTEBOOK}/x.png"), "as a file and as a folder"),
    "a file that is no picture": (adding("x.png", b"#!/bin/sh"), "a file that is no picture"),
    "another compression": (adding("x.png", compress_type=zipfile.ZIP_LZMA), "in a way that no"),
    "no notebook": (changing(lambda found: found.pop(NOTEBOOK)), "holds no notebook"),
    "no library": (changing(lambda found: found.pop(INDEX)), "holds no library"),
    "a library in the folder itself": (
        changing(lambda found: found.update({"pictures/index.sqlite": found[INDEX]})),
        "where no lesson has one",
    ),
    "a notebook that is none": (
        changing(lambda found: found.update({NOTEBOOK: b"{}"})),
        "Jupyter could not open",
    ),
    "a bomb": (bomb, "swells far too much"),
    "an end that is missing": (truncate, "not a whole one"),
    "a text": (lambda path: path.write_text("hello"), "is no zip file"),
    "nothing": (lambda path: path.write_bytes(b""), "is no zip file"),
    "a bomb that says it is small": (lie_about_the_size, "not a whole one"),
    "another picture": (
        on_a_picture(lambda found, name: set_first(found, name, picture("other")[0])),
        "not the one that was packed",
    ),
    "a picture cut off": (
        on_a_picture(lambda found, name: set_first(found, name, found[name][:-9])),
        "not the one that was packed",
    ),
    "a picture missing": (
        on_a_picture(lambda found, name: found.pop(name)),
        "missing or not the one",
    ),
    "an index of garbage": (changing(lambda found: found.update({INDEX: b"x" * 9000})), "index"),
    "an index cut off": (
        changing(lambda found: found.update({INDEX: found[INDEX][:9000]})),
        "index of pictures that nb_banana did not write",
    ),
    "an index with a trigger": (
        editing("CREATE TRIGGER t AFTER INSERT ON requests BEGIN SELECT 1; END"),
        "did not write",
    ),
    "an index with a view": (
        editing(
            "DROP TABLE pictures",
            "CREATE VIEW pictures AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) "
            "SELECT x AS request_id FROM n",
        ),
        "did not write",
    ),
    "an index that leads out": (
        editing("UPDATE pictures SET path = '../../../../etc/passwd'"),
        "did not write",
    ),
    "an index with a false size of a picture": (
        editing("UPDATE pictures SET width = 9"),
        "did not write",
    ),
    "an index whose rows make no sense": (
        editing("UPDATE requests SET parameters = '[1'"),
        "did not write",
    ),
    "an index whose price is no number": (
        editing("UPDATE requests SET usd = 'NaN'"),
        "did not write",
    ),
    "an index whose take is no number": (
        editing("UPDATE requests SET take = 'x'"),
        "did not write",
    ),
    "an index whose prompt is bytes": (
        editing("UPDATE requests SET prompt = x'ff00'"),
        "did not write",
    ),
    "an index whose time is before all time": (
        editing("UPDATE requests SET answered = '0001-01-01T00:00:00+23:00'"),
        "did not write",
    ),
    "an index of a newer version": (editing("PRAGMA user_version = 99"), "pip install -U"),
    "a reference missing": (editing("DELETE FROM reference_files"), "missing or not the one"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("spoil", "said"), REFUSED.values(), ids=REFUSED)
def test_a_zip_that_is_not_a_lesson_is_refused_and_leaves_nothing(shelf, tmp_path, spoil, said):
    lesson = make(shelf, "nbb-1", "nbb-2").path
    spoil(lesson)
    (tmp_path / "class").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for folder in (tmp_path / "class", tmp_path / "new"):
        with pytest.raises(errors.LessonError, match=re.escape(said)) as caught:
            nb_banana.unpack(lesson, folder)
        assert str(caught.value).startswith("lesson.zip ")
        assert str(caught.value).endswith(".")
        assert str(tmp_path) not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_same_name_twice_is_refused(shelf, tmp_path):
    lesson = make(shelf, "nbb-1").path
    with pytest.warns(UserWarning, match="Duplicate name"):
        adding(NOTEBOOK, b"{}")(lesson)
    with pytest.raises(errors.LessonError, match="more than once"):
        nb_banana.unpack(lesson, tmp_path / "class")


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MOST_FILES", 3, "files, and 3 is the limit"),
        ("LARGEST_FILE", 1000, "1 kB is the limit of a file"),
        ("MOST_UNPACKED_BYTES", 1000, "1 kB is the limit"),
    ],
)
def test_a_lesson_over_a_limit_is_neither_packed_nor_unpacked(
    shelf, monkeypatch, limit, value, said
):
    lesson = make(shelf, "nbb-1").path
    before = lesson.read_bytes()
    monkeypatch.setattr(lesson_archive, limit, value)
    with pytest.raises(errors.LessonError, match=said):
        nb_banana.unpack(lesson, "class")
    with pytest.raises(errors.LessonError, match=said):
        make(shelf, "nbb-1")
    assert lesson.read_bytes() == before


def test_a_lesson_keeps_every_byte_of_its_pictures(shelf, tmp_path):
    notebook = nb_banana.unpack(make(shelf, "nbb-1", "nbb-2"), tmp_path / "class")
    assert notebook == tmp_path / "class" / NOTEBOOK
    assert notebook.read_bytes() == Path(NOTEBOOK).read_bytes()
    library = Library(tmp_path / "class" / FOLDER, "api")
    for old, new in zip(shelf.history(), library.history(), strict=True):
        assert new.read() == old.read()
        assert new.receipt == old.receipt
        assert new.request.key == old.request.key
        assert new.request.payload() == old.request.payload()
        assert library.find(old.request.key) == new


def test_what_the_zip_says_of_keys_is_not_believed(shelf, tmp_path):
    lesson = make(shelf, "nbb-1").path
    other = ImageRequest("a cat").key
    editing(f"UPDATE requests SET key = '{other}', family = '{other}', host = 'h', pid = 1")(lesson)
    nb_banana.unpack(lesson, tmp_path)
    library = Library(tmp_path / FOLDER, "api")
    assert library.find(other) is None
    assert library.find(shelf.history()[0].request.key)


def test_what_the_index_does_not_name_stays_behind(shelf, tmp_path):
    lesson = make(shelf, "nbb-1").path
    adding(f"{FOLDER}/pictures/more.png", bytes_of("x"))(lesson)
    nb_banana.unpack(lesson, tmp_path)
    assert not list(tmp_path.rglob("more.png"))


def test_unpacking_twice_changes_nothing(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    nb_banana.unpack(lesson, tmp_path)
    library = Library(tmp_path / FOLDER, "api")
    before = library.history()
    nb_banana.unpack(lesson, tmp_path)
    assert library.history() == before


def test_a_second_lesson_adds_to_the_library_that_is_there(shelf, tmp_path):
    nb_banana.unpack(make(shelf, "nbb-1", "nbb-2"), tmp_path)
    library = Library(tmp_path / FOLDER, "api")
    put(library, ImageRequest("the student's own"), "nbb-mine")
    nb_banana.unpack(make(shelf, "nbb-2", "nbb-3", notebook="two.ipynb", target="2.zip"), tmp_path)
    prompts = {each.request.prompt for each in library.history()}
    assert prompts == {"nbb-1", "nbb-2", "nbb-3", "the student's own"}
    assert {each.name for each in tmp_path.glob("*.ipynb")} == {"lesson.ipynb", "two.ipynb"}


def test_a_picture_that_the_student_lost_or_forgot_comes_back(shelf, tmp_path):
    lesson = make(shelf, "nbb-1", "nbb-2")
    nb_banana.unpack(lesson, tmp_path)
    library = Library(tmp_path / FOLDER, "api")
    library.by_id("nbb-1").path.unlink()
    library.forget(["nbb-2"])
    nb_banana.unpack(lesson, tmp_path)
    for request_id in ("nbb-1", "nbb-2"):
        assert library.by_id(request_id).read() == picture(request_id)[0]


def test_another_notebook_of_the_same_name_is_not_overwritten(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    (tmp_path / NOTEBOOK).write_text("my work")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(errors.LessonError, match="nothing is overwritten"):
        nb_banana.unpack(lesson, tmp_path)
    assert (tmp_path / NOTEBOOK).read_text() == "my work"
    assert sorted(tmp_path.iterdir()) == before


def test_a_library_that_has_another_picture_for_a_request_is_left_as_it_is(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    library = Library(tmp_path / FOLDER, "api")
    kept = put(library, ImageRequest("mine"), "nbb-1", picture("mine"))
    with pytest.raises(errors.LibraryError, match="another picture for the request nbb-1"):
        nb_banana.unpack(lesson, tmp_path)
    assert library.history() == [kept]
    assert not (tmp_path / NOTEBOOK).exists()


def test_a_damaged_library_in_the_folder_is_said_and_nothing_is_put_beside_it(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (folder / "index.sqlite").write_bytes(b"mine" * 3000)
    with pytest.raises(errors.LibraryDamagedError, match="left as it is"):
        nb_banana.unpack(lesson, tmp_path)
    assert (folder / "index.sqlite").read_bytes() == b"mine" * 3000
    assert not (tmp_path / NOTEBOOK).exists()


def test_a_folder_that_is_no_library_gets_nothing(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "thesis.txt").write_text("mine")
    with pytest.raises(errors.LessonError, match="something else in it"):
        nb_banana.unpack(lesson, tmp_path)
    assert [each.name for each in (tmp_path / FOLDER).iterdir()] == ["thesis.txt"]
    (tmp_path / FOLDER / "thesis.txt").unlink()
    assert nb_banana.unpack(lesson, tmp_path).exists()


def test_a_place_that_is_none_is_said(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    (tmp_path / "file").write_text("mine")
    for folder in ("no/such/folder", tmp_path / "file"):
        with pytest.raises(errors.LessonError, match="There is no folder"):
            nb_banana.unpack(lesson, folder)
    with pytest.raises(errors.LessonError, match=r"missing\.zip can't be unpacked: No such file"):
        nb_banana.unpack("missing.zip", tmp_path)


def test_a_file_in_the_place_of_the_library_leaves_all_as_it_was(shelf, tmp_path):
    lesson = make(shelf, "nbb-1")
    (tmp_path / location.BESIDE).write_text("mine")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(errors.LessonError, match="can't be unpacked"):
        nb_banana.unpack(lesson, tmp_path)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_what_was_unpacked_may_be_read_by_others_as_usual(shelf, tmp_path):
    notebook = nb_banana.unpack(make(shelf, "nbb-1"), tmp_path / "class")
    plain = tmp_path / "plain"
    plain.touch()
    assert notebook.stat().st_mode == plain.stat().st_mode
    with zipfile.ZipFile("lesson.zip") as archive:
        modes = {each.external_attr >> 16 for each in archive.infolist()}
    assert modes == {stat.S_IFREG | 0o644}


def test_an_encrypted_zip_is_said(shelf, tmp_path):
    lesson = make(shelf, "nbb-1").path
    data = bytearray(lesson.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    lesson.write_bytes(data)
    with pytest.raises(errors.LessonError, match="is encrypted"):
        nb_banana.unpack(lesson, tmp_path)
