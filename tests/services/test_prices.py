"""The price before, the budget that stops a cell, and the sum after: exact, asked for rarely."""

import base64
import threading
from contextlib import contextmanager, nullcontext, suppress
from decimal import Decimal

import nbformat
import pytest

import nb_banana
from nb_banana import BananaImage, configure, errors
from nb_banana._default import client
from nb_banana._text import amount
from nb_banana.credentials import Secret
from nb_banana.generation import budget
from nb_banana.library import location
from nb_banana.request import ImageRequest
from nb_banana.sandbox import Sandbox
from nb_banana.services import account, pricing
from nb_banana.services.endpoint import Endpoint
from nb_banana.settings import Banana
from nb_banana.widgets import controller
from nb_banana.widgets.form import Form
from tests.conftest import KEY
from tests.notebook.test_terminal import ipython
from tests.support.kernels import another_kernel, started_kernel
from tests.support.moments import until
from tests.support.servers import picture
from tests.support.shells import ipython_shell, run_notebook
from tests.support.wire import MODEL, MODELS, POST, as_json, fixed, quote, wire

ONE = Decimal("0.0894875")


def variants(*offers):
    return {"kind": "variants", "currency": "USD", "dimensions": [], "variants": list(offers)}


def offer(price, when, **changes):
    return {"when": when, "price": price, "unit": "image", "per": 1} | changes


def asked(answer, resolution=None, model=MODEL):
    """The price that is read from one answer of the service."""
    with wire({MODELS: lambda request: answer}) as service:
        return client().context.prices.price(Endpoint(service.url), model, resolution)


def last_charged(what):
    """As the journal says it, whatever this kernel knows."""
    context = client().context
    return context.places(context.kinds()[-1])[0].last_bill(what.names, what.resolution)


def cost_of(requests, url):
    kind = location.kind_of(url)
    context = client().context
    return context.budget.estimate(requests, Endpoint(url), context.places(kind)[0])


@pytest.mark.parametrize(
    ("pricing", "resolution", "expected"),
    [
        (fixed(0.06), None, "0.06"),
        (fixed(0.06), "4K", "0.06"),
        (fixed(60, per=1000), None, "0.06"),
        (fixed("0.0894875"), None, "0.0894875"),
        (fixed(0), None, "0"),
        (variants(offer(0.1, {"resolution": "1K"}), offer(0.2, {"resolution": "2K"})), "2K", "0.2"),
        (variants(offer(0.1, {"resolution": "1K"}), offer(0.2, {"resolution": "2K"})), None, "0.1"),
        (variants(offer(0.1, {"resolution": "1K"})), "4K", None),
        (variants(offer(0.1, {"resolution": "1K", "references": 2})), "1K", None),
        (variants(offer(0.1, {"resolution": "1K"}, unit="token")), "1K", None),
        (fixed(39, name="token", per=1_000_000), None, None),
        ({"kind": "variable", "currency": "USD"}, None, None),
        ({"kind": "auction", "price": 1}, None, None),
        (fixed(0.06) | {"currency": "EUR"}, None, None),
        (fixed(0.06) | {"currency": None}, None, None),
        (fixed(0.06) | {"units": []}, None, None),
        (fixed(0.06) | {"units": None}, None, None),
        (fixed(None), None, None),
        (fixed(-1), None, None),
        (fixed(True), None, None),
        (fixed("cheap"), None, None),
        (fixed(0.06, per=0), None, None),
        (fixed(0.06, per=None), None, None),
        (fixed("NaN"), None, None),
        (fixed("Infinity"), None, None),
        (fixed("1e999999"), None, None),
        (fixed(1, per="1e-999999"), None, None),
        (fixed(10**30), None, None),
        (None, None, None),
        ("free", None, None),
    ],
)
def test_a_price_is_what_the_service_says_or_not_known(pricing, resolution, expected):
    price = asked(quote(pricing), resolution)
    assert price == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>Welcome</html>", {}),
        (200, b"", {}),
        (200, b"[" * 100_000, {}),
        (200, b'{"data": [{"id": "google/nano-banana-2", "pricing": {"kind"', {}),
        (500, b"{}", {}),
        (304, b"", {}),
        (302, b"", {"Location": "http://127.0.0.1:9/"}),
        None,
        as_json({"data": []}),
        as_json({"data": None}),
        as_json({"data": [None, 1, {"id": ["x"], "aliases": [{}]}, {"id": {}, "aliases": 5}]}),
        as_json([]),
    ],
)
def test_an_answer_that_is_no_price_list_means_not_known(answer):
    assert asked(answer) is None


