"""One prompt, several values: every combination, checked before anything is sent."""

import pandas as pd
import pytest

import nb_banana
from nb_banana import errors, sweep
from nb_banana.notebook.parser import read_sweeps
from nb_banana.references import encode as references_encode
from tests.support.shells import ipython_shell


@pytest.fixture(params=["function", "magic"])
def sweeping(request, service):
    """A sweep through each door: values are given as lists of the notebook."""
    if request.param == "function":
        yield lambda prompt, values, **more: sweep(prompt, over=values, **more)
        return
    with ipython_shell() as ip:

        def by_cell(prompt, values, *, fails=False, **more):
            ip.names |= {f"the_{name}": each for name, each in values.items()}
            words = [f"--sweep {name}={{{{the_{name}}}}}" for name in values]
            words += [f"--{name} {value}" for name, value in more.items()]
            ip.run(f"%%banana {' '.join(words)}\n{prompt}")
            return ip.run("_")

        yield by_cell


def test_every_combination_is_drawn_the_first_field_slowest(sweeping, service):
    values = {"animal": ["cat", "owl"], "aspect_ratio": ["1:1", "16:9"]}
    gallery = sweeping("a {{animal}} at sea", values)
    assert [(image.prompt, image.size) for image in gallery] == [
        ("a cat at sea", (1024, 1024)),
        ("a cat at sea", (1376, 768)),
        ("a owl at sea", (1024, 1024)),
        ("a owl at sea", (1376, 768)),
    ]
    assert [image.prompt for image in gallery.where(animal="owl")] == ["a owl at sea"] * 2


def test_takes_of_each_combination_vary_fastest(sweeping):
    gallery = sweeping("a {{animal}}", {"animal": ["cat", "owl"]}, count=2)
    assert [(image.prompt, image.request.take) for image in gallery] == [
        ("a cat", 1),
        ("a cat", 2),
        ("a owl", 1),
        ("a owl", 2),
    ]


def test_swept_pictures_are_references_by_their_names(sweeping, service):
    cats = [nb_banana.generate("a cat", take=take) for take in (1, 2)]
    gallery = sweeping("{{cat}} in the rain", {"cat": cats})
    assert [image.prompt for image in gallery] == ["image 1 in the rain"] * 2
    assert [image.parents[0].digest for image in gallery] == [cat.digest for cat in cats]


def test_models_and_web_search_can_be_swept(sweeping, service):
    sweeping("a cat", {"model": ["2", "lite"], "web_search": [True, False]})
    bodies = [post.body for post in service.posts]
    assert {(body["model"], body.get("enable_web_search")) for body in bodies} == {
        ("google/nano-banana-2", True),
        ("google/nano-banana-2", None),
        ("google/gemini-3-1-flash-lite-image", True),
        ("google/gemini-3-1-flash-lite-image", None),
    }


@pytest.mark.parametrize(
    ("prompt", "values", "sentence"),
    [
        ("a {{animal}}", {"animal": ["cat"], "aspect_ratio": ["1:1", "16:10"]}, "16:9"),
        ("a {{animal}}", {"animla": ["cat"]}, "Did you mean animal"),
        ("a cat", {"resolutions": ["1K"]}, "Did you mean resolution"),
        ("a {{animal}} {{style}}", {"animal": ["cat"]}, "There is no 'style'"),
        ("a {{animal}}", {"animal": []}, "has no values"),
        ("a {{animal}}", {"animal": ["cat", float("nan")]}, "animal is nan, which is no word"),
        ("a {{animal", {"animal": ["cat"]}, "The template is broken"),
        ("a cat", {"take": [1, 2]}, "-n 4"),
    ],
)
def test_one_value_that_is_wrong_stops_all_of_them(service, prompt, values, sentence):
    with pytest.raises(errors.RequestError, match=sentence):
        sweep(prompt, over=values)
    assert not service.posts


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"animals": ["cat"]}, "no option 'animals', and the prompt has no {{animals}}. Did you"),
        ({"animal": pd.DataFrame({"animal": ["cat"]})}, "Name the column"),
        ({"over": {"animal": pd.DataFrame({"animal": ["cat"]})}}, "Name the column"),
        ({"over": ["animal"]}, "over is a dict"),
    ],
)
def test_what_python_can_not_sweep_is_said(service, options, sentence):
    with pytest.raises(errors.RequestError, match=sentence):
        sweep("a {{animal}}", **options)
    assert not service.posts


