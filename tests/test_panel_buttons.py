"""The panel without a browser: its form is a cell, its buttons do what that cell would do."""

import threading
import time

import PIL.Image
import pytest

import nb_banana
from nb_banana import configure, desk, errors, generate, offer, onhand, recall, uploads
from nb_banana.form import Form, read_cell
from nb_banana.models import MODELS
from nb_banana.panels import panel

from .servers import picture
from .shells import ipython_shell

CELLS = [
    "%%banana\na banana",
    "%%banana fruit -a 16:9 -r 2K\na banana\nin two lines",
    "%%banana fruit -m lite -w -i mug -i 'my mug.jpg' -n 3 --fresh\na {{thing}} in {braces}",
    "%%banana --take 2 --alt 'a fruit' --param 'k=[1, 2]'\n<b>a banana</b>",
    "%%banana grid --sweep 'style=oil,ink' -i cats[0]\n{{style}}",
]


@pytest.fixture
def ip(service, tmp_path, monkeypatch):
    """A shell, in a folder of its own, whose panels are closed again."""
    monkeypatch.chdir(tmp_path)
    with ipython_shell() as shell:
        yield shell


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
    deadline = time.monotonic() + 20
    while it.busy and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not it.busy
    return it


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_becomes_a_form_and_the_same_cell_again(cell):
    form = read_cell(cell)
    assert read_cell(form.cell) == form
    assert form.cell.partition("\n")[2] == cell.partition("\n")[2]


@pytest.mark.parametrize("cell", CELLS)
def test_a_panel_shows_the_cell_that_it_was_opened_with_word_for_word(opened, cell):
    assert opened(cell).cell == cell


def test_the_form_asks_for_the_same_as_its_cell(ip, service):
    ip.names |= {"mug": PIL.Image.new("RGB", (9, 9), "red"), "style": "oil"}
    form = Form(
        "{{mug}} in {{style}}", "cup", aspect_ratio="16:9", resolution="2K", images=("mug",)
    )
    (job,) = desk.order_of(form, ip.names).jobs
    assert ip.run(form.cell).request.key == job.request.key
    assert ip.names["cup"].request.key == job.request.key


def test_takes_and_sweeps_are_asked_for_as_the_cell_does(ip):
    form = Form("a {{animal}}", count=2, more="--sweep animal=cat,fox")
    jobs = desk.order_of(form, {}).jobs
    gallery = ip.run(form.cell)
    assert [job.request.key for job in jobs] == [image.request.key for image in gallery]


@pytest.mark.parametrize("model", [name for model in MODELS for name in model.ids])
def test_a_model_is_offered_what_the_table_says(model):
    found = offer.offer(model)
    row = next(each for each in MODELS if model in each.ids)
    assert found["ratios"] == list(row.aspect_ratios)
    assert found["most"] == row.max_images
    assert found["search"] == row.web_search


def test_what_the_model_can_not_do_is_taken_out_of_the_form_and_said(opened):
    it = opened("%%banana -w -a 16:9\na cat")
    it.model = "nano-banana-pro"
    assert not it.web_search
    assert it.aspect_ratio == "16:9"
    assert "takes no web search" in it.message["text"]


def test_the_price_follows_the_form_and_says_what_is_left(service):
    configure(budget=2)
    line = desk.price_line(Form("a cat", resolution="4K"), {})
    assert line.startswith("about $0.20")
    assert line.endswith("$2.00 left of your budget")
    generate("a cat")
    assert desk.price_line(Form("a cat"), {}).startswith("$0, it is in your library")
    assert not [post for post in service.posts if post.body["prompt"] != "a cat"]


def test_generate_draws_and_binds_and_shows(opened, ip, service):
    it = opened("%%banana fox -a 16:9\na fox")
    press(it, "generate")
    ended(it)
    assert ip.names["fox"].size == (1376, 768)
    assert it.results[0]["caption"].endswith("fox")
    assert len(service.posts) == 1
    # The same again is free, as every cell is.
    press(it, "generate")
    ended(it)
    assert len(service.posts) == 1


def test_nothing_is_sent_by_anything_else(opened, service):
    it = opened("%%banana fox\na fox")
    it.prompt, it.aspect_ratio, it.count = "another fox", "16:9", 3
    it.close()
    assert not service.posts


def test_while_one_is_on_its_way_a_second_is_not_begun(opened, service):
    it = opened("%%banana\na fox [trouble: slow 1]")
    press(it, "generate")
    press(it, "generate")
    assert "One is on its way" in it.message["text"]
    ended(it)
    assert len(service.posts) == 1


