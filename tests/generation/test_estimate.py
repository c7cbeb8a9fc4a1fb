"""What a call would cost, in the dry run's words: nothing is sent for it."""

from decimal import Decimal

import pandas as pd
import pytest

import nb_banana
from nb_banana import ImageRequest, configure, errors, estimate, generate

PRICE = Decimal("0.0894875")


def test_it_takes_what_generate_sweep_and_generate_many_take(service):
    fox = generate("a fox")
    frame = pd.DataFrame({"pet": ["fox", "cat"]})
    asked = [
        (estimate("a fox"), (0, 1)),
        (estimate(fox), (0, 1)),
        (estimate(fox.request, take=2), (1, 0)),
        (estimate(ImageRequest("a cat"), count=3), (3, 0)),
        (estimate("a fox", count=3), (2, 1)),
        (estimate("a fox", fresh=True), (1, 0)),
        (estimate("a {{pet}}", pet="cat"), (1, 0)),
        (estimate("a {{pet}}", pet=["fox", "cat"]), (1, 1)),
        (estimate("a {{pet}}", over={"pet": ["fox", "cat"]}, count=2), (3, 1)),
        (estimate(["a fox", "a cat", "an owl"]), (2, 1)),
        (estimate([{"prompt": "a fox"}, ImageRequest("a cat")]), (1, 1)),
        (estimate("a {{pet}}", frame), (1, 1)),
        (estimate(["a cat", "a cat"]), (1, 1)),  # as the bill has it
        (estimate([]), (0, 0)),
    ]
    for number, (found, counts) in enumerate(asked):
        assert (found.new, found.kept) == counts, number
        assert found.usd == PRICE * found.new, number
        assert isinstance(found.usd, Decimal)
    assert len(service.posts) == 1


@pytest.mark.parametrize("options", [{}, {"count": 4}, {"resolution": ["1K", "2K"]}])
def test_its_text_is_that_of_the_dry_run(service, options):
    generate("a fox")
    found = estimate("a fox", **options)
    assert (
        str(found)
        == repr(found)
        == found._repr_html_()
        == nb_banana.dry_run("a fox", **options).price
    )


def test_it_is_what_is_paid(service):
    prompts = ["a fox", "a cat", "a fox", "an owl"]
    generate("an owl")
    found = estimate(prompts)
    assert (
        str(found)
        == "4 pictures, 1 from your library, 1 equal to another of them, about $0.18 play money"
    )
    assert nb_banana.generate_many(prompts).cost == found.usd


def test_play_money_is_called_so():
    configure(backend="sandbox")
    assert str(estimate("a fox", count=2)) == "2 pictures, about $0.18 play money"
    assert str(estimate("a fox")) == "about $0.089 play money"


def test_where_nobody_knows_the_price_there_is_no_sum(service):
    found = estimate("a fox", model="acme/new")
    assert (found.usd, found.new, str(found)) == (None, 1, "price not known")


def test_where_nothing_is_drawn_it_costs_nothing(service):
    configure(backend="library")
    found = estimate("a fox")
    assert (found.usd, found.new) == (0, 1)
    assert "nothing else is asked" in str(found)


def test_it_is_refused_what_would_be_refused(service):
    for prompt, options, sentence in [
        ("a {{x}}", {}, "nobody fills it in"),
        ("a fox", {"seed": 3}, "take=2"),
        (iter(["a fox"]), {}, "used up by being looked at"),
        ("a {{x}}", {"rows": iter([{"x": 1}])}, "used up by being looked at"),
        (7, {}, "takes a list of prompts"),
        ("a fox", {"resolution": "9K"}, "not accepted"),
    ]:
        with pytest.raises(errors.RequestError, match=sentence):
            estimate(prompt, **options)
    assert service.received == []
