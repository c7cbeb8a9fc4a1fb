"""Ctrl-C at any line, a full disk, a folder that goes away, an exit: what is paid is not lost."""

import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from subprocess import PIPE

import pytest

from nb_banana import configure
from nb_banana._default import client
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.moments import rest

MONEY = ("charged", "Nothing was sent", "in your library")
"""One of these is in each sentence about an interrupt on the way."""
ROUNDS = os.environ.get("NB_BANANA_INTERRUPTS", rounds(40, 120))
SEED = os.environ.get("NB_BANANA_SEED", "4")


@pytest.fixture
def paid(monkeypatch):
    """A service that asks for the key, and whose log is not limited."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with Sandbox(KEY) as sandbox:
        monkeypatch.setattr("nb_banana.sandbox.ledger.CALLS", 10**9)
        configure(base_url=sandbox.url)
        yield sandbox


def run(paid, module, *arguments):
    """What another process says."""
    command = [sys.executable, *module.split(), *map(str, arguments)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout.readline() == "interrupted\n"
        rest(paid)  # else the last ones are charged when nobody asks any more
        said, wrong = process.communicate("go on\n")
    assert process.returncode == 0, wrong
    assert not wrong
    return said


def test_ctrl_c_at_any_line_loses_no_picture_and_no_bill(paid):
    seen = json.loads(run(paid, "-m tests.support.interrupt_worker", paid.url, SEED, ROUNDS))
    library = client().context.places(client().context.known_kinds()[0])[0]
    rows = {row["id"]: row for row in library._index.rows("SELECT * FROM requests")}
    charges = {each.ids.client_request_id: each.credits for each in paid.charges}
    posts = Counter(post.headers["x-client-request-id"] for post in paid.posts)
    named = {request_id for request_id, *_ in seen["found"]}
    stored = {name for name, row in rows.items() if row["state"] == "stored"}
    told = {name for name in rows if "empty-item" in rows[name]["prompt"]}
    # The row is written before the request is sent; each was sent and charged at most once.
    assert set(charges) <= set(posts) <= set(rows)
    assert set(posts.values()) == {1}
    assert len(charges) == len(paid.charges)
    # Each charge is kept, or named; and it is in the books of the library and of the session.
    assert set(charges) <= stored | named | told
    usd = {name: Decimal(spent) / 2_000_000 for name, spent in charges.items()}
    assert {bill.request_id: bill.usd for bill in library.bills() if bill.usd} == usd
    assert Decimal(seen["spent"]) == sum(usd.values())
    # Whatever stays open was sent and is not in the log; nothing is left a second time.
    still = {request_id for request_id, _, ended in seen["found"] if not ended}
    assert not still & set(charges)
    assert set(seen["held"]) <= still
    assert seen["again"] == 0
    check_words(seen["told"])


def check_words(told):
    """An interrupt on the way is said with what it means for the money."""
    bare = [each for each in told if each.startswith("KeyboardInterrupt")]
    # Before and after it there is nothing to say: no money moves there.
    assert len(bare) < len(told) / 2
    for each in told:
        if each.startswith("Interrupted"):
            assert any(word in each for word in MONEY), each
