"""The line of a cell that waits says how long such a picture usually takes, where that is known."""

import io
import sys
import threading

import pytest

import nb_banana
from nb_banana import configure
from nb_banana.display import progress
from nb_banana.services.aimlapi.service import METRICS
from tests.conftest import KEY
from tests.services.test_model_status import drawn
from tests.support.wire import MODEL, POST, as_json, wire


class Terminal(io.StringIO):
    """Tells when it has seen a text."""

    def __init__(self, wanted):
        super().__init__()
        self.wanted, self.seen = wanted, threading.Event()
        if not wanted:
            self.seen.set()

    def isatty(self):
        return True

    def write(self, text):
        if self.wanted in text:
            self.seen.set()
        return super().write(text)


@pytest.fixture
def waited(monkeypatch):
    """What a terminal has shown when it had said the text, or when the picture had come."""

    def wait(wanted, half, *, is_long=True, is_asked=False, **options):
        monkeypatch.setenv("AIMLAPI_KEY", KEY)
        monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
        monkeypatch.setattr(progress, "LONG_SECONDS", 0.0 if is_long else 3600.0)
        terminal = Terminal(wanted)
        monkeypatch.setattr(sys, "stderr", terminal)
        metrics = {"alias": MODEL, "metrics": {"duration_ms": {"p50": half}}}
        was_asked = threading.Event()

        def picture(request):
            assert terminal.seen.wait(60)
            assert was_asked.wait(60 if is_asked else 0) is is_asked
            return drawn(request)

        def usual(_):
            was_asked.set()
            return half and as_json({"models": [metrics]})

        answers = {POST: picture, METRICS: usual}
        with wire(answers) as service:
            configure(base_url=service.url)
            nb_banana.generate("a banana", **options)
        asked = service.of(METRICS)
        assert not any(KEY in str(each.headers) for each in asked)
        return terminal.getvalue(), len(asked)

    return wait


def test_what_is_usual_is_said_while_it_waits_and_taken_away(waited):
    said, asked = waited("s, usually 14 s", 13_800, is_asked=True)
    assert "s, usually 14 s" in said
    assert asked == 1
    assert "\x1b[K" in said.rpartition("usually")[2]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "1 s"), (13.8, "14 s"), (100.0, "100 s"), (101.0, "2 min"), (282.0, "5 min")],
)
def test_a_time_is_rounded_for_people(seconds, words):
    assert progress.usually(seconds) == f"usually {words}"


def test_where_nobody_knows_the_line_is_as_it_was(waited):
    said, asked = waited("is drawing … 1 s", None, is_asked=True)
    assert "usually" not in said
    assert asked == 1


@pytest.mark.parametrize("options", [{"is_long": False}, {"resolution": "4K"}])
def test_of_what_is_soon_there_or_much_larger_than_most_nobody_is_asked(waited, options):
    said, asked = waited("is drawing …", 13_800, **options)
    assert "usually" not in said
    assert asked == 0


def test_where_there_is_no_line_nobody_is_asked(waited):
    configure(quiet=True)
    said, asked = waited("", 13_800)
    assert (said, asked) == ("", 0)
