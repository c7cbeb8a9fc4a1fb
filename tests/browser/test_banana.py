"""`%%banana` as a person meets it: JupyterLab in a real browser."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from .lab import HELD, CellError


@pytest.fixture(scope="module")
def page(module_lab):
    """One notebook, with the extension loaded."""
    page = module_lab.open(
        [
            f"%load_ext nb_banana\n{HELD}",
            "%%banana trex -a 16:9 --alt 'A T-Rex on a beach'\n"
            "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses.",
            "trex.pil.resize((344, 192))",
            "%%banana -a 16:10\na banana",
            "%%banana slow --fresh\na held banana",
            "",
        ],
        name="banana",
    )
    page.run_cell(0)
    return page


def test_a_cell_shows_its_picture_with_alt_text_and_caption(page):
    expect(page.output(0)).to_contain_text("sandbox")
    page.run_cell(1)
    picture = page.output(1).get_by_alt_text("A T-Rex on a beach")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [768, 429]
    expect(page.output(1).locator("figcaption")).to_contain_text("1376×768 · nano-banana-2")


def test_the_next_cell_uses_it(page):
    page.run_cell(1)
    page.run_cell(2)
    assert page.output(2).locator("img").evaluate("image => image.naturalWidth") == 344


def test_an_error_is_one_sentence(page):
    with pytest.raises(CellError, match="Did you mean 16:9"):
        page.run_cell(3)
    expect(page.output(3)).to_contain_text("Did you mean 16:9")
    expect(page.output(3)).not_to_contain_text("Traceback")


def test_while_it_waits_the_seconds_are_counted_and_then_the_line_is_gone(page):
    page.hold()
    page.start_cell(4)
    counting = re.compile(r"nano-banana-2 is drawing … \d s")
    now = page.output(4).locator(".nbb-now")
    expect(now).to_have_attribute("data-now", counting)
    page.let_go()
    page.wait_for_cell(4)
    expect(page.output(4).locator("figure img")).to_be_visible()
    expect(page.output(4)).not_to_contain_text("drawing")


def test_the_saved_notebook_has_one_output_a_cell_and_stays_small(page):
    page.let_go()
    for number in range(1, 5):
        with suppress(CellError):
            page.run_cell(number)
    saved = page.save()
    assert [len(cell.outputs) for cell in saved.cells[1:5]] == [1, 1, 1, 1]
    assert page.path.stat().st_size < 1_500_000


def test_tab_offers_options_and_values(page):
    page.cell(5).locator(".cm-content").click()
    page.page.keyboard.type("%%banana x --asp")
    page.page.keyboard.press("Tab")
    popup = page.page.locator(".jp-Completer")
    expect(popup).to_contain_text("--aspect-ratio")
    expect(popup.locator(".jp-Completer-typeExtended")).to_have_text("width to height")
    page.page.keyboard.press("Enter")
    expect(page.cell(5).locator(".cm-content")).to_contain_text("--aspect-ratio")
    page.page.keyboard.type("=16")
    page.page.keyboard.press("Tab")
    expect(popup).to_contain_text("--aspect-ratio=16:9")
