"""Kernels that are killed with -9 while they pay: each charge is a kept picture, or is named.

``NB_BANANA_KILLS=150 pytest tests/test_kill.py`` kills more often; ``NB_BANANA_SEED`` varies it.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest

from nb_banana import configure
from nb_banana._default import client
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.wire import LOGS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
KILLS = int(os.environ.get("NB_BANANA_KILLS", rounds(6, 40)))
SEED = int(os.environ.get("NB_BANANA_SEED", "4"))


def start(task, url, *rest):
    command = [sys.executable, "-m", "tests.support.kill_worker", task, url, *map(str, rest)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def recovered(url):
    """What a fresh process finds: (id, outcome, fetched, ended) for each."""
    said, _ = (worker := start("recover", url)).communicate()
    assert worker.returncode == 0
    return json.loads(said)


@pytest.fixture
def paid(monkeypatch):
    """A service that survives whoever is killed."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY, log_lag=0.1) as sandbox:
        # What the vendor limits is not what is looked at here.
        monkeypatch.setattr("nb_banana.sandbox.ledger.CALLS", 10**9)
        configure(base_url=sandbox.url)
        yield sandbox


def test_every_charge_is_a_kept_picture_or_is_named_by_recover(paid):
    moments = random.Random(SEED)
    reports, bytes_then = [], {}
    library = client().context.places(client().context.known_kinds()[0])[0]
    for life in range(0, KILLS, 2):  # two kernels share the folder
        workers = [start("generate", paid.url, f"{SEED}-{life + each}") for each in range(2)]
        for worker in workers:
            worker.stdout.readline()
        for worker in workers:
            live_and_die(worker, moments.uniform(0, 0.7))
        if moments.random() < 0.25:
            reports += recovered(paid.url)
        for path, data in bytes_then.items():  # nothing is overwritten
            assert path.read_bytes() == data
        bytes_then = {path: path.read_bytes() for path in library.folder.rglob("pictures/*/*")}
    reports += recovered(paid.url)
    check(paid, library, reports)


def live_and_die(worker, seconds):
    with worker:
        try:
            worker.wait(seconds)
        except subprocess.TimeoutExpired:
            worker.kill()


def check(paid, library, reports):
    said = library._index.rows("PRAGMA integrity_check")
    assert said == [{"integrity_check": "ok"}] or not paid.posts  # where all died before they sent
    stored = {each.request_id for each in library.history(limit=None)}
    assert all(each.read() for each in library.history(limit=None))
    named = {request_id for request_id, *_ in reports}
    charged = Counter(each.ids.client_request_id for each in paid.charges)
    rows = {row["id"]: row for row in library._index.rows("SELECT * FROM requests")}
    # An answer that came and has no picture in it was told, with its price, by its error.
    told = {
        name
        for name, row in rows.items()
        if "empty-item" in row["prompt"] and row["state"] == "failed" and row["usd"]
    }
    assert set(charged) <= stored | named | told, set(charged) - stored - named - told
    open_ = {name for name, row in rows.items() if row["state"] not in ("stored", "failed")}
    assert open_ <= named
    assert set(charged) <= {post.headers["x-client-request-id"] for post in paid.posts} <= set(rows)
    check_no_second_payment(paid, charged, rows)
    check_the_books(paid, library, open_)
    print(report(paid, stored, reports, open_))  # noqa: T201 - for whoever runs it by hand


def check_no_second_payment(paid, charged, rows):
    """One charge for each request, and only what the service itself refused is sent again."""
    assert set(charged.values()) <= {1}
    posts = Counter(post.headers["x-client-request-id"] for post in paid.posts)
    for request_id, count in posts.items():
        refused_once = "x1]" in rows[request_id]["prompt"]
        assert count == 1 or (refused_once and count == 2)
    # A prompt is asked for once in each life: nothing was paid for a second time.
    assert len({row["prompt"] for row in rows.values()}) == len(rows)


def check_the_books(paid, library, open_):
    """What the library says was spent is what the service charged, but for what is still open."""
    usd = {each.ids.client_request_id: Decimal(each.credits) / 2_000_000 for each in paid.charges}
    booked = {bill.request_id: bill.usd for bill in library.bills() if bill.usd}
    assert booked.items() <= usd.items()
    assert set(usd) - set(booked) <= open_


def report(paid, stored, reports, open_):
    outcomes = Counter(
        "fetched" if fetched else outcome.partition(":")[0].partition(" $")[0] if ended else "open"
        for _, outcome, fetched, ended in reports
    )
    looks = sum(each.path == LOGS for each in paid.received)
    return (
        f"\n{KILLS} kills: {len(paid.posts)} POSTs, {len(paid.charges)} charges, "
        f"{len(stored)} kept, {len(open_)} open, {looks} looks into the log; "
        f"recover: {dict(outcomes)}"
    )
