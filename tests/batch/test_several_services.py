"""One batch that several services draw: each has its own key, its own library and its own end."""

import pandas as pd
import pytest

import nb_banana
from nb_banana import _default, configure, errors, estimate, generate_many, sweep
from nb_banana.credentials import PLACES
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.shells import ipython_shell

BOTH = ["google", "fal"]


@pytest.fixture
def two(monkeypatch):
    """Two services with a sandbox each, at the addresses that are their own; a key for each."""
    running = {}
    services = [_default.client().context.services[name] for name in BOTH]
    with pytest.MonkeyPatch.context() as addresses:
        for speaks in services:
            name, key = speaks.name, f"{KEY}-{speaks.name}"
            running[name] = Sandbox(key, service=name).start()
            monkeypatch.setenv(PLACES[name].names[0], key)
            url = running[name].url
            addresses.setitem(PLACES, name, PLACES[name]._replace(base_url=url))
            addresses.setattr(type(speaks), "base_url", url)
            vars(speaks).pop("place", None)
        yield running
    for speaks in services:
        running[speaks.name].stop()
        vars(speaks).pop("place", None)


def by_rows(prompt):
    return generate_many(prompt, pd.DataFrame({"fruit": ["pear", "pear"], "service": BOTH}))


def by_mappings(prompt):
    return generate_many([{"prompt": "a pear", "service": name} for name in BOTH])


def by_iterator(prompt):
    return generate_many({"prompt": "a pear", "service": name} for name in BOTH)


def by_sweep(prompt):
    return sweep("a pear", service=BOTH)


def by_cell(prompt):
    with ipython_shell() as shell:
        return shell.run(f"%%banana --sweep service={','.join(BOTH)}\na pear")


DOORS = [by_rows, by_mappings, by_iterator, by_sweep, by_cell]


@pytest.mark.parametrize("door", DOORS)
def test_each_picture_is_drawn_by_its_own_service_with_its_own_key(two, door):
    gallery = door("a {{fruit}}")
    assert not gallery.failures
    assert [image.request.catalogue.service for image in gallery] == BOTH
    for each in two.values():
        (post,) = each.posts
        assert post.authorized
        assert len(each.charges) == 1
    assert [image.path.parents[2].name for image in gallery] == BOTH
    again = door("a {{fruit}}")
    assert [image.came for image in again] == ["reused", "reused"]
    assert [len(each.posts) for each in two.values()] == [1, 1]


def test_a_gallery_is_sifted_by_who_drew(two):
    grid = sweep("a {{animal}}", animal=["cat", "owl"], service=BOTH)
    assert [image.prompt for image in grid.where(service="google")] == ["a cat", "a owl"]
    assert len(grid.where(model="2", service="google")) == 2
    assert list(grid.to_frame()["service"]) == BOTH * 2


def test_one_key_is_never_handed_to_two_services(two):
    with pytest.raises(errors.RequestError, match="One key was given"):
        sweep("a pear", service=BOTH, key=f"{KEY}-google")
    assert not any(each.received for each in two.values())


def test_the_end_of_one_service_is_not_that_of_the_others(two, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "another-key-of-mine-77")
    gallery = sweep("a {{animal}}", animal=["cat", "owl", "fox"], service=BOTH)
    assert [image.request.catalogue.service for image in gallery.images] == ["fal"] * 3
    monkeypatch.setenv("GEMINI_API_KEY", f"{KEY}-google")
    assert not gallery.retry().failures
    assert [len(each.charges) for each in two.values()] == [3, 3]


def test_all_of_it_is_asked_about_together(two, monkeypatch):
    configure(confirm_over=0.1)
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    with pytest.raises(errors.BudgetError):
        sweep("a pear", service=BOTH)
    assert len(asked) == 1
    assert not any(each.posts for each in two.values())


def test_a_budget_that_is_too_small_for_all_of_them_stops_it_before_the_first(two):
    configure(budget=0.1)  # enough for each of them alone
    with pytest.raises(errors.BudgetError):
        sweep("a pear", service=BOTH)
    assert not any(each.posts for each in two.values())


def test_what_a_batch_costs_is_the_sum_of_its_services(two):
    alone = [estimate("a pear", service=name).usd for name in BOTH]
    both = estimate("a pear", service=BOTH)
    assert both.new == 2
    assert both.usd == sum(alone)


@pytest.mark.parametrize(
    ("rows", "prompt", "said"),
    [
        ([{"fruit": "pear", "service": "gogle"}], "a {{fruit}}", "Row 1: There is no service"),
        ([{"service": "gogle"}], "a pear", "Row 1: There is no service"),
    ],
)
def test_a_column_that_names_no_service_is_refused_before_anything_is_sent(two, rows, prompt, said):
    with pytest.raises(errors.BananaError, match=said):
        generate_many(prompt, rows)
    assert not any(each.received for each in two.values())


@pytest.mark.parametrize(
    ("rows", "prompts"),
    [
        ([{"service": "room service", "n": 1}], ["a tray of room service"]),
        ([{"service": 5, "thing": "tray"}], ["a tray"]),
    ],
)
def test_a_column_of_that_name_may_be_words_or_data(service, rows, prompts):
    prompt = "a tray of {{service}}" if "n" in rows[0] else "a {{thing}}"
    assert [image.prompt for image in generate_many(prompt, rows)] == prompts


@pytest.mark.parametrize("value", [5, b"fal", {"fal"}])
def test_a_service_is_a_name(service, value):
    with pytest.raises(errors.BananaError, match="service is a name"):
        nb_banana.generate("a pear", service=value)
    assert not service.received


def test_in_the_background_too(two):
    gallery = sweep("a pear", service=BOTH, background=True)
    assert [image.request.catalogue.service for image in gallery.images] == BOTH
