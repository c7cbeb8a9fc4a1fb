"""What a person has, types and sees is what it was at commit 1470f9c.

The files in ``data`` were made by the code of that commit. They are never made anew: where a test
is red, somebody would pay again, or find something gone.
"""

import base64
import html
import json
import pickle
import re
import shutil
from pathlib import Path

import pytest

import nb_banana
from nb_banana import ImageRequest
from nb_banana.display.html import FADE_IN, FADING
from nb_banana.library.library import Library
from nb_banana.library.rows import family_key

from . import snapshot

DATA = Path(__file__).parent / "data"
REQUESTS = json.loads((DATA / "requests.json").read_text("utf-8"))
LIBRARY = json.loads((DATA / "library.json").read_text("utf-8"))
SEEN = json.loads((DATA / "seen.json").read_text("utf-8"))
SERVICE = "127.0.0.1-8765"


def given(value):
    """A reference as it was given: bytes stand in JSON as base64."""
    if isinstance(value, dict):
        return base64.b64decode(value["bytes"])
    return [given(each) for each in value] if isinstance(value, list) else value


def options(arguments):
    return arguments | {"images": given(arguments.get("images", ()))}


@pytest.mark.parametrize("golden", REQUESTS, ids=lambda golden: golden["key"][:8])
def test_a_request_has_the_key_that_its_picture_is_kept_under(golden):
    request = ImageRequest(**options(golden["arguments"]))
    assert (request.key, family_key(request)) == (golden["key"], golden["family"])
    assert request.payload() == golden["payload"]


@pytest.fixture
def old_library(tmp_path):
    """A copy of the library, and settings under which nothing is ever sent."""
    shutil.copytree(DATA / "library", tmp_path / "library")
    nb_banana.configure(
        library=str(tmp_path / "library"), base_url="http://127.0.0.1:8765", backend="library"
    )
    return Library(tmp_path / "library" / SERVICE, SERVICE)


def test_an_old_library_has_its_pictures_as_hits(old_library):
    for hit in LIBRARY["hits"]:
        image = nb_banana.generate(hit["prompt"], **options(hit["options"]))
        assert (image.came, image.digest) == ("reused", hit["digest"])
        assert [list(image.size), str(image.cost)] == [hit["size"], hit["usd"]]
        # What had no name was called "picture", and such a cell ran nowhere: now it is its file.
        cell = re.sub(r"-i \S+/references/\S+", "-i picture", image.cell())
        assert (cell, len(image.extras)) == (hit["cell"], hit["extras"])
        assert image.path.read_bytes() == image.bytes


def test_an_old_librarys_edit_knows_what_it_was_made_from(old_library):
    edit = nb_banana.load(LIBRARY["edit"]["digest"])
    assert [each.digest for each in edit.parents] == [LIBRARY["edit"]["parent"]]
    again = nb_banana.load(LIBRARY["edit"]["parent"]).edit("make it winter")
    assert (again.came, again.digest) == ("reused", edit.digest)


def test_an_old_librarys_history_and_bills_are_whole(old_library):
    assert [each.digest for each in nb_banana.history()] == LIBRARY["history"]
    assert str(sum(bill.usd for bill in old_library.bills())) == LIBRARY["spent"]


def test_an_old_librarys_open_requests_are_still_open(old_library):
    found = [[each.state, each.request.prompt] for each in old_library.unfinished()]
    assert found == LIBRARY["unfinished"]


def test_an_old_lesson_is_unpacked(tmp_path, monkeypatch):
    notebook = nb_banana.unpack(DATA / "lesson.zip", tmp_path / "class")
    monkeypatch.chdir(notebook.parent)
    nb_banana.configure(base_url="http://127.0.0.1:8765", backend="library")
    assert nb_banana.generate("a banana").digest == LIBRARY["hits"][0]["digest"]


def test_the_prompt_inside_an_old_file_is_read(tmp_path):
    image = nb_banana.load(DATA / "embedded.png")
    assert (image.prompt, image.receipt.service) == ("a banana", "127.0.0.1:8765")


def test_old_pickles_are_opened():
    found = pickle.loads((DATA / "pickled.pickle").read_bytes())
    assert found["image"].size == (8, 6)
    assert found["edit"].prompt == "make it winter"
    assert [each.prompt for each in found["gallery"]] == ["a banana", "a pair [two]"]
    assert len(found["request"].references) == 2


VALUES = pickle.loads((DATA / "values.pickle").read_bytes())
"""One value of each kind, each function, and each class that a pickle may name, pickled."""


@pytest.mark.parametrize("name", VALUES)
def test_an_old_pickle_of_each_value_function_and_class_is_opened(name):
    value = pickle.loads(VALUES[name])
    assert set(SEEN["attributes"].get(name, ())) <= set(dir(value))
    if name.endswith("()"):
        assert value is getattr(nb_banana, name.removesuffix("()"))


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Before the settings of each test: it is made once, and they are put back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("seen")))
        patch.setenv("AIMLAPI_KEY", "a-key-of-nobody")
        settings = nb_banana.configure()
        before = {name: getattr(settings, name) for name in settings.trait_names(config=True)}
        found = json.loads(json.dumps(snapshot.seen()))
        nb_banana.configure(**before)
    return found


