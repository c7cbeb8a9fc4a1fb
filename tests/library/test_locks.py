"""Locks that fail, a lock that is held, no locks at all; and folders with odd names."""

import errno
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import PurePosixPath, PureWindowsPath

import pytest

import nb_banana
from nb_banana import configure, doctor, errors, generate, history, load, recover, spending
from nb_banana.library import database
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from tests.support.amount import ALL
from tests.support.no_locks import no_locks
from tests.support.shelf import index_of, put

CANT_LOCK = "disk can't lock files"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the library is. Nobody waits long for a lock."""
    monkeypatch.setattr(database, "LONGEST_LOOK", 0.1)
    monkeypatch.setattr(database, "STILL_HELD", 0.1)
    configure(library=str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.EIO])
def test_a_new_library_on_a_disk_that_cant_lock_has_a_stand_in(service, folder, code):
    with no_locks(folder, code):
        first = generate("a banana")
        assert "for now, for your library in" in str(doctor())
        again = generate("a banana")
    assert (again.bytes, len(service.posts)) == (first.bytes, 1)
    assert not first.path.is_relative_to(folder)
    assert load(first.id).path.is_relative_to(folder)  # it came home


@pytest.mark.parametrize("code", [errno.ENOTSUP, errno.EIO, errno.ENOLCK])
def test_a_library_whose_disk_cant_lock_any_more_is_said_and_nothing_is_sent(service, folder, code):
    first = generate("a banana")
    with no_locks(folder, code):
        for ask in (lambda: generate("a banana"), lambda: generate("a pear"), history, recover):
            with pytest.raises(errors.LibraryError, match=CANT_LOCK):
                ask()
        assert CANT_LOCK in str(doctor())
        assert CANT_LOCK in str(spending())
    assert len(service.posts) == 1
    assert generate("a banana").id == first.id


def test_a_new_library_that_always_seems_held_has_a_stand_in(service, folder, monkeypatch):
    """What a network disk without its lock server says is what a busy one says too."""
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, timeout=0.1, **options: connect(path, 0.1, **options)
    )
    with no_locks(folder, errno.ENOLCK):
        made = generate("a banana")
    assert not made.path.is_relative_to(folder)
    assert len(service.posts) == 1


def test_who_only_looks_into_a_held_library_does_not_wait_for_ever(service, folder):
    """The library itself waits half a minute, for what was paid; a look in vain is a short one."""
    first = generate("a banana")
    index = first.path.parents[2] / "index.sqlite"
    for library in nb_banana._default.client().context.every_library():
        library._index.patience = 3600.0
    with closing(sqlite3.connect(index, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for ask in (lambda: generate("a banana"), lambda: generate("a pear"), history, recover):
            with pytest.raises(errors.LibraryBusyError, match="held the library"):
                ask()
        assert "held the library" in str(doctor())
        assert "held the library" in str(spending())
        other.execute("ROLLBACK")
    assert len(service.posts) == 1
    assert len(history()) == 1
    assert generate("a banana").id == first.id


def test_without_any_locks_the_threads_of_a_kernel_lose_nothing(library, monkeypatch):
    """SQLite's `unix-none`: https://sqlite.org/vfs.html#standard_unix_vfses"""
    connect = sqlite3.connect

    def unlocked(path, *args, **options):
        if options.get("uri"):
            path = f"{path}&vfs=unix-none"
        return connect(path, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", unlocked)
    ids = [f"nbb-{number}" for number in range(24)]
    put(library, ImageRequest("a banana"), "nbb-first")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda each: put(library, ImageRequest(each), each), ids))
    library.check()
    assert {each.request_id for each in library.history(limit=None)} == {"nbb-first", *ids}
    assert library.unfinished() == []
    assert len(library.bills()) == 25


def test_a_library_that_another_program_has_set_to_wal_is_used_as_it_is(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    with closing(sqlite3.connect(index_of(library))) as other:
        assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    put(library, ImageRequest("a pear"), "nbb-2")
    assert {each.request_id for each in library.history()} == {"nbb-1", "nbb-2"}


NAMES = [
    "with a space",
    "100%",
    "%41%00",
    "what?mode=memory",
    "#1",
    "a&b=c;d",
    "Büro 日本 🍌",
    "file:x",
    "n" * 200,
    "-dash",
    "~",
    'it\'s "quoted"',
    "back\\slash",
    "vfs=unix-none&immutable=1",
    b"not utf-8: \xff".decode("utf-8", "surrogateescape"),
    " ",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_linked", [False, True] if ALL else [False])
def test_a_library_is_in_a_folder_of_any_name(tmp_path, name, is_linked):
    folder = tmp_path / name
    if is_linked:  # as network drives often are
        (tmp_path / "target" / name).mkdir(parents=True)
        folder.symlink_to(tmp_path / "target" / name)
    library = Library(folder / "api", "api", patience=5)
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    assert kept.path.is_relative_to(folder)
    assert (folder / "api" / "index.sqlite").stat().st_size > 0
    again = Library(folder / "api", "api")
    assert [each.request_id for each in again.history()] == ["nbb-1"]
    again.check()
    assert {each.name for each in tmp_path.iterdir()} - {"target", "data"} == {name}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (PurePosixPath("/home/a b/50%/index.sqlite"), "file:///home/a%20b/50%25/index.sqlite"),
        (PureWindowsPath(r"C:\Ada #1\index.sqlite"), "file:///C:/Ada%20%231/index.sqlite"),
        (PureWindowsPath(r"\\home\ada\x?\i.sqlite"), "file:////home/ada/x%3F/i.sqlite"),
    ],
)
def test_sqlite_finds_the_index_on_a_share_of_windows_too(path, address):
    assert database._address(path) == address
