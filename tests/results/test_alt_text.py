"""What stands for a picture where it can't be seen, and what a front end reads aloud."""

import json
import pickle

import pytest

import nb_banana
from nb_banana.results.alt_text import AltText, described, prompt_words
from tests.conftest import KEY
from tests.support.moments import pictures_wait
from tests.support.pictures import encode, picture
from tests.support.servers import answering, server


@pytest.fixture
def cafe(service):
    return nb_banana.generate("A café by the sea.", name="cafe")


@pytest.mark.parametrize(
    ("prompt", "alt"),
    [
        ("Make image 1 night.", "Make image 1 (A café by the sea) night."),
        ("Image 1, but image 1 is red", "Image 1 (A café by the sea), but image 1 is red"),
        ("make it night", "make it night (image 1: A café by the sea)"),
        ("Make it night. It rains.", "Make it night. It rains (image 1: A café by the sea)"),
        ("images 1 and 7, image 7", "images 1 and 7, image 7 (image 1: A café by the sea)"),
    ],
)
def test_an_edits_alt_text_says_what_image_1_is(cafe, prompt, alt):
    assert cafe.edit(prompt).alt == alt


def test_a_text_of_ones_own_stays_word_for_word_and_is_what_image_1_is(service):
    own = "Kaffeehaus – “am Meer” " + "x " * 1500
    first = nb_banana.generate("a café", alt="A café, lit by lamps.")
    assert first.edit("make image 1 night", alt=own).alt == own
    assert first.edit("make image 1 night").alt == "make image 1 (A café, lit by lamps) night"
    shown = first.edit("b", alt=own)._repr_mimebundle_()[0]["text/html"]
    assert f'alt="{own.strip()}"' in shown


def test_pictures_of_others_go_by_their_names(service, tmp_path):
    (tmp_path / "mug.jpg").write_bytes(encode(picture(), "JPEG"))
    made = nb_banana.generate("image 2 beside image 1", images=[picture(), tmp_path / "mug.jpg"])
    assert made.alt == "image 2 (mug.jpg) beside image 1"


def test_edits_of_edits_say_where_they_began_and_do_not_grow(service):
    image = nb_banana.generate("A café by the sea", name="a")
    longest = 0
    for number in range(12):
        image = image.edit(f"Make image 1 a little darker and warmer, number {number}")
        longest = max(longest, len(image.alt))
        if number == 1:
            assert "image 1 (Make A café by the sea a little darker" in image.alt
    assert longest < 200


def test_after_a_restart_an_edit_says_the_same(cafe):
    night = cafe.edit("make image 1 night").edit("and image 1 rainy")
    alt = "and image 1 (make A café by the sea night) rainy"
    assert night.alt == alt
    assert nb_banana.load(night.id).alt == alt
    assert pickle.loads(pickle.dumps(night)).alt == alt
    nb_banana.forget(cafe, ask=False)
    assert nb_banana.load(night.id).alt == "and image 1 (make cafe night) rainy"  # by its name


def test_what_is_on_its_way_has_its_alt_text_without_waiting(service, monkeypatch):
    go = pictures_wait(monkeypatch)
    slow = nb_banana.generate("a fox", background=True)
    assert slow.alt == "a fox"
    assert not slow.done
    go.set()
    assert slow.wait().alt == slow.alt


def test_a_failure_and_its_second_try_have_the_alt_text_that_was_wished(service):
    failed = nb_banana.generate_many(["no [trouble: refusal]"], alt="A wish")
    assert [each.alt for each in failed] == ["A wish"]
    assert failed.retry(again=True)[0].alt == "A wish"
    plain = nb_banana.generate_many(["no [trouble: refusal] " + "word " * 300])
    assert len(plain[0].alt) <= 500


