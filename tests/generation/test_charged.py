"""After a request without an answer the log is asked: not charged, charged, or not known yet."""

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from itertools import product

import nbformat
import pytest

import nb_banana
from nb_banana import configure, errors
from nb_banana._default import client
from nb_banana.credentials import Secret
from nb_banana.generation import charges
from nb_banana.generation.options import OutputOptions
from nb_banana.request import ImageRequest
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from nb_banana.sandbox import Sandbox
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from tests.conftest import KEY
from tests.support.amount import some
from tests.support.kernels import NotebookRunner, make
from tests.support.moments import ctrl_c_when, until
from tests.support.shelf import picture as small
from tests.support.shells import ipython_shell
from tests.support.wire import LOGS, POST, as_json, hang_up, page, row, wire

ONE = Decimal("0.0894875")
CHARGED = r"says that it was charged: \$0.089. It was not sent again"
NOT_CHARGED = "says that it was not charged. Run it again"
NOT_KNOWN = r"not known yet, so it was not sent again. nb_banana.recover\(\) asks"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """The looks into the log follow each other at once."""
    monkeypatch.setattr(account, "PAUSES", (0.0, 0.1, 0.1, 0.1))


@pytest.fixture(params=["python", "magic"])
def draw(request, service):
    """Ask for a picture that does not come, through each door; the error."""
    if request.param == "python":

        def fail(prompt):
            with pytest.raises((errors.BananaError, errors.Interrupted)) as caught:
                nb_banana.generate(prompt)
            return caught.value

        yield fail
    else:
        with ipython_shell() as ip:
            yield lambda prompt: ip.run(f"%%banana\n{prompt}", fails=True)


def journal():
    """The only row of the journal."""
    (found,) = (
        client()
        .context.places(client().context.known_kinds()[0])[0]
        ._index.rows("SELECT * FROM requests")
    )
    return found


@pytest.mark.parametrize(
    ("trouble", "kind", "words", "state", "spent"),
    [
        ("drop-after", errors.ConnectionDroppedError, CHARGED, "unknown", ONE),
        ("drop-before", errors.ConnectionDroppedError, NOT_KNOWN, "unknown", 0),
        ("504-gateway", errors.GatewayError, CHARGED, "unknown", ONE),
        ("502-gateway", errors.GatewayError, NOT_CHARGED, "failed", 0),
        ("cut-json", errors.UnreadableAnswerError, CHARGED, "unknown", ONE),
        ("html", errors.UnreadableAnswerError, CHARGED, "unknown", ONE),
        ("slow 30", errors.AnswerTimeoutError, NOT_KNOWN, "unknown", 0),
    ],
)
def test_the_error_says_which_of_the_three_it_is(draw, service, trouble, kind, words, state, spent):
    if trouble == "slow 30":
        configure(timeout=0.3)
    error = draw(f"a banana [trouble: {trouble}]")
    assert type(error) is kind
    assert re.search(words, str(error)), str(error)
    until(lambda: service.posts)  # it may be read when nobody waits any more
    assert len(service.posts) == 1
    request_id = service.posts[0].headers["x-client-request-id"]
    found = journal()
    assert (found["id"], found["state"], found["pid"]) == (request_id, state, None)
    assert request_id in str(error)
    if spent:
        assert service.charges[0].ids.inference_id in str(error)
        assert error.facts["receipt"].sandbox
    statement = nb_banana.spending()
    session, *others = [line for line in statement.lines if not line.what.startswith("  ")]
    assert {line.usd for line in (session, *others)} == {Decimal(spent)}


def test_a_timeout_whose_work_ends_meanwhile_is_charged(draw, service, monkeypatch):
    monkeypatch.setattr(account, "PAUSES", (0.0, 0.5, 0.5, 0.5, 2.0, 4.0, 8.0))
    configure(timeout=0.3)
    assert CHARGED.partition(":")[0] in str(draw("a banana [trouble: slow 1]"))
    assert len(service.posts) == len(service.charges) == 1


def test_a_row_that_lags_is_waited_for(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY, log_lag=1000) as sandbox:
        ledger = sandbox.api.ledger
        look = ledger.log

        def log(*asked):
            seen = look(*asked)
            ledger._lag = 0.0  # it shows with the next look, whenever that is
            return seen

        monkeypatch.setattr(ledger, "log", log)
        configure(base_url=sandbox.url)
        with pytest.raises(errors.ConnectionDroppedError, match=CHARGED):
            nb_banana.generate("a banana [trouble: drop-after]")
        assert len([each for each in sandbox.received if each.path == LOGS]) == 2


