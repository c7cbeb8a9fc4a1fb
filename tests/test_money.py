"""No call is charged twice: each trouble, through Python and through a cell, counted at the server.

`NAME x1` strikes once and then works, so that whoever sends again what may have been charged would
get a picture, and be seen by his second POST.
"""

import json
import pickle
from decimal import Decimal

import pytest

from nb_banana import configure, errors, generate
from nb_banana.sandbox.faults import troubles_of
from tests.support.servers import answering, picture, posts, server
from tests.support.shells import ipython_shell

AGAIN = {"429", "429-retry-after", "500", "503", "maintenance"}
"""Troubles that say: not charged. These alone may be sent again."""
PICTURES = {
    "base64",
    "cut-picture",
    "dropped-size",
    "half-picture",
    "jpeg",
    "not-a-picture",
    "slow",
    "two-pictures",
    "wrong-size",
}
"""Troubles that strike once and leave a picture all the same."""
FREE = {"400", "401", "402", "403", "404", "422", "502-gateway", "drop-before"} | {
    *("refusal", "refusal-null"),
}
"""Troubles that are not charged and not sent again, for nobody can be sure of it."""


@pytest.fixture(params=["function", "cell", "line"])
def door(request):
    """One picture through each door; None where it failed."""
    if request.param == "function":
        yield _through_the_function
        return
    with ipython_shell() as ip:
        start = "%%banana x\n" if request.param == "cell" else "%banana "
        yield lambda prompt: _through_the_magic(ip, start + prompt)


def _through_the_function(prompt):
    try:
        return generate(prompt)
    except errors.BananaError:
        return None


def _through_the_magic(ip, cell):
    result = ip.shell.run_cell(cell, store_history=True)
    if not result.success:
        assert isinstance(result.error_in_exec, errors.BananaError)
    return result.result


def once(name):
    """What to write for a trouble that strikes once, and soon."""
    return {"slow": "slow 0.1 x1", "429-retry-after": "429-retry-after 0.1 x1"}.get(
        name, f"{name} x1"
    )


@pytest.mark.parametrize("name", troubles_of("aimlapi"))
def test_no_trouble_is_charged_twice_or_sent_after_it_may_have_been_charged(
    service, brisk, door, name
):
    image = door(f"a banana [trouble: {once(name)}]")
    assert (image is not None) is (name in PICTURES | AGAIN)
    assert len(service.posts) == (2 if name in AGAIN else 1)
    assert len(service.charges) == (0 if name in FREE else 1)


@pytest.mark.parametrize("name", sorted(AGAIN))
def test_a_trouble_that_stays_is_sent_five_times_and_never_charged(service, brisk, door, name):
    said = "429-retry-after 0.1" if name == "429-retry-after" else name
    assert door(f"a banana [trouble: {said}]") is None
    assert len(service.posts) == 5
    assert service.charges == []
    assert len({post.headers["x-client-request-id"] for post in service.posts}) == 1


OWN = {"message": "no", "statusCode": 503, "requestId": "r-1", "path": "/v1/images/generations"}
"""An error in the service's own words: https://docs.aimlapi.com/errors-and-messages"""


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("left_out", [(), ("requestId",), ("path",)])
def test_a_failure_in_the_services_own_words_is_sent_again(brisk, status, left_out):
    body = {name: value for name, value in OWN.items() if name not in left_out}
    with server(lambda each: each.reply(status, json.dumps(body).encode())) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.ServerError, match="It was not charged"):
            generate("a banana")
    assert len(posts(seen)) == 5


