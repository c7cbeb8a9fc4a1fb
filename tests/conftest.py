"""What every test stands on: no key of the person who runs them, and a sandbox that speaks HTTP."""

import builtins
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from PIL import Image
from urllib3.util import Retry

from nb_banana import credentials, pending
from nb_banana.errors import BananaError, Interrupted
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.sandbox import Sandbox, painter
from nb_banana.services import account, send
from nb_banana.settings import settings
from nb_banana.wire import connection, downloads
from tests.support.kernels import another_kernel
from tests.support.reference_doors import Door, Function, Magic
from tests.support.shells import ipython_shell

# No test depends on the speed of the machine, nor on what else runs there.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")

KEY = "test-key-7f3a9c51d2e84b06"
"""What the tests use as a key. It must never turn up in anything that is written."""


@pytest.fixture(autouse=True)
def plain_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts with the settings as they come, no key, an empty library and no bills."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(connection.CONNECT_RETRY, "backoff_factor", 0)  # as many tries as ever
    monkeypatch.setattr(connection.CONNECT_RETRY, "backoff_jitter", 0)
    vars(builtins).pop("_", None)  # a doctest leaves it, and IPython binds no other then
    shutil.rmtree(location.stand_in_root(), ignore_errors=True)
    names = settings.trait_names(config=True)
    before = {name: getattr(settings, name) for name in names}
    yield
    for each in pending():  # what a test leaves on its way would be found by the next one
        with suppress(BananaError, Interrupted):
            each.wait(60)
    for name, value in before.items():
        setattr(settings, name, value)
    another_kernel()
    credentials._known.clear()


@pytest.fixture(autouse=True)
def plain_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox paints one colour above the label, another one for each prompt and take.

    Most tests never look at the picture, and to paint a whole one takes longer than all the rest.
    """

    def plain(idea, size, pictures, rng):
        return Image.new("RGB", size, tuple(rng.randbytes(3)))

    monkeypatch.setattr(painter, "_scene", plain)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own that asks for `KEY`."""
    with Sandbox(key=KEY) as running:
        yield running


@pytest.fixture
def service(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The settings and the environment point at this test's own sandbox."""
    settings.base_url = sandbox.url
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    return sandbox


@pytest.fixture
def held(service: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What is slow at the service, ``[trouble: slow]``, is on its way until the test sets this."""
    go, stopping = threading.Event(), service._server.stopping

    def wait(seconds: float) -> bool:
        if seconds:
            go.wait(120)
        return stopping.is_set()

    monkeypatch.setattr(stopping, "wait", wait)
    yield go
    go.set()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library of the test's own. Its folder is not there yet."""
    return Library(tmp_path / "library", "api", patience=60)


@pytest.fixture(params=["function", "magic"])
def door(request: pytest.FixtureRequest, service: Sandbox) -> Iterator[Door]:
    """Each of the two ways to a picture, in turn."""
    if request.param == "function":
        yield Function(service)
        return
    with ipython_shell() as shell:
        yield Magic(service, shell)


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts and looks into the log as ever, with less of a pause between them."""
    quick = Retry(total=send.ATTEMPTS.total, backoff_factor=0.01)
    monkeypatch.setattr(send, "ATTEMPTS", quick)
    monkeypatch.setattr(send, "SHORTEST_PAUSE", 0.01)
    fetches = Retry(total=downloads.ATTEMPTS.total, backoff_factor=0.01)
    monkeypatch.setattr(downloads, "ATTEMPTS", fetches)
    monkeypatch.setattr(account, "PAUSES", (0.0, *(0.01 for _ in account.PAUSES[1:])))
