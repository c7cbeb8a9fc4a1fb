"""What was spent and saved is said exactly, and `doctor` names what is wrong without any cost."""

import pickle
from decimal import Decimal

import pytest
from IPython.lib.pretty import pretty

from nb_banana import ImageRequest, configure, doctor, errors, estimate, generate, spending
from nb_banana._default import client
from nb_banana._text import dollars
from nb_banana.library import transfer
from nb_banana.library.library import Library
from tests.conftest import KEY
from tests.support.shelf import put
from tests.support.shells import run_notebook


def test_spending_counts_each_charge_once(service):
    one = generate("a banana")
    two = generate("a banana", resolution="4K")
    with pytest.raises(errors.RefusalError):
        generate("a banana [trouble: refusal]")
    with pytest.raises(errors.NoPictureError):
        generate("a banana [trouble: empty-item]")
    generate("a banana")
    charged = sum((row.credits for row in service.charges), 0) / Decimal(2_000_000)
    found = {line.what.strip(): line.usd for line in spending().lines}
    assert charged == sum(row.usd for row in (one.receipt, two.receipt)) + one.cost
    for what in ("this session", "today", "this month", "ever", "nano-banana-2"):
        assert found[what] == charged
    assert spending().saved == one.cost


def test_spending_asks_for_the_balance_and_tells_play_money(service):
    generate("a banana")
    statement = spending()
    assert statement.balance is not None
    assert "play money" in repr(statement)
    assert "balance of the account" in statement._repr_html_()
    configure(budget=1)
    assert spending().left == 1 - Decimal("0.0894875")


def test_spending_without_a_service_still_tells_what_is_known(service):
    generate("a banana")
    service.stop()
    statement = spending()
    assert statement.balance is None
    assert statement.lines[0].usd > 0


def test_spending_knows_the_notebook(monkeypatch, service, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "one.ipynb"))
    generate("a banana")
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "two.ipynb"))
    generate("a pear")
    found = {line.what: line.count for line in spending().lines}
    assert (found["this notebook"], found["today"]) == (1, 2)


def test_money_in_a_notebook_is_shown_in_the_one_look():
    notebook = run_notebook("import nb_banana; nb_banana.spending()", "nb_banana.doctor()")
    for cell in notebook.cells:
        assert "nbb-out" in cell.outputs[0].data["text/html"]
        assert cell.outputs[0].data["text/plain"]


def test_the_doctor_finds_everything_fine_and_costs_nothing(service):
    generate("a banana")
    found = doctor()
    assert found.fine
    text = repr(found)
    for part in ("AIMLAPI_KEY", "127.0.0.1", "$0.089", "1 pictures", "nb_banana 0."):
        assert part in text
    assert KEY not in text + found._repr_html_()
    assert len(service.posts) == 1


def test_the_doctor_names_what_is_wrong(service, monkeypatch):
    image = generate("a banana")
    image.path.unlink()
    service.stop()
    found = {check.what: check.found for check in doctor().checks if not check.fine}
    assert "does not answer" in found["reachable"]
    assert any("files are gone" in each for each in found.values())


def test_the_doctor_without_a_key_says_who_draws(monkeypatch):
    found = doctor()
    assert found.fine
    assert "the sandbox" in repr(found)
    assert "nb_banana.login()" in repr(found)
    configure(backend="api")
    assert not doctor().checks[0].fine


def test_what_a_lesson_saves_is_real_money_where_there_is_no_key():
    put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    for backend in ("auto", "library"):
        configure(backend=backend)
        generate("a banana")
    statement = spending()
    assert statement.saved == 2 * Decimal("0.0894875")
    assert (statement.balance, statement.is_play_money) == (None, False)
    assert {line.what: line.usd for line in statement.lines}["this month"] == Decimal("0.0894875")


def test_the_doctor_sees_a_file_that_is_cut_off(service):
    image = generate("a banana")
    image.path.write_bytes(image.bytes[:100])
    assert any("1 of its files" in each.found for each in doctor().checks if not each.fine)


def test_pictures_that_came_with_a_lesson_were_paid_by_somebody_else(tmp_path, library):
    put(library, ImageRequest("a banana"), "nbb-teacher")
    student = Library(tmp_path / "student" / "api", "api")
    transfer.copy_answers(library, student)
    assert [bill.request_id for bill in library.bills()] == ["nbb-teacher"]
    assert student.bills() == []
    assert student.find(ImageRequest("a banana").key).receipt.usd


def test_an_amount_alone_is_shown_in_dollars_and_is_exact(service):
    one, two = generate("a banana", count=2)
    configure(budget=1)
    gallery, statement = generate("a banana", count=2), spending()
    exact = Decimal("0.0894875")
    for amount, meant in [
        (one.cost, exact),
        (pickle.loads(pickle.dumps(two)).receipt.usd, exact),
        (statement.left, 1 - 2 * exact),
        (statement.saved, 2 * exact),
        (statement.lines[0].usd, 2 * exact),
        (estimate("a").usd, exact),
        (gallery.cost, 0),
    ]:
        assert amount == meant
        assert pretty(amount) == dollars(Decimal(meant))
        assert pretty([amount]) == f"[{dollars(Decimal(meant))}]"


def test_half_of_a_tenth_of_a_cent_is_not_nothing():
    assert dollars(Decimal("0.0005")) == "<$0.001"


def test_a_budget_of_play_money_is_called_so_beside_real_bills():
    put(client().context.places("api")[0], ImageRequest("a banana"), "nbb-1")
    configure(budget=1)
    generate("a fox")
    statement = spending()
    assert not statement.is_play_money
    assert "of $1.00, $0.911 left (play money)" in statement._repr_html_()
    assert repr(statement).endswith("left of the budget                    $0.911 (play money)")


def test_the_doctor_sees_that_the_service_refuses_the_key(service, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", "another-key-0123456789")
    (said,) = [check for check in doctor().checks if not check.fine]
    assert said.what == "key"
    assert "does not accept it" in said.found
    assert "another-key" not in repr(doctor()) + doctor()._repr_html_()
    assert service.posts == []


def test_the_doctor_without_a_key_for_a_service_that_wants_one_says_so():
    configure(base_url="https://pictures.invalid")
    said = doctor().checks[0]
    assert not said.fine
    assert "no key is sent there unasked" in said.found
    configure(backend="library")
    assert doctor().checks[0].fine


def test_the_doctor_tells_play_money(service):
    text = repr(doctor())
    assert "costs about $0.089 play money" in text
    assert "$1,000.00 play money" in text


def test_where_all_was_free_the_amount_and_the_count_are_told_apart(service):
    with pytest.raises(errors.RefusalError):
        generate("a banana [trouble: refusal]")
    assert "today                                 $0, 1 free\n" in repr(spending())
