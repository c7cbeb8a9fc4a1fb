"""A canary goes in as the key, and is found in one header of one host and nowhere else."""

import asyncio
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import nbformat
import pytest

import nb_banana
from nb_banana import errors
from nb_banana.credentials import MANAGEMENT, PLACES
from nb_banana.sandbox import Sandbox
from nb_banana.services.registry import find_service
from tests.support import canary_worker
from tests.support.amount import ALL, some
from tests.support.canary import CANARY, MANAGER, SPELLINGS, found_below, found_in, tapped
from tests.support.kernels import NotebookRunner

ROOT = Path(__file__).parents[1]
SOURCES = ("environment", "login", "argument", "keyring", "colab")
EACH = [("aimlapi", each) for each in SOURCES] + [(each, "login") for each in [*PLACES][1:]]


def surroundings(home, **more):
    """What a process needs that writes nowhere but into one folder."""
    names = ("PATH", "LANG", "VIRTUAL_ENV", "SYSTEMROOT")
    own = {name: os.environ[name] for name in names if name in os.environ}
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_DATA_HOME", "IPYTHONDIR"), str(home))
    return own | folders | {"PYTHONPATH": str(ROOT), **more}


@pytest.mark.skipif(not ALL, reason="a process that does everything: make test-all")
@pytest.mark.parametrize(("service", "source"), EACH)
def test_the_key_goes_into_one_header_of_one_host_and_nowhere_else(tmp_path, service, source):
    """Whatever is done with it, looked at, logged, kept, packed, pickled or shown as an error."""
    names = {canary_worker.HELD}
    names |= {PLACES[service].names[0]} if source == "environment" else set()
    with Sandbox(CANARY, service=service) as sandbox, tapped(sandbox.url) as tap:
        sandbox.api.url = tap.url  # where its pictures are fetched
        command = [sys.executable, "-m", canary_worker.__name__, service, tap.url, source]
        command += ["everything"] if source == "environment" else []  # a page is built slowly
        env = surroundings(tmp_path, PYTHONASYNCIODEBUG="1", **dict.fromkeys(names, CANARY))
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert b"urllib3.connectionpool" in done.stdout + done.stderr  # all was logged
    assert found_in(done.stdout + done.stderr) == []
    assert found_below(tmp_path) == {}
    header = find_service(service).key_header
    assert found_in(tap.besides(*header)) == []
    with_key = [head for head in tap.heads() if CANARY.encode() in head]
    assert len(with_key) > 10
    assert {head.count(CANARY.encode()) for head in with_key} == {1}
    assert [head for head in with_key if b"/files/" in head.splitlines()[0]] == []


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_the_scan_finds_the_canary_in_each_spelling(spelled):
    assert found_in(b"{" + spelled.upper() + b"}")
    assert found_in(b"nothing here") == []


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CONFIG = """
c.Banana.base_url = "{url}"
c.InteractiveShell.xmode = "Verbose"
c.InteractiveShellApp.exec_lines = [
    "import logging; logging.basicConfig(level=logging.DEBUG)",
    "import http.client; http.client.HTTPConnection.debuglevel = 1",
]
"""


@pytest.mark.skipif(not ALL, reason="kernels run whole notebooks: make test-all")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[each.stem for each in NOTEBOOKS])
def test_no_notebook_of_ours_shows_or_leaves_the_key(tmp_path, monkeypatch, path):
    with Sandbox(CANARY, management_key=MANAGER) as sandbox, tapped(sandbox.url) as tap:
        sandbox.api.url = tap.url
        names = {PLACES["aimlapi"].names[0]: CANARY, MANAGEMENT: MANAGER}
        for name, text in surroundings(tmp_path, **names).items():
            monkeypatch.setenv(name, text)
        (tmp_path / "profile_default").mkdir()
        config = tmp_path / "profile_default" / "ipython_config.py"
        config.write_text(CONFIG.format(url=tap.url))
        notebook = nbformat.read(path, 4)
        shutil.copy(path, tmp_path)  # it packs itself
        resources = {"metadata": {"path": str(tmp_path)}}
        runner = NotebookRunner(notebook, timeout=120, allow_errors=True, resources=resources)
        runner.execute()
        text = nbformat.writes(notebook)
        assert sandbox.charges
    assert "/v1/images/generations" in text  # the log is in it
    assert found_in(text.encode()) == []
    assert found_below(tmp_path) == {}
    assert found_in(tap.besides("Authorization", "Bearer ")) == []
    assert any(CANARY.encode() in head for head in tap.heads())


PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize("service", some([*PLACES], 2))
def test_a_proxy_does_not_hear_the_key(monkeypatch, name, service):
    """It is asked to pass on a connection, and what goes through that is between the two ends."""
    with tapped(None) as proxy:
        monkeypatch.setenv(name, proxy.url)
        for place in PLACES.values():
            monkeypatch.setenv(place.names[0], CANARY)
        client = nb_banana.Client(service=service, base_url=PLACES[service].base_url)
        with client, pytest.raises(errors.BananaError) as caught:
            client.generate("a banana")
    heard = b"\n".join(map(bytes, proxy.heard))
    assert found_in(heard + str(caught.value).encode()) == []
    assert bool(heard) is (name.lower() != "http_proxy")
    assert not heard or heard.startswith(b"CONNECT ")


