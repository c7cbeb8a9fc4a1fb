"""The panel as a person uses it: JupyterLab in a real browser, the sandbox behind it."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.amount import ALL
from tests.support.servers import picture

from .axe import findings
from .lab import HELD

SHOTS = os.environ.get("NB_BANANA_SCREENSHOTS")
"""A folder to put screenshots into, for people to look at."""
CONTRAST = """node => {
    const color = text => text.match(/[0-9.]+/g).slice(0, 3).map(each => each / 255)
        .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    const light = ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    const style = getComputedStyle(node);
    let under = node;
    while (/, 0\\)/.test(getComputedStyle(under).backgroundColor)) under = under.parentElement;
    const ground = getComputedStyle(under).backgroundColor;
    const [dark, bright] = [light(color(style.color)), light(color(ground))].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
}"""
"""How well words are seen on their ground; 4.5 and more is WCAG's AA."""
SIDEBAR = "window.jupyterapp.commands.execute('application:toggle-left-area')"


@pytest.fixture(scope="module")
def notebook(module_lab):
    return module_lab.open(
        [
            "%load_ext nb_banana",
            f"{HELD}\nimport PIL.Image; mug = PIL.Image.new('RGB', (60, 40), 'orange')",
            "%banana",
            "fox.size",
            "",
            "%banana",
            "%config Banana.confirm_over = 0.01",
            "%config Banana.confirm_over = None",
        ],
        name="panel",
    )


@pytest.fixture
def page(notebook):
    """The notebook with a new panel: to run its cell again closes the one before."""
    for number in (0, 1, 2) if notebook.is_fresh else (2,):
        notebook.run_cell(number)
    notebook.is_fresh = False
    expect(panel(notebook)).to_be_visible()
    expect(panel(notebook).get_by_label("Prompt", exact=True)).to_have_value("")
    return notebook


def panel(page, cell=2):
    return page.output(cell).get_by_role("region", name="nb_banana panel")


def shoot(page, name):
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"{name}.png")


def write(page, prompt):
    field = panel(page).get_by_label("Prompt", exact=True)
    field.fill(prompt)
    field.press("Tab")
    expect(the_cell(page)).to_contain_text(prompt)


def draw(page, prompt):
    write(page, prompt)
    panel(page).get_by_role("button", name="Generate").click()
    image = result(page).get_by_alt_text(prompt)
    expect(image).to_be_visible()
    return image


def source(image):
    """Where the picture of an image comes from; it is sent after the image."""
    expect(image).to_have_attribute("src", re.compile("blob:"))
    return image.get_attribute("src")


def add(page, name, size):
    """Drop a picture into the panel."""
    file = {"name": name, "mimeType": "image/png", "buffer": picture(size=size)}
    panel(page).locator("input[type=file]").set_input_files(file)


def references(page):
    return panel(page).locator(".nbb-references li")


def the_cell(page):
    return panel(page).get_by_label("The cell that does the same")


def result(page):
    return panel(page).get_by_role("region", name="Result")


def message(page):
    return panel(page).locator(".nbb-message:not(:empty)")


def test_a_form_becomes_a_picture_and_the_variable_is_there(page):
    form = panel(page)
    shoot(page, "empty")
    write(page, "A fox in the snow")
    form.get_by_text("16:9", exact=True).click()
    form.get_by_text("2K", exact=True).click()
    form.locator("summary", has_text="variable").click()
    form.get_by_label("Variable").fill("fox")
    form.get_by_label("Variable").press("Tab")
    add(page, "my mug.png", (64, 48))
    expect(references(page)).to_have_count(1)
    expect(the_cell(page)).to_have_text(
        "%%banana fox -a 16:9 -r 2K -i nb_banana_uploads/my-mug.png\nA fox in the snow"
    )
    expect(form.get_by_role("button", name="Generate")).to_contain_text("about $0.1")
    shoot(page, "form")
    form.get_by_role("button", name="Generate").click()
    image = result(page).get_by_alt_text("A fox in the snow")
    expect(image).to_be_visible()
    expect(result(page)).to_contain_text("2752×1536")
    expect(image).to_have_js_property("naturalWidth", 768)
    shoot(page, "result")
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("(2752, 1536)")


