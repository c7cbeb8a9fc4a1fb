"""Libraries in layers: one is written, those of others are looked in after it and left alone."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue

import nb_banana
from nb_banana import Client, configure, errors, generate, generate_many
from nb_banana._default import client
from nb_banana.library import location, schema
from nb_banana.library.library import Library
from nb_banana.library.shared import SharedLibrary
from nb_banana.request import ImageRequest
from tests.conftest import KEY
from tests.library.test_library_crash import running
from tests.support.amount import rounds
from tests.support.doors import open_door
from tests.support.shelf import index_of, make_older, picture, put, receipt
from tests.support.shells import ipython_shell

PROMPTS = ("a banana", "a mug", "a café")


@pytest.fixture(params=["function", "magic"])
def draw(request, service):
    with open_door(request.param) as door:
        yield door


@pytest.fixture
def shared(tmp_path):
    """A folder of the teacher's, whose modes a test may change."""
    folder = tmp_path / "class"
    folder.mkdir()
    yield folder
    for each in [folder, *folder.rglob("*")]:
        each.chmod(0o700)


@pytest.fixture
def lesson(service, shared):
    """The same, with the teacher's pictures of the service in it; nobody has asked for more yet."""
    with Client(key=KEY, base_url=service.url, library=shared) as teacher:
        teacher.generate_many(PROMPTS)
    return shared


def close(folder):
    """Let nobody write to a folder."""
    for each in [*folder.rglob("*"), folder]:
        each.chmod(0o555 if each.is_dir() else 0o444)


def snapshot(folder):
    """All that a folder is: names, modes, times and bytes."""
    return {
        str(each): (
            each.stat().st_mode,
            each.stat().st_mtime_ns,
            each.is_file() and each.read_bytes(),
        )
        for each in sorted([folder, *folder.rglob("*")])
    }


def shelf_of(folder, service):
    kind = location.kind_of(service.url)
    return Library(folder / kind, kind)


