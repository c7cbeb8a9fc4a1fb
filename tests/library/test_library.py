"""The library keeps what was made, finds it again, and says what is wrong with it."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nb_banana import errors
from nb_banana.library.library import Library
from nb_banana.library.location import default_folder
from nb_banana.library.owner import (
    GONE,
    UNTOLD,
    _started,
    _started_elsewhere,
    is_drawn,
    is_left,
    this_process,
)
from nb_banana.library.rows import embedded_facts, embedded_receipt, embedded_request, now
from nb_banana.models import MODELS
from nb_banana.references.limits import ReferenceLimits
from nb_banana.references.reference import as_reference
from nb_banana.request import ImageRequest, copy_with
from nb_banana.services.exchange import ResultItem
from tests.support.pictures import photo
from tests.support.shelf import change, data_url, picture, put, receipt

# What is kept, and how it is found


def test_a_stored_picture_is_found_by_the_key_of_its_request(library):
    request = ImageRequest("a banana", aspect_ratio="16:9", params={"seed": 3})
    put(library, request, "nbb-1", notebook="lesson.ipynb", parents=["abc"])
    kept = Library(library.folder, "api").find(request.key)
    data, kind = picture("nbb-1")
    assert (kept.read(), kept.kind, kept.size) == (data, kind, len(data))
    assert (kept.request, kept.request.key) == (request, request.key)
    assert (kept.notebook, kept.parents, kept.request_id) == ("lesson.ipynb", ("abc",), "nbb-1")
    assert kept.receipt.usd == Decimal("0.0894875")


def test_a_receipt_comes_back_as_it_was(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    bill = receipt("nbb-1", usd=None, credits=None, inference_id=None, attempts=3, sandbox=True)
    library.store("nbb-1", [picture(1)], bill)
    assert library.find(ImageRequest("a banana").key).receipt == bill


def test_an_odd_name_beside_what_was_kept_of_an_answer_takes_no_picture_away(library):
    data, kind = picture(1)
    library.begin(ImageRequest("a banana"), "nbb-1")
    library.keep_answer("nbb-1", data, 0)
    odd = library.folder / "answers/nbb-1-copy: 2.bin"  # of what keeps two machines in step
    odd.write_bytes(data)
    stored = library.store("nbb-1", [(data, kind)], receipt("nbb-1"))
    assert stored[0].read() == data
    assert library.forget_requests(["nbb-1"]) == [stored[0].path]
    assert [each.name for each in odd.parent.iterdir()] == [odd.name]


def test_what_was_never_made_is_none_and_makes_no_folder(library):
    assert library.find(ImageRequest("a banana").key) is None
    assert library.history() == library.unfinished() == library.bills() == []
    assert not library.folder.exists()


def test_a_request_that_got_no_picture_is_not_found(library):
    request = ImageRequest("a banana")
    library.begin(request, "nbb-1")
    library.mark_failed("nbb-1", "refused")
    assert library.find(request.key) is None


def test_a_file_has_a_readable_name_and_the_very_bytes(library):
    kept = put(library, ImageRequest("A T-Rex, on a beach!"), "nbb-1")
    day = kept.made
    name = f"pictures/{day:%Y-%m}/{day:%Y-%m-%d}-a-t-rex-on-a-beach-{kept.digest[:6]}.png"
    assert kept.path == library.folder / name
    assert hashlib.sha256(kept.path.read_bytes()).hexdigest() == kept.digest
    assert not list((library.folder / "incoming").iterdir())


def test_a_fresh_picture_counts_and_the_old_one_stays_in_history(library):
    request = ImageRequest("a banana")
    put(library, request, "nbb-old")
    put(library, request, "nbb-new")
    assert library.find(request.key).request_id == "nbb-new"
    assert [each.request_id for each in library.history()] == ["nbb-new", "nbb-old"]


def test_an_old_picture_that_is_recovered_late_does_not_win_over_a_newer_one(library):
    request = ImageRequest("a banana")
    library.begin(request, "nbb-old")
    put(library, request, "nbb-new")
    library.store("nbb-old", [picture("old")], receipt("nbb-old"))
    assert library.find(request.key).request_id == "nbb-new"


def test_which_of_many_requests_have_a_picture_is_one_question(library):
    have = [ImageRequest("a banana", take=take) for take in (1, 2)]
    for request in have:
        put(library, request, f"nbb-{request.take}")
    library.begin(ImageRequest("a pear"), "nbb-pear")
    wanted = [*have, ImageRequest("a pear"), ImageRequest("a banana", take=3)]
    assert library.known(each.key for each in wanted) == {each.key for each in have}


def test_pictures_of_another_service_do_not_count(library):
    request = ImageRequest("a banana")
    put(library, request, "nbb-1")
    other = Library(library.folder, "sandbox")
    assert other.find(request.key) is None
    assert other.history() == []


def test_further_pictures_of_an_answer_are_its_extras(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    stored = library.store("nbb-1", [picture(1), picture(2)], receipt("nbb-1"))
    kept = library.find(ImageRequest("a banana").key)
    assert [kept, *kept.extras] == stored
    assert kept.extras[0].read() == picture(2)[0]
    assert library.by_content(picture(2)[0]).position == 1


def test_storing_twice_keeps_one_picture(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    library.store("nbb-1", [picture("nbb-1")], receipt("nbb-1"))
    assert len(library.history()) == len(list(library.folder.rglob("*.png"))) == 1


def test_the_same_bytes_for_two_requests_are_one_file(library):
    one = put(library, ImageRequest("a banana"), "nbb-1", picture(7))
    two = put(library, ImageRequest("a yellow banana"), "nbb-2", picture(7))
    assert one.path == two.path
    assert len(list(library.folder.rglob("*.png"))) == 1


def test_a_file_with_other_bytes_is_not_overwritten(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    kept.path.write_bytes(b"mine")
    again = put(library, ImageRequest("a banana"), "nbb-2", picture("nbb-1"))
    assert again.path != kept.path
    assert kept.path.read_bytes() == b"mine"
    assert library.find(ImageRequest("a banana").key).read() == picture("nbb-1")[0]


# References


def test_a_request_comes_back_with_its_references(library):
    mug, _ = picture("mug")
    request = ImageRequest("a mug", images=[data_url(mug), "https://example.com/a.png"])
    kept = put(library, request, "nbb-1")
    assert kept.request == request
    assert hash(kept.request.references) == hash(request.references)
    assert kept.request.payload() == request.payload()
    assert [each.label for each in kept.request.references] == [
        each.label for each in request.references
    ]


def test_a_reference_is_read_when_it_is_sent_and_not_before(library):
    mug, _ = picture("mug")
    kept = put(library, ImageRequest("a mug", images=[data_url(mug)]), "nbb-1")
    library.reference(hashlib.sha256(mug).hexdigest()).unlink()
    assert library.find(kept.request.key).request.key == kept.request.key
    with pytest.raises(errors.PictureMissingError):
        kept.request.payload()


def test_a_reference_is_kept_once(library):
    mug, _ = picture("mug")
    for number in range(3):
        put(library, ImageRequest(f"mug {number}", images=[data_url(mug)]), f"nbb-{number}")
    digest = hashlib.sha256(mug).hexdigest()
    assert [file.name for file in (library.folder / "references").iterdir()] == [
        f"{digest[:16]}.png"
    ]
    assert library.reference(digest).read_bytes() == mug


def test_a_reference_whose_file_was_lost_is_kept_again(library):
    request = ImageRequest("a mug", images=[data_url(picture("mug")[0])])
    put(library, request, "nbb-1")
    digest = request.references[0].digest
    for number, harm in enumerate((Path.unlink, lambda path: path.write_bytes(b"half"))):
        harm(library.reference(digest))
        put(library, request, f"nbb-again-{number}")
        assert library.find(request.key).request.payload() == request.payload()


def test_a_picture_of_ours_that_is_a_reference_is_not_kept_twice(library):
    first = put(library, ImageRequest("a mug"), "nbb-1")
    request = ImageRequest("make it night", images=[data_url(first.read())])
    put(library, request, "nbb-2", parents=[first.digest])
    assert library.reference(first.digest) == first.path


def test_a_reference_from_another_library_is_copied(library, tmp_path):
    mug, _ = picture("mug")
    kept = put(library, ImageRequest("a mug", images=[data_url(mug)]), "nbb-1")
    other = Library(tmp_path / "other", "sandbox")
    put(other, kept.request, "nbb-2")
    shutil.rmtree(library.folder)
    assert other.history()[0].request.references[0].url == data_url(mug)


def test_a_reference_that_is_named_by_other_bytes_is_sent_as_it_was(library):
    small = as_reference(data_url(picture("made smaller")[0]))
    request = ImageRequest("a mug", images=[replace(small, label="mug.jpg", came_from=64 * "a")])
    kept = put(library, request, "nbb-1")
    assert kept.request.payload() == request.payload()
    assert kept.request.references[0].origin == 64 * "a"
    assert kept.request.key == request.key


def test_a_kept_picture_survives_a_pickle(library):
    kept = put(library, ImageRequest("a mug", images=[data_url(picture("mug")[0])]), "nbb-1")
    again = pickle.loads(pickle.dumps(kept))
    assert again == kept
    assert again.request.payload() == kept.request.payload()


def test_a_request_that_a_model_does_not_take_any_more_still_comes_back(library, monkeypatch):
    request = ImageRequest("a banana", aspect_ratio="16:9")
    put(library, request, "nbb-1")
    monkeypatch.setattr("nb_banana.request.find_in", lambda _, name: MODELS[-1])
    change(library, "UPDATE requests SET parameters = replace(parameters, '16:9', '77:1')")
    assert library.history()[0].request.aspect_ratio == "77:1"


# The journal


def test_each_step_is_there_before_the_next(library):
    request = ImageRequest("a banana")
    states = []
    for step in (
        lambda: library.begin(request, "nbb-1"),
        lambda: library.mark_answered("nbb-1", [ResultItem("https://x/a.png")], receipt("nbb-1")),
        lambda: library.store("nbb-1", [picture(1)], receipt("nbb-1")),
    ):
        step()
        states += library._index.rows("SELECT state FROM requests")
    assert [row["state"] for row in states] == ["sent", "answered", "stored"]


def test_what_this_kernel_works_on_is_not_unfinished(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    assert library.unfinished() == []


def test_what_was_given_up_is_unfinished_with_all_that_is_known(library):
    for name in "abc":
        library.begin(ImageRequest(name), f"nbb-{name}", notebook="n.ipynb")
    library.mark_unknown("nbb-a", "no answer")
    library.mark_answered(
        "nbb-b", [ResultItem("https://x/b.png"), ResultItem(data=b"")], receipt("nbb-b")
    )
    library.release("nbb-b", "the link failed")
    library.mark_failed("nbb-c", "refused", receipt("nbb-c"))
    unknown, answered = library.unfinished()
    assert (unknown.state, unknown.error, unknown.receipt) == ("unknown", "no answer", None)
    assert (answered.state, answered.links) == ("answered", ("https://x/b.png", None))
    assert (answered.receipt.credits, answered.request.prompt) == (178_975, "b")


@pytest.mark.parametrize(
    ("owner", "age", "is_left"),
    [
        ({"host": "elsewhere"}, timedelta(minutes=59), False),
        ({"host": "elsewhere"}, timedelta(minutes=61), True),
        ({"started": "another boot/1"}, timedelta(0), True),
        ({"pid": 2**22 + 1}, timedelta(0), True),
        ({"started": ""}, timedelta(minutes=59), False),
        ({}, timedelta(days=9), False),
    ],
)
def test_a_row_is_left_when_its_process_is_gone(library, owner, age, is_left):
    library.begin(ImageRequest("a banana"), "nbb-1")
    columns = {**owner, "changed": (datetime.now(UTC) - age).isoformat()}
    for name, value in columns.items():
        change(library, f"UPDATE requests SET {name} = ?", value)
    assert bool(library.unfinished()) is is_left


def test_what_is_stored_stays_stored_whoever_comes_late(library):
    request = ImageRequest("a banana")
    put(library, request, "nbb-1")
    library.mark_unknown("nbb-1", "timed out")
    library.mark_failed("nbb-1", "no")
    assert library.find(request.key).read()
    assert library.unfinished() == []


def test_what_was_being_stored_while_it_was_looked_for_is_not_asked_for_again(library):
    """Its row has the time before the commit; who looks between the two does not find it."""
    request = ImageRequest("a banana")
    put(library, request, "nbb-1")
    assert library.begin(request, "nbb-2", since=now()) == "nbb-1"
    assert not library.has("nbb-2")


def test_an_id_is_taken_once(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    with pytest.raises(errors.LibraryError, match="already"):
        library.begin(ImageRequest("a pear"), "nbb-1")


def test_a_step_of_an_unknown_request_is_an_error(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    with pytest.raises(errors.NotKeptError, match="nbb-2"):
        library.mark_unknown("nbb-2", "no answer")
    with pytest.raises(errors.NotKeptError, match="nbb-2"):
        library.store("nbb-2", [picture(1)], receipt("nbb-2"))
    assert not list(library.folder.rglob("*.p*g"))


def test_bills_are_exact_and_name_what_failed_too(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    library.begin(ImageRequest("a pear"), "nbb-2")
    library.mark_failed("nbb-2", "unreadable", receipt("nbb-2", usd=Decimal("0.1")))
    assert sum(bill.usd for bill in library.bills()) == Decimal("0.1894875")
    assert library.bills(datetime.now(UTC) + timedelta(hours=1)) == []


def test_credits_that_no_number_holds_do_no_harm(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    huge = receipt("nbb-1", credits=10**30, usd=Decimal("5e23"))
    kept = library.store("nbb-1", [picture(1)], huge)[0]
    assert (kept.receipt.credits, kept.receipt.usd) == (None, None)


# History


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("BANANA", ["100% banana_split"]),
        ("café", ["Ein CAFÉ in Straßburg"]),
        ("cafe\u0301 STRASSBURG", ["Ein CAFÉ in Straßburg"]),
        ("%", ["100% banana_split"]),
        ("_", ["100% banana_split"]),
        ("'; drop", []),
        ("straß ein", ["Ein CAFÉ in Straßburg"]),
        ("", ["Ein CAFÉ in Straßburg", "100% banana_split"]),
    ],
)
def test_history_searches_the_words_of_prompts(library, query, found):
    put(library, ImageRequest("100% banana_split"), "nbb-1")
    put(library, ImageRequest("Ein CAFÉ in Straßburg"), "nbb-2")
    assert [each.request.prompt for each in library.history(query)] == found


def test_history_has_the_newest_first_and_stops_at_its_limit(library):
    for number in range(5):
        put(library, ImageRequest(f"banana {number}"), f"nbb-{number}")
    assert [each.request_id for each in library.history(limit=2)] == ["nbb-4", "nbb-3"]
    assert len(library.history(limit=None)) == 5


def test_a_prompt_with_odd_characters_is_kept(library):
    request = ImageRequest("a banana \x00 ‮")
    put(library, request, "nbb-1", notebook="les\udce9on.ipynb")
    assert library.find(request.key).read()
    assert library.history("\x00")


def test_a_number_that_is_too_large_is_said(library):
    with pytest.raises(errors.LibraryError, match="digits"):
        library.begin(copy_with(ImageRequest("a banana"), take=10**30), "nbb-1")
    with pytest.raises(errors.RequestError, match="digits"):
        ImageRequest("a banana", take=10**30)


def test_a_picture_is_found_by_its_ids_its_file_and_its_bytes(library, tmp_path):
    kept = put(library, ImageRequest("a banana"), "nbb-7f3a")
    put(library, ImageRequest("a pear"), "nbb-8000")
    copy = shutil.copy(kept.path, tmp_path / "copy.png")
    for found in (
        library.by_id(kept.digest),
        library.by_id(kept.digest[:6]),
        library.by_id("nbb-7"),
        library.by_path(kept.path),
        library.by_path(copy),
        library.by_content(kept.read()),
    ):
        assert found == kept


def test_an_id_that_fits_nothing_or_several_is_an_error(library, tmp_path):
    put(library, ImageRequest("a banana"), "nbb-1")
    put(library, ImageRequest("a pear"), "nbb-2")
    with pytest.raises(errors.NotKeptError, match="several"):
        library.by_id("nbb-")
    for text in ("", "zzz", "%"):
        with pytest.raises(errors.NotKeptError, match="nothing"):
            library.by_id(text)
    with pytest.raises(errors.NotKeptError, match="can't be read"):
        library.by_path(tmp_path / "none.png")
    with pytest.raises(errors.NotKeptError, match="no picture"):
        library.by_content(b"none")


# Forgetting


def test_a_forgotten_picture_is_gone_and_its_cost_stays(library):
    mug = data_url(picture("mug")[0])
    kept = put(library, ImageRequest("a secret", images=[mug]), "nbb-1", notebook="secret.ipynb")
    deleted = library.forget([kept.digest[:8]])
    assert kept.path in deleted
    assert len(deleted) == 2  # the reference too
    assert not any(path.exists() for path in deleted)
    assert library.find(kept.request.key) is None
    assert b"secret" not in pickle.dumps(library._index.rows("SELECT * FROM requests"))
    assert [bill.usd for bill in library.bills()] == [Decimal("0.0894875")]


def test_a_file_that_something_else_uses_is_not_deleted(library):
    mug = data_url(picture("mug")[0])
    first = put(library, ImageRequest("a mug", images=[mug]), "nbb-1")
    put(library, ImageRequest("two mugs", images=[mug]), "nbb-2")
    edit = ImageRequest("at night", images=[data_url(first.read())])
    put(library, edit, "nbb-3")
    assert library.forget(["nbb-1"]) == []
    assert library.history()[0].request.payload() == edit.payload()


def test_forgetting_is_all_or_nothing(library):
    kept = put(library, ImageRequest("a banana"), "nbb-1")
    with pytest.raises(errors.NotKeptError):
        library.forget(["nbb-1", "zzz"])
    assert library.find(kept.request.key) == kept


def test_a_request_without_a_picture_can_be_forgotten(library):
    library.begin(ImageRequest("a banana"), "nbb-1")
    library.mark_unknown("nbb-1", "no answer")
    assert library.forget(["nbb-1"]) == []
    assert library.unfinished() == []


# Where it is, and who uses it


def test_a_picture_that_is_found_tells_of_its_references_as_who_asks_now_named_them(library):
    large, limits = photo(90, 90, 1), ReferenceLimits(total_bytes=10_000)
    first = ImageRequest("a", images=as_reference(large, label="cup"), limits=limits)
    put(library, first, "nbb-1")
    again = ImageRequest("a", images=as_reference(large, label="mug"), limits=limits)
    (told,) = library.find(again.key).asked_by(again).references
    assert told.note
    assert (told.label, told.note) == ("mug", again.references[0].note)


@pytest.mark.skipif(sys.platform != "linux", reason="psutil tells it elsewhere")
def test_a_process_that_has_ended_works_on_nothing_though_nobody_waited_for_it():
    with subprocess.Popen(["sleep", "60"]) as child:
        row = {"id": "nbb-1", "pid": child.pid, "changed": now()}
        row |= {"host": this_process()["host"], "started": _started(child.pid)}
        assert (is_drawn(row), is_left(row)) == (True, False)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert (is_drawn(row), is_left(row)) == (False, True)


def test_where_there_is_no_proc_psutil_tells_when_a_process_was_started(monkeypatch):
    pytest.importorskip("psutil")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        first = _started_elsewhere(child.pid)
        assert first == _started_elsewhere(child.pid) not in (GONE, UNTOLD)
    assert _started_elsewhere(child.pid) == GONE
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert _started_elsewhere(child.pid) == UNTOLD


def test_the_facts_in_a_file_give_its_request_and_its_bill_back_whatever_else_it_says():
    asked = {"model": "lite", "aspect_ratio": "16:9", "take": 2, "params": {"seed": 3}}
    request, bill = ImageRequest("a banana", **asked), receipt("nbb-1", sandbox=True)
    facts = json.loads(json.dumps(embedded_facts(request, bill)))
    again = embedded_request(facts | {"limits": 3, "catalogue": 4, "images": ["mug"]})
    assert (again, again.limits) == (request, request.limits)
    same = replace(bill, inference_id=None, credits=None, usd=None, seconds=0.0)
    assert embedded_receipt(facts) == replace(same, model=request.model)


def test_each_kind_of_service_has_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert default_folder("api") == tmp_path / "nb_banana" / "api"
    assert default_folder("api").parent == default_folder("sandbox").parent
    assert default_folder("api") != default_folder("sandbox")


def test_a_relative_folder_is_beside_the_notebook(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert default_folder("api", "pics") == tmp_path / "pics" / "api"
    assert default_folder("api", "pics", Path("/lesson")) == Path("/lesson/pics/api")
    assert default_folder("api", "/pics", Path("/lesson")) == Path("/pics/api")
    assert default_folder("api", "~/pics") == Path.home() / "pics" / "api"


def test_threads_share_one_library(library):
    def work(number):
        for each in range(5):
            put(library, ImageRequest(f"banana {number}/{each}"), f"nbb-{number}-{each}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.read() for each in library.history(limit=None)}) == 40


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_nothing_stays_open(library):
    put(library, ImageRequest("a banana"), "nbb-1")
    library.history()
    open_files = [str(each.resolve()) for each in Path("/proc/self/fd").iterdir()]
    assert not [each for each in open_files if str(library.folder) in each]
