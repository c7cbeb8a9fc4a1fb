"""The sandbox plays models that go away, and says how long its pictures took."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import requests

from nb_banana.models import MODELS
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.lifecycle import PREVIEW

TODAY = datetime(2026, 11, 26, 8, tzinfo=UTC)
SANDBOX = [sys.executable, "-m", "nb_banana.sandbox"]
NEWEST = "google/gemini-nano-banana-2.1"


def started(**retired):
    return Sandbox(retired=retired["retired"], clock=lambda: TODAY)


def get(sandbox, path, **options):
    return requests.get(sandbox.url + path, timeout=30, **options)


def feed(sandbox, **options):
    return get(sandbox, "/v1/models/deprecations", **options)


def draw(sandbox, model, **fields):
    body = {"model": model, "prompt": "a banana", **fields}
    return requests.post(f"{sandbox.url}/v1/images/generations", json=body, timeout=30)


def test_one_name_of_long_ago_is_withdrawn_and_no_model_of_today():
    with Sandbox() as sandbox:
        answer = feed(sandbox).json()
        assert answer["data"] == [PREVIEW]
        assert set(answer) == {"object", "generated_at", "data"}
        assert not {PREVIEW["id"]} & {name for model in MODELS for name in model.ids}
        assert draw(sandbox, PREVIEW["id"]).status_code == 404


def test_a_name_and_a_status_are_enough_for_a_row():
    with started(retired={"2": "deprecated", "lite": "superseded", "2.1": "withdrawn"}) as sandbox:
        _, two, lite, newest = feed(sandbox).json()["data"]
    assert two == {
        "id": "google/nano-banana-2",
        "aliases": ["google/gemini-3-1-flash-image-preview"],
        "status": "deprecated",
        "deprecated_at": "2026-11-26",
        "shutdown_at": "2026-12-26",
        "replaced_by": NEWEST,
        "reason": "model_retired",
    }
    assert (lite["status"], lite["shutdown_at"]) == ("superseded", None)
    assert (newest["shutdown_at"], newest["replaced_by"]) == ("2026-11-26", None)


def test_each_field_of_a_row_can_be_given():
    given = {"status": "withdrawn", "shutdown_at": "2026-01-02", "replaced_by": "acme/new"}
    with started(retired={"acme/old": given}) as sandbox:
        assert given.items() <= feed(sandbox).json()["data"][1].items()


@pytest.mark.parametrize("said", ["gone", {}, {"status": "withdrawn", "why": "?"}, {"reason": "a"}])
def test_a_status_or_a_field_that_there_is_not_names_those_that_there_are(said):
    with pytest.raises(ValueError, match="deprecated, superseded, withdrawn, and besides depr"):
        Sandbox(retired={"2": said})


def test_what_was_seen_already_is_not_sent_again_though_the_time_goes_on():
    moments = [TODAY + timedelta(hours=number) for number in range(9)]
    with Sandbox(clock=lambda: moments.pop(0)) as sandbox:
        first = feed(sandbox)
        assert first.headers["ETag"].startswith('W/"')
        again = feed(sandbox, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == "public, max-age=300"
        assert feed(sandbox).json()["generated_at"] != first.json()["generated_at"]


@pytest.mark.parametrize(
    ("asked", "count"), [("withdrawn", 2), ("superseded", 1), ("deprecated", 0), ("?", 3)]
)
def test_the_list_is_narrowed_by_a_status_that_there_is(asked, count):
    with started(retired={"pro": "withdrawn", "lite": "superseded"}) as sandbox:
        assert len(feed(sandbox, params={"status": asked}).json()["data"]) == count


@pytest.mark.parametrize(
    ("status", "drawn", "listed", "found"),
    [
        ("deprecated", 200, False, 200),
        ({"status": "deprecated", "shutdown_at": None}, 200, True, 200),
        ("superseded", 200, True, 200),
        ("withdrawn", 404, False, 404),
    ],
)
def test_a_model_is_drawn_listed_and_found_by_its_status(status, drawn, listed, found):
    with started(retired={"pro": status}) as sandbox:
        for name in ("google/nano-banana-pro", "google/gemini-3-pro-image-preview"):
            assert draw(sandbox, name).status_code == drawn
            one = get(sandbox, f"/model/{name}", params={"include": "pricing"})
            assert (one.status_code, "pricing" in one.json()) == (found, found == 200)
            rows = get(sandbox, "/v1/models", params={"id": name}).json()["data"]
            assert bool(rows) is listed
        assert draw(sandbox, "google/nano-banana-2").status_code == 200
        assert bool(sandbox.charges)


def test_a_withdrawn_model_is_not_found_whatever_is_wrong_besides_and_costs_nothing():
    with started(retired={"2": "withdrawn"}) as sandbox:
        answer = draw(sandbox, "google/nano-banana-2", aspect_ratio="3:17")
        assert answer.status_code == 404
        assert "Model not found" in answer.json()["message"]
        assert sandbox.charges == sandbox.api.ledger.rows == []


def test_the_metrics_are_those_of_what_was_drawn_in_the_last_minutes():
    moments = [TODAY]
    with Sandbox(delay=0.02, clock=lambda: moments[0]) as sandbox:
        assert get(sandbox, "/models/metrics").json()["models"] == []
        for slow in ("slow 0", "slow 0", "slow 0.2"):
            draw(sandbox, "google/gemini-3-1-flash-image-preview", prompt=f"[trouble: {slow}]")
        draw(sandbox, "google/nano-banana-pro", prompt="a [trouble: refusal]")
        answer = get(sandbox, "/models/metrics", params={"aliases": "google/nano-banana-2"}).json()
        assert answer["window_seconds"] == 300
        (row,) = answer["models"]
        assert (row["alias"], row["endpoint"]) == ("google/nano-banana-2", "/v1/images/generations")
        assert row["metrics"]["duration_ms"] == {"p50": 20, "p75": 220, "p90": 220, "p99": 220}
        assert get(sandbox, "/models/metrics").json()["models"] == [row]
        asked = {"aliases": "google/nano-banana-2,google/nano-banana-pro"}
        assert get(sandbox, "/models/metrics", params=asked).json()["models"] == []
        assert get(sandbox, "/models/metrics", params={"limit": 3}).status_code == 400
        moments[0] += timedelta(seconds=301)
        assert get(sandbox, "/models/metrics").json()["models"] == []


def test_a_teacher_retires_a_model_from_the_shell():
    command = [*SANDBOX, "--retire", "2", "--retire", "pro=superseded"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[2]
            rows = requests.get(f"{url}/v1/models/deprecations", timeout=30).json()["data"][1:]
        finally:
            process.terminate()
    assert [(row["id"], row["status"]) for row in rows] == [
        ("google/nano-banana-2", "withdrawn"),
        ("google/nano-banana-pro", "superseded"),
    ]


def test_a_status_that_there_is_not_is_said_by_the_shell():
    command = [*SANDBOX, "--retire", "2=gone"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "deprecated, superseded, withdrawn" in done.stderr
