"""Whatever is done in whatever order, by kernels that die at whatever step: the books are right.

Each charge is a kept picture, or is fetched or named by `recover`; nothing is paid twice unasked.
"""

import itertools
import json
import os
import socket
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import nb_banana
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import Strike, read_strike
from nb_banana.services import tickets
from tests.conftest import KEY
from tests.support import moments, mortal
from tests.support.amount import rounds

pytestmark = pytest.mark.skipif(os.name != "posix", reason="fork and kill -9 are POSIX")

WEATHER = [
    *("", "", "", "429", "500", "503", "502-gateway", "504-gateway", "drop-before", "drop-after"),
    *("html", "cut-json", "empty-item", "refusal", "base64", "two-pictures", "422", "slow 0.4"),
    *("link-404", "cut-picture", "half-picture", "not-a-picture"),
]
QUEUE = ["queue-stays", "queue-works", "queue-failed", "queue-error", "queue-gone", "queue-503"]
DEATHS = st.one_of(st.none(), st.integers(1, 260))
ROOM = st.sampled_from([None, None, None, None, 10_000, 60_000])
PROMPTS = st.integers(0, 2).map("a banana {}".format)
PATIENCE = {"timeout": 0.2}


class Books(RuleBasedStateMachine):
    """Kernels one after the other and beside each other, on one library and one service."""

    service = "aimlapi"
    folders = iter(())

    @initialize()
    def open(self):
        self.place = socket.socket()  # nobody else gets its port while it is down
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        port = self.place.getsockname()[1]
        self.sandbox = Sandbox(KEY, service=self.service, port=port).start()
        self.url, self.folder = self.sandbox.url, next(self.folders)
        self.is_up = True

    def kernel(self, **more):
        where = {"service": self.service, "base_url": self.url, "library": self.folder}
        return nb_banana.Client(key=KEY, **where | PATIENCE | more)

    def do(self, work, death=None, room=None, **more):
        """Something that a kernel does, in a process of its own where it may die of it."""

        def alone():
            with self.kernel(**more) as kernel:
                work(kernel)

        if death is None and room is None:
            with mortal.only_ours():
                alone()
        else:
            mortal.live(alone, death, room=room)
        self.rest()

    def rest(self):
        """What is on its way is answered, or has nobody to be answered to any more."""
        if self.is_up:
            moments.rest(self.sandbox)

    @property
    def libraries(self):
        """The library, and what stands in for it while it can't come home."""
        with self.kernel() as kernel:
            return kernel.context.libraries(kernel.context.known_kinds()[0])

    @property
    def rows(self):
        found = [each._index.rows("SELECT * FROM requests") for each in self.libraries]
        return {row["id"]: row for rows in reversed(found) for row in rows}

    # What happens

    @rule(name=st.sampled_from(WEATHER), queued=st.sampled_from(QUEUE), is_queued=st.booleans())
    def weather_changes(self, name, queued, is_queued):
        name = queued if is_queued and self.service == "fal" else name
        strike = read_strike(name, self.service) if name else Strike()
        self.sandbox.api._troubles._always = strike

    @rule()
    def service_goes_down_or_comes_back(self):
        (self.sandbox.stop if self.is_up else self.sandbox.start)()
        self.is_up = not self.is_up

    @rule()
    def links_die(self):
        self.sandbox.api._pictures._pictures.clear()

    @rule(prompt=PROMPTS, death=DEATHS, room=ROOM)
    def draws(self, prompt, death, room):
        before, paid = self.rows, len(self.sandbox.posts)
        self.do(lambda kernel: kernel.generate(prompt), death, room)
        same = {row["state"] for row in before.values() if row["prompt"] == prompt}
        if same & {"stored", "answered"}:
            assert len(self.sandbox.posts) == paid, same

    @rule(prompt=PROMPTS, death=DEATHS)
    def draws_a_fresh_one(self, prompt, death):
        self.do(lambda kernel: kernel.generate(prompt, fresh=True), death)

    @rule(prompt=PROMPTS, death=DEATHS)
    def edits_the_last(self, prompt, death):
        def edit(kernel):
            for image in list(kernel.history(limit=1)):
                kernel.edit(image, prompt)

        self.do(edit, death)

    @rule(prompts=st.lists(PROMPTS, min_size=2, max_size=4), death=DEATHS, again=st.booleans())
    def draws_many(self, prompts, death, again):
        def draw(kernel):
            gallery = kernel.generate_many(prompts)
            if gallery.failures and again:
                kernel.retry(gallery)

        self.do(draw, death)

    @rule(prompt=PROMPTS, deaths=st.tuples(DEATHS, DEATHS))
    def two_draw_the_same(self, prompt, deaths):
        def draw():
            with self.kernel() as kernel:
                kernel.generate(prompt)

        children = [mortal.begin(draw, each) for each in deaths]
        assert [mortal.end(each) for each in children].count(False) <= 2
        self.rest()

    @rule(prompt=PROMPTS)
    def draws_with_no_budget_left(self, prompt):
        paid = len(self.sandbox.posts)
        self.do(lambda kernel: kernel.generate(prompt, fresh=True), budget=0.000001)
        assert len(self.sandbox.posts) == paid

    @rule(death=DEATHS)
    def forgets(self, death):
        def forget(kernel):
            kernel.forget(*list(kernel.history(limit=1)), ask=False)

        self.do(forget, death)

    @rule(death=DEATHS, room=ROOM)
    def recovers(self, death, room):
        self.do(lambda kernel: kernel.recover(), death, room)

    @rule()
    def recovers_twice(self):
        self.recover_twice()

    def recover_twice(self):
        with self.kernel() as kernel:
            first, second = kernel.recover(), kernel.recover()
        assert all(each.outcome for each in [*first, *second])
        assert not second.images
        assert {each.request_id for each in second} == {
            each.request_id for each in first if not each.ended
        }
        self.rest()
        return second

    # What is always true

    @invariant()
    def library_is_whole(self):
        for library in self.libraries:
            rows = {each["id"]: each for each in library._index.rows("SELECT * FROM requests")}
            kept = library.history(limit=None)
            assert all(each.read() for each in kept)
            inside = {each.stem[:36] for each in library.folder.glob("answers/*")}
            assert not inside & _in(rows, "stored", "forgotten")
            assert {each.request_id for each in kept} == _in(rows, "stored")
            left = {each.request_id for each in library.unfinished()}
            assert left == set(rows) - _in(rows, "stored", "failed", "forgotten")
            said = library._index.rows("PRAGMA integrity_check")
            assert not rows or said == [{"integrity_check": "ok"}]

    @invariant()
    def nothing_was_sent_unwritten(self):
        if self.service == "aimlapi":
            sent = {post.headers["x-client-request-id"] for post in self.sandbox.posts}
            assert sent <= set(self.rows)
        else:  # which is told no id of ours
            assert len(self.sandbox.api._jobs) <= len(self.rows)

    @invariant()
    def every_charge_is_said(self):
        rows, charges = self.rows, self.sandbox.charges
        of = {row["inference_id"]: row for row in rows.values() if row["inference_id"]}
        of |= {_ticket(row): row for row in rows.values() if row["ticket"]} | rows
        lost = Counter()
        for charge in charges:
            ids = charge.ids
            row = of.get(ids.client_request_id) or of.get(ids.request_id)
            if row is None:  # the answer with its id never came
                lost["charge"] += 1
                continue
            is_said = row["usd"] or "charged was not said" in (row["error"] or "")
            assert row["state"] != "failed" or is_said, dict(row)
        assert lost["charge"] <= sum(not row["inference_id"] for row in rows.values())
        assert len({(c.ids.client_request_id, c.ids.request_id) for c in charges}) == len(charges)
        if self.service == "aimlapi":
            assert not lost
            ids = Counter(charge.ids.client_request_id for charge in charges)
            assert set(ids.values()) <= {1}

    @invariant()
    def bills_are_what_was_charged(self):
        if self.service != "aimlapi":
            return
        charged = {
            each.ids.client_request_id: Decimal(each.credits) / 2_000_000
            for each in self.sandbox.charges
        }
        booked = {
            bill.request_id: bill.usd
            for each in self.libraries
            for bill in each.bills()
            if bill.usd
        }
        assert booked.items() <= charged.items()
        ended = _in(self.rows, "stored", "failed", "forgotten", "answered")
        assert charged.keys() & ended <= booked.keys()

    def teardown(self):
        if not hasattr(self, "sandbox"):
            return
        try:
            self.sandbox.start()
            self.is_up = True
            self.sandbox.api._troubles._always = Strike()
            for row in self.recover_twice():
                assert self.rows[row.request_id]["state"] != "answered" or row.outcome
        finally:
            self.sandbox.stop()
            self.place.close()


def _in(rows, *states):
    return {name for name, row in rows.items() if row["state"] in states}


def _ticket(row):
    return json.loads(row["ticket"])["handle"].get("status_url", "").split("/")[-2:][0]


@pytest.mark.parametrize("service", ["aimlapi", "fal"])
def test_the_books_are_right_after_any_steps(service, tmp_path, monkeypatch, brisk):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr("nb_banana.sandbox.ledger.CALLS", 10**9)
    places = (str(tmp_path / str(number)) for number in itertools.count())
    machine = type("Machine", (Books,), {"service": service, "folders": places})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=rounds(2, 60),
            stateful_step_count=rounds(8, 25),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
