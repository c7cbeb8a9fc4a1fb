"""`recover` finishes what was left, says what became of it, and never sends anything again."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import configure, credentials, errors
from nb_banana._default import client
from nb_banana.generation.budget import HeldMoney
from nb_banana.library import location, owner
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.sandbox import Sandbox
from nb_banana.services import account
from nb_banana.services.exchange import ResultItem
from tests.conftest import KEY
from tests.library.test_library_crash import running
from tests.support import mortal
from tests.support.shelf import change, index_of, picture, put, receipt
from tests.support.shells import ipython_shell
from tests.support.wire import LOGS, page, row, wire

ONE = Decimal("0.0894875")
LOAD = (
    "from IPython.core.interactiveshell import InteractiveShell as S;"
    "S.instance().run_line_magic('load_ext', 'nb_banana')"
)


@pytest.fixture
def wired(monkeypatch):
    """A service whose answers the test writes, and a key for it."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with wire({LOGS: lambda request: page([])}) as service:
        configure(base_url=service.url)
        yield service


@pytest.fixture
def shelf(wired):
    """The library of that service."""
    return client().context.places(client().context.known_kinds()[0])[0]


def leave(library, state, *links, request_id="nbb-1", prompt="a banana", age=timedelta(0), **bill):
    """A request that a kernel that is gone left in this state."""
    library.begin(ImageRequest(prompt), request_id)
    if state == "written":  # an earlier version had this step
        change(library, "UPDATE requests SET state = 'written' WHERE id = ?", request_id)
    if state == "answered":
        items = [ResultItem(link) if link else ResultItem(data=b"x") for link in links]
        library.mark_answered(request_id, items, receipt(request_id, **bill))
    if state == "unknown":
        library.mark_unknown(request_id, "no answer")
    library.release(request_id, "the kernel was killed")
    created = (datetime.now(UTC) - age).isoformat(timespec="microseconds")
    change(library, "UPDATE requests SET created = ? WHERE id = ?", created, request_id)


def state_of(library, request_id="nbb-1"):
    (found,) = library._index.rows("SELECT state FROM requests WHERE id = ?", request_id)
    return found["state"]


def png(seed=1):
    return lambda request: (200, picture(seed)[0], {})


def test_what_was_never_sent_is_closed_without_asking_anybody(wired, shelf):
    leave(shelf, "written")
    (found,) = nb_banana.recover()
    assert (found.outcome, found.usd) == ("it was never sent: not charged", None)
    assert state_of(shelf) == "failed"
    assert wired.seen == []


def test_a_picture_whose_link_lives_is_fetched(wired, shelf):
    wired.answers["/1.png"] = png()
    leave(shelf, "answered", "/1.png")
    found = nb_banana.recover()
    assert found.images[0].bytes == picture(1)[0]
    assert found[0].outcome == f"fetched: {found.images[0].id}"
    assert found[0].usd == ONE
    assert nb_banana.load(found.images[0].id).prompt == "a banana"
    assert nb_banana.generate("a banana").came == "reused"
    assert not any(each.headers["Authorization"] for each in wired.seen)
    assert "1 fetched into the library" in found.summary
    assert not nb_banana.recover()


def test_all_pictures_of_an_answer_are_fetched(wired, shelf):
    wired.answers |= {"/1.png": png(1), "/2.png": png(2)}
    leave(shelf, "answered", "/1.png", "/2.png")
    (image,) = nb_banana.recover().images
    assert [each.bytes for each in (image, *image.extras)] == [picture(1)[0], picture(2)[0]]


def test_a_picture_that_is_gone_does_not_take_the_other_along(wired, shelf):
    wired.answers["/2.png"] = png(2)
    leave(shelf, "answered", "/1.png", "/2.png")
    (found,) = nb_banana.recover()
    assert found.image.bytes == picture(2)[0]
    assert "1 of 2 pictures" in found.outcome


