"""Whatever was done, nothing of it stays: no thread, socket, file, process, hook or memory."""

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from itertools import count
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import nb_banana
from nb_banana import Client, configure, errors, generate
from nb_banana.credentials import PLACES
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import TROUBLES
from nb_banana.wire.transport import MOST_SESSIONS
from tests.conftest import KEY
from tests.support.amount import ALL, rounds, some
from tests.support.census import bytes_each, census, more_than
from tests.support.doors import DOORS, open_door
from tests.support.moments import at_rest
from tests.support.servers import answering, picture, server
from tests.support.shells import run_notebook

NUMBERS = count()
SMALL = 512
"""Bytes. What a client remembers of a picture: that it was used, and its id."""


def fresh(words="a banana"):
    """A prompt that was not there before."""
    return f"{words} {next(NUMBERS)}"


@pytest.fixture
def quick(monkeypatch):
    """A service that remembers nothing and has but one small picture."""
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with server(answering([{"url": "/a.png"}], {"/a.png": picture()})) as (url, seen):
        configure(base_url=url)
        yield seen


@pytest.mark.parametrize("name", some(DOORS, 2))
def test_nothing_stays_of_many_pictures_through_any_door(service, name):
    with open_door(name) as draw:

        def go(times):
            for _ in range(times):
                draw(fresh())
            if InteractiveShell.initialized():  # what was made is the person's, in ``Out``
                InteractiveShell.instance().run_line_magic("reset", "-f")

        go(2)
        before = census()
        go(rounds(3, 120))
        assert more_than(before) == {}


@pytest.mark.parametrize("name", some([*PLACES], 2))
def test_nothing_stays_of_a_client_of_any_service(tmp_path, name):
    def go(times):
        with Sandbox(service=name) as sandbox:
            with Client(service=name, base_url=sandbox.url, library=tmp_path) as client:
                for _ in range(times):
                    client.generate(fresh())
                client.generate_many([fresh() for _ in range(4)])
                client.generate(fresh(), background=True)
            left = Client(service=name, base_url=sandbox.url, library=tmp_path)
            left.generate(fresh())
            del left

    go(1)
    before = census()
    go(rounds(2, 60))
    assert more_than(before) == {}


@pytest.mark.skipif(not ALL, reason="it counts each byte, slowly: make test-all")
def test_a_thousand_pictures_take_no_memory_each(quick):
    def act(_):
        generate(fresh())
        quick.clear()

    assert bytes_each(act, 350) < SMALL


@pytest.mark.skipif(not ALL, reason="it counts each byte, slowly: make test-all")
def test_a_batch_takes_no_memory_for_each_of_its_pictures(quick):
    def act(_):
        nb_banana.generate_many([fresh() for _ in range(10)])
        quick.clear()

    assert bytes_each(act, 20) < 10 * SMALL


@pytest.mark.parametrize("name", some([*TROUBLES], 2))
def test_nothing_stays_of_many_errors_though_each_is_kept(service, brisk, name):
    said = {"slow": "slow 0.5", "429-retry-after": "429-retry-after 999"}.get(name, name)
    # What is not slow never is late, or a picture would come in one round and in another none.
    timeout = 0.2 if name == "slow" else 60

    def go(times):
        for _ in range(times):
            try:
                generate(fresh(f"a fig [trouble: {said}]"), timeout=timeout)
            except errors.BananaError as error:
                kept.append(error)

    kept = []
    go(2)
    before = census()
    del before["objects"]  # those that are named in the frames of the errors
    known = len(kept)
    go(rounds(3, 10))
    assert more_than(before) == {}
    held = sum(len(each) for error in kept[known:] for each in _bytes_of(error))
    assert held <= 2000 * len(kept)


def _bytes_of(error):
    """The bytes that an error keeps alive: not those of what it shares with all others."""
    seen, waiting = {id(nb_banana._default.client())}, [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | type(sys) | type(_bytes_of)):
            continue
        seen.add(id(each))
        if isinstance(each, bytes | bytearray):
            yield each
        if not isinstance(each, Sandbox | Client | nb_banana._client.Context):
            waiting += gc.get_referents(each)


@pytest.fixture
def shell():
    """IPython without the extension, as a person begins."""
    config = Config({"HistoryManager": {"hist_file": ":memory:"}})
    main = sys.modules["__main__"]
    made = InteractiveShell.instance(config=config)

    def run(*cells):
        for cell in cells:
            with capture_output():
                made.run_cell(cell, store_history=True).raise_error()

    made.do = run
    run("import nb_banana", "%load_ext nb_banana", "%unload_ext nb_banana")
    yield made
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