def test_what_is_no_number_is_no_amount_however_deep_it_is():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert [amount(each) for each in (deep, {}, b"1", True, "1e5000")] == [None] * 5


def test_a_service_that_is_not_there_means_not_known():
    assert client().context.prices.price(Endpoint("http://127.0.0.1:9"), MODEL, None) is None


def test_a_service_that_does_not_answer_in_time_means_not_known(monkeypatch):
    monkeypatch.setattr(account, "READ_TIMEOUT", 0.2)
    forever = threading.Event()
    with wire({MODELS: lambda request: forever.wait(5) and None}) as service:
        assert client().context.prices.price(Endpoint(service.url), MODEL, None) is None
        forever.set()


def test_a_model_is_found_by_its_id_and_its_aliases():
    other = {"id": "x/y", "aliases": ["google/gemini-3-1-flash-image-preview"]}
    rows = [{"id": "z", "pricing": fixed(9)}, other | {"pricing": fixed(0.06)}]
    assert asked(as_json({"data": rows})) == Decimal("0.06")


@pytest.mark.parametrize(("status", "expected"), [(200, Decimal("0.06")), (500, None), (0, None)])
def test_a_model_that_the_list_has_no_more_is_asked_for_by_itself(status, expected):
    own = as_json({"id": MODEL, "pricing": fixed(0.06)}, status) if status else None
    none = as_json({"data": []})
    with wire({MODELS: lambda request: none, f"/model/{MODEL}": lambda request: own}) as service:
        assert client().context.prices.price(Endpoint(service.url), MODEL, None) == expected
    assert service.seen[-1].query == {"include": "pricing"}


def test_the_sandbox_quotes_what_it_charges(service):
    image = nb_banana.generate("a banana", resolution="2K")
    assert (
        client().context.prices.price(Endpoint(service.url), image.request.model, "2K")
        == image.cost
    )


def test_a_price_is_asked_for_once_and_later_only_whether_it_changed(monkeypatch):
    answers = [quote(fixed(0.06), ETag='W/"1"'), (304, b"", {}), quote(fixed(0.07), ETag='W/"2"')]
    with wire({MODELS: lambda request: answers.pop(0)}) as service:
        where = Endpoint(service.url, Secret(KEY))
        assert [client().context.prices.price(where, MODEL, None) for _ in range(3)] == [
            Decimal("0.06")
        ] * 3
        assert len(service.seen) == 1
        monkeypatch.setattr("nb_banana.services.aimlapi.pricing.FRESH", 0.0)
        assert client().context.prices.price(where, MODEL, None) == Decimal("0.06")
        assert client().context.prices.price(where, MODEL, None) == Decimal("0.07")
    assert [each.headers["If-None-Match"] for each in service.seen] == [None, 'W/"1"', 'W/"1"']
    assert service.seen[0].query == {"id": MODEL, "include": "pricing"}
    assert not any(each.headers["Authorization"] for each in service.seen)


def test_a_price_that_was_said_holds_while_the_service_fails(monkeypatch):
    monkeypatch.setattr("nb_banana.services.aimlapi.pricing.FRESH", 0.0)
    answers = [quote(fixed(0.06)), (500, b"", {}), (200, b"<html>", {}), None]
    with wire({MODELS: lambda request: answers.pop(0)}) as service:
        where = Endpoint(service.url)
        assert [client().context.prices.price(where, MODEL, None) for _ in range(4)] == [
            Decimal("0.06")
        ] * 4


