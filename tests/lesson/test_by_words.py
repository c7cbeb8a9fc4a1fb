"""A cell without its output finds its picture by its words, and by who was asked to draw it."""

import pytest

from nb_banana.lesson.by_words import find_by_words
from nb_banana.lesson.notebook_file import NotebookCell
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.services.registry import find_service
from tests.support.shelf import put

SET = '%config Banana.service = "google"'


@pytest.fixture
def libraries(tmp_path):
    """The same picture by three services, and by the sandbox."""
    found = []
    for kind in ("api", "fal", "google", "sandbox"):
        name = {"api": "aimlapi", "sandbox": "aimlapi"}.get(kind, kind)
        catalogue = find_service(name).catalogue
        library = Library(tmp_path / kind, kind)
        request = ImageRequest("a pear", catalogue.models[0].ids[0], catalogue=catalogue)
        put(library, request, f"nbb-{kind}")
        found.append(library)
    return found


@pytest.mark.parametrize(
    ("cell", "text", "drawn_by"),
    [
        ("%%banana\na pear", "", "api"),
        ("%%banana --service fal\na pear", "", "fal"),
        ("%%banana --service=fal\na pear", SET, "fal"),
        ("generate('a pear', service='fal')", SET, "fal"),
        ("%%banana\na pear", SET, "google"),
        ("%%banana\na pear", "nb_banana.configure(service='google')", "google"),
        ("%%banana\na pear", "the service = 'good', the customer service: \"fine\"", "api"),
    ],
)
def test_a_cell_finds_the_picture_of_the_service_that_it_asked(libraries, cell, text, drawn_by):
    asked = NotebookCell(1, cell, (), draws=True)
    found = find_by_words(asked, f"{text}\n{cell}", libraries[:3], (), [])
    assert [kept.request_id for _, kept in found] == [f"nbb-{drawn_by}"]


def test_the_sandbox_draws_for_any_service(libraries):
    asked = NotebookCell(1, "%%banana --service openrouter\na pear", (), draws=True)
    assert len(find_by_words(asked, asked.source, libraries[3:], (), [])) == 1
