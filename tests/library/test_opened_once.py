"""The index is opened once for the steps that follow on each other, and for nothing that waits."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from nb_banana.library.database import Database, _queues
from nb_banana.library.location import INDEX
from nb_banana.library.owner import this_process
from tests.support.moments import until

COUNTED = """
import sys
import nb_banana

nb_banana.configure(backend="sandbox")
nb_banana.generate("a banana to begin with")
opened = []
sys.addaudithook(lambda event, given: event == "sqlite3.connect" and opened.append(given[0]))
for number in range(3):
    nb_banana.generate(f"a banana {number}")
print(len([each for each in opened if "/sandbox/" in str(each)]))
"""


def add(index, name):
    index.write(lambda session: session.add("requests", row_of(name)))


def row_of(name):
    now = "2026-11-26T00:00:00.000000+00:00"
    row = dict.fromkeys(("service", "state", "key", "family", "prompt", "folded", "model"), "a")
    row |= {"id": name, "take": 1, "parameters": "{}", "refs": "[]", "parents": "[]"}
    return row | {"created": now, "changed": now, **this_process()}


def names(index):
    return [row["id"] for row in index.rows("SELECT id FROM requests ORDER BY seq")]


def open_files(path):
    """How often this process has a file open."""
    links = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them
            links.append(each.readlink())
    return links.count(path)


@pytest.fixture
def index(tmp_path):
    return Database(tmp_path / "library" / INDEX, 60)


def test_a_generation_opens_its_library_twice(tmp_path):
    place = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", COUNTED], env=os.environ | place, capture_output=True, text=True
    )
    assert done.stdout.split() == ["6"], done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it")
def test_the_library_is_not_open_while_the_service_draws(service, held, tmp_path):
    import nb_banana

    made = []
    prompt = "a banana [trouble: slow]"
    drawing = threading.Thread(target=lambda: made.append(nb_banana.generate(prompt)))
    drawing.start()
    until(lambda: service.posts)
    seen = [open_files(each) for each in tmp_path.rglob(INDEX)]
    held.set()
    drawing.join()
    index = made[0].path.parents[2] / INDEX
    assert not any(seen)
    assert index.is_file()
    assert open_files(index) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it")
def test_it_is_open_in_the_block_and_closed_after_it(index):
    add(index, "one")
    with index.keep_open():
        assert open_files(index.path) == 0
        assert names(index) == ["one"]
        add(index, "two")
        assert open_files(index.path) == 1
        index.let_go()
        assert open_files(index.path) == 0
        assert names(index) == ["one", "two"]
    assert open_files(index.path) == 0


def test_a_library_that_is_replaced_meanwhile_is_the_one_that_is_written(index):
    add(index, "one")
    with index.keep_open():
        assert names(index) == ["one"]
        index.path.parent.rename(index.path.parent.with_name("away"))
        assert names(index) == []
        add(index, "two")
        assert names(index) == ["two"]
    assert names(Database(index.path.parent.with_name("away") / INDEX, 1)) == ["one"]


def test_what_fails_in_the_block_is_taken_back_and_the_next_step_works(index):
    add(index, "one")

    def fail(session):
        session.run("DELETE FROM requests")
        raise KeyError("no")

    with index.keep_open():
        with pytest.raises(KeyError):
            index.write(fail)
        with pytest.raises(KeyError), index.writing() as session:
            fail(session)
        add(index, "two")
    assert names(index) == ["one", "two"]


def test_who_asks_within_a_transaction_is_answered_as_the_file_is(index):
    add(index, "one")
    with index.keep_open():
        found = index.write(lambda session: (session.run("DELETE FROM requests"), names(index)))
    assert found == (1, ["one"])
    assert names(index) == []


def test_another_thread_and_another_program_write_while_it_is_held(index):
    add(index, "one")
    with index.keep_open():
        assert names(index) == ["one"]
        other = threading.Thread(target=add, args=(index, "two"))
        other.start()
        other.join()
        add(Database(index.path, 1), "three")
        add(index, "four")
        assert names(index) == ["one", "two", "three", "four"]


@contextmanager
def another_adds(index, name):
    """Another thread waits to have a row written: who writes in the block writes it too."""
    other = threading.Thread(target=add, args=(index, name))
    with index.turn:
        other.start()
        until(lambda: _queues[str(index.path)])
        yield
    other.join()


def test_what_a_thread_writes_is_not_lost_with_the_ctrl_c_of_the_one_that_writes_it_too(index):
    def stop(session):
        raise KeyboardInterrupt

    add(index, "one")
    with another_adds(index, "two"), pytest.raises(KeyboardInterrupt):
        index.write(stop)
    assert names(index) == ["one", "two"]


def test_what_is_on_the_disk_as_a_second_ctrl_c_comes_is_not_written_once_more(index):
    def interrupted(session):
        session.add("requests", row_of("two"))
        signal.raise_signal(signal.SIGINT)  # the first one waits for the end
        reader = sqlite3.connect(index.path, check_same_thread=False)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sqlite_master").fetchall()  # the commit waits for it
        threading.Thread(target=again, args=(reader,)).start()

    def again(reader):
        until(is_committing)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        reader.close()

    def is_committing():
        """Who waits to commit lets nobody begin to read: https://sqlite.org/lockingv3.html"""
        with closing(sqlite3.connect(index.path, timeout=0)) as other:
            try:
                other.execute("SELECT * FROM sqlite_master").fetchall()
            except sqlite3.OperationalError:
                return True
        return False

    add(index, "one")
    with another_adds(index, "three"), pytest.raises(KeyboardInterrupt):
        index.write(interrupted)
    assert sorted(names(index)) == ["one", "three", "two"]


def test_what_is_pickled_while_the_file_is_held_opens_it_by_itself(index):
    add(index, "one")
    with index.keep_open():
        assert names(index) == ["one"]
        assert names(pickle.loads(pickle.dumps(index))) == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_the_file_by_itself(index):
    add(index, "one")
    with index.keep_open():
        add(index, "two")
        child = os.fork()
        if not child:
            try:
                add(index, "child")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        add(index, "three")
        assert names(index) == ["one", "two", "child", "three"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_writes_can_write_and_takes_nothing_back(index):
    begun = threading.Event()

    def slowly(session):
        session.run("UPDATE requests SET prompt = 'b'")
        begun.set()
        time.sleep(0.3)  # the fork waits for it

    def write():
        with index.keep_open():
            assert names(index) == ["one"]
            index.write(slowly)
            add(index, "thread")

    add(index, "one")
    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    child = os.fork()
    if not child:
        try:
            index._held.clear()  # as a client's end does
            add(index, "child")
            os._exit(0)
        finally:
            os._exit(1)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(names(index)) == ["child", "one", "thread"]
    assert index.rows("SELECT prompt FROM requests WHERE id = 'one'") == [{"prompt": "b"}]
