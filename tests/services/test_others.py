"""A service that a package brings: an entry point, a class, and everything else holds for it."""

import importlib
import json
import sys
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import Client, configure, errors
from nb_banana.services import Service, guarded, registry, tickets
from tests.conftest import KEY
from tests.support.servers import picture, posts, server

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


@pytest.mark.parametrize("backend", ["auto", "sandbox"])
def test_no_sandbox_stands_in_for_it(package, backend):
    package(CODE)
    said = {"auto": "CAMPUS_KEY", "sandbox": "does not speak as campus"}[backend]
    with pytest.raises(errors.BananaError, match=said):
        Client(service="campus", backend=backend).generate("a banana")


def test_its_pictures_and_bills_stay_when_its_package_is_gone(package, monkeypatch, tmp_path):
    package(CODE)
    monkeypatch.setenv("CAMPUS_KEY", KEY)
    with (
        server(answer) as (url, _),
        Client(service="campus", base_url=url, library=tmp_path / "kept") as client,
    ):
        client.generate("a banana")
    monkeypatch.setattr(sys, "path", [each for each in sys.path if "campus" not in each])
    registry.find_service.cache_clear()
    registry.PLACES.pop("campus")
    with Client(backend="api", library=tmp_path / "kept") as client:
        assert [image.prompt for image in client.history(service="campus")] == ["a banana"]
        spent = {line.what.strip(): line.usd for line in client.spending().lines}
        with pytest.raises(errors.SettingsError, match="no service 'campsu'"):
            client.history(service="campsu")
    assert spent["nano-banana-2 · campus"] == spent["ever"] == Decimal("0.01")


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
        (CODE.replace('.example"\n    key_names', '.example/v1"\n    key_names'), "into the paths"),
        (CODE.replace('("CAMPUS_KEY",)', '("CAMPUS_KEY")'), "key_names is no tuple of str"),
        (CODE.replace('KeyHeader("X-Campus", "")', '"X-Campus"'), "key_header is no KeyHeader"),
        (CODE + "    models = ()", "no models"),
        (CODE + "    models = ['2']", "models is no tuple of Model"),
        (CODE + "    limits = 7", "limits is no ReferenceLimits"),
        (CODE.replace("def encode", "def encoded"), "no encode"),
    ],
)
def test_one_that_is_broken_is_a_sentence_that_names_the_package(package, code, said):
    package(code)
    with pytest.raises(errors.SettingsError, match=f"campus-pictures.*({said})"):
        nb_banana.generate("a banana", service="campus")


@pytest.mark.parametrize("name", ["api", "sandbox", "../else", "two words", "9"])
def test_a_name_that_no_library_can_have_is_refused(package, name):
    package(CODE.replace('"campus"', repr(name)))
    with pytest.raises(ValueError, match="its name"):
        guarded.check(importlib.import_module("campus_pictures").Campus(), name)


@pytest.fixture
def campus(package, monkeypatch):
    """Draws with a service of this code, against a stand-in: what came, and the POSTs."""
    monkeypatch.setenv("CAMPUS_KEY", KEY)

    def draw(code, answer=answer):
        package(code)
        with server(answer) as (url, seen):
            configure(service="campus", base_url=url)
            try:
                outcome = nb_banana.generate("a banana")
            except errors.BananaError as error:
                outcome = error
            left = nb_banana.recover()
        assert KEY not in str(outcome)
        return outcome, len(posts(seen)), left

    return draw


USD = 'usd=Decimal(str(reply.json["price"]))'
WRONG = "    computes_bill = True\n    def {0}(self, *_):\n        raise KeyError('mine')\n"
METHODS = ("price", "bill", "charged", "find", "quote", "balance", "is_reachable")


