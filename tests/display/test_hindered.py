"""What is shown while somebody waits is hindered: the picture and the cell are as ever."""

import re
from types import SimpleNamespace

import pytest

from nb_banana.errors import BananaError
from nb_banana.results.pending import PendingValue
from tests.support.moments import HELD
from tests.support.shells import watched

START = f"""%load_ext nb_banana{HELD}
import nb_banana
from ipykernel.zmqshell import ZMQDisplayPublisher as Publisher
from nb_banana.display import batch_progress, progress
nb_banana.configure(backend="sandbox")
progress.FRAME_SECONDS = batch_progress.QUIET_SECONDS = batch_progress.BEAT = 0.1
publish, clear = Publisher.publish, Publisher.clear_output
def broken(*_, **options):
    raise RuntimeError("no display")"""
BREAK = "Publisher.publish = Publisher.clear_output = broken\n"
MEND = "\nPublisher.publish, Publisher.clear_output = publish, clear\n"
ONE = "nb_banana.generate('a {} [trouble: slow 1]', background=True)"
TWO = "nb_banana.generate('a hen [trouble: slow 1]', count=2, background=True)"
CELLS = {
    "begun": f"one = {ONE.format('fox')}\none",
    "begun, many": f"many = {TWO}\nmany",
    "captured": "%%capture kept\ngo.set()\none.wait(), many.wait()",
    "a batch": "%%capture kept\nnb_banana.generate('an elk [trouble: slow 1]', count=2)",
    "what it kept": "print([sorted(each.data) for each in kept.outputs])",
    "one": f"{BREAK}pic = nb_banana.generate('a cat [trouble: slow 1]')\npic{MEND}print(pic.size)",
    "two": f"{BREAK}two = nb_banana.generate('a dog [trouble: slow 1]', count=2){MEND}"
    "print(len(two.images))",
    "later": f"{BREAK}pic = {ONE.format('cow')}\npic._ipython_display_()\n"
    f"pic.wait(){MEND}print(pic.size)",
    "long": "go.clear()\nlong = nb_banana.generate('a $5 note and a $10 note\\n\\n' * 4000 + "
    "'[trouble: slow 1]', background=True)\ndisplay(long)\ngo.set()\nlong.wait() and None",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        notebook, sent = watched(START, *CELLS.values())
    ran = zip(notebook.cells[1:], sent[1:], strict=True)
    return {name: (cell.outputs, what) for name, (cell, what) in zip(CELLS, ran, strict=True)}


@pytest.mark.parametrize("name", ["begun", "begun, many"])
def test_what_comes_while_another_cell_is_captured_comes_into_its_own_place(runs, name):
    assert "image/jpeg" in runs[name][0][-1].data


def test_who_captures_a_batch_has_nothing_of_the_wait(runs):
    (said,) = runs["what it kept"][0]
    assert said.text == "[['text/plain'], ['image/jpeg', 'text/html', 'text/plain']]\n"


@pytest.mark.parametrize(
    ("name", "said"), [("one", "(1024, 1024)\n"), ("two", "2\n"), ("later", "(1024, 1024)\n")]
)
def test_a_display_that_is_broken_takes_neither_the_picture_nor_the_cell_along(runs, name, said):
    told = [(each.get("name"), each.get("text")) for each in runs[name][0] if not each.get("data")]
    assert [each for each in told if each != (None, None)] == [("stdout", said)]
    assert "error" not in [each.output_type for each in runs[name][0]]


def test_of_a_prompt_without_an_end_the_beginning_is_sent_each_second_in_one_line(runs):
    frames = [what["data"] for _, what in runs["long"][1] if "nbb-late" in str(what)]
    assert frames
    for frame in frames:
        assert len(frame["text/plain"]) < 400
        assert "\n" not in frame["text/plain"]
        assert re.search(r'<figure class="[^"]*\bmathjax_ignore tex2jax_ignore"', str(frame))


class BrokenPlace:
    """A place that fails when the value comes into it."""

    def end(self, result):
        raise RuntimeError("no display")


@pytest.mark.parametrize("outcome", [SimpleNamespace(size=(3, 2)), BananaError("refused")])
def test_nobody_waits_for_ever_because_a_place_is_broken(outcome):
    value = PendingValue(BrokenPlace(), stop=lambda: None)
    with pytest.raises(RuntimeError, match="no display"):
        value.end(outcome)
    if isinstance(outcome, BananaError):
        with pytest.raises(BananaError, match="refused"):
            value.wait(0)
    else:
        assert value.wait(0) is outcome
