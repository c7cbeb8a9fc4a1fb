"""The contract on money, kept over real HTTP: what is sent, how often, and what an answer means."""

import json
import pickle
import socket
from decimal import Decimal

import pytest

from nb_banana import ImageRequest, configure, errors, generate
from nb_banana._default import client
from nb_banana.credentials import Secret
from nb_banana.library import location
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from tests.conftest import KEY
from tests.support.kernels import make
from tests.support.servers import picture, posts, server


def draw(service, prompt, **options):
    where = Endpoint(service.url, Secret(KEY), options.pop("timeout", None))
    return make(ImageRequest(prompt, **options), service=where)


def test_a_picture_comes_with_its_whole_receipt(service):
    image = generate("a banana", aspect_ratio="16:9")
    receipt = image.receipt
    assert image.size == (1376, 768)
    assert receipt.credits == service.charges[0].credits
    assert receipt.usd == Decimal(receipt.credits) / 2_000_000 == image.cost
    assert receipt.inference_id == service.charges[0].to_json()["inference_id"]
    assert receipt.client_request_id == service.posts[0].headers["x-client-request-id"]
    assert receipt.attempts == 1
    assert receipt.seconds > 0
    assert receipt.sandbox is image.sandbox is True


def test_what_is_sent_is_the_payload_and_our_own_id(service):
    generate("a banana", resolution="2k", web_search=True)
    post = service.posts[0]
    assert post.body == ImageRequest("a banana", resolution="2K", web_search=True).payload()
    assert post.headers["x-client-request-id"].startswith("nbb-")
    assert post.authorized


@pytest.mark.parametrize(
    ("trouble", "kind", "posts", "charges"),
    [
        ("400", errors.BadRequestError, 1, 0),
        ("401", errors.KeyRefusedError, 1, 0),
        ("403", errors.NotAllowedError, 1, 0),
        ("404", errors.NotFoundError, 1, 0),
        ("429-retry-after 3600", errors.RateLimitError, 1, 0),
        ("502-gateway", errors.GatewayError, 1, 0),
        ("504-gateway", errors.GatewayError, 1, 1),
        ("refusal", errors.RefusalError, 1, 0),
        ("refusal-null", errors.RefusalError, 1, 0),
        ("empty-item", errors.NoPictureError, 1, 1),
        ("html", errors.UnreadableAnswerError, 1, 1),
        ("cut-json", errors.UnreadableAnswerError, 1, 1),
        ("drop-before", errors.ConnectionDroppedError, 1, 0),
        ("drop-after", errors.ConnectionDroppedError, 1, 1),
        ("link-404", errors.LinkGoneError, 1, 1),
        ("cut-picture", errors.DownloadError, 1, 1),
        ("half-picture", errors.TruncatedPictureError, 1, 1),
        ("not-a-picture", errors.NotAPictureError, 1, 1),
    ],
)
def test_each_trouble_is_its_own_error_and_is_sent_once(
    service, brisk, trouble, kind, posts, charges
):
    with pytest.raises(kind) as caught:
        draw(service, f"a banana [trouble: {trouble}]")
    assert type(caught.value) is kind
    assert (len(service.posts), len(service.charges)) == (posts, charges)
    assert service.posts[0].headers["x-client-request-id"] in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("trouble", ["500", "503", "maintenance", "429", "429-retry-after 1"])
def test_what_cannot_have_been_charged_is_sent_again_and_charged_once(service, brisk, trouble):
    image = draw(service, f"a banana [trouble: {trouble} x2]")
    assert image.receipt.attempts == len(service.posts) == 3
    assert len(service.charges) == 1
    assert len({post.headers["x-client-request-id"] for post in service.posts}) == 1


@pytest.mark.parametrize(
    ("trouble", "kind"), [("503", errors.ServerError), ("429", errors.RateLimitError)]
)
def test_trying_again_comes_to_an_end(service, brisk, trouble, kind):
    with pytest.raises(kind):
        draw(service, f"a banana [trouble: {trouble}]")
    assert len(service.posts) == 5
    assert not service.charges


def test_a_read_timeout_is_not_sent_again(service, monkeypatch):
    monkeypatch.setattr(account, "PAUSES", (0.0, *[0.05] * 20, *[0.3] * 150))  # however slow it is
    with pytest.raises(errors.AnswerTimeoutError, match=r"charged: \$0.089. It was not sent again"):
        draw(service, "a banana [trouble: slow 0.6]", timeout=0.2)
    assert len(service.posts) == 1


