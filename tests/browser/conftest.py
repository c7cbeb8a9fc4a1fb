"""One JupyterLab and one Chromium for all of this folder, `lab` to open notebooks with.

A module that wants variables in its kernels overrides the fixture `kernel_env`:

    @pytest.fixture(scope="module")
    def kernel_env(tmp_path_factory):
        return {"SOME_FOLDER": str(tmp_path_factory.mktemp("library"))}
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.safety import paint_plainly

from .lab import WINDOW, Lab, Server, running_server

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
NO_CHROMIUM = (
    f"No Chromium found (looked for {', '.join(CHROMIUMS)}): "
    "`sudo apt-get install chromium`, or your system's like."
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; without one the test is skipped, and on CI it fails."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(NO_CHROMIUM, pytrace=False)
    pytest.skip(NO_CHROMIUM)


@pytest.fixture(scope="session")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("jupyter")) as server:
        paint_plainly(server.home / "ipython")
        yield server


# Not longer than this folder: while Playwright's sync API is open, an event loop runs in the main
# thread, and `asyncio.run` fails in every other test.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def browser_context(browser: Browser, server: Server) -> BrowserContext:
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(60_000)  # ms; a slow machine is no failure
    return context


@pytest.fixture(scope="module")
def kernel_env() -> Mapping[str, str]:
    """The variables that the module's kernels get on top."""
    return {}


@pytest.fixture(scope="module")
def module_lab(
    server: Server, browser_context: BrowserContext, kernel_env: Mapping[str, str]
) -> Iterator[Lab]:
    """A lab whose notebooks stay open for the module."""
    lab = Lab(server, browser_context, kernel_env)
    yield lab
    lab.close()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """A lab whose notebooks are closed after the test."""
    lab = Lab(module_lab.server, module_lab.context, module_lab.env)
    yield lab
    lab.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a test fails, its report says where the pictures of its notebooks are."""
    report = yield
    if report.when == "call" and report.failed:
        labs = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Lab)]
        report.sections += [("Screenshot", str(path)) for path in photograph(labs, item.name)]
    return report


def photograph(labs: list[Lab], name: str) -> Iterator[Path]:
    for number, page in enumerate(page for lab in labs for page in lab.pages):
        path = page.server.home / f"{name}-{number}.png"
        with suppress(PlaywrightError):  # a page that has crashed has no picture
            page.screenshot(path)
            yield path
