"""The panel's form and its cell: each is made of the other, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb_banana import errors, generate, load
from nb_banana._default import client
from nb_banana.models import MODELS
from nb_banana.notebook.parser import parse_cell_line
from nb_banana.widgets.controller import panel_plan
from nb_banana.widgets.form import Form, fit_form, model_choices, model_of, model_offer, read_cell
from nb_banana.widgets.prefill import edit_form, form_of, form_of_image, word_of
from tests.support.pictures import encode, picture

WORDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="{}\\"), min_size=1)
FORMS = st.builds(
    Form,
    prompt=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r")),
    name=st.sampled_from(["", "trex", "café"]),
    service=st.sampled_from(["", "fal", "{{who}}"]),
    model=st.sampled_from(["", "pro", "acme/new"]),
    aspect_ratio=st.sampled_from(["", "16:9", "{{ratio}}"]),
    resolution=st.sampled_from(["", "2K"]),
    web_search=st.booleans(),
    images=st.lists(WORDS.filter(lambda word: not word.startswith("-"))).map(tuple),
    count=st.integers(1, 9),
    fresh=st.booleans(),
    more=st.sampled_from(["", "--take 2", "--alt 'two words' --raw", "--sweep style=oil,ink"]),
)


@given(FORMS)
def test_a_form_becomes_a_cell_and_the_same_form_again(form):
    assert read_cell(form.cell) == form


@pytest.mark.parametrize(
    "cell",
    [
        "%%banana\na banana",
        "%%banana trex -a 16:9 -r 2K\na T-Rex",
        "%%banana trex -m pro -w -i cats[0] -i 'my mug.jpg' -n 4 --fresh --alt x\none\n\n  two;",
        "%%banana --param 'seed=1' --param 'style=\"oil\"' --raw\na {{brace}}",
    ],
)
def test_a_cell_in_the_panels_own_order_comes_back_word_for_word(cell):
    again = read_cell(cell).cell
    assert again.partition("\n")[2] == cell.partition("\n")[2]
    line, before = (text.partition("\n")[0].removeprefix("%%banana") for text in (again, cell))
    if "{{" not in cell:
        assert parse_cell_line(line, {}) == parse_cell_line(before, {})


@pytest.mark.parametrize("text", ["a banana", "%%banana x --nonsense\na", "%%banana 'open\na"])
def test_what_is_no_cell_is_refused(text):
    with pytest.raises(errors.RequestError):
        read_cell(text)


@pytest.mark.parametrize("name", ["my fox", "1fox", "fox -r 4K", "--fresh"])
def test_what_is_no_name_of_a_variable_is_refused_in_the_fields_own_words(name):
    with pytest.raises(errors.RequestError, match="can't be the name of a variable: one word"):
        panel_plan(client(), Form("a fox", name=name), {})


@pytest.mark.parametrize("option", ["--dry-run", "--help"])
def test_an_option_that_sends_nothing_is_for_the_cell_and_sends_nothing_here(option):
    with pytest.raises(errors.RequestError, match="is for a cell"):
        panel_plan(client(), Form("a fox", more=option), {})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.short[0])
def test_a_model_offers_what_the_table_says(model):
    offered = model_offer(model.short[-1])
    assert tuple(offered["values"]["aspect_ratio"]) == model.aspect_ratios
    assert tuple(offered["values"]["resolution"]) == model.resolutions
    assert offered["values"]["web_search"] == model.web_search
    assert offered["most"] == model.max_images


def test_what_the_model_cannot_do_is_taken_out_and_said():
    form = Form("a", resolution="4K", web_search=True, aspect_ratio="21:9")
    kept, said = fit_form(form, model_offer("2.5"))
    assert kept == Form("a", aspect_ratio="21:9")
    assert (
        said
        == "gemini-2.5-flash-image takes no resolution 4K and no web search: they were left out."
    )


@pytest.mark.parametrize("ratio", ["16x9", "{{ratio}}"])
def test_a_value_that_a_cell_writes_in_its_own_way_stays(ratio):
    form = Form("a", aspect_ratio=ratio)
    assert fit_form(form, model_offer("2")) == (form, "")


def test_a_model_that_the_table_does_not_know_can_be_chosen_too():
    assert ["acme/new", "acme/new"] in model_choices("acme/new")
    assert ["pro", "nano-banana-pro"] in model_choices("pro")


def test_the_model_follows_the_first_reference(service):
    cafe = generate("a café", model="pro")
    assert model_of(Form(images=("cafe",)), {"cafe": cafe}) == "google/nano-banana-pro-edit"
    assert model_of(Form(images=("gone",)), {}) == "google/nano-banana-2"


def test_a_picture_brings_back_the_cell_that_was_typed(service):
    typed = "%%banana trex  --aspect-ratio=16:9\na {{style}} T-Rex"
    trex = generate("a bold T-Rex", aspect_ratio="16:9", name="trex")
    names = {"trex": trex, "style": "bold"}
    form, text = form_of("trex", names, ["x = 1", typed, "%%banana other\na"])
    assert (form.prompt, text) == ("a {{style}} T-Rex", typed)
    changed = names | {"style": "shy"}  # the cell would draw something else by now
    assert form_of(trex, changed, [typed])[1] == "%%banana trex -a 16:9\na bold T-Rex"


def test_references_of_an_old_picture_are_found_again(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    upload = tmp_path / "photo.png"
    upload.write_bytes(encode(picture()))
    cafe = generate("a café", images=[generate("a mug", name="mug"), generate("tea"), upload])
    upload.unlink()
    names = {}  # as after a restart of the kernel
    form = form_of_image(load(cafe.id), names)
    assert form.images == ("mug", "picture_1", "nb_banana_uploads/photo.png")
    assert [job.request.key for job in panel_plan(client(), form, names).jobs] == [cafe.request.key]
    assert form_of_image(cafe, names).images == form.images


def test_a_picture_without_a_name_gets_one(service):
    image, names = generate("a banana"), {"picture_1": 3}
    assert word_of(image, {"fruit": image}) == "fruit"
    assert word_of(image, names) == "picture_2"
    assert names["picture_2"] is image


def test_an_edit_has_the_pictures_shape_and_does_not_bind_its_own_reference(service):
    image = generate("a banana", aspect_ratio="16:9", name="fruit")
    form = edit_form(Form("a banana", name="fruit", images=("fruit",)), image)
    assert (form.aspect_ratio, form.name) == ("16:9", "fruit_2")


def test_the_panel_opens_with_any_picture_that_has_a_name(service):
    names = {"photo": picture(), "number": 7}
    assert form_of("photo", names)[0].images == ("photo",)
    for wrong in ("number", "no_such"):
        with pytest.raises(errors.BananaError):
            form_of(wrong, names)
