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
from playwright.sync_api import Browser, FloatRect, Locator, expect, sync_playwright

from .conftest import CHROMIUM_ARGS, CHROMIUMS, NO_CHROMIUM
from .lab import NARROW, PROJECTOR, WIDE, Lab, LabPage, running_server
from .outputs import executed

IMAGES = Path(__file__).parents[2] / "notebooks/images"
SCALE = 1.5
"""Pixels of a file for one of the page, so that words are sharp in a README of 830 pixels."""
BEACH = (
    "%load_ext nb_banana",
    "%%banana trex -a 16:9\n"
    "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses.",
    '%%banana looks -a 16:9 --sweep "look=a watercolour,a pencil sketch,a starry night"\n'
    "{{trex}} as {{look}}",
)
PANEL = (
    "%load_ext nb_banana",
    "%%banana cup --quiet\nA blue cup with a heart on it",
    "%banana",
)
TALL = 3000
"""A height of a window in which each output is seen as a whole."""
LOOKS = {
    "light": ((WIDE[0], TALL), "light"),
    "dark": ((WIDE[0], TALL), "dark"),
    "480": ((NARROW[0], TALL), "light"),
    "480-dark": ((NARROW[0], TALL), "dark"),
    "projector": (PROJECTOR, "light"),
}
"""The windows and themes that everything is looked at in."""
WAITS = {
    "a picture": "%%banana -a 16:9 --fresh\na ship at sea [trouble: slow 5]",
    "many": "%%banana -n 4 -a 4:3 --fresh\na {{'fox'}} in the snow [trouble: slow 5]",
}


def readme(browser: Browser, lab: Lab) -> None:
    """The pictures of README and notebooks, anew."""
    lab.context = browser.new_context(
        viewport={"width": 960, "height": 1600}, device_scale_factor=SCALE
    )
    page = lab.open(BEACH, name="beach")
    page.hide_sidebar()
    for number in range(len(BEACH)):
        page.run_cell(number)
    page.cell(0).locator(".cm-content").click()  # no other cell has a frame and buttons then
    page.page.mouse.move(0, 0)
    cut(page, IMAGES / "jupyterlab.png", page.cell(1), page.cell(2))

    page = lab.open(PANEL, name="panel")
    page.hide_sidebar()
    page.viewport(1120, 1600)
    for number in range(len(PANEL)):
        page.run_cell(number)
    panel = page.output(2).get_by_role("region", name="nb_banana panel")
    write(panel, "A fox in a forest, drinking from {{cup}}")
    cut(page, IMAGES / "panel-form.png", panel)
    panel.get_by_role("button", name="Generate").click()
    expect(panel.get_by_role("region", name="Result").locator("img").first).to_be_visible()
    page.page.wait_for_timeout(1500)  # what is shown at first is faded in
    cut(page, IMAGES / "panel-result.png", panel)


def write(panel: Locator, prompt: str) -> None:
    panel.get_by_label("Prompt", exact=True).fill(prompt)
    panel.get_by_text("16:9", exact=True).click()
    expect(panel.get_by_label("The cell that does the same")).to_contain_text("-a 16:9")
    expect(panel.get_by_role("button", name="Generate")).to_contain_text("$")


def cut(page: LabPage, path: Path, first: Locator, last: Locator | None = None) -> None:
    """A file with the part of the window from one element to another, in 256 colours."""
    top, end = first.bounding_box(), (last or first).bounding_box()
    assert top
    assert end
    clip = FloatRect(
        x=top["x"], y=top["y"], width=top["width"], height=end["y"] + end["height"] - top["y"]
    )
    page.page.screenshot(path=path, clip=clip, animations="disabled")
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(path, optimize=True)


def matrix(lab: Lab, folder: Path) -> None:
    """Everything in every look; a file each, so that two folders can be laid side by side."""
    with tempfile.TemporaryDirectory() as home:
        notebook = executed(Path(home))
    for app in ("lab", "notebook"):
        page = lab.open(notebook, name=f"outputs-{app}", app=app)
        if app == "lab":
            page.hide_sidebar()
        for look in LOOKS:
            wear(page, look)
            shoot(page, folder / app / look)
    strange = lab.open(notebook, name="strange", trusted=False)
    strange.hide_sidebar()
    strange.viewport(WIDE[0], TALL)
    shoot(strange, folder / "lab" / "untrusted")
    moving(lab, folder / "lab")


def wear(page: LabPage, look: str) -> None:
    window, theme = LOOKS[look]
    page.viewport(*window)
    page.set_theme(theme)


def shoot(page: LabPage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(page.saved.cells):
        if cell.outputs:
            page.screenshot(folder / f"{number:02} {cell.metadata.name}.png", page.output(number))


def moving(lab: Lab, folder: Path) -> None:
    """What is seen for a while only, and the panel."""
    page = lab.open([*PANEL, *WAITS.values()], name="moving")
    page.hide_sidebar()
    for number in range(len(PANEL)):
        page.run_cell(number)
    panel = page.output(2).get_by_role("region", name="nb_banana panel")
    for look in LOOKS:
        wear(page, look)
        panel.scroll_into_view_if_needed()
        write(panel, "A fox in a forest, drinking from {{cup}}")
        page.screenshot(folder / look / "30 panel.png", page.output(2))
        panel.get_by_label("Prompt", exact=True).fill(f"A fox, {look} [trouble: slow 3]")
        panel.get_by_role("button", name="Generate").click()
        page.page.wait_for_timeout(1500)
        page.screenshot(folder / look / "31 panel draws.png", page.output(2))
        shown = panel.get_by_role("region", name="Result").get_by_alt_text(f"A fox, {look}")
        expect(shown).to_be_visible(timeout=30_000)
        page.screenshot(folder / look / "32 panel with picture.png", page.output(2))
        for number, name in enumerate(WAITS, len(PANEL)):
            page.start_cell(number)
            page.page.wait_for_timeout(3000)
            path = folder / look / f"{30 + number} waits for {name}.png"
            page.screenshot(path, page.cell(number), moving=True)
            page.wait_for_cell(number)


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not path:
        sys.exit(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def main() -> None:
    folder = os.environ.get("SHOTS")
    with (
        tempfile.TemporaryDirectory() as home,
        running_server(Path(home)) as server,
        chromium() as browser,
    ):
        lab = Lab(server, browser.new_context(), {})
        if folder:
            matrix(lab, Path(folder))
        else:
            readme(browser, lab)
        lab.close()


if __name__ == "__main__":
    main()
