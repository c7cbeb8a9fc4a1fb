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

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.servers import server
from tests.support.shells import run_notebook

LOAD = "%load_ext nb_banana"
FULL = r"""
[a picture may come from the library]
regex: \d+\.\d s · \$[\d.]+ play money|from your library · \$0 · made \d{4}-\d\d-\d\d
replace: COST
"""
"""What nbval has to be told of full captions; tests/results/test_same_twice.py has the others."""


def test_the_cells_one_output_is_the_picture_in_three_forms():
    (output,) = run_notebook(LOAD, "%%banana trex -a 16:9\nA <b>T-Rex</b>").cells[1].outputs
    data = output["data"]
    assert output["output_type"] == "execute_result"
    assert set(data) == {"text/html", "image/jpeg", "text/plain"}
    assert 'alt="A &lt;b&gt;T-Rex&lt;/b&gt;"' in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert "1376×768 · nano-banana-2" in data["text/html"]
    assert output["metadata"]["image/jpeg"]["alt"] == "A <b>T-Rex</b>"
    preview = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert preview.size == (768, 429)


def test_loading_without_a_key_says_so_in_one_line():
    (output,) = run_notebook(LOAD).cells[0].outputs
    assert output["text"].count("\n") == 1
    assert "sandbox" in output["text"]
    assert "AIMLAPI_KEY" in output["text"]


def test_loading_with_a_key_says_nothing(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    assert run_notebook(LOAD).cells[0].outputs == []


def test_a_line_is_filled_in_a_kernel_and_what_can_not_be_is_an_error():
    notebook = run_notebook(
        f"import nb_banana\n{LOAD}",
        "pic = nb_banana.generate('a fox')\ncolour = 'red'",
        "night = %banana {pic.prompt} at night, $colour\nnight.prompt",
        "%banana {pic} in the rain",
        "%banana a {nobody} fox",
        "x = %banana {pic.prompt.upper()}",
        "len(nb_banana.history())",
        allow_errors=True,
    )
    outputs = [str(each.outputs) for each in notebook.cells[2:]]
    assert "'a fox at night, red'" in outputs[0]
    assert "image 1 (a fox) in the rain" in outputs[1]
    assert "There is no 'nobody'" in outputs[2]
    assert "Bind it to a variable" in outputs[3]
    assert "'text/plain': '3'" in outputs[4]


def test_later_cells_use_the_picture():
    notebook = run_notebook(
        LOAD,
        "%%banana trex\nA T-Rex",
        "import numpy as np, PIL.Image, shutil, pathlib\n"
        "shutil.copy(trex, 'copy.png') and None\n"
        "size = pathlib.Path('copy.png').stat().st_size; pathlib.Path('copy.png').unlink()\n"
        "(np.asarray(trex).shape, PIL.Image.open(trex).size,\n"
        " size == len(open(trex, 'rb').read()),\n"
        " _.size, Out[2].size)",
    )
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == (
        "((1024, 1024, 3), (1024, 1024), True, (1024, 1024), (1024, 1024))"
    )


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("%%banana\na banana [trouble: slow 2.5]", []),
        # Beside other output of the cell nothing may be cleared: an empty output stays behind.
        ("print('mine')\nx = %banana a banana [trouble: slow 2.5]\nx", [{}]),
    ],
)
def test_the_line_that_counts_seconds_is_gone_afterwards(cell, left):
    outputs = run_notebook(LOAD, cell).cells[1].outputs
    assert "text/html" in outputs[-1]["data"]
    between = [each for each in outputs[:-1] if each["output_type"] != "stream"]
    assert [each["data"] for each in between] == left
    assert "drawing" not in json.dumps(outputs)


def test_while_it_waits_a_line_counts_the_seconds():
    seen = []
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(LOAD),
            nbformat.v4.new_code_cell("%%banana\na banana [trouble: slow 2.5]"),
        ]
    )
    client = NotebookClient(notebook, timeout=60)
    process = client.process_message
    client.process_message = lambda message, *rest: (
        seen.append(str(message["content"])),
        process(message, *rest),
    )[1]
    client.execute()
    counted = re.findall(r"nano-banana-2 is drawing … (\d+) s", "".join(seen))
    assert len(set(counted)) > 1
    assert counted == sorted(counted, key=int)


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


def test_the_seconds_of_a_cancelled_wait_are_not_counted_in_the_next_cell():
    notebook = run_notebook(
        "import asyncio, nb_banana",
        "drawing = asyncio.create_task(nb_banana.agenerate('a banana [trouble: slow 2.5]'))\n"
        "await asyncio.sleep(0.5)\n"
        "drawing.cancel()",
        "await asyncio.sleep(1.5)",
    )
    assert notebook.cells[2].outputs == []


def test_an_error_is_one_sentence_and_stops_run_all():
    with pytest.raises(CellExecutionError, match="Did you mean 16:9") as caught:
        run_notebook(LOAD, "%%banana -a 16:10\na", "print('not reached')")
    assert "Traceback" not in caught.value.traceback
    assert "options.py" not in caught.value.traceback


def test_in_the_notebook_an_error_is_exactly_its_sentence():
    notebook = run_notebook(LOAD, "%%banana -a 16:10\na", allow_errors=True)
    (output,) = notebook.cells[1].outputs
    assert output["ename"] == "RequestError"
    assert len(output["traceback"]) == 1
    assert output["traceback"][0].startswith("RequestError: aspect_ratio '16:10'")


@pytest.mark.parametrize("place", ["requestId", "message", "url"])
def test_half_a_character_from_the_service_does_not_keep_the_error_from_the_notebook(place):
    status, body = 400, {"message": "no", "statusCode": 400, "path": "/", place: "\ud800 half"}
    if place == "url":
        status, body = 200, {"data": [{"url": "https://h\ud800st/\ud800.png"}]}
    with server(lambda handler: handler.reply(status, json.dumps(body).encode())) as (url, _):
        notebook = run_notebook(
            LOAD, f"%config Banana.base_url = '{url}'", "%%banana\na", "1 / 0", allow_errors=True
        )
    (output,) = notebook.cells[2].outputs
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
    client = NotebookClient(notebook, timeout=60, allow_errors=True)

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


def test_nbconvert_runs_a_notebook_and_its_page_has_the_picture(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(LOAD),
            nbformat.v4.new_code_cell("%%banana --alt 'A T-Rex'\na"),
        ]
    )
    nbformat.write(notebook, tmp_path / "a.ipynb")
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "a.ipynb"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    page = (tmp_path / "a.html").read_text()
    assert 'alt="A T-Rex"' in page
    assert "data:image/jpeg;base64," in page
