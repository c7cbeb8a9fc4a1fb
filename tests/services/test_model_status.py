"""A model that goes away is said once, with what replaces it; nothing is ever drawn by another."""

import base64
import io
import threading

import pytest

import nb_banana
from nb_banana import Client, configure, errors
from nb_banana.generation import in_process
from nb_banana.generation.in_process import InProcessTransport
from nb_banana.sandbox import Sandbox
from nb_banana.services import account, model_status
from nb_banana.services.aimlapi.service import DEPRECATIONS, METRICS
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.model_status import ModelStatus
from tests.conftest import KEY
from tests.support import pictures
from tests.support.kernels import another_kernel
from tests.support.wire import MODEL, MODELS, POST, as_json, wire

OLD = "google/gemini-3-1-flash-image-preview"  # the other name of MODEL
NEWER = "google/gemini-nano-banana-2.1"
CURE = ' Its successor is nano-banana-2.1: -m 2.1, or model="2.1".'


def row(status="deprecated", **changes):
    return {
        "id": MODEL,
        "aliases": [],
        "status": status,
        "deprecated_at": "2026-10-06",
        "shutdown_at": "2026-12-01",
        "replaced_by": NEWER,
        "reason": "provider_delisted",
    } | changes


def listing(*rows, **headers):
    return as_json({"object": "list", "generated_at": "…", "data": list(rows)}, **headers)


def drawn(request):
    data = io.BytesIO()
    pictures.picture().save(data, "PNG")
    return as_json({"data": [{"b64_json": base64.b64encode(data.getvalue()).decode()}]})


def missing(request):
    said = {"message": "Model not found", "statusCode": 404, "requestId": "r"}
    return as_json(said, 404)