@pytest.mark.parametrize("status", [500, 504, 520])
@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "Service Unavailable"}',
        b'{"message": "An invalid response was received from the upstream server"}',
        b'{"statusCode": 503, "message": "The backend is busy, activity id: 1"}',
        b'{"error": {"code": "ServiceUnavailable", "message": "busy"}}',
        b'{"path": "/v1/images/generations", "status": 503, "error": "Gateway Timeout"}',
        b'{"requestId": "r-1", "message": "upstream request timeout"}',
        b'["message", "statusCode", "requestId"]',
        b'"message statusCode requestId"',
        b"<html>504 Gateway Time-out</html>",
        b"",
    ],
)
def test_a_failure_in_anybody_elses_words_is_not_sent_again(brisk, status, body):
    with server(lambda each: each.reply(status, body)) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.GatewayError, match="not sent again"):
            generate("a banana")
    assert len(posts(seen)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Feb 2025 07:28:00 GMT",
        "Wed, 21 Oct 0000 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +9999",
        "Wed, 21 Oct 99999 07:28:00 GMT",
        "9" * 4400,
        "-99999999999",
        "nan",
        "0x10",
        "1e3",
        "1.5",
        "½",
        ";;;",
    ],
    ids=lambda value: value[:40],
)
def test_a_retry_after_that_says_nothing_is_not_waited_for(brisk, value):
    def answer(handler):
        if len(posts(seen)) == 1:
            handler.reply(429, b'{"message": "slow down"}', Retry_After=value)
        else:
            handler.reply(400, b'{"message": "second"}')

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.BadRequestError, match="second"):
            generate("a banana")
    assert len(posts(seen)) == 2


@pytest.mark.parametrize(
    "value",
    ["121", "9" * 30, "9" * 400, "Fri, 31 Dec 2199 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"],
    ids=lambda value: value[:40],
)
def test_a_longer_wait_than_two_minutes_is_the_persons_choice(brisk, value):
    def answer(handler):
        handler.reply(429, b'{"message": "slow down"}', Retry_After=value)

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.RateLimitError, match="Nothing was charged"):
            generate("a banana")
    assert len(posts(seen)) == 1


ODD = ["nan", "NaN", "inf", "-inf", "1e400", "-5", "1e999999999", "a lot", "", " ", "0x10", "1,5"]


@pytest.mark.parametrize("said", ODD)
def test_a_bill_in_the_headers_that_makes_no_sense_is_no_bill(said):
    bill = {"x_aimlapi_credits_used": said, "x_aimlapi_usd_spent": said}
    _has_no_bill(answering([{"url": "/a.png"}], {"/a.png": picture()}, headers=bill))


@pytest.mark.parametrize("said", [*ODD[:4], True, [], None, -1, float("inf"), 1e300])
def test_a_bill_in_the_meta_that_makes_no_sense_is_no_bill(said):
    meta = {"usage": {"credits_used": said, "usd_spent": said}}
    _has_no_bill(answering([{"url": "/a.png"}], {"/a.png": picture()}, meta=meta))


@pytest.mark.parametrize("meta", [3, "x", [], {"usage": 3}, {"usage": ["credits_used"]}])
def test_a_meta_of_another_shape_is_no_bill(meta):
    _has_no_bill(answering([{"url": "/a.png"}], {"/a.png": picture()}, meta=meta))


def test_a_bill_is_read_from_the_meta_where_the_headers_make_no_sense():
    meta = {"usage": {"credits_used": 178975, "usd_spent": 0.0894875}}
    answer = answering(
        [{"url": "/a.png"}],
        {"/a.png": picture()},
        meta=meta,
        headers={"x_aimlapi_credits_used": "nan"},
    )
    with server(answer) as (url, _):
        configure(base_url=url)
        image = generate("a banana")
    assert (image.receipt.credits, image.cost) == (178975, Decimal("0.0894875"))


def _has_no_bill(answer):
    with server(answer) as (url, seen):
        configure(base_url=url)
        image = generate("a banana")
        assert generate("a banana").bytes == image.bytes
    assert image.receipt.credits is image.receipt.usd is image.cost is None
    assert len(posts(seen)) == 1  # it was kept all the same
    assert "$" not in image.caption
    assert pickle.loads(pickle.dumps(image)).receipt == image.receipt
