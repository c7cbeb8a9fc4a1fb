"""Each service through each door: one POST, one charge, the key in its one header alone."""

import json
from itertools import product

import pytest

import nb_banana
from nb_banana import configure, errors, generate
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import tickets
from nb_banana.services.registry import find_service
from tests.conftest import KEY
from tests.services.test_each_service import other_service
from tests.support.amount import ALL
from tests.support.doors import DOORS, open_door
from tests.support.servers import picture, server

# Each door and each service at least once, or each with each.
PAIRS = (
    list(product(SPOKEN, DOORS))
    if ALL
    else [(SPOKEN[number % len(SPOKEN)], door) for number, door in enumerate(DOORS)]
)
REFUSED = [(name, door) for name, door in PAIRS if door not in {"panel", "executor"}]


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)


@pytest.mark.parametrize(("name", "door"), PAIRS)
def test_one_picture_is_one_post_one_charge_and_one_key(name, door, monkeypatch):
    service = other_service(name, monkeypatch)
    with open_door(door) as draw:
        image = draw("a banana", aspect_ratio="16:9")
        assert image.size == (1376, 768)
        again = draw("a banana", aspect_ratio="16:9")
    service.stop()
    assert (again.came, again.id) == ("reused", image.id)
    assert len(service.posts) == len(service.charges) == 1
    assert image.path.is_file()
    assert service.posts[0].authorized
    assert nb_banana.spending().lines[1].usd == image.cost  # today, by whichever client
    for each in service.received:
        # The picture's own link is asked without it, and so is the list of prices.
        is_asked = each.method == "POST" or "/requests/" in each.path or each.path == "/v2/logs"
        assert each.with_key is is_asked, each.path
        assert KEY not in str((each.path, each.query, each.headers, each.body))


@pytest.mark.parametrize(("name", "door"), REFUSED)
def test_what_a_service_has_not_is_refused_before_anything_is_sent(name, door, monkeypatch):
    service = other_service(name, monkeypatch)
    with open_door(door) as draw, pytest.raises(errors.RequestError, match="choose one of"):
        draw("a banana", aspect_ratio="5:1")
    service.stop()
    assert not service.posts


LINKED = {
    "aimlapi": lambda link: {"data": [{"url": link}]},
    "fal": lambda link: {"images": [{"url": link}]},
    "openai": lambda link: {"data": [{"url": link}]},
    "openrouter": lambda link: {"data": [{"url": link}], "usage": {"cost": 0.04}},
}


@pytest.mark.parametrize("name", LINKED)
def test_another_host_that_has_the_picture_gets_no_key(name, monkeypatch):
    monkeypatch.setenv(find_service(name).key_names[0], KEY)

    def draws(handler):
        handler.reply(200, json.dumps(LINKED[name](f"{elsewhere}/1.png")).encode())

    cdn = server(lambda handler: handler.reply(200, picture()))
    with cdn as (elsewhere, fetched), server(draws) as (url, asked):
        configure(service=name, base_url=url)
        image = generate("a banana")
    assert image.path.is_file()
    own = find_service(name).key_header
    assert [each.headers[own.name] for each in asked if each.method == "POST"] == [own.before + KEY]
    assert fetched
    assert KEY not in str([each.headers.items() for each in fetched])
    assert not {own.name.lower(), "authorization", "cookie"} & {
        header.lower() for each in fetched for header in each.headers
    }
