"""A library is kept from growing: what is old goes, after it was said what that is, and no more."""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nb_banana import (
    Client,
    ImageRequest,
    configure,
    doctor,
    errors,
    forget,
    generate,
    history,
    load,
    spending,
)
from nb_banana._default import client
from nb_banana._text import megabytes
from nb_banana.generation import deletion
from nb_banana.library.library import Library
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.mortal import live
from tests.support.pictures import encode, picture
from tests.support.shelf import change, data_url, put

NOW = datetime.now(UTC)
AGES = (400, 100, 95, 50, 2, 0)


@pytest.fixture
def shelf():
    """Six pictures of several ages in days, in the person's own library."""
    library = client().context.places("api")[0]
    for age in AGES:
        put(library, ImageRequest(f"day {age}"), f"nbb-{age}", made=NOW - timedelta(age))
    return library


def left():
    return [int(image.prompt.removeprefix("day ")) for image in history()]


@pytest.mark.parametrize(
    ("rule", "stay"),
    [
        ({"older_than": "90 days"}, [0, 2, 50]),
        ({"older_than": timedelta(90)}, [0, 2, 50]),
        ({"older_than": NOW - timedelta(1)}, [0]),
        ({"older_than": (NOW - timedelta(97)).date().isoformat()}, [0, 2, 50, 95]),
        ({"older_than": date(2001, 1, 1)}, [0, 2, 50, 95, 100, 400]),
        ({"keep": 2}, [0, 2]),
        ({"keep": 0}, []),
        ({"keep": 10**30}, [0, 2, 50, 95, 100, 400]),
        ({"older_than": "90 days", "keep": 4}, [0, 2, 50, 95]),
        ({"older_than": "90 days", "keep": 1}, [0, 2, 50]),
    ],
)
def test_what_is_old_goes_and_never_the_newest(shelf, rule, stay, capsys):
    paid = shelf.bills()
    forget(**rule, ask=False)
    assert left() == stay
    assert {each.name for each in shelf.folder.glob("pictures/*/*")} == {
        image.path.name for image in history()
    }
    assert shelf.bills() == paid
    said = capsys.readouterr().out
    assert said.startswith(f"Deleted {6 - len(stay)} picture" if len(stay) < 6 else "Nothing to")