def dropped(logs, **more):
    """A request whose connection drops, with this log: the error, and what the service saw."""
    with wire({POST: hang_up, LOGS: logs} | more) as service:
        configure(base_url=service.url)
        with pytest.raises(errors.UncertainError) as caught:
            nb_banana.generate("a banana")
        assert len(service.posts) == 1
        return str(caught.value), service.of(LOGS), service.posts[0].id


def test_a_row_that_comes_with_the_third_look_is_seen():
    def logs(request):
        looks.append(request)
        return page([row(service.posts[0].id)] if len(looks) == 3 else [])

    looks = []
    with wire({POST: hang_up, LOGS: logs}) as service:
        configure(base_url=service.url)
        with pytest.raises(errors.ConnectionDroppedError, match=CHARGED):
            nb_banana.generate("a banana")
    assert len(looks) == 3


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (500, b"{}", {}),
        (401, b"{}", {}),
        (429, b"{}", {}),
        (200, b"<html>", {}),
        (200, b"[" * 100_000, {}),
        as_json([]),
        as_json({"data": None}),
    ],
)
def test_a_log_that_cannot_be_read_means_not_known(answer):
    told, looks, _ = dropped(lambda request: answer)
    assert "not known yet" in told
    assert len(looks) == 4


def test_rows_of_other_requests_do_not_count():
    strange = [row("nbb-other"), row(None), {}, None, 5, row(["x"])]
    told, _, _ = dropped(lambda request: page(strange))
    assert "not known yet" in told


def test_the_log_is_read_page_by_page(service):
    mine = "nbb-mine"

    def logs(request):
        number = int(request.query["offset"]) // 100
        return page([row(mine)] if number == 3 else [row("nbb-other")] * 100, more=number < 3)

    with wire({LOGS: logs}) as service:
        charge = account.find_charge(Endpoint(service.url), mine, pauses=(0.0,))
    assert (charge.state, charge.usd, charge.inference_id) == ("charged", ONE, "inf-nbb-mine")
    assert [each.query["offset"] for each in service.seen] == ["0", "100", "200", "300"]


def test_a_log_too_long_to_be_read_to_its_end_says_nothing():
    with wire({LOGS: lambda request: page([row("nbb-other")] * 100, more=True)}) as service:
        charge = account.find_charge(Endpoint(service.url), "nbb-mine", pauses=(0.0,))
    assert charge.state == "unknown"


@pytest.mark.parametrize(
    ("rows", "state", "usd"),
    [
        ([row("a")], "charged", ONE),
        ([row("a", 0.1), row("a", 0, "failed")], "charged", Decimal("0.1")),
        ([row("a", 0.1), row("a", 0.2)], "charged", Decimal("0.3")),
        ([row("a", cost={"credits": 178_975})], "charged", ONE),
        ([row("a", cost={"usd": 0.1})], "charged", Decimal("0.1")),
        ([row("a", cost=None)], "charged", None),
        ([row("a", cost={"usd": "much"})], "charged", None),
        ([row("a", 0, "failed")], "not charged", 0),
        ([row("a", 0.1, "failed")], "charged", Decimal("0.1")),
    ],
)
def test_rows_of_any_shape_are_read_on_the_safe_side(rows, state, usd):
    with wire({LOGS: lambda request: page(rows)}) as service:
        charge = account.find_charge(Endpoint(service.url), "a", attempts=1, pauses=(0.0,))
    assert (charge.state, charge.usd) == (state, usd)


def test_the_row_of_a_first_attempt_says_nothing_of_the_second(service):
    # The first is answered with 500 and logged as failed; the second is sent, and nobody knows.
    failed = {"message": "Something wrong", "statusCode": 500, "requestId": "r"}
    answers = [as_json(failed, status=500), None]

    def logs(request):
        return page([row(ids[0], 0, "failed")])

    def post(request):
        ids.append(request.id)
        return answers.pop(0)

    ids = []
    with wire({POST: post, LOGS: logs}) as wired:
        configure(base_url=wired.url)
        with pytest.raises(errors.ConnectionDroppedError, match="not known yet"):
            nb_banana.generate("a banana")
    assert journal()["state"] == "unknown"


def refusal(status, words="It was not charged. Sorry"):
    body = {"message": words, "statusCode": status, "requestId": "r", "path": POST}
    return as_json(body, status=status)