def test_many_requests_of_one_kind_ask_for_the_price_once(service):
    requests = [ImageRequest(f"banana {number}") for number in range(50)]
    cost = cost_of(requests, service.url)
    assert (cost.usd, cost.unknown, cost.is_play) == (50 * ONE, 0, True)
    assert len(service.received) == 1


def test_several_pictures_of_one_request_are_each_counted(service):
    request = ImageRequest("a banana", model="pro", params={"num_images": 4})
    assert cost_of([request], service.url).usd == 4 * Decimal("0.1742")


def test_a_sum_of_a_thousand_bills_is_exact():
    wallet = budget.Budget(Banana(), pricing.PriceList())
    for number in range(1000):
        wallet.hold(str(number), budget.HeldMoney("api", ONE))
        wallet.settle(str(number), ONE)
        wallet.settle(str(number), ONE)  # a bill that comes twice is one bill
    assert str(wallet["api"].spent) == "89.4875000"
    assert wallet["api"].count == 1000
    assert not wallet.used("sandbox")


def test_money_is_set_aside_up_to_the_budget_and_counts_until_its_bill_is_there():
    wallet = budget.Budget(Banana(budget=0.3), pricing.PriceList())
    tenth, request = Decimal("0.1"), ImageRequest("a", params={"num_images": 2})

    def held(name, kind="api"):
        return wallet.hold(name, budget.HeldMoney(kind, tenth, request), wallet.limit)

    def money(kind):
        return wallet.used(kind), wallet.under_way(kind), wallet.left(kind)

    assert [held(name) for name in ("a", "b", "c", "d")] == [True, True, True, False]
    assert held("e", "fal") is False  # real money is counted together, by whichever service
    assert held("e", location.SANDBOX) is True  # play money is another
    assert money("api") == money("fal") == (3 * tenth, 3 * tenth, 0)
    assert money(location.SANDBOX) == (tenth, tenth, 2 * tenth)
    wallet.drop("a")
    assert money("api") == (2 * tenth, 2 * tenth, tenth)
    wallet.settle("b", Decimal(0))
    assert money("api") == (tenth, tenth, 2 * tenth)
    assert (wallet["api"].count, wallet["api"].free) == (0, 1)
    wallet.settle("c", None)  # nobody said how much: what was set aside counts
    assert money("api") == (tenth, 0, 2 * tenth)
    wallet.settle("never held", ONE)
    held("f", "fal")
    wallet.settle("f", 2 * tenth)  # more than was set aside
    assert money("api") == money("fal") == (3 * tenth, 0, 0)
    for _ in range(2):
        wallet.save(tenth, "api")
    wallet.save(None, "api")
    assert vars(wallet["api"]) == {
        "spent": 0,
        "count": 1,
        "free": 1,
        "saved": 2 * tenth,
        "assumed": tenth,
        "unknown": 1,
    }
    assert wallet.totals(["api"]) == wallet["api"]
    both = wallet.totals(["api", "fal"])
    assert (both.spent, both.count, both.saved) == (2 * tenth, 2, 2 * tenth)


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([(1, 0)], "about $1.00"),
        ([(1, 0), (2, 0)], "about $3.00"),
        ([(1, 0), (2, 0, "", True)], "about $1.00"),
        ([(1, 0, "", True), (2, 0, "", True)], "about $3.00 play money"),
        ([(1, 1, "a"), (2, 2, "b")], "about $3.00, 3 at a price not known"),
        ([(0, 1, "a"), (0, 0)], "price not known"),
        ([(0, 0), (0, 1, "b")], "price not known"),
        ([], "None"),
    ],
)
def test_what_several_services_cost_together_is_the_real_money(costs, said):
    total = budget.total_of(budget.Cost(Decimal(usd), *more) for usd, *more in costs)
    assert str(total) == said
    if total is not None:
        example = next((each[2] for each in costs if len(each) > 2 and each[2]), "")
        assert total.example == example


