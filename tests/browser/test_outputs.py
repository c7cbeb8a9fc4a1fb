"""All outputs at once: what front ends, themes, sanitizers and screen readers make of them."""

import re

import pytest

from tests.support.amount import ALL, some

from .axe import findings
from .lab import NARROW, WIDE
from .outputs import executed
from .themes import THEMES

WORDS = """node => {
    const copy = node.cloneNode(true);
    copy.querySelectorAll('style').forEach(each => each.remove());
    const walk = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walk.nextNode()) texts.push(walk.currentNode.data);
    return texts.join(' ').split(/\\s+/).filter(Boolean);
}"""
"""All words in their order."""
SEEN = """node => {
    node.querySelectorAll('details').forEach(each => each.open = true);
    return node.innerText.split(/\\s+/).filter(Boolean);
}"""
"""The words as they are seen: two that nothing keeps apart are one."""
STRIP = """node => {
    node.querySelectorAll('style, input, button').forEach(each => each.remove());
    for (const each of node.querySelectorAll('*'))
        for (const name of ['style', 'class', 'id']) each.removeAttribute(name);
}"""
"""Leave of an output what GitHub leaves of it."""
LOOKS_OF_OTHERS = """() => {
    const tags = new Set([...document.querySelectorAll('main *')].map(each => each.localName));
    const aside = document.body.appendChild(document.createElement('aside'));
    const look = (node, style = getComputedStyle(node)) => [...style].map(name =>
        `${node.localName} ${name}: ${style.getPropertyValue(name)}`);
    const all = [...tags].filter(tag => tag !== 'style')
        .map(tag => aside.appendChild(document.createElement(tag)));
    const looks = all.flatMap(node => look(node));
    aside.remove();
    return looks;
}"""
"""How elements of each kind that we use look beside our outputs."""
PLACES = """const isClipped = node => node && (getComputedStyle(node).clipPath.startsWith('inset')
    || isClipped(node.parentElement));
const places = node => {
    const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walk.nextNode()) {
        const parent = walk.currentNode.parentElement;
        if (!parent.checkVisibility() || parent.closest('style') || isClipped(parent)) continue;
        const range = new Range();
        range.selectNode(walk.currentNode);
        const boxes = [...range.getClientRects()].filter(each => each.width);
        if (boxes.length) found.push([walk.currentNode.data.trim(), boxes]);
    }
    return found;
};"""
"""The words that are seen, with their boxes in the window."""
CLOSE = f"""() => {{
    {PLACES}
    return [...document.querySelectorAll('tr')].flatMap(row => {{
        const cells = [...row.cells].map(each => places(each).flatMap(([, boxes]) => boxes));
        const close = (one, other) => other.left < one.right + 6 && other.left > one.left
            && other.top < one.bottom && other.bottom > one.top;
        return [...row.cells].filter((_, n) => n && cells[n].some(
            other => cells[n - 1].some(one => close(one, other)))).map(each => each.innerText);
    }});
}}"""
"""Cells whose words begin where those of the cell before end."""
COVERED = f"""article => {{
    {PLACES}
    const pictures = [...article.querySelectorAll('img')].filter(each => each.checkVisibility())
        .map(each => each.getBoundingClientRect());
    const lie = box => pictures.some(each => box.left < each.right - 1 && box.right > each.left + 1
        && box.top < each.bottom - 1 && box.bottom > each.top + 1);
    return places(article).filter(([, boxes]) => boxes.some(lie)).map(([words]) => words);
}}"""
"""Words that a picture lies on."""
OURS = ".jp-RenderedHTMLCommon:has(> [class*=nb-banana])"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return executed(tmp_path_factory.mktemp("outputs"))


@pytest.fixture(scope="module")
def shown(notebook):
    """Our HTML of each output by its name; a data frame's is made by pandas."""
    return {
        cell.metadata.name: output.data["text/html"]
        for cell in notebook.cells
        for output in cell.outputs
        if "nb-banana" in output.get("data", {}).get("text/html", "")
    }


@pytest.fixture(scope="module")
def blank(browser_context):
    """A page without any front end."""
    page = browser_context.new_page()
    page.emulate_media(reduced_motion="reduce")
    yield page
    page.close()


@pytest.fixture
def show(blank, shown):
    """Put all outputs into a page, below each other."""

    def show(theme="a page without a theme", window=WIDE):
        tag, css, _ = THEMES[theme]
        articles = "".join(f"<article>{html}</article>" for html in shown.values())
        blank.set_viewport_size({"width": window[0], "height": window[1]})
        blank.set_content(
            f"<!doctype html><html lang=en>{tag}<title>A notebook</title>"
            f"<style>html {{ {css} }}</style><main>{articles}</main>"
        )
        return blank

    return show


@pytest.mark.parametrize("theme", some(list(THEMES), 3))
def test_axe_finds_nothing_under_any_theme(show, theme):
    assert findings(show(theme), "main") == []


@pytest.mark.parametrize("theme", ["a page without a theme", "marimo"])
def test_the_columns_of_tables_stand_apart(show, theme):
    assert show(theme).evaluate(CLOSE) == []