@pytest.mark.parametrize(
    ("setting", "is_closed"),
    [("shared_libraries", False), ("shared_libraries", True), ("library", True)],
)
def test_a_class_of_kernels_draws_from_one_shared_library(
    service, lesson, tmp_path, setting, is_closed
):
    if is_closed:
        close(lesson)
    before, paid = snapshot(lesson), len(service.posts)
    names = [f"s{number:02}" for number in range(rounds(2, 30))]
    call = [sys.executable, "-m", "tests.support.student_worker", setting, str(lesson)]
    students = {
        name: subprocess.Popen(
            [*call, name, service.url, *PROMPTS],
            env=os.environ | {"XDG_DATA_HOME": str(tmp_path / name), "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    }
    said = {name: json.loads(each.communicate()[0]) for name, each in students.items()}
    assert snapshot(lesson) == before
    drawn = sorted(each.body["prompt"] for each in service.posts[paid:])
    assert drawn == sorted(
        f"{what} {name}" for name in names for what in ("a pear of", "with the hat of")
    )
    for name, found in said.items():
        own = str(tmp_path / name / "nb_banana")
        assert found["came"] == ["reused"] * len(PROMPTS)
        assert all(" · from a shared library · $0 · " in each for each in found["captions"])
        assert found["own"].startswith(own)
        assert found["edited"][0].startswith(own)
        assert found["edited"][1] == PROMPTS[0]
        assert "only read" in found["refused"]
        mine = {f"a pear of {name}", f"with the hat of {name}"}
        assert set(found["history"]) == {*PROMPTS, *mine}
        assert found["bills"] == 2
        assert found["fine"]
        has_note = [own in each and "can only be read" in each for each in found["notes"]]
        assert has_note == ([True] if setting == "library" else [])
        assert not (tmp_path / f"nb_banana-{os.getuid()}").exists()  # nothing had to stand in


def test_a_shared_picture_is_a_hit_through_every_door_and_needs_no_key(
    service, lesson, monkeypatch
):
    monkeypatch.delenv("AIMLAPI_KEY")
    configure(shared_libraries=[lesson], backend="library")
    before, paid = snapshot(lesson), len(service.posts)
    assert generate("a banana").came == "reused"
    assert [each.came for each in generate_many(PROMPTS)] == ["reused"] * 3
    assert [each.came for each in nb_banana.sweep("a {{what}}", over={"what": ["mug", "café"]})]
    assert generate("a mug", background=True).wait().came == "reused"
    assert "it is in your library" in repr(nb_banana.dry_run("a mug"))
    with ipython_shell() as shell:
        assert shell.shell.run_cell("%%banana\na banana").result.came == "reused"
    found = nb_banana.history("banana")
    assert nb_banana.load(found[0].id).bytes == found[0].bytes
    assert "in your library and shared ones" in repr(found)
    assert "a banana (in a shared library)" in repr(found)
    assert len(service.posts) == paid
    assert nb_banana.spending().lines[-1].count == 0
    assert snapshot(lesson) == before


def test_without_a_key_a_shared_picture_of_the_model_counts_before_the_sandbox(shared, monkeypatch):
    monkeypatch.delenv("AIMLAPI_KEY", raising=False)
    put(Library(shared / "api", "api"), ImageRequest("a banana"), "nbb-1")
    configure(shared_libraries=[str(shared)])
    generate("a pear")  # painted
    assert generate("a banana").receipt.usd == receipt("x").usd
    assert generate("a banana").sandbox is False


def test_ones_own_picture_counts_first_and_then_the_shared_ones_in_their_order(service, tmp_path):
    for name in ("first", "second"):
        put(shelf_of(tmp_path / name, service), ImageRequest("a banana"), f"nbb-{name}")
    configure(shared_libraries=[tmp_path / "none", tmp_path / "first", tmp_path / "second"])
    assert generate("a banana").receipt.client_request_id == "nbb-first"
    mine = generate("a banana", fresh=True)
    assert generate("a banana").digest == mine.digest
    assert mine.path.is_relative_to(tmp_path / "data")


def test_relative_folders_are_beside_the_notebook_and_a_home_is_understood(
    service, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "nb").mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "nb" / "lesson.ipynb"))
    put(shelf_of(tmp_path / "nb" / "class", service), ImageRequest("a banana"), "nbb-1")
    put(shelf_of(tmp_path / "home" / "x", service), ImageRequest("a pear"), "nbb-2")
    configure(shared_libraries=["class", "~/x"])
    assert [generate(each).came for each in ("a banana", "a pear")] == ["reused"] * 2


def test_the_library_that_is_written_is_no_shared_one_of_itself(service, lesson):
    configure(library=str(lesson), shared_libraries=[lesson, f"{lesson}/../class"])
    assert len(nb_banana.history()) == 3
    assert generate("a pear").path.is_relative_to(lesson)


def test_with_keep_off_no_shared_library_is_read(service, lesson):
    configure(shared_libraries=[lesson], keep=False)
    assert generate("a banana").came == "made"


def test_two_clients_have_shared_libraries_of_their_own(service, lesson, tmp_path):
    more = {"key": KEY, "base_url": service.url, "backend": "library"}
    with (
        Client(**more, library=tmp_path / "a", shared_libraries=lesson) as one,
        Client(**more, library=tmp_path / "b") as other,
    ):
        assert one.generate("a banana").came == "reused"
        with pytest.raises(errors.NotKeptError):
            other.generate("a banana")
    assert nb_banana.configure().shared_libraries == []


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("/srv/class", ["/srv/class"]),
        (Path("/srv/class"), ["/srv/class"]),
        (["a", Path("b")], ["a", "b"]),
        (("a",), ["a"]),
        ([], []),
        (None, []),
    ],
)
def test_folders_are_a_list_and_one_by_itself_is_understood(given, taken):
    assert configure(shared_libraries=given).shared_libraries == taken


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "names of folders"),
        ([""], "names of folders"),
        (["a", "  "], "names of folders"),
        ([5], "names of folders"),
        ([None], "names of folders"),
        ("a\0b", "can't be one"),
        (["\ud800"], "can't be one"),
        (5, "a list of folders such as"),
        ({"a": 1}, "a list of folders such as"),
        (b"a", "a list of folders such as"),
    ],
)
def test_what_is_no_list_of_folders_is_refused(given, said):
    configure(shared_libraries="before")
    with pytest.raises(errors.SettingsError, match=said):
        configure(shared_libraries=given)
    assert configure().shared_libraries == ["before"]


