"""While a batch is drawn its pictures come one by one, and words say how far it is."""

import re
from decimal import Decimal

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from nb_banana.display.batch_progress import Tally
from tests.support.kernels import NotebookRunner
from tests.support.moments import HELD

SOON = f"""%load_ext nb_banana{HELD}
import os, signal, time, nb_banana
from nb_banana import _threads
from nb_banana.batch.runner import BatchRunner
from nb_banana.display import batch_progress
from nb_banana.results.gallery_tiles import FillingTiles
batch_progress.QUIET_SECONDS = batch_progress.BEAT = 0.1
nb_banana.configure(concurrency=1)
def prompts():
    yield "a cat [trouble: slow 0.5]"
    yield "an owl [trouble: slow 0.5]"
one = threading.RLock()
def _put(bar, place, put=batch_progress.BatchProgress._put):
    with one:
        return put(bar, place)
def _take(runner, future, take=BatchRunner._take):
    bar = runner.bar
    if _threads.HAS_THREADS:
        bar.tick()
        while bar._ticker and bar._shown < bar._tally.done:
            time.sleep(0.01)
    with one:
        take(runner, future)
batch_progress.BatchProgress._put, BatchRunner._take = _put, _take
"""
"""Batches of which each step is shown, however slow the machine is: none is taken before."""
LINE = "3 pictures, about $0.27 play money"
THREE = "%%banana -n 3\na fox [trouble: slow 0.5]"