@pytest.mark.parametrize("part", ["attributes", "errors", "settings"])
def test_what_a_person_types_is_still_there(part, seen):
    """New names, bases and attributes may stand beside it."""
    inner = {"Told", "object"}  # never for people: the base that errors share, and Python's own
    for name, known in SEEN[part].items():
        assert set(known) - inner <= set(seen[part][name]), name


def test_a_call_that_worked_still_works(seen):
    """New parameters may stand beside those there were: never before them, never required."""
    for name, known in SEEN["names"].items():
        there = seen["names"][name]
        assert [each for each in there if each in known] == known, name
        added = [each for each in there if each not in known]
        assert all("=" in each or each.startswith("*") for each in added), name


def test_every_option_is_still_there(seen):
    flags = r"^  (-\S+(?: \S+)*)"
    before, now = (re.findall(flags, each["help"], re.M) for each in (SEEN, seen))
    assert [each for each in before if each not in now] == []
    assert len(before) == 19


FRUIT = 'a <banana> & "more"'
ALOUD = {
    "image": f"{FRUIT}, AI-generated picture, 64×48.",
    "again": f"{FRUIT}, AI-generated picture, 64×48.",
    "loaded": "a dog, AI-generated picture, 64×48.",
    "transparent": "a window, AI-generated picture, 64×48.",
    "edit": f"make it night (image 1: {FRUIT}), AI-generated picture, 64×48.",
    "gallery": "Contact sheet of 3 (take 1, take 2). several; a window, AI-generated pictures.",
    "gallery with a failure": "Contact sheet of 2. a dog; refused, AI-generated pictures.",
    "comparison": f"Two pictures. left: {FRUIT}, AI-generated picture; right: make it night "
    f"(image 1: {FRUIT}), AI-generated picture.",
}
"""The text beside a picture was its repr. By now it is a sentence: VS Code and MyST take it for the
alt text."""


def _as_it_is_read_aloud(name, before, now):
    """What else is another one by now, in place: an edit's alt text says what image 1 is."""
    shown = before[0] if isinstance(before, list) else before
    if name in ALOUD:
        shown["text/plain"] = ALOUD[name]
    if name in {"edit", "comparison", "tree"}:
        aloud = html.escape(f"make it night (image 1: {FRUIT})")
        for side in ("", "right: "):
            old, new = f'alt="{side}make it night"', f'alt="{side}{aloud}"'
            shown["text/html"] = shown["text/html"].replace(old, new)
    if name.startswith("gallery"):  # one picture of all is tiles; below are the same lines
        lines = re.findall(r"<figcaption.*?>(.*?)</figcaption>", shown["text/html"])[-1]
        html_now = now[0]["text/html"]
        assert html_now.endswith(f"<figcaption>{lines}</figcaption></figure></div>")
        shown["text/html"] = html_now
    if name == "comparison":  # another slider: what each picture is called in it stays
        for each in (now, before):
            each[0]["text/html"] = sorted(re.findall(r'alt="([^"]*)"', each[0]["text/html"]))
    if name == "edit":
        before[1]["image/jpeg"]["alt"] = f"make it night (image 1: {FRUIT})"


ANEW = {"dry run", "failure", "history", "recovery", "spending", "tree"}
"""These have another look by now, and the words that they had."""


def _words(shown):
    page = re.sub(r'<style>.*?</style>| style="[^"]*"', "", shown["text/html"])
    return set(re.findall(r'[^\s<>"]+', page.replace("&#10;", "\n")))


@pytest.mark.parametrize("name", sorted(ANEW))
def test_what_has_another_look_says_what_it_said(name, seen):
    now, before = seen["bundles"][name], json.loads(json.dumps(SEEN["bundles"][name]))
    _as_it_is_read_aloud(name, before, now)
    assert _words(before) <= _words(now)
    assert now.keys() == before.keys()
    assert now.get("text/plain") == before.get("text/plain")


@pytest.mark.parametrize("name", sorted({*SEEN["bundles"]} - ANEW - {"receipt"}))
def test_what_a_person_sees_is_what_it_was(name, seen):
    # Blank lines of code are entities by now and show the same: Markdown ends HTML at a blank one.
    # A picture keeps its place before it is there, and fades in.
    now = json.dumps(seen["bundles"][name]).replace("&#10;", "\\n")
    now = now.replace(FADE_IN, "").replace(f"{FADING};", "")
    now = json.loads(re.sub(r' width=\\"\d+\\" height=\\"\d+\\"', "", now))
    # A preview is longer by now: it says how it was made.
    told = re.sub(r'"iVBOR[^"]*"', '"BASE64"', json.dumps(SEEN["bundles"][name]))
    before = json.loads(told)
    _as_it_is_read_aloud(name, before, now)
    assert now == before


def test_what_a_person_reads_is_what_it_was(seen):
    assert seen["texts"] == SEEN["texts"]
