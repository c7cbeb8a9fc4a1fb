"""Odd answers of each service: what is a picture is had, all else is kept or said, and nothing is
sent a second time."""

import base64
import copy
import gzip
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nb_banana import configure, errors, generate, recover
from nb_banana.credentials import Secret
from nb_banana.request import ImageRequest
from nb_banana.services import account, send, tickets
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import (
    Call,
    Failed,
    Refusal,
    Reply,
    ServiceAnswer,
    Ticket,
    Unreadable,
)
from nb_banana.services.reading import MOST_ENTRIES, OTHER_SHAPE, UNKNOWN_SHAPE
from nb_banana.services.registry import find_service
from nb_banana.services.result import BilledAnswer
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.servers import picture, posts, server

PICTURE = picture()
B64 = base64.b64encode(PICTURE).decode()
SAFE = base64.urlsafe_b64encode(PICTURE).decode().rstrip("=")
DATA = f"data:image/png;base64,{B64}"
LINK = "https://cdn.example/1.png"
INLINE = {"inlineData": {"mimeType": "image/png", "data": B64}}
DRAFT = {**INLINE, "thought": True, "thoughtSignature": "A" * 400}


def parts(*those, **more):
    return {"candidates": [{"content": {"parts": [*those]}, **more}]}


HAD = {
    "google: URL-safe, without padding": ("google", parts({"inlineData": {"data": SAFE}})),
    "google: in snake case": ("google", parts({"inline_data": {"mime_type": "a", "data": B64}})),
    "google: as an address": ("google", parts({"inlineData": {"data": DATA}})),
    "google: after a draft and a word": ("google", parts(DRAFT, {"text": "Here."}, INLINE)),
    **{
        f"google: with {draft!r} for a thought": (
            "google",
            parts({"inlineData": {"data": B64}, "thought": draft}),
        )
        for draft in (None, False, 0, "", "false")
    },
    "google: before a word": ("google", parts(INLINE, {"text": "There."})),
    "google: in another candidate": (
        "google",
        {"candidates": [{"finishReason": "STOP"}, *parts(INLINE)["candidates"]]},
    ),
    "google: in a list of one": ("google", [parts(INLINE)]),
    "google: without its lists": ("google", {"candidates": {"content": {"parts": INLINE}}}),
    "google: with figures that are none": ("google", parts(INLINE) | {"usageMetadata": [7]}),
    "fal: one without its list": ("fal", {"images": {"url": LINK}}),
    "fal: an address alone": ("fal", {"images": [LINK]}),
    "fal: as image": ("fal", {"image": {"url": LINK}}),
    "fal: inside": ("fal", {"images": [{"url": DATA}]}),
    **{
        f"fal: in its {envelope}": ("fal", {"status": "OK", envelope: {"images": [{"url": LINK}]}})
        for envelope in ("response", "payload", "output", "data")
    },
    "openrouter: one without its list": ("openrouter", {"data": {"b64_json": B64}}),
    "openrouter: as images": ("openrouter", {"images": [{"image_url": {"url": DATA}}]}),
    "openrouter: an odd bill": ("openrouter", {"data": [{"b64_json": B64}], "usage": "none"}),
    "openai: both": ("openai", {"data": [{"b64_json": None, "url": LINK}]}),
    "openai: an address inside": ("openai", {"data": [{"url": DATA}]}),
    "openai: URL-safe": ("openai", {"data": [{"b64_json": SAFE}]}),
}


@pytest.mark.parametrize(("name", "body"), HAD.values(), ids=HAD)
def test_a_picture_in_an_odd_place_is_had(name, body):
    found = find_service(name).decode(Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, ServiceAnswer), found
    assert found.items[0].url == LINK or found.items[0].data == PICTURE
    assert isinstance(found.usage, dict)