LOADED = {
    "unloaded": ["%load_ext nb_banana", "%%banana x\n{}", "%unload_ext nb_banana"],
    "loaded anew": ["%load_ext nb_banana", "%reload_ext nb_banana", "%unload_ext nb_banana"],
    "unloaded twice": ["%load_ext nb_banana", "%unload_ext nb_banana", "%unload_ext nb_banana"],
    "loaded anew while one is on its way": [
        "%load_ext nb_banana",
        "%%banana x --background\n{} [trouble: slow 0.2]",
        "%reload_ext nb_banana",
        "assert x.wait().came == 'made' and x.size",
        "%unload_ext nb_banana",
    ],
    "a panel": [
        "%load_ext nb_banana",
        "p = nb_banana.panel(); p",
        "p.close()",
        "%unload_ext nb_banana",
    ],
    "displays": [
        "%load_ext nb_banana",
        "%%banana x -n 2\n{}",
        "x.show(); display(x[0], x); x[0].edit('riper').show()",
        "%unload_ext nb_banana",
    ],
}


@pytest.mark.parametrize("cells", some([*LOADED.values()], 2), ids=some([*LOADED], 2))
def test_nothing_stays_in_a_shell(service, shell, cells):
    def go(times):
        for _ in range(times):
            shell.do(*(cell.format(fresh()) for cell in cells))
        shell.do("%reset -f", "import nb_banana")

    go(2)
    before = census(shell)
    go(rounds(1, 50))
    assert more_than(before, shell) == {}


@pytest.mark.skipif(not ALL, reason="a kernel takes its time: make test-all")
def test_what_a_kernel_notes_of_a_cell_is_written_and_then_nothing_watches_any_more():
    notebook = run_notebook(
        "import nb_banana; nb_banana.configure(backend='sandbox')\n"
        "watching = get_ipython().events.callbacks['post_run_cell']; before = [*watching]",
        "x = nb_banana.generate('a banana')",
        "import time; y = nb_banana.generate('a [trouble: slow 1] owl', background=True)\n"
        "y.on_end(lambda: time.sleep(2))  # its thread tells us after the next cell has ended",
        "y.wait();",
        "print([*watching] == before)\n"
        "from nb_banana._default import client\n"
        "while client().context.on_way:\n    time.sleep(0.01)",
    )
    for drawn, told in zip(notebook.cells[1:4], (True, True, False), strict=True):
        assert [each.metadata["nb_banana"]["unshown"] for each in drawn.outputs] == [told] * told
    assert notebook.cells[4].outputs[0].text == "True\n"


def test_a_closed_panel_is_gone_with_its_layout_and_sees_nothing_any_more(service, shell):
    shell.do("%load_ext nb_banana", "%%banana x\na banana")
    before = census(shell)
    with capture_output():
        panels = [nb_banana.panel() for _ in range(rounds(3, 50))]
        for each in panels:
            each.close()
    more = more_than({**before, "objects": census()["objects"]}, shell)
    assert more == {}
    assert [each._thumbnails._places for each in panels] == [{}] * len(panels)
    panels[0]._thumbnails.see("history", {"a": shell.user_ns["x"]})  # its thread was late
    assert panels[0]._thumbnails._places == {}
    shell.do("%unload_ext nb_banana")


def test_a_sandbox_that_is_stopped_leaves_nothing():
    def go(times):
        for _ in range(times):
            with Sandbox() as sandbox:
                configure(base_url=sandbox.url)
                generate(fresh())
                at_rest()  # each leaves as many connections behind, to a server that is gone

    go(MOST_SESSIONS)
    before = census()
    go(rounds(4, 30))
    assert more_than(before) == {}


def test_each_use_of_what_has_failed_leaves_no_frames_in_its_error(service):
    later = generate("a banana [trouble: 400]", background=True)

    def use():
        try:
            later.wait()
        except errors.BadRequestError as error:
            trace, depth = error.__traceback__, 0
            while trace is not None:
                trace, depth = trace.tb_next, depth + 1
            return depth

    async def await_it():
        with pytest.raises(errors.BadRequestError):
            await later

    depths = [use() for _ in range(5)]
    asyncio.run(await_it())
    assert {*depths[1:], use()} == {depths[1]}


def test_a_picture_that_nobody_keeps_is_not_kept_by_us(service):
    images = [generate(fresh()), *generate(fresh(), count=2), generate(fresh(), background=True)]
    images[-1].wait()
    images.append(images[0].edit("riper"))
    gone = [weakref.ref(each) for each in images]
    del images[:]
    gc.collect()
    assert [each() for each in gone] == [None] * len(gone)


def test_where_nothing_is_kept_a_file_goes_with_its_picture(service):
    configure(keep=False)
    generate(fresh(), quiet=True)
    before = census()
    images = [generate(fresh(), quiet=True) for _ in range(3)]
    assert all(Path(each).stat().st_size for each in images)
    del images
    assert more_than(before) == {}