def test_the_cell_that_it_shows_makes_the_same_request_and_nothing_is_paid(page):
    panel(page).get_by_text("4:3", exact=True).click()
    draw(page, "A fox in a wood")
    page.cell(4).locator(".cm-content").click()
    page.page.keyboard.insert_text(the_cell(page).text_content())
    page.run_cell(4)
    expect(page.output(4)).to_contain_text("from your library · $0")


def test_another_picture_comes_into_its_place_and_is_compared_with_the_one_before(page):
    draw(page, "A fox at noon")
    before = source(result(page).get_by_alt_text("A fox at noon"))
    write(page, "A fox at night")
    panel(page).get_by_label("Prompt", exact=True).press("Control+Enter")
    assert source(result(page).get_by_alt_text("A fox at night")) != before
    result(page).get_by_role("button", name="Compare").click()
    expect(result(page).get_by_role("slider")).to_be_visible()
    shoot(page, "compare")


def test_keep_as_output_leaves_a_plain_picture_below(page):
    draw(page, "A fox to keep")
    result(page).get_by_role("button", name="Keep as output").click()
    expect(page.output(2).locator("figure.nb-banana img")).to_be_visible()


def test_cancelled_it_says_what_that_means_for_the_money(page):
    write(page, "A fox [trouble: slow 300]")
    panel(page).get_by_role("button", name="Generate").click()
    expect(panel(page).get_by_role("button", name="Generate")).to_be_disabled()
    counted = re.compile(r"[1-9] s")
    expect(panel(page).locator(".nbb-progress")).to_contain_text(counted)
    page.run_cell(1)  # the kernel is free meanwhile
    panel(page).get_by_role("button", name="Cancel").click()
    expect(message(page)).to_contain_text("You cancelled it")
    expect(panel(page).get_by_role("button", name="Generate")).to_be_enabled()


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("A fox [trouble: refusal]", "The model made no picture for this prompt"),
        ("A {{wolf}} in the snow", "There is no 'wolf' in this notebook"),
        ("<img src=x onerror='document.title=1'> [trouble: 400]", "did not accept the request"),
    ],
)
def test_an_error_is_said_in_full_and_is_no_html(page, prompt, says):
    write(page, prompt)
    panel(page).get_by_role("button", name="Generate").click()
    expect(message(page)).to_contain_text(says)
    assert page.page.title() != "1"
    shoot(page, "error")


def test_an_upload_that_is_no_picture_is_refused_and_a_sixth_one_is(page):
    upload = panel(page).locator("input[type=file]")
    upload.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(message(page)).to_contain_text("a.txt is not a picture")
    for number in range(1, 7):
        add(page, f"{number}.png", (20 + number, 20))
        expect(references(page)).to_have_count(min(number, 5))
    expect(message(page)).to_contain_text("at most 5 reference pictures")


def test_what_a_model_can_not_do_is_not_offered(page):
    form = panel(page)
    form.locator("summary", has_text="Model").click()
    form.get_by_label("Model", exact=True).select_option("nano-banana-pro")
    expect(form.get_by_text("21:9", exact=True)).to_be_visible()
    expect(form.get_by_text("Web search")).to_be_hidden()
    form.get_by_label("Model", exact=True).select_option("")
    expect(form.get_by_text("21:9", exact=True)).to_have_count(0)