def test_cancel_stops_the_wait_and_what_comes_is_kept(opened, service):
    it = opened("%%banana\na fox [trouble: slow 1]")
    press(it, "generate")
    while not service.posts:
        time.sleep(0.02)
    press(it, "cancel")
    ended(it)
    assert "You cancelled it" in it.message["text"]
    for thread in threading.enumerate():
        if thread.name == "nb_banana":
            thread.join(20)
    assert nb_banana.history()[0].prompt == "a fox [trouble: slow 1]"


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


def test_a_mistake_of_the_panel_itself_is_said_too(opened):
    it = opened()
    press(it, "no such button")
    assert "The panel itself has failed" in it.message["text"]


def test_above_confirm_over_a_person_is_asked_in_the_panel(opened, service):
    configure(confirm_over=0.05)
    it = opened("%%banana\na fox")
    press(it, "generate")
    assert it.message["kind"] == "ask"
    assert "Send it?" in it.message["text"]
    assert not service.posts
    press(it, "generate", agreed=True)
    ended(it)
    assert len(service.posts) == 1


def test_one_of_several_that_fails_leaves_the_others(opened, brisk):
    it = opened("%%banana --sweep 'what=fox,cat [trouble: refusal]'\na {{what}}")
    press(it, "generate")
    ended(it)
    assert len(it.results) == 1
    assert "The model made no picture" in it.message["text"]


def test_use_as_reference_makes_an_edit_of_it(opened, service):
    it = opened("%%banana fox -a 16:9\na fox")
    press(it, "generate")
    ended(it)
    press(it, "reference")
    assert it.images == ["fox"]
    it.prompt = "make it night"
    assert it.cell.partition("\n")[0] == "%%banana fox_2 -a 16:9 -i fox"


def test_a_picture_brings_its_cell_back(opened, ip):
    ip.run("%%banana fox -a 16:9 --take 2\na fox in {{'snow'}}")
    assert opened("fox").cell == "%%banana fox -a 16:9 --take 2\na fox in {{'snow'}}"
    image = generate("a cat", aspect_ratio="4:3")
    again = opened(image)
    assert again.form.aspect_ratio == "4:3"
    (job,) = desk.order_of(again.form, ip.names).jobs
    assert job.request.key == image.request.key


def test_what_is_no_picture_is_said_when_the_panel_is_opened(ip):
    ip.names["seven"] = 7
    with pytest.raises(errors.BananaError):
        panel("seven")
    with pytest.raises(errors.BananaError, match="no picture"):
        panel("nothing of that name")


def test_pictures_of_the_notebook_are_offered(opened, ip):
    it = opened()
    ip.run("import PIL.Image; cup = PIL.Image.new('RGB', (9, 9))")
    assert [each["word"] for each in it.here] == ["cup"]
    assert onhand.pictures_of({"_private": picture(), "words": "a text", "n": 3}) == {}


def test_an_upload_is_a_file_that_the_cell_finds(opened, ip):
    it = opened("%%banana\na mug")
    data = picture()
    press(it, "upload", number="1", name="../my mug.png", last=False, buffers=[data[:50]])
    press(it, "upload", number="1", name="../my mug.png", last=True, buffers=[data[50:]])
    assert it.images == ["nb_banana_uploads/my-mug.png"]
    assert ip.run(it.cell).request.references[0].label == "my-mug.png"


def press_upload(it, name, data):
    press(it, "upload", number=name, name=name, last=True, buffers=[data])


def test_an_upload_that_is_no_picture_leaves_no_file(opened, tmp_path):
    it = opened()
    press_upload(it, "notes.txt", b"words")
    assert "notes.txt is not a picture" in it.message["text"]
    assert not list(tmp_path.glob("nb_banana_uploads/*"))


def test_a_sixth_reference_is_refused_and_said(opened):
    it = opened()
    for number in range(6):
        press_upload(it, f"{number}.png", picture(size=(10 + number, 10)))
    assert len(it.images) == 5
    assert "at most 5" in it.message["text"]


def test_the_same_upload_is_kept_once_and_another_one_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = picture(size=(8, 8)), picture(size=(9, 9))
    assert uploads.keep("a.png", one) == uploads.keep("a.png", one) == "nb_banana_uploads/a.png"
    assert uploads.keep("a.png", other) == "nb_banana_uploads/a-2.png"
    with pytest.raises(errors.BadReferenceError):
        uploads.keep("a.png", b"")


def test_an_edit_has_the_shape_of_its_picture(service):
    image = generate("a fox", aspect_ratio="9:16")
    assert recall.edit_form(Form("make it night"), image).aspect_ratio == "9:16"


def test_closed_it_frees_its_thread_and_its_pictures(opened):
    it = opened("%%banana\na fox")
    press(it, "generate")
    ended(it)
    it.close()
    for thread in threading.enumerate():
        if thread.name.startswith("nb_banana"):
            thread.join(20)
    assert not [each for each in threading.enumerate() if each.name.startswith("nb_banana")]
    assert it.image is None


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
