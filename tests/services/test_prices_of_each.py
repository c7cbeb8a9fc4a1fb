"""What each service costs is said before anything is sent, as far as it is known."""

from decimal import Decimal

import pytest

import nb_banana
from nb_banana import configure, errors, estimate, generate
from nb_banana._default import client
from nb_banana.credentials import PLACES, Secret
from nb_banana.request import ImageRequest
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Failed, Refusal, ResultItem, ServiceAnswer, Unreadable
from nb_banana.services.registry import find_service
from nb_banana.widgets import controller
from nb_banana.widgets.form import Form
from tests.conftest import KEY
from tests.support.kernels import another_kernel
from tests.support.servers import picture
from tests.support.wire import as_json, wire

NAME = "google/gemini-3.1-flash-image-preview"
PATH = f"/v1/images/models/{NAME}/endpoints"


@pytest.fixture
def drawn_by(monkeypatch):
    """Choose a service; a sandbox speaks as it."""
    sandboxes = []

    def choose(name):
        monkeypatch.setenv(PLACES[name].names[0], KEY)
        monkeypatch.setattr("nb_banana.services.tickets.FIRST_PAUSE", 0.02)
        sandboxes.append(Sandbox(KEY, service=name).start())
        configure(service=name, base_url=sandboxes[-1].url)
        return sandboxes[-1]

    yield choose
    for each in sandboxes:
        each.stop()


PICTURES = [
    ("google", {}, "0.067"),
    ("google", {"resolution": "512"}, "0.045"),
    ("google", {"model": "2.1", "resolution": "4K"}, "0.113"),
    ("google", {"images": [picture(), picture(size=(32, 32))]}, "0.06812"),
    ("google", {"model": "2.1", "images": picture()}, "0.03528"),
    ("google", {"model": "another"}, None),
    ("fal", {}, "0.08"),
    ("fal", {"resolution": "2K", "web_search": True}, "0.135"),
    ("fal", {"resolution": "512"}, "0.06"),
    ("fal", {"params": {"resolution": "0.5K"}}, "0.06"),
    ("fal", {"params": {"resolution": "4K", "num_images": 2}}, "0.32"),
    ("fal", {"params": {"enable_web_search": True}}, "0.095"),
    ("fal", {"model": "2.1"}, None),
    ("openrouter", {}, "0.067"),
    ("openrouter", {"model": "pro", "resolution": "4K"}, "0.24"),
    ("openrouter", {"resolution": "2K", "params": {"n": 2}}, "0.202"),
    ("openai", {}, None),
    ("aimlapi", {}, "0.0894875"),
]


@pytest.mark.parametrize(("name", "asked", "usd"), PICTURES)
def test_a_picture_has_the_price_of_its_service(drawn_by, name, asked, usd):
    sandbox = drawn_by(name)
    found = estimate("a banana", **asked)
    assert found.usd == (None if usd is None else Decimal(usd))
    assert str(found).startswith("price not known" if usd is None else "about $")
    assert nb_banana.dry_run("a banana", **asked).price == str(found)
    assert not [each for each in sandbox.received if each.method == "POST"]
    assert not any("uthorization" in str(each.headers) for each in sandbox.received)
    assert KEY not in str([each.headers for each in sandbox.received])


FLASH, NEW = "gemini-3.1-flash-image", "gemini-nano-banana-2.1"
USAGE = {"promptTokenCount": 1000, "thoughtsTokenCount": 200, "candidatesTokenCount": 30}
PICTURE, UNREADABLE = ResultItem(data=b"1"), ResultItem(data=b"2")


@pytest.mark.parametrize(
    ("model", "outcome", "usd"),
    [
        (FLASH, ServiceAnswer((PICTURE,), usage=USAGE), "0.0681"),
        (FLASH, ServiceAnswer((PICTURE, UNREADABLE), usage=USAGE), "0.0681"),
        (FLASH, ServiceAnswer((PICTURE,)), "0.067"),
        (FLASH, ServiceAnswer((PICTURE,), usage=USAGE | {"promptTokenCount": "much"}), "0.0676"),
        (NEW, ServiceAnswer((PICTURE,), usage=USAGE), "0.0366"),
        (FLASH, Refusal(usage=USAGE), "0.00119"),
        (NEW, Refusal(usage=USAGE), "0.003225"),
        (FLASH, Refusal(), None),
        (FLASH, Failed(usage=USAGE), None),
        (FLASH, Unreadable(usage=USAGE), None),
        ("another", ServiceAnswer((PICTURE,), usage=USAGE), None),
    ],
)
def test_google_s_bill_is_its_picture_and_its_tokens(model, outcome, usd):
    google = find_service("google")
    request = ImageRequest("a banana", model, catalogue=google.catalogue)
    assert google.bill(request, outcome) == (None if usd is None else Decimal(usd))