KEPT = {
    "google: a link": ("google", parts({"fileData": {"fileUri": LINK}})),
    "google: cut off": ("google", parts({"inlineData": {"data": B64 + "A"}})),
    "google: no list": ("google", {"candidates": "many"}),
    "google: a number for a picture": ("google", parts({"inlineData": {"data": 7}})),
    "fal: of another shape": ("fal", {"images": [7]}),
    "fal: by another name": ("fal", {"pictures": [LINK]}),
    "fal: cut off": ("fal", {"images": [{"url": DATA + "A"}]}),
    "openrouter: by another name": ("openrouter", {"output": [{"png": "A" * 400}]}),
    "openai: a number for a list": ("openai", {"data": 7}),
}


@pytest.mark.parametrize(("name", "body"), KEPT.values(), ids=KEPT)
def test_what_may_be_a_picture_is_kept_as_it_came(name, body):
    found = find_service(name).decode(Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, Unreadable), found
    assert found.why


REFUSED = {
    "google: a reason": (parts(finishReason="IMAGE_SAFETY"), "IMAGE_SAFETY"),
    "google: a blocked prompt": ({"promptFeedback": {"blockReason": "OTHER"}}, "OTHER"),
    "google: in snake case": ({"prompt_feedback": {"block_reason": "OTHER"}}, "OTHER"),
    "google: words": (parts({"text": "I can't."}, finishReason="STOP"), "I can't."),
    "google: a sentence and words": (
        parts({"text": "I can't."}, finishReason="OTHER", finishMessage="Not this."),
        "OTHER: Not this.: I can't.",
    ),
    "google: a draft alone": (parts(DRAFT, finishReason="NO_IMAGE"), "NO_IMAGE"),
    "google: what it searched": (
        parts(finishReason="OTHER", groundingMetadata={"uri": LINK}),
        "OTHER",
    ),
    "google: nothing": ({"candidates": []}, ""),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_has_its_reason(body, reason):
    found = find_service("google").decode(Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, Refusal), found
    assert found.reason == reason


def google_error(status, message, *details):
    error = {"code": status, "message": message, "status": "A", "details": [*details]}
    return find_service("google").decode(Reply(status, {}, json.dumps([{"error": error}]).encode()))


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("API key not valid. Please pass a valid API key.", []),
        ("API key expired. Please renew the API key.", []),
        ("Bad.", [{"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}]),
    ],
)
def test_google_s_word_that_a_key_is_bad_is_understood(message, details):
    assert google_error(400, message, *details).status == 401
    assert google_error(400, "Unknown name.").status is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({"retryDelay": "30s"}, 30),
        ({"retryDelay": "1.5s"}, 1.5),
        ({"retry_delay": "30s"}, 30),
        ({"retryDelay": {"seconds": 30, "nanos": 1}}, 30),
        ({"retryDelay": {"seconds": "30"}}, 30),
        ({"retryDelay": 7}, 7),
        ({"retryDelay": "soon"}, 0),
        ({"retryDelay": ["30s"]}, 0),
        ("30s", 0),
    ],
)
def test_the_pause_that_google_asks_for_is_read_in_each_of_its_forms(asked, seconds):
    assert google_error(429, "Quota.", {"reason": "A"}, asked).retry_after == seconds


