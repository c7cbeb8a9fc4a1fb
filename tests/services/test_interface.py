"""What holds for each service, whoever wrote it: who gets the key, what is sent again, what is
read."""

import json

import pytest

from nb_banana import errors
from nb_banana.credentials import Secret
from nb_banana.references.reference import as_reference
from nb_banana.request import ImageRequest
from nb_banana.services import account, send
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Call, Failed, KeyHeader
from nb_banana.services.openai import OpenAi
from nb_banana.services.reading import answer_in, words_in
from nb_banana.services.service import Service
from tests.conftest import KEY
from tests.support.servers import picture, server


class Campus(Service):
    """A service of a campus: another header, another path, no id of ours."""

    name = "campus"
    title = "the campus"
    base_url = "https://pictures.campus.example"
    key_header = KeyHeader("X-Campus-Key", "")
    path = "/draw"

    def encode(self, request):
        return Call("POST", self.path, {"words": request.prompt})

    def decode(self, reply):
        return answer_in(reply) if reply.is_fine else Failed(words_in(reply))

    def charged(self, reply):
        return False if "x-campus" in reply.headers else None


def drawn(handler):
    """The picture's link, and the picture."""
    if handler.command == "POST":
        body = json.dumps({"data": [{"url": "/1.png"}]}).encode()
        handler.reply(200, body)
    else:
        handler.reply(200, picture())


def asked(answer, speaks=None, **how):
    """What was seen of one generation, and what came of it."""
    with server(answer) as (url, seen):
        service = Endpoint(url, Secret(KEY), service=speaks or Campus(), **how)
        try:
            outcome = send.send_generation(ImageRequest("a banana"), service, "nbb-1")
        except errors.BananaError as error:
            outcome = error
    return outcome, seen


def test_the_key_goes_into_the_header_of_the_service_and_into_no_other():
    answer, (post,) = asked(drawn)
    assert answer.items[0].url == "/1.png"
    assert post.headers["X-Campus-Key"] == KEY
    assert "Authorization" not in post.headers
    assert "X-Client-Request-Id" not in post.headers
    assert (post.path, post.sent) == ("/draw", {"words": "a banana"})


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/status/1",
        "http://127.0.0.1:9/status/1",
        "http://127.0.0.1@elsewhere.example/status",
        "http://[",
        "file:///etc/passwd",
    ],
)
def test_a_link_that_leaves_the_host_is_refused_and_no_key_goes_out(link):
    speaks = Campus()
    with server(drawn) as (url, seen):
        service = Endpoint(url, Secret(KEY), service=speaks)
        speaks.path = link
        with pytest.raises(errors.ServiceError, match="another host"):
            send.send_generation(ImageRequest("a banana"), service, "nbb-1")
    assert not seen


def test_a_link_to_the_own_host_is_asked_with_the_key():
    with server(drawn) as (url, seen):
        speaks = Campus()
        speaks.path = f"{url}/draw"
        service = Endpoint(url, Secret(KEY), service=speaks)
        send.send_generation(ImageRequest("a banana"), service, "nbb-1")
    assert seen[0].headers["X-Campus-Key"] == KEY


@pytest.mark.parametrize(("own", "posts"), [(True, 5), (False, 1)])
def test_a_5xx_is_sent_again_only_where_the_service_says_that_it_costs_nothing(brisk, own, posts):
    def busy(handler):
        handler.reply(503, b'{"message": "no"}', **({"X-Campus": "1"} if own else {}))

    error, seen = asked(busy)
    assert len(seen) == posts
    assert isinstance(error, errors.ServerError if own else errors.GatewayError)


def test_what_a_decoder_of_a_stranger_stumbles_over_is_kept_and_named():
    class Careless(Campus):
        def decode(self, reply):
            return reply.json["data"][7]

    error, seen = asked(drawn, Careless())
    assert isinstance(error, errors.UnreadableAnswerError)
    assert "IndexError" in str(error)
    assert error.facts["body"].startswith(b'{"data"')
    assert len(seen) == 1


def test_where_a_service_has_no_log_nobody_knows_and_nobody_is_asked():
    with server(drawn) as (url, seen):
        service = Endpoint(url, Secret(KEY), service=Campus())
        assert account.find_charge(service, "nbb-1", pauses=(0.0,)).state == "unknown"
        assert account.balance(service) is None
    assert not seen


def test_what_is_no_text_goes_into_a_form_as_json():
    more = {"quality": "high", "stream": False, "seed": 7, "extra_body": {"a": [1, None]}}
    call = OpenAi().encode(ImageRequest("a banana", images=(as_reference(picture()),), params=more))
    assert {name: call.form[name] for name in more} == {
        "quality": "high",
        "stream": "false",
        "seed": "7",
        "extra_body": '{"a": [1, null]}',
    }
