"""`%banana` and `%%banana` in IPython's shell: what is bound, shown, refused and sent."""

import re
import shutil
import subprocess
import sys

import pytest

import nb_banana
from nb_banana import BananaImage, ImageRequest, configure, errors
from nb_banana.generation.dry_run import DryRun
from nb_banana.notebook.completion import complete, matchers_of
from nb_banana.notebook.options import OPTIONS
from nb_banana.sandbox import painter
from tests.conftest import KEY
from tests.support.shells import ipython_shell


@pytest.fixture
def ip(service):
    with ipython_shell() as shell:
        yield shell


def test_a_cell_is_a_picture(ip, service):
    image = ip.run("%%banana trex -a 16:9 -r 2K\nA T-Rex on a beach.\n")
    assert isinstance(image, BananaImage)
    assert ip.names["trex"] is image is ip.names["_"]
    assert image.size == (2752, 1536)
    assert image.prompt == service.posts[0].body["prompt"] == "A T-Rex on a beach."
    assert image.caption.endswith("trex")


def test_a_line_is_a_picture(ip, service):
    ip.run('small = %banana -a 4:3 a cat\'s "dinner", 50% off')
    assert ip.names["small"].size == (1200, 896)
    assert service.posts[0].body["prompt"] == 'a cat\'s "dinner", 50% off'


def test_the_name_is_optional(ip):
    assert ip.run("%%banana -a 16:9\na banana").name is None


def test_the_settings_hold_where_the_line_is_silent(ip, service):
    ip.run('%config Banana.resolution = "2k"')
    ip.run('%config Banana.aspect_ratio = "16x9"')
    ip.run("%%banana -r 1K\na banana")
    body = service.posts[0].body
    assert (body["aspect_ratio"], body["resolution"]) == ("16:9", "1K")


def test_a_bad_setting_is_refused_and_the_old_one_holds(ip):
    configure(resolution="2K")
    ip.run('%config Banana.resolution = "3K"')
    ip.run("%reload_ext nb_banana")
    assert configure().resolution == "2K"


def test_config_lists_every_setting_with_its_help(ip):
    ip.run("%config Banana")
    for name, trait in configure().traits(config=True).items():
        assert f"Banana.{name}=" in ip.printed
        assert trait.help.split()[0] in ip.printed


@pytest.mark.parametrize("cell", ["%%banana x --quiet\na banana", "%%banana x\na banana;"])
def test_a_quiet_cell_shows_nothing_and_still_has_its_value(ip, service, cell):
    ip.run("1 + 1")
    ip.run(cell)
    assert ip.printed == ""
    assert ip.shown == []
    image = ip.names["x"]
    assert ip.names["_"] is image
    assert service.posts[0].body["prompt"] == "a banana"
    ip.run("x")
    assert str(image.width) in ip.printed


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%banana trex -q\na", "no option -q"),
        ("%%banana trex --resoltion 2K\na", "Did you mean --resolution"),
        ("%%banana trex -a 16:9 -a 1:1\na", "given twice"),
        ("%%banana trex --quiet --quiet\na", "given twice"),
        ("%%banana trex -a\na", "expected one argument"),
        ("%%banana trex a beach\na", "one word too many"),
        ("%%banana -a 16:9 trex\na", "one word too many"),
        ("%%banana a-b\na", "can't be the name"),
        ("%%banana class\na", "can't be the name"),
        ("%%banana In\na", "needed by"),
        ("%%banana open\na", "needed by"),
        ("%%banana _\na", "needed by"),
        ("%%banana trex 'a\na", "quotes come in pairs"),
        ("%%banana trex \\\na", "ends with a backslash"),
        ("%%banana trex -a 16:9\\ \na", "ends with a backslash"),
        ("%%banana trex --a 16:9\na", "--a can be --aspect-ratio or --alt"),
        ("%%banana trex --aspect\na", "--aspect-ratio: expected one argument"),
        ("%%banana trex --asp=1:1 -a 1:1\na", "given twice"),
        ("%%banana trex\n#| label: fig-trex\n", "prompt is empty"),
        ("%%banana trex\n\u200b\ufeff\u00a0\n\u3164", "prompt is empty"),
        ("%%banana trex -a 16:10\na", "Did you mean 16:9"),
        ("%%banana trex --timeout soon\na", "number of seconds"),
        ("%%banana trex --timeout -1\na", "number of seconds|expected one argument"),
        ("%%banana trex --param style=oil\na", "is not JSON"),
        ("%%banana trex --param style\na", "KEY=JSON"),
        ("%%banana trex --save nowhere/a.png\na", "no folder"),
        ("%%banana trex --save a.xyz\na", "can't be saved as"),
        ("%%banana trex\n  ", "prompt is empty"),
        ("%%banana trex\n{{ trexx }}", "no 'trexx' in this notebook"),
        ("%%banana trex\n{{ 1 + }}", "template is broken in line 1"),
        ("%banana a banana -a 16:9", "Options come before the prompt"),
        ("%%banana --param x=1\n ", "prompt is empty"),
    ],
)
def test_what_is_not_understood_is_an_error_and_costs_nothing(ip, service, cell, words):
    error = ip.run(cell, fails=True)
    assert isinstance(error, errors.BananaError)
    assert re.search(words, str(error)), str(error)
    assert service.posts == []


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("%%banana --aspect 16:9\na fox", {"aspect_ratio": "16:9"}),
        ("%%banana --res=2K --web\na fox", {"resolution": "2K", "enable_web_search": True}),
        ("%banana --aspect 16:9 a fox", {"aspect_ratio": "16:9"}),
        ("%%banana --alt '--aspect is a word'\na fox", {}),
    ],
)
def test_a_long_option_may_be_written_shorter(ip, service, line, sent):
    ip.run(line)
    body = service.posts[0].body
    assert {name: body[name] for name in body if name not in {"model", "prompt"}} == sent


