"""Cells as people write them: quiet ones, odd prompts, settings that do not fit, Tab in a line."""

import inspect
import math

import pytest
from PIL import Image

import nb_banana
from nb_banana import ImageRequest, configure, errors, generate
from nb_banana.models import MODELS
from nb_banana.notebook.completion import complete
from nb_banana.notebook.options import OPTIONS
from tests.conftest import KEY
from tests.support.shells import ipython_shell, run_notebook


@pytest.fixture
def ip(service):
    with ipython_shell() as shell:
        yield shell


def test_what_was_printed_before_a_line_is_not_cleared_with_the_waiting_line(service, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    cells = [
        "print('mine')\nx = %banana a banana [trouble: slow 1.3]\nprint('too')",
        "for n in range(1):\n    print('mine')\n    %banana a mug [trouble: slow 1.3]",
        "%%banana\na hat [trouble: slow 1.3]",
    ]
    start = f"%load_ext nb_banana\n%config Banana.base_url = '{service.url}'"
    printed = []
    for cell in run_notebook(start, *cells).cells[1:]:
        streams = [each["text"] for each in cell.outputs if each["output_type"] == "stream"]
        printed.append("".join(streams))
    assert printed == ["mine\ntoo\n", "mine\n", ""]
    assert len(service.charges) == 3


@pytest.mark.parametrize(
    "cells",
    [
        ("%%banana x --quiet\na banana", "%%banana y --quiet\na mug"),
        ("%%banana x\na banana;", "%%banana y\na mug;"),
        ("x = %banana --quiet a banana", "y = %banana --quiet a mug"),
        ("x = %banana a banana;", "y = %banana a mug;"),
        ("%banana --quiet a banana", "%banana a mug;"),
    ],
)
def test_quiet_cells_in_a_row_show_nothing_and_the_next_one_shows_again(ip, service, cells):
    for cell in cells:
        ip.run(cell)
        assert (ip.printed, ip.shown) == ("", [])
    assert [post.body["prompt"] for post in service.posts] == ["a banana", "a mug"]
    ip.run("1 + 1")
    assert "2" in ip.printed
    image = ip.run("%%banana z\na hat")
    assert "1024×1024" in ip.printed + str(ip.shown)
    assert ip.names["_"] is image


def test_a_quiet_cell_that_fails_does_not_hush_the_next_one(ip):
    ip.run("%%banana x --quiet\na [trouble: 400]", fails=True)
    ip.run("1 + 1")
    assert "2" in ip.printed


def test_a_semicolon_inside_a_prompt_is_part_of_it(ip, service):
    ip.run("%%banana\na cat; a dog;\nin a hat")
    assert service.posts[0].body["prompt"] == "a cat; a dog;\nin a hat"
    assert ip.printed != ""


@pytest.mark.parametrize("model", [model for model in MODELS if not model.min_images])
def test_settings_that_do_not_fit_a_model_stay_behind(ip, service, model):
    configure(resolution="2K", aspect_ratio="16:9", web_search=True)
    ip.run(f"%%banana -m {model.short[0]}\na banana")
    generate("a mug", model=model.short[-1])
    for post in service.posts:
        assert post.body.get("resolution") == ("2K" if model.resolutions else None)
        assert post.body.get("enable_web_search") == (model.web_search or None)
        assert post.body["aspect_ratio"] == "16:9"
    assert len(service.charges) == 2


@pytest.mark.parametrize(
    ("cell", "options", "words"),
    [
        ("-m 2.5 -r 2K", {"model": "2.5", "resolution": "2K"}, "takes no resolution. Leave it out"),
        ("-m pro -w", {"model": "pro", "web_search": True}, "can't search the web. Leave"),
        ("-m lite -a 4:5", {"model": "lite", "aspect_ratio": "4:5"}, "choose one of 1:1"),
    ],
)
def test_an_option_that_does_not_fit_a_model_fails_clearly(ip, service, cell, options, words):
    assert words in str(ip.run(f"%%banana {cell}\na banana", fails=True))
    with pytest.raises(errors.RequestError, match=words):
        generate("a banana", **options)
    assert service.posts == []


@pytest.mark.parametrize("model", [3, "", b"pro"])
def test_what_is_no_name_of_a_model_is_refused(service, model):
    with pytest.raises(errors.RequestError, match="model is a name such as"):
        generate("a banana", model=model)
    assert service.received == []


NO_TIMES = [math.inf, -math.inf, math.nan, 0, -1, True, False, "soon", "", "1e400", 86_401, [], {}]


@pytest.mark.parametrize("seconds", NO_TIMES, ids=repr)
def test_what_is_no_time_to_wait_is_refused_by_the_function_and_the_settings(service, seconds):
    with pytest.raises(errors.RequestError, match="number of seconds"):
        generate("a banana", timeout=seconds)
    with pytest.raises(errors.SettingsError, match="timeout"):
        configure(timeout=seconds)
    assert configure().timeout is None
    assert service.received == []


@pytest.mark.parametrize(
    "seconds", ["inf", "-inf", "nan", "0", "-1", "True", "soon", "''", "1e400"]
)
def test_what_is_no_time_to_wait_is_refused_by_the_line(ip, service, seconds):
    error = ip.run(f"%%banana --timeout={seconds}\na banana", fails=True)
    assert isinstance(error, errors.RequestError)
    assert "number of seconds" in str(error)
    assert service.received == []


@pytest.mark.parametrize("value", ["float('nan')", "1e400", "0", "-1", "True", "'soon'", "''"])
def test_what_is_no_time_to_wait_is_refused_by_config(ip, value):
    ip.run(f"%config Banana.timeout = {value}")
    assert configure().timeout is None
    ip.run("%config Banana.timeout = 7")
    assert configure().timeout == 7


@pytest.mark.parametrize("name", ["budget", "confirm_over", "timeout"])
def test_true_is_no_number(name):
    with pytest.raises(errors.SettingsError, match=name):
        configure(**{name: True})


@pytest.mark.parametrize("seconds", [5, 0.5, "7", "1e1"])
def test_a_time_to_wait_is_a_number_or_its_text(service, seconds):
    assert generate("a banana", timeout=seconds).size == (1024, 1024)


def test_half_a_character_in_a_prompt_is_a_sentence_and_costs_nothing(ip, service):
    with pytest.raises(errors.RequestError, match="half of a character"):
        generate("a \ud83d banana")
    ip.names["half"] = "\ude00"
    error = ip.run("%%banana\na {{half}} banana", fails=True)
    assert "half of a character" in str(error)
    assert service.received == []


@pytest.mark.parametrize("field", ["name", "alt", "params", "model"])
def test_half_a_character_elsewhere_loses_nothing(service, brisk, field):
    value = {"style": "\ud83d"} if field == "params" else "\ud83d"
    try:
        image = generate("a banana", **{field: value})
    except errors.RequestError:
        assert service.posts == []
        return
    assert image.size == (1024, 1024)
    assert image.caption
    assert generate("a banana", **{field: value}).size == (1024, 1024)
    assert len(service.posts) == 1


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("x = %banana -a 1", {"1:1", "16:9"}),
        ("x= %banana -r ", {"1K", "2K", "4K"}),
        ("a, b = %banana -m p", {"pro", "pro-edit"}),
        ("pictures['one'] = %banana --resol", {"--resolution"}),
        ("x.y = %banana -a 16", {"16:9"}),
    ],
)
def test_tab_completes_behind_an_assignment(ip, line, offered):
    made = ip.tab(line)
    before = line.rpartition(" ")[0]
    assert {f"{before} {each}" for each in offered} <= made
    ours = {f"{before} {each.text}" for each in complete(line, {})}
    assert made == ours


