"""Tables, cards and receipts: what is shown of money, in which order, and where nothing is."""

import dataclasses
import html
import importlib
import pkgutil
import re
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import ImageRequest, configure, doctor, errors, generate, history, spending
from nb_banana._default import client
from nb_banana._text import InDollars
from nb_banana.display.html import Words, styled, table
from nb_banana.results.handout import KeyListing, KeyUse
from tests.support.shelf import put
from tests.support.shells import ipython_shell


def words(value):
    """What is read where no stylesheet holds."""
    page = value._repr_html_() if hasattr(value, "_repr_html_") else value
    bare = re.sub(r"<style>.*?</style>|</?(?:code|small|b)>", "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", bare)).split())


@pytest.fixture
def shown(service):
    """One of each value of ours that has money in it, as the last line of a cell may be."""
    fox = generate("a fox")
    with pytest.raises(errors.RefusalError) as refused:
        generate("a banana [trouble: refusal]")
    with pytest.raises(errors.BananaError):
        generate("a car [trouble: link-404]")
    keys = KeyListing([KeyUse("ada", Decimal("2.00"), "month", Decimal("0.75"), False)], "host")
    return {
        "receipt": fox.receipt,
        "receipts": [fox.receipt],
        "statement": spending(),
        "lines": spending().lines,
        "keys": keys,
        "one key": keys[0],
        "history": history(),
        "recovery": nb_banana.recover(),
        "found": list(nb_banana.recover()),
        "facts": refused.value.facts,
        "dry run": nb_banana.dry_run("a banana"),
        "estimate": nb_banana.estimate("a banana"),
        "doctor": doctor(),
        "models": nb_banana.MODELS,
    }


def test_no_output_shows_a_decimal(shown):
    with ipython_shell() as ip:
        for name, value in shown.items():
            bundle, _ = ip.shell.display_formatter.format(value)
            assert bundle["text/plain"], name
            assert "Decimal(" not in str(bundle), name
    assert "usd=$0.089" in str(shown["receipt"])
    assert "usd=Decimal(" in repr(shown["receipt"])  # what Python says of it stays


def test_each_data_class_with_money_says_it_in_dollars():
    found = []
    for module in pkgutil.walk_packages(nb_banana.__path__, "nb_banana."):
        if not module.name.endswith("__main__"):
            found += vars(importlib.import_module(module.name)).values()
    classes = {each for each in found if isinstance(each, type) and dataclasses.is_dataclass(each)}
    said = [
        each.__name__
        for each in classes
        if any("Decimal" in str(field.type) for field in dataclasses.fields(each))
        and not issubclass(each, InDollars)
        and each.__dataclass_params__.repr
        and "dataclass" in each.__repr__.__qualname__
    ]
    assert said == []


def test_play_money_is_called_so(service):
    """Also where the sandbox stands behind an address, as any other service would."""
    fox = generate("a fox")
    assert "cost $0.089 play money (178,975 credits)" in words(fox.receipt)
    assert words(nb_banana.dry_run("a cat")).startswith("Price: about $0.089 play money Nothing")
    assert words(spending()).startswith("Spent in the sandbox (play money)")
    assert "The prices are play money." in words(history())
    put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    assert "cost $0.089 (178,975 credits)" in words(history("banana")[0].receipt)


def test_the_statement_is_cards_and_below_them_the_models(service, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/one.ipynb")
    configure(budget=1)
    generate("a fox")
    generate("a fox", model="pro")
    page = spending()._repr_html_()
    cards = [words(each) for each in re.findall(r'<div class="nbb-card">(.*?)</div>', page)]
    assert re.fullmatch(r"budget \$0\.\d+ of \$1\.00, \$0\.\d+ left", cards[0])
    assert [each.split("$")[0].strip() for each in cards[1:]] == [
        *("this session", "this notebook", "today", "this month", "ever"),
        *("saved by the library in this session", "balance of the account"),
    ]
    bar = re.search(r'<progress value="(.*?)" max="1" aria-label="budget">', page)
    assert float(bar[1]) == pytest.approx(float(spending().used), abs=0.001)
    models = page.partition("<table>")[2]
    assert words(models).startswith("model spent requests nano-banana-2 $0.089 1 request")
    assert "nano-banana-pro" in models


@pytest.mark.parametrize(("budget", "share"), [(0.05, "1.000"), (0, "1.000")])
def test_a_budget_that_is_used_up_fills_its_bar_and_no_more(service, budget, share):
    generate("a fox")
    configure(budget=budget)
    assert f'<progress value="{share}"' in spending()._repr_html_()
    assert "$0 left" in words(spending())


def test_what_was_free_is_not_counted_as_paid(service):
    generate("a fox")
    with pytest.raises(errors.RefusalError):
        generate("a banana [trouble: refusal]")
    for line in spending().lines:
        assert (line.count, line.unknown, line.free) == (1, 0, 1), line.what
    assert "this session $0.089 for 1 request, 1 free" in words(spending())
    assert "$0.089 for 1 request, 1 free" in repr(spending())


def test_an_empty_history_is_a_sentence_that_says_what_to_do():
    for found, said in (
        (history(), "No pictures in your library. Draw the first one: %%banana"),
        (history("fox"), "No pictures with “fox” in your library. nb_banana.history() lists all"),
    ):
        assert words(found).startswith(said)
        assert repr(found).startswith(said)
        assert "<table" not in found._repr_html_()
    generate("a fox")
    assert words(history()[5:]) == "0 of 1 picture in your library"


def test_what_is_to_be_mended_stands_first_and_in_words(service):
    generate("a fox")
    assert "To mend" not in words(doctor())
    assert words(doctor()).startswith("✓ fine key found for 127.0.0.1")
    service.stop()
    assert words(doctor()).startswith("✗ To mend (reachable): 127.0.0.1")


TABLE = table([("1", Words("<b> " * 3), "$1")], ("number", "prompt", "cost"), is_told=True)


def test_a_table_reads_in_order_without_its_stylesheet():
    assert words(TABLE) == "number prompt cost 1 <b> <b> <b> $1"
    assert 'data-head="prompt"' in TABLE


def test_the_stylesheet_that_stands_in_each_output_stays_small():
    assert len(styled(TABLE, kind="x")) < 4000
    assert ".nbb-cards{" not in styled(TABLE, kind="x")


def test_each_output_has_the_stylesheet_and_mathematics_leaves_its_dollars_alone(shown):
    """JupyterLab takes what stands between two amounts for a formula."""
    for name in ("receipt", "statement", "keys", "history", "recovery", "dry run", "doctor"):
        page = shown[name]._repr_html_()
        assert page.startswith("<style>"), name
        assert "mathjax_ignore" in page, name
        assert "\n\n" not in page, name