@pytest.mark.parametrize(
    ("usd", "unknown", "answer", "is_sent"),
    [
        *(("0.06", 0, answer, True) for answer in ("y", "Y", "yes", " YES ")),
        *(("0.06", 0, answer, False) for answer in ("n", "", "no", "yess", "ja")),
        ("0.05", 0, None, True),
        ("0.051", 0, "n", False),
        ("0", 1, "n", False),
        ("0", 1, "y", True),
    ],
)
def test_what_costs_more_than_the_amount_is_sent_after_a_yes_alone(
    monkeypatch, usd, unknown, answer, is_sent
):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    wallet = budget.Budget(Banana(confirm_over=0.05), pricing.PriceList())
    cost = budget.Cost(Decimal(usd), unknown)
    wallet.check_total(cost, "api", ask=False)
    assert asked == []
    with suppress(errors.BudgetError) if not is_sent else nullcontext():
        wallet.check_total(cost, "api", ask=True)
        assert is_sent
    assert len(asked) == (answer is not None)


@pytest.mark.parametrize(("limit", "fits"), [(0.3, True), (0.29, False)])
def test_what_several_services_cost_together_fits_into_the_budget_or_not(limit, fits):
    wallet = budget.Budget(Banana(budget=limit), pricing.PriceList())
    wallet.hold("a", budget.HeldMoney("fal", Decimal("0.1")))
    with nullcontext() if fits else pytest.raises(errors.BudgetError, match=r"0\.30$"):
        wallet.check_total(budget.Cost(Decimal("0.2"), 0), "api", ask=False)


def test_the_budget_stops_before_anything_is_sent(service):
    configure(budget=0.2)
    assert [nb_banana.generate(f"banana {number}").cost for number in range(2)] == [ONE, ONE]
    with pytest.raises(errors.BudgetError, match=r"\$0.179 of the budget of \$0.20.*Banana.budget"):
        nb_banana.generate("banana 3")
    assert len(service.posts) == 2
    assert nb_banana.generate("banana 1").came == "reused"


def test_following_the_cure_of_a_budget_error_is_enough(service):
    configure(budget=0.0)
    with pytest.raises(errors.BudgetError) as caught:
        nb_banana.generate("a banana", resolution="2K")
    configure(budget=float(str(caught.value).rpartition("= ")[2]))
    assert nb_banana.generate("a banana", resolution="2K").cost


def test_a_picture_of_the_library_is_free_with_no_budget_at_all(service):
    nb_banana.generate("a banana")
    configure(budget=0)
    before = len(service.received)
    assert nb_banana.generate("a banana").came == "reused"
    assert len(service.received) == before
    with pytest.raises(errors.BudgetError):
        nb_banana.generate("a banana", fresh=True)


def test_threads_that_begin_at_once_do_not_pass_the_budget_together(monkeypatch):
    with Sandbox(KEY, delay=0.3) as sandbox:
        monkeypatch.setenv("AIMLAPI_KEY", KEY)
        configure(base_url=sandbox.url, budget=0.3)
        outcomes = []

        def one(number):
            try:
                outcomes.append(nb_banana.generate(f"banana {number}"))
            except errors.BudgetError as error:
                outcomes.append(error)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(isinstance(each, BananaImage) for each in outcomes) == 3
        assert len(sandbox.posts) == len(sandbox.charges) == 3


@contextmanager
def vendor(pricing=None, bill=None, **more):
    """A service that quotes this price, if any, and names this bill, if any; its settings hold."""

    def post(request):
        item = {"b64_json": base64.b64encode(picture()).decode()}
        usage = {} if bill is None else {"meta": {"usage": {"usd_spent": bill}}}
        return as_json({"data": [item]} | usage)

    def models(request):
        return as_json({"data": []}) if pricing is None else quote(pricing, request.query["id"])

    with wire({MODELS: models, POST: post} | more) as service:
        configure(base_url=service.url)
        yield service


def one_by_one(prompts):
    for prompt in prompts:
        nb_banana.generate(prompt)


def by_magic(prompts):
    with ipython_shell() as ip:
        for prompt in prompts:
            ip.shell.run_cell(f"%%banana\n{prompt}").raise_error()


