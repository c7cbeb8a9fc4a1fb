"""Other services than the AI/ML API: the same cell, the same books, whoever draws."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from decimal import Decimal
from functools import partial

import pytest

import nb_banana
from nb_banana import Client, configure, errors, generate
from nb_banana.credentials import PLACES
from nb_banana.generation.recovery import recover_quietly
from nb_banana.request import ImageRequest
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import tickets
from nb_banana.services.exchange import Call, Upload
from nb_banana.services.registry import find_service
from tests.conftest import KEY
from tests.support.doors import open_door
from tests.support.moments import one_question, until, work_is_done
from tests.support.servers import picture, server

OTHERS = [name for name in SPOKEN if name != "aimlapi"]
B64 = base64.b64encode(picture()).decode()
DATA = f"data:image/png;base64,{B64}"


def other_service(name, monkeypatch):
    monkeypatch.setenv(PLACES[name].names[0], KEY)
    running = Sandbox(KEY, service=name).start()
    configure(service=name, base_url=running.url)
    return running


@pytest.fixture(params=OTHERS)
def other(request, monkeypatch):
    """The settings are a service of another kind, which is a sandbox of the test's own."""
    running = other_service(request.param, monkeypatch)
    yield running
    running.stop()


@pytest.fixture
def fal(monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.05)
    running = other_service("fal", monkeypatch)
    yield running
    running.stop()


@pytest.mark.parametrize("door", ["function", "magic"])
def test_a_picture_is_drawn_kept_and_billed_as_ever(other, door):
    name = nb_banana.configure().service
    with open_door(door) as draw:
        image = draw("a banana", aspect_ratio="16:9", resolution="2K")
        assert draw("a banana", aspect_ratio="16:9", resolution="2K").came == "reused"
    assert image.size == (2752, 1536)
    (post,) = other.posts
    assert post.authorized
    assert KEY not in str(post.headers)
    (charge,) = other.charges
    assert image.cost == Decimal(charge.credits) / 2_000_000
    assert image.receipt.is_about is find_service(name).computes_bill
    assert image.path.parents[2].name.startswith(f"{name}@127.0.0.1")
    assert image.receipt.sandbox
    assert f"nano-banana-2 · {name} · " in image.caption
    assert f"  nano-banana-2 · {name}" in [line.what for line in nb_banana.spending().lines]
    assert nb_banana.spending().lines[0].usd == image.cost


@pytest.mark.parametrize("door", ["function", "magic"])
def test_who_draws_is_chosen_for_one_call(service, monkeypatch, door):
    with Sandbox(KEY, service="fal") as queue, open_door(door) as draw:
        monkeypatch.setenv("FAL_KEY", KEY)
        monkeypatch.setattr("nb_banana.services.fal.Fal.base_url", queue.url)
        first = draw("a banana", service="fal")
        second = draw("a banana")  # another service's picture stands in for none
        assert [len(each.posts) for each in (queue, service)] == [1, 1]
        assert draw("a banana", service="fal").came == "reused"
    kinds = [image.path.parents[2].name for image in (first, second)]
    assert kinds[0] == "fal"
    assert kinds[1].startswith("127.0.0.1")


