"""The ledger of the AI/ML API is asked where its log does not say the sum; what is not in it says
nothing."""

from contextlib import contextmanager
from decimal import Decimal

import pytest

import nb_banana
from nb_banana import configure, errors
from nb_banana.credentials import Secret
from nb_banana.sandbox import Sandbox
from nb_banana.services import account
from nb_banana.services.aimlapi.ledger import TRANSACTIONS
from nb_banana.services.endpoint import Endpoint
from tests.conftest import KEY
from tests.support.servers import posts, server
from tests.support.wire import LOGS, POST, as_json, page, row, wire

MINE = "inf-1"
ONE = Decimal("0.0894875")
HEADS = {"x-inference-id": MINE}


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """The looks follow each other at once."""
    monkeypatch.setattr(account, "PAUSES", (0.0, 0.0))


def entry(usd=0.0894875, reference=MINE, kind="MODEL_USAGE", direction="CHARGE", **changes):
    """A row of the ledger."""
    amount = {"usd": usd, "credits": round(float(usd or 0) * 2_000_000)}
    return {
        "created_at": "2026-11-26T12:00:00.000Z",
        "direction": direction,
        "type": kind,
        "amount": amount,
        "model": "google/nano-banana-2",
        "reference_id": reference,
    } | changes


def refund(usd, **changes):
    return entry(usd, kind="REFUND", direction="TOPUP", **changes)


def entries(*rows, cursor=None):
    """A page of the ledger."""
    return as_json({"data": list(rows), "pagination": {"next_cursor": cursor, "has_more": False}})


def found(ledger, log=None, **asked):
    """What is found of a request, and which questions the ledger was asked."""
    answers = {LOGS: lambda request: log, TRANSACTIONS: lambda request: ledger(request)}
    with wire(answers) as service:
        asked = {"inference_id": MINE, "pauses": (0.0,)} | asked
        return account.find_charge(Endpoint(service.url), "nbb-1", **asked), service.of(
            TRANSACTIONS
        )


@pytest.mark.parametrize(
    ("rows", "state", "usd"),
    [
        ([entry()], "charged", ONE),
        ([entry(reference="inf-other"), entry(0.1)], "charged", Decimal("0.1")),
        ([entry(amount={"credits": 178_975})], "charged", ONE),
        ([entry(amount={"usd": "0.0894875"})], "charged", ONE),
        ([entry(-0.0894875)], "charged", ONE),
        ([entry(amount=-0.0894875)], "charged", ONE),
        ([entry(amount=178_975)], "charged", None),  # of another unit
        ([entry(amount={"usd": "much"})], "charged", None),
        ([entry(amount=None)], "charged", None),
        ([entry(amount={"usd": True})], "charged", None),
        ([entry(direction=None)], "charged", ONE),
        ([entry(type="model_usage", direction="charge")], "charged", ONE),
        ([entry(0.1), entry(0.2)], "charged", Decimal("0.3")),
        ([refund(0.05), entry(0.1)], "charged", Decimal("0.05")),
        ([refund(0.1), entry(0.1)], "not charged", 0),
        ([entry(0)], "not charged", 0),
        ([refund(0.1, amount={}), entry(0.1)], "charged", None),
        # What is not there, or is no charge, says nothing.
        ([], "absent", None),
        ([refund(0.1)], "absent", None),
        ([entry(kind="BONUS", direction="TOPUP")], "absent", None),
        ([entry(kind="SURPRISE", direction=None)], "absent", None),
        ([entry(reference=None), {}, None, 5, "inf-1", [MINE]], "absent", None),
        ([entry(reference=[MINE]), entry(reference={"id": MINE})], "absent", None),
    ],
)
def test_rows_of_any_shape_are_read_on_the_safe_side(rows, state, usd):
    charge, _ = found(lambda request: entries(*rows), page([]))
    assert (charge.state, charge.usd) == (state, usd)
    assert charge.source == ("log" if state == "absent" else "ledger")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (500, b"{}", {}),
        (401, b"{}", {}),
        (403, b"{}", {}),
        (404, b"Not Found", {}),
        (200, b"<html>", {}),
        as_json([entry()]),
        as_json({"data": None}),
        as_json({"data": {"rows": [entry()]}}),
        as_json({"data": [], "pagination": 7}),
        as_json({"data": [], "pagination": {"next_cursor": 7, "has_more": True}}),
    ],
)
def test_a_ledger_that_cannot_be_read_says_nothing(answer):
    charge, _ = found(lambda request: answer, page([]))
    assert charge.state == "absent"
    charge, _ = found(lambda request: answer, (500, b"{}", {}))
    assert charge.state == "unknown"