def as_a_batch(prompts):
    nb_banana.generate_many(prompts)


def as_an_iterator(prompts):
    failures = nb_banana.generate_many(iter(prompts)).failures
    raise next(each.error for each in failures if isinstance(each.error, errors.BudgetError))


def begin(prompt):
    return nb_banana.generate(prompt, background=True)


def in_the_background(prompts, begin=begin):
    begun = []
    try:
        begun.extend(map(begin, prompts))
    finally:
        for each in begun:
            each.wait()


def by_the_panel(prompts):
    in_the_background(prompts, lambda prompt: controller.begin(client(), Form(prompt), {})[0])


DOORS = [one_by_one, by_magic, as_a_batch, as_an_iterator, in_the_background, by_the_panel]


@pytest.mark.parametrize("draw", DOORS)
@pytest.mark.parametrize("priced", [None, fixed(0), fixed("0.0000001")])
def test_the_budget_stops_a_service_that_names_no_price_and_no_bill(draw, priced):
    configure(budget=0.30)
    with vendor(priced) as service, pytest.raises(errors.BudgetError):
        draw([f"banana {number}" for number in range(60)])
    # By the model's page each costs $0.0895. A list is looked at as a whole, and an iterator
    # breaks off what is not on its way yet.
    sent = {as_a_batch: [0], as_an_iterator: [0, 1, 2, 3]}.get(draw, [3])
    assert len(service.posts) in sent
    assert client().context.budget.used(client().context.kinds()[-1]) <= Decimal("0.30")


