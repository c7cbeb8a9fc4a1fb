"""A table with pictures in JupyterLab: each has its room, whatever the window and the prompts."""

import pytest

from tests.support.amount import ALL

from .axe import findings
from .lab import NARROW, PROJECTOR, WIDE

LINES = """(cells, text) => cells.filter(each => each.innerText.includes(text)).map(each => {
    const range = new Range();
    range.selectNodeContents(each);
    return new Set([...range.getClientRects()].map(box => Math.round(box.bottom))).size;
})"""
"""How many lines the cells with a text have."""


COVERED = """rows => rows.flatMap(row => {
    const picture = row.querySelector('img')?.getBoundingClientRect();
    return [...row.cells].filter(each => picture && !each.querySelector('img')).filter(each => {
        const range = new Range();
        range.selectNodeContents(each);
        return [...range.getClientRects()].some(box =>
            box.left < picture.right && box.right > picture.left
            && box.top < picture.bottom && box.bottom > picture.top);
    }).map(each => each.innerText);
})"""
"""Cells whose words stand on the picture of their row."""


@pytest.fixture(scope="module")
def table(module_lab):
    page = module_lab.open(
        [
            "%load_ext nb_banana\nimport nb_banana",
            "for each in ['x' * 3000, 'a fox in the snow']:\n"
            "    nb_banana.generate(each, quiet=True, fresh=True)\n"
            "nb_banana.history(limit=2)",
        ],
        name="tables",
    )
    page.run_cell(0)
    page.run_cell(1, timeout=60)
    page.hide_sidebar()
    return page


@pytest.mark.parametrize("theme", ["light", "dark"] if ALL else ["dark"])
@pytest.mark.parametrize("window", [WIDE, PROJECTOR, NARROW])
def test_a_thumbnail_has_its_width_and_date_and_model_do_not_break(table, window, theme):
    table.viewport(*window)
    table.set_theme(theme)
    output = table.output(1).locator(".nbb-out")
    sizes = "all => all.map(each => [each.offsetWidth, each.naturalWidth])"
    assert output.locator("td img").evaluate_all(sizes) == [[96, 96]] * 2
    assert output.locator("tr").evaluate_all(COVERED) == []
    cells = output.locator("td")
    for text in ("20", "nano-banana-2", "1024"):
        found = cells.evaluate_all(LINES, text)
        assert found
        assert set(found) == {1}, text
    widths = output.locator("td.nbb-words").evaluate_all("all => all.map(each => each.offsetWidth)")
    assert min(widths) > 150
    assert output.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert findings(table.page, ".nbb-out") == []
