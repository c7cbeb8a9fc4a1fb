"""A word behind ``-i`` is a name of the notebook, else a file, else an address."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb_banana.display import output
from nb_banana.errors import BadReferenceError
from nb_banana.notebook.pictures import pictures
from nb_banana.references.reference import as_references
from nb_banana.references.variables import NotFound, find_picture, look_up, near_variables
from tests.support.pictures import encode, picture

CAT = picture()
NAMES = {
    "cat": CAT,
    "results": [CAT, "second", "last"],
    "figs": {"a": CAT, "c d": [1, {"e": 2}], 3: "three"},
    "box": SimpleNamespace(inner=SimpleNamespace(image=CAT), _hidden=1),
    "_": "output",
    "Bär": CAT,
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("cat", CAT),
        (" cat ", CAT),
        ("Bär", CAT),
        ("_", "output"),
        ("results[0]", CAT),
        ("results[-1]", "last"),
        ('figs["a"]', CAT),
        ("figs['c d'][1]['e']", 2),
        ("figs[3]", "three"),
        ("box.inner.image", CAT),
        ("box.inner.image.size[1]", 40),
    ],
)
def test_dotted_and_indexed_names_are_found(word, value):
    assert look_up(word, NAMES) is value or look_up(word, NAMES) == value


@pytest.mark.parametrize(
    "word",
    [
        "",
        "my cat.jpg",
        "a/b.png",
        "cat.copy()",
        "results[len(results) - 1]",
        "results[0:2]",
        "results[n]",
        "results[0.0]",
        "box._hidden",
        "cat.__class__",
        "(lambda: cat)()",
        "[cat][0]",
        "cat if cat else cat",
        "f'{cat}'",
        "__import__('os')",
        "cat\0",
        "(" * 500,
    ],
)
def test_what_is_more_than_a_name_is_not_evaluated(word):
    assert look_up(word, NAMES) == NotFound(word)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("dog", "There is no variable dog."),
        ("results[7]", "results has 3 entries, and there is no results[7]."),
        ("figs['b']", "figs has no 'b'."),
        ("box.iner.image", "box has no .iner. Did you mean inner?"),
        ("cat[0]", "There is no cat[0]: cat is Image."),
        ("results['a']", "There is no results['a']: results is list."),
    ],
)
def test_what_is_missing_on_the_way_is_said(word, reason):
    missing = look_up(word, NAMES)
    assert isinstance(missing, NotFound)
    assert missing.reason == reason


def test_a_picture_in_a_table_is_found():
    pd = pytest.importorskip("pandas")
    names = {"df": pd.DataFrame({"image": [CAT, None], "my file": ["a.png", "b.png"]})}
    assert look_up("df.image[0]", names) is CAT
    assert look_up('df["my file"][1]', names) == "b.png"
    assert "entries" in look_up("df.image[5]", names).reason


@given(st.text())
def test_any_text_is_looked_up_without_an_accident(text):
    assert look_up(text, {"a": [1]}) is not None


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mug.jpg", "cat", "photo.of.me.png"):
        Path(name).write_bytes(encode(picture()))
    return tmp_path


def test_a_variable_is_found_before_a_file_and_that_is_said(here):
    value, label, note = find_picture("cat", NAMES)
    assert (value, label) == (CAT, "cat")
    assert note == "cat is the variable here, not the file; write ./cat for that."
    assert find_picture("./cat", NAMES) == ("./cat", "cat", None)


def test_a_name_alone_needs_no_note(here):
    assert find_picture("results[0]", NAMES) == (CAT, "results[0]", None)


def test_a_file_is_found_by_its_path(here):
    assert find_picture("mug.jpg", NAMES) == ("mug.jpg", "mug.jpg", None)
    assert find_picture("photo.of.me.png", NAMES) == ("photo.of.me.png", "photo.of.me.png", None)
    absolute = str(here / "mug.jpg")
    assert find_picture(absolute, {}) == (absolute, "mug.jpg", None)


def test_a_file_with_the_beginning_of_a_variable_is_found(here):
    assert find_picture("mug.jpg", {"mug": CAT})[0] == "mug.jpg"


def test_addresses_pass():
    assert find_picture("https://a.b/cat.png", NAMES)[0] == "https://a.b/cat.png"
    assert find_picture("data:image/png;base64,AA", NAMES)[:2] == (
        "data:image/png;base64,AA",
        "data: address",
    )


def test_a_list_is_several_pictures(here):
    value, label, _ = find_picture("cats", {"cats": [CAT, picture(20, 20)]})
    assert [each.label for each in as_references(value, label=label)] == ["cats[0]", "cats[1]"]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("mug", r"no variable and no file mug\. Did you mean mug\.jpg\?$"),
        ("mug.png", r"no variable and no file mug\.png\. Did you mean mug\.jpg\?$"),
        ("catt", r"no variable and no file catt\. Did you mean cat\?$"),
        ("results[7]", r"^results has 3 entries, and there is no results\[7\]\.$"),
        ("zebra", r"no file zebra\. Pictures here: cat, results, Bär\.$"),
        ("zebra()", r"no file zebra\(\)\. Pictures here"),
        ("", r"no variable and no file \. Pictures here"),
        ("a\0b", "no variable and no file"),
        ("x" * 5000, "no variable and no file"),
        ("~nobody-of-that-name/x.png", "no variable and no file"),
    ],
)
def test_what_is_neither_comes_with_the_names_near_it(here, word, sentence):
    names = {"cut": 3, **{name: NAMES[name] for name in ("cat", "results", "Bär")}}
    with pytest.raises(BadReferenceError, match=sentence):
        find_picture(word, names)


def test_pictures_come_first_among_near_names():
    names = {"trex2": 1, "trex1": 2, "trax": np.zeros(3), "tres": CAT, "In": [], "_trex": CAT}
    assert near_variables("trex", names)[0] == "tres"
    assert len(near_variables("trex", names)) == 3


HALF = [
    *("PIL.Image", "IPython.core.display", "matplotlib.figure", "matplotlib.artist", "IPython"),
    "nb_banana.results.gallery",
]


@pytest.mark.parametrize("name", HALF)
def test_what_another_thread_is_loading_right_now_keeps_no_picture_away(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, ModuleType(name))  # so far it is empty
    (reference,) = as_references([encode(CAT)])
    assert reference.url.startswith("data:image/png")
    assert dict(pictures({"cats": [encode(CAT)], "shown": CAT}, "")).keys() <= {"cats", "shown"}
    assert output.shell() is None