def test_a_prompt_of_60_kb_is_no_alt_text_of_60_kb(service):
    fox = nb_banana.generate("A fox. " + "It has a very long story. " * 2300)
    assert len(fox.alt) <= 500
    assert fox.alt.endswith((" long…", " story.…", " a…", " It…", " has…", " very…"))
    shown, facts = fox._repr_mimebundle_(exclude=["image/jpeg"])
    page = shown["text/html"].replace("base64,", "").split('alt="')[1]
    assert len(page) + len(shown["text/plain"]) + len(json.dumps(facts)) < 3000


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ('{"prompt": "a fox", "style": "a long description of a style"}', "a fox"),
        ('{"scene": {"description": "snow"}, "Subject": "a red fox"}', "a red fox"),
        ('{"lens": "35mm", "what": ["a fox in the snow"]}', "a fox in the snow"),
        ('["a", "fox"]', "fox"),
        ('{"take": 3}', '{"take": 3}'),
        ('{"not": json', '{"not": json'),
        ("[a fox]", "[a fox]"),
        ("[" * 5000, "[" * 5000),
        ('{"prompt": ""}', '{"prompt": ""}'),
    ],
)
def test_of_a_prompt_that_is_json_the_words_that_tell_are_read(prompt, words):
    assert prompt_words(prompt) == words


def test_many_references_have_an_end_too(service):
    long = [nb_banana.generate(f"{number} " + "long words " * 40) for number in range(14)]
    alt = nb_banana.generate("all of them", images=long, model="pro-edit").alt
    assert len(alt) <= 1000
    assert described(long[0].request)
    assert isinstance(nb_banana.BananaImage.alt, AltText)


def test_the_text_beside_a_picture_is_a_sentence_to_be_read_aloud(service, monkeypatch):
    fox = nb_banana.generate("A fox on a beach.", aspect_ratio="16:9")
    aloud = "A fox on a beach, sandbox picture, no AI model, 1376×768."
    assert fox._repr_mimebundle_()[0]["text/plain"] == aloud
    assert repr(fox).startswith("<BananaImage 1376×768")
    asked = nb_banana.generate("Who is it?")._repr_mimebundle_()[0]["text/plain"]
    assert asked == "Who is it? sandbox picture, no AI model, 1024×1024."
    two = nb_banana.generate("a fox", count=2)._repr_mimebundle_()[0]["text/plain"]
    assert two == "Contact sheet of 2 (take 1, take 2). a fox, sandbox pictures, no AI model."
    both = nb_banana.compare(fox, picture())._repr_mimebundle_()[0]["text/plain"]
    left = "left: A fox on a beach, sandbox picture, no AI model"
    assert both == f"Two pictures. {left}; right: image 60×40."


@pytest.fixture
def model(monkeypatch):
    """A service that says of none of its pictures that a sandbox painted it."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with server(answering([{"url": "/a.png"}], {"/a.png": encode(picture())})) as (url, _):
        nb_banana.configure(base_url=url)
        yield


def test_disclose_says_ai_generated_in_captions_also_stable_ones(model):
    nb_banana.configure(disclose=True)
    fox, two = nb_banana.generate("a fox"), nb_banana.generate("an owl", count=2)
    both = nb_banana.compare(fox, picture())
    for caption in ("full", "stable"):
        nb_banana.configure(caption=caption)
        assert fox.caption.startswith("AI generated · 60×40")
        html = two._repr_mimebundle_()[0]["text/html"]
        assert "AI generated · 2 pictures" in html
        assert "left: “a fox” (AI generated) · right: image" in both.caption
    nb_banana.configure(disclose=False)
    assert "AI generated" not in fox.caption + both.caption


def test_disclose_does_not_call_the_sandbox_a_model(service):
    nb_banana.configure(disclose=True)
    fox = nb_banana.generate("a fox")
    assert fox.caption.startswith("SANDBOX, no AI model · 1024×1024")
    assert "AI generated" not in nb_banana.Gallery([fox])._repr_mimebundle_()[0]["text/html"]
    assert fox.credit.endswith("no AI model")