ODD = {
    "in quotes": f'"{CANARY}"',
    "in other quotes": f"“{CANARY}”",
    "with a mark of its file": f"\ufeff{CANARY}\r\n",
    "with tabs": f"\t{CANARY} ",
}


@pytest.mark.parametrize("given", ODD.values(), ids=ODD)
def test_what_stands_around_a_key_is_left_out(given):
    with Sandbox(CANARY) as sandbox, nb_banana.Client(key=given, base_url=sandbox.url) as client:
        assert client.generate("a banana").came == "made"
    assert all(post.authorized for post in sandbox.posts)


@pytest.mark.parametrize("key", ["xy", "7", "banana", "a-b", "bananas-4-all"])
def test_a_key_that_is_a_word_is_a_key_and_the_word_stays_a_word(tmp_path, key):
    with Sandbox(key) as sandbox:
        client = nb_banana.Client(key=key, base_url=sandbox.url, library=tmp_path)
        image = client.generate("a banana xy 7 a b", alt="xy")
        with client, pytest.raises(errors.BadRequestError) as caught:
            client.generate("a banana [trouble: 400]")
    assert image.prompt == "a banana xy 7 a b"
    assert all(post.authorized for post in sandbox.posts)
    assert "did not accept the request" in str(caught.value)


DOORS = {
    "generate": lambda key: nb_banana.generate("a banana", key=key),
    "generate_many": lambda key: nb_banana.generate_many(["a banana"], key=key),
    "sweep": lambda key: nb_banana.sweep("a {{x}}", x=[1], key=key),
    "agenerate": lambda key: asyncio.run(nb_banana.agenerate("a banana", key=key)),
    "dry_run": lambda key: nb_banana.dry_run("a banana", key=key),
    "estimate": lambda key: nb_banana.estimate("a banana", key=key),
    "login": nb_banana.login,
    "login of another": lambda key: nb_banana.login(key, service="fal"),
    "Client": lambda key: nb_banana.Client(key=key),
    "its generate": lambda key: nb_banana.Client().generate("a banana", key=key),
    "its sweep": lambda key: nb_banana.Client().sweep("a {{x}}", x=[1], key=key),
    "its generate_many": lambda key: nb_banana.Client().generate_many(["a banana"], key=key),
    "its login": lambda key: nb_banana.Client().login(key),
    "Classroom": nb_banana.Classroom,
}
NO_KEYS = {
    "two": f"{CANARY} {CANARY}",
    "a line more": f"{CANARY}\nX-More: 1",
    "a letter": f"{CANARY}é",
    "bytes": CANARY.encode(),
    "among others": [CANARY],
}


@pytest.mark.parametrize("given", some([*NO_KEYS.values()], 2), ids=some([*NO_KEYS], 2))
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_what_can_not_be_a_key_is_in_no_frame_of_the_error_that_says_so(door, given):
    with pytest.raises(errors.MissingKeyError) as caught:
        door(given)
    trace = caught.value.__traceback__
    while trace.tb_frame.f_code.co_filename == __file__:  # the test's own
        trace = trace.tb_next
    shown = traceback.TracebackException(
        type(caught.value), caught.value, trace, capture_locals=True
    )
    assert found_in("".join(shown.format()).encode()) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: nb_banana.login(CANARY, service="nobody"),
        lambda: nb_banana.Client().login(CANARY, service="nobody"),
        lambda: nb_banana.Client(key=CANARY, colour="red"),
        lambda: nb_banana.Client(key=CANARY, base_url="nowhere"),
        lambda: nb_banana.Classroom(CANARY, base_url="nowhere"),
        lambda: nb_banana.generate("a banana", key=CANARY, colour="red"),
        lambda: nb_banana.Client().generate("a banana", key=CANARY, timeout="long"),
        lambda: nb_banana.generate_many(3, key=CANARY),
    ],
)
def test_a_key_that_is_given_beside_what_is_wrong_is_in_no_frame(call):
    with pytest.raises(errors.BananaError) as caught:
        call()
    trace = caught.value.__traceback__.tb_next.tb_next
    shown = traceback.TracebackException(
        type(caught.value), caught.value, trace, capture_locals=True
    )
    assert "nb_banana" in shown.stack[0].filename
    assert found_in("".join(shown.format()).encode()) == []


@pytest.mark.parametrize("name", PLACES["aimlapi"].names)
def test_a_wrong_key_of_the_environment_is_in_no_frame(monkeypatch, name):
    monkeypatch.setenv(name, f"{CANARY} {CANARY}")
    with pytest.raises(errors.MissingKeyError, match=name) as caught:
        nb_banana.generate("a banana")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert found_in("".join(shown.format()).encode()) == []
