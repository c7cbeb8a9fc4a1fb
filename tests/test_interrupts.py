"""Ctrl-C at any moment leaves a clean state: a real signal in a real kernel, at a known moment."""

import threading
import time
from contextlib import contextmanager

import nbformat

from tests.conftest import KEY
from tests.support.kernels import NotebookRunner
from tests.support.servers import answering, picture, posts, server

LATEST = 120.0
"""Seconds after which a moment that did not come is no longer waited for."""


PAUSING = """import pathlib, time, types
from nb_banana.services import send
def pause(seconds):
    pathlib.Path({place!r}).touch()
    time.sleep(seconds)
send.time = types.SimpleNamespace(sleep=pause)"""
"""The kernel leaves word here when it pauses before the next attempt."""


def interrupted(url, moment, *cells, before=""):
    """The outputs of the cells; the first one is interrupted when `moment()` is true."""
    start = f"%load_ext nb_banana\n%config Banana.base_url = '{url}'\n{before}"
    code = [nbformat.v4.new_code_cell(cell) for cell in (start, *cells)]
    notebook = nbformat.v4.new_notebook(cells=code)
    client = NotebookRunner(notebook, timeout=200, allow_errors=True)

    def watch():
        latest = time.monotonic() + LATEST
        while not moment() and time.monotonic() < latest:
            time.sleep(0.02)
        client.km.provisioner.process.send_signal(2)

    def begin(cell, cell_index):
        if cell_index == 1:
            threading.Thread(target=watch, daemon=True).start()

    client.on_cell_execute = begin
    client.execute()
    return [cell.outputs for cell in notebook.cells[1:]]


def test_between_two_attempts_it_says_that_nothing_was_charged(service, tmp_path):
    pauses = tmp_path / "pauses"
    (output,), (after,) = interrupted(
        service.url,
        pauses.exists,
        "%%banana x\na banana [trouble: 429-retry-after 60]",
        "import nb_banana; print(nb_banana.recover().summary)",
        before=PAUSING.format(place=str(pauses)),
    )
    assert output["ename"] == "Interrupted"
    (sentence,) = output["traceback"]
    assert "Nothing was charged" in sentence
    assert "may have been charged" not in sentence
    assert service.posts[0].headers["x-client-request-id"] in sentence
    assert "Nothing is unfinished" in after["text"]
    assert len(service.posts) == 1
    assert KEY not in sentence


@contextmanager
def slow_pictures():
    """A service whose first fetch of a picture hangs, and whose second one works."""
    go_on = threading.Event()

    def answer(handler):
        if handler.path == "/a.png" and len([each for each in seen if each.path == "/a.png"]) == 1:
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            go_on.wait(LATEST)
        else:
            answering([{"url": "/a.png"}], {"/a.png": picture()})(handler)

    with server(answer) as (url, seen):
        yield url, seen
        go_on.set()


def test_during_the_download_the_link_is_in_the_error_and_recover_fetches_it():
    with slow_pictures() as (url, seen):
        (output,), (journal,), (after,) = interrupted(
            url,
            lambda: any(each.path == "/a.png" for each in seen),
            "%%banana x\na banana",
            "import nb_banana; from nb_banana._default import client; "
            "from nb_banana.library.location import kind_of\n"
            "library = client().context.places(kind_of(nb_banana.configure().base_url))[0]\n"
            "print([(row.state, row.links) for row in library.unfinished()])",
            "found = nb_banana.recover(); print(found.summary, found.images[0].size)",
        )
    (sentence,) = output["traceback"]
    assert sentence.startswith("Interrupted: Stopped. The picture was made and charged")
    assert f"{url}/a.png" in sentence
    assert journal["text"] == "[('answered', ('/a.png',))]\n"  # by the address that it gave
    assert after["text"] == "1 unfinished request, 1 fetched into the library. (64, 48)\n"
    assert len(posts(seen)) == 1
