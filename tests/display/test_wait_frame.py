"""While a cell waits for a picture a frame of its size stands in its place, and leaves no trace."""

import html
import json
import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from PIL import Image

from nb_banana import ImageRequest
from nb_banana.models import MODELS
from nb_banana.request import expected_size
from nb_banana.sandbox import Sandbox, painter
from nb_banana.sandbox.validation import read_order
from tests.support.moments import HELD, SEEN
from tests.support.pictures import picture
from tests.support.shells import watched

START = f"""%load_ext nb_banana{SEEN}{HELD}
import os, asyncio, signal, nb_banana
nb_banana.configure(base_url=os.environ["SERVICE"])
def waits(frame, line=3600):
    progress.FRAME_SECONDS, progress.QUIET_SECONDS = frame, line
waits(frame=0)"""
SENTENCE = "The picture was on its way: run it again, it is free when it has arrived."

FRAMES = {
    "a cell": "%%banana fox -a 16:9\na fox",
    "a line": "%banana a hen",
    "a call": "nb_banana.generate('a cat')",
    "beside words": "pic = nb_banana.generate('a dog')\nprint('mine')\npic",
    "an edit": "pic.edit('make it night')",
    "again": "pic.again(take=2)",
    "awaited": "await nb_banana.agenerate('a cow')",
    "timed": "%time nb_banana.generate('a pig')",
    "a timed cell": "%%time\npic = nb_banana.generate('an elk')\npic",
    "two, the second shown": "one = nb_banana.generate('a')\ntwo = nb_banana.generate('b')\ntwo",
    "two, both shown": "display(nb_banana.generate('c'))\nnb_banana.generate('d')",
    "a function of one's own": "def mine():\n    return nb_banana.generate('an ant')\nmine()",
}
NONE = {
    "bound": "pic = nb_banana.generate('a bee')",
    "bound by a line": "x = %banana a bat",
    "a cell that is quiet": "%%banana --quiet\na cod",
    "a line that is quiet": "%banana a daw;",
    "a cell that ends so": "%%banana\na cow; a dog;",
    "a call that is quiet": "nb_banana.generate('an eel')  ; # and no more",
    "a loop": "for name in ['an emu']:\n    display(nb_banana.generate(name))",
    "words in the end": "pic = nb_banana.generate('an ape')\nprint(pic.width)",
    "a number in the end": "nb_banana.generate('an asp').width",
    "saved": "nb_banana.generate('a boa').save(os.environ['HERE'] + '/boa.png')",
    "a timed cell that binds": "%%time\npic = nb_banana.generate('a cub')",
    "captured": "%%capture shown\nnb_banana.generate('a doe')",
    "several at once": "await asyncio.gather(*map(nb_banana.agenerate, ['a fly', 'a gnu']))",
    "soon there": "waits(frame=3600)\nnb_banana.generate('a hog')",
    "stable": "waits(frame=0, line=0)\nnb_banana.configure(caption='stable')\n"
    "nb_banana.generate('a jay')",
}
ENDS = {
    "a refusal": "nb_banana.generate('a kid [trouble: refusal]')",
    "a refusal in a cell": "%%banana\na kid [trouble: refusal]",
    "beside words": "print('mine')\npic = nb_banana.generate('a koi [trouble: refusal]')\npic",
    "Ctrl-C": """class Stopping(progress.NotebookLine):
    def show(self, *what):
        super().show(*what)
        os.kill(os.getpid(), signal.SIGINT)
line, progress.NotebookLine = progress.NotebookLine, Stopping
nb_banana.generate('a lie [trouble: slow 20]')""",
    "an error after it": "progress.NotebookLine = line\n"
    "nb_banana.generate('a mob [trouble: wrong-size]', resolution='2K', strict=True)",
}
LATER = {
    "in two places": "later = nb_banana.generate('a sea', background=True)\n"
    "display(later)\ndisplay(later)\ngo.set()\nlater.wait() and None",
    "that failed": "go.clear()\n"
    "later = nb_banana.generate('a fen [trouble: refusal]', background=True)\n"
    "display(later)\ngo.set()\nlater.wait()",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What stayed of each cell, and what it had sent."""
    folder = tmp_path_factory.mktemp("wait")
    cells = {(kind, name): cell for kind in KINDS for name, cell in KINDS[kind].items()}
    with pytest.MonkeyPatch.context() as patch, Sandbox() as service:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("SERVICE", service.url)
        patch.setenv("HERE", str(folder))
        patch.setattr(painter, "_scene", lambda idea, size, *_: Image.new("RGB", size, "gold"))
        reset = "nb_banana.configure(caption='full')\nwaits(frame=0)"
        sources = [START, *FRAMES.values(), *NONE.values(), reset]
        sources += [*ENDS.values(), *LATER.values()]
        notebook, sent = watched(*sources)
    there = len(FRAMES) + len(NONE)
    left = [(cell.outputs, what) for cell, what in zip(notebook.cells, sent, strict=True)]
    del left[1 + there]
    return dict(zip(cells, left[1:], strict=True))


KINDS = {"frames": FRAMES, "none": NONE, "ends": ENDS, "later": LATER}


def shown(sent):
    """The bundles that were sent, in their order."""
    return [content["data"] for _, content in sent if "data" in content]


def is_frame(bundle):
    return "nbb-place" in bundle.get("text/html", "")


def words(page):
    """What is read of HTML where its CSS is taken away."""
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", "", page, flags=re.DOTALL)).strip()


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_stands_before_the_picture_and_nothing_of_it_stays(runs, name):
    outputs, sent = runs["frames", name]
    bundles = shown(sent)
    places = [at for at, each in enumerate(bundles) if is_frame(each)]
    pictures = [at for at, each in enumerate(bundles) if "image/jpeg" in each]
    assert places, outputs
    assert places[0] < pictures[0]
    left = [each.data for each in outputs if each.get("data")]
    assert ["image/jpeg" in each for each in left] == [True] * name.count("both") + [True]
    assert "on its way" not in json.dumps(outputs)


def test_alone_in_its_cell_a_picture_is_the_only_output(runs):
    for name in ("a cell", "a line"):
        assert len(runs["frames", name][0]) == 1


@pytest.mark.parametrize("name", NONE)
def test_where_no_picture_will_be_or_it_is_soon_there_nothing_is_shown(runs, name):
    outputs, sent = runs["none", name]
    assert "error" not in [each.output_type for each in outputs]
    assert not any(is_frame(each) or "nbb-now" in str(each) for each in shown(sent))


@pytest.mark.parametrize("name", ENDS)
def test_an_error_or_an_interrupt_ends_it_at_once(runs, name):
    outputs, sent = runs["ends", name]
    assert any(is_frame(each) for each in shown(sent))
    assert [each.output_type for each in outputs if each.get("data") != {}][-1] == "error"
    assert "on its way: run" not in json.dumps(outputs)


def test_what_is_saved_in_the_middle_says_what_to_do_and_no_seconds(runs):
    for name in FRAMES:
        for frame in filter(is_frame, shown(runs["frames", name][1])):
            assert frame["text/plain"] == words(frame["text/html"]) == SENTENCE
    frame = next(filter(is_frame, shown(runs["later", "in two places"][1])))
    assert (
        frame["text/plain"] == words(frame["text/html"]) == SENTENCE.replace("The picture", "a sea")
    )


def test_who_wants_no_motion_sees_none(runs):
    page = next(filter(is_frame, shown(runs["frames", "a cell"][1])))["text/html"]
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)[1]
    still, moving = style.split("@media(prefers-reduced-motion:no-preference)")
    assert "animation:nbb-pulse" in moving
    assert "animation:nbb-pulse" not in still


def test_the_frame_has_the_size_of_the_picture(runs):
    outputs, sent = runs["frames", "a cell"]
    page = next(filter(is_frame, shown(sent)))["text/html"]
    assert 'style="width:768px;max-width:100%"><div class="nbb-place"' in page
    assert "aspect-ratio:768/429;" in page
    assert 'width="768" height="429"' in outputs[0]["data"]["text/html"]


def test_a_picture_on_its_way_comes_into_each_place_where_it_was_shown(runs):
    outputs, _ = runs["later", "in two places"]
    assert ["image/jpeg" in each.data for each in outputs] == [True, True]


def test_of_one_that_failed_its_place_says_why(runs):
    place, error = runs["later", "that failed"][0]
    assert error.output_type == "error"
    assert place.data["text/plain"].startswith("RefusalError: The model made no picture")
    assert "nbb-pending" not in place.data["text/html"]


@pytest.mark.parametrize("setting", ["0", "1"])
def test_nbconvert_has_the_picture_of_a_background_cell_if_it_is_told_to_wait(
    setting, tmp_path, monkeypatch
):
    monkeypatch.setenv("NB_BANANA_BACKGROUND", setting)
    cells = ("%load_ext nb_banana", "%%banana later --background\na ship [trouble: slow 0.5]")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    ExecutePreprocessor(timeout=60, iopub_timeout=60).preprocess(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    late = "on its way: run it again, it is free when it has arrived."
    assert ("<img" in page, late in page) == (setting == "0", setting == "1")


SHAPES = {"wide": (640, 360), "photo": (600, 400), "tall": (300, 900), "square": (64, 64)}


@pytest.mark.parametrize("model", [each.ids[0] for each in MODELS])
def test_the_size_that_is_expected_is_the_one_that_comes(model):
    (row,) = (each for each in MODELS if each.ids[0] == model)
    references = [[picture(*shape)] for shape in SHAPES.values()] if row.max_images != 0 else []
    for images in references if row.min_images else [(), *references]:
        for ratio in (None, *row.aspect_ratios):
            for resolution in (None, *row.resolutions):
                asked = {"aspect_ratio": ratio, "resolution": resolution}
                request = ImageRequest("a fox", model=model, images=images, **asked)
                body = json.dumps(request.payload()).encode()
                width, height = read_order(body, lambda _: b"").size
                for longest in (512, 768, 2000):
                    scale = min(1, longest / max(width, height))
                    came = round(width * scale), round(height * scale)
                    assert expected_size(request, longest) == came, (asked, images, longest)