@pytest.fixture
def vendor(monkeypatch):
    """A service that draws, and has one model that goes away; the settings are its."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    monkeypatch.setattr(model_status, "GRACE", 60)  # the list comes, however slow the machine is
    monkeypatch.setattr(account, "READ_TIMEOUT", 60)
    with wire({POST: drawn, DEPRECATIONS: lambda _: listing(row())}) as service:
        configure(base_url=service.url)
        yield service


UNDATED = "The service ends nano-banana-2, and does not say when."
GONE = "The service withdrew nano-banana-2 on "
KNOWN = "nb_banana.MODELS has the models that are known."
UNKNOWN = "The service knows no such model or address: Model not found. Nothing was charged."
STAY = "Pictures of it in your library stay there."
ENDS = "The service ends nano-banana-2 on 2026-12-01."


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (row(), ENDS + CURE),
        (row(shutdown_at="2026-12-01T00:00:00Z"), ENDS + CURE),
        (row(id="some/name", aliases=["x", OLD]), ENDS + CURE),
        (row(id=OLD), ENDS + CURE),
        (row(replaced_by=None), ENDS),
        (row(replaced_by=7), ENDS),
        (row(replaced_by=OLD, id="x", aliases=[MODEL]), ""),
        (
            row(replaced_by="acme/new\n"),
            f'{ENDS} Its successor is acme/new: -m acme/new, or model="acme/new".',
        ),
        (row(shutdown_at=None), UNDATED + CURE),
        (row(shutdown_at="soon"), UNDATED + CURE),
        (row(shutdown_at=20261201), UNDATED + CURE),
        (row("superseded"), "There is a newer model than nano-banana-2 since 2026-10-06." + CURE),
        (row("withdrawn"), GONE + "2026-12-01." + CURE),
        (row("withdrawn", shutdown_at=None), GONE + "2026-10-06." + CURE),
        (row("resting"), ""),
        (row(id="google/nano-banana-pro"), ""),
        (row(replaced_by=KEY), ""),
    ],
    ids=repr,
)
def test_what_the_list_says_of_a_model_stands_under_its_first_picture_and_only_there(
    vendor, said, words
):
    vendor.answers[DEPRECATIONS] = lambda _: listing({"id": "another/model"}, said)
    first, second = (nb_banana.generate("a banana", take=take) for take in (1, 2))
    assert first.notes == ((words,) if words else ())
    assert second.notes == ()
    assert [len(vendor.of(path)) for path in (POST, DEPRECATIONS)] == [2, 1]
    assert first.request.model == second.request.model == MODEL


def test_the_question_bears_no_key_and_comes_after_the_request_for_the_picture(vendor):
    nb_banana.generate("a banana")
    assert [each.path for each in vendor.seen] == [POST, DEPRECATIONS]
    asked = vendor.seen[-1]
    assert KEY not in f"{asked.headers}{asked.query}"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (404, b"{}", {}),
        (500, b"<html>", {}),
        (200, b"not JSON", {}),
        (304, b"", {}),
        as_json([]),
        as_json({"data": "?"}),
        as_json({"data": {"id": MODEL}}),
        listing(None, 3, [], {}, {"id": MODEL}, row(["withdrawn"]), row({}), row(None)),
        listing(row(aliases=None, id=None), row(aliases={"a": 1}, id=["b"])),
    ],
    ids=repr,
)
def test_a_list_that_can_not_be_had_or_read_is_silent_and_the_picture_is_there(vendor, answer):
    vendor.answers[DEPRECATIONS] = lambda _: answer
    assert nb_banana.generate("a banana").notes == ()
    vendor.answers[POST] = missing
    with pytest.raises(
        errors.NotFoundError,
        match=r"Model not found\. Nothing was charged\. Look at model and base_url",
    ):
        nb_banana.generate("a fox")


def test_a_list_that_is_late_holds_no_picture_up_and_is_said_with_the_next(vendor, monkeypatch):
    monkeypatch.setattr(model_status, "GRACE", 0.1)
    come = threading.Event()
    vendor.answers[DEPRECATIONS] = lambda _: come.wait(60) and listing(row())
    assert nb_banana.generate("a banana").notes == ()
    come.set()
    status = nb_banana._default.client().context.model_status
    assert status._answers[vendor.url].ended.wait(60)
    assert nb_banana.generate("a fox").notes == (ENDS + CURE,)


def test_each_model_that_goes_away_is_said_and_the_list_is_asked_once(vendor):
    vendor.answers[DEPRECATIONS] = lambda _: listing(row(), row(id=NEWER, replaced_by=None))
    asked = ("2", "2.1", "lite", "2", "2.1")
    notes = [nb_banana.generate("a fox", model=m, take=t).notes for t, m in enumerate(asked, 1)]
    assert [bool(each) for each in notes] == [True, True, False, False, False]
    assert notes[1] == ("The service ends nano-banana-2.1 on 2026-12-01.",)
    assert len(vendor.of(DEPRECATIONS)) == 1


def test_of_many_pictures_one_says_it(vendor):
    gallery = nb_banana.generate_many(["a fox", "a cat", "a dog"])
    assert [note for image in gallery.images for note in image.notes] == [ENDS + CURE]


def test_where_outputs_are_compared_only_the_doctor_says_it(vendor):
    vendor.answers[MODELS] = lambda _: as_json({"data": []})
    configure(caption="stable")
    assert nb_banana.generate("a banana").notes == ()
    assert vendor.of(DEPRECATIONS) == []
    assert ENDS + CURE in repr(nb_banana.doctor())
    assert nb_banana.generate("a fox").notes == ()


def test_what_is_kept_asks_nobody(vendor):
    nb_banana.generate("a banana")
    seen = len(vendor.seen)
    assert nb_banana.generate("a banana").notes == ()
    assert len(vendor.seen) == seen


def test_where_no_thread_can_start_only_what_waits_for_the_list_asks_for_it(vendor, monkeypatch):
    monkeypatch.setattr("nb_banana._threads.HAS_THREADS", False)
    assert nb_banana.generate("a banana").notes == ()
    assert vendor.of(DEPRECATIONS) == []
    vendor.answers[POST] = missing
    with pytest.raises(errors.NotFoundError, match="The service ends nano-banana-2"):
        nb_banana.generate("a fox")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (row("withdrawn"), f"{UNKNOWN} {GONE}2026-12-01.{CURE} {STAY}"),
        (
            row("withdrawn", replaced_by=None, shutdown_at=None, deprecated_at=None),
            f"{UNKNOWN} {GONE.removesuffix(' on ')}. {STAY}",
        ),
        (row(id="another/model"), f"{UNKNOWN} Look at model and base_url. {KNOWN}"),
    ],
)
def test_a_model_that_is_not_drawn_any_more_says_what_replaced_it(vendor, said, words):
    vendor.answers |= {POST: missing, DEPRECATIONS: lambda _: listing(said)}
    with pytest.raises(errors.NotFoundError) as caught:
        nb_banana.generate("a banana")
    assert caught.value.args[0] == words
    assert caught.value.facts["status"] == 404
    assert [post.body for post in vendor.posts][1:] == []
    assert [each.path for each in vendor.seen] == [POST, DEPRECATIONS]


def test_old_pictures_of_a_withdrawn_model_are_shown_for_ever_and_no_other_model_draws(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY) as before:
        configure(base_url=before.url)
        old = nb_banana.generate("a banana")
        port = int(before.url.rpartition(":")[2])
    another_kernel()
    with Sandbox(KEY, port=port, retired={"2": "withdrawn"}) as after:
        assert nb_banana.generate("a banana").bytes == old.bytes
        assert after.received == []
        with pytest.raises(errors.NotFoundError, match=r"-m 2\.1"):
            nb_banana.generate("a fox")
        assert [post.body["model"] for post in after.posts] == [MODEL]
        assert after.charges == []
        assert nb_banana.generate("a banana").came == "reused"
        assert nb_banana.generate("a fox", model="2.1").request.model == NEWER


@pytest.mark.parametrize(
    ("status", "is_fine"), [("deprecated", True), ("superseded", True), ("withdrawn", False)]
)
def test_the_doctor_has_a_row_for_the_model_of_the_settings(monkeypatch, status, is_fine):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY, retired={"lite": {"status": status, "shutdown_at": "2027-01-31"}}) as service:
        configure(base_url=service.url)
        rows = {check.what: check for check in nb_banana.doctor().checks}
        assert (rows["model"].found, rows["model"].fine) == (MODEL, True)
        configure(model="lite")
        rows = {check.what: check for check in nb_banana.doctor().checks}
        assert rows["model"].fine is is_fine
        assert "-m 2.1" in rows["model"].found
        assert ("2027-01-31" in rows["model"].found) == (status != "superseded")


@pytest.mark.parametrize(("age", "asked"), [(600, [None]), (0, [None, 'W/"a"', 'W/"a"'])])
def test_the_doctor_asks_again_when_the_list_is_stale_and_then_whether_it_changed(
    vendor, age, asked
):
    seen = []

    def answer(request):
        seen.append(request.headers["If-None-Match"])
        headers = {"ETag": 'W/"a"', "Cache_Control": f"public, max-age={age}"}
        return (304, b"", headers) if seen[-1] else listing(row(), **headers)

    vendor.answers |= {MODELS: lambda _: as_json({"data": []}), DEPRECATIONS: answer}
    for _ in range(3):
        assert ENDS in repr(nb_banana.doctor())
    assert seen == asked


def test_the_sandbox_that_comes_by_itself_is_asked_for_no_list(monkeypatch):
    with Client(backend="sandbox") as client:
        assert client.generate("a banana").notes == ()
        received = client.context._sandboxes["aimlapi"].received
    assert not [each for each in received if each.path in {DEPRECATIONS, METRICS}]


def test_a_model_that_is_listed_no_more_and_drawn_yet_has_its_price(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY, retired={"pro": "deprecated"}) as service:
        configure(base_url=service.url, budget=1)
        assert nb_banana.dry_run("a banana", model="pro").price == "about $0.17 play money"
        assert nb_banana.generate("a banana", model="pro").came == "made"


def test_a_sandbox_in_the_process_answers_the_same():
    transport = InProcessTransport(Sandbox(retired={"2": "withdrawn"}))
    service = Endpoint(in_process.URL, transport=transport)
    status = ModelStatus()
    assert status.deprecation(service, OLD).is_withdrawn
    assert status.usual_seconds(service, MODEL) is None


def measured(half, alias=MODEL, endpoint=POST):
    metrics = {"duration_ms": {"p50": half, "p99": 99_000}}
    return {"alias": alias, "endpoint": endpoint, "metrics": metrics}


@pytest.mark.parametrize(
    ("models", "seconds"),
    [
        ([measured(13_800)], 13.8),
        ([measured(13_800, OLD)], 13.8),
        ([measured(5_000, "another/model"), measured(700.5)], 0.7005),
        ([measured(9_000, endpoint="/v1/chat/completions"), measured(8_000)], 8.0),
        ([measured("2000")], 2.0),
        ([measured(5_000, "another/model")], None),
        ([measured(0)], None),
        ([measured(-1)], None),
        ([measured(True)], None),
        ([measured(None)], None),
        ([measured(10**9)], None),
        ([{"alias": MODEL}], None),
        ([{"alias": MODEL, "metrics": []}], None),
        ([None, 7], None),
        ("?", None),
        (None, None),
    ],
)
def test_how_long_it_usually_takes_is_asked_once_and_what_makes_no_sense_is_nothing(
    models, seconds
):
    answer = as_json({"window_seconds": 300, "models": models})
    with wire({METRICS: lambda _: answer}) as service:
        status = ModelStatus()
        for _ in range(2):
            assert status.usual_seconds(Endpoint(service.url), MODEL) == seconds
        (asked,) = service.seen
        assert asked.query == {"aliases": MODEL}
