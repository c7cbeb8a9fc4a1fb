"""Whoever is asked what a batch cost says the same: each of our sums, and the service's books."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import errors
from nb_banana._text import dollars
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from tests.support.shells import ipython_shell

PRICE = Decimal("0.0894875")
BUDGET = 5

MIXED = [
    "new",
    "old",  # in the library
    "new",  # equal
    "two [trouble: two-pictures]",
    "lost [trouble: drop-after]",  # charged, by the log alone
    "lost [trouble: drop-after]",
    "announced [trouble: empty-item]",  # charged, by the answer
    "gone [trouble: link-404 x12]",  # charged, its link comes to life later
    "no [trouble: 400]",  # free
    "no [trouble: 400]",
    "refused [trouble: refusal]",
    "new",
]
"""New, from the library, equal, several pictures of one answer, failed and charged, and free."""


def by_many(prompts):
    return nb_banana.generate_many(prompts)


def by_rows(prompts):
    return nb_banana.generate_many("{{words}}", [{"words": each} for each in prompts])


def by_an_executor(prompts):
    with ThreadPoolExecutor(2) as executor:
        return nb_banana.generate_many(prompts, executor=executor)


def by_takes(prompts):
    galleries = [nb_banana.generate(each, count=2) for each in dict.fromkeys(prompts)]
    return sum(galleries[1:], galleries[0])


def by_the_magic(prompts):
    with ipython_shell() as ip:
        ip.names["words"] = prompts
        return ip.run("%%banana --sweep words={{words}}\n{{words}}")


def by_the_magic_in_the_background(prompts):
    with ipython_shell() as ip:
        ip.names["words"] = prompts
        return ip.run("%%banana --background --sweep words={{words}}\n{{words}}").wait()


def in_the_background(prompts):
    return nb_banana.sweep("{{words}}", words=prompts, background=True).wait()


def fresh(prompts):
    return nb_banana.generate_many(prompts, fresh=True)


DOORS = [
    by_many,
    by_rows,
    by_an_executor,
    by_takes,
    by_the_magic,
    by_the_magic_in_the_background,
    in_the_background,
    fresh,
]


@dataclass
class Books:
    """What the service has booked, and what our statement said, since this was made."""

    service: object

    def __post_init__(self):
        statement = nb_banana.spending()
        self.charges, self.spent = len(self.service.charges), statement.lines[0].usd
        self.balance = statement.balance

    @property
    def booked(self):
        return sum(each.credits for each in self.service.charges[self.charges :]) / Decimal(2000000)


def sums(gallery, books):
    """What each place says that a batch cost."""
    frame, statement = gallery.to_frame(), nb_banana.spending()
    lines = [line for line in statement.lines if not line.what.startswith("  ")]
    assert {line.unknown for line in lines} == {0}
    (session,) = {line.usd for line in lines}
    return {
        "cost": gallery.cost,
        "frame": Decimal(str(round(frame.usd.sum(), 9))),
        "spending": session - books.spent,
        "models": sum(line.usd for line in statement.lines if line.what[0] == " ") - books.spent,
        "budget": BUDGET - statement.left - books.spent,
        "balance": books.balance - statement.balance,
        "parts": sum(gallery[n : n + 1].cost for n in range(len(gallery))),
        "copy": copy.deepcopy(gallery).cost,
        "pickle": pickle.loads(pickle.dumps(gallery)).cost,
        "doubled": (gallery + gallery).cost,
        "turned round": gallery[::-1].cost,
        "sifted": gallery.where(model="nano-banana-2").cost,
        "extras": Gallery(
            [each for entry in gallery for each in (*getattr(entry or None, "extras", ()), entry)]
        ).cost,
    }


def caption(gallery):
    return gallery._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize("draw", DOORS)
def test_all_sums_of_money_are_one(service, brisk, draw):
    nb_banana.generate("old")
    nb_banana.configure(budget=BUDGET)
    books = Books(service)
    gallery = draw(MIXED)
    assert books.booked >= 5 * PRICE
    assert set(sums(gallery, books).values()) == {books.booked}
    assert f" · {dollars(books.booked)} play money" in caption(gallery)
    for again in (False, True):
        gallery = gallery.retry(again=again)
        assert set(sums(gallery, books).values()) == {books.booked}
        assert f" · {dollars(books.booked)} play money" in caption(gallery)


@pytest.mark.parametrize("draw", [by_many, in_the_background])
def test_what_was_paid_before_is_not_paid_again_in_any_sum(service, brisk, draw):
    draw(MIXED)
    nb_banana.configure(budget=BUDGET)
    books = Books(service)
    again = draw([each for each in MIXED if "lost" not in each and "announced" not in each])
    assert any("link" in str(each.error) for each in again.failures)  # it is dead still
    assert set(sums(again, books).values()) == {books.booked} == {0}


def test_two_batches_that_ask_for_the_same_at_once_are_paid_once(service, brisk):
    nb_banana.configure(budget=BUDGET, concurrency=8)
    books = Books(service)
    prompts = ["a [trouble: slow 0.3]", "lost [trouble: drop-after]", "b", "b"]
    first = nb_banana.sweep("{{words}}", words=prompts, background=True)
    second = nb_banana.sweep("{{words}}", words=prompts[::-1], background=True)
    both = first.wait() + second.wait()
    assert both.cost == books.booked
    assert first.cost + second.cost == books.booked
    assert set(sums(both, books).values()) == {books.booked}


@pytest.mark.parametrize("trouble", ["400", "refusal", "drop-after", "empty-item", "link-404"])
def test_equal_prompts_of_which_the_first_fails_have_one_bill(service, brisk, trouble):
    nb_banana.configure(budget=BUDGET)
    books = Books(service)
    gallery = nb_banana.generate_many([f"a cat [trouble: {trouble} x1]"] * 3)
    assert set(sums(gallery, books).values()) == {books.booked}
    tried = gallery.retry(again=True)
    assert set(sums(tried, books).values()) == {books.booked}
    assert [each.came for each in tried.images].count("made") <= 1


def test_a_picture_that_failed_twice_and_came_then_has_cost_three_times(service, brisk):
    nb_banana.configure(budget=BUDGET)
    books = Books(service)
    gallery = nb_banana.generate_many(["a cat [trouble: drop-after x2]", "an owl"])
    for _ in range(2):
        gallery = pickle.loads(pickle.dumps(gallery)).retry(again=True)
    assert gallery[0].cost == PRICE
    assert set(sums(gallery, books).values()) == {4 * PRICE} == {books.booked}
    assert gallery.to_frame().usd.to_list() == pytest.approx([3 * float(PRICE), float(PRICE)])
    kept_back = nb_banana.generate_many(["a cow [trouble: drop-after]"]).retry(again=True).retry()
    assert kept_back.cost == 2 * PRICE


def test_what_is_on_its_way_after_an_interrupt_has_a_price_that_nobody_knows():
    stopped = errors.Interrupted("It was on its way.", is_on_way=True)
    gallery = Gallery([Failure(nb_banana.ImageRequest("a cat"), stopped)])
    assert "price not said" in caption(gallery)
    assert gallery.to_frame().usd.isna().all()


def test_what_was_on_its_way_and_came_has_the_price_of_its_receipt(service):
    nb_banana.configure(budget=BUDGET)
    books = Books(service)
    came = nb_banana.generate("a cat")
    stopped = errors.Interrupted("It was on its way.", is_on_way=True)
    gallery = Gallery([Failure(came.request, stopped)]).retry()
    assert gallery[0].came == "reused"
    assert set(sums(gallery, books).values()) == {PRICE} == {books.booked}
    assert "not said" not in caption(gallery)


def test_a_column_of_money_is_dollars_that_can_be_summed_and_drawn(service, brisk):
    gallery = nb_banana.generate_many(MIXED)
    real = Gallery([_charged("a cat", PRICE, sandbox=False), _charged("a dog", None, sandbox=True)])
    frame = (real + gallery).to_frame()
    assert (str(frame.usd.dtype), str(frame.sandbox.dtype)) == ("float64", "bool")
    assert frame.select_dtypes("number").columns.tolist().count("usd") == 1  # plot takes these
    # Dollars are not mixed with play money unseen.
    assert frame.usd[~frame.sandbox].sum() == pytest.approx(float(PRICE))
    assert frame.usd[frame.sandbox].sum() == pytest.approx(float(gallery.cost))
    assert frame.usd.isna().to_list() == [False, True, *(False for _ in gallery)]  # nobody said
    free = frame[frame.prompt.str.contains("400|refusal")]
    assert free.usd.to_list() == [0.0, 0.0, 0.0]
    charged = frame[frame.prompt.str.contains("empty-item|link-404")]
    assert charged.usd.to_list() == pytest.approx([float(PRICE)] * 2)
    assert str(Gallery([]).to_frame().usd.dtype) == "float64"


def _charged(prompt, usd, *, sandbox):
    request = nb_banana.ImageRequest(prompt)
    receipt = replace(nb_banana.generate("a banana").receipt, usd=usd, sandbox=sandbox)
    receipt = replace(receipt, client_request_id=f"nbb-{prompt}")
    return Failure(request, errors.RefusalError("No.", receipt=receipt))