def test_it_is_said_what_would_go_and_asked_first(shelf, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    forget(older_than="90 days")
    days = [(NOW - timedelta(age)).astimezone().date().isoformat() for age in (400, 95)]
    freed = sum(image.path.stat().st_size for image in history()[3:])
    assert asked == [
        f"Delete 3 of your 6 pictures for good (made {days[0]} to {days[1]})? It frees "
        f"{freed} bytes. To have one again costs again. [y/N] "
    ]
    assert capsys.readouterr().out == "Nothing was deleted.\n"
    assert len(history()) == 6
    monkeypatch.setattr("builtins.input", lambda question: "y")
    forget(older_than="90 days")
    assert capsys.readouterr().out.startswith(f"Deleted 3 pictures, {freed} bytes.")
    assert left() == [0, 2, 50]


def test_where_nobody_can_be_asked_nothing_is_deleted(shelf, monkeypatch):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(errors.RequestError, match="Nobody can be asked"):
        forget(keep=1)
    assert len(history()) == 6


WRONG = [
    ((), {}, "Say what to forget"),
    ((), {"keep": -1}, "keep is how many"),
    ((), {"keep": True}, "keep is how many"),
    ((), {"keep": "all"}, "keep is how many"),
    ((), {"keep": 2.0}, "keep is how many"),
    ((), {"older_than": 90}, "older_than is a date"),
    ((), {"older_than": "old"}, "older_than is a date"),
    ((), {"older_than": "90 days", "keep": -1}, "keep is how many"),
    ((), {"older_than": datetime.max.replace(year=9990)}, "in the future"),
    (("nbb-0",), {"keep": 1}, "not both"),
    (([],), {"older_than": "today"}, "not both"),
]


def test_a_rule_that_makes_no_sense_deletes_nothing(shelf):
    for given, rule, said in WRONG:
        with pytest.raises(errors.RequestError, match=said):
            forget(*given, **rule, ask=False)
    assert len(history()) == 6


def test_an_empty_list_is_nothing_to_forget(shelf, capsys):
    forget(history("no such word"))
    assert capsys.readouterr().out == "Nothing to forget.\n"


def test_what_is_paid_and_not_fetched_yet_stays(shelf):
    for number, mark in enumerate((shelf.mark_unknown, shelf.release)):
        shelf.begin(ImageRequest(f"lost {number}"), f"nbb-lost-{number}")
        mark(f"nbb-lost-{number}", "no answer")
    before = shelf._index.rows("SELECT * FROM requests WHERE id LIKE 'nbb-lost-%'")
    forget(keep=0, ask=False)
    assert len(history()) == 0
    assert shelf._index.rows("SELECT * FROM requests WHERE id LIKE 'nbb-lost-%'") == before
    assert len(shelf.unfinished()) == 2


def test_what_was_kept_of_an_answer_goes_with_its_picture_and_that_of_others_stays(shelf):
    for age in AGES:
        shelf.keep_answer(f"nbb-{age}", b"what came")
        shelf.keep_answer(f"nbb-{age}", b"one of them", 0)
    forget(older_than="90 days", ask=False)
    left = {each.name for each in shelf.folder.glob("answers/*")}
    assert left == {f"nbb-{age}{at}.bin" for age in (50, 2, 0) for at in ("", "-0")}


def test_what_was_spent_is_the_same_afterwards(service):
    made = [generate(prompt) for prompt in ("a fox", "an owl")]
    before = spending()
    forget(keep=0, ask=False)
    assert spending() == before
    assert before.lines[-1].usd == sum((each.cost for each in made), Decimal(0))
    assert generate("a fox").came == "made"


def test_the_file_of_a_parent_stays_while_an_edit_of_it_does(shelf):
    first = shelf.by_id("nbb-400")
    edit = put(shelf, ImageRequest("day 1", images=[data_url(first.read())]), "nbb-1")
    other = data_url(encode(picture(9, 9)))
    put(shelf, ImageRequest("day 500", images=[other]), "nbb-500", made=NOW - timedelta(500))
    assert len(list(shelf.folder.glob("references/*"))) == 1
    promised = shelf.freed_bytes(["nbb-400", "nbb-500"])
    size = sum(each.stat().st_size for each in shelf.folder.glob("*s/**/*.png"))
    forget(older_than="200 days", ask=False)
    assert first.path.exists()
    assert load(edit.digest).request.references[0].data == first.read()
    assert not list(shelf.folder.glob("references/*"))
    freed = size - sum(each.stat().st_size for each in shelf.folder.glob("*s/**/*.png"))
    assert freed == promised > 0
    forget(keep=0, ask=False)
    assert not first.path.exists()


def test_shared_libraries_are_left_alone_and_do_not_count(shelf, tmp_path):
    other = Library(tmp_path / "class" / "api", "api")
    put(other, ImageRequest("day 1"), "nbb-1", made=NOW - timedelta(1))
    put(other, ImageRequest("day 900"), "nbb-900", made=NOW - timedelta(900))
    configure(shared_libraries=[tmp_path / "class"])
    before = (other.folder / "index.sqlite").read_bytes()
    forget(older_than="90 days", keep=2, ask=False)
    assert left() == [0, 1, 2, 50, 900]
    forget(keep=1, ask=False)
    assert left() == [0, 1, 900]
    assert (other.folder / "index.sqlite").read_bytes() == before


def test_a_client_forgets_its_own(service, tmp_path):
    with Client(key=KEY, base_url=service.url, library=tmp_path / "own") as other:
        other.generate("a fox")
        generate("a fox")
        other.forget(keep=0, ask=False)
        assert (len(other.history()), len(history())) == (0, 1)


def test_a_deletion_that_breaks_off_leaves_the_others_whole(shelf, monkeypatch, capsys):
    monkeypatch.setattr(deletion, "AT_ONCE", 2)
    (shelf.folder / "pictures" / "no-folder").write_text("a file")
    change(
        shelf,
        "UPDATE pictures SET path = 'pictures/no-folder/x.png' WHERE request_id = ?",
        "nbb-95",
    )
    with pytest.raises(errors.LibraryUnavailableError):
        forget(older_than="10 days", ask=False)  # 50 and 95 at once, then 100 and 400
    assert left() == [0, 2, 50, 95, 100, 400]
    assert capsys.readouterr().out == "Stopped: 0 of 4 pictures were deleted.\n"
    assert all(load(f"nbb-{age}").bytes for age in (50, 100, 400))  # 50's file came back
    change(
        shelf,
        "UPDATE pictures SET path = 'pictures/no-folder/x.png' WHERE request_id = ?",
        "nbb-100",
    )
    change(
        shelf, "UPDATE pictures SET path = 'pictures/2026/gone.png' WHERE request_id = ?", "nbb-95"
    )
    with pytest.raises(errors.LibraryUnavailableError):
        forget(older_than="10 days", ask=False)
    assert left() == [0, 2, 100, 400]
    assert capsys.readouterr().out == "Stopped: 2 of 4 pictures were deleted.\n"
    assert load("nbb-400").bytes
    (shelf.folder / "pictures" / "no-folder").unlink()
    forget(older_than="10 days", ask=False)
    assert left() == [0, 2]


def test_many_are_forgotten_in_few_transactions(shelf, monkeypatch):
    """A library of thousands: a transaction for each would take minutes."""
    writes = []
    write = Library.forget_requests
    monkeypatch.setattr(
        Library, "forget_requests", lambda self, ids: writes.append(len(ids)) or write(self, ids)
    )
    forget(keep=1, ask=False)
    assert writes == [5]


# The doctor


def found(word):
    return [each for each in doctor().checks if word in each.found]


def test_the_doctor_says_how_large_a_library_is_and_what_could_go(shelf):
    sizes = [image.path.stat().st_size for image in history()]
    (held,) = found("6 pictures")
    assert held.found == f"{shelf.folder}: 6 pictures, {megabytes(sum(sizes))}"
    (old,) = found("older than")
    assert old.fine
    assert old.found.startswith("3 pictures are older than 90 days: ")
    line = old.found.partition("nb_banana.")[2].partition(")")[0]
    assert line == 'forget(older_than="90 days"'
    forget(older_than="90 days", ask=False)
    assert not found("older than")


def test_the_doctor_says_that_files_are_gone_or_cut_off(shelf):
    first, second, *_ = history()
    Path(first).unlink()
    Path(second).write_bytes(b"?")
    (lost,) = found("gone or cut off")
    assert lost.found.startswith("2 of its files")
    assert not lost.fine


@pytest.mark.parametrize("wrong", ["answered = NULL", "answered = 'never'", "answered = x'ff'"])
def test_a_time_that_is_none_is_said_in_a_sentence_and_nothing_is_deleted(shelf, wrong):
    change(shelf, f"UPDATE requests SET {wrong} WHERE id = 'nbb-50'")
    with pytest.raises(errors.LibraryError, match="can't be read"):
        forget(keep=0, ask=False)
    assert "can't be read" in repr(doctor())
    assert len(list((shelf.folder / "pictures").rglob("*.png"))) == len(AGES)


def test_a_size_that_is_none_does_not_stop_the_doctor(shelf):
    change(shelf, "UPDATE pictures SET size = 'x' WHERE request_id = 'nbb-50'")
    assert "can't be read" in repr(doctor())


# Killed


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_kernel_that_is_killed_while_it_forgets_has_deleted_all_or_nothing(shelf):
    """A row whose file is gone could not be had any more, nor be paid for again unasked."""
    step, has_died, within = rounds(3, 1), True, ("library/files", "library/deletion")
    while has_died:
        one, two = f"nbb-one-{step}", f"nbb-two-{step}"
        put(shelf, ImageRequest(one), one)
        shelf.begin(ImageRequest(two), two)
        shelf.keep_answer(two, b"a", 0)
        shelf.mark_unknown(two, "no answer came")
        paid = len(shelf.bills())
        has_died = not live(lambda names=(one, two): forget(*names, ask=False), step, within)
        kept = {each.request_id: each.read() for each in shelf.history()}
        assert (one in kept) is (shelf.kept_answer(two, 0) == b"a") is bool(shelf.unfinished())
        assert len(kept) == len(AGES) + (one in kept)
        files = [each.name for each in shelf.folder.glob("pictures/*/*")]
        assert sorted(files) == sorted(each.path.name for each in shelf.history())
        assert len(shelf.bills()) == paid
        assert not (shelf.folder / "incoming" / "removed").exists()
        shelf.forget_requests([one, two])
        step += rounds(13, 1)
    assert one not in kept
