"""A lesson as a page: served by any server, run by Chromium, with the network cut.

`make test-all` gets Pyodide into `.venv-site`; `make test` leaves this out.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from packaging.requirements import Requirement
from playwright.sync_api import Playwright, expect

from nb_banana import Client
from nb_banana.lesson import wheels
from nb_banana.lesson.site import AT_CDN, LessonSite
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.shelf import picture, put

from .conftest import CHROMIUM_ARGS
from .lab import LabPage

PYODIDE = Path(__file__).parents[2] / ".venv-site" / "package"
SHOTS = os.environ.get("NB_BANANA_SCREENSHOTS")
CELLS = (
    "%load_ext nb_banana",
    "%%banana beach -a 16:9\na banana on a beach",
    "import nb_banana\nnb_banana.history()",
    'night = beach.edit("make it night")\nnight',
    "%%banana -a 99:1\na very wide banana",
    "%banana",
    "%pip install -q nb-banana",
    'nb_banana.generate("a pear", count=2)',
    "%%banana later --background\na fox",
    "later.size",
    'mine = nb_banana.Client(base_url="SERVICE", key="KEY")\nmine.generate("a plum")',
    'mine.generate("a lost plum [trouble: drop-after]")',
    'nb_banana.Client(base_url="CLOSED", key="KEY").generate("a pea")',
)
LOAD, FROM_PACK, HISTORY, EDIT, ERROR, PANEL, PIP, GALLERY, BACKGROUND, SIZE = range(10)
OWN_KEY, LOST, CLOSED = range(10, 13)
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

pytestmark = pytest.mark.skipif(not ALL, reason="a page in a browser: make test-all")


@pytest.fixture(scope="module")
def pyodide() -> Path:
    """What `make .venv-site/.ok` fetches; without it the test is skipped, and on CI it fails."""
    if PYODIDE.is_dir():
        return PYODIDE
    missing = "There is no Pyodide in .venv-site: make .venv-site/.ok"
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@pytest.fixture(scope="module")
def service() -> Iterator[Sandbox]:
    """A service that a page may call (CORS), with a person's own key."""
    with Sandbox(KEY) as running:
        yield running


