"""What an answer means is read from it alone, and its bill and ids stay with whatever it means."""

import base64
import json
import tracemalloc
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal

import pytest

from nb_banana.services.exchange import (
    Failed,
    Refusal,
    Reply,
    ResultItem,
    ServiceAnswer,
    Unreadable,
)
from nb_banana.services.reading import (
    DEEPEST,
    MOST_ENTRIES,
    MOST_PICTURES,
    OTHER_SHAPE,
    TOO_MANY,
    UNKNOWN_SHAPE,
    answer_in,
    may_hold_more,
    words_in,
)
from nb_banana.services.registry import find_service
from tests.support.servers import ending
from tests.support.shelf import picture

PNG = picture(1, (16, 16))[0]
TOLD = {"usd": Decimal("0.04"), "inference_id": "inf-1"}
LINK = "https://cdn.example.com/a.png"


def told(body):
    """The kind of an answer, and its own words."""
    answer = answer_in(Reply(200, {}, json.dumps(body).encode()), **TOLD)
    assert {name: getattr(answer, name) for name in TOLD} == TOLD
    words = {ServiceAnswer: "items", Refusal: "reason", Failed: "said", Unreadable: "why"}
    return type(answer), getattr(answer, words[type(answer)])


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"data": [5]}, Unreadable, OTHER_SHAPE),
        ({"data": 5}, Unreadable, OTHER_SHAPE),
        ({"data": [{"url": LINK}] * (MOST_PICTURES + 1)}, Unreadable, TOO_MANY),
        ({"data": [{}] * (MOST_ENTRIES + 1)}, Unreadable, TOO_MANY),
        ({"data": [], "output": {"links": [LINK]}}, Unreadable, UNKNOWN_SHAPE),
        ({"error": "No.", "output": LINK}, Unreadable, UNKNOWN_SHAPE),
        ({"error": "No.", "output": None}, Failed, "No."),
        ({"error": "No.", "data": {}}, Failed, "No."),
        ({"error": "No.", "data": []}, Failed, "No."),
        ({"errors": ["No."], "x": 1}, Failed, "No."),
        ({"error": {"code": 400}}, Failed, ""),
        ({"message": "No.", "meta": {}}, Failed, "No."),
        ({"message": "No.", "cost": 0, "data": []}, Refusal, "No."),
        (["No."], Failed, "No."),
        ({"data": [{"block_reason": "Not this."}]}, Refusal, "Not this."),
        ({"data": [{"finish_reason": "Nor that."}]}, Refusal, "Nor that."),
        ({"data": [{"text": "I only talk."}]}, Refusal, "I only talk."),
        ({"data": [{"text": "later"}, {"text": "second"}]}, Refusal, "later"),
        ({"data": []}, Refusal, ""),
        (None, Unreadable, "it is cut off or not JSON"),
    ],
)
def test_an_answer_without_a_picture_says_why(body, kind, words):
    assert told(body) == (kind, words)


def test_of_as_many_pictures_as_are_fetched_all_come():
    assert told({"data": [{"url": LINK}] * MOST_PICTURES})[0] is ServiceAnswer


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": [{}] * MOST_ENTRIES + [{}]},
        {"candidates": [{"content": {"parts": [{"text": "no"}] * MOST_ENTRIES}}]},
        {"candidates": [{"content": {"parts": [{}] * 150}}] * 150},
    ],
)
def test_an_answer_of_google_with_far_too_many_parts_is_kept_unread(body):
    answer = find_service("google").decode(Reply(200, {}, json.dumps(body).encode()))
    assert answer == Unreadable(TOO_MANY)


@pytest.mark.parametrize("name", ["statusCode", "status", "code"])
@pytest.mark.parametrize(
    ("value", "status"),
    [(400, 400), ("402", 402), (499, 499), (399, None), (500, None), ("no", None), ([400], None)],
)
def test_the_status_of_an_error_is_read_from_inside_of_an_answer(name, value, status):
    for body in ({name: value, "message": "No."}, {"error": {name: value, "message": "No."}}):
        failed = answer_in(Reply(200, {}, json.dumps(body).encode()))
        assert (failed.said.partition(":")[0], failed.status) == ("No.", status)


@pytest.mark.parametrize(("entries", "is_announced"), [([], False), ([{"text": "No."}], True)])
def test_it_is_known_whether_a_picture_was_announced(entries, is_announced):
    refusal = answer_in(Reply(200, {}, json.dumps({"data": entries}).encode()))
    assert refusal.is_announced is is_announced


