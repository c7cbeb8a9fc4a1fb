"""Whatever a service answers, to whatever is asked: an error of ours, one POST, and books that
say what came of it."""

import itertools
import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nb_banana
from nb_banana import errors
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.picture_store import Picture
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import tickets
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.servers import picture
from tests.support.spoiling import spoilt

SMALL = picture()
TROUBLES = [
    "",
    "",
    "",
    "base64",
    "two-pictures",
    "refusal",
    "400",
    "403",
    "cut-json",
    "504-gateway",
]


@pytest.fixture
def hasty(monkeypatch, brisk):
    """Nothing is waited for, and the picture is a small one."""
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(tickets, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(Picture, "paint", lambda self: SMALL)
    monkeypatch.setattr("nb_banana.sandbox.ledger.CALLS", 10**9)


def had(call, *values, **options):
    """What a call gives, or its error, which is one of ours; neither shows a key."""
    try:
        found = call(*values, **options)
    except (errors.BananaError, errors.Interrupted) as error:
        found = error
    shown = f"{found!r} {found}"
    for name in ("_repr_html_", "_repr_mimebundle_", "_render_traceback_"):
        if hasattr(found, name):
            shown += str(getattr(found, name)())
    assert KEY not in shown
    return found


def use(client, prompt):
    """Each thing that asks the service, one after the other; how it went with the picture."""
    had(client.estimate, prompt)
    made = had(client.generate, prompt)
    had(client.spending)
    had(client.doctor)
    had(client.recover)
    had(lambda: list(client.history()))
    had(client.recover)
    return made


def check(sandbox, client, made, prompt, before):
    """What is true of the one request that was asked for."""
    # One of the request before, which nobody waits for any more, may come as late as it does.
    posts = [each for each in sandbox.posts[before:] if json.dumps(prompt) in json.dumps(each.body)]
    assert len(posts) <= 1, [made, len(posts)]
    kind = client.context.known_kinds()[0]
    rows = client.context.places(kind)[0]._index.rows("SELECT * FROM requests")
    (row,) = [row for row in rows if row["prompt"] == prompt]
    if isinstance(made, errors.BananaError):
        assert row["error"] or row["state"] == "stored"
    else:
        assert row["state"] == "stored"
        assert made.path.read_bytes() == made.bytes
    json.dumps(dict(row))


@pytest.mark.parametrize("name", SPOKEN)
def test_whatever_a_service_says_is_an_answer_or_an_error_of_ours(name, tmp_path, hasty):
    numbers = itertools.count()
    with (
        Sandbox(KEY, service=name) as sandbox,
        nb_banana.Client(
            key=KEY, service=name, base_url=sandbox.url, library=tmp_path / "a", timeout=1
        ) as client,
    ):

        @settings(
            max_examples=rounds(2, 250), deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(
            seed=st.integers(0, 2**64),
            often=st.sampled_from([0.3, 0.6, 1.0]),
            trouble=st.sampled_from(TROUBLES),
        )
        def proves(seed, often, trouble):
            prompt = f"a banana {next(numbers)}" + (f" [trouble: {trouble}]" if trouble else "")
            before = len(sandbox.posts)
            with spoilt(sandbox, seed, often):
                made = use(client, prompt)
            with suppress(errors.BananaError):
                client.recover()
            check(sandbox, client, made, prompt, before)

        proves()