def test_a_link_that_is_gone_is_closed_as_charged(wired, shelf):
    leave(shelf, "answered", "/1.png")
    found = nb_banana.recover()
    assert found[0].lost
    assert found[0].outcome.startswith("charged $0.089, and the service has no picture")
    assert "1 charged without a picture (nbb-1)" in found.summary
    assert state_of(shelf) == "failed"
    assert [bill.usd for bill in shelf.bills()] == [ONE]


@pytest.mark.parametrize(
    "answer", [(500, b"", {}), (403, b"", {}), None, (200, picture(1)[0][:100], {})]
)
def test_a_link_that_fails_is_tried_again_the_next_time(wired, shelf, answer):
    wired.answers["/1.png"] = lambda request: answer
    leave(shelf, "answered", "/1.png")
    found = nb_banana.recover()
    assert not found[0].ended
    assert "still open" in found.summary
    assert state_of(shelf) == "answered"
    wired.answers["/1.png"] = png()
    assert nb_banana.recover().images


def test_a_picture_that_was_inside_a_lost_answer_is_closed_as_charged(wired, shelf):
    leave(shelf, "answered", None)
    (found,) = nb_banana.recover()
    assert found.lost
    assert "inside the answer" in found.outcome


@pytest.mark.parametrize("state", ["sent", "unknown"])
def test_a_charge_that_the_log_tells_of_is_named_and_booked(wired, shelf, state):
    wired.answers[LOGS] = lambda request: page([row("nbb-0"), row("nbb-1")])
    leave(shelf, state)
    found = nb_banana.recover()
    assert "charged $0.089 (inference id inf-nbb-1)" in found[0].outcome
    assert "(nbb-1)" in found.summary
    assert [bill.usd for bill in shelf.bills()] == [ONE]
    assert not nb_banana.recover()


def hours_ago(count):
    return (datetime.now(UTC) - timedelta(hours=count)).isoformat()


def failed(hours=0, **changes):
    """A row of an attempt that failed so long ago by the service's clock."""
    return row("nbb-1", 0, "failed", created=hours_ago(hours), **changes)


OPEN = "not known yet: "


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=9), timedelta(days=900)])
@pytest.mark.parametrize(
    ("rows", "words", "state"),
    [
        ([], OPEN + r".* has no row of it yet. .*forget\('nbb-1'\)", "unknown"),
        ([failed(0.1)], OPEN + r".* another attempt may come. .*forget\('nbb-1'\)", "unknown"),
        ([failed(9), failed(0.1)], OPEN + ".* another attempt", "unknown"),
        ([failed(9), row("nbb-1", 0, "failed")], OPEN + ".* another attempt", "unknown"),
        ([failed(9), failed(2)], "not charged", "failed"),
        ([failed(9), row("nbb-1")], "charged", "failed"),
        (None, OPEN + ".* can't be read now", "unknown"),
    ],
)
def test_the_log_has_the_last_word_whatever_our_own_clock_says(
    wired, shelf, rows, age, words, state
):
    wired.answers[LOGS] = lambda request: None if rows is None else page(rows)
    for time in (age, -age):
        leave(shelf, "unknown", age=time)
        (found,) = nb_banana.recover()
        assert re.search(f"^{words}", found.outcome), found.outcome
        assert found.ended is (state == "failed")
        assert state_of(shelf) == state
        change(shelf, "DELETE FROM requests")


def test_the_log_is_asked_for_the_hours_around_an_old_request_first(wired, shelf):
    leave(shelf, "unknown", age=timedelta(days=3))
    nb_banana.recover()
    look = wired.of(LOGS)[0]
    start, end = (datetime.fromisoformat(look.query[name]) for name in ("start", "end"))
    sent = datetime.now(UTC) - timedelta(days=3)
    assert start + timedelta(minutes=30) < sent < end - timedelta(minutes=30)