@pytest.mark.parametrize("trouble", ["link-404 x1", "cut-picture x2", "half-picture x1"])
def test_only_the_link_is_tried_again_when_the_picture_did_not_arrive(service, brisk, trouble):
    prompt = f"a banana [trouble: {trouble}]"
    if trouble.startswith("link"):  # the service says that there is nothing: asking again is vain
        with pytest.raises(errors.LinkGoneError, match=r"http://127.0.0.1"):
            draw(service, prompt)
    else:
        assert draw(service, prompt).size == (1024, 1024)
    assert len(service.posts) == len(service.charges) == 1


@pytest.mark.parametrize("trouble", ["base64", "jpeg"])
def test_the_bytes_say_what_the_picture_is(service, trouble):
    image = draw(service, f"a banana [trouble: {trouble}]")
    assert image.mime == {"base64": "image/png", "jpeg": "image/jpeg"}[trouble]
    assert image.pil.size == image.size


def test_a_second_picture_of_an_answer_is_not_lost(service):
    image = draw(service, "a banana [trouble: two-pictures]")
    assert [extra.size for extra in image.extras] == [(1024, 1024)]
    assert "1 more in .extras" in image.caption


def test_the_read_timeout_grows_with_the_resolution():
    seconds = [ImageRequest("a", resolution=each).read_timeout for each in ("1K", "2K", "4K")]
    assert seconds == [120, 240, 600]
    assert ImageRequest("a").read_timeout == 120


def test_nobody_there_means_not_charged():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(errors.NotConnectedError, match="nothing was charged"):
            make(ImageRequest("a"), service=Endpoint(url))


def test_an_unknown_host_means_not_charged():
    with pytest.raises(errors.NotConnectedError, match="nothing was charged"):
        make(ImageRequest("a"), service=Endpoint("https://no-such-host.invalid"))


def test_a_redirect_does_not_take_the_key_along(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with (
        server(lambda handler: handler.reply(200)) as (elsewhere, strangers),
        server(lambda handler: handler.reply(307, Location=f"{elsewhere}/v1")) as (url, _),
    ):
        configure(base_url=url)
        with pytest.raises(errors.ServiceError, match="redirect"):
            generate("a banana")
    assert strangers == []


def test_the_picture_is_fetched_without_the_key(sandbox, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)

    def answer(handler):
        if handler.command == "POST":
            body = b'{"data": [{"url": "/picture.png"}]}'
            handler.reply(200, body, x_inference_id="i-1")
        else:
            handler.reply(404)

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.LinkGoneError):
            generate("a banana")
    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in seen[1].headers


@pytest.mark.parametrize(
    "url", ["http://example.com/a.png", "file:///etc/passwd", "ftp://example.com/a.png"]
)
def test_a_picture_link_that_is_not_https_is_not_opened(url):
    def answer(handler):
        handler.reply(200, f'{{"data": [{{"url": "{url}"}}]}}'.encode())

    with server(answer) as (base, _), pytest.raises(errors.DownloadError, match="not https"):
        make(ImageRequest("a"), service=Endpoint(base))


def test_a_key_that_the_service_echoes_is_not_shown():
    def answer(handler):
        body = f'{{"message": "Incorrect API key: {KEY[:8]}***{KEY[-6:]} or {KEY}"}}'
        handler.reply(401, body.encode())

    with server(answer) as (base, _), pytest.raises(errors.KeyRefusedError) as caught:
        make(ImageRequest("a"), service=Endpoint(base, Secret(KEY)))
    assert KEY[:8] not in str(caught.value)
    assert KEY[-6:] not in str(caught.value)
    assert "Incorrect API key" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message": ["Expected string", {"message": "received number"}]}', "received number"),
        (b'{"statusCode": "400", "message": "no"}', "no"),
        (b"[]", "400"),
        (b'{"message": "Body validation error!"}', "error. Nothing was charged"),
        (b"", "400"),
        (b"\xff\xfe", "400"),
        (b"[" * 100_000, "400"),
    ],
)
def test_an_error_of_any_shape_becomes_a_sentence(body, words):
    with (
        server(lambda handler: handler.reply(400, body)) as (base, _),
        pytest.raises(errors.BadRequestError, match=words),
    ):
        make(ImageRequest("a"), service=Endpoint(base))


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": "x"}',
        b'{"data": [1, null]}',
        b'{"data": [{"url": 5}]}',
        b'{"data": null, "meta": 3}',
        b"{}",
    ],
)
def test_an_answer_of_any_shape_is_an_answer_error(brisk, body):
    with (
        server(lambda handler: handler.reply(200, body)) as (base, _),
        pytest.raises(errors.AnswerError),
    ):
        make(ImageRequest("a"), service=Endpoint(base))


def test_a_refusal_gives_the_reason_and_the_bill():
    body = b'{"data": [], "message": "blocked for safety", "meta": {"usage": {"usd_spent": 0}}}'
    with (
        server(lambda handler: handler.reply(200, body)) as (base, _),
        pytest.raises(errors.RefusalError, match=r"said: blocked for safety\. It was not charged"),
    ):
        make(ImageRequest("a"), service=Endpoint(base))