@pytest.mark.parametrize(
    ("log", "is_asked"),
    [
        (page([]), True),  # it lags
        ((500, b"{}", {}), True),
        (page([row("nbb-1", cost=None)]), True),
        (page([row("nbb-1", cost={"usd": "much"})]), True),
        (page([row("nbb-1", 0, "failed")]), True),  # of an attempt before
        (page([row("nbb-1", 0.25)]), False),
    ],
)
def test_it_is_asked_where_the_log_does_not_say_the_sum(log, is_asked):
    charge, questions = found(lambda request: entries(entry()), log)
    assert bool(questions) is is_asked
    assert (charge.state, charge.usd) == ("charged", ONE if is_asked else Decimal("0.25"))


def test_it_is_asked_by_the_id_of_the_log_where_no_answer_began():
    log = page([row("nbb-1", cost=None)])
    charge, _ = found(lambda request: entries(entry(reference="inf-nbb-1")), log, inference_id=None)
    assert (charge.usd, charge.source) == (ONE, "ledger")


def test_nobody_asks_it_for_a_request_without_an_id():
    charge, questions = found(lambda request: entries(entry()), page([]), inference_id=None)
    assert (charge.state, questions) == ("absent", [])


def test_it_is_read_page_by_page_to_the_charge():
    def ledger(request):
        number = int(request.query.get("cursor", "p0")[1:])
        other = [entry(reference=f"inf-x{each}") for each in range(100)]
        rows = [*other, *([refund(0.05)] if number == 1 else [entry(0.1)] if number == 3 else [])]
        return entries(*rows, cursor=f"p{number + 1}")

    charge, questions = found(ledger, page([]))
    assert (charge.state, charge.usd) == ("charged", Decimal("0.05"))
    assert [each.query.get("cursor") for each in questions] == [None, "p1", "p2", "p3"]


def test_a_ledger_that_turns_in_a_circle_is_left():
    charge, questions = found(lambda request: entries(cursor="again"), page([]))
    assert (charge.state, len(questions)) == ("absent", 2)


def test_a_ledger_without_end_is_left():
    pages = iter(range(10**6))
    charge, questions = found(lambda request: entries(cursor=f"p{next(pages)}"), page([]))
    assert (charge.state, len(questions)) == ("absent", 10)


@contextmanager
def breaking(ledger, log=lambda: page([])):
    """A service whose answer begins to come, and ends before its body."""

    def answer(handler):
        if handler.command == "POST":
            handler.send_response(200)
            handler.send_header("x-inference-id", MINE)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.close_connection = True
            return
        status, body, heads = ledger() if handler.path.startswith(TRANSACTIONS) else log()
        handler.reply(status, body, **heads)

    with server(answer) as (url, seen):
        configure(base_url=url)
        yield seen


def test_an_answer_that_broke_off_is_found_in_the_ledger():
    with breaking(lambda: entries(entry())) as seen:
        with pytest.raises(
            errors.ConnectionDroppedError, match=r"ledger says .* \$0.089"
        ) as raised:
            nb_banana.generate("a banana")
        assert raised.value.facts["receipt"].usd == ONE
        assert MINE in str(raised.value)
        assert len(posts(seen)) == 1
    assert nb_banana.spending().lines[0].usd == ONE


