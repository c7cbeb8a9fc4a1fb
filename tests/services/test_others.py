"""A service that a package brings: an entry point, a class, and everything else holds for it."""

import json
import sys
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import Client, configure, errors
from nb_banana.services import registry
from tests.conftest import KEY
from tests.support.servers import picture, server

CODE = """
from decimal import Decimal

from nb_banana.services import Call, Failed, KeyHeader, Service, answer_in, words_in


class Campus(Service):
    name = "campus"
    title = "the campus"
    base_url = "https://pictures.campus.example"
    key_names = ("CAMPUS_KEY",)
    key_header = KeyHeader("X-Campus", "")
    key_page = "https://campus.example/keys"

    def encode(self, request):
        return Call("POST", "/draw", {"model": request.model, "words": request.prompt})

    def decode(self, reply):
        if not reply.is_fine:
            return Failed(words_in(reply))
        return answer_in(reply, usd=Decimal(str(reply.json["price"])))

    def charged(self, reply):
        return False if not reply.is_fine and reply.json else None
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installs a package with a service of this code."""
    names = []

    def install(code, name="campus"):
        place = tmp_path / name
        info = place / f"{name}_pictures-1.0.dist-info"
        info.mkdir(parents=True)
        (place / f"{name}_pictures.py").write_text(code)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}-pictures\nVersion: 1.0\n"
        )
        points = f"[nb_banana.services]\n{name} = {name}_pictures:Campus\n"
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(place))
        names.append(name)

    yield install
    configure(service="aimlapi")
    registry.find_service.cache_clear()
    for name in names:
        sys.modules.pop(f"{name}_pictures", None)
        registry.PLACES.pop(name, None)


def answer(handler):
    if handler.command == "POST":
        body = {"data": [{"url": "/1.png"}], "price": 0.01}
        handler.reply(200, json.dumps(body).encode())
    else:
        handler.reply(200, picture())


def test_a_service_of_a_package_draws_as_those_that_come_with_us(package, monkeypatch, tmp_path):
    package(CODE)
    assert "campus_pictures" not in sys.modules
    monkeypatch.setenv("CAMPUS_KEY", KEY)
    with server(answer) as (url, seen):
        with Client(service="campus", base_url=url, library=tmp_path / "kept") as client:
            image = client.generate("a banana")
            assert client.generate("a banana").came == "reused"
        (post,) = [each for each in seen if each.method == "POST"]
    assert (post.path, post.headers["X-Campus"]) == ("/draw", KEY)
    assert image.cost == Decimal("0.01")
    assert image.path.parents[2].name.startswith("campus@127.0.0.1")


def test_without_its_key_the_person_is_told_where_to_make_one(package):
    package(CODE)
    configure(service="campus", backend="api")
    with pytest.raises(errors.MissingKeyError, match=r"campus.example/keys.*CAMPUS_KEY"):
        nb_banana.generate("a banana")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError|division by zero"),
        ("import no_such_module_of_mine", "no_such_module_of_mine"),
        ("class Other: pass", "Campus"),
        ("class Campus: pass", "no nb_banana.services.Service"),
        (CODE.replace('"campus"', '"college"'), "calls itself 'college'"),
        (CODE.replace('"https://pictures', '"http://pictures'), "no https address"),
        (CODE.replace("    base_url =", "    other ="), "base_url"),
    ],
)
def test_one_that_is_broken_is_a_sentence_that_names_the_package(package, code, said):
    package(code)
    with pytest.raises(errors.SettingsError, match=f"campus-pictures.*({said})"):
        nb_banana.generate("a banana", service="campus")


def test_one_that_is_not_installed_is_refused_with_those_that_are(package):
    package(CODE)
    with pytest.raises(errors.SettingsError, match="campus"):
        nb_banana.generate("a banana", service="campsu")
