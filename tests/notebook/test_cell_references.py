"""What only a cell can do: words behind -i, and pictures that the prompt names."""

from pathlib import Path

import pytest

import nb_banana
from nb_banana import errors
from nb_banana.results.image_display import image_lines
from tests.support.pictures import encode, picture
from tests.support.shells import ipython_shell


@pytest.fixture
def ip(service, tmp_path, monkeypatch):
    """A shell with a few pictures in it, beside a few files."""
    monkeypatch.chdir(tmp_path)
    Path("mug.jpg").write_bytes(encode(picture(), "JPEG"))
    Path("red").write_bytes(encode(picture()))
    Path("number").write_bytes(encode(picture()))
    with ipython_shell() as shell:
        shell.run(
            "import PIL.Image, numpy as np, pandas as pd\n"
            "red, blue, green = (PIL.Image.new('RGB', (60, 40), each)\n"
            "                    for each in ('red', 'blue', 'green'))\n"
            "cats = [red, blue]\n"
            "figs = {'a': green, 'b c': blue}\n"
            "df = pd.DataFrame({'image': [red, blue]})\n"
            "nothing, word, number = [], 'a cat', 7\n"
        )
        yield shell


def mapping(image):
    """The line under the picture that says which image is which."""
    return next((line for line in image_lines(image) if line.startswith("image 1 = ")), "")


@pytest.mark.parametrize(
    ("flags", "labels"),
    [
        ("-i red", "image 1 = red"),
        ("-i cats", "image 1 = cats[0], image 2 = cats[1]"),
        ("-i cats[-1]", "image 1 = cats[-1]"),
        ("-i df.image[1]", "image 1 = df.image[1]"),
        ('-i figs["a"]', "image 1 = figs['a']"),
        ("-i figs['b c']", "image 1 = figs['b c']"),
        ("-i 'figs[\"a\"]'", "image 1 = figs['a']"),
        ("-i mug.jpg -i ./red", "image 1 = mug.jpg, image 2 = red"),
        ("--image=figs['a'] --image {{cats[0]}}", "image 1 = figs['a'], image 2 = red"),
        ("-i {{cats}}", "image 1 = red, image 2 = blue"),
    ],
)
def test_a_word_behind_i_is_a_name_of_the_notebook_or_a_file(ip, service, flags, labels):
    image = ip.run(f"%%banana x {flags}\na banana")
    assert mapping(image).replace('"', "'").replace("cats[0]", "red").replace(
        "cats[1]", "blue"
    ) == labels.replace("cats[0]", "red").replace("cats[1]", "blue")
    assert len(service.posts[0].body["image_urls"]) == labels.count("=")


def test_a_picture_in_the_prompt_is_image_n_and_the_caption_says_which(ip, service):
    ip.run("%%banana trex -a 16:9\nA T-Rex on a beach.")
    image = ip.run(
        "%%banana cafe -i mug.jpg\nPut {{trex}} in a café, drinking from the mug, by {{blue}}."
    )
    body = service.posts[1].body
    assert body["prompt"] == "Put image 2 in a café, drinking from the mug, by image 3."
    assert len(body["image_urls"]) == 3
    assert mapping(image) == "image 1 = mug.jpg, image 2 = trex, image 3 = blue"
    assert mapping(image) in image._repr_mimebundle_()[0].get(
        "text/html", "\n".join(image_lines(image))
    )
    assert image.parents == (ip.names["trex"],)


def test_a_picture_that_is_named_twice_is_one(ip, service):
    ip.run("%%banana -i red\n{{red}} and {{cats[0]}} and {{cats}} and {{df.image[1]}}")
    assert service.posts[0].body["prompt"] == "image 1 and image 1 and image 1, image 2 and image 2"
    assert len(service.posts[0].body["image_urls"]) == 2


def test_a_loop_over_pictures_counts_them(ip, service):
    ip.run("%banana {% for each in cats %}{{each}}; {% endfor %}side by side")
    assert service.posts[0].body["prompt"] == "image 1; image 2; side by side"


def test_raw_sends_the_braces_and_keeps_the_references(ip, service):
    ip.run("%%banana --raw -i red\nvoid f() {{ return {{red}}; }} {% if")
    body = service.posts[0].body
    assert body["prompt"] == "void f() {{ return {{red}}; }} {% if"
    assert len(body["image_urls"]) == 1


def test_a_variable_wins_over_a_file_of_its_name_and_that_is_said_once(ip):
    note = "red is the variable here, not the file; write ./red for that."
    image = ip.run("%%banana -i red -i red -i ./red\na banana")
    assert image.notes == (note,)
    assert mapping(image) == "image 1 = red, image 2 = red"
    assert note in repr(ip.run("%%banana -i red --dry-run\na banana"))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%banana -i mug\na", "no variable and no file mug. Did you mean mug.jpg?"),
        ("%%banana -i gren\na", "Did you mean green?"),
        ("%%banana -i cats[2]\na", "cats has 2 entries, and there is no cats[2]."),
        ("%%banana -i figs['x']\na", "figs has no 'x'."),
        ("%%banana -i figs.a\na", "figs has no .a. Did you mean figs['a']?"),
        ("%%banana -i nothing\na", "nothing is empty: there is no picture in it."),
        ("%%banana -i word\na", "word ('a cat') is not there"),
        ("%%banana -i number\na", "number is no picture: it is an int. number is the variable"),
        ("%%banana -i red._size\na", "no variable and no file red._size"),
        ("%%banana -i red.copy()\na", "no variable and no file red.copy()"),
        ("%%banana -i pd\na", "pd is no picture: it is a module."),
        ("%%banana\na {{bleu}}", "no 'bleu' in this notebook. Did you mean blue?"),
        ("%%banana\na {{figs}}", "has no words for a prompt"),
        ("%%banana\nfunction f() {{ return 1 }}", "Write --raw (raw=True in Python) where {{ and"),
    ],
)
def test_what_is_no_picture_here_is_refused_before_any_money(ip, service, cell, words):
    error = ip.run(cell, fails=True)
    assert isinstance(error, errors.RequestError)
    assert words in str(error)
    assert service.posts == []


@pytest.mark.parametrize(
    "text",
    [
        '{{trex.edit("x")}}',
        '{{[trex.edit][0]("x")}}',
        '{% set f = trex.edit %}{{f("x")}}',
        "{{trex.save('stolen.png')}}",
        "{{['x'] | map(trex.edit) | list}}",
        "{{trex | attr('edit')}}",
        "{{trex._data}}",
        "{{trex.__class__}}",
        "{{trex.edit.__globals__}}",
        "{{get_ipython().run_cell('1')}}",
        "{{open('mug.jpg').read()}}",
    ],
)
def test_no_prompt_spends_money_or_runs_what_is_ours(ip, service, text):
    ip.run("%%banana trex\nA T-Rex")
    error = ip.run(f"%%banana\n{text}", fails=True)
    assert isinstance(error, errors.RequestError)
    assert len(service.posts) == 1
    assert not Path("stolen.png").exists()


def test_a_dry_run_says_which_picture_is_which(ip, service):
    nb_banana.configure(reference_side=64)
    ip.run("wide = PIL.Image.new('RGB', (300, 200))")
    assert "image 1 = wide: image/jpeg, 300×200 → 64×43, " in repr(
        ip.run("%%banana -i wide --dry-run\na banana")
    )
    shown = repr(ip.run("%%banana -i mug.jpg --dry-run\nPut {{red}} there"))
    assert "image 1 = mug.jpg: image/jpeg, " in shown
    assert "image 2 = red: image/png, " in shown
    assert "Put image 2 there" in shown
    assert service.posts == []
