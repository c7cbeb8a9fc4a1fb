"""What the tests of the sandbox stand on."""

import pytest


@pytest.fixture
def plain_scenes() -> None:
    """Nothing here is plain: the pictures are what people get."""
