"""The history is narrowed by time, model and notebook, cut into slices and saved."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import nb_banana
from nb_banana import Client, ImageRequest, configure, errors, history
from nb_banana._default import client
from nb_banana.library.library import Library
from tests.conftest import KEY
from tests.support.shelf import make_older, put

NOW = datetime.now(UTC)


@pytest.fixture
def shelf():
    """Six pictures of six days, the newest of now, in the person's own library."""
    library = client().context.places("api")[0]
    notebooks = ("/home/me/course/a_b.ipynb", r"C:\Users\me\course\a-b.ipynb", None)
    for age in range(5, -1, -1):
        model = "pro" if age % 2 else "google/gemini-3-1-flash-image-preview"
        made = NOW - timedelta(age)
        notebook = notebooks[age % 3]
        request = ImageRequest(f"day {age}", model=model)
        put(library, request, f"nbb-{age}", made=made, notebook=notebook)
    return library


def ages(**narrower):
    return [int(image.prompt.removeprefix("day ")) for image in history(**narrower)]


NARROWER = [
    ({"since": timedelta(2, hours=1)}, [0, 1, 2]),
    ({"since": "50 hours", "until": "20 hours"}, [1, 2]),
    ({"until": NOW - timedelta(3.5)}, [4, 5]),
    ({"since": NOW.isoformat()}, [0]),
    ({"since": "2 days", "until": NOW + timedelta(1)}, [0, 1]),
    ({"until": (NOW - timedelta(4)).astimezone().date()}, [4, 5]),
    ({"since": "2001-01-01", "until": "2001-12-31"}, []),
    ({"model": "pro"}, [1, 3, 5]),
    ({"model": "google/gemini-3-pro-image-preview"}, [1, 3, 5]),
    ({"model": "nano-banana-2", "limit": 2}, [0, 2]),
    ({"model": "nano-banana-2", "query": "DAY 4"}, [4]),
    ({"notebook": "a_b"}, [0, 3]),
    ({"notebook": Path("course/a_b.ipynb")}, [0, 3]),
    ({"notebook": "/home/me/course/a_b.ipynb"}, [0, 3]),
    ({"notebook": "./course/a-b.ipynb"}, [1, 4]),
    ({"notebook": "b.ipynb"}, []),
    ({"notebook": "a_b", "model": "pro", "since": "10 days"}, [3]),
]


def test_what_is_asked_of_the_history_holds_together(shelf):
    for narrower, found in NARROWER:
        assert ages(**narrower) == found, narrower


def test_the_title_says_what_was_asked_and_the_last_line_how_to_see_all(shelf):
    since = (NOW - timedelta(9)).date().isoformat()
    said = repr(history("day", 2, since=since, model="google/nano-banana-2", notebook="a_b"))
    first, *_, last = said.splitlines()
    assert first == (
        f"1 picture with “day” of nano-banana-2 from a_b since {since} in your library. "
        "1 more does not say which notebook it is from."
    )
    first, *_, last = repr(history("day", 2)).splitlines()
    assert first == "the newest 2 of 6 pictures with “day” in your library"
    assert last == "limit=None lists all 6."
    assert "<p>limit=None lists all 6.</p>" in history(limit=2)._repr_html_()
    assert "limit=None" not in repr(history())


def test_the_limit_counts_after_all_else(shelf):
    assert repr(history(limit=1, model="pro")).startswith("the newest 1 of 3 pictures of nano-ban")


def test_a_slice_is_a_history_that_says_of_how_many(shelf):
    some = history(limit=4)[1:3]
    assert [image.prompt for image in some] == ["day 1", "day 2"]
    assert repr(some).splitlines()[0] == "2 of 6 pictures in your library"
    assert repr(some[:1]).splitlines()[0] == "1 of 6 pictures in your library"
    assert "limit=None" not in repr(some)
    assert [image.prompt for image in history()[::-3]] == ["day 5", "day 2"]
    assert len(history(limit=4)) == 4


def test_a_history_is_saved_into_a_folder(shelf, tmp_path):
    files = history(limit=3).save(tmp_path / "out")
    assert [each.read_bytes() for each in files] == [each.bytes for each in history(limit=3)]
    assert [each.name[11:-11] for each in files] == ["day-0", "day-1", "day-2"]
    assert len(history()[4:].save(tmp_path / "others")) == 2


def test_the_line_that_saves_a_history_runs_again_when_there_are_more(shelf, tmp_path):
    first = history()[2:].save(tmp_path)
    stamps = [each.stat().st_mtime_ns for each in first]
    assert history().save(tmp_path)[2:] == first
    assert [each.stat().st_mtime_ns for each in first] == stamps
    assert len(list(tmp_path.glob("*.*"))) == 6


def test_a_history_is_not_saved_into_a_file(shelf, tmp_path):
    with pytest.raises(errors.SaveError, match="is one file"):
        history().save(tmp_path / "one.png")


WRONG = [
    ({"since": 5}, "since is a date"),
    ({"until": "nxt week"}, "until is a date"),
    ({"since": "today", "until": "yesterday"}, "not before the end"),
    ({"model": "nano-bananna-2"}, "Did you mean nano-banana-2"),
    ({"model": ""}, "model"),
    ({"model": 5}, "model"),
    ({"notebook": " "}, "notebook is empty"),
    ({"notebook": True}, "notebook is the name"),
]


def test_what_makes_no_sense_is_said(shelf):
    for wrong, said in WRONG:
        with pytest.raises(errors.BananaError, match=said):
            history(**wrong)


def test_a_model_that_no_table_knows_is_found_where_it_drew(shelf):
    put(shelf, ImageRequest("day 9", model="acme/pencil"), "nbb-9")
    assert ages(model="acme/pencil") == [9]
    assert ages(model="acme/pencil", since=timedelta(0)) == []
    with pytest.raises(errors.RequestError, match="Did you mean acme/pencil"):
        history(model="acme/pencl")


@pytest.mark.parametrize("where", ["query", "model", "notebook", "since", "until"])
def test_a_key_is_not_looked_for(monkeypatch, where):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with pytest.raises(errors.BananaError) as caught:
        history(**{where: KEY})
    assert KEY not in str(caught.value)


def test_shared_libraries_are_narrowed_too_and_older_ones_read_as_they_are(shelf, tmp_path):
    other = Library(tmp_path / "class" / "api", "api")
    put(other, ImageRequest("day 7", model="pro"), "nbb-7", made=NOW - timedelta(7))
    put(other, ImageRequest("day 8"), "nbb-8", made=NOW - timedelta(8))
    make_older(other, 1)
    configure(shared_libraries=[tmp_path / "class"])
    assert ages(model="pro", until="2 days", limit=3) == [3, 5, 7]
    said = repr(history(model="pro", limit=None))
    assert said.startswith("4 pictures of nano-banana-pro in your library and shared ones")


def test_the_function_of_a_client_takes_the_same(tmp_path):
    with Client(backend="sandbox", library=tmp_path / "own") as other:
        image = other.generate("a banana")
        assert [each.id for each in other.history(since="today", model=image.model)] == [image.id]
        assert len(other.history(until="yesterday")) == 0
    assert len(nb_banana.history()) == 0
