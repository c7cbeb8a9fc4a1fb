"""What the documents say is true: their code runs, and nothing that exists is missing from them."""

import pkgutil
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import grimp
import pytest

from nb_banana import configure, errors
from nb_banana.notebook.options import OPTIONS
from nb_banana.sandbox import faults
from tests.support.shells import ipython_shell

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)
    return [code for said, code in found if said == language]


@pytest.mark.parametrize("code", blocks("python"))
def test_the_readmes_python_runs(code, service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def test_the_readmes_cells_run_as_they_are_pasted_one_after_the_other(
    service, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with ipython_shell() as ip:
        values = [ip.run(cell) for cell in blocks("")]
        assert values[1].size == (1376, 768)
        assert [len(ip.shell.user_ns[name]) for name in ("pets", "grid")] == [3, 6]
        assert ip.shell.user_ns["cafe"].parents == (values[1],)


def test_the_readmes_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    rules = {name for rule in re.findall(r"^([\w -]+):", makefile, re.M) for name in rule.split()}
    assert {"test", "test-all", "demo"} <= rules
    for target in re.findall(r"(?:^|`)make ([\w-]+)", README, re.M):
        assert target in rules


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


def test_every_name_of_ours_that_is_written_down_is_there():
    pages = [*ROOT.glob("*.md"), *(ROOT / "nb_banana").rglob("*.py")]
    text = "".join(page.read_text("utf-8") for page in pages)
    names = set(re.findall(r"`(nb_banana(?:\.\w+)+)", text))
    assert "nb_banana.sandbox.faults" in names
    for name in names:
        pkgutil.resolve_name(name)


def test_the_arrows_that_are_drawn_are_those_of_the_code():
    """Without those that follow from others, and those to what stands at the bottom."""
    picture = re.search(r"```mermaid\nflowchart TD\n(.*?)```", CONTRIBUTING, re.S)[1]
    drawn = {
        pair for line in picture.splitlines() for pair in pairwise(line.strip().split(" --> "))
    }
    bottom = {"errors", "_text", "_hints", "_threads", "_later", "_default", "_moved", "_version"}
    assert all(f"`{name}`" in CONTRIBUTING for name in bottom)
    graph = grimp.build_graph("nb_banana")
    arrows = defaultdict(set)
    for module in graph.modules - {"nb_banana"}:
        for other in graph.find_modules_directly_imported_by(module) - {"nb_banana"}:
            start, end = module.split(".")[1], other.split(".")[1]
            if start != end and not {start, end} & bottom:
                arrows[start].add(end)

    def below(room, leave_out=None):
        direct = arrows.get(room, set()) - {leave_out}
        return direct.union(*map(below, direct))

    own = {(a, b) for a, ends in list(arrows.items()) for b in ends if b not in below(a, b)}
    assert drawn == own


def test_every_room_is_told_of():
    for path in (ROOT / "nb_banana").iterdir():
        if path.suffix == ".py" or (path / "__init__.py").exists():
            assert f"`{path.stem}" in CONTRIBUTING or f"{path.name}`" in CONTRIBUTING, path.name


def test_every_error_stands_in_the_tree():
    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, BaseException):
            assert re.search(rf"^[ │├└─]*{name}\b", errors.__doc__, re.M), name