@pytest.mark.parametrize(
    "body",
    [
        PNG,
        base64.b64encode(PNG),
        b"data:image/png;base64," + base64.b64encode(PNG),
        json.dumps(base64.b64encode(PNG).decode()).encode(),
    ],
    ids=["bytes", "base64", "a data address", "base64 as JSON"],
)
def test_an_answer_may_be_the_picture_itself(body):
    answer = answer_in(Reply(200, {}, body), **TOLD)
    assert [each.data for each in answer.items] == [PNG]
    assert answer.usd == TOLD["usd"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (base64.b64encode(bytes(300)), "it is cut off or not JSON"),
        (b" <html>" + bytes(300), "it is a web page"),
        (b"", "it is cut off or not JSON"),
    ],
)
def test_what_is_neither_a_picture_nor_json_is_said_to_be_so(body, why):
    assert answer_in(Reply(200, {}, body)).why == why


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ({"images": [{"url": LINK}]}, LINK),
        ({"images": [LINK]}, LINK),
        ({"data": {"url": LINK}}, LINK),
        ({"data": [{"b64_json": "", "image_url": {"url": LINK}}]}, LINK),
        ({"status": 400, "data": [{"url": LINK}]}, LINK),
    ],
)
def test_a_link_is_had_wherever_services_put_it(body, url):
    assert told(body) == (ServiceAnswer, (ResultItem(url=url),))


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"Slow down.", "text/plain", "Slow down."),
        (b"Slow \xff down.", "text/plain; charset=utf-8", "Slow \ufffd down."),
        (b"<h1>No</h1>", "text/html", ""),
        (b"No kind.", None, ""),
        (b'{"title": "No.", "detail": "Too large."}', "text/plain", "No.: Too large."),
        (b'{"error": {"a": {"error": "deep"}}}', "application/json", "a: deep"),
        (b'{"detail": [{"msg": "one"}, {"msg": "two"}]}', "application/json", "one; two"),
    ],
)
def test_the_words_of_a_service_are_read_in_each_shape(body, kind, words):
    assert words_in(Reply(500, {"content-type": kind} if kind else {}, body)) == words


def test_base64_that_is_not_whole_says_what_is_wrong_with_the_first():
    kind, words = told({"data": [{"b64_json": "a", "url": "data:image/png;base64,"}]})
    assert kind is Unreadable
    assert words.startswith("the picture in it is not whole base64 (")
    assert "()" not in words
    assert "it has no bytes" not in words


def test_a_link_beside_base64_that_is_not_whole_is_the_picture():
    _, (item,) = told({"data": [{"b64_json": "a", "url": LINK}]})
    assert (item.url, item.data) == (LINK, None)


@pytest.mark.parametrize(("depth", "is_found"), [(DEEPEST, True), (DEEPEST + 1, False)])
@pytest.mark.parametrize("around", [lambda inner: [inner], lambda inner: {"output": inner}])
def test_a_link_is_looked_for_so_deep_and_no_deeper(around, depth, is_found):
    body = LINK
    for _ in range(depth):
        body = around(body)
    assert may_hold_more(body) is is_found


VAST = 5_000_000
VAST_BODIES = {
    "lists": b'{"data": [' + b"[]," * (VAST // 3) + b"[]]}",
    "objects": b'{"data": [' + b'{"a":0},' * (VAST // 8) + b"{}]}",
    "figures": b'{"data": [' + b"1.5," * (VAST // 4) + b"7]}",
    "depth": b"[" * VAST,
    "a list in UTF-16": ("[" + "[]," * (VAST // 6) + "7]").encode("utf-16"),
    "white space in base64": b'{"data": [{"b64_json": "' + b"AA\\n" * (VAST // 4) + b'"}]}',
    "percent signs": b'{"data": [{"b64_json": "' + b"%41" * (VAST // 3) + b'"}]}',
    "percent signs in a link": b'{"data": [{"url": "http://' + b"%41" * (VAST // 3) + b'"}]}',
}


@pytest.mark.parametrize("name", ["fal", "google", "openai"])
@pytest.mark.parametrize("body", VAST_BODIES.values(), ids=VAST_BODIES)
def test_an_answer_takes_little_more_memory_than_its_bytes(name, body):
    service = find_service(name)
    service.decode(Reply(200, {}, b"{}"))  # loads what it needs
    tracemalloc.start()
    found = service.decode(Reply(200, {}, body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 7 * len(body)
    assert isinstance(found, Unreadable | ServiceAnswer)


def test_a_percent_sign_that_stands_for_another_again_and_again_comes_to_an_end():
    body = json.dumps({"data": [{"b64_json": "%" + "25" * 1_000_000}]}).encode()
    assert isinstance(ending(lambda: answer_in(Reply(200, {}, body))), Unreadable)


def test_what_a_reply_means_is_a_value():
    """Equal by kind and by all that it says, and its repr has all of it."""
    said = Refusal("no", usd=Decimal("0.02"))
    assert said == replace(said) != Refusal("no")
    assert said != Failed("no", usd=Decimal("0.02"))
    assert repr(said) == (
        "Refusal(usd=Decimal('0.02'), credits=None, inference_id=None, request_id=None, usage={}, "
        "reason='no', is_announced=False)"
    )
    with pytest.raises(FrozenInstanceError):
        said.reason = "yes"
