"""Galleries and comparisons as a person meets them: JupyterLab in a real browser."""

import io

import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image, ImageStat
from playwright.sync_api import expect

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


@pytest.fixture(scope="module")
def page(module_lab):
    page = module_lab.open(CELLS, name="gallery")
    page.run_all()
    return page


@pytest.fixture
def slider(page):
    return page.output(2).get_by_role("group", name="Slider")


def half(locator, side):
    """The mean colour of the left or right end of what is seen."""
    seen = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    width, height = seen.size
    left = 0 if side == "left" else width - width // 10
    return ImageStat.Stat(seen.crop((left, 0, left + width // 10, height // 2))).mean


def is_red(color):
    return color[0] > 200 and color[2] < 60


def is_blue(color):
    return color[2] > 200 and color[0] < 60


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
        grid.evaluate("e => { e.style.maxHeight = '200px'; e.scrollTop = 90; e.scrollLeft = 60 }")
        left, top = grid.evaluate("e => [e.scrollLeft, e.scrollTop]")
        assert (left, top) == (60, 90)
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


def test_the_slider_shows_both_and_is_moved_by_keys(page, slider):
    assert is_red(half(slider, "left"))
    assert is_blue(half(slider, "right"))
    slider.focus()
    for _ in range(12):
        page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function("e => e.scrollLeft >= 550", arg=slider.element_handle())
    assert is_blue(half(slider, "left"))
    for _ in range(20):
        page.page.keyboard.press("ArrowLeft")
    page.page.wait_for_function("e => e.scrollLeft <= 30", arg=slider.element_handle())
    assert is_red(half(slider, "right"))
    expect(page.cell(2)).to_be_visible()


def test_the_slider_is_moved_by_the_wheel_and_fits_a_narrow_window(page, slider):
    page.viewport(560, 800)
    try:
        room = slider.evaluate("e => [e.clientWidth, e.clientHeight, e.scrollWidth]")
        assert room[0] < 600
        assert room[0] == pytest.approx(2 * room[1], abs=3)
        assert room[2] == pytest.approx(2 * room[0], abs=2)
        slider.evaluate("e => e.scrollLeft = 0")
        slider.hover()
        page.page.mouse.wheel(2000, 0)
        page.page.wait_for_function("e => e.scrollLeft > 100", arg=slider.element_handle())
        assert is_blue(half(slider, "left"))
    finally:
        page.viewport(1280, 900)


def test_a_notebook_that_is_not_trusted_has_a_corner_to_draw(page, lab):
    copy = NotebookNode(page.save())
    copy.cells[2].outputs[0]["data"]["text/html"] += "<!-- from a stranger -->"
    strange = lab.open(copy, name="stranger")
    figure = strange.output(2).locator("figure")
    assert "sticky" not in figure.inner_html()
    left, right = figure.locator("img[alt^=left]"), figure.locator("img[alt^=right]")
    seen = right.locator("xpath=..")
    assert is_red(half(seen, "left"))
    assert is_blue(half(seen, "right"))
    corner = left.locator("xpath=..").bounding_box()
    x, y = corner["x"] + corner["width"] - 6, corner["y"] + corner["height"] - 6
    strange.page.mouse.move(x, y)
    strange.page.mouse.down()
    strange.page.mouse.move(x + 800, y, steps=5)
    strange.page.mouse.up()
    assert is_red(half(seen, "right"))
    strange.page.mouse.move(0, 0)


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
        slider = exported.get_by_role("group", name="Slider")
        assert is_red(half(slider, "left"))
        slider.evaluate("e => e.scrollLeft = 9999")
        assert is_blue(half(slider, "left"))
        expect(exported.locator("td>img[alt='a banana in oil']")).to_have_count(2)
        expect(exported.locator(".nbb-grid img")).to_have_count(4)
    finally:
        exported.close()