def test_without_any_style_every_word_is_there_and_stands_alone(show, shown):
    page = show()
    page.locator("main").evaluate(STRIP)
    for name, each in zip(shown, page.locator("article").all(), strict=True):
        assert each.evaluate(SEEN) == each.evaluate(WORDS), name


def test_in_a_narrow_window_nothing_is_cut_off_or_covered_or_tiny(show, shown):
    page = show(window=NARROW)
    wide = "article => article.scrollWidth > article.clientWidth"
    articles = dict(zip(shown, page.locator("article").all(), strict=True))
    assert [name for name, each in articles.items() if each.evaluate(wide)] == []
    del articles["compare"]  # where one picture lies on the other, as it should
    covered = {name: each.evaluate(COVERED) for name, each in articles.items()}
    assert {name: words for name, words in covered.items() if words} == {}
    widths = "all => all.map(each => each.offsetWidth).filter(Boolean)"
    assert min(page.locator("main img").evaluate_all(widths)) >= 48


@pytest.mark.parametrize("theme", ["a page without a theme", "marimo in the dark"])
def test_no_rule_of_ours_reaches_what_is_not_ours(show, theme):
    page = show(theme)
    beside = page.evaluate(LOOKS_OF_OTHERS)
    page.locator("main style").evaluate_all("all => all.forEach(each => each.textContent = '')")
    assert set(page.evaluate(LOOKS_OF_OTHERS)) - set(beside) == set()


def test_no_output_holds_a_script(show):
    page = show()
    assert page.locator("main :is(script, iframe, object, embed)").count() == 0
    names = page.locator("main *").evaluate_all("all => all.flatMap(n => n.getAttributeNames())")
    assert {name for name in names if name.startswith("on")} == set()


def test_the_stylesheet_of_an_output_is_small(shown):
    sizes = {name: sum(map(len, STYLE.findall(html))) for name, html in shown.items()}
    assert {name: size for name, size in sizes.items() if size > 4096} == {}


def test_each_picture_has_an_alt_text(show, shown):
    articles = zip(shown, show().locator("article").all(), strict=True)
    bare = "img:is(:not([alt]), [alt=''])"
    assert {name for name, each in articles if each.locator(bare).count()} == set()


@pytest.fixture(scope="module", params=["lab", "notebook"] if ALL else ["lab"])
def page(request, module_lab, notebook):
    page = module_lab.open(notebook, name=f"outputs-{request.param}", app=request.param)
    page.viewport(WIDE[0], 3000)
    if request.param == "lab":
        page.hide_sidebar()
    yield page
    page.close()


def test_in_a_narrow_jupyter_no_picture_lies_on_words(page):
    page.viewport(NARROW[0], 3000)
    covered = [
        each.evaluate(COVERED) for each in page.page.locator(f"{OURS}:not(:has(input))").all()
    ]
    page.viewport(WIDE[0], 3000)
    assert [words for words in covered if words] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_jupyter(page, theme):
    page.set_theme(theme)
    assert findings(page.page, OURS) == []


def test_where_a_notebook_is_not_trusted_every_word_is_there_and_stands_alone(
    module_lab, notebook, show, shown
):
    page = module_lab.open(notebook, name="strange", trusted=False)
    expected = [each.evaluate(WORDS) for each in show().locator("article").all()]
    outputs = page.page.locator(OURS)
    assert outputs.locator("style").count() == 0
    seen = [each.evaluate(SEEN) for each in outputs.all()]
    assert dict(zip(shown, seen, strict=True)) == dict(zip(shown, expected, strict=True))


def test_what_stands_between_two_prices_is_no_formula(page):
    page.page.locator(".formula mjx-container").wait_for()
    made = page.page.locator(".jp-OutputArea-output:has(mjx-container)")
    assert [each.inner_text() for each in made.all()] == [
        page.page.locator(".formula").inner_text()
    ]


def test_with_forced_colors_the_place_of_what_failed_has_an_edge(show):
    page = show()
    page.emulate_media(forced_colors="active")
    style = page.locator(".nbb-frame").first.evaluate("e => getComputedStyle(e).outlineStyle")
    page.emulate_media(forced_colors="none")
    assert style == "solid"


def test_on_paper_a_sweep_of_two_fields_is_seen_whole(show):
    page = show(window=(340, 800))
    page.emulate_media(media="print")
    right = page.locator(".nbb-grid").first.evaluate(
        "e => e.querySelector('table').getBoundingClientRect().right"
    )
    page.emulate_media(media="screen")
    assert right <= 340


@pytest.mark.parametrize("window", [NARROW, WIDE])
def test_a_usual_word_at_the_head_of_a_row_does_not_break(show, window):
    page = show(window=window)
    page.locator("main").evaluate("e => { e.style.font = '13px DejaVu Sans, sans-serif' }")
    lines = "e => (r => (r.selectNodeContents(e), r.getClientRects().length))(new Range())"
    assert page.get_by_role("rowheader", name="watercolour").evaluate(lines) == 1
