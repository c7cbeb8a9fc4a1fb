"""What the documents say is true: their code runs, and nothing that exists is missing from them."""

import re
from pathlib import Path

import pytest

from nb_banana import configure
from nb_banana.notebook.options import OPTIONS
from nb_banana.sandbox import faults

from .shells import ipython_shell

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("code", blocks("python"))
def test_the_readmes_python_runs(code, service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def test_the_readmes_first_cells_run(service):
    load, cell = blocks("")[0].split("\n\n", 1)
    with ipython_shell() as ip:
        ip.run(load)
        assert ip.run(cell).size == (1376, 768)


def test_the_readmes_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:^|`)make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_option_is_in_the_readme():
    for option in OPTIONS:
        assert all(f"`{flag}" in README for flag in option.flags), option.flags


def test_every_setting_is_in_the_readme():
    for name in configure().trait_names(config=True):
        assert f"`{name}`" in README


def test_every_trouble_that_the_readme_names_is_there():
    for name in re.findall(r"\[trouble: ([\w-]+)", README):
        assert name in faults.__doc__


def test_every_link_into_the_project_leads_somewhere():
    for page in ROOT.glob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8")):
            assert (ROOT / target).exists(), (page.name, target)
