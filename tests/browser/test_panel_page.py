"""The browser's half of the panel by itself: what each front end makes of it, and keys alone."""

import base64
import inspect
import re

import pytest
from playwright.sync_api import expect

from nb_banana.display import batch_progress, html
from nb_banana.results import comparison, gallery_tiles
from nb_banana.widgets.form import Form
from nb_banana.widgets.panel import Panel
from tests.support.amount import some
from tests.support.pictures import encode, picture

from .axe import findings
from .pixels import most_of
from .themes import THEMES

KERNEL = """async ([state, script, image]) => {
    const heard = {};
    const tell = (name, ...args) => (heard[name] ?? []).forEach(each => each(...args));
    const bytes = new DataView(Uint8Array.from(atob(image), each => each.charCodeAt(0)).buffer);
    const sent = [];
    const model = {
        get: name => state[name],
        set: (name, value) => { state[name] = value; tell(`change:${name}`); },
        save_changes: () => {},
        on: (name, hear) => (heard[name] ??= []).push(hear),
        off: () => {},
        send: message => {
            sent.push(message.do);
            if (message.do !== 'thumbnail') return;
            const answer = { thumbnail: message.thumbnail, mime: 'image/png' };
            setTimeout(() => tell('msg:custom', answer, [bytes]));
        },
    };
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const widget = (await import(url)).default();
    widget.initialize({ model });
    widget.render({ model, el: document.querySelector('main') });
    Object.assign(window, { model, sent });
}"""
"""A model as anywidget hands it to the panel, and a kernel that only sends pictures."""
NOW = {"thumbnail": "now", "size": [64, 36], "caption": "64×36 · nano-banana-2", "alt": "A fox"}
BEFORE = NOW | {"thumbnail": "before", "alt": "A fox at noon"}
STATES = {
    "empty": {},
    "full": {
        "price": {"text": "about $0.089; $2.00 left of your budget", "amount": "about $0.089"},
        "results": [NOW, NOW | {"thumbnail": "other"}],
        "before": BEFORE,
        "references": [
            {"word": "mug", "thumbnail": "mug", "problem": ""},
            {"word": "cup", "thumbnail": "", "problem": "There is no 'cup' in this notebook."},
        ],
        "here": [{"word": word, "thumbnail": word} for word in ("mug", "pot")],
        "history": [{"thumbnail": f"old {n}", "prompt": f"A fox {n}"} for n in range(4)],
        "name": "fox",
        "images": ["mug", "cup"],
    },
    "in trouble": {
        "price": {"text": "There is no 'wolf'.", "fine": False},
        "message": {"kind": "error", "text": "The model made no picture.", "at": "form"},
    },
    "asking": {"message": {"kind": "ask", "text": "This costs about $1. Send it?", "at": "form"}},
    "drawing": {"busy": {"since": 1.0}, "shape": "16:9"},
}


