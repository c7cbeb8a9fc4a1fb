"""What the tests of the panel share."""

import pytest

from tests.support.shells import ipython_shell


@pytest.fixture
def ip(service, tmp_path, monkeypatch):
    """A shell, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    with ipython_shell() as shell:
        yield shell
