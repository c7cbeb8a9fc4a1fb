"""Where a service states no bill it is computed here, and "about" is said with it everywhere; where
it states one, nothing is."""

import copy
import pickle
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

import nb_banana
from nb_banana import Client, configure, errors, generate
from nb_banana._text import AboutDollars, Dollars, dollars
from nb_banana.credentials import PLACES
from nb_banana.library.schema import MIGRATIONS
from nb_banana.results.gallery_display import gallery_caption
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.doors import open_door
from tests.support.kernels import another_kernel

COMPUTED, STATED = ["fal", "google"], ["aimlapi", "openai", "openrouter"]
PRICE = re.compile(r"(?<!about )(?<!over )\$0\.\d")


def running(name, monkeypatch):
    monkeypatch.setenv(PLACES[name].names[0], KEY)
    monkeypatch.setattr("nb_banana.services.tickets.FIRST_PAUSE", 0.02)
    sandbox = Sandbox(KEY, service=name).start()
    configure(service=name, base_url=sandbox.url)
    return sandbox


@pytest.fixture(params=COMPUTED)
def computed(request, monkeypatch):
    sandbox = running(request.param, monkeypatch)
    yield sandbox
    sandbox.stop()


def said(image):
    """All that is said of money, by each who says it."""
    pair = nb_banana.generate_many(["a pear", "a plum"])
    found = nb_banana.history()
    spent = nb_banana.spending()
    return {
        "caption": image.caption,
        "cost": dollars(image.cost),
        "receipt": str(image.receipt),
        "receipt as HTML": image.receipt._repr_html_(),
        "loaded": nb_banana.load(image.id).caption,
        "gallery": gallery_caption(pair),
        "gallery's cost": dollars(pair.cost),
        "history": repr(found),
        "history as HTML": found._repr_html_(),
        "spending": repr(spent),
        "spending as HTML": spent._repr_html_(),
    }


def test_whoever_says_what_it_cost_says_about(computed):
    image = generate("a banana")
    for name, text in said(image).items():
        assert "about $" in text, name
        assert not PRICE.search(text), (name, text)


@pytest.mark.parametrize("name", STATED)
def test_a_bill_of_the_service_s_own_is_about_nothing(name, monkeypatch):
    sandbox = running(name, monkeypatch)
    image = generate("a banana")
    for which, text in said(image).items():
        assert "about" not in text, which
    assert type(image.cost) is Dollars
    sandbox.stop()


def test_a_picture_of_another_day_knows_it(computed, tmp_path):
    image = generate("a banana")
    another_kernel()
    for same in (
        generate("a banana"),
        nb_banana.load(image.id),
        nb_banana.history()[0],
        pickle.loads(pickle.dumps(image)),
        copy.deepcopy(image),
        Client(service=nb_banana.configure().service, base_url=computed.url).generate("a banana"),
    ):
        assert same.receipt.is_about
        assert isinstance(same.cost, AboutDollars)
        assert same.cost == image.cost
    assert "saved by the library in this session  about $" in repr(nb_banana.spending())
    assert len(computed.posts) == 1


def test_what_was_computed_counts_for_the_budget(computed):
    first = generate("a banana")
    configure(budget=float(first.cost) * 1.5)
    with pytest.raises(errors.BudgetError, match=r"about \$0.\d+ of the budget of"):
        generate("a pear")
    assert len(computed.posts) == 1


def older(folder, version):
    """The index of a library as an earlier version had it, with the same rows."""
    index = folder / "index.sqlite"
    with closing(sqlite3.connect(index)) as file:
        tables = {
            name: file.execute(f"SELECT * FROM {name}").fetchall()
            for name in ("requests", "pictures", "reference_files")
        }
        columns = [row[1] for row in file.execute("PRAGMA table_info(requests)")]
        identity = file.execute("PRAGMA application_id").fetchone()[0]
    index.unlink()
    with closing(sqlite3.connect(index)) as file:
        for statement in (each for one in MIGRATIONS[:version] for each in one):
            file.execute(statement)
        kept = [row[1] for row in file.execute("PRAGMA table_info(requests)")]
        tables["requests"] = [
            tuple(value for name, value in zip(columns, row, strict=True) if name in kept)
            for row in tables["requests"]
        ]
        for name, rows in tables.items():
            for row in rows:
                file.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        file.execute(f"PRAGMA user_version = {version}")
        file.execute(f"PRAGMA application_id = {identity}")
        file.commit()


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_library_that_is_only_read_opens(service, tmp_path, version):
    image = generate("a banana")
    kind = image.path.parents[2]
    shared = tmp_path / "class"
    shutil.copytree(kind, shared / kind.name)
    older(shared / kind.name, version)
    files = {each: each.read_bytes() for each in shared.rglob("*") if each.is_file()}
    configure(library=str(tmp_path / "empty"), shared_libraries=[str(shared)])
    same = generate("a banana")
    assert (same.came, same.receipt.is_about, same.cost) == ("reused", False, image.cost)
    assert len(service.posts) == 1
    assert {each: each.read_bytes() for each in shared.rglob("*") if each.is_file()} == files


