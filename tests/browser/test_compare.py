"""Comparisons in a page of their own: no kernel, no front end, no script."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

import nb_banana

from .axe import findings
from .pixels import most_of, seen_at

RED, BLUE = (Image.new("RGB", (600, 300), color) for color in ("red", "blue"))
PLACES = (0.1, 0.3, 0.7, 0.9)


@pytest.fixture(scope="module")
def shown():
    return nb_banana.compare(RED, BLUE)._repr_mimebundle_()[0]["text/html"]


@pytest.fixture(scope="module")
def blank(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def page(blank, shown):
    """Two comparisons, one below the other."""
    blank.goto("about:blank")
    blank.emulate_media(media="screen", forced_colors="none")
    blank.set_viewport_size({"width": 1000, "height": 800})
    blank.set_content(f"<!doctype html><html lang=en><title>Two</title><main>{shown * 2}</main>")
    return blank


def colors(comparison):
    """What is seen from left to right of the picture that the handle lies on."""
    picture = comparison.get_by_role("img").first
    return [seen_at(picture, share) for share in PLACES]


def one(page, number=0):
    return page.locator(".nbb-compare").nth(number)


def drag(page, handle, start, end):
    box = handle.bounding_box()
    inner = box["width"] - 40  # the handle's middle goes from end to end of the picture
    left, middle = box["x"] + 20, box["y"] + box["height"] / 2
    page.mouse.move(left + start * inner, middle)
    page.mouse.down()
    page.mouse.move(left + end * inner, middle + 30, steps=5)
    page.mouse.up()


def test_the_handle_is_dragged_over_the_picture(page):
    assert colors(one(page)) == ["red", "red", "blue", "blue"]
    handle = one(page).get_by_role("slider")
    drag(page, handle, 0.5, 0.8)
    assert colors(one(page)) == ["red", "red", "red", "blue"]
    drag(page, handle, 0.8, 0.2)
    assert colors(one(page)) == ["red", "blue", "blue", "blue"]


def test_keys_move_the_handle_from_one_end_to_the_other(page):
    handle = one(page).get_by_role("slider", name="Border between left and right")
    page.keyboard.press("Tab")
    expect(handle).to_be_focused()
    page.keyboard.press("End")
    assert colors(one(page)) == ["red"] * 4
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_js_property("value", "89")
    assert colors(one(page)) == ["red", "red", "red", "blue"]
    page.keyboard.press("Home")
    assert colors(one(page)) == ["blue"] * 4


def test_two_comparisons_do_not_know_each_other(page):
    one(page, 1).get_by_role("slider").press("End")
    one(page, 1).get_by_role("checkbox", name="Flip").check()
    assert colors(one(page, 0)) == ["red", "red", "blue", "blue"]
    assert colors(one(page, 1)) == ["blue"] * 4


def test_flip_shows_at_each_place_the_other_picture(page):
    flip = one(page).get_by_role("checkbox", name="Flip")
    left, right = one(page).locator("figcaption").all()
    flip.press("Space")
    assert colors(one(page)) == ["blue", "blue", "red", "red"]
    assert right.bounding_box()["x"] < left.bounding_box()["x"], "the names go with them"
    drag(page, one(page).get_by_role("slider"), 0.5, 0.8)
    assert colors(one(page)) == ["blue", "blue", "blue", "red"]
    flip.press("Space")
    assert colors(one(page)) == ["red", "red", "red", "blue"]


def test_it_shrinks_with_the_window_and_hangs_over_no_edge(page):
    page.set_viewport_size({"width": 400, "height": 800})
    box = one(page).get_by_role("img").first.bounding_box()
    assert box["width"] <= 400
    assert box["width"] == pytest.approx(2 * box["height"], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert colors(one(page)) == ["red", "red", "blue", "blue"]


def boxes(page):
    return [each.bounding_box() for each in one(page).get_by_role("img").all()]


def without_its_style(page):
    page.locator("main style").evaluate_all("all => all.forEach(each => each.remove())")


def without_timelines(page):
    """As Firefox has it."""
    page.locator("main style").evaluate_all(
        "all => all.forEach(each => each.textContent = each.textContent.replace("
        "'(animation-timeline:view())', '(no-such:thing)'))"
    )


def on_paper(page):
    page.emulate_media(media="print")


@pytest.mark.parametrize("take_away", [without_its_style, without_timelines, on_paper])
def test_without_the_handle_both_stand_side_by_side_whole_with_their_names(page, take_away):
    take_away(page)
    left, right = boxes(page)
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    expect(one(page).get_by_role("slider")).to_have_count(0)
    expect(one(page).get_by_text("left: image")).to_be_visible()
    seen = [seen_at(each, 0.95) for each in one(page).get_by_role("img").all()]
    assert seen == ["red", "blue"]
    page.set_viewport_size({"width": 380, "height": 800})
    left, right = boxes(page)
    assert left["x"] == right["x"]
    assert left["y"] + left["height"] < right["y"], "one above the other where it is narrow"


def test_without_the_handle_the_button_lets_both_change_places(page):
    without_timelines(page)
    one(page).get_by_role("checkbox", name="Flip").check()
    left, right = boxes(page)
    assert right["x"] < left["x"]
    without_its_style(page)
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_axe_finds_nothing(page):
    assert findings(page, "main") == []
    one(page).get_by_role("checkbox", name="Flip").check()
    assert findings(page, "main") == []


def test_the_button_of_two_tiny_pictures_is_whole(page):
    tiny = nb_banana.compare(RED.resize((20, 20)), BLUE.resize((20, 20)))
    page.set_content(f"<!doctype html>{tiny._repr_mimebundle_()[0]['text/html']}")
    button = one(page).get_by_role("checkbox", name="Flip").bounding_box()
    assert button["width"] > 40
    whole = one(page).bounding_box()
    assert whole["x"] <= button["x"]
    assert button["x"] + button["width"] <= whole["x"] + whole["width"]
    assert whole["height"] < 300


def test_with_forced_colors_the_handle_is_seen_and_whether_both_have_changed_places(page):
    page.emulate_media(forced_colors="active")
    place = one(page).get_by_role("slider").bounding_box()
    middle = {"x": place["x"] + place["width"] / 2 - 10, "y": place["y"] + place["height"] / 2 - 10}
    handle = page.screenshot(clip=middle | {"width": 20, "height": 20})
    with Image.open(io.BytesIO(handle)) as seen:
        assert (255, 255, 255) in {color for _, color in seen.convert("RGB").getcolors()}
    button = one(page).get_by_role("checkbox", name="Flip")
    before = most_of(button)
    button.check()
    assert most_of(button) != before


def test_on_paper_there_is_no_button(page):
    page.emulate_media(media="print")
    expect(one(page).get_by_role("img")).to_have_count(2)
    expect(one(page).get_by_role("checkbox")).to_have_count(0)