def test_one_value_is_a_sweep_of_one_and_not_of_its_letters(service):
    assert [image.prompt for image in sweep("a {{n}}", over={"n": "cat"})] == ["a cat"]
    assert [image.prompt for image in sweep("a {{n}}", over={"n": 7})] == ["a 7"]


def test_python_sweeps_what_is_a_list_and_fills_in_what_is_not(service):
    gallery = sweep(
        "a {{animal}} in {{style}}", animal=pd.Series(["cat", "owl"]), style="ink", resolution="1K"
    )
    assert [image.prompt for image in gallery] == ["a cat in ink", "a owl in ink"]


def test_the_alt_text_of_a_sweep_is_filled_once(service):
    gallery = sweep("a {{animal}}", animal=["cat", "{{x}}"], alt="One {{animal}}")
    assert [image.alt for image in gallery] == ["One cat", "One {{x}}"]
    with ipython_shell() as ip:
        ip.names["said"] = "{{animal}}"
        gallery = ip.run("%%banana --alt '{{said}}' --sweep animal=cat,owl\na {{animal}}")
    assert [image.alt for image in gallery] == ["{{animal}}"] * 2


def test_a_field_is_not_swept_and_set(service):
    with ipython_shell() as ip:
        error = ip.run("%%banana -a 1:1 --sweep aspect-ratio=1:1,16:9\na cat", fails=True)
    assert "leave one of them out" in str(error)


def test_raw_leaves_braces_alone_and_sweeps_fields_only(service):
    with ipython_shell() as ip:
        ip.run("%%banana --raw --sweep aspect-ratio=1:1,16:9\na {{cat")
        assert [image.prompt for image in ip.run("_")] == ["a {{cat"] * 2
        error = ip.run("%%banana --raw --sweep cat=a,b\na {{cat}}", fails=True)
        assert "leave --raw out" in str(error)


def test_a_dry_run_says_the_price_of_all_and_shows_the_first(service):
    with ipython_shell() as ip:
        text = repr(ip.run("%%banana --dry-run --sweep animal=cat,owl -n 2\na {{animal}}"))
    assert "4 pictures, about $0.36" in text
    assert "first of 4 requests" in text
    assert '"prompt": "a cat"' in text
    assert not service.posts


def test_values_of_the_notebook_and_of_the_line_go_together():
    names = {"pets": ["cat", "owl"], "pet": "fox"}
    assert read_sweeps(["animal={{pets}}"], names) == {"animal": ["cat", "owl"]}
    assert read_sweeps(["animal={{pet}}, bee"], names) == {"animal": ["fox", "bee"]}
    assert read_sweeps(["animal={{pet}},{{pets[1]}}"], names) == {"animal": ["fox", "owl"]}
    assert read_sweeps(["web-search=yes,no"], {}) == {"web_search": [True, False]}


@pytest.mark.parametrize("text", ["style", "style=", "=oil", "a b=c"])
def test_a_sweep_that_is_none_says_how_it_is_written(text):
    with pytest.raises(errors.RequestError, match="write FIELD=V1,V2"):
        read_sweeps([text], {})


def test_a_field_is_swept_once():
    with pytest.raises(errors.RequestError, match="put all its values into one"):
        read_sweeps(["style=oil", "style=ink"], {})


def test_a_reference_of_all_is_encoded_once(service, monkeypatch):
    calls = []
    original = references_encode.from_image
    monkeypatch.setattr(
        references_encode,
        "from_image",
        lambda *args, **more: calls.append(1) or original(*args, **more),
    )
    import PIL.Image

    sweep(
        "make it {{colour}}", colour=["red", "blue", "green"], images=PIL.Image.new("RGB", (9, 9))
    )
    assert len(calls) == 1
    assert len({post.body["image_urls"][0] for post in service.posts}) == 1