def test_batches_that_begin_at_once_do_not_pass_it_together_where_no_price_is_named():
    configure(budget=0.30)

    def draw(name):
        with suppress(errors.BudgetError):
            as_a_batch([f"{name} {number}" for number in range(3)])

    with vendor() as service:
        threads = [threading.Thread(target=draw, args=(name,)) for name in ("a", "b", "c", "d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(service.posts) <= 3
    assert client().context.budget.used(client().context.kinds()[-1]) == len(service.posts) * ONE


@pytest.mark.parametrize("draw", DOORS)
@pytest.mark.parametrize("priced", [None, fixed(0), fixed("0.0000001")])
def test_what_nobody_can_price_is_not_sent_under_a_budget_and_the_cure_works(draw, priced):
    configure(budget=0.30, resolution="4K")
    prompts = [f"banana {number}" for number in range(5)]
    with vendor(priced, bill=0.25) as service:
        with pytest.raises(errors.BudgetError, match="Nobody can say what it costs") as caught:
            draw(prompts)
        assert service.posts == []
        assert "Banana.budget = None" in str(caught.value)
        configure(budget=None)
        nb_banana.generate("the first")
        configure(budget=0.60)
        with pytest.raises(errors.BudgetError, match=r"about \$"):
            draw(prompts)
        # The bill of the first is known: together with it two are all that $0.60 is enough for.
        sent = [1] if draw is as_a_batch else [1, 2]  # whoever is told first
        assert len(service.posts) in sent


@pytest.mark.parametrize("priced", [None, fixed(0), fixed(0.199), fixed(2.51), fixed(900)])
def test_the_last_bill_counts_where_the_quote_is_none_or_far_from_it(priced, monkeypatch):
    with vendor(priced, bill=0.25) as service:
        nb_banana.generate("a banana", resolution="2K")
        another_kernel()  # of another day
        for asked in ({"resolution": "2K"}, {"params": {"resolution": "2K"}}):
            cost = cost_of([ImageRequest("a pear", **asked)], service.url)
            assert (cost.usd, cost.unknown) == (Decimal("0.25"), 0)
        pair = ImageRequest("a pear", resolution="2K", params={"num_images": 2})
        assert cost_of([pair], service.url).usd == Decimal("0.5")
        # A bill of another resolution says nothing of this one.
        assert last_charged(budget.Priced("google/nano-banana-2", "4K")) is None


@pytest.mark.parametrize("price", [0.2, 0.3, 2.5])
def test_a_quote_near_to_the_last_bill_counts(price):
    with vendor(fixed(price), bill=0.25) as service:
        nb_banana.generate("a banana")
        cost = cost_of([ImageRequest("a pear")], service.url)
        assert (cost.usd, cost.is_play) == (Decimal(str(price)), False)


def test_a_service_that_is_free_by_its_bills_is_never_stopped():
    configure(budget=0.10)
    with vendor(fixed(0), bill=0) as service:
        nb_banana.generate("the first")
        assert len(nb_banana.generate_many([f"banana {n}" for n in range(9)]).images) == 9
        assert len(service.posts) == 10


def test_a_refusal_that_cost_nothing_does_not_make_a_service_free():
    configure(budget=0.30)
    refused = as_json({"data": [], "meta": {"usage": {"usd_spent": 0}}})
    with vendor(fixed(0), **{POST: lambda request: refused}) as service:
        with pytest.raises(errors.RefusalError):
            nb_banana.generate("a banana")
        cost = cost_of([ImageRequest("a pear")], service.url)
        assert cost.usd == ONE


def test_what_is_drawn_without_a_budget_counts_when_one_is_set():
    with vendor() as service:
        one_by_one(f"banana {number}" for number in range(3))
        assert service.of(MODELS) == []
        configure(budget=0.30)
        with pytest.raises(errors.BudgetError, match=r"\$0\.268 of the budget"):
            nb_banana.generate("a pear")


def test_a_bill_that_names_no_amount_is_no_sum_that_was_spent():
    configure(budget=1)
    with vendor() as service:
        one_by_one(["a banana", "a pear"])
        statement = nb_banana.spending()
        lines = [line for line in statement.lines if not line.what.startswith("  ")]
        assert {(line.usd, line.count, line.unknown) for line in lines} == {(Decimal(0), 2, 2)}
        assert statement.left == 1 - 2 * ONE
        assert len(service.posts) == 2


def test_an_unknown_price_is_asked_about_and_a_documented_one_is_named(monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    configure(confirm_over=0.05)
    with vendor(fixed(0)) as service:
        for model in ("2", "2.1"):
            with pytest.raises(errors.BudgetError, match="You said no"):
                nb_banana.generate("a banana", model=model)
        assert service.posts == []
    assert ["about $0.089" in asked[0], "price not known" in asked[1]] == [True, True]


def test_a_bill_without_an_amount_counts_as_it_was_quoted():
    item = {"b64_json": base64.b64encode(picture()).decode()}
    routes = {
        MODELS: lambda request: quote(fixed(0.5)),
        POST: lambda request: as_json({"data": [item]}),
    }
    with wire(routes) as service:
        configure(base_url=service.url, budget=1)
        assert nb_banana.generate("a banana").cost is None
        nb_banana.generate("a pear")
        with pytest.raises(errors.BudgetError, match=r"\$1\.00 of the budget of \$1\.00 is spent"):
            nb_banana.generate("a plum")


def test_what_may_have_been_charged_counts_until_it_is_known(service, monkeypatch):
    monkeypatch.setattr(account, "PAUSES", (0.0,))
    configure(budget=0.1)
    with pytest.raises(errors.AnswerTimeoutError, match="not known yet"):
        nb_banana.generate("a [trouble: slow 600]", timeout=0.3)
    until(lambda: service.posts)
    with pytest.raises(errors.BudgetError, match="not known yet"):
        nb_banana.generate("a pear")
    assert len(service.posts) == 1


def test_what_failed_leaves_the_budget_alone(service, brisk):
    configure(budget=0.1)
    for trouble in ("400", "401", "refusal", "drop-before", "502-gateway"):
        with pytest.raises(errors.BananaError):
            nb_banana.generate(f"a [trouble: {trouble}]")
    used = client().context.budget.used("127.0.0.1-" + service.url.rpartition(":")[2])
    # Nobody can say of the dropped connection yet whether it was charged.
    assert used == ONE
    with pytest.raises(errors.BudgetError):
        nb_banana.generate("a banana")


def test_the_budget_holds_for_one_kind_of_service(service):
    nb_banana.generate("a banana")
    configure(backend="sandbox", budget=0.1)
    assert nb_banana.generate("a pear").cost == ONE
    with pytest.raises(errors.BudgetError):
        nb_banana.generate("an apple")


@pytest.mark.parametrize("value", [-1, "two", float("nan"), float("inf"), "", [1]])
@pytest.mark.parametrize("name", ["budget", "confirm_over"])
def test_what_is_no_amount_is_refused(name, value):
    configure(**{name: 1.5})
    with pytest.raises(errors.SettingsError, match=name):
        configure(**{name: value})
    assert getattr(configure(), name) == 1.5


def test_the_magic_stops_at_the_budget_too(service):
    with ipython_shell() as ip:
        ip.run("%config Banana.budget = 0.05")
        assert isinstance(ip.run("%%banana\na banana", fails=True), errors.BudgetError)
        assert service.posts == []
        ip.run("%config Banana.budget = -2")
        assert configure().budget == 0.05
        ip.run("%config Banana.budget = None")
        assert ip.run("%%banana\na banana").cost == ONE


def in_kernel(service, cell, answers):
    """Run a cell in a real kernel where a person types these answers; what came, and questions."""
    manager, client = started_kernel()
    told, asked_for = [], []

    def hear(message):
        content = message["content"]
        told.append(content.get("evalue") or str(content.get("data") or content.get("text", "")))

    def answer(message):
        asked_for.append(message["content"]["prompt"])
        client.input(answers.pop(0))

    try:
        load = f"%load_ext nb_banana\n%config Banana.base_url = '{service.url}'\n"
        client.execute_interactive(
            load + "%config Banana.confirm_over = 0.05", timeout=60, output_hook=lambda _: None
        )
        client.execute_interactive(
            cell, timeout=60, allow_stdin=True, stdin_hook=answer, output_hook=hear
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return " ".join(told), asked_for


@pytest.mark.parametrize(("answer", "posts"), [("y", 1), ("n", 0)])
def test_a_person_is_asked_above_the_amount(service, answer, posts):
    told, (question,) = in_kernel(service, "%%banana\na banana", [answer])
    assert question == "This costs about $0.089 play money, more than $0.05. Send it? [y/N] "
    assert len(service.posts) == posts
    assert ("You said no. Nothing was sent." in told) == (answer == "n")


def test_where_nobody_can_answer_it_is_refused(service, monkeypatch):
    notebook = run_notebook(
        "%load_ext nb_banana",
        f"%config Banana.base_url = '{service.url}'\n%config Banana.confirm_over = 0.05",
        "%%banana\na banana",
        "%%banana -r 1K --dry-run\na pear",
        allow_errors=True,
    )
    (output,) = notebook.cells[2].outputs
    assert output["ename"] == "BudgetError"
    assert "nobody can be asked here" in output["traceback"][0]
    assert service.posts == []
    assert KEY not in nbformat.writes(notebook)


def test_at_the_end_of_a_terminals_input_it_is_refused(service):
    seen = ipython(
        "%load_ext nb_banana",
        f"%config Banana.base_url = '{service.url}'",
        "%config Banana.confirm_over = 0.05",
        "%banana a banana",
    )
    assert "nobody can be asked" in seen
    assert service.posts == []


def test_below_the_amount_nobody_is_asked(service):
    configure(confirm_over=0.10)
    assert nb_banana.generate("a banana").cost == ONE


def test_a_price_that_is_not_known_is_asked_about(service):
    configure(confirm_over=5.0, model="2.1")
    with pytest.raises(errors.BudgetError, match="price not known"):
        nb_banana.generate("a banana")
    assert service.posts == []


def test_no_price_is_asked_for_where_nobody_set_a_budget(service):
    nb_banana.generate("a banana")
    assert [each.path for each in service.received if each.path == MODELS] == []
    assert len([each for each in service.received if each.path == POST]) == 1
