"""Many pictures and pictures in the background, as a person sees them in JupyterLab."""

import re

import pytest
from playwright.sync_api import expect

from .axe import findings

HELD = """import pathlib, time
from nb_banana.sandbox import painter
plain = painter._scene
def held(*asked):
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    return plain(*asked)
painter._scene = held
%load_ext nb_banana"""
"""No picture comes before the test says so."""


@pytest.fixture(scope="module")
def notebook(module_lab):
    return module_lab.open(
        [
            HELD,
            "%%banana cats -n 6 -a 16:9 --fresh\na cat",
            "%%banana sky --background -a 16:9 --fresh\na balloon and hills",
            "'another cell'",
            "sky.size",
            "%%banana owls -n 6 -a 16:9\nan owl",
            "%%banana sea --background -a 16:9\na ship",
        ],
        name="many",
    )


@pytest.fixture
def page(notebook):
    if notebook.is_fresh:
        notebook.run_cell(0)
        notebook.is_fresh = False
    go(notebook).unlink(missing_ok=True)
    return notebook


def go(page):
    return page.server.root / "go"


WATCH = """index => {
    const [cell, next] = [index, index + 1].map(
        each => document.querySelectorAll('.jp-Notebook .jp-Cell')[each]);
    const top = each => each?.getBoundingClientRect().top - cell.getBoundingClientRect().top;
    window.seen = [];
    const look = () => {
        const tile = [...cell.querySelectorAll('.nbb-tile')].find(each => each.clientWidth);
        const images = [...cell.querySelectorAll('.nbb-tile img')];
        const blank = images.filter(each => !each.complete || !each.naturalWidth).length;
        if (tile) window.seen.push([images.length, top(tile), top(next), blank]);
        if (window.seen) requestAnimationFrame(look);
    };
    look();
}"""
"""Notes in each frame how many pictures there are, where the first tile and the next cell stand."""


def test_tiles_stand_and_fill_and_the_gallery_comes_into_their_place(page):
    page.page.evaluate(WATCH, 1)
    page.start_cell(1)
    bar = page.output(1).get_by_role("progressbar", name="of 6 pictures")
    expect(bar).to_be_visible()
    words = re.compile(r"^\d of 6 pictures, about \$0\.54 play money · ")
    expect(page.output(1).locator(".nbb-now")).to_have_attribute("data-now", words)
    expect(page.output(1).locator(".nbb-tile")).to_have_count(6)
    assert findings(page.page, ".jp-Cell-outputArea .nb-banana-batch") == []
    page.page.wait_for_function("() => window.seen.length")
    go(page).touch()
    page.wait_for_cell(1)
    expect(bar).to_have_count(0)
    expect(page.output(1).locator("figure .nbb-tile img")).to_have_count(6)
    expect(page.output(1)).to_contain_text("6 pictures, about $0.54 play money")
    page.page.wait_for_function("() => window.seen.at(-1)[0] === 6")  # a frame is painted since
    counts, tops, ends, blanks = zip(*page.page.evaluate("() => window.seen"), strict=True)
    page.page.evaluate("() => { window.seen = null; }")
    assert counts[0] == 0
    assert 6 in counts
    assert max(tops) - min(tops) < 8
    assert max(ends) - min(ends) < 24
    assert not any(blanks)


def test_a_picture_in_the_background_comes_into_its_own_place(page):
    page.run_cell(2)
    now = page.output(2).locator(".nbb-now")
    expect(now).to_have_attribute("data-now", re.compile("is drawing in the background"))
    page.run_cell(3)
    go(page).touch()
    expect(page.output(2).locator("figure img")).to_be_visible()
    expect(now).to_have_count(0)
    page.run_cell(4)
    expect(page.output(4)).to_contain_text("(1376, 768)")


def test_the_saved_notebook_has_the_pictures_and_opens_without_a_kernel(page):
    go(page).touch()
    for number in (5, 6):
        page.run_cell(number)
    expect(page.output(6).locator("figure img")).to_be_visible()
    saved = page.save()
    line, sheet = saved.cells[5].outputs
    assert line.data == {"text/plain": "6 pictures, about $0.54 play money"}
    (place,) = saved.cells[6].outputs
    assert {"text/html", "image/jpeg"} <= set(sheet.data) & set(place.data)
    page.reopen()
    expect(page.output(5).locator("figure img")).to_have_count(6)
    expect(page.output(6).locator("figure img")).to_be_visible()