def test_a_key_in_a_shared_folders_name_is_refused(service):
    with pytest.raises(errors.SettingsError, match="has your key in it") as caught:
        configure(shared_libraries=["a", f"/srv/{KEY}"])
    assert KEY not in str(caught.value)


def test_it_is_set_by_config_and_by_the_persons_own_configuration():
    with ipython_shell() as shell:
        shell.run("%config Banana.shared_libraries = ['a', 'b']")
        assert configure().shared_libraries == ["a", "b"]
        shell.shell.config = Config({"Banana": {"shared_libraries": LazyConfigValue()}})
        shell.shell.config.Banana.shared_libraries.append("c")
        shell.run("%reload_ext nb_banana")
        assert configure().shared_libraries == ["c"]


def spoil_bytes(index):
    index.write_bytes(b"spoiled" * 2000)


def spoil_empty(index):
    index.write_bytes(b"")


def spoil_newer(index):
    with closing(sqlite3.connect(index)) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")


def spoil_page(index):
    """One page in the middle: a search may just find nothing there."""
    with index.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


def spoil_mode(index):
    """What SQLite can't read without making files beside it."""
    with closing(sqlite3.connect(index)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def spoil_journal(index):
    """A writer was killed: its journal would have to be played back first."""
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1')\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('UPDATE requests SET prompt = hex(randomblob(200000))')\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(index)], check=True)
    assert index.with_name("index.sqlite-journal").stat().st_size


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (spoil_bytes, errors.LibraryDamagedError),
        (spoil_empty, errors.LibraryDamagedError),
        (spoil_page, errors.LibraryDamagedError),
        (spoil_newer, errors.NewerLibraryError),
        (spoil_mode, errors.LibraryUnavailableError),
        (spoil_journal, errors.LibraryUnavailableError),
    ],
)
def test_a_shared_library_that_can_not_be_read_is_an_error_before_anything_is_sent(
    service, lesson, spoil, error
):
    spoil(index_of(shelf_of(lesson, service)))
    configure(shared_libraries=[lesson])
    before, paid = snapshot(lesson), len(service.posts)
    for call in (
        lambda: generate("a pear"),
        lambda: generate_many(["a pear", "a plum"]),
        lambda: generate("a pear", background=True).wait(),
    ):
        with pytest.raises(error, match=r"leave it out of Banana\.shared_libraries"):
            call()
    assert len(service.posts) == paid
    assert snapshot(lesson) == before
    checks = [each for each in nb_banana.doctor().checks if each.what.startswith("shared library")]
    assert not all(each.fine for each in checks)
    assert generate("a pear", fresh=True).came == "made"
    assert generate("a pear").came == "reused"  # from one's own
    assert nb_banana.spending().lines[-1].count == 1
    assert len(nb_banana.recover()) == 0
    assert snapshot(lesson) == before


def test_a_file_in_place_of_a_shared_folder_is_said_before_anything_is_sent(service, tmp_path):
    (tmp_path / "lesson.zip").write_bytes(b"PK")
    configure(shared_libraries=[tmp_path / "lesson.zip"])
    with pytest.raises(errors.LibraryUnavailableError, match="is a file"):
        generate("a banana")
    assert not service.posts


def test_a_shared_library_that_another_program_holds_is_said(shared, monkeypatch):
    put(Library(shared / "api", "api"), ImageRequest("a banana"), "nbb-1")
    library = SharedLibrary(shared / "api", "api")
    library._index.patience = 0.1
    with running("hold", library), pytest.raises(errors.LibraryBusyError, match="held"):
        library.find(ImageRequest("a banana").key)
    assert library.find(ImageRequest("a banana").key)


def test_a_shared_folder_without_a_library_is_noted_once(draw, service, tmp_path):
    configure(shared_libraries=[tmp_path / "clas"])
    first, second = draw("a banana"), draw("a pear")
    assert "There is no library in" in "".join(first.notes)
    assert str(tmp_path / "clas") in "".join(first.notes)
    assert second.notes == ()
    assert not nb_banana.doctor().fine
    configure(backend="library")
    with pytest.raises(errors.NotKeptError, match="There is no library in"):
        draw("a plum")