GOOGLE_S = {"error": {"code": 500, "status": "INTERNAL", "message": "No."}}
ROUTER_S = {"error": {"code": 500, "message": "No."}}
DETAIL, KIND, SAID = {"detail": "No."}, {"x-fal-error-type": "a"}, {"error": {"message": "No."}}
OURS = {"message": "No.", "statusCode": 500, "requestId": "r-1"}
FREE = {
    "aimlapi": [
        *((status, OURS, {}) for status in (300, 400, 408, 429, 500, 504)),
        (500, {"message": "No.", "statusCode": 500, "path": "/v1"}, {}),
    ],
    "google": [(status, GOOGLE_S, {}) for status in (300, 400, 408, 429, 500, 502)],
    "openrouter": [(status, ROUTER_S, {}) for status in (300, 400, 429, 500, 502, 503)],
    "fal": [
        *((status, DETAIL, {}) for status in (300, 400, 408, 500, 504)),
        (500, None, KIND),
    ],
    "openai": [(status, SAID, {}) for status in (400, 407, 409, 422, 429, 499)],
}
"""What a service says itself of what failed, which costs nothing."""
NOT_SAID = {
    "aimlapi": [
        (200, OURS, {}),
        (500, {"message": "No.", "statusCode": 500}, {}),
        (500, {"message": "No.", "requestId": "r-1"}, {}),
        (500, ["message", "statusCode", "path"], {}),
        (500, None, {}),
    ],
    "google": [
        *((status, GOOGLE_S, {}) for status in (200, 201, 504)),
        (500, SAID, {}),
        (500, {"error": {"status": 500}}, {}),
        (500, None, {}),
    ],
    "openrouter": [
        *((status, ROUTER_S, {}) for status in (200, 408, 504, 524)),
        (500, {"error": "message, code"}, {}),
        (500, SAID, {}),
        (500, {"error": {"code": 500}}, {}),
        (500, None, {}),
    ],
    "fal": [(200, DETAIL, {}), (422, DETAIL, {}), (422, None, KIND), (500, SAID, {})],
    "openai": [
        *((status, SAID, {}) for status in (200, 307, 399, 408, 500, 503)),
        (400, {"error": "No."}, {}),
        (400, None, {}),
    ],
}
"""What it, or whoever stands before it, says in place of a picture, and of the charge nothing."""


@pytest.mark.parametrize(("said", "charged"), [(FREE, False), (NOT_SAID, None)], ids=["free", "?"])
@pytest.mark.parametrize("name", FREE)
def test_what_failed_is_free_by_the_service_s_own_word_alone(name, said, charged):
    for status, body, headers in said[name]:
        reply = Reply(status, headers, b"<html>" if body is None else json.dumps(body).encode())
        assert find_service(name).charged(reply) is charged, (status, body)


