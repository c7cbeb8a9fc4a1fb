"""Answers move home, or are copied into a lesson and out of it: each once, and none comes back."""

import shutil

import pytest

from nb_banana.library.library import Library
from nb_banana.library.transfer import bring_home, copy_answers
from nb_banana.request import ImageRequest
from tests.support.shelf import change, put

BANANA = ImageRequest("a banana")


@pytest.fixture
def stand_in(tmp_path):
    return Library(tmp_path / "stand-in", "api")


def ids(stored):
    return [each.request_id for each in stored]


def test_what_a_process_that_died_left_in_a_stand_in_comes_home_with_what_was_kept_of_it(
    stand_in, library
):
    stand_in.begin(BANANA, "nbb-1")
    stand_in.keep_answer("nbb-1", b"no picture", 0)
    change(stand_in, "UPDATE requests SET started = 'long ago'")
    assert bring_home(stand_in, library) == ["nbb-1"]
    assert ids(library.unfinished()) == ["nbb-1"]
    assert library.kept_answer("nbb-1", 0) == b"no picture"
    assert stand_in.unfinished() == []


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_who_died_on_the_way_home_goes_again_and_nothing_is_there_twice(
    stand_in, library, tmp_path, is_forgotten
):
    put(stand_in, BANANA, "nbb-1")
    shutil.copytree(stand_in.folder, tmp_path / "before")
    bring_home(stand_in, library)
    if is_forgotten:
        library.forget_requests(["nbb-1"])
    bring_home(Library(tmp_path / "before", "api"), library)
    assert ids(library.history()) == ([] if is_forgotten else ["nbb-1"])
    assert len([*library.folder.glob("pictures/*/*")]) == len(library.history())
    assert len(library.bills()) == 1


def test_a_lesson_brings_back_what_was_forgotten_and_what_was_never_finished(stand_in, library):
    for name in ("nbb-1", "nbb-2"):
        put(stand_in, ImageRequest(name), name)
    put(library, ImageRequest("nbb-1"), "nbb-1")
    library.forget_requests(["nbb-1"])
    library.begin(ImageRequest("nbb-2"), "nbb-2")
    copy_answers(stand_in, library)
    assert sorted(ids(library.history())) == ["nbb-1", "nbb-2"]
    assert all(each.read() for each in library.history())