def test_an_address_is_typed_and_tab_leads_on(page):
    form = panel(page)
    for number in (1, 2):
        add(page, f"one of {number}.png", (30 + number, 20))
        expect(references(page)).to_have_count(number)
    form.get_by_role("button", name="Remove").last.click()
    expect(references(page)).to_have_count(1)
    address = form.get_by_label("Address of a picture")
    address.press_sequentially("https://example.com/a.png")
    address.press("Tab")
    expect(form.get_by_role("button", name="Add address")).to_be_focused()
    address.press("Enter")
    expect(references(page).last).to_contain_text("https://example.com/a.png")


def test_it_is_usable_in_the_dark_and_in_a_narrow_window(page):
    page.set_theme("dark")
    shoot(page, "dark")
    ground = panel(page).evaluate("node => getComputedStyle(node).backgroundColor")
    assert sum(map(int, ground.removeprefix("rgb(").rstrip(")").split(",")[:3])) < 200
    write(page, "A {{wolf}}")
    expect(panel(page).locator(".nbb-price.nbb-problem")).to_be_visible()
    for words in (".nbb-primary", ".nbb-price.nbb-problem"):
        assert panel(page).locator(words).evaluate(CONTRAST) >= 4.5
    page.viewport(480, 900)
    page.page.evaluate(f"() => {SIDEBAR}")
    shoot(page, "narrow")
    assert panel(page).evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    page.page.evaluate(f"() => {SIDEBAR}")
    page.viewport(1280, 900)
    page.set_theme("light")


def test_notebook_7_does_not_squeeze_it_into_a_box_that_scrolls(page):
    page.page.evaluate("() => document.body.dataset.notebook = 'notebooks'")
    page.cell(2).evaluate("node => node.classList.add('jp-mod-outputsScrolled')")
    assert page.output(2).evaluate("node => node.scrollHeight - node.clientHeight") < 2
    page.cell(2).evaluate("node => node.classList.remove('jp-mod-outputsScrolled')")
    page.page.evaluate("() => delete document.body.dataset.notebook")


def test_a_second_panel_does_not_disturb_the_first(page):
    panel(page).get_by_text("16:9", exact=True).click()
    page.run_cell(5)
    expect(panel(page, 5)).to_be_visible()
    panel(page, 5).get_by_label("Prompt", exact=True).fill("A robot")
    panel(page, 5).get_by_text("4:3", exact=True).click()
    expect(panel(page).get_by_label("Prompt", exact=True)).not_to_have_value("A robot")
    expect(panel(page).get_by_role("radio", name="16:9")).to_be_checked()
    panel(page, 5).get_by_role("button", name="Close the panel").press("Enter")
    expect(panel(page, 5)).to_have_count(0)
    assert page.page.evaluate("document.activeElement.closest('.jp-Notebook') !== null")


def test_reopened_without_a_kernel_it_says_what_it_was_and_keeps_what_was_kept(page):
    draw(page, "A fox that stays")
    result(page).get_by_role("button", name="Keep as output").click()
    expect(page.output(2).locator("figure.nb-banana img")).to_be_visible()
    saved = page.save()
    assert "widgets" not in saved.metadata
    page.reopen()
    expect(page.output(2)).to_contain_text("This was the panel of nb_banana")
    expect(page.output(2).locator("figure.nb-banana img")).to_be_visible()
    shoot(page, "reopened")


def test_a_kernel_that_restarts_under_it_is_said(page):
    write(page, "A fox [trouble: slow 300]")
    panel(page).get_by_role("button", name="Generate").click()
    expect(panel(page).locator(".nbb-progress")).to_contain_text("Drawing")
    page.restart_kernel()
    expect(message(page)).to_contain_text("Run this cell again")
    expect(message(page)).to_be_focused()
    expect(panel(page).locator(".nbb-progress")).to_have_count(0)
    expect(panel(page).get_by_role("button", name="Cancel")).to_be_hidden()
    expect(panel(page).get_by_role("button", name="Generate")).to_be_disabled()