FORK = """
import os, sys
import nb_banana
with nb_banana.Client(base_url=sys.argv[1]) as client:
    client.generate("before", background=True)
    client.generate("a banana")
    child = os.fork()
    if not child:
        assert not client.pending()
        assert client.generate("a banana").came == "reused"
        assert client.generate("a fig").came == "made"
        assert len(client.generate_many(["an owl", "a fox"]).images) == 2
        client.close()
        os._exit(7)
    assert client.generate("a pear").came == "made"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert client.generate("a fig").came == "reused"
"""
SPAWN = """
import sys
import concurrent.futures as futures
import multiprocessing
import nb_banana

def draw(words):
    nb_banana.configure(base_url=sys.argv[1])
    return nb_banana.generate(words)

if __name__ == "__main__":
    nb_banana.configure(base_url=sys.argv[1])
    mine = nb_banana.generate("mine")
    with futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        theirs = pool.submit(draw, "theirs").result()
    assert theirs.size == mine.size and nb_banana.generate("theirs").came == "reused"
    assert theirs.edit("riper").came == "made"
"""
ENDING = {
    "one on its way": (
        "nb_banana.generate('a banana', background=True)",
        1,
    ),
    "a batch on its way": (
        "nb_banana.configure(concurrency=2)\n"
        "nb_banana.generate('a banana', count=7, background=True)",
        7,
    ),
    "a client that is not closed": (
        "mine = nb_banana.Client(base_url=sys.argv[1], concurrency=2)\n"
        "mine.generate('a banana', count=5, background=True)",
        5,
    ),
    "an error at the end": (
        "nb_banana.generate('a banana', background=True)\nsys.exit(0)",
        1,
    ),
    "a loop that is closed": (
        "async def main():\n"
        "    asyncio.ensure_future(nb_banana.agenerate('a banana'))\n"
        "    await asyncio.sleep(0.5)\n"
        "asyncio.run(main())",
        1,
    ),
    "a loop that is left": (
        "async def main():\n"
        "    asyncio.ensure_future(wait(nb_banana.generate('a banana', background=True)))\n"
        "    await asyncio.sleep(0.1)\n"
        "async def wait(value):\n    await value\n"
        "asyncio.run(main())",
        1,
    ),
    "a sandbox of its own": (
        "nb_banana.configure(backend='sandbox')\n"
        "nb_banana.generate('a banana', count=4, background=True)",
        4,
    ),
    "each thing once": (
        "image = nb_banana.generate('a banana')\n"
        "nb_banana.generate_many(['a fig', 'a pear [trouble: 400]'])\n"
        "nb_banana.doctor(), nb_banana.spending(), nb_banana.history(), nb_banana.recover()\n"
        "image.pil, image.edit('riper').save('riper.webp'), nb_banana.dry_run('a')",
        3,
    ),
}


def script(home, code, *args, **more):
    """A script that fails at each warning, and says each resource that was not given back."""
    env = {**os.environ, "XDG_DATA_HOME": str(home), "TMPDIR": str(home / "tmp"), **more}
    (home / "tmp").mkdir(exist_ok=True)
    (home / "program.py").write_text(code)
    command = [sys.executable, "-X", "dev", "-W", "error", home / "program.py", *args]
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, timeout=100, check=False)
    said = done.stderr.decode()
    # What asyncio says in this mode of steps that took long is of the machine.
    lines = [each for each in said.splitlines() if not each.startswith("Executing <")]
    assert (done.returncode, lines) == (0, []), said
    assert [*(home / "tmp").iterdir()] == []


@pytest.mark.parametrize("name", some([*ENDING], 2))
def test_a_script_that_ends_ends_in_peace_and_loses_nothing(tmp_path, name):
    code, number = ENDING[name]
    with Sandbox(delay=0.2) as sandbox:
        start = "import asyncio, sys\nimport nb_banana\nnb_banana.configure(base_url=sys.argv[1])\n"
        script(tmp_path, start + code, sandbox.url)
        configure(base_url=sandbox.url, library=str(tmp_path / "nb_banana"))
        kept = (
            nb_banana.history()
            or Client(backend="sandbox", library=tmp_path / "nb_banana").history()
        )
    assert len(kept) == number


@pytest.mark.skipif(not ALL, reason="two more processes: make test-all")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_client_works_on_in_a_forked_child_and_in_its_parent(tmp_path):
    with Sandbox() as sandbox:
        script(tmp_path, FORK, sandbox.url)
        assert len(sandbox.charges) == 6


@pytest.mark.skipif(not ALL, reason="three interpreters: make test-all")
def test_a_spawned_process_draws_for_itself_and_hands_its_picture_over(tmp_path):
    with Sandbox() as sandbox:
        script(tmp_path, SPAWN, sandbox.url)
        assert len(sandbox.charges) == 3