def test_a_library_that_a_class_shares_says_about_too(computed, tmp_path):
    image = generate("a banana")
    configure(library=str(tmp_path / "empty"), shared_libraries=[str(image.path.parents[3])])
    same = generate("a banana")
    assert (same.came, same.receipt.is_about) == ("reused", True)


@pytest.mark.parametrize("door", ["function", "magic"])
def test_a_refusal_that_google_bills_is_said_counted_and_kept(monkeypatch, door):
    google = running("google", monkeypatch)
    with open_door(door) as draw, pytest.raises(errors.RefusalError) as raised:
        draw("a banana [trouble: refusal]")
    assert "It was charged about $0.001." in str(raised.value)
    receipt = raised.value.facts["receipt"]
    assert (receipt.is_about, len(google.posts)) == (True, 1)
    another_kernel()
    spent = nb_banana.spending()
    assert [line.count for line in spent.lines if line.what == "ever"] == [1]
    assert "about $0.001" in repr(spent)
    assert not nb_banana.recover()
    google.stop()


def test_a_refusal_in_a_batch_is_in_its_bill_and_is_not_sent_again_unasked(monkeypatch, capsys):
    google = running("google", monkeypatch)
    gallery = nb_banana.generate_many(["a pear", "a banana [trouble: refusal]"])
    (failure,) = gallery.failures
    costs = [gallery.images[0].cost, failure.error.facts["receipt"].usd]
    assert gallery.cost == sum(costs)
    assert f"{dollars(gallery.cost)} play money" in gallery_caption(gallery)
    assert gallery.cost.__class__ is AboutDollars
    gallery.retry()
    assert "charged, or may have been" in capsys.readouterr().out
    assert len(google.posts) == 2
    google.stop()


def test_a_refusal_counts_for_the_budget(monkeypatch):
    google = running("google", monkeypatch)
    with pytest.raises(errors.RefusalError) as raised:
        generate("a banana [trouble: refusal]")
    cost = raised.value.facts["receipt"].usd
    context = nb_banana._default.client().context
    assert context.budget.used(context.kinds()[-1]) == cost
    google.stop()


@pytest.fixture
def both(service, monkeypatch):
    """The AI/ML API is chosen, and fal draws where it is named."""
    monkeypatch.setattr("nb_banana.services.tickets.FIRST_PAUSE", 0.02)
    monkeypatch.setenv("FAL_KEY", KEY)
    with Sandbox(KEY, service="fal") as queue:
        monkeypatch.setattr("nb_banana.services.fal.Fal.base_url", queue.url)
        yield service, queue


def test_a_total_with_a_part_that_is_computed_says_about(both):
    billed = generate("a banana").cost
    assert "about" not in repr(nb_banana.spending())
    computed = generate("a banana", service="fal").cost
    another_kernel()
    spent = nb_banana.spending()
    lines = {line.what.strip(): line for line in spent.lines}
    assert (lines["ever"].usd, lines["ever"].count) == (billed + computed, 2)
    assert re.search(r"ever +about \$0.169 for 2 requests", repr(spent))
    assert re.search(r"nano-banana-2 +\$0.089 for", repr(spent))
    assert re.search(r"nano-banana-2 · fal +about \$0.08 for", repr(spent))
    gallery = nb_banana.Gallery([generate("a pear"), generate("a pear", service="fal")])
    assert "about $0.169" in gallery_caption(gallery)


def test_one_budget_is_for_all_services_together(both, monkeypatch):
    _, queue = both
    google = running("google", monkeypatch)
    configure(budget=0.13)
    cost = generate("a banana").cost
    with pytest.raises(errors.BudgetError, match=rf"{re.escape(dollars(cost))} of the budget of"):
        generate("a banana", service="fal")
    assert [len(each.posts) for each in (google, queue)] == [1, 0]
    google.stop()
