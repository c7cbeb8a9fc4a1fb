"""Each field of a request is described once, and all that reads fields reads it there.

The last test follows CONTRIBUTING's recipe for two invented fields in a copy of the package, and
has these tests prove them.
"""

import dataclasses
import json
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nb_banana import (
    Gallery,
    ImageRequest,
    configure,
    dry_run,
    errors,
    generate,
    history,
    load,
    sweep,
)
from nb_banana._default import client
from nb_banana.generation.options import build_request
from nb_banana.library.rows import request_row, restore_request
from nb_banana.models import DEFAULT_MODEL, FIELDS, MODELS, Model, find_model
from nb_banana.notebook.completion import complete
from nb_banana.notebook.parser import help_text, parse_cell_line
from nb_banana.services.aimlapi.service import payload_of
from nb_banana.widgets.form import CONTROLS, EMPTY, Fields, Form, fit_form, model_offer, read_cell
from nb_banana.widgets.panel import Panel
from nb_banana.widgets.prefill import form_of_image
from tests.support.amount import ALL
from tests.support.pictures import encode, picture
from tests.support.shells import ipython_shell

ROOT = Path(__file__).parent.parent
KINDS = {
    "switch": True,
    "model": "nano-banana-2-lite",
    "pictures": encode(picture()),
    "take": 2,
    "params": {"seed": 7},
}
PLAIN = [each for each in FIELDS if each.kind in {"choice", "switch"}]


def value_of(what):
    """A value that the usual model takes, and that is none of the defaults."""
    taken = what.taken_by(find_model(DEFAULT_MODEL))
    return taken[1] if what.kind == "choice" else KINDS[what.kind]


def line_of(what):
    """How a cell says it, where `mug` is a picture."""
    value = {"pictures": "mug", "params": "seed=7"}.get(what.kind, value_of(what))
    return what.flags[0] if value is True else f"{what.flags[0]} {value}"


@pytest.fixture(params=FIELDS, ids=lambda each: each.name)
def what(request):
    return request.param


@pytest.fixture
def request_with(what):
    return ImageRequest("a banana", **{what.name: value_of(what)})


@pytest.fixture
def image(service, what):
    return generate("a banana", **{what.name: value_of(what)})


def test_every_field_has_a_row_and_every_row_a_field():
    fields = {each.name for each in dataclasses.fields(ImageRequest)}
    assert {each.name for each in FIELDS} == fields - {"prompt", "limits", "catalogue"}
    flags = [flag for each in FIELDS for flag in each.flags]
    keys = [each.key for each in FIELDS if each.key]
    assert (len(set(flags)), len(set(keys))) == (len(flags), len(keys))
    assert {each.name for each in FIELDS if not each.key} == {"take", "params"}


def test_what_models_take_of_it_stands_in_their_table(what):
    if what.of_model:
        assert what.of_model in {each.name for each in dataclasses.fields(Model)}
    if what.kind == "choice":
        assert all(set(what.taken_by(model)) <= set(what.values) for model in MODELS)


def offered(line):
    return [each.text for each in complete(line, {})]


def test_the_magic_reads_it_tab_offers_it_and_the_help_tells_it(what):
    options = parse_cell_line(line_of(what), {}).options
    found = ["mug"] if what.kind == "pictures" else value_of(what)
    assert options == {what.name: found}
    assert what.flags[-1] in offered(f"%%banana {what.flags[-1][:4]}")
    assert all(flag in help_text() for flag in what.flags)
    assert what.help[:20] in help_text()
    if what.kind == "choice":
        assert value_of(what) in offered(f"%%banana {what.flags[0]} ")


def test_it_is_asked_for_and_another_value_is_another_picture(what, request_with):
    plain = ImageRequest("a banana")
    assert request_with.key != plain.key
    assert what.name in ImageRequest.__doc__
    assert request_with == build_request(
        client().context, "a banana", **{what.name: value_of(what)}
    )
    is_sent = payload_of(request_with) != payload_of(plain)
    assert is_sent == (what.kind != "take")
    assert request_with.payload() == payload_of(request_with)


def test_it_is_pickled_and_stays_what_it_was(request_with):
    again = pickle.loads(pickle.dumps(request_with))
    assert (again, again.key) == (request_with, request_with.key)


@pytest.mark.parametrize("what", PLAIN, ids=lambda each: each.name)
def test_what_it_can_not_be_is_refused_by_us_and_by_the_sandbox(what, request_with, service):
    with pytest.raises(errors.RequestError, match=what.name):
        ImageRequest("a banana", **{what.name: 5})
    (sent,) = payload_of(request_with).keys() - payload_of(ImageRequest("a banana")).keys()
    with pytest.raises(errors.BadRequestError, match=sent):
        generate("a banana", params={sent: 5})


@pytest.mark.parametrize(
    "what", [each for each in PLAIN if configure().has_trait(each.name)], ids=lambda each: each.name
)
def test_a_setting_of_its_name_is_its_default_where_the_model_takes_it(what):
    configure(**{what.name: value_of(what)})
    assert getattr(build_request(client().context, "a banana"), what.name) == value_of(what)
    for model in MODELS:
        images = [KINDS["pictures"]] * model.min_images
        asked = build_request(client().context, "a banana", model=model.ids[0], images=images)
        assert what.taken_by(model) or not getattr(asked, what.name)


def test_the_librarys_row_has_it(request_with):
    again = restore_request(request_row(request_with), lambda digest: KINDS["pictures"])
    assert again.key == request_with.key