def test_without_a_home_a_library_that_can_only_be_read_is_still_looked_in(
    lesson, service, tmp_path
):
    close(lesson)
    code = (
        "from tests.support.library_worker import be_bound_by_modes; be_bound_by_modes()\n"
        "import sys, nb_banana\n"
        "nb_banana.configure(library=sys.argv[1], base_url=sys.argv[2])\n"
        "print(nb_banana.generate('a banana').came, nb_banana.generate('a pear').path)"
    )
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    env = os.environ | {"XDG_DATA_HOME": str(blocked), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(lesson), service.url],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    came, path = done.stdout.split()
    assert came == "reused"
    assert path.startswith(str(tmp_path / "nb_banana-"))  # a stand-in, for nothing else is left


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_shared_library_is_read_as_it_is(service, shared, version):
    library = shelf_of(shared, service)
    put(library, ImageRequest("a banana"), "nbb-1")
    make_older(library, version)
    before = snapshot(shared)
    configure(shared_libraries=[shared])
    assert generate("a banana").came == "reused"
    assert len(nb_banana.history("banana")) == 1
    assert nb_banana.load("nbb-1").prompt == "a banana"
    assert any("1 pictures" in each.found for each in nb_banana.doctor().checks)
    assert snapshot(shared) == before


def test_a_lost_picture_of_a_shared_library_is_said_and_not_paid(service, lesson):
    kept = shelf_of(lesson, service).find(ImageRequest("a banana").key)
    kept.path.unlink()
    configure(shared_libraries=[lesson])
    paid = len(service.posts)
    with pytest.raises(errors.PictureMissingError, match="--fresh"):
        generate("a banana")
    assert len(service.posts) == paid


def test_what_others_left_unfinished_in_a_shared_library_is_left_to_them(service, shared):
    library = shelf_of(shared, service)
    library.begin(ImageRequest("a banana"), "nbb-1")
    library.mark_unknown("nbb-1", "no answer", receipt("nbb-1"))
    configure(shared_libraries=[shared])
    before = snapshot(shared)
    (shared.parent / "data" / "nb_banana" / location.OWN).unlink()  # another person made it
    assert len(nb_banana.recover()) == 0
    assert generate("a banana").came == "made"
    assert nb_banana.spending().lines[-1].count == 1
    assert snapshot(shared) == before


def test_no_stand_in_moves_into_a_library_that_can_only_be_read(service, lesson):
    """Each step of a shared library that would write says no, whoever takes it."""
    library = SharedLibrary(lesson / location.kind_of(service.url), "api")
    before = snapshot(lesson)
    for step in (
        lambda: library.begin(ImageRequest("a pear"), "nbb-1"),
        lambda: library.store("nbb-1", [picture("x")], receipt("nbb-1")),
        lambda: library.mark_failed("nbb-1", "x"),
        lambda: library.keep_answer("nbb-1", b"x"),
        lambda: library.forget(["nbb-1"]),
    ):
        with pytest.raises(errors.LibraryError):
            step()
    assert snapshot(lesson) == before


def test_a_shared_picture_is_forgotten_only_where_one_has_it_oneself(service, lesson):
    configure(shared_libraries=[lesson])
    image = generate("a banana")
    with pytest.raises(errors.LibraryError, match=r"only read from here\. Nothing was deleted"):
        nb_banana.forget(image)
    mine = generate("a banana", fresh=True)
    nb_banana.forget(mine, ask=False)
    assert generate("a banana").digest == image.digest


def test_pack_takes_pictures_of_shared_libraries_along(service, lesson, tmp_path):
    import nbformat

    configure(shared_libraries=[lesson])
    image = generate("a banana").edit("with a hat")
    client().context.used.clear()
    shown = nbformat.v4.new_output(
        "display_data", metadata={"nb_banana": {"request": image.receipt.client_request_id}}
    )
    cell = nbformat.v4.new_code_cell("x", outputs=[shown])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    before = snapshot(lesson)
    packed = nb_banana.pack(tmp_path / "a.zip", notebook=tmp_path / "a.ipynb")
    assert packed.pictures == 2  # with the one that it was made from
    assert snapshot(lesson) == before
