"""One request's line in the journal: each step where there is room for it, and its money."""

import sqlite3
from contextlib import closing, contextmanager
from decimal import Decimal

import pytest

from nb_banana import errors
from nb_banana._default import client
from nb_banana.generation.budget import HeldMoney
from nb_banana.generation.journal_entry import JournalEntry, new_request_id
from nb_banana.library.library import Library
from nb_banana.library.transfer import bring_home
from nb_banana.request import ImageRequest
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import ResultItem, Ticket
from tests.support.shelf import change, index_of, picture, receipt

BANANA = ImageRequest("a banana")
TICKET, SERVICE = Ticket(handle={"id": 7}), Endpoint("https://example.com")


@pytest.fixture
def home(tmp_path):
    return Library(tmp_path / "home", "api", patience=0.01)


@pytest.fixture
def stand_in(tmp_path):
    return Library(tmp_path / "stand-in", "api")


def begun(*places):
    entry = JournalEntry(places, new_request_id(), client().context.budget)
    entry.begin(BANANA, since=None)
    return entry


@contextmanager
def held(library):
    """Another program holds its index for long."""
    with closing(sqlite3.connect(index_of(library), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def ids(rows):
    return [each.request_id for each in rows]


def test_where_no_place_takes_it_the_reason_of_each_is_told(home, stand_in):
    for each in (home, stand_in):
        each.folder.write_text("a file in its place")
    with pytest.raises(errors.LibraryUnavailableError) as caught:
        begun(home, stand_in)
    first, _, last = str(caught.value).partition("Nor can a stand-in take it")
    assert str(home.folder) in first
    assert str(stand_in.folder) in last


@pytest.mark.parametrize("is_sent", [False, True])
def test_money_is_free_again_where_nothing_was_sent_and_else_stays_set_aside(home, is_sent):
    budget = client().context.budget
    entry = begun(home) if is_sent else JournalEntry((home,), new_request_id(), budget)
    budget.hold(entry.request_id, HeldMoney("api", Decimal(1)))
    assert entry.reached == ("sent" if is_sent else "nothing")
    entry.leave()
    assert budget.used("api") == is_sent


def test_what_came_inside_an_answer_is_kept_with_its_place_and_what_has_a_link_is_not(home):
    entry = begun(home)
    link = ResultItem(url="https://example.com/a.png", data=b"two")
    entry.answered([ResultItem(data=b"one"), link, ResultItem(data=b"three")], receipt("nbb-1"))
    kept = [home.kept_answer(entry.request_id, place) for place in (0, 1, 2, None)]
    assert (kept, entry.reached) == ([b"one", None, b"three", None], "answered")


def test_a_ticket_that_the_library_can_not_take_is_written_down_in_the_stand_in(home, stand_in):
    entry = begun(home, stand_in)
    with held(home):
        assert entry.accepted(TICKET, SERVICE)
        assert entry.reached == "accepted"
        entry.leave()
    (row,) = stand_in.unfinished()
    assert (row.request_id, row.asked_at) == (entry.request_id, SERVICE.base_url)
    assert row.ticket == TICKET


def test_it_is_known_whether_a_ticket_is_written_down(home):
    entry = begun(home)
    with held(home):
        assert not entry.accepted(TICKET, SERVICE)
    assert entry.accepted(TICKET, SERVICE)


def test_a_request_whose_row_was_brought_home_meanwhile_ends_there(home, stand_in):
    home.folder.write_text("a file in its place")
    entry = begun(home, stand_in)
    home.folder.unlink()
    change(stand_in, "UPDATE requests SET started = 'long ago'")
    bring_home(stand_in, home)
    assert ids(entry.stored([picture(1)], receipt("nbb-1"))) == ids(home.history())
    assert stand_in.history() == []


def test_a_row_that_was_deleted_meanwhile_is_said(home):
    entry = begun(home)
    change(home, "DELETE FROM requests")
    assert entry.stored([picture(1)], receipt("nbb-1")) is None
    assert "deleted meanwhile" in str(entry.problem)


def test_where_a_picture_can_not_be_kept_another_kernel_may_take_its_request(home):
    entry = begun(home)
    (home.folder / "pictures").write_text("a file in its place")
    assert entry.stored([picture(1)], receipt("nbb-1")) is None
    assert ids(home.unfinished()) == [entry.request_id]
    assert str(home.folder) in str(entry.problem)


def test_the_last_step_is_taken_once_and_again_only_where_it_failed(home):
    entry, bill = begun(home), receipt("nbb-1")
    with held(home):
        assert entry.stored([picture(1)], bill) is None
    assert not entry.ended
    assert ids(entry.stored([picture(1)], bill)) == [entry.request_id]
    assert entry.ended
    entry.failed("too late")
    assert (ids(home.history()), entry.reached) == ([entry.request_id], "kept")