ROUTER_ID = {"x-generation-id": "gen-1"}
LITE = {
    "x-litellm-response-cost": "0.04",
    "x-litellm-call-id": "call-1",
    "x-request-id": "req-1",
}
OF_LITE = {"usd": Decimal("0.04"), "inference_id": "call-1", "request_id": "req-1"}
OF_ROUTER = {"usd": Decimal("0.04"), "inference_id": "gen-1"}
COST = {"usage": {"cost": 0.04}}
OF_GOOGLE = {"inference_id": "r-1", "usage": {"promptTokenCount": 1}}
USED = {"responseId": "r-1", "usageMetadata": OF_GOOGLE["usage"]}
FAL_ID = {"x-fal-request-id": "fal-1"}
OF_FAL = {"inference_id": "fal-1"}
MANY = [{}] * (MOST_ENTRIES + 1)
SPENT = {"x-aimlapi-usd-spent": "0.04", "x-aimlapi-credits-used": "80000"}
OF_OURS = {"usd": Decimal("0.04"), "credits": 80_000}
DREW = {"data": [{"url": LINK}]}
OVER = {"message": "The key spending limit is exceeded", "statusCode": 403, "path": "/v1"}
TOLD = [
    *(
        ("aimlapi", 200, headers, DREW | {"meta": {"usage": usage}}, ServiceAnswer, OF_OURS)
        for headers, usage in (
            ({}, {"usd_spent": 0.04}),
            ({}, {"credits_used": 80_000}),
            (SPENT, {"usd_spent": 9, "credits_used": 9}),
        )
    ),
    ("aimlapi", 500, {"x-inference-id": "i-1"}, OURS, Failed, {"request_id": "r-1", "said": "No."}),
    ("aimlapi", 500, {"x-inference-id": "i-1"}, OURS, Failed, {"inference_id": "i-1"}),
    ("aimlapi", 500, {}, OVER, Failed, {"is_over_limit": False}),
    ("aimlapi", 402, {}, OVER, Failed, {"is_over_limit": True}),
    ("aimlapi", 403, {}, OVER, Failed, {"is_over_limit": True}),
    ("google", 200, {}, parts(INLINE) | USED, ServiceAnswer, OF_GOOGLE),
    ("google", 200, {}, parts(finishReason="OTHER") | USED, Refusal, OF_GOOGLE),
    ("google", 200, {}, parts({"fileData": LINK}) | USED, Unreadable, OF_GOOGLE),
    ("google", 200, {}, parts({"inlineData": {"data": "A"}}) | USED, Unreadable, OF_GOOGLE),
    ("google", 200, {}, {"candidates": MANY} | USED, Unreadable, OF_GOOGLE),
    ("google", 200, {}, {"data": [{"url": LINK}]} | USED, ServiceAnswer, OF_GOOGLE),
    ("google", 500, {}, GOOGLE_S | USED, Failed, {"inference_id": "r-1", "said": "No."}),
    ("google", 500, {}, {"detail": "No."}, Failed, {"said": "No."}),
    ("google", 400, {}, {"error": {"message": "No.", "details": ["A"]}}, Failed, {"said": "No."}),
    ("google", 500, {}, {"a": {}}, Failed, {"said": ""}),
    ("openrouter", 200, ROUTER_ID, {"data": [{"url": LINK}]} | COST, ServiceAnswer, OF_ROUTER),
    ("openrouter", 200, ROUTER_ID, {"data": []} | COST, Refusal, OF_ROUTER),
    ("openrouter", 500, ROUTER_ID, ROUTER_S | COST, Failed, OF_ROUTER | {"said": "No."}),
    ("openrouter", 500, {}, {"data": [{"url": LINK}]}, Failed, {}),
    ("openai", 200, LITE, {"data": [{"url": LINK}]}, ServiceAnswer, OF_LITE),
    ("openai", 200, LITE, {"data": []}, Refusal, OF_LITE),
    ("openai", 500, LITE, SAID, Failed, OF_LITE | {"said": "No.", "status": None}),
    ("openai", 400, {}, {"error": {"code": "insufficient_quota"}}, Failed, {"status": 402}),
    ("openai", 400, {}, {"error": {"type": "budget_exceeded"}}, Failed, {"status": 402}),
    ("fal", 200, FAL_ID, {"images": [LINK]}, ServiceAnswer, OF_FAL),
    ("fal", 200, {}, {"images": [LINK], "request_id": "fal-1"}, ServiceAnswer, OF_FAL),
    ("fal", 200, FAL_ID, {"images": [7]}, Unreadable, OF_FAL | {"why": OTHER_SHAPE}),
    ("fal", 200, FAL_ID, {"images": [{"a": LINK}]}, Unreadable, OF_FAL | {"why": UNKNOWN_SHAPE}),
    ("fal", 200, FAL_ID, {"data": []}, Refusal, OF_FAL),
    ("fal", 200, FAL_ID, {"error": "No."}, Failed, OF_FAL | {"said": "No."}),
    ("fal", 200, FAL_ID, {"detail": "No."}, Failed, OF_FAL | {"said": "No."}),
    ("fal", 200, FAL_ID, {"detail": "No.", "a": 1}, Failed, OF_FAL | {"said": "No."}),
    ("fal", 200, FAL_ID, {"error": "No.", "logs": [LINK]}, Failed, OF_FAL | {"said": "No."}),
    ("fal", 200, FAL_ID, {"status": "OK", "error": "No."}, Failed, OF_FAL | {"said": "No."}),
    ("fal", 202, FAL_ID, {}, Ticket, OF_FAL),
    ("fal", 200, FAL_ID, {"status": "IN_QUEUE"}, Ticket, OF_FAL),
    ("fal", 500, FAL_ID, DETAIL, Failed, OF_FAL | {"said": "No.", "may_cost": False}),
    ("fal", 422, FAL_ID, DETAIL, Failed, OF_FAL | {"said": "No.", "may_cost": True}),
    (
        "fal",
        200,
        FAL_ID,
        {"images": [], "description": "Not this."},
        Refusal,
        OF_FAL | {"reason": "Not this.", "is_announced": False},
    ),
    ("fal", 200, FAL_ID, {"images": None}, Refusal, {"reason": "", "is_announced": False}),
    ("fal", 200, FAL_ID, {"images": [{}]}, Refusal, {"reason": "", "is_announced": True}),
    (
        "fal",
        422,
        FAL_ID | {"x-fal-error-type": "content_policy_violation"},
        DETAIL,
        Refusal,
        OF_FAL | {"reason": "No."},
    ),
    (
        "fal",
        422,
        FAL_ID,
        {"detail": [{"msg": "No.", "type": "content_policy_violation"}]},
        Refusal,
        OF_FAL | {"reason": "No."},
    ),
    (
        "fal",
        400,
        {"x-fal-error-type": "content_policy_violation"},
        DETAIL,
        Failed,
        {"may_cost": False},
    ),
]