@pytest.mark.parametrize("wrong", [5, -5, 100, -100, 24 * 365, -24 * 365])
def test_a_charge_is_found_though_the_clock_was_hours_wrong_when_it_was_sent(
    service, monkeypatch, wrong
):
    monkeypatch.setattr(account, "PAUSES", ())
    with pytest.raises(errors.ConnectionDroppedError):
        nb_banana.generate("a banana [trouble: drop-after]")
    library = client().context.places(client().context.known_kinds()[0])[0]
    change(library, "UPDATE requests SET created = ?", hours_ago(wrong))
    (found,) = nb_banana.recover()
    assert (found.usd, found.ended) == (ONE, True)


def test_a_charge_is_found_though_the_clock_is_days_wrong_now(wired, shelf):
    def logs(request):
        moments = [request.query.get(name) for name in ("start", "end")]
        is_there = None not in moments and moments[0] < hours_ago(24 * 20) < moments[1]
        return page([row("nbb-1")] if is_there else [])

    wired.answers[LOGS] = logs
    leave(shelf, "unknown", age=timedelta(days=18))
    assert nb_banana.recover()[0].usd == ONE


def test_a_request_that_nobody_knows_of_is_dropped_by_a_person_and_its_money_is_free(
    wired, shelf, monkeypatch, capsys
):
    configure(budget=1)
    client().context.budget.hold("nbb-1", HeldMoney(shelf.service, ONE, ImageRequest("a banana")))
    leave(shelf, "unknown")
    (found,) = nb_banana.recover()
    assert nb_banana.spending().left == 1 - ONE
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    exec(re.search(r"nb_banana\.forget\(.*?\)", found.outcome)[0])  # as the outcome says it
    assert "Delete 1 unfinished request for good ('a banana')?" in asked[0]
    assert "Deleted 1 unfinished request." in capsys.readouterr().out
    assert not nb_banana.recover()
    assert nb_banana.spending().left == 1


def test_what_a_live_kernel_draws_is_not_dropped(wired, shelf):
    shelf.begin(ImageRequest("a banana"), "nbb-1")
    with pytest.raises(errors.NotKeptError, match="Nothing was deleted"):
        nb_banana.forget("nbb-1", ask=False)
    assert state_of(shelf) == "sent"


def test_without_a_key_it_says_what_it_needs(wired, monkeypatch):
    monkeypatch.delenv("AIMLAPI_KEY")
    configure(base_url=credentials.VENDOR_URL)
    library = client().context.places("api")[0]
    leave(library, "unknown")
    (found,) = nb_banana.recover()
    assert "there is no key" in found.outcome
    assert not found.ended


def test_nothing_to_do_is_said(wired):
    assert repr(nb_banana.recover()) == "Nothing is unfinished."
    assert "<p>Nothing is unfinished.</p></div>" in nb_banana.recover()._repr_html_()


def test_no_generation_is_ever_sent_again(wired, shelf):
    for number, state in enumerate(("written", "sent", "unknown", "answered")):
        leave(shelf, state, "/x.png", request_id=f"nbb-{number}")
    assert len(nb_banana.recover()) == 4
    assert wired.posts == []


def test_the_table_is_text_and_html_and_both_are_harmless(wired, shelf):
    leave(shelf, "written", prompt="<script>alert(1)</script> & more")
    found = nb_banana.recover()
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()
    assert "nbb-1  it was never sent" in repr(found)


def test_what_a_live_kernel_works_on_is_left_alone(wired, shelf):
    put(shelf, ImageRequest("first"), "nbb-0")
    with running("wait", Library(shelf.folder, "api"), "nbb-1"):
        change(shelf, "UPDATE requests SET service = ?", shelf.service)
        assert not nb_banana.recover()
        assert not owner.has_unfinished(shelf.folder, shelf.service)
    assert len(nb_banana.recover()) == 1


def test_a_charge_found_later_counts_for_the_session_that_sent_it(wired, shelf):
    configure(budget=1)
    client().context.budget.hold("nbb-1", HeldMoney(shelf.service, ONE))
    leave(shelf, "unknown")
    leave(shelf, "unknown", request_id="nbb-2")
    wired.answers[LOGS] = lambda request: page([row("nbb-1"), row("nbb-2")])
    nb_banana.recover()
    assert client().context.budget[shelf.service].spent == ONE
    assert {line.what: line.count for line in nb_banana.spending().lines}["ever"] == 2