@pytest.mark.parametrize(
    "code",
    [
        *(CODE.replace(f", {USD}", "") + WRONG.format(name) for name in METHODS),
        *(CODE.replace(USD, f"usd={value}") for value in ("0.01", "'0.01'", "'NaN'", "[]", "-1")),
        CODE.replace(USD, "inference_id=17, request_id=[], credits='x', usage=None"),
    ],
)
def test_a_mistake_beside_the_picture_costs_no_picture(campus, code):
    image, count, left = campus(code)
    assert image.size == (64, 48)
    assert image.cost in {None, Decimal("0.01")}
    assert (count, len(left)) == (1, 0)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("        return None", "NoneType"),
        ("        return reply.json['pictures']", "KeyError: 'pictures'"),
        ("        return ServiceAnswer(['/1.png'])", "ResultItem"),
        ("        return ServiceAnswer((ResultItem(data='iVBO'),))", "ResultItem"),
        ("        return Ticket('17')", "ValueError"),
    ],
)
def test_what_its_decoder_makes_of_a_paid_answer_never_loses_it(campus, code, said):
    start = CODE.index("        if not reply.is_fine:")
    end = CODE.index("    def charged")
    names = "from nb_banana.services import ResultItem, ServiceAnswer, Ticket\n"
    error, count, left = campus(f"{names}{CODE[:start]}{code}\n\n{CODE[end:]}")
    assert isinstance(error, errors.UnreadableAnswerError)
    assert said in str(error)
    assert error.facts["body"].startswith(b'{"data"')
    assert (count, [each.ended for each in left]) == (1, [False])


@pytest.mark.parametrize(
    "made",
    [
        "1 / 0",
        "{'prompt': request.prompt}",
        "Call(None, None)",
        "Call('POST', '/draw', {1, 2})",
        "Call('POST', '/draw', {'a': float('nan')})",
        "Call('POST', '/draw', headers=3)",
        "Call('POST', '/draw', form=3)",
        "Call('POST', '/draw', form={'a': 1.5})",
        "Call('POST', '/draw', files=3)",
        "Call('POST', '/draw', files=(b'picture',))",
    ],
)
def test_a_request_that_it_can_t_make_is_not_sent_and_leaves_nothing_open(campus, made):
    call = 'Call("POST", "/draw", {"model": request.model, "words": request.prompt})'
    error, count, left = campus(CODE.replace(call, made))
    assert isinstance(error, errors.ServiceError)
    assert "nothing was sent" in str(error)
    assert (count, len(left)) == (0, 0)


def test_a_5xx_is_sent_again_by_the_package_s_word_alone(campus, brisk):
    def busy(handler):
        handler.reply(503, b'{"message": "later"}')

    assert campus(CODE, busy)[:2][1] == 5


def test_one_that_says_nothing_of_a_5xx_is_not_sent_again(campus, brisk):
    def busy(handler):
        handler.reply(503, b'{"message": "later"}')

    error, count, _ = campus(CODE.replace("def charged", "def other"), busy)
    assert isinstance(error, errors.GatewayError)
    assert count == 1


QUEUE = (
    "from nb_banana.services import Ticket\n"
    + CODE.replace(
        "        return answer_in",
        "        if at(reply.json, 'eta'):\n"
        "            return Ticket(reply.json)\n        return answer_in",
    ).replace("import Call", "import at, Call")
    + "    def poll(self, ticket):\n        return Call('GET', ticket.handle['link'])\n"
)


def queued(handler):
    told = {"eta": 1.5, "link": "/state", "price": 0.01}
    if handler.command == "GET" and handler.path == "/state":
        told = {"data": [{"url": "/1.png"}], "price": 0.01}
    handler.reply(200, picture() if handler.path == "/1.png" else json.dumps(told).encode())


def test_a_queue_of_a_package_is_waited_for(campus, monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)
    image, count, left = campus(QUEUE, queued)
    assert image.size == (64, 48)
    assert (count, len(left)) == (1, 0)


def test_work_that_was_accepted_stays_open_while_its_package_can_t_ask_for_it(campus, monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)
    error, count, left = campus(QUEUE.replace("['link']", "['lost']"), queued)
    assert "KeyError: 'lost'" in str(error)
    assert (count, [each.ended for each in left]) == (1, [False])


def test_one_that_is_not_installed_is_refused_with_those_that_are(package):
    package(CODE)
    with pytest.raises(errors.SettingsError, match="campus"):
        nb_banana.generate("a banana", service="campsu")


def test_each_method_of_a_service_is_guarded():
    public = {name for name, each in vars(Service).items() if callable(each) and name[0] != "_"}
    assert not public - set(vars(guarded.Guarded))
