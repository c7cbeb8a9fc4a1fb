"""Loaded by pytest before anything else (`-p tests.safety`): no test can reach a person's account.

Kernels and other processes inherit an environment without keys, keyring and proxies, and with a
library of pictures that goes afterwards.
"""

import os
import tempfile

import pytest

from nb_banana import keys


def pytest_configure(config: pytest.Config) -> None:
    """Runs before the first test is collected, also for notebooks and doctests."""
    for name in (*keys.ENVIRONMENT, "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        os.environ.pop(name, None)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    # Pictures of the tests go into a library of their own, not among a person's.
    folder = tempfile.TemporaryDirectory(prefix="nb_banana-tests-")
    os.environ["XDG_DATA_HOME"] = folder.name
    config.add_cleanup(folder.cleanup)