def damage(library):
    index_of(library).write_bytes(b"SQLite format 3\0" + bytes(5000))


def test_a_library_that_is_damaged_is_said(wired, shelf):
    leave(shelf, "unknown")
    damage(shelf)
    with pytest.raises(errors.LibraryDamagedError, match="backup"):
        nb_banana.recover()
    assert not owner.has_unfinished(shelf.folder, shelf.service)


def test_a_damaged_library_does_not_hide_what_became_of_the_others(wired, shelf):
    leave(shelf, "answered", "/1.png")
    play = client().context.places(location.SANDBOX)[0]
    put(play, ImageRequest("a"), "nbb-9")
    damage(play)
    found = nb_banana.recover()
    assert len(found) == 1
    assert "(nbb-1)" in found.summary
    assert "is damaged" in found.summary


def test_a_library_that_cannot_be_written_keeps_its_rows(wired, shelf):
    wired.answers["/1.png"] = png()
    leave(shelf, "answered", "/1.png")
    leave(shelf, "written", request_id="nbb-2")
    hasty = Library(shelf.folder, shelf.service, patience=0.1)
    with running("hold", Library(shelf.folder, "api")), pytest.raises(errors.LibraryBusyError):
        hasty.unfinished()
    # The folder of the pictures is a file: the rows can be written, the picture can't.
    (shelf.folder / "pictures").write_text("in the way")
    first, second = nb_banana.recover()
    assert "can't be written" in first.outcome
    assert not first.ended
    assert second.ended
    (shelf.folder / "pictures").unlink()
    assert nb_banana.recover().images


