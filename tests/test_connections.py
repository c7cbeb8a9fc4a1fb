"""Who shares a connection with whom: calls of one thread do, threads and forked processes never."""

import os
import subprocess
import sys
import threading

import pytest

from nb_banana import ImageRequest, errors
from nb_banana.client import Service
from nb_banana.studio import make

from .servers import answering, posts, server

FORKING = """
import os, sys
from nb_banana import ImageRequest, errors
from nb_banana.client import Service
from nb_banana.studio import make

def ask(words):
    try:
        make(ImageRequest(words), service=Service(sys.argv[1]))
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


def test_a_thread_has_a_connection_of_its_own():
    def ask(words):
        with pytest.raises(errors.RefusalError, match=words):
            make(ImageRequest(words), service=Service(url))

    with server(echo) as (url, seen):
        for words in ("one", "two"):
            ask("mine")
            thread = threading.Thread(target=ask, args=(words,))
            thread.start()
            thread.join()
    mine, one, again, two = [each.client for each in posts(seen)]
    assert mine == again
    assert len({mine, one, two}) == 3