@pytest.mark.parametrize(
    ("cell", "prompt"),
    [
        ("#| label: fig-fox\n#| echo: false\na fox", "a fox"),
        ("\n  #| fig-alt: {{nothing}}\n\n#|x\n\na fox\n", "a fox"),
        ("a fox\n#| label: no option", "a fox\n#| label: no option"),
        ("# a fox", "# a fox"),
        ("#|", None),
    ],
)
def test_what_quarto_and_nbdev_are_told_of_a_cell_is_no_prompt(ip, service, cell, prompt):
    if prompt is None:
        assert "prompt is empty" in str(ip.run(f"%%banana\n{cell}", fails=True))
    else:
        ip.run(f"%%banana\n{cell}")
        assert service.posts[0].body["prompt"] == prompt


def test_a_module_is_not_overwritten(ip, service):
    ip.run("import math as plt")
    assert "needed by" in str(ip.run("%%banana plt\na", fails=True))


def test_the_prompt_is_filled_from_the_notebook(ip, service):
    ip.run("animal = 'cat'; things = ['hat', 'mug']")
    ip.run('%%banana\nA {{animal}} with {% for x in things %}{{x}} {% endfor %}{"a": {"b": 1}}')
    assert service.posts[0].body["prompt"] == 'A cat with hat mug {"a": {"b": 1}}'


def test_raw_leaves_the_prompt_alone(ip, service):
    ip.run("%%banana --raw\n{{animal}} $x {y} {#fff}")
    assert service.posts[0].body["prompt"] == "{{animal}} $x {y} {#fff}"


LINES = [
    ("a {x} and $x", "a 5 and 5"),
    ("{pic.prompt} at night, {pic.request.take}", "a fox at night, 1"),
    ("{d['a b']} {l[0]} {{x}}", "ink oil 5"),
    ('{"style": {"name": "ink", "n": [1, 2]}} {} {1, 2} {a: 1}', None),
    ('{"text": "{x}"}', '{"text": "5"}'),
    ("$nobody costs $5, US$x, $$x", None),
    ("{% if x %}yes{% endif %}", "yes"),
    ("--raw {x} $x {x + 1}", "{x} $x {x + 1}"),
]


@pytest.mark.parametrize(("line", "prompt"), LINES)
@pytest.mark.parametrize("call", ["%banana ", "made = %banana "])
def test_a_line_fills_names_in_single_braces_as_ipython_does(ip, service, line, prompt, call):
    ip.names |= {"x": 5, "d": {"a b": "ink"}, "l": ["oil"], "pic": nb_banana.generate("a fox")}
    ip.run(f"{call}{line}")
    assert service.posts[-1].body["prompt"] == (prompt or line)


def test_a_function_fills_what_it_has_of_its_own(ip, service):
    line = "made = %banana a {colour} {animal}, {{animal}}"
    ip.run(f"colour = 'red'\ndef draw(animal):\n    {line}\n    return made")
    assert ip.run("draw('fox')").prompt == "a red fox, fox"
    assert "There is no 'animal'" in str(ip.run("%banana a {animal}", fails=True))


def test_options_of_a_line_are_filled_so_too(ip, service):
    ip.names |= {"ratio": "16:9", "x": "a small fox"}
    image = ip.run("%banana -a {ratio} --alt '{x}' {x}")
    assert (image.size, image.alt) == ((1376, 768), "a small fox")


def test_a_picture_in_single_braces_of_a_line_is_a_reference(ip, service):
    ip.run("trex = %banana a trex")
    image = ip.run("%banana {trex} at night")
    assert image.prompt == "image 1 at night"
    assert image.parents == (ip.names["trex"],)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a {nobody}", "There is no 'nobody' in this notebook"),
        ("a {nobody.prompt}", "'nobody' is undefined|no 'nobody'"),
        ("a {xx}", "Did you mean x"),
        ("{x + 1} foxes", "Bind it to a variable"),
        ("{str(x)} foxes", "Bind it to a variable"),
        ("{x:.2f} metres", "Bind it to a variable"),
        ("{x!r} metres", "Bind it to a variable"),
        ("{[y for y in x]}", "Bind it to a variable"),
        ("{x.__class__} foxes", "Bind it to a variable"),
        ("{print}", "There is no 'print'"),
        ("{key}", "has your key in it"),
    ],
)
def test_what_ipython_would_leave_as_it_stands_is_refused_and_not_drawn(
    ip, service, line, sentence
):
    ip.names |= {"x": 5, "key": KEY}
    for call in ("%banana ", "made = %banana "):
        error = ip.run(f"{call}{line}", fails=True)
        assert isinstance(error, errors.RequestError)
        assert re.search(sentence, str(error))
        assert KEY not in str(error)
    assert service.received == []