def loading(code=LOAD):
    """What loading the extension says to a person with a key."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"AIMLAPI_KEY": KEY},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_two_processes_may_recover_at_once(wired, shelf):
    for number in range(5):
        wired.answers[f"/{number}.png"] = png(number)
        leave(shelf, "answered", f"/{number}.png", request_id=f"nbb-{number}")
    code = (
        "import sys, nb_banana; nb_banana.configure(base_url=sys.argv[1]);"
        "print(nb_banana.recover().summary)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, wired.url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate()[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert "still open" not in "".join(said)
    assert len(nb_banana.history()) == 5
    assert len(list(shelf.folder.rglob("*.png"))) == 5


def test_loading_says_one_line_when_something_was_left_and_then_nothing():
    library = client().context.places("api")[0]
    leave(library, "written")
    assert loading() == "nb_banana: 1 unfinished request, 1 not charged.\n"
    assert loading() == ""


def test_loading_names_a_charge_that_it_closes(wired):
    library = client().context.places("api")[0]
    leave(library, "answered", None)
    line = loading()
    assert line.count("\n") == 1
    assert "1 charged without a picture (nbb-1)" in line


def test_loading_with_nothing_left_loads_nothing_heavy():
    put(client().context.places("api")[0], ImageRequest("a"), "nbb-1")
    code = LOAD + ";import sys;print({'requests', 'PIL'} & set(sys.modules))"
    assert loading(code) == "set()\n"


def test_loading_asks_no_keyring_for_what_is_left(monkeypatch, tmp_path):
    leave(client().context.places("api")[0], "unknown")
    (tmp_path / "keyring.py").write_text("print('keyring was imported')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    code = f"import os; del os.environ['AIMLAPI_KEY'];{LOAD}"
    assert loading(code) == (
        "nb_banana: 1 unfinished request, 1 still open. nb_banana.recover() looks again.\n"
    )


def test_loading_for_the_library_alone_asks_nobody():
    leave(client().context.places("api")[0], "written")
    config = "from traitlets.config import Config; C = Config(); C.Banana.backend = 'library';"
    assert loading(config + LOAD.replace("S.instance()", "S.instance(config=C)")) == ""


def test_the_error_of_a_picture_that_did_not_arrive_sends_to_recover_and_that_works(service):
    with pytest.raises(errors.DownloadError, match=r"\.png\. nb_banana.recover\(\) tries it again"):
        nb_banana.generate("a banana [trouble: cut-picture x4]")
    assert nb_banana.recover().images
    assert len(service.posts) == len(service.charges) == 1


def test_what_is_paid_and_waits_at_its_link_is_fetched_when_it_is_asked_for_again(service):
    prompt = "a banana [trouble: cut-picture x4]"
    with pytest.raises(errors.DownloadError, match="as does running this again"):
        nb_banana.generate(prompt)
    image = nb_banana.generate(prompt)
    assert "from your library · $0" in image.caption
    assert image.path.read_bytes() == image.bytes
    assert nb_banana.generate(prompt).bytes == image.bytes
    assert len(nb_banana.recover()) == 0
    assert len(service.posts) == len(service.charges) == 1


def test_a_paid_link_that_still_fails_stops_and_only_fresh_pays_again(service, brisk):
    prompt = "a banana [trouble: half-picture x8]"
    for _ in range(2):
        with pytest.raises(errors.TruncatedPictureError, match="--fresh pays anew"):
            nb_banana.generate(prompt)
    assert len(service.posts) == 1
    assert nb_banana.generate(prompt, fresh=True).came == "made"
    assert len(service.posts) == 2


@pytest.fixture
def strange(wired, shelf, tmp_path, monkeypatch):
    """A library beside the notebook that somebody else has made, with a paid link in it."""
    wired.answers["/a.png"] = png()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "theirs"))
    library = Library(tmp_path / "notebook" / "nb_banana_library" / shelf.service, shelf.service)
    leave(library, "answered", f"{wired.url}/a.png")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path / "notebook")
    return library


def links(wired):
    return [each for each in wired.seen if each.path == "/a.png"]


def test_the_links_of_a_stranger_are_opened_by_recover_alone(wired, strange):
    with ipython_shell() as shell:
        shell.run("%reload_ext nb_banana")
        assert "not known to be yours" in shell.printed
        assert "recover()" in shell.printed
    with pytest.raises(errors.DownloadError, match=r"not known to be yours.*recover\(\).*--fresh"):
        nb_banana.generate("a banana")
    assert not links(wired)
    assert len(nb_banana.recover().images) == 1
    assert len(links(wired)) == 1
    assert nb_banana.generate("a banana").came == "reused"


@pytest.mark.parametrize("place", ["data", "beside", "chosen"])
def test_the_links_of_a_library_of_ones_own_are_opened_unasked(wired, tmp_path, monkeypatch, place):
    wired.answers["/a.png"] = png()
    if place == "beside":
        (tmp_path / "nb_banana_library").mkdir()
        monkeypatch.chdir(tmp_path)
    if place == "chosen":
        configure(library=str(tmp_path / "mine"))
    with ipython_shell() as shell:
        leave(
            client().context.places(client().context.kinds()[-1])[0],
            "answered",
            f"{wired.url}/a.png",
        )
        shell.run("%reload_ext nb_banana")
        assert "1 fetched" in shell.printed


def test_a_row_whose_picture_cannot_be_put_beside_it_is_said(wired, shelf):
    wired.answers["/a.png"] = png()
    for number in range(2):
        link, name = f"{wired.url}/a.png", f"nbb-{number}"
        leave(shelf, "answered", link, request_id=name, prompt=f"{number}")
    change(shelf, "UPDATE requests SET parents = 'x' WHERE id = 'nbb-0'")
    assert [each.image is not None for each in nb_banana.recover()] == [False, True]


def test_a_library_that_cannot_be_read_does_not_hide_that_the_others_have_nothing(wired, shelf):
    put(shelf, ImageRequest("a banana"), "nbb-1")
    play = client().context.places(location.SANDBOX)[0]
    put(play, ImageRequest("a pear"), "nbb-2")
    index_of(play).write_bytes(b"")
    found = nb_banana.recover()
    assert not len(found)
    assert "empty" in found.summary
    assert [each.prompt for each in nb_banana.history()] == ["a banana"]


def test_a_row_of_another_machine_whose_clock_is_years_ahead_is_found(wired, shelf):
    shelf.begin(ImageRequest("a banana"), "nbb-1")
    change(shelf, "UPDATE requests SET host = 'other', changed = '2099-01-01T00:00:00+00:00'")
    assert len(nb_banana.recover()) == 1


@pytest.mark.parametrize(
    ("rows", "ended", "state"),
    [
        ([], False, "unknown"),
        ([row("nbb-1")], False, "unknown"),
        ([row("nbb-1", 0, "failed", created="2026-01-01T00:00:00Z")], True, "failed"),
    ],
)
def test_what_an_answer_cost_that_was_not_understood_is_asked_all_the_same(
    wired, shelf, rows, ended, state
):
    leave(shelf, "unknown")
    shelf.keep_answer("nbb-1", b'{"data": "who knows"}')
    wired.answers[LOGS] = lambda request: page(rows)
    (found,) = nb_banana.recover()
    assert (found.ended, found.lost, state_of(shelf)) == (ended, False, state)
    assert bool(found.usd) is bool(rows and not ended)
    assert [bill.usd for bill in shelf.bills()] == ([found.usd] if found.usd else [])
    assert len(nb_banana.recover()) == (not ended)
    assert not wired.posts


def test_a_row_that_cannot_be_read_does_not_keep_the_others_from_their_turn(wired, shelf):
    wired.answers["/a.png"] = png()
    for number in range(3):
        leave(
            shelf, "answered", f"{wired.url}/a.png", request_id=f"nbb-{number}", prompt=f"{number}"
        )
    change(shelf, "UPDATE requests SET links = '[5]' WHERE id = 'nbb-0'")
    change(shelf, "UPDATE requests SET refs = ? WHERE id = 'nbb-1'", "[" * 100_000)
    found = nb_banana.recover()
    assert len(found.images) == 1
    assert len(found.problems) == 2


def test_a_link_that_nobody_answers_is_not_asked_again_and_again(shelf, monkeypatch):
    asked = []
    over = client().context.transport
    send = over.send
    monkeypatch.setattr(
        over, "send", lambda *args, **more: asked.append(args) or send(*args, **more)
    )
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        leave(shelf, "answered", f"http://127.0.0.1:{closed.getsockname()[1]}/a.png")
        found = nb_banana.recover()[0]
    assert "No connection" in found.outcome
    assert not found.ended
    assert len(asked) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    ("name", "words", "again"),
    [("google", "", False), ("openrouter", "", True), ("aimlapi", " [trouble: base64]", False)],
)
def test_a_picture_that_was_kept_before_its_kernel_died_is_had_though_its_row_says_nothing(
    tmp_path, monkeypatch, name, words, again
):
    def mark_answered(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def draw():
        with nb_banana.Client(**whose) as kernel, monkeypatch.context() as patch:
            patch.setattr(Library, "mark_answered", mark_answered)
            kernel.generate("a banana" + words)

    with Sandbox(KEY, service=name) as sandbox:
        whose = {"key": KEY, "service": name, "base_url": sandbox.url, "library": tmp_path}
        assert not mortal.live(draw)
        with nb_banana.Client(**whose) as kernel:
            if not again:
                assert [each.lost for each in kernel.recover()] == [False]
            (image,) = [kernel.generate("a banana" + words)]
            bill = kernel.spending().lines[-1]
        assert image.came == "reused"
        assert len(sandbox.posts) == 1
        assert not list(tmp_path.glob("*/answers/*"))
        assert bill.count == 1
        if name == "aimlapi":
            assert bill.usd == Decimal(sandbox.charges[0].credits) / 2_000_000
