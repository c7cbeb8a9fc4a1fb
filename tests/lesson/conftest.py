"""What the tests of lessons stand on."""

import pytest

from nb_banana._default import client


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, and nothing used before."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shelf(here):
    """The teacher's own library of pictures by the model."""
    return client().context.places("api")[0]