@pytest.mark.parametrize("later", ["recover", "the cell again"])
def test_a_kernel_that_dies_with_the_picture_in_its_hands_loses_none(other, monkeypatch, later):
    def dies(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("nb_banana.generation.pipeline.fetch_pictures", dies)
        with pytest.raises(SystemExit):
            generate("a banana")
    (image,) = nb_banana.recover().images if later == "recover" else [generate("a banana")]
    assert image.path.is_file()
    assert len(other.posts) == len(other.charges) == 1
    assert not [*image.path.parents[2].glob("answers/*")]


def test_a_dry_run_has_all_that_is_sent(fal):
    shown = nb_banana.dry_run("a banana")
    assert '"x-fal-no-retry": "1"' in shown.python
    assert "-H 'x-fal-no-retry: 1'" in shown.curl


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("openai", {"code": "insufficient_quota", "message": "No quota."}),
        (
            "google",
            {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "credits are depleted"},
        ),
    ],
)
def test_too_many_requests_for_no_money_are_not_sent_again(monkeypatch, name, said, many):
    body = json.dumps({"error": said}).encode()
    monkeypatch.setenv(PLACES[name].names[0], KEY)
    with server(lambda handler: handler.reply(429, body)) as (url, seen):
        configure(service=name, base_url=url)
        if many:
            draw = partial(nb_banana.generate_many, ["a banana"] * 2)
        else:
            draw = partial(generate, "a banana")
        page = find_service(name).billing_page or "the service's own page"
        with pytest.raises(errors.NotAllowedError, match=f"out of credits.*Top it up at {page}"):
            draw()
    assert len([each for each in seen if each.method == "POST"]) == 1


UNREADABLE = {"data": [{"png": "A" * 400}]}


@pytest.mark.parametrize(
    ("name", "status", "body", "kind", "said", "held"),
    [
        (
            "openrouter",
            200,
            UNREADABLE | {"usage": {"cost": 0.04}},
            errors.UnreadableAnswerError,
            r"It was charged \$0\.04\. It was not sent again",
            "0.04",
        ),
        ("openrouter", 200, UNREADABLE, errors.UnreadableAnswerError, "keeps no log", "0"),
        ("fal", 422, {"detail": "No."}, errors.BadRequestError, "keeps no log", "0.08"),
        ("fal", 400, {"detail": "No."}, errors.BadRequestError, "Nothing was charged", "0"),
    ],
)
def test_what_is_not_known_to_be_free_counts_for_the_budget(
    monkeypatch, name, status, body, kind, said, held
):
    monkeypatch.setenv(PLACES[name].names[0], KEY)
    with server(lambda handler: handler.reply(status, json.dumps(body).encode())) as (url, seen):
        configure(service=name, base_url=url, budget=0.2 if name == "fal" else None)
        with pytest.raises(kind, match=said) as raised:
            generate("a banana")
    context = nb_banana._default.client().context
    assert context.budget.used(context.kinds()[-1]) == Decimal(held)
    assert len([each for each in seen if each.method == "POST"]) == 1
    receipt = raised.value.facts.get("receipt")
    assert (receipt.usd if receipt else None) == (Decimal("0.04") if held == "0.04" else None)


def test_a_reference_goes_along(other):
    image = generate("as this", images=picture())
    assert image.path
    assert len(other.posts) == len(other.charges) == 1
    assert "image/png" in str(other.posts[0].body)