@pytest.mark.parametrize(("name", "status", "headers", "body", "kind", "told"), TOLD)
def test_bill_and_ids_stay_with_whatever_an_answer_means(name, status, headers, body, kind, told):
    found = find_service(name).decode(Reply(status, headers, json.dumps(body).encode()))
    assert type(found) is kind, found
    assert {each: getattr(found, each) for each in told} == told


def test_google_s_word_that_there_is_no_money_is_no_pause():
    for words in ("Your credits are depleted.", "credit has been exhausted", "credits used up"):
        is_spent = words != "credits used up"
        assert google_error(429, words).status == (402 if is_spent else None), words
    assert google_error(400, "Your credits are depleted.").status is None
    assert google_error(403, "API key not valid.").status is None


STATES = {
    "202 and nothing": (202, b"", False),
    "202 and a page": (202, b"<html></html>", False),
    "in small letters": (200, b'{"status": "in_progress"}', False),
    "links": (200, b'{"status_url": "/s", "response_url": "/r", "cancel_url": "/c"}', False),
    "links and no links": (202, b'{"status_url": 7, "response_url": "/r", "other": "/o"}', False),
    "a list": (202, b'[{"status_url": "/s"}]', False),
    "cut off": (200, b'\xff"status_url" : "/s", "response_url":"/r", "cancel_url": "/', False),
    "in the queue": (200, b'{"status": "IN_QUEUE", "queue_position": 3}', False),
    "in the queue, by another word": (200, b'{"status": "queued", "status_url": "/s"}', False),
    "asked too early": (400, b'{"detail": "Request is still in progress"}', False),
    "done": (200, b'{"status": "COMPLETED"}', True),
    "of another name": (200, b'{"status": "DONE", "status_url": "/s"}', True),
}


LINKS_OF = {
    STATES["links"][1]: "status response cancel",
    STATES["links and no links"][1]: "response",
    STATES["cut off"][1]: "status response",
    STATES["in the queue, by another word"][1]: "status",
    STATES["of another name"][1]: "status",
}
"""Where to ask, of those that say it."""


@pytest.mark.parametrize(("status", "body", "is_done"), STATES.values(), ids=STATES)
def test_a_state_of_fal_s_queue_is_understood(status, body, is_done):
    found = find_service("fal").decode(Reply(status, {}, body))
    assert isinstance(found, Ticket), found
    links = {f"{name}_url": f"/{name[0]}" for name in LINKS_OF.get(body, "").split()}
    assert found.handle == links | {"is_done": is_done}


@pytest.mark.parametrize(
    ("link", "asked"),
    [
        ({"response_url": "/r/1"}, ["/r/1/status", "/r/1"]),
        ({"status_url": "/r/1/status"}, ["/r/1/status", "/r/1"]),
        ({}, ["", ""]),
    ],
)
def test_one_link_of_fal_s_queue_is_enough(link, asked):
    found = [find_service("fal").poll(Ticket(handle={**link, "is_done": it})) for it in (0, 1)]
    assert found == [Call("GET", each) for each in asked]