@pytest.mark.parametrize(("value", "when"), [("3600", "in 3600 s"), ("9" * 99, "later")])
def test_too_many_requests_says_when_to_run_it_again(value, when):
    with (
        server(lambda handler: handler.reply(429, b"{}", Retry_After=value)) as (base, _),
        pytest.raises(errors.RateLimitError, match=f"Run it again {when}"),
    ):
        make(ImageRequest("a"), service=Endpoint(base))


@pytest.mark.parametrize("value", ["soon", "-5", "", "Wed, 21 Oct 1990 07:28:00 GMT"])
def test_a_strange_retry_after_does_no_harm(brisk, value):
    def answer(handler):
        if len(posts(seen)) == 1:
            handler.reply(429, b'{"message": "slow down"}', Retry_After=value)
        else:
            handler.reply(400, b'{"message": "second"}')

    with server(answer) as (base, seen), pytest.raises(errors.BadRequestError, match="second"):
        make(ImageRequest("a"), service=Endpoint(base))
    assert len(posts(seen)) == 2


def test_connections_are_used_again():
    def answer(handler):
        handler.reply(200, b'{"data": []}')

    with server(answer) as (base, seen):
        for _ in range(3):
            with pytest.raises(errors.RefusalError):
                make(ImageRequest("a"), service=Endpoint(base))
    assert len({each.client for each in seen}) == 1


def test_no_proxy_stands_between_us_and_loopback(service, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert generate("a banana").size == (1024, 1024)


WHY = "the prompt has 12 words too many"
SHAPES = [
    {"message": WHY},
    {"message": [WHY, {"message": "and more"}]},
    {"error": {"message": WHY, "type": "invalid_request_error"}},
    {"error": {"code": "too_long", "details": [{"reason": WHY}]}},
    {"error": WHY},
    {"error": "invalid_request", "error_description": WHY},
    {"error": {"errors": [{"field": "prompt", "msg": WHY}]}},
    {"detail": WHY},
    {"detail": [{"loc": ["body", "prompt"], "msg": WHY}]},
    {"errors": [{"message": WHY}]},
    {"errors": {"prompt": [WHY]}},
    {"message": "Validation failed", "errors": [{"message": WHY}]},
    {"type": "about:blank", "title": "Bad Request", "detail": WHY},
    {"title": WHY},
    [{"error": {"message": WHY}}],
]


@pytest.mark.parametrize("status", [400, 402, 422, 451, 408, 500, 503])
@pytest.mark.parametrize("body", SHAPES)
def test_the_reason_of_an_error_is_told_whatever_shape_it_has(brisk, status, body):
    reply = json.dumps(body).encode()
    with (
        server(lambda handler: handler.reply(status, reply)) as (base, seen),
        pytest.raises(errors.BananaError, match=WHY) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    assert len(posts(seen)) == 1
    is_gateway = status in {408, 500, 503}  # none of these is the service's own JSON
    assert isinstance(caught.value, errors.GatewayError) is is_gateway
    assert ("Nothing was charged" in str(caught.value)) is not is_gateway


def test_a_reason_that_is_plain_text_is_told():
    with (
        server(lambda each: each.reply(400, WHY.encode(), Content_Type="text/plain")) as (base, _),
        pytest.raises(errors.BadRequestError, match=WHY),
    ):
        make(ImageRequest("a"), service=Endpoint(base))


@pytest.mark.parametrize(
    ("status", "kind", "cure"),
    [(402, errors.NotAllowedError, "Top it up"), (451, errors.BadRequestError, "legal reasons")],
)
def test_no_credits_and_no_right_are_refusals_and_not_a_gateways(status, kind, cure):
    with (
        server(lambda handler: handler.reply(status, b"<html>")) as (base, seen),
        pytest.raises(kind, match=cure) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    assert type(caught.value) is kind
    assert "Nothing was charged" in str(caught.value)
    assert len(posts(seen)) == 1


def booked(usd):
    """A log with one row for each request, which cost so much."""

    def log(handler, seen):
        ids = [each.headers["X-Client-Request-Id"] for each in posts(seen)]
        state = "succeeded" if usd else "failed"
        rows = [{"client_request_id": each, "status": state, "cost": {"usd": usd}} for each in ids]
        handler.reply(200, json.dumps({"data": rows}).encode())

    return log


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, errors.RefusalError),
        ({"data": None}, errors.RefusalError),
        ({"statusCode": 500}, errors.RefusalError),
        ({"statusCode": 429}, errors.RateLimitError),
        ({"status": "402", "data": []}, errors.NotAllowedError),
        ({"code": 422}, errors.BadRequestError),
    ],
)
@pytest.mark.parametrize("usd", [0, 0.09])
def test_an_error_in_an_answer_is_told_and_the_log_says_what_it_cost(brisk, more, kind, usd):
    def answer(handler):
        if handler.command == "POST":
            handler.reply(200, json.dumps({"error": {"message": WHY}} | more).encode())
        else:
            booked(usd)(handler, seen)

    with server(answer) as (base, seen), pytest.raises(errors.BananaError, match=WHY) as caught:
        make(ImageRequest("a"), service=Endpoint(base))
    assert type(caught.value) is kind
    assert len(posts(seen)) == 1
    assert ("was charged: $0.09" if usd else "was not charged") in str(caught.value)
    assert "Nothing was charged" not in str(caught.value)
    (row,) = (
        client()
        .context.places(location.kind_of(base))[0]
        ._index.rows("SELECT state, usd, error FROM requests")
    )
    assert row["state"] == ("unknown" if usd else "failed")
    assert (WHY in row["error"]) is bool(usd)


