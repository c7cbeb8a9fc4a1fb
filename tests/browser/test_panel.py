"""The panel as a person meets it: JupyterLab in a real browser, the sandbox behind it."""

import io
import json

import pytest
from PIL import Image
from playwright.sync_api import expect

PROMPT = "a banana on a beach"
SECOND = "<b>an owl</b> <img src=x onerror='document.title = \"broken in\"'>"


def picture(size=(30, 20), kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, "tomato").save(file, kind)
    return file.getvalue()


def noise(side):
    """A PNG that no one can make small."""
    file = io.BytesIO()
    bands = [Image.effect_noise((side, side), 90) for _ in range(3)]
    Image.merge("RGB", bands).save(file, "PNG", compress_level=1)
    return file.getvalue()


@pytest.fixture(scope="module")
def page(module_lab):
    """One notebook for all tests, in their order: a panel is used as a person goes on with it."""
    module_lab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = module_lab.open(
        [
            "%load_ext nb_banana\nfrom PIL import Image; red = Image.new('RGB', (40, 30), 'red')",
            "%banana",
            "",
            "fruit.size, fruit.request.references[0].label",
            "%banana",
        ],
        name="panel",
    )
    opened.run_cell(0)
    opened.run_cell(1)
    expect(opened.output(1).get_by_label("Prompt")).to_be_visible()
    return opened


@pytest.fixture
def panel(page):
    return page.output(1).locator(".nbb")


def shown(panel, alt):
    """The pixels of the picture that is shown, as the browser has them."""
    image = panel.locator(".nbb-frame").get_by_alt_text(alt, exact=True)
    expect(image).not_to_have_js_property("naturalWidth", 0, timeout=20_000)
    return image.evaluate(
        """image => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            canvas.getContext("2d").drawImage(image, 0, 0);
            return [canvas.width, canvas.height, canvas.toDataURL()];
        }"""
    )


def says(panel):
    return panel.locator(".nbb-message")


def test_typing_sends_no_more_than_the_text(page, panel):
    page.page.evaluate(
        """() => {
            const send = WebSocket.prototype.send;
            window.sizes = [];
            WebSocket.prototype.send = function (data) {
                window.sizes.push(data.byteLength ?? data.length);
                return send.call(this, data);
            };
        }"""
    )
    text = "a banana " * 200
    panel.get_by_label("Prompt").fill(text)
    page.page.wait_for_timeout(700)
    sent = page.page.evaluate("window.sizes")
    envelope = 1_500  # what any message of Jupyter has around it
    assert sum(sent) <= len(text) + envelope
    panel.get_by_label("Prompt").fill("")


def test_a_picture_is_made_by_hand(page, panel):
    panel.get_by_label("Prompt").fill(PROMPT)
    panel.get_by_label("Variable").fill("fruit")
    panel.get_by_text("16:9").click()
    panel.get_by_text("2K").click()
    upload = {"name": "My Mug.png", "mimeType": "image/png", "buffer": picture()}
    panel.locator("input[type=file]").set_input_files([upload])
    expect(panel.locator(".nbb-references")).to_contain_text("nb_banana_uploads/my-mug.png")
    expect(panel.locator(".nbb-price")).to_contain_text("about $0.")
    panel.get_by_role("button", name="Generate").click()
    expect(panel.locator(".nbb-caption")).to_contain_text("2752×1536", timeout=20_000)
    width, height, _ = shown(panel, PROMPT)
    assert (width, height) == (768, 429)
    page.run_cell(3)
    expect(page.output(3)).to_contain_text("((2752, 1536), 'my-mug.png')")


def test_the_copied_cell_asks_for_the_same_and_pays_nothing(page, panel):
    panel.get_by_role("button", name="Copy").click()
    page.cell(2).locator(".cm-content").click()
    page.page.keyboard.press("Control+v")
    page.run_cell(2)
    expect(page.output(2).locator("figcaption")).to_contain_text("from your library · $0")
    panel.get_by_role("button", name="Insert below").click()
    expect(page.cell(2).locator(".cm-content")).to_contain_text("%%banana fruit -a 16:9 -r 2K -i")
    page.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.model.sharedModel.deleteCell(2)"
    )


def test_the_next_picture_has_other_pixels_and_both_are_compared(page, panel):
    before = shown(panel, PROMPT)
    panel.get_by_role("button", name="Use as reference").click()
    expect(panel.locator(".nbb-references li")).to_have_count(2)
    panel.get_by_label("Prompt").fill(SECOND)
    panel.get_by_label("Prompt").press("Control+Enter")
    assert shown(panel, SECOND)[2] != before[2]
    panel.get_by_role("button", name="Compare").click()
    panel.get_by_label("How much of the picture before").fill("100")
    expect(panel.locator(".nbb-before")).to_have_css("clip-path", "inset(0px 0% 0px 0px)")
    expect(panel.locator("pre")).to_contain_text(SECOND)
    assert page.page.title() != "broken in"