def test_each_of_a_batch_has_its_own_price(drawn_by):
    drawn_by("fal")
    plain = nb_banana.estimate(["a", "b", "c"])
    assert plain.usd == Decimal("0.24")
    mixed = estimate([{"prompt": "a", "web_search": True}, {"prompt": "b"}])
    assert mixed.usd == Decimal("0.175")


def test_the_panel_says_the_price_of_who_draws(drawn_by):
    drawn_by("fal")
    found = controller.price_of(client(), Form("a banana", resolution="4K"), {})
    assert "$0.16" in found.text


@pytest.mark.parametrize(("name", "model"), [("fal", "2.1"), ("openai", "2")])
def test_under_a_budget_nothing_is_sent_whose_price_nobody_knows(drawn_by, name, model):
    sandbox = drawn_by(name)
    configure(budget=10)
    with pytest.raises(errors.BudgetError, match="Nobody can say what it costs") as raised:
        generate("a banana", model=model)
    assert not sandbox.posts
    # fal never says it, a gateway may.
    assert ("Once one was charged" in str(raised.value)) is (name == "openai")


def test_a_gateway_s_last_bill_is_its_price_also_on_another_day(drawn_by):
    sandbox = drawn_by("openai")
    cost = generate("a banana", params={"n": 2}).receipt.usd / 2
    another_kernel()
    assert estimate("a pear").usd == cost
    configure(budget=float(cost) * 1.5)
    with pytest.raises(errors.BudgetError, match="together that is more"):
        nb_banana.generate_many(["a pear", "a plum"])
    assert len(sandbox.posts) == 1


@pytest.mark.parametrize("name", SPOKEN)
def test_a_limit_stops_it_before_it_is_sent(drawn_by, name):
    sandbox = drawn_by(name)
    configure(confirm_over=0.01)
    with pytest.raises(errors.BudgetError, match="nobody can be asked here"):
        generate("a banana")
    assert not sandbox.posts


def priced(*rows):
    return {"id": NAME, "endpoints": [{"provider_name": "Google", "pricing": list(rows)}]}


def per(cost, variant=None, unit="image", billable="output_image"):
    row = {"billable": billable, "unit": unit, "cost_usd": cost}
    return row if variant is None else row | {"variant": variant}


def quoted(answer, resolution=None, model=NAME):
    """The price that is read of one answer of OpenRouter's, and what it was asked."""
    with wire({PATH: lambda request: answer}) as service:
        speaks = find_service("openrouter")
        endpoint = Endpoint(service.url, Secret(KEY), service=speaks)
        found = [client().context.prices.price(endpoint, model, resolution) for _ in range(2)]
    assert found[0] == found[1]
    assert not any(each.headers["Authorization"] for each in service.seen)
    return found[0], len(service.seen)


@pytest.mark.parametrize(
    ("answer", "resolution", "usd"),
    [
        (priced(per(0.067)), None, "0.067"),
        (priced(per("0.067")), "4K", "0.067"),
        (priced(per(0.067, "1K"), per(0.101, "2K")), "2K", "0.101"),
        (priced(per(0.067, "1k"), per(0.101, "2k")), None, "0.067"),
        (priced(per(0.067, "1K")), "4K", None),
        (priced(per(0.05), per(0.151, "4K")), "4K", "0.151"),
        (priced(per(0.04, "low_1k"), per(0.09, "high_1k")), None, None),
        (priced(per(0.01, billable="input_image"), per(0.067)), None, "0.067"),
        (priced(per(0.01, billable="output_text"), per(0.067)), None, "0.067"),
        (priced(per(0.00006, unit="token")), "2K", "0.1008"),
        (priced(per(0.01, unit="megapixel")), None, None),
        (priced(per(0.01, unit="token", billable="input_text")), None, None),
        ({"data": priced(per(0.067))}, None, "0.067"),
        ({"pricing": [per(0.067)]}, None, "0.067"),
        ({"endpoints": [{"pricing": [per(0.05)]}, {"pricing": [per(0.07)]}]}, None, "0.07"),
        ({"endpoints": [{"pricing": []}, {}, None, 5]}, None, None),
        (priced(None, 5, {}, per(None), per("much"), per(-1), per(True)), None, None),
        ({"data": []}, None, None),
        ({"endpoints": {"pricing": [per(1)]}}, None, None),
    ],
)
def test_openrouter_s_list_of_prices_is_read_in_any_shape_and_kept(answer, resolution, usd):
    expected = None if usd is None else Decimal(usd)
    assert quoted(as_json(answer), resolution) == (expected, 1)


@pytest.mark.parametrize(
    "answer",
    [None, (404, b"{}", {}), (500, b"<html>", {}), (200, b"<html>", {}), as_json([per(1)])],
)
def test_a_list_that_cannot_be_had_is_no_price_and_no_error(answer):
    assert quoted(answer)[0] is None


def test_a_model_of_a_strange_name_has_no_price():
    assert quoted(as_json(priced(per(1))), model="../../keys?x=1#")[0] is None