def no_picture(data=None, **body):
    return as_json({"data": data, **body})


FREE_BILL = {"meta": {"usage": {"usd_spent": 0}}}
REFUSALS = [
    refusal(400),
    refusal(402),
    refusal(403),
    refusal(451),
    refusal(500),
    as_json({"error": {"message": "blocked"}}, status=400),
    no_picture(),
    no_picture(message="blocked", **FREE_BILL),
    no_picture([{"url": None}]),
    *((status, b"", {"Location": "/elsewhere"}) for status in (301, 302, 307, 308)),
]
"""Answers that have no picture and name no charge."""


def refused(answer, logs, looks=0):
    """What is said after this answer and this log, and how often the log was asked."""
    with wire({POST: lambda _: answer, LOGS: logs}) as service:
        configure(base_url=service.url)
        with pytest.raises((errors.ServiceError, errors.AnswerError)) as caught:
            nb_banana.generate("a banana")
        until(lambda: len(service.of(LOGS)) >= looks)  # the last may be read after our patience
        return caught.value, service.of(LOGS)


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_that_was_charged_all_the_same_is_said_and_booked(brisk, answer):
    error, looks = refused(answer, lambda _: page([row(journal()["id"])]))
    said = str(error.args[0])
    assert said.count("charged") - ("Sorry" in said) == 1
    assert "the service's log says that it was charged: $0.089: its support" in said
    assert (journal()["state"], journal()["usd"]) == ("failed", str(ONE))
    kind = client().context.known_kinds()[0]
    budget = client().context.budget
    assert (budget[kind].spent, budget.under_way(kind)) == (ONE, 0)
    assert {line.usd for line in nb_banana.spending().lines} == {ONE}
    assert Gallery([Failure(ImageRequest("a banana"), error)]).cost == ONE
    assert pickle.loads(pickle.dumps(error)).facts["charge"].state == "charged"
    assert len(looks) == 1


SILENT = [page([]), page([row("other")]), "row of $0", None, (500, b"", {}), (200, b"{", {})]


@pytest.mark.parametrize(
    ("answer", "log"),
    [*product(REFUSALS, SILENT), *product(some(REFUSALS, 4), ["slow"])],
)
def test_a_log_that_is_silent_changes_nothing_of_a_refusal(brisk, monkeypatch, answer, log):
    if log == "slow":
        monkeypatch.setattr(charges, "PATIENCE", 1.0)
    held = threading.Event()

    def logs(request):
        if log == "row of $0":
            return page([row(journal()["id"], 0)])
        return held.wait(100) and None if log == "slow" else log

    error, looks = refused(answer, logs, looks=1)
    held.set()
    assert "log" not in str(error.args[0])
    assert len(looks) == 1
    assert (journal()["state"], journal()["usd"]) in [("failed", None), ("failed", "0")]


def test_a_refusal_whose_price_was_not_said_is_free_where_the_log_says_so():
    error, _ = refused(no_picture(), lambda _: page([row(journal()["id"], 0, "failed")]))
    assert "The service's log says that it was not charged. Change the prompt" in str(error)
    assert client().context.budget.used(client().context.known_kinds()[0]) == 0
    assert journal()["usd"] == "0"


@pytest.mark.parametrize("status", [401, 404, 429])
def test_what_was_turned_away_at_the_door_is_not_looked_up(brisk, status):
    _, looks = refused(refusal(status), lambda _: page([row(journal()["id"])]))
    assert looks == []


def test_a_refusal_that_was_charged_is_not_sent_again_unasked(capsys):
    with wire({POST: lambda _: refusal(400)}) as service:
        service.answers[LOGS] = lambda _: page([row(each.id) for each in service.posts])
        configure(base_url=service.url)
        failed = nb_banana.generate_many(["a banana", "a pear"]).retry()
        assert "again=True" in str(failed[1].error)
        assert len(service.posts) == 2


def test_without_a_key_no_foreign_log_is_asked():
    charge = account.find_charge(Endpoint("https://no-such-host.invalid"), "nbb-1")
    assert charge.state == "unknown"


def test_the_log_gets_the_key_and_nobody_else_does(service):
    with pytest.raises(errors.ConnectionDroppedError):
        nb_banana.generate("a banana [trouble: drop-after]")
    (look,) = [each for each in service.received if each.path == LOGS]
    assert look.with_key
    assert look.query["period"] == ["24h"]


