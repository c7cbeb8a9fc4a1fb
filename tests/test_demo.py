"""`make demo` costs nothing and needs nothing, whatever there is on a person's machine."""

import importlib.util
from pathlib import Path

import pytest

from nb_banana import ImageRequest, credentials
from nb_banana.library.library import Library
from nb_banana.library.location import default_folder
from tests.conftest import KEY
from tests.support.shelf import put

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The program behind `make demo`, writing into the test's own folder."""
    spec = importlib.util.spec_from_file_location("demo", NOTEBOOKS / "demo.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    monkeypatch.setattr(program, "OUT", tmp_path / "demo")
    return program


PROMPT = "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses."


@pytest.fixture
def own_picture():
    """A person's own picture of the very prompt that the demo draws first, in her library."""
    library = Library(default_folder("api"), "api")
    return put(library, ImageRequest(PROMPT, aspect_ratio="16:9"), "mine")


def test_the_demo_draws_in_the_sandbox_whatever_keys_and_pictures_a_person_has(
    demo, own_picture, monkeypatch, capsys
):
    for name in credentials.ENVIRONMENT:
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody outside can be reached
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 5
    assert "make lab" in said
    page = (demo.OUT / "quickstart.html").read_text("utf-8")
    assert "SANDBOX, no AI model" in page
    assert KEY not in page + said
    assert {"trex.png", "city.png"} <= {path.name for path in demo.OUT.glob("*.png")}
    assert not default_folder("sandbox").exists()  # nor did it put its own among hers