INLINE = {"inlineData": {"mimeType": "image/png", "data": B64}}
GOOGLE = "/v1beta/models/gemini-3.1-flash-image:generateContent"
FAL = "/fal-ai/nano-banana-2"
OPENAI = {"model": "nano-banana-2", "prompt": "a banana"}
ALL = {"aspect_ratio": "16:9", "resolution": "2K", "images": picture(), "params": {"seed": 7}}
SENT = [
    (
        "google",
        {**ALL, "web_search": True},
        Call(
            "POST",
            GOOGLE,
            {
                "contents": [{"role": "user", "parts": [INLINE, {"text": "a banana"}]}],
                "generationConfig": {
                    "responseModalities": ["IMAGE"],
                    "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
                },
                "tools": [{"googleSearch": {}}],
                "seed": 7,
            },
        ),
    ),
    (
        "google",
        {},
        Call(
            "POST",
            GOOGLE,
            {
                "contents": [{"role": "user", "parts": [{"text": "a banana"}]}],
                "generationConfig": {"responseModalities": ["IMAGE"]},
            },
        ),
    ),
    (
        "openrouter",
        {**ALL, "model": "2"},
        Call(
            "POST",
            "/v1/images",
            {
                "model": "google/gemini-3.1-flash-image-preview",
                "prompt": "a banana",
                "aspect_ratio": "16:9",
                "resolution": "2K",
                "input_references": [{"type": "image_url", "image_url": {"url": DATA}}],
                "seed": 7,
            },
        ),
    ),
    (
        "fal",
        {**ALL, "resolution": "512", "web_search": True},
        Call(
            "POST",
            f"{FAL}/edit",
            {
                "prompt": "a banana",
                "aspect_ratio": "16:9",
                "resolution": "0.5K",
                "enable_web_search": True,
                "image_urls": [DATA],
                "seed": 7,
            },
            {"x-fal-no-retry": "1"},
        ),
    ),
    *(
        (
            "fal",
            asked,
            Call("POST", FAL, {"prompt": "a banana", **asked}, {"x-fal-no-retry": "1"}),
        )
        for asked in ({}, {"resolution": "2K"})
    ),
    (
        "openai",
        {**ALL, "params": {"n": 2, "user": "me"}},
        Call(
            "POST",
            "/v1/images/edits",
            form={**OPENAI, "n": "2", "size": "2752x1536", "user": "me"},
            files=(Upload("image[]", "image-1.png", picture(), "image/png"),),
        ),
    ),
    (
        "openai",
        {"params": {"seed": 7}},
        Call(
            "POST",
            "/v1/images/generations",
            {**OPENAI, "n": 1, "response_format": "b64_json", "seed": 7},
        ),
    ),
    *(
        (
            "openai",
            asked,
            Call(
                "POST",
                "/v1/images/generations",
                {**OPENAI, "n": 1, "response_format": "b64_json", "size": size},
            ),
        )
        for asked, size in (
            ({"aspect_ratio": "16:9"}, "1376x768"),
            ({"resolution": "4K"}, "4096x4096"),
        )
    ),
]


@pytest.mark.parametrize(("name", "asked", "call"), SENT)
def test_what_is_sent_is_what_the_service_s_pages_say(name, asked, call):
    service = find_service(name)
    asked = {"model": "2"} | asked
    request = ImageRequest("a banana", **asked, catalogue=service.catalogue)
    assert service.encode(request) == call


@pytest.mark.parametrize("name", ["google", "openai"])
def test_an_address_as_reference_is_refused_by_who_takes_pictures_alone(name, monkeypatch):
    other = other_service(name, monkeypatch)
    with pytest.raises(errors.RequestError, match="fetch_references"):
        generate("as this", images="https://pictures.example/1.png")
    other.stop()
    assert not other.received


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "2.5"}, "has no gemini-2.5-flash-image: its models are"),
        ({"aspect_ratio": "5:1"}, "choose one of 1:1"),
        ({"resolution": "8K"}, "choose one of .*4K"),
    ],
)
def test_what_a_service_has_not_is_refused_with_what_it_has(other, asked, said):
    with pytest.raises(errors.RequestError, match=said):
        generate("a banana", **asked)
    assert not other.received


def test_a_switch_that_a_service_has_not_is_refused(monkeypatch):
    other = other_service("openrouter", monkeypatch)
    with pytest.raises(errors.RequestError, match="can't search the web"):
        generate("a banana", web_search=True)
    other.stop()
    assert not other.received


def test_short_names_are_the_service_s_own_models(other):
    assert generate("a banana", model="2.1").request.model.endswith("nano-banana-2.1")


