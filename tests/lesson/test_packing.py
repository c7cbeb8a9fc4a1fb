"""`pack`: one zip file with the notebook, exactly the pictures that it needs, nothing private."""

import os
import re
import socket
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from PIL import Image

import nb_banana
from nb_banana import errors
from nb_banana._default import client
from nb_banana.lesson.pack import _in_notebook
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.settings import settings
from tests.conftest import KEY
from tests.support.shelf import data_url, picture, put

pytestmark = pytest.mark.usefixtures("here")


def cell_of(source, *request_ids, **more):
    outputs = [
        nbformat.v4.new_output("display_data", {}, metadata={"nb_banana": {"request": each}})
        for each in request_ids
    ]
    return nbformat.v4.new_code_cell(source, outputs=outputs, **more)


def save(path, *cells):
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return Path(path)


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def packed_prompts(path, folder, kind="api"):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    library = Library(folder / location.BESIDE / kind, kind)
    return [each.request.prompt for each in library.history()]


def test_the_pictures_of_the_notebook_go_along_and_no_others(shelf, tmp_path):
    for number in range(4):
        put(shelf, ImageRequest(f"banana {number}"), f"nbb-{number}")
    save("lesson.ipynb", cell_of("%%banana\nbanana 1", "nbb-1"), cell_of("x", "nbb-3"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert packed_prompts(lesson, tmp_path / "out") == ["banana 3", "banana 1"]
    assert sum("/pictures/" in name for name in names(lesson)) == 2
    assert re.fullmatch(r"lesson\.zip: lesson\.ipynb and 2 pictures, \d+ kB", repr(lesson))
    assert sorted(map(str, Path().iterdir())) == ["lesson.ipynb", "lesson.zip"]


def test_the_notebook_and_the_pictures_keep_their_bytes(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    notebook = save("lesson.ipynb", cell_of("x", "nbb-1"))
    with zipfile.ZipFile(nb_banana.pack("lesson.zip", notebook=notebook)) as archive:
        assert archive.read("lesson.ipynb") == notebook.read_bytes()
        (name,) = [each for each in archive.namelist() if "/pictures/" in each]
        assert archive.read(name) == picture("nbb-1")[0]


def test_what_a_picture_was_made_from_comes_along(shelf, tmp_path):
    first = put(shelf, ImageRequest("first"), "nbb-1")
    second = put(shelf, ImageRequest("second"), "nbb-2", parents=[first.digest])
    mug = ImageRequest("third", images=[data_url(picture("mug")[0])])
    put(shelf, mug, "nbb-3", parents=[second.digest])
    put(shelf, ImageRequest("another"), "nbb-4")
    save("lesson.ipynb", cell_of("x", "nbb-3"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert set(packed_prompts(lesson, tmp_path / "out")) == {"first", "second", "third"}
    library = Library(tmp_path / "out" / location.BESIDE / "api", "api")
    assert library.find(mug.key).request.payload() == mug.payload()


def test_extras_come_along_with_their_answer(shelf, tmp_path):
    shelf.begin(ImageRequest("two"), "nbb-1")
    kept = put(shelf, ImageRequest("one"), "nbb-0")
    shelf.store("nbb-1", [picture("a"), picture("b")], kept.receipt)
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    assert nb_banana.pack("lesson.zip", notebook="lesson.ipynb").pictures == 2


def test_the_picture_that_counts_in_the_lesson_is_the_one_that_was_asked_for_last(shelf, tmp_path):
    put(shelf, ImageRequest("a banana"), "nbb-old")
    put(shelf, ImageRequest("a banana"), "nbb-new")
    save("lesson.ipynb", cell_of("x", "nbb-new"), cell_of("y", "nbb-old"))
    packed_prompts(nb_banana.pack("lesson.zip", notebook="lesson.ipynb"), tmp_path / "out")
    library = Library(tmp_path / "out" / location.BESIDE / "api", "api")
    assert library.find(ImageRequest("a banana").key).request_id == "nbb-new"


def test_pictures_of_every_kind_of_service_go_each_into_its_own(shelf):
    put(shelf, ImageRequest("paid"), "nbb-1")
    put(client().context.places("sandbox")[0], ImageRequest("played"), "nbb-2")
    save("lesson.ipynb", cell_of("x", "nbb-1", "nbb-2"))
    found = {name.split("/")[1] for name in names(nb_banana.pack("l", notebook="lesson.ipynb"))[1:]}
    assert found == {"api", "sandbox"}


def test_what_this_kernel_used_without_showing_it_goes_along_and_is_said(service):
    image = nb_banana.generate("a quiet banana")
    save("lesson.ipynb", cell_of("x = %banana a quiet banana"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert (lesson.pictures, lesson.missing) == (1, ())
    assert "cell 1 (x = %banana a quiet banana) has no output that says which" in repr(lesson)
    client().context.used.clear()
    assert nb_banana.generate("a quiet banana").came == "reused"
    assert len(service.charges) == 1
    assert nb_banana.pack("lesson.zip", notebook="lesson.ipynb").pictures == 1
    assert any(image.digest[:6] in name for name in names("lesson.zip"))


def test_what_the_kernel_of_another_notebook_used_stays_out(service, shelf, monkeypatch, tmp_path):
    put(shelf, ImageRequest("mine"), "nbb-1")
    nb_banana.generate("a quiet banana")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "other.ipynb"))
    assert nb_banana.pack("lesson.zip", notebook=Path("lesson.ipynb").resolve()).pictures == 1
    for running in (Path("lesson.ipynb").resolve(), "work/lesson.ipynb"):
        monkeypatch.setenv("JPY_SESSION_NAME", str(running))
        assert nb_banana.pack("lesson.zip", notebook="lesson.ipynb").pictures == 2


def test_a_cell_without_its_picture_is_named(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save(
        "lesson.ipynb",
        cell_of("%%banana\na banana", "nbb-1"),
        nbformat.v4.new_markdown_cell("%%banana in words"),
        cell_of("%%banana trex\nA T-Rex"),
        cell_of("x = %banana -a 16:9 a pear"),
        cell_of("%%banana\ngone", "nbb-gone"),
        cell_of("%%banana --dry-run\na pear"),
        cell_of("# %banana a pear"),
        cell_of("%banana --help"),
        cell_of("%%banana -a 16:10\na pear", metadata={"tags": ["raises-exception"]}),
    )
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert lesson.missing == (
        "cell 5 (%%banana) shows a picture that no library here has: "
        "run it again, save, and pack again.",
        "cell 3 (%%banana trex) has no picture: run the notebook, save it, and pack again.",
        "cell 4 (x = %banana -a 16:9 a pear) has no picture: "
        "run the notebook, save it, and pack again.",
    )
    assert repr(lesson).count("\n") == 3


def test_nothing_to_pack_is_an_error_and_leaves_the_zip_that_is_there():
    Path("lesson.zip").write_bytes(b"the old one")
    save("lesson.ipynb", cell_of("%%banana trex\nA T-Rex"))
    with pytest.raises(errors.LessonError, match="run the notebook, save it") as caught:
        nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert caught.value.missing[0].startswith("cell 1 (%%banana trex) has no picture")
    assert Path("lesson.zip").read_bytes() == b"the old one"


@pytest.mark.parametrize(
    ("path", "notebook", "said"),
    [
        ("lesson.zip", "missing.ipynb", "missing.ipynb can't be read: No such file"),
        ("lesson.zip", "text.txt", "not a notebook"),
        ("lesson.zip", "list.ipynb", "not a notebook"),
        ("no/lesson.zip", "lesson.ipynb", "no folder no. Make it first"),
        ("lesson.ipynb", "lesson.ipynb", "name it lesson.zip"),
        ("lesson.zip", None, 'notebook="lesson.ipynb"'),
    ],
)
def test_what_can_not_be_packed_is_said(shelf, path, notebook, said):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    Path("text.txt").write_text("hello")
    Path("list.ipynb").write_text("[]")
    before = sorted(map(str, Path().iterdir()))
    with pytest.raises(errors.LessonError, match=re.escape(said)):
        nb_banana.pack(path, notebook=notebook)
    assert sorted(map(str, Path().iterdir())) == before


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"x" * 10)])
def test_a_lost_picture_is_said_and_the_old_zip_stays(shelf, lose):
    kept = put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    before = nb_banana.pack("lesson.zip", notebook="lesson.ipynb").path.read_bytes()
    lose(kept.path)
    with pytest.raises(errors.LostPictureError, match="--fresh"):
        nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert Path("lesson.zip").read_bytes() == before
    assert sorted(map(str, Path().iterdir())) == ["lesson.ipynb", "lesson.zip"]


def test_a_folder_and_a_name_without_a_suffix_are_understood(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    assert nb_banana.pack(".", notebook="lesson.ipynb").path == Path("lesson.zip")
    assert os.fspath(nb_banana.pack("mine", notebook="lesson.ipynb")) == "mine.zip"


@pytest.mark.parametrize(
    ("setting", "folder"),
    [("my/pictures", "my/pictures/api/"), ("../up", "nb_banana_library/api/")],
)
def test_the_library_goes_where_the_notebook_looks_for_it(setting, folder):
    settings.library = setting
    put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of(f"%config Banana.library = '{setting}'", "nbb-1"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert all(name.startswith(folder) for name in names(lesson)[1:])
    assert ("Leave that out" in repr(lesson)) is (setting == "../up")


def test_an_absolute_library_becomes_the_one_beside_the_notebook(tmp_path):
    settings.library = str(tmp_path / "elsewhere")
    put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert f"{location.BESIDE}/api/index.sqlite" in names(lesson)
    assert lesson.notes == ()


def test_nothing_private_is_in_the_zip(shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    for number in range(30):
        words = f"my private prompt {number} " * 20
        put(shelf, ImageRequest(words), f"nbb-private-{number}", notebook=str(tmp_path / "p.ipynb"))
    put(shelf, ImageRequest("a banana"), "nbb-1", notebook=str(tmp_path / "lesson.ipynb"))
    shelf.forget([f"nbb-private-{number}" for number in range(15)])
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    with zipfile.ZipFile("lesson.zip") as archive:
        everything = Path("lesson.zip").read_bytes() + b"".join(
            map(archive.read, names(archive.filename))
        )
    for secret in (KEY, str(tmp_path), str(Path.home()) + "/", "private", socket.gethostname()):
        assert secret.encode() not in everything


def test_a_notebook_with_the_key_in_it_is_not_packed(shelf, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of(f"nb_banana.login('{KEY}')", "nbb-1"))
    with pytest.raises(errors.LessonError, match="has your key in it") as caught:
        nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert KEY not in str(caught.value)
    assert not Path("lesson.zip").exists()


def test_a_notebook_that_names_a_folder_of_the_teacher_is_said(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of(f"open('{Path.home()}/x')", "nbb-1"))
    assert "names your folder" in repr(nb_banana.pack("lesson.zip", notebook="lesson.ipynb"))


def photo(path):
    """A photo that names its camera and has to be turned."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A very private camera"
    Image.effect_noise((40, 30), 90).convert("RGB").save(path, exif=exif)


def test_a_file_that_the_notebook_opens_as_a_reference_goes_along_without_its_camera(
    service, monkeypatch, tmp_path
):
    Path("img").mkdir()
    photo("img/mug.jpg")
    nb_banana.generate("a café with the mug", images=["img/mug.jpg"])
    save("lesson.ipynb", cell_of("x = %banana -i img/mug.jpg a café with the mug"))
    with zipfile.ZipFile(nb_banana.pack("lesson.zip", notebook="lesson.ipynb")) as archive:
        assert b"private camera" not in b"".join(map(archive.read, archive.namelist()))
        archive.extractall("there")
    monkeypatch.chdir("there")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    assert nb_banana.generate("a café with the mug", images=["img/mug.jpg"]).came == "reused"
    assert len(service.charges) == 1


def test_a_cell_that_would_pay_again_is_said(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("%%banana --fresh\na banana", "nbb-1"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert "cell 1 (%%banana --fresh) never takes its picture from the library" in repr(lesson)


def test_a_library_that_can_not_be_read_is_said_where_a_picture_is_missing(shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    put(client().context.places("sandbox")[0], ImageRequest("a pear"), "nbb-2")
    save("lesson.ipynb", cell_of("x", "nbb-1"), cell_of("y", "nbb-2"))
    (client().context.places("sandbox")[0].folder / "index.sqlite").write_bytes(b"spoiled" * 2000)
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert lesson.pictures == 1
    assert lesson.missing[0].startswith("cell 2 (y) shows a picture that no library here has")
    assert "is damaged" in repr(lesson)


def test_a_reference_outside_of_the_notebooks_folder_is_said(service, tmp_path):
    photo(tmp_path / "mug.jpg")
    nb_banana.generate("a café", images=[tmp_path / "mug.jpg"])
    save("lesson.ipynb", cell_of("x = %banana -i ../mug.jpg a café"))
    lesson = nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    assert "opens ../mug.jpg: copy it beside the notebook" in repr(lesson)
    assert not any("mug" in name for name in names(lesson))


def test_the_packed_index_is_whole_and_says_what_it_cost(shelf, tmp_path):
    kept = put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of("x", "nbb-1"))
    packed_prompts(nb_banana.pack("lesson.zip", notebook="lesson.ipynb"), tmp_path / "out")
    folder = tmp_path / "out" / location.BESIDE / "api"
    assert Library(folder, "api").find(kept.request.key).receipt == kept.receipt
    with closing(sqlite3.connect(folder / "index.sqlite")) as index:
        assert index.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (row,) = index.execute("SELECT host, pid, started, notebook, links, error FROM requests")
        assert row == (None,) * 6


@pytest.mark.parametrize("name", ["AIMLAPI_MANAGEMENT_KEY", "AIMLAPI_KEY", None])
def test_no_key_of_any_service_is_packed(here, shelf, monkeypatch, name):
    key = "manage-0123456789abcdef"
    nb_banana.configure(base_url="https://gateway.example/v1")
    if name is None:
        client = nb_banana.Client(key=key, base_url="https://other.example/v1")
    else:
        monkeypatch.setenv(name, key)
    put(shelf, ImageRequest("a banana"), "nbb-1")
    save("lesson.ipynb", cell_of(f"k = '{key}'\n", "nbb-1"))
    with pytest.raises(errors.LessonError, match="has your key in it"):
        nb_banana.pack("lesson.zip", notebook="lesson.ipynb")
    if name is None:
        client.close()


def test_a_folder_of_windows_is_looked_for_as_it_stands_in_a_notebook(tmp_path):
    file = save(tmp_path / "own.ipynb", cell_of("open('C:\\\\Büro\\\\cat.png')"))
    assert _in_notebook("C:\\\\Büro\\\\") in file.read_text("utf-8")
