"""The panel without a browser: a cell comes in as it is written, and goes out so."""

import re
import time
from pathlib import Path

import pytest

import nb_banana
from nb_banana import errors, generate
from nb_banana._default import client
from nb_banana.widgets import controller
from nb_banana.widgets.form import Form
from nb_banana.widgets.panel import panel
from tests.support.moments import pictures_wait

CELLS = [
    "%%banana\na banana",
    "%%banana fruit -a 16:9 -r 2K\na banana\nin two lines",
    "%%banana fruit -m lite -w -i mug -i 'my mug.jpg' -n 3 --fresh\na {{thing}} in {braces}",
    "%%banana --take 2 --alt 'a fruit' --param 'k=[1, 2]'\n<b>a banana</b>",
    "%%banana grid --sweep 'style=oil,ink' -i cats[0]\n{{style}}",
]


@pytest.fixture
def opened(ip):
    """Opens panels and closes them after the test."""
    panels = []

    def open_one(what=None):
        panels.append(panel(what))
        return panels[-1]

    yield open_one
    for each in panels:
        each.close()


def press(it, do, buffers=(), **words):
    """What a button of the browser sends."""
    it._hear(None, {"do": do, **words}, list(buffers))


def ended(it):
    """Wait until nothing is on its way in a panel."""
    deadline = time.monotonic() + 60
    while it.busy and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not it.busy
    return it


@pytest.mark.parametrize("cell", CELLS)
def test_a_panel_shows_the_cell_that_it_was_opened_with_word_for_word(opened, cell):
    assert opened(cell).cell == cell


def test_takes_and_sweeps_are_asked_for_as_the_cell_does(ip):
    form = Form("a {{animal}}", count=2, more="--sweep animal=cat,fox")
    jobs = controller.panel_plan(client(), form, {}).jobs
    gallery = ip.run(form.cell)
    assert [job.request.key for job in jobs] == [image.request.key for image in gallery]


def test_what_the_model_can_not_do_is_taken_out_of_the_form_and_said(opened):
    it = opened("%%banana -w -a 16:9\na cat")
    it.model = "nano-banana-pro"
    assert not it.web_search
    assert it.aspect_ratio == "16:9"
    assert "takes no web search" in it.message["text"]


def test_while_one_is_on_its_way_a_second_is_not_begun(opened, service, monkeypatch):
    go = pictures_wait(monkeypatch)
    it = opened("%%banana\na fox")
    press(it, "generate")
    press(it, "generate")
    assert "One is on its way" in it.message["text"]
    go.set()
    ended(it)
    assert len(service.posts) == 1


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%banana\na fox [trouble: refusal]", "The model made no picture"),
        ("%%banana\na {{wolf}}", "There is no 'wolf'"),
        ("%%banana -i nobody\na fox", "There is no variable and no file nobody"),
        ("%%banana --dry-run\na fox", "--dry-run is for a cell"),
        ("%%banana\n   ", "The prompt is empty"),
    ],
)
def test_what_goes_wrong_is_said_in_the_panel(opened, brisk, cell, says):
    it = opened(cell)
    press(it, "generate")
    ended(it)
    assert it.message["kind"] == "error"
    assert says in it.message["text"]


def test_a_picture_brings_its_cell_back(opened, ip):
    ip.run("%%banana fox -a 16:9 --take 2\na fox in {{'snow'}}")
    assert opened("fox").cell == "%%banana fox -a 16:9 --take 2\na fox in {{'snow'}}"
    image = generate("a cat", aspect_ratio="4:3")
    again = opened(image)
    assert again.form.aspect_ratio == "4:3"
    (job,) = controller.panel_plan(client(), again.form, ip.names).jobs
    assert job.request.key == image.request.key


def test_what_is_no_picture_is_said_when_the_panel_is_opened(ip):
    ip.names["seven"] = 7
    with pytest.raises(errors.BananaError):
        panel("seven")
    with pytest.raises(errors.BananaError, match="no picture"):
        panel("nothing of that name")


def test_the_line_alone_opens_the_panel_and_its_options_are_in_it(ip):
    opened = ip.run("%banana")
    filled = ip.run("%banana -a 16:9")
    assert opened.cell == "%%banana\n"
    assert filled.form.aspect_ratio == "16:9"
    ip.run("%banana --help")
    assert "--aspect-ratio" in ip.printed
    for each in (opened, filled):
        each.close()


def test_a_very_long_prompt_and_one_of_html_stay_what_they_are(opened):
    for prompt in ("word " * 5_000, "<script>alert(1)</script>"):
        it = opened(f"%%banana\n{prompt}")
        assert it.form.prompt == prompt


def test_the_kernel_understands_every_message_that_the_browsers_part_sends(opened):
    static = Path(nb_banana.__file__).parent / "widgets" / "static"
    code = "".join(path.read_text("utf-8") for path in static.glob("*.js"))
    messages = re.findall(r"\{ do: \"(\w+)\"(.*?) \}", code)
    assert {"generate", "cancel", "close", "upload", "recall", "thumbnail"} <= dict(messages).keys()
    for do, rest in messages:
        it = opened()
        press(it, do, [b""], **dict.fromkeys(re.findall(r", (\w+)", rest), ""))
        assert "itself has failed" not in str(it.message), (do, rest)