def test_the_key_of_another_service_is_not_taken(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with pytest.raises(errors.MissingKeyError, match="FAL_KEY"):
        Client(service="fal", backend="api").generate("a banana")


def test_without_a_key_its_own_sandbox_draws():
    with Client(service="fal") as client:
        image = client.generate("a banana")
        assert image.sandbox
        assert image.request.model == "fal-ai/nano-banana-2"


def test_another_service_has_its_own_address():
    configure(base_url="https://gateway.example")
    configure(service="fal")
    assert configure().base_url == PLACES["fal"].base_url
    configure(service="openrouter", base_url="https://gateway.example")
    assert configure().base_url == "https://gateway.example"
    configure(service="aimlapi")
    assert configure().base_url == PLACES["aimlapi"].base_url


def test_a_service_that_is_none_is_refused_with_those_that_are():
    for set_it in (lambda: configure(service="fall"), lambda: generate("a", service="fall")):
        with pytest.raises(errors.SettingsError, match="fal"):
            set_it()


def test_a_state_that_can_t_be_told_for_now_is_asked_again(fal):
    assert generate("a banana [trouble: queue-503 x2]", aspect_ratio="16:9").size == (1376, 768)
    states = [each for each in fal.received if each.path.endswith("/status")]
    assert (len(states), len(fal.posts), len(fal.charges)) == (3, 1, 1)


def test_fal_is_told_not_to_run_again_what_failed(fal):
    with suppress(errors.BananaError):
        generate("a banana [trouble: 500]")
    assert [each.headers["x-fal-no-retry"] for each in fal.posts] == ["1"]


def test_a_request_without_an_answer_is_said_to_be_not_known(other):
    with pytest.raises(errors.ConnectionDroppedError, match="keeps no log"):
        generate("a banana [trouble: drop-after]")
    assert len(other.posts) == 1
    assert not nb_banana.recover()[0].ended


def test_an_answer_that_is_kept_is_not_said_to_be_paid_again(google):
    with pytest.raises(errors.UnreadableAnswerError, match="as does running this again") as raised:
        generate("a banana [trouble: cut-json]")
    assert "pays for a new" not in str(raised.value)
    with pytest.raises(errors.UnreadableAnswerError, match="Nothing was sent"):
        generate("a banana [trouble: cut-json]")
    assert len(google.posts) == 1


def test_the_line_of_loading_promises_no_log_that_there_is_not(other):
    with pytest.raises(errors.ConnectionDroppedError, match="pays for a new picture"):
        generate("a banana [trouble: drop-after]")
    context = nb_banana._default.client().context
    assert recover_quietly(context).endswith(
        "1 still open. nb_banana.recover() says what is known."
    )
    assert "not known: " in nb_banana.recover()[0].outcome
    assert "log again" not in repr(nb_banana.recover())


@pytest.mark.parametrize("name", ["openrouter", "openai"])
def test_a_bill_is_the_service_s_own_word(name, monkeypatch):
    other = other_service(name, monkeypatch)
    image = generate("a banana")
    other.stop()
    assert (image.cost, image.receipt.is_about) == (Decimal("0.067"), False)


@pytest.fixture
def google(monkeypatch):
    running = other_service("google", monkeypatch)
    yield running
    running.stop()


def test_a_draft_of_google_s_is_skipped_and_its_thoughts_are_paid(google):
    image = generate("a banana", resolution="2K")
    assert image.size == (2048, 2048)  # the draft is small
    assert image.cost == Decimal("0.101") + (2 * Decimal("0.5") + 200 * Decimal(3)) / 1_000_000
    assert image.cost == Decimal(google.charges[0].credits) / 2_000_000


def test_a_refusal_of_google_s_is_billed_and_names_its_reason(google):
    with pytest.raises(errors.RefusalError, match=r"IMAGE_SAFETY.*charged about \$0.001") as raised:
        generate("a banana [trouble: refusal]")
    assert raised.value.facts["receipt"].usd > 0
    assert nb_banana.spending().lines[0].usd > 0
    assert not nb_banana.recover()


def test_a_key_that_google_refuses_is_said_to_be_refused(monkeypatch, google):
    monkeypatch.setenv("GEMINI_API_KEY", "another-key-of-mine-77")
    with pytest.raises(errors.KeyRefusedError, match="aistudio"):
        generate("a banana")


def test_the_pause_that_google_asks_for_is_kept(google, brisk):
    with pytest.raises(errors.RateLimitError) as raised:
        generate("a banana [trouble: 429-retry-after 500]")
    assert raised.value.facts["retry_after"] == 500
    assert len(google.posts) == 1


def test_a_gateway_that_drops_the_size_is_said(monkeypatch):
    other = other_service("openai", monkeypatch)
    image = generate("a banana [trouble: wrong-size]", resolution="4K")
    other.stop()
    assert "asked 4K" in image.mismatch


WORKER = """
import nb_banana, sys
nb_banana.configure(service="fal", base_url=sys.argv[1], library=sys.argv[2])
nb_banana.generate("a slow banana [trouble: slow 600]")
"""


def test_a_kernel_that_is_killed_while_a_ticket_waits_loses_nothing(fal, tmp_path, monkeypatch):
    worker = subprocess.Popen([sys.executable, "-c", WORKER, fal.url, str(tmp_path)])
    until(lambda: any(each.path.endswith("/status") for each in fal.received))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    configure(library=str(tmp_path))
    assert "not done yet" in nb_banana.recover()[0].outcome
    work_is_done(monkeypatch)
    found = nb_banana.recover().images
    assert [image.prompt for image in found] == ["a slow banana [trouble: slow 600]"]
    assert (len(fal.posts), len(fal.charges)) == (1, 1)
    assert found[0].cost == Decimal("0.08")


def test_the_cell_that_is_run_again_waits_for_what_was_accepted(fal):
    with one_question(), pytest.raises(errors.AnswerTimeoutError, match="Nothing is lost"):
        generate("a banana [trouble: slow 2]")
    image = generate("a banana [trouble: slow 2]")
    assert image.came == "reused"
    assert (len(fal.posts), len(fal.charges)) == (1, 1)


def test_an_interrupt_while_a_ticket_waits_leaves_it_to_recover(fal, monkeypatch):
    def press():
        until(lambda: any(each.path.endswith("/status") for each in fal.received))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(errors.Interrupted, match="recover"):
        generate("a banana [trouble: slow 600]")
    work_is_done(monkeypatch)
    assert len(nb_banana.recover().images) == 1
    assert len(fal.posts) == 1


def test_a_link_of_a_ticket_that_leaves_the_host_is_never_asked(monkeypatch):
    monkeypatch.setenv("FAL_KEY", KEY)
    strange = b'{"status": "IN_QUEUE", "request_id": "1", "response_url": "%s", "status_url": "%s"}'

    with server(lambda handler: handler.reply(200, b"{}")) as (elsewhere, seen):
        link = f"{elsewhere}/status".encode()
        with server(lambda handler: handler.reply(200, strange % (link, link))) as (url, posts):
            configure(service="fal", base_url=url)
            with pytest.raises(errors.UncertainError, match="another host"):
                generate("a banana")
    assert not seen
    assert len(posts) == 1


def test_a_failure_of_work_that_was_accepted_is_not_charged_and_not_sent_again(fal):
    with pytest.raises(errors.ServerError, match="It was not charged"):
        generate("a banana [trouble: 500]")
    assert (len(fal.posts), len(fal.charges)) == (1, 0)
    assert not nb_banana.recover()


def test_the_sandbox_of_a_shell_speaks_as_a_service():
    command = [sys.executable, "-m", "nb_banana.sandbox", "--service", "fal"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            url = started.stdout.readline().split()[2]
            with Client(service="fal", base_url=url) as client:
                assert client.generate("a banana").request.model == "fal-ai/nano-banana-2"
        finally:
            started.kill()


def test_the_history_of_one_service_has_its_pictures_alone(service, fal, tmp_path):
    drawn = generate("a banana")
    configure(service="aimlapi", base_url=service.url)
    other = generate("a pear")
    ids = [[each.prompt for each in nb_banana.history(service=name)] for name in ("aimlapi",)]
    assert ids == [["a pear"]]
    configure(service="fal", base_url=fal.url)
    assert [each.prompt for each in nb_banana.history(service="fal")] == ["a banana"]
    assert [each.prompt for each in nb_banana.history(model="2")] == ["a banana"]
    assert {drawn.request.catalogue.service, other.request.catalogue.service} == {"fal", "aimlapi"}
    assert nb_banana.history(service="fal")[0].request.catalogue.service == "fal"
