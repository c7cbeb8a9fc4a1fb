"""Lines such as `#| fig-alt: A fox` are for Quarto, MyST and nbdev, and the alt text is ours."""

import html
import re
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest
import yaml

import nb_banana
from nb_banana import errors
from nb_banana.notebook.cell_options import alt_text
from nb_banana.widgets.panel import panel
from tests.support.shells import ipython_shell
from tests.widgets.test_panel import settle


@pytest.fixture
def ip(service):
    with ipython_shell() as shell:
        yield shell


def written(text):
    return "".join(f"#| {line}".rstrip(" ") + "\n" for line in text.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "fig-alt: A fox",
        "fig-alt:   a#b, - and: all   ",
        "label: fig-fox\nfig-alt: A fox  # a remark\necho: false",
        "fig-alt: A fox\n  in the rain\n\n  at night # no",
        "fig-alt:\n  A fox",
        "\"fig-alt\": 'It''s \"a fox\"' # no",
        'fig-alt: "A fox: \\"red\\" \\u00e9 \\\\ # all"',
        'fig-alt: "A fox\n  in the rain"',
        "fig-alt: |\n  A fox\n    in the rain\n\n  at night\n",
        "fig-alt: >-\n  A fox\n  in the rain\n\n  at night\nlabel: fig-fox",
        "fig-alt: |2\n   A fox\n  sits",
        "fig-cap: |\n  fig-alt: no\nfig-alt: Füchse — 狐",
        "fig-alt: 3",
        "fig-alt:",
        "fig-alt: ~",
        'fig-alt: ""',
        "label: fig-fox\nfig-cap: A fox",
    ],
)
def test_the_alt_text_is_what_yaml_says(text):
    plain = re.sub(r": all", "; all", text)  # the one thing that is taken as it is meant
    meant = yaml.safe_load(plain).get("fig-alt")
    found = alt_text(written(plain))
    assert found == (str(meant).strip() or None if meant is not None else None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('fig-alt: "a fox', "do not come in pairs"),
        ("fig-alt: 'a' fox", "do not come in pairs"),
        ("fig-alt: [a, b]", "no text"),
        ("fig-alt:\n- a\n- b", "a list"),
        ("fig-alt:\n  - a", "no text"),
        ("fig-alt: {a: b}", "no text"),
        ("fig-alt: *fox", "no text"),
        ("fig-alt: !expr fox", "no text"),
        ("fig-alt: a\nfig-alt: b", "there twice"),
        ('fig-alt: "\\q"', "not understood"),
        ('fig-alt: "a \\ud83e fox"', "half of a sign"),
        ("fig-alt: |x\n  a", "not understood"),
    ],
)
def test_what_is_no_text_is_said_and_nothing_is_sent(ip, service, text, why):
    error = ip.run(f"%%banana\n{written(text)}a fox", fails=True)
    assert isinstance(error, errors.RequestError)
    assert why in str(error)
    assert service.posts == []


OPTIONS = "#| label: fig-fox\n#| fig-alt: A red fox\n#|\n#| echo: false\n"


def test_the_lines_are_not_sent_and_the_alt_text_is_that_of_the_picture(ip, service):
    fox = ip.run(f"%%banana fox\n{OPTIONS}a fox")
    assert [post.body["prompt"] for post in service.posts] == ["a fox"]
    assert (fox.alt, fox.prompt) == ("A red fox", "a fox")
    shown, facts = fox._repr_mimebundle_()
    assert 'alt="A red fox"' in shown["text/html"]
    assert facts["image/jpeg"] == {"alt": "A red fox"}
    same = ip.run("%%banana\na fox")
    assert (same.came, same.request.key, same.alt) == ("reused", fox.request.key, "a fox")
    assert len(service.charges) == 1


def test_an_alt_on_the_line_wins(ip):
    assert ip.run(f"%%banana --alt 'my fox'\n{OPTIONS}a fox").alt == "my fox"
    assert ip.run("%%banana --alt 'my fox'\n#| fig-alt: [a, b]\na fox").alt == "my fox"


def test_each_picture_of_a_gallery_has_it_too(ip):
    grid = ip.run(f"%%banana -n 2 --sweep style=oil,ink\n{OPTIONS}a fox in {{{{style}}}}")
    assert [each.alt for each in grid] == ["A red fox"] * 4
    assert grid[0].prompt == "a fox in oil"