@pytest.fixture(scope="module")
def site(pyodide: Path, service: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> LessonSite:
    """A teacher's lesson: its first picture is one by the model, of a size that nobody draws."""
    folder = tmp_path_factory.mktemp("teacher")
    shelf = Library(folder / "nb_banana_library" / "api", "api")
    request = ImageRequest("a banana on a beach", aspect_ratio="16:9")
    put(shelf, request, "nbb-1", picture("beach", (1600, 900)))
    shown = nbformat.v4.new_output("display_data", {}, metadata={"nb_banana": {"request": "nbb-1"}})
    with Sandbox() as gone:
        closed = gone.url
    sources = [
        each.replace("SERVICE", service.url).replace("KEY", KEY).replace("CLOSED", closed)
        for each in CELLS
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    notebook.cells[FROM_PACK].outputs = [shown]
    nbformat.write(notebook, folder / "a lesson.ipynb")
    with Client(library=str(folder / "nb_banana_library")) as client:
        made = client.pack(
            folder / "site", notebook=folder / "a lesson.ipynb", format="site", pyodide=pyodide
        )
    # Only so that the test sees when the kernel is there.
    settings = folder / "site" / "jupyter-lite.json"
    said = json.loads(settings.read_bytes())
    said["jupyter-config-data"]["exposeAppInBrowser"] = True
    settings.write_text(json.dumps(said))
    return made


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder on a free port of this machine, by the command that a teacher is told."""
    process = subprocess.Popen(
        [*(sys.executable, "-u", "-m", "http.server", "0"), "--bind", "127.0.0.1", "-d", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield re.search(r"http://[\d.:]+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


class SitePage(LabPage):
    """The lesson as a student has it: by its address alone."""

    def __init__(self, page, url: str) -> None:
        self.page = page
        self.url = url

    def load(self) -> None:
        self.page.goto(self.url, timeout=60_000)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.wait_for_kernel(timeout=240)


@pytest.fixture(scope="module")
def lesson(site: LessonSite, playwright: Playwright, chromium: str) -> Iterator[SitePage]:
    """The page after all of its cells were run, with the addresses that it asked."""
    with served(site.path) as url:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*CHROMIUM_ARGS, OFFLINE]
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        asked = set()
        context.on("request", lambda request: asked.add(request.url))
        page = SitePage(context.new_page(), url)
        page.load()
        for number in range(len(CELLS)):
            if number == OWN_KEY:
                page.asked = set(asked)
            page.start_cell(number)
            finished = re.compile(r"^\[\d+\]")
            expect(page.prompt(number)).to_have_text(finished, timeout=120_000)
        yield page
        browser.close()


def shoot(page: SitePage, name: str, cell: int) -> None:
    page.cell(cell).scroll_into_view_if_needed()  # what is far off has no outputs in the page
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"site-{name}.png")


def pixels(page: SitePage, cell: int) -> list[list[int]]:
    """The sizes of a cell's pictures."""
    script = "all => all.map(each => [each.naturalWidth, each.naturalHeight])"
    images = page.output(cell).locator("img")
    expect(images.first).to_be_visible()
    return images.evaluate_all(script)


def test_the_first_cell_finds_nb_banana_though_nobody_has_installed_it(lesson):
    shoot(lesson, "load", LOAD)
    assert "Error" not in lesson.output(LOAD).inner_text()
    assert "Error" not in lesson.output(PIP).inner_text()


def test_a_picture_comes_from_the_lesson_and_costs_nothing(lesson):
    shoot(lesson, "picture", FROM_PACK)
    expect(lesson.output(FROM_PACK)).to_contain_text("from your library · $0")
    expect(lesson.output(FROM_PACK)).not_to_contain_text("SANDBOX")
    assert pixels(lesson, FROM_PACK) == [[768, 432]]  # its preview, which the page has


def test_the_history_shows_the_lessons_pictures(lesson):
    shoot(lesson, "history", HISTORY)
    expect(lesson.output(HISTORY)).to_contain_text("1 picture in your library")
    expect(lesson.output(HISTORY)).to_contain_text("a banana on a beach")
    assert pixels(lesson, HISTORY)


def test_what_the_lesson_has_not_is_drawn_by_the_sandbox(lesson):
    shoot(lesson, "edit", EDIT)
    expect(lesson.output(EDIT)).to_contain_text("SANDBOX, no AI model")
    expect(lesson.output(EDIT)).to_contain_text("image 1 = beach")
    assert pixels(lesson, EDIT)[0][0] == 1376


def test_many_are_drawn_and_those_in_the_background(lesson):
    shoot(lesson, "many", GALLERY)
    expect(lesson.output(GALLERY)).to_contain_text("2 pictures")
    assert len(pixels(lesson, GALLERY)) == 2
    assert "Warning" not in lesson.output(GALLERY).inner_text()
    assert pixels(lesson, BACKGROUND)
    expect(lesson.output(SIZE)).to_contain_text("(1024, 1024)")


def test_a_persons_own_key_draws_where_the_service_lets_a_page_call_it(lesson, service):
    shoot(lesson, "own-key", OWN_KEY)
    expect(lesson.output(OWN_KEY)).to_contain_text("1024×1024")
    assert pixels(lesson, OWN_KEY)
    assert all(each.authorized for each in service.posts)
    # How often the browser itself sends it on a connection that breaks off is not ours to say.
    shoot(lesson, "lost", LOST)
    expect(lesson.output(LOST)).to_contain_text("The service's log says that it was charged")
    shoot(lesson, "closed", CLOSED)
    expect(lesson.output(CLOSED)).to_contain_text("nothing was sent and nothing was charged")


def test_an_error_is_one_sentence(lesson):
    shoot(lesson, "error", ERROR)
    said = re.compile(r"^\s*RequestError: aspect_ratio '99:1' is not accepted .*\s*$")
    expect(lesson.output(ERROR)).to_have_text(said)


def test_the_panel_opens_and_draws(lesson):
    panel = lesson.output(PANEL).get_by_role("region", name="nb_banana panel")
    panel.get_by_label("Prompt", exact=True).fill("a banana in the rain")
    panel.get_by_role("button", name="Generate").click()
    caption = panel.locator(".nbb-caption")
    expect(caption).to_contain_text("SANDBOX, no AI model", timeout=60_000)
    shoot(lesson, "panel", PANEL)


def test_no_other_host_is_asked(lesson):
    """Before the last cells, in which a person names a service."""
    hosts = {urlsplit(each).netloc for each in lesson.asked if not each.startswith("blob:")}
    assert hosts == {urlsplit(lesson.url).netloc}
    assert any(each.endswith(".whl") for each in lesson.asked)


def test_pyodide_has_what_a_page_takes_from_there_in_a_version_that_we_accept(pyodide):
    locked = json.loads((pyodide / "pyodide-lock.json").read_bytes())["packages"]
    assert set(locked) >= AT_CDN
    for name in wheels.needed("3.14.2"):
        for each in map(Requirement, wheels.metadata.requires(name) or ()):
            asked = wheels.normalized(each.name)
            if name == wheels.OWN and each.marker is None and asked in AT_CDN:
                assert locked[asked]["version"] in each.specifier
