"""``{{name}}`` in Python: what a call gives is filled in, and a request is drawn as it is."""

import asyncio
import re

import numpy as np
import PIL.Image
import pytest

import nb_banana
from nb_banana import Client, ImageRequest, configure, errors, generate
from tests.conftest import KEY

FOX = "a {{colour}} fox"
CALLS = {
    "generate": lambda *a, **o: generate(*a, **o),
    "count": lambda *a, **o: generate(*a, count=1, **o)[0],
    "background": lambda *a, **o: generate(*a, background=True, **o).wait(),
    "agenerate": lambda *a, **o: asyncio.run(nb_banana.agenerate(*a, **o)),
    "generate_many": lambda prompt, **o: nb_banana.generate_many([prompt], **o)[0],
    "rows with options": lambda p, **o: nb_banana.generate_many([{"prompt": p, **o}])[0],
    "sweep": lambda *a, **o: nb_banana.sweep(*a, **o)[0],
    "dry_run": lambda *a, **o: nb_banana.dry_run(*a, **o),
    "client": lambda *a, **o: nb_banana._default.client().generate(*a, **o),
    "plan": lambda *a, **o: nb_banana._default.client().plan(*a, **o).job,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_keyword_that_is_no_option_fills_the_prompt(service, call):
    assert call(FOX, colour="red").request.prompt == "a red fox"
    assert call(FOX, values={"colour": "red"}, resolution="2K").request.resolution == "2K"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_options_name_is_the_option_and_values_fill_what_is_called_so(service, call):
    request = call("a {{model}} and {{colour}}", model="lite", colour=3, values={"model": "T"})
    assert request.request.prompt == "a T and 3"
    assert "lite" in request.request.model


def test_an_edit_is_filled_and_its_picture_is_the_first(service):
    cafe = generate("a café", aspect_ratio="16:9")
    mug = PIL.Image.new("RGB", (64, 64))
    for edited in (
        cafe.edit("put {{mug}} in {{place}}", mug=mug, place="it"),
        nb_banana.edit(cafe, "put {{mug}} in {{place}}", mug=mug, place="it"),
    ):
        assert edited.prompt == "put image 2 in it"
        assert edited.size == cafe.size
        assert edited.parents == (cafe,)
        assert [each.label for each in edited.request.references][1] == "mug"


def test_any_word_can_be_a_name(service):
    cafe = generate("a café")
    assert generate("{{cls}} {{context}}", cls="I", context="x").prompt == "I x"
    assert generate("{{prompt}}", values={"prompt": "p"}).prompt == "p"
    assert nb_banana.generate_many(["{{rows}}"], values={"rows": 7})[0].prompt == "7"
    assert cafe.edit("add {{image}}", image=_dot(1)).prompt == "add image 2"
    with pytest.raises(errors.RequestError, match="no option 'self'"):
        cafe.edit("it is {{self}}", self="x")  # which Jinja keeps for itself
    with pytest.raises(errors.RequestError, match="images="):
        cafe.again(image="mug.jpg")


def test_pictures_among_the_values_are_references_as_in_a_cell(service):
    trex = generate("a trex", aspect_ratio="16:9")
    image = generate("{{trex}} and {{trex}} with {{ mugs }}", trex=trex, mugs=[_dot(1), _dot(9)])
    assert image.prompt == "image 1 and image 1 with image 2, image 3"
    assert len(service.posts[-1].body["image_urls"]) == 3
    assert image.size == trex.size  # as an edit's
    second = generate("{{trex}} again", trex=trex, images=_dot(200))
    assert second.prompt == "image 2 again"


def _dot(red):
    return PIL.Image.new("RGB", (32, 32), (red, 0, 0))


def test_a_value_that_is_too_large_is_refused_where_nothing_is_to_be_made_smaller(service):
    large = PIL.Image.new("RGB", (20_000, 8))
    with pytest.raises(errors.BadReferenceError):
        generate("{{photo}}", photo=large, resize=False)
    assert service.received == []


def test_what_is_filled_in_is_never_filled_again(service):
    assert generate(FOX, colour="{{secret}} {% x").prompt == "a {{secret}} {% x fox"
    image = generate("a {{x}} fox", raw=True)
    assert generate(image.request).came == "reused"


def test_nothing_is_filled_from_the_names_of_the_caller(service):
    colour = "red"  # noqa: F841 - it must not be seen
    with pytest.raises(errors.RequestError, match="nobody fills it in"):
        generate(FOX)


def test_alt_name_and_file_are_filled_with_the_same_values(service, tmp_path):
    texts = {
        "alt": "A {{colour}} one",
        "name": "{{colour}}_fox",
        "save": f"{tmp_path}/{{{{colour}}}}.png",
    }
    image = generate(FOX, colour="red", **texts)
    assert (image.alt, image.name) == ("A red one", "red_fox")
    assert (tmp_path / "red.png").read_bytes() == image.bytes
    assert generate("a fox", alt="as {{it}} is").alt == "as {{it}} is"


WRONG = [
    (
        "a fox",
        {"aspect_ration": "16:9"},
        r"no option 'aspect_ration'\. Did you mean aspect_ratio\?",
    ),
    ("a fox", {"resoluton": "2K"}, "Did you mean resolution"),
    ("a fox", {"backgroud": True}, "Did you mean background"),
    ("a fox", {"colour": "red"}, r"Where the prompt has \{\{colour\}\}, it is filled in"),
    (FOX, {"color": "red"}, r"no \{\{color\}\}\. Did you mean colour\?"),
    (FOX, {"weather": "rain"}, r"no \{\{weather\}\}: it has \{\{colour\}\}\."),
    (FOX, {"colour": "red", "style": "oil"}, "no option 'style'"),
    (FOX, {"values": {"color": "red"}}, "Did you mean colour"),
    ("a {{colour}} {{style}}", {"colour": "red"}, r"no 'style' for the prompt's.*style=\"…\""),
    ("a {{colour}} {{colours}}", {"colour": "red"}, "Did you mean colour"),
    ("a {{model}}", {"model": "2"}, 'nobody fills it in.*values={"model"'),
    (FOX, {"colour": "red", "values": {"colour": "blue"}}, "colour is given twice"),
    (FOX, {"values": ["red"]}, "values is a dict"),
    (FOX, {"values": {3: "red"}}, "no option 3"),
    (FOX, {"values": {"my colour": "red"}}, "no option 'my colour'"),
    (FOX, {"colour": "red", "raw": True}, "but for raw=True"),
    (FOX, {"colour": None}, "colour is None, which is no word"),
    (FOX, {"colour": float("nan")}, "colour is nan, which is no word"),
    (FOX, {"colour": np.zeros((2, 2))}, "does not go into a prompt"),
    (FOX, {"colour": len}, "does not go into a prompt"),
    (FOX, {"colour": f"a {KEY}"}, "has your key in it"),
    (FOX, {"values": {KEY: "red"}}, "has your key in it"),
    (FOX, {"values": {KEY: "red"}, KEY: 1}, "has your key in it"),
    (FOX, {KEY: "red"}, "has your key in it"),
    (FOX, {"colour": "red", "alt": "{{style}}"}, "no 'style'"),
    (FOX, {"colour": PIL.Image.new("RGB", (9, 9)), "alt": FOX}, "A picture can't stand here"),
    ("a {{colour", {"colour": "red"}, "The template is broken"),
    (7, {"colour": "red"}, "no option 'colour'"),
    ("a fox", {"seed": 3}, r'take=2.*params=\{"seed": 3\}'),
    ("a fox", {"seed": KEY}, r'params=\{"seed": …\}'),
    ("a fox", {"negative_prompt": "dogs"}, "Say in the prompt what is not to be there"),
    ("a fox", {"n": 4}, "count=4"),
    ("a fox", {"num_images": 4}, "count=4"),
    ("a fox", {"size": "1024x1024"}, 'aspect_ratio="16:9", the size resolution="1K"'),
    ("a fox", {"quality": "hd"}, 'resolution="2K"'),
    ("a fox", {"steps": 30}, r'params=\{"steps": 30\}'),
    ("a fox", {"guidance_scale": 7.5}, r'params=\{"guidance_scale": 7.5\}'),
    ("a fox", {"image": "fox.png"}, r"images=\["),
    ("a fox", {"output": "fox.png"}, 'save="fox.png"'),
    ("a fox", {"api_key": KEY}, r"nb_banana\.login\(\)"),
]


@pytest.mark.parametrize(("prompt", "options", "sentence"), WRONG)
def test_what_means_nothing_is_said_with_its_cure_and_nothing_is_sent(
    service, prompt, options, sentence
):
    for call in (generate, nb_banana.dry_run, nb_banana.sweep):
        with pytest.raises(errors.RequestError) as caught:
            call(prompt, **options)
        assert KEY not in str(caught.value)
        assert call is not generate or re.search(sentence, str(caught.value))
    assert service.received == []


@pytest.mark.parametrize("word", ["seed", "size", "n", "steps", "quality"])
def test_a_word_of_others_is_a_name_where_the_prompt_has_it(service, word):
    assert generate(f"a {{{{{word}}}}} fox", **{word: 3}).prompt == "a 3 fox"


def test_a_request_is_drawn_as_it_is_and_options_beside_it_change_it(service):
    request = ImageRequest("a {{x}} fox", aspect_ratio="16:9")
    configure(resolution="2K", aspect_ratio="1:1")  # defaults of other requests
    for name, call in CALLS.items():
        if name == "rows with options":
            continue
        made = call(request)
        assert made.request == request, name
        assert call(request, resolution="2K").request.resolution == "2K", name
    assert len(service.charges) == 2


def test_a_request_keeps_its_pictures_and_takes_others(service):
    first = generate("night", images=_dot(1))
    other = generate(first.request, images=[_dot(2), _dot(3)])
    assert len(other.request.references) == 2
    assert generate(first.request, take=2).request.references == first.request.references
    assert generate(other.request, images=None).request.references == ()


def test_a_request_is_refused_what_it_can_not_be(service):
    request = ImageRequest("a {{x}} fox")
    for options, sentence in [
        ({"x": "red"}, "no option 'x'"),
        ({"resolution": "9K"}, "resolution '9K' is not accepted"),
        ({"seed": 3}, "params="),
        ({"take": 0}, "take is a whole number"),
        ({"values": {"x": 1}}, "no option 'x'"),
    ]:
        with pytest.raises(errors.RequestError, match=sentence):
            generate(request, **options)
    with pytest.raises(errors.RequestError, match="edit takes words"):
        nb_banana.edit(_dot(1), request)
    assert service.received == []


def test_a_field_of_a_request_can_be_swept(service):
    gallery = nb_banana.sweep(ImageRequest("a fox"), resolution=["1K", "2K"], count=2)
    assert [each.request.resolution for each in gallery] == ["1K", "1K", "2K", "2K"]
    with pytest.raises(errors.RequestError, match="There is no colour to sweep"):
        nb_banana.sweep(ImageRequest("a {{colour}}"), over={"colour": ["red"]})


def test_values_hold_for_a_whole_sweep(service):
    gallery = nb_banana.sweep("{{model}} in {{style}}", style=["oil", "ink"], values={"model": "T"})
    assert [each.prompt for each in gallery] == ["T in oil", "T in ink"]
    for options in ({"style": ["oil"], "values": {"style": "ink"}}, {"over": {"style": ["oil"]}}):
        with pytest.raises(errors.RequestError, match="style is given twice"):
            nb_banana.sweep("a {{style}}", **{"values": {"style": "ink"}} | options)


def test_a_client_of_ones_own_fills_too(service, tmp_path):
    with Client(library=tmp_path, base_url=service.url, key=KEY) as client:
        assert client.generate(FOX, colour="red").prompt == "a red fox"
        assert client.dry_run(FOX, colour="red").payload["prompt"] == "a red fox"