def test_a_template_in_it_stays_as_the_other_tools_read_it(ip):
    ip.run("animal = 'fox'")
    fox = ip.run('%%banana\n#| fig-alt: "A {{animal}}"\na {{animal}}')
    assert (fox.prompt, fox.alt) == ("a fox", "A {{animal}}")


def test_raw_sends_them(ip, service):
    fox = ip.run(f"%%banana --raw\n{OPTIONS}a fox")
    assert service.posts[0].body["prompt"] == f"{OPTIONS}a fox"
    assert fox.alt == fox.prompt


def test_a_line_of_its_own_is_no_cell_with_options(ip, service):
    ip.run("%banana #| fig-alt: a fox")
    assert service.posts[0].body["prompt"] == "#| fig-alt: a fox"


@pytest.mark.parametrize("prompt", ["#| fig-alt: a fox", "#|\nin the rain", " #| a {{b}}"])
def test_the_cell_of_a_prompt_that_begins_so_asks_for_the_same(ip, service, prompt):
    image = nb_banana.generate(prompt, raw=True)
    assert "--raw" in image.cell()
    again = ip.run(image.cell())
    assert (again.came, again.request.key) == ("reused", image.request.key)
    assert len(service.charges) == 1


def test_a_dry_run_shows_what_would_be_sent(ip):
    dry = ip.run(f"%%banana --dry-run\n{OPTIONS}a fox")
    assert dry.payload["prompt"] == "a fox"
    assert "fig-alt" not in repr(dry)


def test_the_panel_keeps_them_in_its_cell_and_sends_them_not(ip, service):
    opened = panel(f"%%banana fox\n{OPTIONS}a fox")
    try:
        assert opened.cell == f"%%banana fox\n{OPTIONS}a fox"
        opened._hear(None, {"do": "generate"}, [])
        settle(opened)
    finally:
        opened.close()
    assert service.posts[0].body["prompt"] == "a fox"
    assert ip.names["fox"].alt == "A red fox"


@pytest.mark.parametrize("blank", ["", "\n"])
def test_above_the_magic_where_quarto_wants_them_they_count_too(ip, service, blank):
    fox = ip.run(f"{OPTIONS}{blank}%%banana fox -a 16:9\na fox")
    assert (fox.alt, fox.name, fox.size) == ("A red fox", "fox", (1376, 768))
    assert ip.run(f"{OPTIONS}%%banana --quiet\na fox") is None
    assert ip.run("#| label: x\n1 + 1") == 2
    assert [post.body["prompt"] for post in service.posts] == ["a fox", "a fox"]


def test_without_the_extension_no_cell_is_touched(ip):
    before = list(ip.shell.input_transformers_cleanup)
    ip.shell.run_line_magic("reload_ext", "nb_banana")
    assert len(ip.shell.input_transformers_cleanup) == len(before)
    ip.shell.run_line_magic("unload_ext", "nb_banana")
    assert len(ip.shell.input_transformers_cleanup) == len(before) - 1


QUARTO = Path(__file__).parent / "quarto.ipynb"  # run by nbval, as every notebook here is


def test_the_notebook_for_quarto_has_its_options_where_quarto_and_myst_read_them():
    notebook = nbformat.read(QUARTO, 4)
    nbformat.validate(notebook)
    fox, snow = (each for each in notebook.cells if "%%banana " in each.source)
    # Quarto: the first lines of a cell, each behind "#| ", as YAML.
    first = list(takewhile(lambda line: line.startswith("#| "), fox.source.splitlines()))
    options = yaml.safe_load("\n".join(line.removeprefix("#| ") for line in first))
    assert options["label"] == "fig-fox"
    # MyST: the lines below the magic.
    assert snow.source.splitlines()[1] == "#| label: fig-snow"
    for cell, alt in ((fox, options["fig-alt"].strip()), (snow, 'The fox "again": in snow')):
        (output,) = cell.outputs
        assert output.metadata["image/jpeg"].alt == alt
        assert f'alt="{html.escape(alt)}"' in output.data["text/html"]


def test_the_two_halves_of_a_sign_are_one_as_json_writes_it():
    assert alt_text('#| fig-alt: "A \\ud83e\\udd8a fox"\n') == "A 🦊 fox"