def test_tab_leaves_other_lines_alone(ip):
    _, matches = ip.shell.complete(None, "print('%banana -a 1", len("print('%banana -a 1"))
    assert "16:9" not in matches


def test_the_magics_docstring_and_help_name_every_option(ip):
    shown = [ip.shell.object_inspect(magic)["docstring"] for magic in ("%banana", "%%banana")]
    ip.run("%banana --help")
    for text in (*shown, ip.printed):
        for option in OPTIONS:
            assert all(flag in text for flag in option.flags), option.flags
            assert option.help.split(",")[0].split(":")[0] in " ".join(text.split())


ELSEWHERE = {"dry_run", "raw", "quiet", "help", "sweep"}
"""Options that only a cell has use for, or that have a function of their own."""


def test_the_functions_docstring_names_every_option():
    text = inspect.getdoc(generate)
    assert "as in `ImageRequest`" in text
    text += inspect.getdoc(ImageRequest)
    for option in OPTIONS:
        if option.dest not in ELSEWHERE:
            assert f"``{option.dest}``" in text or f"{option.dest}:" in text, option.dest
    for name in inspect.signature(generate).parameters:
        assert name in text, name
    assert nb_banana.generate is generate


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("nb_banana.generate('a', aspect='16:9')", "aspect_ratio"),
        ("nb_banana.generate('a', web=True)", "web_search"),
        ("nb_banana.generate('a', res='2K')", "resize or resolution"),
        ("nb_banana.generate('a', back=True)", "background"),
        ("nb_banana.configure(aspect='16:9')", "aspect_ratio"),
        ("nb_banana.sweep('a {{style_of_painting}}', sty=['a'])", "style_of_painting"),
        ("%banana -r 2 a", "2K"),
        ("%banana -a 1 a", "1:1 or 16:9"),
        ("%banana a {{colo}}", "colours_of_the_sea"),
        ("%banana a {{by.col}}", "colours_of_the_sea"),
        ("%banana -i colo a", "colours_of_the_sea"),
        ("%banana -i by['col'] a", "colours_of_the_sea"),
    ],
)
def test_the_one_word_that_begins_so_is_meant(ip, cell, meant):
    ip.names |= {"nb_banana": nb_banana, "by": {"colours_of_the_sea": 1, "cool": 2}}
    ip.names |= {"colours_of_the_sea": Image.new("RGB", (2, 2)), "cold": 3}
    assert f" Did you mean {meant}?" in str(ip.run(cell, fails=True))