def test_further_fields_are_sent_as_they_are(ip, service):
    ip.run("""%%banana --param seed=7 --param 'style="oil paint"'\na""")
    assert service.posts[0].body["seed"] == 7
    assert service.posts[0].body["style"] == "oil paint"


def test_save_writes_the_same_bytes(ip, tmp_path):
    image = ip.run(f"%%banana --save '{tmp_path}/my banana.png'\na")
    assert (tmp_path / "my banana.png").read_bytes() == image.bytes


def test_strict_fails_and_hands_the_picture_over(ip, service):
    error = ip.run("%%banana big -r 4K --strict\na [trouble: wrong-size]", fails=True)
    assert isinstance(error, errors.SizeMismatchError)
    assert "asked 4K, got" in str(error)
    assert ip.names["big"] is error.image is ip.names["_"]


def test_a_picture_that_cannot_be_saved_is_not_lost(ip, service, tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    plain = painter._scene
    # The folder goes away while the picture is made: nothing that could be checked before.
    monkeypatch.setattr(painter, "_scene", lambda *asked: (folder.rmdir(), plain(*asked))[1])
    error = ip.run(f"%%banana x --save '{folder}/a.png'\na", fails=True)
    assert isinstance(error, errors.SaveError)
    assert ip.names["x"] is error.facts["image"]


def test_a_dry_run_sends_nothing_and_shows_the_call_three_ways(ip, service):
    dry = ip.run('%%banana x -a 16:9 --dry-run\nIt\'s a "banana"')
    text = repr(dry)
    assert service.posts == []  # the price may have been asked
    assert "x" not in ip.names
    assert '"aspect_ratio": "16:9"' in text
    assert "requests.post(" in text
    assert "curl http" in text
    assert 'os.environ["AIMLAPI_KEY"]' in text
    assert "$AIMLAPI_KEY" in text


def test_help_names_every_option(ip, service):
    ip.run("%banana --help")
    for option in OPTIONS:
        assert all(flag in ip.printed for flag in option.flags)
    assert service.posts == []


def test_question_mark_shows_the_same_help(ip):
    assert "--aspect-ratio" in ip.shell.object_inspect("%%banana")["docstring"]


ODD = 'It\'s a "banana" for $5, `ls` \\n!\nand a second line: ünïcode 🍌'


@pytest.mark.parametrize("language", ["python", "curl"])
def test_what_a_dry_run_shows_is_pasted_and_sends_the_same(ip, service, language):
    dry = ip.run(f"%%banana -a 16:9 -w --dry-run\n{ODD}")
    program = [sys.executable, "-c"] if language == "python" else ["sh", "-c"]
    if language == "curl" and not shutil.which("curl"):
        pytest.skip("there is no curl on this machine")
    subprocess.run([*program, getattr(dry, language)], check=True, capture_output=True)
    assert [post.body for post in service.posts] == [dry.payload]
    assert dry.payload["prompt"] == ODD
    assert service.posts[0].authorized


def test_an_address_is_no_shell_command(service):
    dry = DryRun(ImageRequest("a"), "https://api.example/;id")
    assert "curl 'https://api.example/;id/v1/images/generations' " in dry.curl


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%%banana trex --asp", ["--aspect-ratio"]),
        ("%%banana trex -a 1", ["1:1"]),
        ("%%banana --resolution=2", ["--resolution=2K"]),
        ("%banana -m pro", ["pro", "pro-edit"]),
        ("%%banana trex  -r  4", ["4K"]),
        ("%%banana trex -", ["-a", "-r", "-m", "-w", "--aspect-ratio"]),
        ("%%banana tr", []),
    ],
)
def test_tab_offers_options_and_their_values(ip, line, expected):
    found = [each.text for each in complete(line, {})]
    assert found[: len(expected)] == expected or set(expected) <= set(found)
    before = line.rpartition(" ")[0]
    assert {f"{before} {each}" for each in found} <= ip.tab(line)


def ours_of(completer):
    return [each for each in matchers_of(completer) if "banana" in each.__name__]


def test_unload_takes_everything_away(ip):
    shell = ip.shell
    shell.run_line_magic("unload_ext", "nb_banana")
    assert "banana" not in shell.magics_manager.magics["cell"]
    assert configure() not in shell.configurables
    assert not ours_of(shell.Completer)
    shell.run_line_magic("load_ext", "nb_banana")
    shell.run_line_magic("reload_ext", "nb_banana")
    assert shell.configurables.count(configure()) == len(ours_of(shell.Completer)) == 1


def test_a_question_mark_shows_the_help(ip):
    shown = ip.shell.object_inspect_mime("%%banana")["text/plain"]
    assert all(flag in shown for option in OPTIONS for flag in option.flags)