def test_recover_asks_the_ledger_by_the_id_that_the_journal_has():
    rows = []
    with breaking(lambda: entries(*rows)) as seen:
        with pytest.raises(errors.ConnectionDroppedError, match="not known yet"):
            nb_banana.generate("a banana")
        (first,) = nb_banana.recover()
        assert not first.ended
        rows.append(entry())
        (case,) = nb_banana.recover()
        assert (case.usd, case.lost, len(posts(seen))) == (ONE, True, 1)
    assert not nb_banana.recover()
    assert nb_banana.spending().lines[1].usd == ONE


def test_what_the_ledger_says_was_given_back_is_not_charged():
    rows = []
    with breaking(lambda: entries(*rows)):
        with pytest.raises(errors.ConnectionDroppedError, match="not known yet"):
            nb_banana.generate("a banana")
        rows += [refund(0.1), entry(0.1)]
        (case,) = nb_banana.recover()
        assert (case.outcome, case.usd, case.ended) == ("not charged", None, True)
        with pytest.raises(errors.ConnectionDroppedError, match=r"ledger says .* not charged. Run"):
            nb_banana.generate("a banana")
        assert not nb_banana.recover()
    assert nb_banana.spending().lines[0].usd == 0


def test_a_sum_that_the_log_never_said_comes_with_recover():
    rows = []
    log = {}

    def logs():
        return page([row(log["id"], cost=None)]) if log else page([])

    with breaking(lambda: entries(*rows), logs) as seen:
        with pytest.raises(errors.ConnectionDroppedError):
            nb_banana.generate("a banana")
        log["id"] = posts(seen)[0].headers["x-client-request-id"]
        rows.append(entry())
        (case,) = nb_banana.recover()
        assert (case.usd, case.lost) == (ONE, True)


def test_the_ledger_of_the_sandbox_has_what_moved_its_balance(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY, log_lag=600) as sandbox:
        configure(base_url=sandbox.url)
        nb_banana.generate("a pear")
        with pytest.raises(errors.UnreadableAnswerError, match=r"ledger says .* \$0.089"):
            nb_banana.generate("a banana [trouble: cut-json]")
        get = account.asker(Endpoint(sandbox.url, Secret(KEY)))

        def asked(**query):
            return get(TRANSACTIONS, query)

        first = asked(limit=1).json
        assert [each["type"] for each in first["data"]] == ["MODEL_USAGE"]
        second = asked(limit=2, cursor=first["pagination"]["next_cursor"]).json
        assert [each["type"] for each in second["data"]] == ["MODEL_USAGE", "INIT"]
        assert second["pagination"] == {"next_cursor": None, "has_more": False}
        assert len(asked(direction="CHARGE").json["data"]) == len(sandbox.charges) == 2
        assert asked(type="REFUND").json["data"] == []
        assert asked(to="2020-01-01T00:00:00Z").json["data"] == []
        for wrong in ({"cursor": "p1"}, {"limit": 101}, {"type": "GIFT"}, {"from": "today"}):
            assert asked(**wrong).status == 400
        assert KEY not in str(second)


@pytest.mark.parametrize(("log", "is_asked"), [([row("nbb-1", cost=None)], True), ([], False)])
def test_after_a_refusal_it_is_asked_where_the_log_has_a_row_without_a_sum(log, is_asked):
    asked = []

    def ledger(request):
        asked.append(request)
        return entries(entry())

    def logs(request):
        mine = {"client_request_id": service.posts[0].id, "inference_id": MINE}
        return page([each | mine for each in log])

    refused = as_json({"data": []}, **HEADS)
    answers = {POST: lambda request: refused, LOGS: logs, TRANSACTIONS: ledger}
    with wire(answers) as service:
        configure(base_url=service.url)
        with pytest.raises(errors.RefusalError) as raised:
            nb_banana.generate("a banana")
    assert bool(asked) is is_asked
    assert ("ledger says that it was charged: $0.089" in str(raised.value)) is is_asked
    assert nb_banana.spending().lines[0].usd == (ONE if is_asked else 0)
