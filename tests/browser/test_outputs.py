"""All outputs at once: what front ends, themes, sanitizers and screen readers make of them."""

import re

import pytest

from tests.support.amount import some

from .axe import findings
from .lab import NARROW, WIDE
from .outputs import PLAIN, executed
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
    const looks = [document.documentElement, document.body, ...all].flatMap(node => look(node));
    aside.remove();
    return looks;
}"""
"""How elements of each kind that we use look beside our outputs."""
CLOSE = """() => [...document.querySelectorAll('tr')].flatMap(row => {
    const cells = [...row.cells].filter(each => each.innerText.trim());
    const boxes = cells.map(each => {
        const range = new Range();
        range.selectNodeContents(each);
        return range.getBoundingClientRect();
    });
    const close = n => boxes[n].left - boxes[n - 1].right < 6 && boxes[n].top < boxes[n - 1].bottom;
    return cells.filter((_, n) => n && close(n)).map(each => each.innerText);
})"""
"""Cells whose words begin where those of the cell before end."""
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return executed(tmp_path_factory.mktemp("outputs"), PLAIN)


@pytest.fixture(scope="module")
def shown(notebook):
    """The HTML of each output by its name."""
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


@pytest.mark.parametrize("theme", some(list(THEMES), 5))
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


def test_in_a_narrow_window_nothing_is_cut_off_or_tiny(show, shown):
    page = show(window=NARROW)
    wide = "article => article.scrollWidth > article.clientWidth"
    articles = zip(shown, page.locator("article").all(), strict=True)
    assert [name for name, each in articles if each.evaluate(wide)] == []
    widths = "all => all.map(each => each.offsetWidth).filter(Boolean)"
    assert min(page.locator("main img").evaluate_all(widths)) >= 48


@pytest.mark.parametrize("theme", ["a page without a theme", "marimo in the dark"])
def test_no_rule_of_ours_reaches_what_is_not_ours(show, theme):
    page = show(theme)
    beside = page.evaluate(LOOKS_OF_OTHERS)
    page.locator("main style").evaluate_all("all => all.forEach(each => each.textContent = '')")
    assert [look for look in page.evaluate(LOOKS_OF_OTHERS) if look not in set(beside)] == []


def test_no_output_holds_a_script(show):
    page = show()
    assert page.locator("main :is(script, iframe, object, embed)").count() == 0
    names = page.locator("main *").evaluate_all("all => all.flatMap(n => n.getAttributeNames())")
    assert {name for name in names if name.startswith("on")} == set()


def test_the_stylesheet_of_an_output_is_small(shown):
    sizes = {name: sum(map(len, STYLE.findall(html))) for name, html in shown.items()}
    assert {name: size for name, size in sizes.items() if size > 4096} == {}


def test_each_picture_has_an_alt_text_and_its_size(show):
    bare = show().locator("main img:is(:not([alt]), [alt=''], :not([width][height]))")
    assert [each.evaluate("node => node.outerHTML.slice(0, 80)") for each in bare.all()] == []


@pytest.fixture(scope="module", params=["lab", "notebook"])
def page(request, module_lab, notebook):
    page = module_lab.open(notebook, name=f"outputs-{request.param}", app=request.param)
    page.viewport(WIDE[0], 3000)
    yield page
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_jupyter(page, theme):
    page.set_theme(theme)
    assert findings(page.page, ".jp-OutputArea-output") == []


def test_where_a_notebook_is_not_trusted_every_word_is_there_and_stands_alone(
    module_lab, notebook, show, shown
):
    page = module_lab.open(notebook, name="strange", trusted=False)
    expected = [each.evaluate(WORDS) for each in show().locator("article").all()]
    outputs = page.page.locator(".jp-RenderedHTMLCommon")
    assert outputs.locator("style").count() == 0
    seen = [each.evaluate(SEEN) for each in outputs.all()]
    assert dict(zip(shown, seen, strict=True)) == dict(zip(shown, expected, strict=True))


def test_what_stands_between_two_prices_is_no_formula(page):
    page.page.locator(".formula mjx-container").wait_for()
    made = page.page.locator(".jp-OutputArea-output:has(mjx-container)")
    assert [each.inner_text() for each in made.all()] == [
        page.page.locator(".formula").inner_text()
    ]