def watched(*cells, dies=False, **options):
    """The cells, executed by a kernel, and what each sent to be shown, in its order.

    It may die as soon as there is something to be seen of a batch.
    """
    cells = [nbformat.v4.new_code_cell(each) for each in (SOON, *cells)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookRunner(notebook, timeout=60, **options)
    sent = [[] for _ in cells]
    process = client.process_message

    def look(message, cell, index):
        if "data" in message["content"]:
            sent[index].append(message["content"]["data"])
        processed = process(message, cell, index)
        if dies and "nbb-bar" in str(sent[index]):
            client.km.provisioner.process.kill()
        return processed

    client.process_message = look
    try:
        client.execute()
    except DeadKernelError:
        sent.append("it died")
    return notebook.cells[1:], sent[1:]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What was shown of batches of all kinds, and what stayed of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        cells = {
            "cell": THREE,
            "from the library": THREE,
            "list": "nb_banana.generate_many(['a dog [trouble: refusal]',"
            " *['a pear [trouble: slow 0.5]'] * 2, 'a cup [trouble: slow 0.5]'])",
            "iterator": "many = nb_banana.generate_many(prompts())",
            "goes on": "batch_progress.LINGER = 0.1\n"
            "many = nb_banana.sweep('a {{x}} [trouble: slow 0.3]', x=['cow', 'hen'])\n"
            "for each in threading.enumerate():\n"
            "    if each.name == _threads.NAME:\n        each.join()\n"
            "print('it goes on')",
            "quiet": "many = nb_banana.sweep('a {{x}} [trouble: slow 0.3]', x=['mug', 'can'],"
            " quiet=True)",
            "stable": "nb_banana.configure(caption='stable')\n"
            "nb_banana.sweep('a {{x}} [trouble: slow 0.3]', x=['jug', 'pot'])",
            "background": "nb_banana.configure(caption='full')\n"
            "later = nb_banana.generate('a bee [trouble: slow 0.5]', count=3, background=True)\n"
            "later",
            "waited": "go.set()\n_ = later.wait()",
            "interrupted": "def stop(bar, place):\n"
            "    batch_progress.BatchProgress._put = _put\n"
            "    try:\n        return _put(bar, place)\n"
            "    finally:\n        os.kill(os.getpid(), signal.SIGINT)\n"
            "batch_progress.BatchProgress._put = stop\n"
            "nb_banana.generate('a bat [trouble: slow 0.6]', count=4)",
            "broken": "kept, FillingTiles.html = FillingTiles.html, None\n"
            "many = nb_banana.sweep('a {{x}} [trouble: slow 0.3]', x=['ant', 'emu'])\n"
            "FillingTiles.html = kept\nprint(len(many.images))",
            "no threads": "_threads.HAS_THREADS = False\n"
            "nb_banana.sweep('a {{x}} [trouble: slow 0.3]', x=['gnu', 'elk', 'yak'])",
        }
        ran = zip(*watched(*cells.values(), allow_errors=True), strict=True)
        return dict(zip(cells, ran, strict=True))


def pages(sent):
    """The HTML that was sent, but for the last one of them, the gallery's."""
    return [each["text/html"] for each in sent if "text/html" in each][:-1]


def words(page):
    return re.search(r'class="nbb-now" data-now="([^"]*)"', page)[1]


def test_each_picture_comes_into_its_place_and_the_words_say_how_far_it_is(runs):
    shown = pages(runs["cell"][1])
    assert [page.count("<figcaption><b>take ") for page in shown] == [3] * len(shown)
    came = [page.count("<img") for page in shown]
    assert came == sorted(came)
    assert came[0] == 0 < came[-1]
    for page, count in zip(shown, came, strict=True):
        assert words(page).startswith(f"{count} of {LINE}")
        assert f'value="{count}" max="3" aria-label="{count} of 3 pictures"' in page
    assert re.search(r"money · \$0\.\d+ so far · \d+ s", words(shown[-1]))


def test_a_saved_notebook_has_the_price_and_the_gallery_and_no_more(runs):
    for name in ("cell", "from the library"):
        price, gallery = runs[name][0].outputs
        said = LINE if name == "cell" else "3 pictures, all from your library, $0"
        assert price == nbformat.v4.new_output("display_data", {"text/plain": said})
        assert set(gallery.data) == {"text/html", "image/jpeg", "text/plain"}


def test_the_gallery_is_there_before_the_tiles_go(runs):
    gallery, line = runs["cell"][1][-2:]
    assert "image/jpeg" in gallery
    assert line == {"text/plain": LINE}


def test_from_the_library_and_where_nobody_asks_nothing_is_shown_before(runs):
    assert pages(runs["from the library"][1]) == []
    assert [each for each in runs["quiet"][1] if each] == []


def test_where_outputs_are_compared_there_is_only_the_price(runs):
    sent = runs["stable"][1]
    assert [each["text/plain"] for each in sent[:-1]] == [
        *("2 pictures", "2 pictures, about $0.18 play money", "2 pictures")
    ]
    assert pages(sent) == []


def test_what_failed_is_counted_and_equal_ones_are_paid_once(runs):
    told = words(pages(runs["list"][1])[-1])
    whole = r"[1-4] of 4 pictures, 1 equal to another of them, about \$0\.27 play money"
    assert "<b>No picture.</b> The model made no picture" in pages(runs["list"][1])[-1]
    assert re.match(rf"{whole} · 1 failed · \$0(\.\d+)? so far · \d+ s", told)


def test_of_an_iterator_nobody_knows_how_many_there_will_be(runs):
    cell, sent = runs["iterator"]
    shown = pages([*sent, {"text/html": ""}])
    assert words(shown[0]).startswith("0 pictures so far · $0 · ")
    assert re.match(r"(1 picture|2 pictures) so far · \$0\.\d+ play money · ", words(shown[-1]))
    assert "<progress aria-label" in shown[0]
    assert not any(each.data for each in cell.outputs)


def test_where_the_cell_goes_on_the_pictures_do_not_stay(runs):
    cell, sent = runs["goes on"]
    shown = pages([*sent, {"text/html": ""}])
    line, printed, *_ = cell.outputs
    assert line.data == {"text/plain": "2 pictures, about $0.18 play money"}
    assert words(shown[-1]).startswith("2 of 2 pictures")
    assert printed.text == "it goes on\n"


def test_in_the_background_the_pictures_come_into_the_place_of_the_gallery(runs):
    sent = [*runs["background"][1], *runs["waited"][1]]
    tiles = [each["text/html"] for each in sent if "nb-banana-pending" in str(each)]
    tiles = [each for each in tiles if "nbb-tile" in each]
    assert [each.count("<figcaption><b>take ") for each in tiles] == [3] * len(tiles)
    assert any(0 < each.count("<img") < 3 for each in tiles)
    bars = [words(each["text/html"]) for each in sent if 'nbb-bar">' in str(each)]
    assert re.match(r"[1-3] of 3 pictures, about \$0\.27 play money · ", bars[-1])
    line, gallery = runs["background"][0].outputs
    assert line.data == {"text/plain": LINE}
    assert set(gallery.data) == {"text/html", "image/jpeg", "text/plain"}


def test_an_interrupt_leaves_the_price_and_its_sentence(runs):
    cell, sent = runs["interrupted"]
    assert pages([*sent, {"text/html": ""}])
    line, *others = cell.outputs
    assert line.data == {"text/plain": "4 pictures, about $0.36 play money"}
    assert [each.ename for each in others if each.output_type == "error"] == ["Interrupted"]


def test_where_the_pictures_can_not_be_shown_the_words_go_on_and_the_batch_too(runs):
    cell, sent = runs["broken"]
    shown = [each["text/html"] for each in sent if "text/html" in each]
    assert re.match(r"[12] of 2 pictures, about \$0\.18 play money", words(shown[-1]))
    assert cell.outputs[1].text == "2\n"


def test_where_no_thread_can_start_each_is_shown_as_it_comes(runs):
    cell, sent = runs["no threads"]
    assert [page.count("<img") for page in pages(sent)] == [1, 2, 3]
    assert len(cell.outputs) == 2


def test_what_a_kernel_that_dies_leaves_says_what_to_do():
    (cell,), sent = watched("nb_banana.generate('a fox [trouble: slow 1]', count=9)", dies=True)
    assert sent[-1] == "it died"
    (left,) = (each.data for each in cell.outputs)
    sentence = (
        r"\d of 9 pictures, and the rest was on its way: run it again, what has arrived is free."
    )
    assert re.fullmatch(sentence, left["text/plain"])
    assert re.search(rf"<p [^>]*>{sentence}</p>", left["text/html"])


@pytest.mark.parametrize(
    ("total", "line", "ended", "said"),
    [
        (8, "", 0, "0 of 8 pictures · $0 · 12 s"),
        (8, "", 3, "3 of 8 pictures · $0.268 · 12 s, about 20 s more"),
        (1, "1 picture, about $0.09", 0, "0 of 1 picture, about $0.09 · 12 s"),
        (2000, "", 1000, "1,000 of 2,000 pictures · $89.488 · 12 s, about 10 s more"),
        (None, "", 1, "1 picture so far · $0.089 · 12 s"),
        (None, "", 3, "3 pictures so far · $0.268 · 12 s"),
    ],
)
def test_how_far_it_is_in_words(monkeypatch, total, line, ended, said):
    tally = Tally(total, line, lanes=2)
    monkeypatch.setattr(Tally, "seconds", 12.0)
    for _ in range(ended):
        tally.add(failed=False, reused=False, usd=Decimal("0.0894875"), play=False)
    assert tally.words(line) == said


def test_before_each_lane_had_its_turn_nobody_guesses(monkeypatch):
    tally = Tally(8, "", lanes=4)
    monkeypatch.setattr(Tally, "seconds", 12.0)
    for done in range(1, 5):
        tally.add(failed=False, reused=False, usd=None, play=True)
        assert ("more" in tally.words()) == (done == 4)
    assert "4 of 8 pictures · $0 · 12 s" in tally.words()