def test_uploads_of_every_kind(page, panel):
    for left in (1, 0):
        panel.get_by_role("button", name="Remove").first.click()
        expect(panel.get_by_role("button", name="Remove")).to_have_count(left)
    files = [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": data}
        for name, data in [
            ("large", noise(2700)),
            *((f"small {n}", picture((n, 9))) for n in range(1, 5)),
        ]
    ]
    assert len(files[0]["buffer"]) > 20_000_000
    panel.locator("input[type=file]").set_input_files(files)
    expect(panel.locator(".nbb-references li")).to_have_count(5, timeout=20_000)
    files = [{"name": "sixth.png", "mimeType": "image/png", "buffer": picture((9, 9))}]
    panel.locator("input[type=file]").set_input_files(files)
    expect(says(panel)).to_contain_text("at most 5 reference pictures: sixth.png was not added")
    panel.get_by_role("button", name="Remove nb_banana_uploads/large.png").click()
    dropped = page.page.evaluate_handle(
        """() => {
            const dropped = new DataTransfer();
            dropped.items.add(new File(["hello"], "no.png", {type: "image/png"}));
            return dropped;
        }"""
    )
    for event in ("dragover", "drop"):
        panel.locator(".nbb-drop").dispatch_event(event, {"dataTransfer": dropped})
    expect(says(panel)).to_contain_text("no.png is not a picture")


def test_the_keyboard_is_enough(page, panel):
    """Tab reaches every control that can be used; each has a name that a screen reader says."""
    nameless = panel.evaluate(
        """panel => [...panel.querySelectorAll("input, select, textarea, button, pre")]
            .filter(each => each.offsetParent && !each.disabled)
            .filter(each => !(each.ariaLabel || each.labels?.length || each.textContent.trim()))
            .map(each => each.outerHTML)"""
    )
    assert nameless == []
    panel.get_by_label("Prompt").focus()
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("ArrowLeft")
    expect(panel.locator("pre")).to_contain_text("-a 1:1")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Home")
    label = panel.locator(".nbb-choices label:has(:focus-visible)")
    expect(label).to_have_css("outline-style", "solid")
    buttons = panel.get_by_role("button", name="Move nb_banana_uploads/small-1.png down")
    buttons.focus()
    page.page.keyboard.press("Enter")
    expect(panel.locator(".nbb-references li").nth(1)).to_contain_text("small-1.png")
    expect(buttons).to_be_focused()


def test_cancel_and_errors_are_said(page, panel):
    panel.get_by_label("Prompt").fill("a banana [trouble: slow 5]")
    panel.get_by_role("button", name="Generate").click()
    expect(panel.locator(".nbb-progress")).to_contain_text("Drawing … 1 s")
    page.run_cell(0)  # the kernel is free
    panel.get_by_role("button", name="Cancel").click()
    expect(says(panel)).to_contain_text("You cancelled it.")
    panel.get_by_label("Prompt").fill("a banana [trouble: refusal]")
    panel.get_by_label("Prompt").press("Control+Enter")
    expect(says(panel)).to_have_attribute("role", "alert")
    expect(says(panel)).to_contain_text("not charged")


def test_two_panels_and_the_history(page, panel):
    page.run_cell(4)
    other = page.output(4).locator(".nbb")
    other.get_by_text("9:16").click()
    expect(panel.locator("pre")).to_contain_text("-a 1:1")
    other.get_by_role("button", name=f"Bring back: {PROMPT}").click()
    expect(other.get_by_label("Prompt")).to_have_value(PROMPT)
    expect(other.locator(".nbb-caption")).to_contain_text("2752×1536")
    expect(panel.get_by_label("Prompt")).to_have_value("a banana [trouble: refusal]")
    other.get_by_role("button", name="Close the panel").click()
    expect(other).to_have_count(0)


def test_it_is_readable_in_the_dark_and_in_a_narrow_window(page, panel):
    page.set_theme("dark")
    page.page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.viewport(520, 900)
    light = panel.evaluate("panel => getComputedStyle(panel).backgroundColor")
    assert max(map(int, light.removeprefix("rgb(").rstrip(")").split(","))) < 60
    clipped = panel.evaluate(
        """panel => [...panel.querySelectorAll("button, label, select, legend, p, .nbb-form")]
            .filter(each => each.offsetParent && !each.closest(".nbb-strip"))
            .filter(each => each.scrollWidth > each.clientWidth + 1)
            .map(each => each.textContent.slice(0, 40))"""
    )
    assert clipped == []
    page.viewport(1280, 900)


def test_a_saved_notebook_says_what_it_was_and_has_what_was_kept(page, panel):
    panel.get_by_role("button", name="Keep as output").click()
    expect(page.output(1).locator("figure img")).to_be_visible()
    expect(page.output(1).get_by_text("This was the panel")).to_be_hidden()
    saved = page.save()
    assert "image/jpeg" in saved.cells[1].outputs[1].data
    assert "nb_banana" in json.dumps(saved.cells[1].outputs[0].data["text/html"])
    page.restart_kernel()
    expect(says(panel)).to_contain_text("The kernel was restarted or stopped")
    expect(panel.get_by_role("button", name="Generate")).to_be_disabled()
    page.shutdown_kernel()
    page.load()
    expect(page.output(1).get_by_text("This was the panel")).to_be_visible()
    expect(page.output(1).locator("figure img")).to_be_visible()
    expect(page.output(1).get_by_text("model not found")).to_be_hidden()
