"""Galleries and comparisons as a person meets them: JupyterLab in a real browser."""

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from .pixels import seen_at

CELLS = [
    """import nb_banana
from nb_banana import Gallery, compare
from PIL import Image
kinds = [{"style": s, "aspect_ratio": a} for s in ("oil", "ink") for a in ("1:1", "16:9")]
made = [
    nb_banana.generate(f"a banana in {each['style']}", aspect_ratio=each["aspect_ratio"])
    for each in kinds
]
grid = Gallery(made, kinds, name="grid")""",
    "grid",
    "compare(Image.new('RGB', (600, 300), 'red'), Image.new('RGB', (600, 300), 'blue'))",
    """import pandas as pd
products = pd.DataFrame({"product": ["<b>mug</b>", "cup", "jug", "pot"], "price": [9.5, 12, 3, 1]})
grid.thumbnails(products)""",
]

SCROLLED = """grid => {
    grid.style.maxHeight = '200px';
    [grid.scrollLeft, grid.scrollTop] = [60, 90];
    return grid.scrollLeft === 60 && grid.scrollTop === 90;
}"""


@pytest.fixture(scope="module")
def page(module_lab):
    page = module_lab.open(CELLS, name="gallery")
    page.run_all()
    return page


@pytest.fixture
def slider(page):
    return page.output(2).get_by_role("slider")


def test_a_data_frame_shows_its_pictures_and_no_html_of_its_own(page):
    table = page.output(3).locator("table")
    expect(table.locator("td img")).to_have_count(4)
    expect(table.get_by_alt_text("a banana in oil")).to_have_count(2)
    assert table.locator("td img").first.evaluate("image => image.naturalWidth") == 96
    expect(table).to_contain_text("<b>mug</b>")
    expect(table.locator("td b")).to_have_count(0)


def test_a_sweep_is_tiles_with_alt_texts_whose_heads_stay_in_view(page):
    grid = page.output(1).locator(".nbb-grid")
    expect(grid.locator("img")).to_have_count(4)
    expect(grid.get_by_alt_text("a banana in oil").first).to_be_visible()
    expect(page.output(1)).to_contain_text("4 pictures · $0.358 play money · grid")
    page.viewport(480, 800)
    try:
        # JupyterLab gives it the narrow window's room a moment later.
        page.page.wait_for_function(SCROLLED, arg=grid.element_handle())
        box = grid.bounding_box()
        column = grid.get_by_role("columnheader", name="16:9").bounding_box()
        row = grid.get_by_role("rowheader", name="ink").bounding_box()
        assert column["y"] == pytest.approx(box["y"], abs=1)
        assert row["x"] == pytest.approx(box["x"], abs=1)
        ground = grid.get_by_role("rowheader", name="ink").evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        assert ground == "rgb(255, 255, 255)"
    finally:
        page.viewport(1280, 900)
        grid.evaluate("e => { e.style.maxHeight = ''; e.scrollTop = 0; e.scrollLeft = 0 }")


def test_a_tile_is_enlarged_by_a_click_or_a_key_and_says_its_prompt(page):
    tile = page.output(1).locator(".nbb-tile").first
    small = tile.locator("img").bounding_box()["width"]
    tile.locator("img").click()
    expect(tile.get_by_text("SANDBOX, no AI model · 1024×1024")).to_be_visible()
    natural = tile.locator("img").evaluate("image => image.naturalWidth")
    assert small < tile.locator("img").bounding_box()["width"] == natural
    tile.locator("summary").focus()
    page.page.keyboard.press("Enter")
    expect(tile.locator("small")).not_to_be_visible()
    assert tile.locator("img").bounding_box()["width"] == small


def test_the_handle_is_moved_and_jupyterlab_takes_neither_its_drag_nor_its_keys(page, slider):
    picture = page.output(2).get_by_role("img").first
    assert [seen_at(picture, share) for share in (0.3, 0.7)] == ["red", "blue"]
    box = slider.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + box["width"] / 3, y + 20, steps=5)
    page.page.mouse.up()
    assert seen_at(picture, 0.7) == "red"
    cells = page.page.locator(".jp-Cell").count()
    for key in ("Home", "x", "d", "d", "j", "ArrowDown", "ArrowRight"):
        page.page.keyboard.press(key)
    expect(slider).to_have_js_property("value", "1")
    expect(slider).to_be_focused()
    expect(page.page.locator(".jp-Cell")).to_have_count(cells)
    assert seen_at(picture, 0.3) == "blue"


def test_a_notebook_that_is_not_trusted_has_both_side_by_side(page):
    page.save()
    page.reopen(trusted=False)
    try:
        left, right = page.output(2).get_by_role("img").all()
        assert (seen_at(left, 0.9), seen_at(right, 0.1)) == ("red", "blue")
        assert left.bounding_box()["y"] == right.bounding_box()["y"]
        expect(page.output(2).get_by_text("left: image")).to_be_visible()
        expect(page.output(2).locator("input:visible")).to_have_count(0)
    finally:
        page.reopen()


# nbconvert says of an output without anything to see that it shows nothing.
@pytest.mark.filterwarnings("ignore:Your element with mimetype:UserWarning")
def test_an_exported_page_has_the_slider_too(page, browser_context, tmp_path):
    body, _ = HTMLExporter().from_notebook_node(page.save())
    path = tmp_path / "page.html"
    path.write_text(body, "utf-8")
    exported = browser_context.new_page()
    try:
        exported.route("http*://**", lambda route: route.abort())
        exported.goto(path.as_uri())
        slider = exported.get_by_role("slider")
        slider.press("Home")
        assert seen_at(exported.locator(".nbb-compare img").first, 0.3) == "blue"
        expect(exported.locator("td>img[alt='a banana in oil']")).to_have_count(2)
        expect(exported.locator(".nbb-grid img")).to_have_count(4)
    finally:
        exported.close()
