"""While a picture is on its way, nothing on the page jumps."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .axe import findings
from .lab import HELD

START = f"""%load_ext nb_banana
{HELD}
import nb_banana
from nb_banana.display import progress
progress.FRAME_SECONDS = 0"""
CELLS = {
    "a cell": "%%banana -a 16:9\na held fox",
    "a call": "nb_banana.generate('a held cat')",
    "beside words": "pic = nb_banana.generate('a held dog')\nprint('mine')\npic",
    "in the background": "%%banana later --background -a 16:9\na held ship",
}
WATCH = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content.node;
    const cells = notebook.querySelectorAll('.jp-Cell');
    const [cell, below] = [cells[index], cells[index + 1]];
    window.seen = [];
    const look = () => {
        const top = below.getBoundingClientRect().top - cell.getBoundingClientRect().top;
        const place = cell.querySelector('.nbb-place')?.getBoundingClientRect().height ?? 0;
        const image = cell.querySelector('.nb-banana img');
        const came = image?.complete ? image.getBoundingClientRect().height : 0;
        window.seen.push([top, place, came]);
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""
CAME = "window.seen.at(-1)[2] > 0"
STOP = "() => { cancelAnimationFrame(window.watching); return window.seen; }"


@pytest.fixture(scope="module")
def page(module_lab):
    cells = [new_code_cell(START)]
    for source in CELLS.values():
        cells += [new_code_cell(source), new_markdown_cell("What stands below.")]
    page = module_lab.open(new_notebook(cells=cells), name="wait")
    page.run_cell(0)
    return page


@pytest.mark.parametrize("name", CELLS)
def test_from_the_first_frame_to_the_picture_what_stands_below_stays_where_it_is(page, name):
    index = 1 + 2 * list(CELLS).index(name)
    page.hold()
    page.page.evaluate(WATCH, index)
    page.start_cell(index)
    page.page.locator(".nbb-place").first.wait_for()
    if name == "a cell":
        assert findings(page.page, ".jp-Cell-outputArea") == []
    page.page.wait_for_function("window.seen.at(-1)[1] > 0")  # a frame is painted since
    page.let_go()
    page.page.wait_for_function(CAME)
    page.wait_for_cell(index)
    seen = page.page.evaluate(STOP)
    first = next(at for at, (_, place, _) in enumerate(seen) if place)
    line = 20
    tops = [top for top, _, _ in seen[first:]]
    assert max(tops) - min(tops) < line + line * (name == "beside words")
    place, image = seen[first][1], seen[-1][2]
    assert abs(place - image) < 2
