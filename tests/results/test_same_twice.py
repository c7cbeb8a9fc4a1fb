"""`Banana.caption = "stable"`: what stands under a cell is the same in each run, byte by byte."""

import json
import os
import re

import nbformat
import pytest

from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.kernels import NotebookRunner
from tests.support.moments import HELD

CELLS = (
    f"%load_ext nb_banana{HELD}\nimport os, nb_banana\n"
    "assert nb_banana.configure(base_url=os.environ['SERVICE'])\n"
    "%config Banana.caption = 'stable'",
    "%%banana fox -a 16:9\nA fox [trouble: slow 1.2]",
    "nb_banana.generate('A cat', alt='a cat that sits')",
    "print('mine')\nsmall = %banana a watercolour banana [trouble: slow 1.2]\nsmall",
    "%%banana cafe -i small\nPut {{fox}} into a café",
    "night = cafe.edit('make it night')\nnight",
    "%%banana grid --sweep style=oil,ink\nA cat in {{style}}",
    "nb_banana.generate_many(['A dog', 'A star [trouble: slow 1.2]', 'no [trouble: refusal]'])",
    "%%banana -n 2 --quiet\nA star",
    "_",
    "nb_banana.compare(fox, cafe)",
    "night.tree()",
    "later = nb_banana.generate('A rocket [trouble: slow 1.2]', background=True)\nlater",
    "many = nb_banana.sweep('A {{x}}', x=['sun', 'moon'], background=True)\nmany",
    "go.set()\nprint(later.wait().caption, many.wait())",
    "%%banana --fresh\nno [trouble: refusal]",
    "nb_banana.generate_many(['no [trouble: refusal]'])[0]",
    "%%banana -r 4K lost\nA lake [trouble: wrong-size]",
)


def outputs(notebook):
    """All that its cells put out; how a traceback is drawn is the front end's."""
    found = json.loads(json.dumps([cell.outputs for cell in notebook.cells]))
    for each in (output for cell in found for output in cell):
        each.pop("execution_count", None)
    return found


def executed(cells, env):
    """A notebook of these cells, run in a kernel of its own with this environment."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    runner = NotebookRunner(notebook, timeout=60, allow_errors=True)
    runner.create_kernel_manager()
    runner.execute(env=env)
    return notebook


def words(found):
    """The same without metadata and pixels: two services draw two pictures."""
    text = json.dumps([[{**each, "metadata": None} for each in cell] for cell in found])
    return json.loads(re.sub(r"[A-Za-z0-9+/=]{200,}", "PIXELS", text))


@pytest.mark.skipif(not ALL, reason="it runs a notebook three times: make test-all")
def test_the_first_run_the_second_and_one_elsewhere_put_out_the_same(tmp_path):
    def run(service, zone, home):
        there = {"SERVICE": service.url, "TZ": zone, "XDG_DATA_HOME": str(tmp_path / home)}
        return outputs(executed(CELLS, os.environ | {"AIMLAPI_KEY": KEY} | there))

    with Sandbox(key=KEY) as one, Sandbox(key=KEY) as other:
        first = run(one, "UTC", "one")
        second = run(one, "Pacific/Auckland", "one")  # all is in the library by now
        elsewhere = run(other, "Pacific/Auckland", "another/user")
    for number, cell in enumerate(CELLS):
        assert second[number] == first[number], cell  # git sees the metadata too
        assert words(elsewhere)[number] == words(first)[number], cell
    text = json.dumps(words(first))
    for word in ("$", "library", "made 20", "127.0.0.1", str(tmp_path), " is drawing"):
        assert word not in text
    assert not re.search(r"nbb-[0-9a-f]{8}", text)  # the id of a request
    assert text.count("SANDBOX, no AI model") >= len(CELLS) - 6
