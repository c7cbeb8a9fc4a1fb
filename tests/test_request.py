"""A request is checked once, and its JSON and its key follow from it."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb_banana import ImageRequest
from nb_banana.errors import RequestError
from nb_banana.models import MODELS, find_model, model_id
from nb_banana.references.limits import ReferenceLimits
from nb_banana.references.reference import as_reference
from nb_banana.request import copy_with, expected_size
from tests.support.pictures import encode, photo, picture


def test_payload_holds_only_what_was_set():
    assert ImageRequest(" a banana\n").payload() == {
        "model": "google/nano-banana-2",
        "prompt": "a banana",
    }


def test_payload_names_every_field_as_the_api_does():
    request = ImageRequest(
        "a",
        images=["https://example.com/a.png"],
        aspect_ratio="16:9",
        resolution="2K",
        web_search=True,
        params={"seed": 7},
    )
    assert request.payload() == {
        "model": "google/nano-banana-2",
        "prompt": "a",
        "image_urls": ["https://example.com/a.png"],
        "aspect_ratio": "16:9",
        "resolution": "2K",
        "enable_web_search": True,
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("aspect_ratio", "16x9", "16:9"),
        ("aspect_ratio", "16 × 9", "16:9"),
        ("aspect_ratio", "9/16", "9:16"),
        ("resolution", "2k", "2K"),
        ("model", "lite", "google/gemini-3-1-flash-lite-image"),
        ("model", "2.1", "google/gemini-nano-banana-2.1"),
        ("model", "Nano-Banana-Pro", "google/nano-banana-pro"),
    ],
)
def test_values_are_understood_as_people_write_them(field, written, meant):
    assert ImageRequest("a", **{field: written}).payload()[field] == meant


def test_a_wrong_value_lists_the_allowed_ones_and_offers_the_nearest():
    with pytest.raises(RequestError, match=r"1:1, 9:16, 16:9, 3:4, 4:3.*Did you mean 16:9"):
        ImageRequest("a", aspect_ratio="16:10")


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"prompt": " \n\t"},
        {"prompt": None},
        {"prompt": b"a"},
        {"aspect_ratio": 1.5},
        {"resolution": 4},
        {"web_search": "yes"},
        {"model": ""},
        {"model": 2},
        {"take": 0},
        {"take": True},
        {"take": "2"},
        {"take": 1.5},
        {"take": 2**63},
        {"images": 3},
        {"images": [3]},
        {"images": ["ftp://example.com/a.png"]},
        {"images": ["data:image/png,abc"]},
        {"images": ["data:image/png;base64,a"]},
        {"images": ["data:image/png;base64,AAAA"]},
        {"images": "no-such-file.png"},
        {"images": [f"https://example.com/{n}.png" for n in range(6)]},
        {"model": "pro", "images": ["https://example.com/a.png"]},
        {"model": "pro-edit"},
        {"model": "2.5", "resolution": "2K"},
        {"model": "pro", "web_search": True},
        {"model": "acme/new", "aspect_ratio": 2},
        {"params": {"prompt": "b"}},
        {"params": {"x": float("nan")}},
        {"params": {"x": object()}},
        {"params": {3: 1}},
        {"params": [1]},
    ],
)
def test_wrong_input_is_refused_in_a_sentence(wrong):
    with pytest.raises(RequestError, match=r"\.$|\.\s"):
        ImageRequest(**{"prompt": "a", **wrong})


def test_what_a_model_can_not_do_is_said_in_its_own_words():
    with pytest.raises(RequestError, match=r"^nano-banana-pro can't search the web\. Leave web_s"):
        ImageRequest("a", model="pro", web_search=True)


def test_an_unknown_model_is_sent_unchecked():
    payload = ImageRequest("a", model="acme/new", aspect_ratio="7:5", resolution="8K").payload()
    assert (payload["model"], payload["aspect_ratio"], payload["resolution"]) == (
        "acme/new",
        "7:5",
        "8K",
    )


def test_a_further_field_wins_over_our_own_check():
    request = ImageRequest("a", aspect_ratio="16:9", params={"aspect_ratio": "21:9"})
    assert request.payload()["aspect_ratio"] == "21:9"


def test_a_request_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ImageRequest("a").prompt = "b"


def test_the_key_is_the_same_in_every_process():
    code = "from nb_banana import ImageRequest as R; print(R('a', resolution='2K', take=3).key)"
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert keys == {ImageRequest("a", resolution="2K", take=3).key}


def test_two_names_of_one_model_are_one_key():
    names = ("google/nano-banana-2", "google/gemini-3-1-flash-image-preview", "2")
    assert len({ImageRequest("a", model=name).key for name in names}) == 1


def test_all_that_decides_the_picture_decides_the_key():
    variants = [
        {},
        {"prompt": "b"},
        {"model": "lite"},
        {"aspect_ratio": "16:9"},
        {"resolution": "2K"},
        {"web_search": True},
        {"take": 2},
        {"params": {"seed": 1}},
        {"images": picture()},
        {"images": [picture(50, 50)]},
        {"images": [picture(), picture(50, 50)]},
        {"images": [picture(50, 50), picture()]},
        {"images": "https://example.com/a.png"},
    ]
    assert len({ImageRequest(**{"prompt": "a", **each}).key for each in variants}) == len(variants)


def test_a_copy_with_another_take_has_a_key_of_its_own():
    first = ImageRequest("a")
    keys = [first.key, copy_with(first, take=2).key]
    assert keys == [ImageRequest("a").key, ImageRequest("a", take=2).key]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"params": {"aspect_ratio": "16:9"}}, (500, 279)),
        ({"aspect_ratio": "16:9", "params": {"aspect_ratio": "1:1"}}, (500, 500)),
        ({"params": {"aspect_ratio": "7:5"}}, (500, 500)),
        ({"model": "acme/new", "aspect_ratio": "7:5"}, (500, 500)),
        ({"model": "acme/new"}, (500, 500)),
        ({"model": "lite", "images": "https://example.com/a.png"}, (500, 279)),
        ({"model": "lite", "images": picture(90, 90)}, (500, 500)),
    ],
)
def test_the_frame_of_a_picture_has_the_ratio_that_is_asked_however_it_is_asked(asked, size):
    assert expected_size(ImageRequest("a", **asked), longest=500) == size


def test_a_reference_counts_by_its_bytes_not_by_its_label(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(encode(picture()))
    forms = [file, str(file), file.read_bytes(), as_reference(file, label="me"), [[file]]]
    assert len({ImageRequest("a", images=form).key for form in forms}) == 1


def test_one_picture_or_many_may_be_given():
    pixels = np.zeros((4, 6, 3), "uint8")
    sizes = [
        len(ImageRequest("a", images=each).references) for each in (None, (), pixels, [pixels])
    ]
    assert sizes == [0, 0, 1, 1]
    many = ImageRequest("a", images=[pixels, [picture(), "https://a.b/c.png"]])
    assert many.payload()["image_urls"] == [each.url for each in many.images]
    assert len(many.images) == 3


def test_pictures_are_counted_after_the_same_ones_are_one():
    cats = [picture(40 + number, 40) for number in range(6)]
    assert len(ImageRequest("a", images=cats[:5] * 3).images) == 5
    with pytest.raises(RequestError, match="takes at most 5 reference pictures, and 6 were given"):
        ImageRequest("a", images=cats)


def test_pictures_are_held_to_the_limits_of_the_request_and_of_its_copies():
    limits = ReferenceLimits(total_bytes=20_000)
    request = ImageRequest("a", images=[photo(90, 90, 1), photo(90, 90, 2)], limits=limits)
    assert sum(map(len, request.payload()["image_urls"])) <= 20_000
    assert all(each.note for each in request.references)
    again = dataclasses.replace(request, take=2)
    assert [each.url for each in again.images] == [each.url for each in request.images]
    assert again.references[0].note == request.references[0].note
    with pytest.raises(RequestError, match="together as they are sent"):
        ImageRequest(
            "a", images=request.images, limits=ReferenceLimits(total_bytes=10, resize=False)
        )


def test_forty_requests_send_the_very_same_text():
    image = photo(200, 200)
    urls = {
        id(ImageRequest(f"cat {n}", images=image).payload()["image_urls"][0]) for n in range(40)
    }
    assert len(urls) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n", "\u200b\ufeff", "\u00a0\u2003\u3000", "\u2060\u200d\u200e", "\x00\x1b\x7f"),
        *("\ufe0f", "\u034f", "\u115f\u1160\u3164\uffa0", "\u2800", "\u00ad", "\u180b\u180e"),
        *("\U000e0041\U000e0100", "\u17b4\u17b5", "\u2028\u2029"),
    ],
)
def test_a_prompt_of_characters_that_nobody_sees_is_empty(text):
    with pytest.raises(RequestError, match="The prompt is empty"):
        ImageRequest(text)


@pytest.mark.parametrize(
    "text", ["🍌", "?", "日", "❤\ufe0f", "a\u200b", "\U000f0001", "…", "\u0301"]
)
def test_what_somebody_sees_is_a_prompt(text):
    assert ImageRequest(text).prompt == text


@given(st.text())
def test_any_text_is_a_prompt_or_a_clear_error(text):
    try:
        request = ImageRequest(text)
    except RequestError:
        assert not any(letter.isalnum() for letter in text) or "\u3164" in text
    else:
        assert request.payload()["prompt"] == text.strip()
        assert len(request.key) == 64


def test_every_name_of_every_model_leads_to_its_row():
    for model in MODELS:
        for name in (*model.ids, *model.short):
            assert find_model(name) is model
            assert model_id(name) in model.ids