FORMS = {
    "an error as a text": (400, b'{"error": "No."}', {}),
    "a text": (400, b"No.", {"Content-Type": "text/plain"}),
    "an error in a list": (400, b'[{"error": {"message": "No."}}]', {}),
    "an error with a 200": (200, b'{"error": {"message": "No."}}', {}),
}


def drawn(request, service):
    """What comes of one generation."""
    try:
        outcome = send.send_generation(request, service, "nbb-1")
        if isinstance(outcome, Ticket):
            outcome = tickets.ask(outcome, request, service, "nbb-1")
    except (errors.BananaError, errors.Interrupted) as error:
        return error
    return outcome


def asked(name, answer):
    """What comes of one generation, and what was sent for it."""
    with server(answer) as (url, seen):
        service = Endpoint(url, Secret(KEY), service=find_service(name))
        request = ImageRequest("a banana", service.service.models[0].ids[0])
        return drawn(request, service), seen


OTHERS = ["fal", "google", "openai", "openrouter"]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(("status", "body", "headers"), FORMS.values(), ids=FORMS)
def test_what_is_no_answer_is_an_error_of_ours_and_is_not_sent_again(name, status, body, headers):
    outcome, seen = asked(name, lambda handler: handler.reply(status, body, **headers))
    assert isinstance(outcome, errors.BananaError), outcome
    assert len(posts(seen)) == 1


@pytest.mark.parametrize("name", OTHERS)
def test_an_answer_that_is_packed_and_calls_itself_something_else_is_read(name):
    body = {"data": [{"b64_json": B64}], "images": [{"url": DATA}], **parts(INLINE)}
    data = gzip.compress(json.dumps(body).encode())
    how = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    outcome, seen = asked(name, lambda handler: handler.reply(200, data, **how))
    assert outcome.items[0].data == PICTURE
    assert len(seen) == 1


CUT = {
    "one byte": (b"{", False),
    "white space": (b" \r\n\t ", False),
    "half a header of JSON": (
        b'{"created":1732650000,"model":"nano-banana","id":"' + b"a" * 64,
        False,
    ),
    "the same in UTF-16": ('{"created": 1732650000, "mod'.encode("utf-16"), False),
    "a link": (b'{"created":1,"data":[{"url":"https://cdn.exa', True),
    "a link as some write it": (b'{"link":"https:\\/\\/cdn.exa', True),
    "a link in other escapes": (b'{"data": [{"link": "https:\\u002F\\u002fcdn.exa', True),
    "a link in UTF-16": ('{"data": [{"link": "https://cdn'.encode("utf-16"), True),
    "a link on the same host": (b'{"data": [{"url": "/1.png", "a', True),
    "base64": (b'{"data":[{"b64_json":"' + b"iVBOR" * 50, True),
    "base64 in lines": (b'{"data":[{"b64":"' + b"\\n".join([b"iVBOR" * 15] * 4), True),
    "base64 with its slashes escaped": (b'{"data":[{"b64":"/9j' + b"\\/" * 400, True),
    "numbers": (b'{"bytes":[137,80,78,71' + b",13,10" * 50, True),
    "a form with a picture": (
        b"--1\r\nContent-Type: image/tiff\r\n\r\nII*" + bytes(range(256)),
        True,
    ),
    "signs of life": (b" " * 500 + b'{"cre', False),
    "an address with data": (b'{"data":["data:image/png;base64,' + B64[:20].encode(), True),
}


@pytest.mark.parametrize("name", ["aimlapi", *OTHERS])
@pytest.mark.parametrize(("came", "is_kept"), CUT.values(), ids=CUT)
def test_of_an_answer_that_broke_off_is_kept_what_may_have_a_picture(name, came, is_kept):
    outcome, seen = asked(name, lambda handler: broken_off(handler, came))
    assert isinstance(outcome, errors.UnreadableAnswerError | errors.UncertainError), outcome
    assert bool(outcome.facts.get("body")) is is_kept
    assert ("facts['body']" in str(outcome)) is is_kept
    assert len(posts(seen)) == 1


