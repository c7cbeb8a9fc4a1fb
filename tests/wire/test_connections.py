"""Who uses a connection: one at a time, and never the main thread's or another process's."""

import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from nb_banana import Client, ImageRequest, errors
from nb_banana.services.endpoint import Endpoint
from tests.conftest import KEY
from tests.support.kernels import make
from tests.support.moments import until
from tests.support.servers import answering, posts, server

FORKING = """
import os, sys
from nb_banana import ImageRequest, errors
from nb_banana.services.endpoint import Endpoint
from tests.support.kernels import make

def ask(words):
    try:
        make(ImageRequest(words), service=Endpoint(sys.argv[1]))
    except errors.RefusalError as error:
        assert words in str(error), (words, str(error))
        return
    raise SystemExit("no refusal")

ask("before")
child = os.fork()
if child == 0:
    for _ in range(3):
        ask("child")
    os._exit(0)
for _ in range(3):
    ask("parent")
assert os.waitpid(child, 0)[1] == 0
ask("after")
"""


def echo(handler):
    """Refuse, and say for which prompt: whoever gets another's answer would see it."""
    answering([], message=f"not {handler.sent.get('prompt')}")(handler)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_forked_child_and_its_parent_do_not_share_a_connection():
    with server(echo) as (url, seen):
        subprocess.run([sys.executable, "-c", FORKING, url], check=True)
    by_words = {}
    for each in posts(seen):
        by_words.setdefault(each.sent["prompt"], set()).add(each.client)
    assert len(by_words["child"]) == 1
    assert by_words["before"] == by_words["parent"] == by_words["after"]
    assert not by_words["child"] & by_words["parent"]


def ask(url, words):
    with pytest.raises(errors.RefusalError, match=words):
        make(ImageRequest(words), service=Endpoint(url))


def test_a_thread_takes_over_what_another_has_left_and_never_the_main_threads():
    with server(echo) as (url, seen):
        for words in ("one", "two"):
            ask(url, "mine")
            thread = threading.Thread(target=ask, args=(url, words))
            thread.start()
            thread.join()
    mine, one, again, two = [each.client for each in posts(seen)]
    assert mine == again
    assert one == two != mine


def test_two_threads_at_once_have_two_connections_and_each_its_own_answer():
    both = threading.Barrier(2)

    def at_once(handler):
        both.wait(60)
        echo(handler)

    with server(at_once) as (url, seen), ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            list(pool.map(partial(ask, url), ("one", "two")))
    assert len(posts(seen)) == 6
    assert len({each.client for each in posts(seen)}) == 2


def test_a_closed_client_has_no_connection_though_an_error_names_its_pool(service, tmp_path):
    client = Client(key=KEY, base_url=service.url, library=tmp_path)
    gc.disable()  # it would close them too, some time
    try:
        with client, pytest.raises(errors.UncertainError):
            client.generate("a banana [trouble: drop-before]")
        until(lambda: not service._server._open)
    finally:
        gc.enable()


def test_a_cookie_is_not_kept():
    def answer(handler):
        handler.reply(200, b'{"data": []}', Set_Cookie="who=me")

    with server(answer) as (url, seen):
        for words in ("one", "two"):
            with pytest.raises(errors.RefusalError):
                make(ImageRequest(words), service=Endpoint(url))
    assert len(posts(seen)) == 2
    assert not any("Cookie" in each.headers for each in seen)