@pytest.fixture(scope="module")
def blank(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    yield page
    page.close()


@pytest.fixture
def page(blank):
    """A page that nothing was done with."""
    blank.goto("about:blank")
    blank.emulate_media(reduced_motion="reduce", forced_colors="none")
    blank.mouse.move(0, 0)
    return blank


@pytest.fixture(scope="module")
def state():
    """What the kernel's half tells the browser's when it is opened."""
    panel = Panel(Form(), {})
    names = [name for name in panel.traits(sync=True) if name[0] != "_" and name != "layout"]
    state = {name: getattr(panel, name) for name in names if name != "tabbable"}
    panel.close()
    return state, panel


def show(page, state, *, theme="a page without a theme", **changed):
    """Put a panel into a page of its own."""
    told, panel = state
    tag, css, _ = THEMES[theme]
    styles = f"<style>html {{ {css} }} {panel._css}</style>"
    page.set_content(f"<html lang=en>{tag}<title>A notebook</title>{styles}<main></main>")
    image = base64.b64encode(encode(picture(64, 36))).decode()
    page.evaluate(KERNEL, [told | changed, panel._esm, image])
    return page.get_by_role("region", name="nb_banana panel")


def tell(page, **traits):
    page.evaluate("all => Object.entries(all).forEach(([k, v]) => model.set(k, v))", traits)


def box(locator):
    return locator.evaluate(
        "node => (({ x, y, width, height }) => [x, y, width, height].map(Math.round))"
        "(node.getBoundingClientRect())"
    )


@pytest.mark.parametrize("theme", some(list(THEMES), 3))
def test_axe_finds_nothing_under_any_theme(page, state, theme):
    for name in STATES if theme == "a page without a theme" else ("full", "in trouble"):
        panel = show(page, state, theme=theme, **STATES[name])
        panel.locator("details").evaluate_all("all => all.forEach(each => (each.open = true))")
        assert findings(page, ".nbb") == [], name
    ground = panel.evaluate("node => getComputedStyle(node).backgroundColor")
    light = sum(map(float, re.findall(r"[\d.]+", ground)[:3])) / 3
    assert (light < 60) == (THEMES[theme][-1] == "dark"), ground


def test_panel_and_outputs_share_no_name_of_a_class_or_an_animation(state):
    panel = state[1]._css.removeprefix(html.THEME)
    outputs = [
        inspect.getsource(each) for each in (html, batch_progress, comparison, gallery_tiles)
    ]
    name = re.compile(r"nbb-[\w-]+")
    assert set(name.findall(panel)) & set(name.findall("".join(outputs))) == set()


def test_the_price_stands_on_generate_and_the_rest_of_its_line_below(page, state):
    panel = show(page, state, **STATES["full"])
    expect(panel.get_by_role("button", name="Generate · about $0.089")).to_be_visible()
    expect(panel.locator(".nbb-price")).to_have_text("$2.00 left of your budget")
    tell(page, price={"text": "3 pictures, about $0.27", "amount": "about $0.27"})
    expect(panel.get_by_role("button", name="Generate · about $0.27")).to_be_visible()
    expect(panel.locator(".nbb-price")).to_have_text("3 pictures, about $0.27")


def test_a_new_picture_is_offered_where_the_library_has_it_already(page, state):
    panel = show(page, state)
    new = panel.get_by_label("Draw a new one instead")
    expect(new).to_be_hidden()
    price = {"text": "$0, it is in your library", "amount": "$0", "kept": True}
    tell(page, price=price)
    new.check()
    tell(page, price={"text": "about $0.089", "amount": "about $0.089"})
    expect(new).to_be_visible()
    expect(new).to_be_focused()


def test_what_folds_away_opens_when_it_holds_something_and_can_be_closed_then(page, state):
    panel = show(page, state)
    model, references = panel.get_by_label("Model", exact=True), panel.get_by_text("Choose files")
    expect(model).to_be_hidden()
    expect(references).to_be_hidden()
    tell(page, name="fox", images=["mug"], references=STATES["full"]["references"])
    expect(model).to_be_visible()
    expect(references).to_be_visible()
    summary = panel.locator("summary", has_text="Model")
    expect(summary).to_contain_text("nano-banana-2 · fox")
    summary.press("Enter")
    tell(page, count=2)
    expect(model).to_be_hidden()
    expect(summary).to_contain_text("2 takes · fox")


def test_the_frame_has_the_place_and_the_size_that_the_picture_will_have(page, state):
    panel = show(page, state, shape="16:9", price=STATES["full"]["price"])
    frame = panel.locator(".nbb-picture")
    expect(frame).to_have_text("The picture appears here.")
    empty = box(frame)
    tell(page, busy={"since": 1.0})
    expect(panel.locator(".nbb-price")).to_be_hidden()  # it is that of the next one
    expect(frame).to_have_text("Drawing … 0 s")
    expect(frame).to_have_text("Drawing … 1 s")
    tell(page, busy={"since": 1.0, "usual": "usually 14 s"})
    expect(frame).to_have_text("Drawing … 2 s, usually 14 s")
    assert box(frame) == empty
    tell(page, results=[NOW], busy={})
    expect(panel.get_by_alt_text("A fox")).to_be_visible()
    assert box(frame) == box(panel.get_by_alt_text("A fox")) == empty
    assert empty[2] / empty[3] == pytest.approx(16 / 9, rel=0.01)


def test_the_frame_pulses_unless_motion_is_not_wanted(page, state):
    panel = show(page, state, busy={"since": 1.0})
    name = "node => getComputedStyle(node).animationName"
    assert panel.locator(".nbb-picture").evaluate(name) == "none"
    page.emulate_media(reduced_motion="no-preference")
    assert panel.locator(".nbb-picture").evaluate(name) == "nbb-waits"


@pytest.mark.parametrize("place", ["form", "references", "result", "cell"])
def test_a_message_stands_beside_what_it_is_about_and_goes_when_the_prompt_changes(
    page, state, place
):
    panel = show(page, state, **STATES["full"])
    tell(page, message={"kind": "error", "text": "It went wrong.", "at": place})
    beside = {
        "form": panel.get_by_role("button", name="Generate"),
        "references": panel.get_by_role("button", name="Add address"),
        "result": panel.get_by_role("button", name="Save"),
        "cell": panel.get_by_label("The cell that does the same"),
    }[place]
    error = panel.get_by_role("alert").filter(has_text="It went wrong.")
    above, below = box(beside), box(error)
    assert 0 <= below[1] - above[1] - above[3] < 60
    panel.get_by_label("Prompt", exact=True).press_sequentially("A")
    expect(panel.get_by_text("It went wrong.")).to_have_count(0)


def test_comparing_ends_with_the_next_picture(page, state):
    panel = show(page, state, **STATES["full"])
    panel.get_by_role("button", name="Compare with before").click()
    slider = panel.get_by_role("slider")
    old = panel.get_by_alt_text("Before: A fox at noon")
    slider.press("ArrowRight")
    expect(old).to_have_css("clip-path", "inset(0px 49% 0px 0px)")
    width = box(slider)[2]
    slider.click(position={"x": width * 0.8, "y": 40})
    expect(old).to_have_css("clip-path", "inset(0px 20% 0px 0px)")
    tell(page, results=[NOW | {"thumbnail": "next"}])
    expect(slider).to_have_count(0)
    expect(panel.get_by_role("button", name="Compare")).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_stays_on_generate_and_a_screen_reader_hears_what_happens(page, state):
    panel = show(page, state)
    generate = panel.get_by_role("button", name="Generate")
    heard = panel.get_by_role("region", name="Result").get_by_role("status").last
    generate.focus()
    page.keyboard.press("Enter")
    tell(page, busy={"since": 1.0})
    page.keyboard.press("Enter")
    assert page.evaluate("sent.filter(each => each === 'generate').length") == 1
    expect(generate).to_be_focused()
    expect(heard).to_have_text("Drawing.")
    panel.get_by_role("button", name="Cancel").focus()
    tell(page, results=[NOW], busy={})
    expect(generate).to_be_focused()
    expect(heard).to_have_text("The picture is here. 64×36 · nano-banana-2")
    tell(page, busy={"since": 1.0})
    tell(page, message={"kind": "error", "text": "It went wrong.", "at": "form"}, busy={})
    expect(heard).to_be_empty()
    expect(panel.get_by_role("alert").filter(has_text="It went wrong.")).to_be_visible()


def test_the_keyboard_stays_in_its_part_when_the_last_reference_is_removed(page, state):
    panel = show(page, state, **STATES["full"])
    for left in (STATES["full"]["references"][:1], []):
        panel.get_by_role("button", name="Remove").last.press("Enter")
        tell(page, references=left)
    expect(panel.locator("summary", has_text="Reference pictures")).to_be_focused()


def test_a_question_takes_the_keyboard_to_no_and_gives_it_back_to_generate(page, state):
    panel = show(page, state)
    tell(page, **STATES["asking"])
    no = panel.get_by_role("button", name="No, send nothing")
    expect(no).to_be_focused()
    no.press("Enter")
    expect(no).to_have_count(0)
    expect(panel.get_by_role("button", name="Generate")).to_be_focused()


@pytest.mark.parametrize("name", STATES)
def test_one_button_is_the_one_to_press_and_each_has_words(page, state, name):
    panel = show(page, state, **STATES[name])
    filled = """root => [...root.querySelectorAll('button')].filter(each => each.offsetParent)
        .filter(each => getComputedStyle(each).backgroundColor === 'rgb(25, 103, 210)').length"""
    wordless = """root => [...root.querySelectorAll('button:not(:has(img, .nbb-none))')]
        .filter(each => !/[A-Za-z]{2}/.test(each.textContent)).map(each => each.outerHTML)"""
    assert panel.evaluate(filled) == 1
    assert panel.evaluate(wordless) == []


def test_a_strip_of_pictures_is_one_stop_of_tab_and_arrows_lead_through_it(page, state):
    panel = show(page, state, **STATES["full"])
    strip = panel.get_by_role("toolbar", name="From your library")
    bring = [panel.get_by_role("button", name=f"Bring back: A fox {n}") for n in range(4)]
    panel.get_by_label("The cell that does the same").focus()
    page.keyboard.press("Tab")
    expect(bring[0]).to_be_focused()
    for key, at in (("ArrowRight", 1), ("End", 3), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        expect(bring[at]).to_be_focused()
    expect(strip.locator("[tabindex='0']")).to_have_count(1)
    tell(page, history=STATES["full"]["history"][1:])
    expect(bring[2]).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(bring[2]).to_be_focused()
    page.keyboard.press("Tab")
    expect(strip.locator(":focus")).to_have_count(0)


def test_a_picture_may_be_dropped_anywhere_on_the_panel(page, state):
    panel = show(page, state)
    files = page.evaluate_handle("""() => {
        const dropped = new DataTransfer();
        dropped.items.add(new File(['a picture'], 'mug.png', { type: 'image/png' }));
        return dropped;
    }""")
    panel.get_by_label("Prompt", exact=True).dispatch_event("dragenter", {"dataTransfer": files})
    expect(panel).to_have_class("nbb nbb-over")
    panel.get_by_label("Prompt", exact=True).dispatch_event("drop", {"dataTransfer": files})
    expect(panel).to_have_class("nbb")
    page.wait_for_function("sent.includes('upload')")


def test_with_forced_colors_what_is_chosen_and_pressed_is_seen(page, state):
    page.emulate_media(forced_colors="active")
    panel = show(page, state, **STATES["full"] | {"aspect_ratio": "16:9"})
    chosen, other = (panel.locator("label", has_text=ratio) for ratio in ("16:9", "1:1"))
    assert most_of(chosen) != most_of(other)
    panel.get_by_role("button", name="Compare with before").click()
    pressed, other = (panel.get_by_role("button", name=name) for name in ("Compare with", "Keep"))
    page.mouse.move(0, 0)
    assert most_of(pressed) != most_of(other)


def test_the_keyboard_is_not_lost_with_the_offer_to_draw_anew(page, state):
    panel = show(page, state, fresh=True)
    offer = panel.get_by_label("Draw a new one instead")
    offer.focus()
    page.keyboard.press("Space")
    expect(offer).to_be_hidden()
    expect(panel.get_by_role("button", name="Generate")).to_be_focused()


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("Save", {"busy": {"since": 1.0}}),
        ("Show picture 2", {"results": [NOW]}),
        ("Bring back: A fox 0", {"history": []}),
    ],
)
def test_the_keyboard_is_not_lost_with_what_goes_away(page, state, name, changed):
    panel = show(page, state, **STATES["full"])
    panel.get_by_role("button", name=name).focus()
    tell(page, **changed)
    expect(panel.get_by_role("button", name="Generate")).to_be_focused()