def test_it_is_worked_by_keys_alone(page):
    field = panel(page).get_by_label("Prompt", exact=True)
    field.focus()
    page.page.keyboard.type("A cat by keys")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowRight")
    expect(the_cell(page)).to_have_text("%%banana -a 9:16\nA cat by keys")
    outline = "node => getComputedStyle(node.closest('label')).outlineStyle"
    assert panel(page).get_by_role("radio", name="9:16").evaluate(outline) != "none"
    field.focus()
    page.page.keyboard.press("Control+Enter")
    expect(result(page).get_by_alt_text("A cat by keys")).to_be_visible()


def test_every_control_has_a_name_for_a_screen_reader(page):
    nameless = """root => [...root.querySelectorAll('button, input, select, textarea')]
        .filter(each => !each.hidden && each.type !== 'file' && !each.textContent.trim()
        && !each.ariaLabel && !each.getAttribute('aria-label') && !each.labels?.length
        && each.offsetParent).map(each => each.outerHTML)"""
    assert panel(page).evaluate(nameless) == []


def scroll_to_top(page):
    """Bring the panel to the top of the notebook's view."""
    page.page.evaluate("""() => {
        const panel = document.querySelector('.nbb');
        const view = panel.closest('.jp-WindowedPanel-outer');
        view.scrollTop += panel.getBoundingClientRect().top - view.getBoundingClientRect().top;
    }""")


@pytest.mark.parametrize("has_sidebar", [True, False] if ALL else [False])
def test_on_a_projector_what_is_asked_and_what_comes_are_seen_together(page, has_sidebar):
    page.viewport(1024, 512)
    if not has_sidebar:
        page.page.evaluate(f"() => {SIDEBAR}")
    panel(page).get_by_text("3:4", exact=True).click()
    draw(page, "A fox before a class")
    scroll_to_top(page)
    shoot(page, f"projector-{'sidebar' if has_sidebar else 'wide'}")
    bottom = "document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect().bottom"
    for part in (
        panel(page).get_by_label("Prompt", exact=True),
        panel(page).get_by_text("4:3", exact=True),
        panel(page).get_by_role("button", name="Generate · $0"),
        result(page).get_by_alt_text("A fox before a class"),
    ):
        edges = part.evaluate("node => node.getBoundingClientRect().toJSON()")
        assert edges["top"] >= 0
        assert edges["bottom"] <= page.page.evaluate(bottom)
    if not has_sidebar:
        page.page.evaluate(f"() => {SIDEBAR}")
    page.viewport(1280, 900)


@pytest.mark.parametrize("theme", ["light", "dark"] if ALL else ["dark"])
def test_axe_finds_nothing_in_the_panel(page, theme):
    page.set_theme(theme)
    add(page, "mug.png", (64, 48))
    expect(references(page)).to_have_count(1)
    draw(page, "A fox and a mug")
    source(result(page).get_by_alt_text("A fox and a mug"))
    assert findings(page.page, ".nbb") == []
    page.set_theme("light")


def test_with_enter_on_generate_the_keyboard_stays_there_and_what_comes_is_heard(page):
    page.hold()
    write(page, "A fox that is held and heard")
    generate = panel(page).get_by_role("button", name="Generate")
    generate.press("Enter")
    frame = result(page).locator(".nbb-drawing")
    expect(frame).to_contain_text("Drawing … ")
    expect(generate).to_be_focused()
    page.let_go()
    expect(result(page).get_by_text("The picture is here. ")).to_be_attached()
    expect(generate).to_be_focused()


def test_what_costs_more_than_a_limit_is_sent_after_a_yes(page):
    page.run_cell(6)
    try:
        write(page, "A heron")
        panel(page).get_by_role("button", name="Generate").click()
        expect(message(page)).to_contain_text("Send it?")
        expect(result(page).locator("img")).to_have_count(0)
        panel(page).get_by_role("button", name="Send it").click()
        expect(result(page).get_by_alt_text("A heron")).to_be_visible()
    finally:
        page.run_cell(7)
