"""`make screenshots`: the README's pictures, as JupyterLab and the sandbox make them.

`make screenshots SHOTS=folder` makes them of everything that is shown instead, for people to look
at: light, dark, in a narrow window and on a projector, in JupyterLab and Notebook 7.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from .conftest import CHROMIUM_ARGS, CHROMIUMS, NO_CHROMIUM
from .lab import NARROW, PROJECTOR, WIDE, Lab, LabPage, running_server
from .outputs import executed

IMAGES = Path(__file__).parents[2] / "notebooks/images"
LOOKS = {
    "light": (WIDE, "light"),
    "dark": (WIDE, "dark"),
    "480": (NARROW, "light"),
    "480-dark": (NARROW, "dark"),
    "projector": (PROJECTOR, "light"),
}
"""The windows and themes that everything is looked at in."""


def matrix(lab: Lab, folder: Path) -> None:
    """Everything in every look; a file each, so that two folders can be laid side by side."""
    with tempfile.TemporaryDirectory() as home:
        notebook = executed(Path(home), lab.env)
    for app in ("lab", "notebook"):
        page = lab.open(notebook, name=f"outputs-{app}", app=app)
        if app == "lab":
            page.hide_sidebar()
        for look, (window, theme) in LOOKS.items():
            page.viewport(*window)
            page.set_theme(theme)
            shoot(page, folder / app / look)
    strange = lab.open(notebook, name="strange", trusted=False)
    strange.hide_sidebar()
    shoot(strange, folder / "lab" / "untrusted")


def shoot(page: LabPage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = [cell.metadata.get("name", "") for cell in page.saved.cells]
    for number, name in enumerate(names):
        if name and page.output(number).is_visible():
            page.screenshot(folder / f"{number:02} {name}.png", page.output(number))


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not path:
        sys.exit(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def small(path: Path) -> None:
    """A PNG with 256 colours: a third of the bytes, and nobody sees it in a screenshot."""
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(path, optimize=True)


def main() -> None:
    shots = os.environ.get("SHOTS")
    with tempfile.TemporaryDirectory() as home, running_server(Path(home)) as server:
        with chromium() as browser:
            context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
            lab = Lab(server, context, {})
            if shots:
                matrix(lab, Path(shots))
            lab.close()


if __name__ == "__main__":
    main()