def test_the_picture_its_file_and_the_history_have_it(what, image, tmp_path):
    assert load(image.id).request == image.request
    assert history()[0].request.key == image.request.key
    if what.kind != "pictures":  # they are not in the file
        told = load(image.save(tmp_path / "a.png", embed=True)).request
        assert getattr(told, what.name) == getattr(image.request, what.name)


def test_tables_have_it(what, image):
    pytest.importorskip("pandas")
    gallery = Gallery([image])
    for table in (history().to_frame(), gallery.to_frame()):
        assert (what.name in table.columns) == what.is_column
    if not what.is_repeatable:
        assert len(gallery.where(**{what.name: value_of(what)})) == 1


def test_the_cell_of_the_picture_asks_for_the_same_again(what, image):
    with ipython_shell() as shell:
        shell.names["mug"] = picture()
        assert f"{what.flags[0]}" in image.cell().split()
        again = shell.run(image.cell())
    assert (again.came, again.digest) == ("reused", image.digest)


def test_the_dry_run_shows_what_is_sent(what, service):
    shown = dry_run("a banana", **{what.name: value_of(what)})
    assert shown.payload == payload_of(ImageRequest("a banana", **{what.name: value_of(what)}))
    assert json.loads(shown.json) == shown.payload


def test_several_values_are_swept_and_the_line_says_them(what, service):
    if not what.is_swept:
        with pytest.raises(errors.RequestError):
            sweep("a banana", over={what.name: [value_of(what)]})
        return
    gallery = sweep("a banana", over={what.name: [value_of(what)]})
    told = "yes" if what.kind == "switch" else value_of(what)
    with ipython_shell() as shell:
        same = shell.run(f"%%banana --sweep {what.name.replace('_', '-')}={told}\na banana")
    assert [each.request.key for each in same] == [each.request.key for each in gallery]
    assert what.name in gallery.variants[0]


def test_the_panel_has_a_control_for_it_or_it_is_a_further_option(what, image):
    form = read_cell(f"%%banana {line_of(what)}\na banana")
    assert read_cell(form.cell) == form
    if what.kind != "pictures":
        assert form_of_image(image, {}).cell == f"%%banana {line_of(what)}\na banana"
    if what not in CONTROLS:
        assert what.kind == "pictures" or form.more
        return
    assert getattr(form, what.name) == value_of(what)
    assert {"name": what.name, "kind": what.kind, "label": what.label} in Fields.controls.default()
    shown = Panel(form, {})
    assert getattr(shown, what.name) == value_of(what)
    assert shown.offered["values"][what.name]
    shown.close()


def test_what_a_model_does_not_take_leaves_the_form(what):
    for model in MODELS:
        if what in CONTROLS and not what.taken_by(model):
            form, said = fit_form(Form(**{what.name: value_of(what)}), model_offer(model.ids[0]))
            assert getattr(form, what.name) == EMPTY[what.name]
            assert model.short[0] in said


def test_the_browser_spells_no_field_of_a_request():
    for path in (ROOT / "nb_banana" / "widgets" / "static").glob("*.js"):
        words = set(re.findall(r"\w+", path.read_text("utf-8")))
        assert words.isdisjoint(each.name for each in CONTROLS if each.name != each.kind), path.name


ROWS = """\
    RequestField(
        name="transparent",
        flags=("--transparent",),
        kind="switch",
        help="a picture without a ground",
        label="Transparent",
        key="transparent",
    ),
    RequestField(
        name="quality",
        flags=("-q", "--quality"),
        kind="choice",
        metavar="QUALITY",
        help="low, high",
        values=("low", "high"),
        of_model="qualities",
        label="Quality",
        key="quality",
    ),
"""
RECIPE = [
    ("models.py", '    RequestField(\n        name="images"', ROWS, ""),
    (
        "models.py",
        "    max_count: int = 1\n",
        "",
        '    qualities: tuple[str, ...] = ("low", "high")\n',
    ),
    (
        "request.py",
        "        limits: how large the reference",
        "        transparent: whether there is no ground.\n        quality: low or high.\n",
        "",
    ),
    (
        "request.py",
        "    limits: ReferenceLimits = field(default=LIMITS, repr=False, compare=False)\n",
        "",
        "    transparent: bool = False\n    quality: str | None = None\n",
    ),
    (
        "settings.py",
        "    web_search = Bool(",
        '    quality = Choice(("low", "high"), help="How good.").tag(config=True)\n',
        "",
    ),
    (
        "sandbox/validation.py",
        '    _read(fields, "enable_web_search", bool, hints)\n',
        "",
        '    _read(fields, "transparent", bool, hints)\n'
        '    _choose(fields, "quality", offer.model.qualities, hints)\n',
    ),
]
"""CONTRIBUTING's recipe: what is put before or after which line of which file."""


@pytest.mark.skipif(not ALL, reason="it copies the package and starts it: make test-all")
def test_two_invented_fields_follow_from_their_rows(tmp_path):
    """The files of the recipe are changed in a copy, and all tests above hold for them there."""
    for part in ("nb_banana", "tests"):
        skipped = shutil.ignore_patterns("__pycache__", "benchmarks", "promises", "browser")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line, before, after in RECIPE:
        path = tmp_path / "nb_banana" / name
        text = path.read_text("utf-8")
        assert text.count(line) == 1, line
        start, _, end = text.partition(line)
        path.write_text(start + before + line + after + end, "utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-k", "quality or transparent"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/test_fields.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