@pytest.mark.parametrize("body", [body for body in SHAPES if isinstance(body, dict)])
def test_words_in_an_answer_that_has_no_picture_are_told(brisk, body):
    reply = json.dumps(body).encode()
    with (
        server(lambda handler: handler.reply(200, reply)) as (base, _),
        pytest.raises(errors.RefusalError, match=WHY) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    assert caught.value.facts["body"] == reply


def test_an_answer_that_may_hold_a_picture_somewhere_is_no_refusal(brisk):
    body = b'{"message": "done", "images": ["AAAA"]}'
    with (
        server(lambda handler: handler.reply(200, body)) as (base, _),
        pytest.raises(errors.UnreadableAnswerError) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    assert caught.value.facts["body"] == body


@pytest.mark.parametrize("deep", [30, 900, 10_000])
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "form", ['{"message": %s, "path": "p", "statusCode": 400}', '{"code": %s, "error": 1}', "%s"]
)
def test_an_answer_may_be_nested_as_deep_as_it_likes(brisk, deep, status, form):
    body = (form % ("[" * deep + '"x"' + "]" * deep)).encode()
    with (
        server(lambda handler: handler.reply(status, body)) as (base, _),
        pytest.raises(errors.BananaError) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    assert repr(caught.value)
    assert repr(caught.value.facts)
    assert pickle.loads(pickle.dumps(caught.value)).facts.keys() == caught.value.facts.keys()


@pytest.mark.parametrize("number", ["9" * 5000, "1e99999999999999999999999", "-" + "9" * 5000])
def test_a_number_that_makes_no_sense_costs_nobody_the_picture(number):
    def answer(handler):
        if handler.command == "POST":
            usage = f'{{"usage": {{"credits_used": {number}}}}}'
            handler.reply(200, f'{{"data": [{{"url": "/a.png"}}], "meta": {usage}}}'.encode())
        else:
            handler.reply(200, picture())

    with server(answer) as (base, _):
        image = make(ImageRequest("a"), service=Endpoint(base))
    assert image.cost is None


FOREIGN = [
    "\x1b[2J\x1b]0;mine\x07\nshown",
    "\ud800 shown",
    "a\r\n\u2028b\u202eshown",
    "\x00\x9b31mshown\u2066",
    "shown" * 2_000_000,
]


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize("place", ["requestId", "message", "url"])
def test_what_a_service_says_is_shown_as_one_short_harmless_line(brisk, place, text):
    status, body = 400, {"message": "no", "statusCode": 400, "path": "/", place: text}
    if place == "url":
        status, body = 200, {"data": [{"url": f"http://10.0.0.1/{text}"}]}
    reply = json.dumps(body).encode()
    with (
        server(lambda handler: handler.reply(status, reply)) as (base, _),
        pytest.raises(errors.BananaError) as caught,
    ):
        make(ImageRequest("a"), service=Endpoint(base))
    word = "longer than any address" if place == "url" and len(text) > 2**16 else "shown"
    for said in (str(caught.value), *caught.value._render_traceback_()):
        assert word in said
        assert len(said) < 2500
        assert all(each.isprintable() for each in said)
        said.encode()


def test_ids_in_headers_are_cleaned_before_they_are_kept():
    def answer(handler):
        if handler.command == "POST":
            body = b'{"data": [{"url": "/a.png"}]}'
            handler.reply(200, body, x_inference_id="\x1b[2Jabc\x07" + "d" * 30_000)
        else:
            handler.reply(200, picture())

    with server(answer) as (base, _):
        image = make(ImageRequest("a"), service=Endpoint(base))
    found = image.receipt.inference_id
    assert found.startswith("[2Jabc d")
    assert len(found) <= 120
