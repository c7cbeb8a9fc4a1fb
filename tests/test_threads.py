"""Threads start in one place; where none can start, as in WebAssembly, work is done in place."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nb_banana
from nb_banana import _threads, errors
from nb_banana.display.batch_progress import BatchProgress
from nb_banana.wire.transport import HttpTransport


@pytest.fixture
def no_threads(service, monkeypatch):
    """None of ours can start; those of the sandbox are of another process in real life."""
    monkeypatch.setattr(_threads, "HAS_THREADS", False)
    known = set(threading.enumerate())
    yield service
    started = {each.name for each in set(threading.enumerate()) - known}
    assert not {name for name in started if name.startswith("nb_banana")}


def test_threads_start_in_one_place():
    package = Path(nb_banana.__file__).parent
    for path in package.rglob("*.py"):
        place = path.relative_to(package).as_posix()
        if place != "_threads.py" and not place.startswith("sandbox"):
            source = path.read_text("utf-8")
            for name in ("threading.Thread(", "ThreadPoolExecutor(", "to_thread(", "Timer("):
                assert name not in source, (place, name)


def test_without_threads_each_way_to_a_picture_leads_there(no_threads):
    assert nb_banana.generate("a cat").came == "made"
    later = nb_banana.generate("an owl", background=True)
    assert later.done
    assert later.size == (1024, 1024)
    many = nb_banana.generate_many(["a cat", "a pear", "a pear [trouble: 400]"])
    assert [len(many.images), len(many.failures)] == [2, 1]
    assert len(nb_banana.sweep("a {{x}}", x=["fox", "robot"], background=True)) == 2
    assert asyncio.run(nb_banana.agenerate("a tree")).came == "made"
    assert len(no_threads.charges) == 6


def test_without_threads_an_error_in_the_background_is_raised_where_it_is_used(no_threads):
    later = nb_banana.generate("a cat [trouble: 400]", background=True)
    with pytest.raises(errors.BadRequestError):
        later.wait()


def test_where_no_more_threads_can_start_work_is_done_in_place(monkeypatch):
    def full(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    done = []
    assert _threads.spawn(done.append, 1) is None
    assert _threads.spawn(done.append, 2, needed=False) is None
    assert done == [1]


def test_without_threads_the_sandbox_answers_in_the_process(monkeypatch, tmp_path):
    monkeypatch.setattr(_threads, "HAS_THREADS", False)

    def refused(*args):
        raise OSError(138, "Not supported")

    monkeypatch.setattr(socket.socket, "bind", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    with nb_banana.Client(library=tmp_path, backend="sandbox") as client:
        fox = client.generate("a fox", aspect_ratio="16:9")
        assert (fox.sandbox, fox.size) == (True, (1376, 768))
        assert fox.edit("make it night").parents == (fox,)
        with pytest.raises(errors.RefusalError, match="not charged"):
            client.generate("a pear [trouble: refusal]")
        with pytest.raises(errors.ConnectionDroppedError, match=r"charged: \$0.089"):
            client.generate("a pear [trouble: drop-after]")
        with pytest.raises(errors.AnswerTimeoutError):
            client.generate("a pear [trouble: slow 9]", timeout=0.01)
        with pytest.raises(errors.DownloadError):
            client.generate("an owl [trouble: cut-picture x4]")
        assert len(client.recover().images) == 1
        assert client.generate("a fox", aspect_ratio="16:9").came == "reused"


@pytest.mark.parametrize("what", ["thread", "socket"])
def test_a_sandbox_that_can_not_listen_answers_in_the_process(what, monkeypatch, tmp_path):
    def full(*args, **options):
        raise RuntimeError("can't start new thread") if what == "thread" else OSError(24, "full")

    monkeypatch.setattr(
        *((threading.Thread, "start") if what == "thread" else (socket.socket, "bind")), full
    )
    with nb_banana.Client(library=tmp_path, backend="sandbox") as client:
        assert client.generate("a cat").sandbox


def test_without_threads_a_bar_counts_each_picture_as_it_comes(no_threads, monkeypatch):
    seen = []
    monkeypatch.setattr(BatchProgress, "tick", lambda bar: seen.append(bar._tally.done))
    nb_banana.generate_many(["a cat", "a pear", "an owl"])
    assert seen[::2] == [1, 2, 3]


def test_without_threads_one_interrupt_stops_all_that_is_left(no_threads, monkeypatch):
    def send(transport, method, url, **options):
        if method == "POST" and len(no_threads.posts) == 1:
            raise KeyboardInterrupt
        return plain(transport, method, url, **options)

    plain = HttpTransport.send
    monkeypatch.setattr(HttpTransport, "send", send)
    with pytest.raises(errors.Interrupted, match="1 of 4 are done") as stopped:
        nb_banana.generate_many(["a cat", "a pear", "an owl", "a fox"])
    kinds = [type(each.error) for each in stopped.value.facts["gallery"].failures]
    assert kinds == [errors.Interrupted, errors.NotSentError, errors.NotSentError]


def ours():
    """Those of `side_by_side`: a server of the test before may start some all the while."""
    return [each for each in threading.enumerate() if each.name.startswith(f"{_threads.NAME}_")]


def test_work_that_is_done_side_by_side_comes_back_in_order_and_leaves_no_thread(monkeypatch):
    monkeypatch.setattr(_threads, "_processors", lambda: 4)
    together, free = threading.Barrier(3), threading.Semaphore(3)

    def work(number):
        assert free.acquire(blocking=False)  # never a fourth
        together.wait(120)
        free.release()
        return number * number

    assert _threads.side_by_side(work, range(9), 3) == [number * number for number in range(9)]
    assert not ours()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_side_by_side_is_raised_and_what_has_not_begun_is_left(monkeypatch, error):
    monkeypatch.setattr(_threads, "_processors", lambda: 2)
    begun, is_left, shutdown = [], threading.Event(), ThreadPoolExecutor.shutdown

    def work(number):
        begun.append(number)
        if number:
            is_left.wait(120)  # else all may be done before anybody sees the error
        raise error

    def leave(executor, **options):
        shutdown(executor, wait=False, **options)
        is_left.set()
        shutdown(executor)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", leave)
    with pytest.raises(error):
        _threads.side_by_side(work, range(10_000), 2)
    assert len(begun) <= 3  # the first one, and one more in each thread
    assert not ours()


def test_where_no_more_threads_can_start_it_is_done_in_place(monkeypatch):
    monkeypatch.setattr(_threads, "_processors", lambda: 4)

    def refused(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert _threads.side_by_side(abs, [-1, -2], 4) == [1, 2]
