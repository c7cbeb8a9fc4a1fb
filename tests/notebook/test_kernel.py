"""`%%banana` in a real kernel: outputs, errors, waiting and interrupting, as a saved notebook."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor
from PIL import Image

from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.kernels import NotebookRunner
from tests.support.moments import SEEN
from tests.support.servers import server
from tests.support.shells import run_notebook, watched

LOAD = "%load_ext nb_banana"
FULL = r"""
[a picture may come from the library]
regex: \d+\.\d s · \$[\d.]+ play money|from your library · \$0 · made \d{4}-\d\d-\d\d
replace: COST
"""
"""What nbval has to be told of full captions; tests/results/test_same_twice.py has the others."""


CELLS = {
    "load": LOAD,
    "trex": "%%banana trex -a 16:9\nA <b>T-Rex</b>",
    "used": "import numpy as np, PIL.Image, shutil, pathlib\n"
    "shutil.copy(trex, 'copy.png') and None\n"
    "size = pathlib.Path('copy.png').stat().st_size; pathlib.Path('copy.png').unlink()\n"
    "(np.asarray(trex).shape, PIL.Image.open(trex).size,\n"
    " size == len(open(trex, 'rb').read()),\n"
    " _.size, Out[2].size)",
    "wrong": "%%banana -a 16:10\na",
    "patient": f"{SEEN}\nshows = 2",
    "waited": "%%banana\na banana",
    "waited beside words": "print('mine')\nx = %banana a pear\nx",
    "patient no more": "shows = 0",
    "names": "import nb_banana\npic = nb_banana.generate('a fox')\ncolour = 'red'\n"
    "before = len(nb_banana.history(limit=None))",
    "filled": "night = %banana {pic.prompt} at night, $colour\nnight.prompt",
    "a picture": "%banana {pic} in the rain",
    "nobody": "%banana a {nobody} fox",
    "a call": "x = %banana {pic.prompt.upper()}",
    "paid": "len(nb_banana.history(limit=None)) - before",
    "cancelled": "import asyncio\n"
    "drawing = asyncio.create_task(nb_banana.agenerate('a plum [trouble: slow 2.5]'))\n"
    "await asyncio.sleep(0.5)\n"
    "drawing.cancel()",
    "next": "await asyncio.sleep(1.5)",
}
"""What one kernel runs for many tests: each kernel takes more than a second to start."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The outputs of each cell by its name, and what it sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.chdir(tmp_path_factory.mktemp("here"))
        notebook, sent = watched(*CELLS.values())
    cells = zip(CELLS, notebook.cells, sent, strict=True)
    return {name: SimpleNamespace(outputs=cell.outputs, sent=what) for name, cell, what in cells}


def test_the_cells_one_output_is_the_picture_in_three_forms(ran):
    (output,) = ran["trex"].outputs
    data = output["data"]
    assert output["output_type"] == "execute_result"
    assert set(data) == {"text/html", "image/jpeg", "text/plain"}
    assert 'alt="A &lt;b&gt;T-Rex&lt;/b&gt;"' in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert "1376×768 · nano-banana-2" in data["text/html"]
    assert output["metadata"]["image/jpeg"]["alt"] == "A <b>T-Rex</b>"
    preview = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert preview.size == (768, 429)


def test_loading_without_a_key_says_so_in_one_line(ran):
    (output,) = ran["load"].outputs
    assert output["text"].count("\n") == 1
    assert "sandbox" in output["text"]
    assert "AIMLAPI_KEY" in output["text"]


def test_loading_with_a_key_says_nothing(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    assert run_notebook(LOAD).cells[0].outputs == []


def test_a_line_is_filled_in_a_kernel_and_what_can_not_be_is_an_error(ran):
    def shown(name):
        return str(ran[name].outputs)

    assert "'a fox at night, red'" in shown("filled")
    assert "image 1 (a fox) in the rain" in shown("a picture")
    assert "There is no 'nobody'" in shown("nobody")
    assert "Bind it to a variable" in shown("a call")
    assert "'text/plain': '2'" in shown("paid")


def test_later_cells_use_the_picture(ran):
    assert ran["used"].outputs[0]["data"]["text/plain"] == (
        "((768, 1376, 3), (1376, 768), True, (1376, 768), (1376, 768))"
    )


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("waited", []),
        # Beside other output of the cell nothing may be cleared: an empty output stays behind.
        ("waited beside words", [{}]),
    ],
)
def test_the_line_that_counts_seconds_is_gone_afterwards(ran, name, left):
    outputs = ran[name].outputs
    assert "text/html" in outputs[-1]["data"]
    between = [each for each in outputs[:-1] if each["output_type"] != "stream"]
    assert [each["data"] for each in between] == left
    assert "drawing" not in json.dumps(outputs)


def test_while_it_waits_a_line_counts_the_seconds(ran):
    counted = re.findall(r"nano-banana-2 is drawing … (\d+) s", str(ran["waited"].sent))
    assert len(set(counted)) > 1
    assert counted == sorted(counted, key=int)


