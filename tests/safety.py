"""Loaded by pytest before anything else (`-p tests.safety`): no test can reach a person's account.

Kernels and other processes inherit an environment without keys, keyring and proxies, and with a
library of pictures that goes afterwards.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from nbval import kernel as nbval_kernel
from xdist.scheduler import LoadFileScheduling

from nb_banana import credentials

PLAIN_SCENES = f"""import pathlib, warnings
warnings.filterwarnings("error", module=r"nb_banana\\b")
if not pathlib.Path.cwd().samefile({str(Path(__file__).parents[1] / "notebooks")!r}):
    from nb_banana.sandbox import painter
    from PIL import Image
    painter._scene = lambda idea, size, _, rng: Image.new("RGB", size, tuple(rng.randbytes(3)))
"""
"""What a kernel runs as it starts: a warning of ours is an error there too, and to paint a scene
takes longer than all the rest. Only our notebooks run as they are handed out."""

LIGHTER = "import sys; sys.modules['rfc3987_syntax'] = None\n"
"""For processes that read notebooks: jsonschema's check of IRIs, which no notebook has, takes each
more than a second to load."""
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    """Runs before the first test is collected, also for notebooks and doctests."""
    patch = pytest.MonkeyPatch()  # pytest may run again in this process: mutmut does
    config.add_cleanup(patch.undo)
    for name in (
        *(name for place in credentials.PLACES.values() for name in place.names),
        credentials.MANAGEMENT,
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "http_proxy",
        "https_proxy",
    ):
        patch.delenv(name, raising=False)
    # A shell starts `make test &` so that it ignores Ctrl-C, which tests send, and wait for.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    # What stands in for a library is in the system's temporary folder.
    place = temporary_folder() / f"nbb-{os.getpid()}"
    place.mkdir(exist_ok=True)
    patch.setenv("TMPDIR", str(place))
    patch.setattr(tempfile, "tempdir", str(place))
    # Pictures of the tests go into a library of their own, not among a person's.
    patch.setenv("XDG_DATA_HOME", str(place / "data"))
    patch.setenv("IPYTHONDIR", str(paint_plainly(place / "ipython")))
    config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))
    patch.setattr(nbval_kernel, "start_new_kernel", started_kernel)


_start = nbval_kernel.start_new_kernel


def started_kernel(**options: object) -> object:
    """A notebook's kernel; once more where somebody else took one of its ports."""
    try:
        return _start(**options)
    except RuntimeError:
        return _start(**options)


def paint_plainly(folder: Path) -> Path:
    """For kernels: no configuration of a person's, and a sandbox that paints one colour."""
    startup = folder / "profile_default/startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "plain.py").write_text(PLAIN_SCENES, "utf-8")
    return folder


def temporary_folder() -> Path:
    """The system's, or Linux's own in memory: each library is written through to a disk often."""
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK):
        return Path(tempfile.gettempdir())
    for left in memory.glob("nbb-*"):  # by tests that were killed
        if not Path("/proc", left.name.removeprefix("nbb-")).exists():
            shutil.rmtree(left, ignore_errors=True)
    has_room = shutil.disk_usage(memory).free > 4 * 2**30
    return memory if has_room else Path(tempfile.gettempdir())


LONGEST = (
    "tests/browser",
    "tests/test_lifetimes",
    "tests/test_matrix",
    "tests/generation/test_journal",
    "tests/batch",
    "tests/lesson",
    "notebooks",
    "tests/notebook",
)
"""What takes longest begins first, so that at the end nobody waits for one of them."""


APART = tuple(f"tests/browser/test_{name}.py" for name in ("compare", "panel", "panel_page"))
"""They need no JupyterLab, or one for long: in one row with the others they would end last."""


class Scheduling(LoadFileScheduling):
    """A file is run by one worker; so are all the others that need a browser: one JupyterLab."""

    def _split_scope(self, nodeid: str) -> str:
        lab = "tests/browser/"
        shared = nodeid.startswith(lab) and not nodeid.startswith(APART)
        return lab if shared else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests hold in any order (try pytest-randomly); the cells of a notebook in their own."""

    def place(item: pytest.Item) -> tuple[int, str, int]:
        begin = (n for n, folder in enumerate(LONGEST) if item.nodeid.startswith(folder))
        cell = (str(item.path), item.cell_num) if hasattr(item, "cell_num") else ("", 0)
        return next(begin, len(LONGEST)), *cell

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and found here stays: no garbage is looked for in it, now and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish() -> None:
    """What is shown when it goes, such as a panel, goes before the summary and not after it."""
    gc.collect()
