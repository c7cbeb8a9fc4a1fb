"""Kernels that share a library, and kernels that die in the middle of it."""

import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from nb_banana import errors
from nb_banana.imaging.decode import PictureKind
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import ResultItem
from tests.support.amount import rounds
from tests.support.mortal import live
from tests.support.shelf import bytes_of, index_of, put, receipt

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills and limits are POSIX")
STATES = ("sent", "answered", "stored")


def start(task, library, *rest):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.library_worker",
            task,
            str(library.folder),
            *map(str, rest),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@contextmanager
def running(task, library, *rest):
    """Another kernel that has said its first word and goes on."""
    with start(task, library, *rest) as kernel:
        kernel.stdout.readline()
        try:
            yield kernel
        finally:
            kernel.kill()


def said(task, library, *rest):
    """What another kernel says before it ends."""
    with start(task, library, *rest) as kernel:
        return kernel.communicate()[0]


def test_eight_kernels_write_at_once_and_nothing_is_lost_or_doubled(library):
    kernels = [start("many", library, name, 25) for name in "abcdefgh"]
    assert [kernel.communicate() and kernel.returncode for kernel in kernels] == [0] * 8
    kept = library.history(limit=None)
    assert {each.request_id for each in kept} == {
        f"nbb-{name}-{number}" for name in "abcdefgh" for number in range(25)
    }
    assert len(kept) == len({each.read() for each in kept}) == 200
    assert len(list(library.folder.rglob("*.png"))) == 200
    assert not list((library.folder / "incoming").iterdir())


def test_a_picture_of_one_kernel_is_free_for_another(library):
    said("many", library, "a", 1)
    assert library.find(ImageRequest("a 0").key).read()


def test_what_another_kernel_works_on_is_left_to_it_until_it_dies(library):
    with running("wait", library, "nbb-1") as kernel:
        assert library.unfinished() == []
        kernel.kill()
        kernel.wait()
        (left,) = library.unfinished()
    assert (left.request_id, left.state) == ("nbb-1", "sent")


def test_a_forked_process_uses_the_same_library(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    child = os.fork()
    if child == 0:
        put(library, ImageRequest("a pear"), "nbb-2")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert len(library.history()) == 2


def test_a_kernel_that_is_killed_at_any_moment_leaves_a_library_that_tells_the_truth(library):
    moments = random.Random(20)
    for life in range(rounds(6, 20)):
        with running("endless", library, life) as kernel:
            try:
                kernel.wait(moments.uniform(0, 0.08))
            except subprocess.TimeoutExpired:
                kernel.send_signal(signal.SIGKILL)
            steps = [line.split() for line in kernel.stdout]
        # Each step that was done is in the library: the states go forward only.
        reached = {request_id: state for state, request_id in steps}
        rows = {row["id"]: row["state"] for row in library._index.rows("SELECT * FROM requests")}
        for request_id, state in reached.items():
            assert STATES.index(rows[request_id]) >= STATES.index(state)
    check_every_row(library)
    finish(library)


def check_every_row(library):
    """A stored row has its whole file, an answered one its link, and all bills are there."""
    kept = library.history(limit=None)
    assert all(each.read() == bytes_of(each.request_id) for each in kept)
    left = library.unfinished()
    assert all(each.links == (f"https://x/{each.request_id}",) for each in left if each.receipt)
    answered = sum(each.receipt is not None for each in left)
    assert len(library.bills()) == len(kept) + answered
    assert library._index.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert len(kept) + len(left) == len(library._index.rows("SELECT id FROM requests"))


def finish(library):
    """Fetch what was made and charged: then each of them is there, and once."""
    for each in library.unfinished():
        if each.state == "answered":
            data = bytes_of(each.request_id)
            library.store(each.request_id, [(data, PictureKind("image/png", 8, 8))], each.receipt)
        else:
            library.mark_failed(each.request_id, "not charged")
    kept = library.history(limit=None)
    assert library.unfinished() == []
    assert len(list(library.folder.rglob("*.png"))) == len(kept) == len(library.bills())


def test_a_kernel_that_is_killed_while_it_stores_leaves_the_picture_once(library):
    """What came inside of an answer is in the folder answers until it is a picture, and no more."""
    step, has_died, within = 0, True, ("library/files", "library/deletion")
    while has_died:
        step += rounds(13, 1)
        name, data = f"nbb-{step}", bytes_of(f"nbb-{step}")
        pictures = [(data, PictureKind("image/png", 8, 8))]
        library.begin(ImageRequest(name), name)
        library.keep_answer(name, data, 0)
        library.mark_answered(name, [ResultItem(data=data)], receipt(name))
        store = partial(library.store, name, pictures, receipt(name))
        has_died = not live(store, step, within)
        library.release(name, "it died")
        open_ = [each.request_id for each in library.unfinished()]
        assert (library.kept_answer(name, 0) == data) is bool(open_)
        kept = {each.request_id: each.read() for each in library.history(name)}
        assert kept == ({} if open_ else {name: data})
        store()
        assert library.unfinished() == []
        assert not list((library.folder / "answers").iterdir())
    assert not open_


def test_an_index_that_is_held_too_long_is_said(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    hasty = Library(library.folder, "api", patience=0.1)
    with running("hold", library):
        with pytest.raises(errors.LibraryBusyError, match="held"):
            hasty.find(ImageRequest("a banana").key)
        with pytest.raises(errors.LibraryBusyError, match="held"):
            hasty.begin(ImageRequest("a pear"), "nbb-2")
    hasty.begin(ImageRequest("a pear"), "nbb-2")


def test_a_full_disk_is_said_and_the_link_of_the_picture_stays(library):
    words = said("full", library)
    assert words.startswith("LibraryUnavailableError")
    assert "the disk is full" in words
    assert [each.links for each in library.unfinished()] == [("https://x/1",)]
    assert not list((library.folder / "incoming").iterdir())
    assert not list(library.folder.rglob("*.png"))


def test_a_disk_that_is_too_full_for_the_index_is_said(library):
    assert said("full_index", library).startswith("LibraryUnavailableError")
    assert [each.request_id for each in library.unfinished()] == ["nbb-1"]
    assert not index_of(library).with_name("index.sqlite-journal").exists()


@pytest.fixture
def folder(tmp_path):
    """A folder that can be deleted afterwards, whatever a test has done to its modes."""
    yield tmp_path
    tmp_path.chmod(0o700)
    for each in tmp_path.rglob("*"):
        each.chmod(0o700)


def test_a_folder_that_is_read_only_can_be_read_and_says_so_when_written(folder):
    library = Library(folder / "library", "api")
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    for each in [*library.folder.rglob("*"), library.folder]:
        each.chmod(0o555 if each.is_dir() else 0o444)
    words = said("read_only", library, kept.request.key).splitlines()
    assert words[0] == "a banana"
    assert words[1].startswith("LibraryUnavailableError")
    assert "Banana.library" in words[1]


@pytest.mark.parametrize(("mode", "words"), [("555", "can't be made"), ("0", "can't be read")])
def test_the_doctor_says_that_a_folder_cannot_be_used(folder, mode, words):
    found = said("checkup", Library(folder / "sandbox", "sandbox"), mode)
    assert words in found
    assert "Banana.library" in found


def test_kernels_that_store_the_same_pictures_at_once_do_not_clash(library):
    kernels = [start("same", library, name, 25) for name in "abcd"]
    assert [kernel.communicate() and kernel.returncode for kernel in kernels] == [0] * 4
    kept = library.history(limit=None)
    assert len(kept) == 100
    assert len({each.read() for each in kept}) == len(list(library.folder.rglob("*.png"))) == 25