@pytest.mark.skipif(not ALL, reason="it runs a notebook by nbval, slowly: make test-all")
def test_a_slow_drawing_compares_as_a_quick_one(tmp_path, monkeypatch):
    """What is shown while one waits is in no output that nbval compares."""
    # One at a time: the sandbox tells takes of one prompt apart by which of them comes first.
    service = "base_url=os.environ['SERVICE'], concurrency=1"
    here = f"import os, nb_banana; nb_banana.configure({service})"
    with Sandbox() as quick, Sandbox(delay=1.5) as slow:
        monkeypatch.setenv("SERVICE", quick.url)
        notebook = run_notebook(
            LOAD,
            f"{here} and None",
            "%%banana -a 16:9\na banana",
            "print('mine')\nx = %banana a cat\nx",
            "%%banana -n 2\na star",
            "later = nb_banana.generate('a fox', background=True)\nlater",
            "later.size",
        )
        # Of a value that is on its way the first output counts, which is none.
        notebook.cells[5].outputs = []
        nbformat.write(notebook, tmp_path / "a.ipynb")
        (tmp_path / "full.cfg").write_text(FULL, "utf-8")
        monkeypatch.setenv("SERVICE", slow.url)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another library"))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--nbval"),
                *("-p", "no:randomly"),
                *("--nbval-current-env", "--nbval-sanitize-with", "full.cfg", "a.ipynb"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    assert "7 passed" in done.stdout, done.stdout


def test_the_seconds_of_a_cancelled_wait_are_not_counted_in_the_next_cell(ran):
    assert ran["next"].outputs == []


def test_an_error_is_one_sentence_and_stops_run_all():
    with pytest.raises(CellExecutionError, match="Did you mean 16:9") as caught:
        run_notebook(LOAD, "%%banana -a 16:10\na", "print('not reached')")
    assert "Traceback" not in caught.value.traceback
    assert "options.py" not in caught.value.traceback


def test_in_the_notebook_an_error_is_exactly_its_sentence(ran):
    (output,) = ran["wrong"].outputs
    assert output["ename"] == "RequestError"
    assert len(output["traceback"]) == 1
    assert output["traceback"][0].startswith("RequestError: aspect_ratio '16:10'")


def test_half_a_character_from_the_service_does_not_keep_the_error_from_the_notebook():
    def answer(handler):
        place = handler.path.split("/")[1]
        status, body = 400, {"message": "no", "statusCode": 400, "path": "/", place: "\ud800 half"}
        if place == "url":
            status, body = 200, {"data": [{"url": "https://h\ud800st/\ud800.png"}]}
        handler.reply(status, json.dumps(body).encode())

    places = ("requestId", "message", "url")
    with server(answer) as (url, _):
        each = [f"%config Banana.base_url = '{url}/{place}'" for place in places]
        cells = [cell for config in each for cell in (config, "%%banana\na", "1 / 0")]
        notebook = run_notebook(LOAD, *cells, allow_errors=True)
    for (output,) in [cell.outputs for cell in notebook.cells[2::3]]:
        assert output["output_type"] == "error"
        assert output["ename"] in {"BadRequestError", "DownloadError"}


def test_an_interrupt_ends_the_wait_at_once_with_a_clean_message(service):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(f"{LOAD}\n%config Banana.base_url = '{service.url}'"),
            # Longer than the client below waits for a cell.
            nbformat.v4.new_code_cell("%%banana x\na banana [trouble: slow 300]"),
            nbformat.v4.new_code_cell("print('still here')"),
        ]
    )
    client = NotebookRunner(notebook, timeout=60, allow_errors=True)

    def interrupt():
        while not service.posts:
            time.sleep(0.05)
        client.km.provisioner.process.send_signal(2)

    def begin(cell, cell_index):
        if cell_index == 1:
            threading.Thread(target=interrupt, daemon=True).start()

    client.on_cell_execute = begin
    client.execute()
    (output,) = notebook.cells[1].outputs
    assert output["ename"] == "Interrupted"
    assert len(output["traceback"]) == 1
    assert "Whether it was charged is not known yet" in output["traceback"][0]
    assert notebook.cells[2].outputs[0]["text"] == "still here\n"


def test_the_key_is_in_nothing_that_is_written(service, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    notebook = run_notebook(
        f"%load_ext nb_banana\n%config Banana.base_url = '{service.url}'\n%xmode Verbose",
        "%%banana x\na banana",
        "%%banana y\na banana [trouble: 401]",
        "import pickle, nb_banana; print(vars(x), repr(x.request), pickle.dumps(x)[:0]);"
        "from nb_banana import _default;"
        "print(nb_banana.dry_run('a'), _default.client().context.search_key().found)",
        "%config Banana",
        allow_errors=True,
    )
    assert len(service.charges) == 1
    assert KEY not in nbformat.writes(notebook)
    assert KEY[:8] not in nbformat.writes(notebook)


def test_nbconvert_runs_a_notebook_and_its_page_has_the_picture():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(LOAD),
            nbformat.v4.new_code_cell("%%banana --alt 'A T-Rex'\na"),
        ]
    )
    exporter = HTMLExporter()
    exporter.register_preprocessor(ExecutePreprocessor(timeout=60, iopub_timeout=60), enabled=True)
    page, _ = exporter.from_notebook_node(notebook)
    assert 'alt="A T-Rex"' in page
    assert "data:image/jpeg;base64," in page