def test_an_interrupt_while_the_log_is_asked_is_an_interrupt(service, monkeypatch):
    # A loop that goes on after errors of ours must not go on after a Ctrl-C.
    monkeypatch.setattr(account, "PAUSES", (0.0, 30.0))
    with (
        ctrl_c_when(lambda: any(each.path == LOGS for each in service.received)),
        pytest.raises(errors.Interrupted, match=NOT_KNOWN),
    ):
        nb_banana.generate("a banana [trouble: drop-before]")
    assert journal()["state"] == "unknown"


WORKER = """
import sys, nb_banana
nb_banana.configure(base_url=sys.argv[1])
try:
    nb_banana.generate(sys.argv[2])
except nb_banana.errors.Interrupted as error:
    print(error)
again = nb_banana.recover()
print(again[0].outcome if again else "nothing left")
"""


def interrupted(service, prompt, moment):
    """What a process says that is interrupted when this has come true."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, service.url, prompt], stdout=subprocess.PIPE, text=True
    ) as process:
        until(moment)
        process.send_signal(signal.SIGINT)
        return process.communicate()[0].splitlines()


def test_ctrl_c_while_waiting_leaves_a_clean_state(service):
    error, left = interrupted(service, "a [trouble: slow 100]", lambda: service.posts)
    assert "not known yet" in error
    assert left.startswith("not known yet: the service's log has no row of it yet")
    assert (journal()["state"], len(service.posts)) == ("unknown", 1)


def test_ctrl_c_while_the_picture_is_fetched_leaves_its_link(monkeypatch):
    def picture(request):
        fetched.append(request)
        held.wait(100 if len(fetched) == 1 else 0)
        return 200, png, {}

    png, fetched, held = small(1)[0], [], threading.Event()
    body = {"data": [{"url": "/p.png"}], "meta": {"usage": {"usd_spent": 0.0894875}}}
    with wire({POST: lambda _: as_json(body), "/p.png": picture}) as service:
        error, left = interrupted(service, "a banana", lambda: fetched)
        held.set()
    assert "made and charged; nb_banana.recover() fetches it" in error
    assert left.startswith("fetched: ")
    assert len(service.posts) == 1


def test_ctrl_c_in_a_notebook_says_it_too(service):
    cells = [
        "%load_ext nb_banana",
        f"%config Banana.base_url = '{service.url}'",
        "%%banana x\na banana [trouble: slow 100]",
        "import nb_banana; nb_banana.recover()",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    client = NotebookRunner(notebook, timeout=60, allow_errors=True)

    def interrupt(cell, cell_index):
        if cell_index == 2:
            threading.Thread(target=send).start()

    def send():
        until(lambda: service.posts)
        client.km.provisioner.process.send_signal(signal.SIGINT)

    client.on_cell_execute = interrupt
    client.execute()
    (output,) = [each for each in notebook.cells[2].outputs if each["output_type"] == "error"]
    assert output["ename"] == "Interrupted"
    assert "not known yet" in output["traceback"][0]
    assert "still open" in notebook.cells[3].outputs[0]["data"]["text/plain"]
    assert len(service.posts) == 1


def test_a_payload_that_cannot_be_read_was_not_sent(service, tmp_path):
    first = nb_banana.generate("a pear", images=[small_file(tmp_path)])
    again = nb_banana.load(first.id).request
    for kept in (
        client().context.places(client().context.known_kinds()[0])[0].folder.glob("references/*")
    ):
        kept.unlink()
    with pytest.raises(errors.LibraryError):
        make(
            again,
            OutputOptions(fresh=True),
            service=Endpoint(service.url, Secret(KEY)),
        )
    assert len(service.posts) == 1
    assert not client().context.budget.under_way(client().context.known_kinds()[0])


def small_file(folder):
    path = folder / "small.png"
    path.write_bytes(small(1)[0])
    return path


def test_after_an_interrupt_the_connections_are_new():
    # One that was interrupted may hold a lock for ever: the look into the log would hang.
    def post(request):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)

    with wire({POST: post, LOGS: lambda request: page([])}) as service:
        configure(base_url=service.url)
        account.find_charge(client().context.service(service.url), "nbb-1", pauses=(0.0,))
        before = client().context.transport.for_url(service.url)
        with pytest.raises(errors.Interrupted, match=NOT_KNOWN):
            nb_banana.generate("a banana")
        assert client().context.transport.for_url(service.url) is not before
