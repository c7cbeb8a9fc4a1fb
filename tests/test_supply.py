"""What is handed out: the wheel, the source, what they ask for; and that it calls nobody."""

import json
import os
import subprocess
import sys
import tarfile
import textwrap
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from nb_banana._version import __version__
from tests.conftest import KEY
from tests.support.amount import ALL

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LARGEST_WHEEL = 700_000
"""Bytes. A lesson's page loads it before its first cell, and a class over one Wi-Fi."""
LARGEST_SOURCE = 6_000_000  # bytes; nearly all are the outputs of the notebooks that are shown


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source as a person builds it in a checkout in use, and the wheel that is made of it."""
    if not ALL:
        pytest.skip("`make test-all` runs it")
    place = tmp_path_factory.mktemp("built")
    build(ROOT, place, "sdist")
    (source,) = place.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(place / "source", filter="data")
    (unpacked,) = (place / "source").iterdir()
    build(unpacked, place, "wheel")
    (wheel,) = place.glob("*.whl")
    return source, wheel


def build(folder, into, what):
    """With what is installed here: no network."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", what, "-d", into]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def test_the_wheel_has_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
        (info,) = {name.partition("/")[0] for name in names} - {"nb_banana"}
        about = archive.read(f"{info}/METADATA").decode()
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "nb_banana").rglob("*.*")}
    ours = {name for name in ours if name.endswith((".py", ".js", ".css", ".typed"))}
    own = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    assert names == ours | own
    assert {"nb_banana/py.typed", "nb_banana/widgets/static/panel.css"} <= names
    assert info == f"nb_banana-{__version__}.dist-info"
    assert "License-Expression: MIT" in about
    assert "Requires-Python: >=3.11" in about


def test_it_is_small(built):
    assert built[1].stat().st_size < LARGEST_WHEEL
    assert built[0].stat().st_size < LARGEST_SOURCE


def test_those_who_check_wheels_find_nothing(built):
    said = subprocess.run(
        [sys.executable, "-m", "check_wheel_contents", built[1]], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stdout


def test_the_source_has_all_that_is_tracked_and_nothing_that_lies_beside_it(built):
    """Notebooks that were run leave pictures and libraries there, and a person keys."""
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode or not done.stdout:
        pytest.skip("this is no checkout")
    tracked = set(done.stdout.split("\0")) - {""}
    new = {name for name in names - tracked if not name.startswith(("nb_banana/", "tests/"))}
    assert new == {"PKG-INFO"}
    assert tracked <= names


def test_the_wheel_draws_in_a_new_environment_without_a_network(built, tmp_path):
    """What it asks for is taken from this environment; ours is the one of the wheel."""
    new = tmp_path / "new"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", new], check=True)
    (site,) = new.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", site, built[1]], check=True)
    here = next(each for each in sys.path if each.endswith("site-packages"))
    (site / "others.pth").write_text(here)
    code = """
        import nb_banana
        nb_banana.configure(backend="sandbox", library="pictures")
        print(nb_banana.__file__, *nb_banana.generate("a banana").size, sep="\\n")
    """
    words = [new / "bin/python", "-c", textwrap.dedent(code)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    file, *size = done.stdout.splitlines()
    assert Path(file).is_relative_to(new)
    assert size == ["1024", "1024"]


def bounds():
    """What we ask for, by name."""
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"], *(each for name in extras for each in extras[name])]
    return {asked.name: asked.specifier for asked in map(Requirement, texts)}


SITE = {
    "jupyter-core",
    "jupyter-server",
    "jupyterlite-core",
    "jupyterlite-pyodide-kernel",
    "packaging",
}
"""The extra `site` is of a later Jupyter than Colab's: of it `make test` has the newest."""


def test_each_lower_bound_is_a_version_that_the_tests_run_on():
    lines = (ROOT / "tests/floor.txt").read_text("utf-8").splitlines()
    floor = dict(line.split("==") for line in lines if "==" in line)
    lowest = {
        name: next(each.version for each in said if each.operator == ">=")
        for name, said in bounds().items()
    }
    lowest["ipywidgets"] = "7.7.1"  # that of the extra `site` is another
    for name in set(lowest) - SITE:
        assert Version(floor[name]) == Version(lowest[name]), name


def test_what_is_bounded_above_says_why():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    above = [name for name, said in bounds().items() if any(each.operator == "<" for each in said)]
    assert above == ["jupyterlite-core", "jupyterlite-pyodide-kernel"]
    assert "for the page is laid out as 0.8 does" in text


WATCHED = """
import json, sys

seen = []
names = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
sys.addaudithook(lambda name, given: seen.append(str(given[-1])) if name in names else None)
try:
{code}
finally:
    print(json.dumps(seen))
"""
SHELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "nb_banana")
shell.run_line_magic("config", "Banana")
shell.run_line_magic("config", "Banana.resolution = '2K'")
for line in ("%%banana fox -a ", "%banana -i ", "%banana -m ", "%banana --service "):
    shell.complete(line)
shell.run_line_magic("unload_ext", "nb_banana")
"""
LOOKS = """
import nb_banana
nb_banana.history()
nb_banana.MODELS
nb_banana.configure(model="pro")
nb_banana.panel
nb_banana.pending()
nb_banana.recover()
"""


def watched(code, **env):
    """All that a fresh Python connects to, or asks a name of."""
    code = WATCHED.format(code=textwrap.indent(code, "    "))
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "code", ["import nb_banana", SHELL, LOOKS], ids=["import", "shell", "looks"]
)
def test_nobody_is_called_before_something_is_drawn(code):
    assert watched(code, AIMLAPI_KEY=KEY) == []


def test_then_the_service_alone_is_called(service):
    draw = f"import nb_banana; nb_banana.configure(base_url={service.url!r})\n"
    called = watched(f"{draw}nb_banana.generate('a banana').edit('at night')", AIMLAPI_KEY=KEY)
    port = service.url.rpartition(":")[2]
    assert called
    assert all(("127.0.0.1" in each and port in each) or each == "0" for each in called), called