def test_the_id_of_work_in_a_queue_is_told_though_its_links_did_not_come():
    came = b'{"status": "IN_QUEUE", "request_id": "764cabcf-b745", "resp'
    outcome, _ = asked("fal", lambda handler: broken_off(handler, came))
    assert outcome.facts["inference_id"] == "764cabcf-b745"
    assert "764cabcf-b745" in str(outcome)


def broken_off(handler, came):
    """A good answer that ends too early."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(came)
    handler.close_connection = True


def test_a_useless_byte_of_an_answer_is_as_no_answer(service, brisk, monkeypatch):
    monkeypatch.setattr(account, "PAUSES", (0.0,))
    with server(lambda handler: broken_off(handler, b"{")) as (url, seen):
        configure(base_url=url)
        for count in (1, 2):  # each time anew, for nothing was had
            with pytest.raises(errors.UnreadableAnswerError, match="not known yet") as caught:
                generate("a banana")
            assert "--fresh" not in str(caught.value)
            assert len(posts(seen)) == count
    assert [each.outcome[:14] for each in recover()] == ["not known yet:"] * 2


TICKET = {"status": "COMPLETED", "request_id": "1", "response_url": "/1", "status_url": "/1/status"}
USAGE = {"promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
REASON = {"finishReason": "STOP", "index": 0}
GOOD = {
    "fal": [TICKET, {"images": [{"url": LINK, "width": 8}], "description": "a"}],
    "google": [{**parts(DRAFT, INLINE, **REASON), "usageMetadata": USAGE, "responseId": "1"}],
    "openrouter": [{"created": 1, "data": [{"b64_json": B64}], "usage": {"cost": 0.1}}],
    "openai": [{"created": 1, "data": [{"b64_json": B64, "url": None}], "usage": {"a": 1}}],
}
ERRORS = [
    {"error": {"code": 400, "message": "No.", "status": "A", "details": [{"retryDelay": "1s"}]}},
    {"detail": [{"loc": ["body"], "msg": "No.", "type": "value_error"}]},
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JUNK = st.recursive(
    SCALARS | st.sampled_from([B64[:41], LINK, DATA, "http://[", "9" * 400, "A" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def places(value, so_far=()):
    """The way to each thing in a value, the value itself first."""
    yield so_far
    inner = {**value} if isinstance(value, dict) else {}
    if isinstance(value, list):
        inner = dict(enumerate(value))
    for name, each in inner.items():
        yield from places(each, (*so_far, name))


@st.composite
def spoilt(draw, good):
    """A good answer with one or two things in it that are something else, or missing."""
    body = copy.deepcopy(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 2))):
        way = draw(st.sampled_from(list(places(body))))
        if not way:
            return draw(JUNK)
        inner = body
        for name in way[:-1]:
            inner = inner[name]
        if draw(st.booleans()):
            del inner[way[-1]]
        else:
            inner[way[-1]] = draw(JUNK)
    return body


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_an_answer_is_made_of_an_error_is_ours_and_one_post_is_sent(name):
    found = {}

    def answer(handler):
        handler.reply(found["status"], found["body"])

    with server(answer) as (url, seen):
        service = Endpoint(url, Secret(KEY), service=find_service(name))
        request = ImageRequest("a banana", service.service.models[0].ids[0])

        @settings(
            max_examples=rounds(40, 1500),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def proves(data):
            found["status"] = data.draw(st.sampled_from([200, 200, 202, 400, 402, 422, 403, 304]))
            good = GOOD[name] if found["status"] < 300 else ERRORS
            body = data.draw(spoilt(good))
            found["body"] = json.dumps(body).encode()
            seen.clear()
            outcome = drawn(request, service)
            assert KEY not in str(outcome)
            assert isinstance(outcome, BilledAnswer | Ticket | errors.BananaError)
            if isinstance(outcome, BilledAnswer):
                assert all(each.url or each.data for each in outcome.items)
            assert len(posts(seen)) == 1
            # What was kept is read again later, by whatever version.
            kept = Reply(200, {}, found["body"])
            assert service.service.decode(kept) is not None

        proves()
