"""What is wrong with a library is said in one sentence, and nothing in it is overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nb_banana import errors
from nb_banana.library.database import Database
from nb_banana.library.library import Library
from nb_banana.library.schema import MIGRATIONS
from nb_banana.request import ImageRequest
from tests.support.shelf import change, data_url, index_of, picture, put


def test_a_deleted_picture_is_said_and_not_taken_for_never_made(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    kept.path.unlink()
    with pytest.raises(errors.PictureMissingError, match="--fresh") as caught:
        library.find(kept.request.key)
    assert caught.value.facts["path"] == kept.path
    assert library.history() == [kept]


def test_a_cut_off_picture_is_said(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    kept.path.write_bytes(kept.read()[:-1])
    with pytest.raises(errors.PictureChangedError, match="--fresh") as caught:
        library.find(kept.request.key)
    assert caught.value.facts["path"] == kept.path


def test_a_picture_with_other_bytes_of_the_same_length_is_said_when_it_is_read(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    kept.path.write_bytes(bytes(kept.size))
    with pytest.raises(errors.PictureChangedError, match="other bytes"):
        library.find(kept.request.key).read()


def test_a_folder_that_is_moved_is_the_same_library(library, tmp_path):
    kept = put(library, ImageRequest("a mug", images=[data_url(picture("mug")[0])]), "nbb-1")
    payload = kept.request.payload()
    moved = library.folder.rename(tmp_path / "elsewhere #1 50%?")
    found = Library(moved, "api").find(kept.request.key)
    assert found.path.is_relative_to(moved)
    assert found.read() == picture("nbb-1")[0]
    assert found.request.payload() == payload


def test_paths_in_the_index_are_relative_with_forward_slashes(library):
    put(library, ImageRequest("a mug", images=[data_url(picture("mug")[0])]), "nbb-1")
    for table in ("pictures", "reference_files"):
        (row,) = library._index.rows(f"SELECT path FROM {table}")
        assert not Path(row["path"]).is_absolute()
        assert "\\" not in row["path"]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.png", "pictures/../../x", "pictures\\x", "C:/x", "README.txt"]
)
def test_an_index_that_names_files_outside_is_not_followed(library, name):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    change(library, "UPDATE pictures SET path = ?", name)
    for use in (lambda: library.find(kept.request.key), lambda: library.forget(["nbb-1"])):
        with pytest.raises(errors.LibraryDamagedError, match="outside"):
            use()


DEEP = "[" * 100_000
NONSENSE = {
    "parameters": ["{broken", DEEP, "null", "[]", '{"model": {}}', '{"params": 5}', b"\xff"],
    "refs": ["{broken", DEEP, "5", "[5]", '[{"digest": "d", "label": {}}]', '[{"label": "x"}]'],
    "parents": ["{broken", DEEP, "5", "[5]"],
    "take": ["x", b"\xff", 1.5],
    "prompt": [b"\xff"],
    "model": [b"\xff"],
    "notebook": [b"\xff"],
    "answered": ["{broken", 5, "2026-11-25T10:00:00"],
    "answered_by": [b"x"],
    "inference_id": [b"x"],
    "credits": ["x"],
    "seconds": ["x", b"x"],
    "attempts": ["x", None],
}


@pytest.mark.parametrize(
    ("column", "value"), [(name, each) for name, found in NONSENSE.items() for each in found]
)
def test_a_row_that_makes_no_sense_is_said(library, column, value):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    change(library, f"UPDATE requests SET {column} = ?", value)
    for use in (library.history, lambda: library.find(kept.request.key)):
        with pytest.raises(errors.LibraryDamagedError, match="backup") as caught:
            use()
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-1", "x", "1e999999", b"\xff"])
def test_a_price_that_makes_no_sense_is_said_and_hides_no_other_bill(library, value):
    put(library, ImageRequest("a banana"), "nbb-1")
    put(library, ImageRequest("a pear"), "nbb-2")
    change(library, "UPDATE requests SET usd = ? WHERE id = 'nbb-1'", value)
    with pytest.raises(errors.LibraryDamagedError, match="backup"):
        library.history()
    assert [bill.usd is None for bill in library.bills()] == [True, False]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("width", each) for each in (0, -1, "x")),
        *(("size", each) for each in ("x", b"x")),
        *(("mime", each) for each in ("text/html", "<b>", 5)),
        ("digest", b"x"),
        ("path", "pictures/a\0b"),
    ],
)
def test_a_picture_that_makes_no_sense_is_said(library, column, value):
    put(library, ImageRequest("a banana"), "nbb-1")
    change(library, f"UPDATE pictures SET {column} = ?", value)
    with pytest.raises(errors.LibraryDamagedError):
        library.history()


def test_one_bad_row_does_not_hide_the_others_that_are_unfinished(library):
    for number, links in enumerate(["[5]", DEEP, '["https://x/1"]', None]):
        library.begin(ImageRequest(f"{number}"), f"nbb-{number}")
        library.mark_unknown(f"nbb-{number}", "no answer")
        change(library, "UPDATE requests SET links = ? WHERE id = ?", links, f"nbb-{number}")
    problems = []
    left = library.unfinished(problems=problems)
    assert [each.request_id for each in left] == ["nbb-2", "nbb-3"]
    assert len(problems) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON requests BEGIN DELETE FROM requests; END",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON requests (abs(take))",
        "ALTER TABLE requests ADD COLUMN more TEXT AS (hex(prompt))",
        "DROP INDEX requests_by_key",
    ],
)
def test_an_index_with_other_tables_than_ours_is_not_used(library, sql):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    change(library, sql)
    for use in (
        library.history,
        lambda: library.find(kept.request.key),
        lambda: library.begin(ImageRequest("a pear"), "nbb-2"),
    ):
        with pytest.raises(errors.LibraryDamagedError, match="tables"):
            use()


def test_figures_that_sqlite_keeps_of_a_table_do_no_harm(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    change(library, "ANALYZE")
    assert len(library.history()) == 1


def spoil_header(index):
    index.write_bytes(b"not a database" + index.read_bytes()[14:])


def spoil_pages(index):
    data = index.read_bytes()
    index.write_bytes(data[:4096] + bytes([255]) * (len(data) - 4096))


def cut(index):
    index.write_bytes(index.read_bytes()[:5000])


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages, cut])
def test_a_damaged_index_is_said_and_left_as_it_is(library, spoil):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    spoil(index_of(library))
    before = index_of(library).read_bytes()
    for use in (
        lambda: library.find(kept.request.key),
        lambda: library.begin(ImageRequest("a pear"), "nbb-2"),
    ):
        with pytest.raises(errors.LibraryDamagedError, match="backup"):
            use()
    assert index_of(library).read_bytes() == before
    assert kept.path.exists()


def test_a_library_from_a_newer_version_is_said_and_left_as_it_is(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    change(library, "PRAGMA user_version = 99")
    before = index_of(library).read_bytes()
    for use in (
        lambda: library.find(kept.request.key),
        lambda: library.begin(ImageRequest("a pear"), "nbb-2"),
    ):
        with pytest.raises(errors.NewerLibraryError, match="pip install -U"):
            use()
    assert index_of(library).read_bytes() == before


def test_an_older_library_is_brought_up_to_date_with_all_that_it_has(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    newer = (*MIGRATIONS, ("ALTER TABLE requests ADD COLUMN mood TEXT DEFAULT 'good'",))
    index = Database(index_of(library), 5, newer)
    assert index.rows("SELECT id, mood FROM requests") == [{"id": "nbb-1", "mood": "good"}]
    assert index.rows("PRAGMA user_version") == [{"user_version": len(newer)}]


def test_a_migration_that_fails_changes_nothing(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    broken = (*MIGRATIONS, ("ALTER TABLE requests ADD COLUMN mood TEXT", "no SQL"))
    with pytest.raises(errors.LibraryError):
        Database(index_of(library), 5, broken).rows("SELECT 1")
    assert "mood" not in library._index.rows("SELECT * FROM requests")[0]


def test_the_index_has_a_rollback_journal_and_no_wal(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    assert library._index.rows("PRAGMA journal_mode") == [{"journal_mode": "delete"}]
    assert {each.name for each in library.folder.iterdir()} == {
        "README.txt",
        "incoming",
        "index.sqlite",
        "pictures",
    }


def test_a_file_in_the_place_of_the_folder_is_said(library):
    library.folder.write_text("mine")
    with pytest.raises(errors.LibraryUnavailableError, match=r"Banana\.library"):
        library.begin(ImageRequest("a banana"), "nbb-1")
    assert library.find("key") is None  # there can't be a library
    assert library.folder.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_that_nobody_can_make_is_said():
    with pytest.raises(errors.LibraryUnavailableError, match=r"Banana\.library"):
        Library(Path("/proc/nb_banana"), "api").begin(ImageRequest("a banana"), "nbb-1")


def test_what_dead_writers_left_goes_after_a_day_and_not_before(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    suffixes = ("part", "part-journal")  # the latter where it died while it made the index
    for part in (library.folder / f"incoming/{age}.{each}" for age in "on" for each in suffixes):
        part.write_bytes(b"half")
        if part.stem == "o":
            os.utime(part, (0, 0))
    library.begin(ImageRequest("a pear"), "nbb-2")
    left = {each.name for each in (library.folder / "incoming").iterdir()}
    assert left == {f"n.{each}" for each in suffixes}


def test_the_folder_says_what_it_is(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    text = (library.folder / "README.txt").read_text("utf-8")
    for words in ("may delete", "backup", "nb_banana.forget()"):
        assert words in text


HOMELESS = """\
import os, pwd
def nobody(*_): raise KeyError("uid not found")
pwd.getpwuid = pwd.getpwnam = nobody
"""


def homeless(code, folder):
    """What a Python says whose user has no home folder and no line in the list of users."""
    leave_out = ("HOME", "XDG_", "PYTHON_KEYRING_BACKEND")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(leave_out)}
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS + code],
        env=kept | {"IPYTHONDIR": str(folder / "ipython"), "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "~").exists()
    return done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a home folder is another thing there")
def test_without_a_home_folder_the_extension_loads_and_the_sandbox_draws(tmp_path):
    said = homeless(
        "try: from IPython.core.interactiveshell import InteractiveShell\n"
        "except RuntimeError: raise SystemExit\n"  # IPython 7 itself can't do without one
        "shell = InteractiveShell.instance()\n"
        "for cell in ('%load_ext nb_banana', '%banana a banana', '%banana a banana'):\n"
        "    shell.run_cell(cell)\n",
        tmp_path,
    )
    assert not said or said.count(": a banana, sandbox picture, ") == 2
    assert not said or said.count("There is no home folder") == 1
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="a home folder is another thing there")
def test_without_a_home_folder_a_script_draws_and_all_else_is_an_error_of_ours(tmp_path):
    said = homeless(
        "import nb_banana\n"
        "picture = nb_banana.generate('a banana')\n"
        "print(picture, nb_banana.doctor(), nb_banana.history(), nb_banana.spending())\n"
        "print(nb_banana.recover(), nb_banana.dry_run('a mug').price)\n"
        "for each in (lambda: picture.save('~/x.png'), lambda: nb_banana.load('~/x.png'),\n"
        "             lambda: nb_banana.generate('a', images='~nobody/x.png'),\n"
        "             lambda: nb_banana.pack('~/x.zip', notebook='~/x.ipynb'),\n"
        "             lambda: nb_banana.unpack('~/x.zip')):\n"
        "    try: each()\n"
        "    except nb_banana.errors.BananaError as error: print('refused:', error)\n"
        "nb_banana.configure(library='pictures')\n"
        "print(nb_banana.generate('a mug').path)\n",
        tmp_path,
    )
    assert said.count("refused:") == 5
    assert str(tmp_path / "pictures") in said
    assert "Traceback" not in said
