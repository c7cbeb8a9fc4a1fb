"""Requests that other processes send: the notebook keeps the journal, nothing is sent twice."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import distributed
import ipyparallel
import pytest

import nb_banana
from nb_banana import configure, errors, generate_many
from nb_banana._default import client
from nb_banana.batch.executors import RemoteTask, run_task
from nb_banana.services.exchange import Call
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.busy import busy
from tests.support.moments import until

A_CAT = Call("POST", "/v1/images/generations", {"prompt": "a cat"})


def prompts(count, more=""):
    return [f"a cat {number}{more}" for number in range(count)]


def pool():
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.fixture
def executor():
    with pool() as running:
        yield running


@pytest.fixture(scope="module")
def cluster():
    """Two processes of Dask's, as a person starts them: its own settings, tasks are tried again."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # None would listen at 8787, which may be taken
        env={"AIMLAPI_KEY": KEY},
        silence_logs=100,
    ) as running:
        yield running


@pytest.fixture
def dask(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


def sent(service):
    return Counter(post.headers["x-client-request-id"] for post in service.posts)


def test_a_process_pool_sends_and_the_notebook_keeps(service, executor):
    gallery = generate_many(prompts(5), executor=executor)
    assert [image.prompt for image in gallery] == prompts(5)
    assert all(image.path.is_file() for image in gallery)
    bills = client().context.places(client().context.kinds()[-1])[0].bills()
    assert {bill.request_id for bill in bills} == set(sent(service))
    assert set(sent(service).values()) == {1}
    # What is there is not sent again, by whomever.
    assert [image.came for image in generate_many(prompts(5))] == ["reused"] * 5


def test_failures_of_workers_are_the_same_entries(service, executor):
    prompts = [f"a cat [trouble: {name}]" for name in ("refusal", "400", "drop-after", "link-404")]
    gallery = generate_many(prompts, executor=executor)
    assert [type(entry.error) for entry in gallery] == [
        errors.RefusalError,
        errors.BadRequestError,
        errors.ConnectionDroppedError,
        errors.LinkGoneError,
    ]
    assert "charged" in str(gallery[2].error)
    assert set(sent(service).values()) == {1}


def test_the_pace_is_one_for_all_workers(executor):
    with busy(2) as service:
        configure(base_url=service.url, concurrency=6)
        gallery = generate_many(prompts(16), executor=executor)
    assert len(gallery.images) == 16
    assert service.most <= 2
    assert len(service.refused) <= 8


def test_a_worker_that_dies_is_an_entry_that_says_whether_it_was_charged(service, held):
    configure(concurrency=2)
    with pool() as executor:
        list(executor.map(abs, range(4)))

        def die():
            for process in list(executor._processes.values()):
                process.kill()
            held.set()

        with when_sent(service, 2, die):
            gallery = generate_many(prompts(4, " [trouble: slow]"), executor=executor)
    lost = [entry.error for entry in gallery[:2]]
    assert [type(error) for error in lost] == [errors.WorkerLostError] * 2
    assert all("log says that it was charged: $0.089" in str(error) for error in lost)
    # The pool is broken, so the others were not sent.
    assert [type(entry.error) for entry in gallery[2:]] == [errors.NotSentError] * 2
    assert len(service.posts) == len(service.charges) == 2


@contextmanager
def when_sent(service, count, act):
    """Do it when the service has been sent so many requests."""

    def wait():
        until(lambda: len(service.posts) >= count)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def test_dask_sends_each_request_once(service, dask):
    gallery = generate_many(prompts(8), executor=dask.get_executor())
    assert len(gallery.images) == 8
    assert set(sent(service).values()) == {1}


def test_dask_that_loses_a_worker_sends_nothing_a_second_time(service, held, dask):
    # Dask runs the tasks of a lost worker again, three times by default.
    configure(concurrency=4)
    victim = next(iter(dask.run(os.getpid).values()))

    def die():
        os.kill(victim, signal.SIGKILL)
        held.set()

    with when_sent(service, 4, die):
        gallery = generate_many(prompts(6, " [trouble: slow]"), executor=dask.get_executor())
    assert set(sent(service).values()) == {1}
    assert len(service.posts) == len(service.charges) == 6
    lost = [entry.error for entry in gallery.failures]
    assert lost
    assert {type(error) for error in lost} == {errors.WorkerLostError}
    assert all("log says that it was charged" in str(error) for error in lost)
    # Each charge is a picture, or named.
    assert len(gallery.images) + len(nb_banana.recover()) == 6


def test_dask_is_left_clean(service, dask):
    def places(dask_scheduler):
        return set(dask_scheduler.extensions["queues"].queues)

    before = dask.run_on_scheduler(places)  # a worker that was killed may have left one
    generate_many(prompts(3), executor=dask.get_executor())
    until(lambda: not dask.run_on_scheduler(places) - before)  # they are given back by messages


@pytest.mark.skipif(not ALL, reason="its cluster takes 17 seconds to start: make test-all")
def test_ipyparallel_sends_too(service):
    with ipyparallel.Cluster(n=2, log_level=50, engine_timeout=300) as engines:
        executor = engines.executor() if hasattr(engines, "executor") else None
        gallery = generate_many(prompts(4), executor=executor)
    assert len(gallery.images) == 4
    assert set(sent(service).values()) == {1}


def test_the_key_does_not_travel(service):
    seen = []

    class Watched(ThreadPoolExecutor):
        def submit(self, function, *arguments):
            seen.append(pickle.dumps((function, arguments)))
            return super().submit(function, *arguments)

    with Watched(1) as executor:
        gallery = generate_many(prompts(2), executor=executor)
    assert len(gallery.images) == 2
    parts = {KEY[start : start + 5] for start in range(len(KEY) - 4)}
    assert len(seen) == 2
    assert not [part for part in parts if any(part.encode() in data for data in seen)]


def test_the_key_may_be_with_the_workers_only(sandbox, monkeypatch):
    configure(base_url=sandbox.url, backend="api")
    monkeypatch.setenv("LAB_KEY", KEY)
    with pool() as executor:
        gallery = generate_many(prompts(1), executor=executor, key_name="LAB_KEY")
        assert len(gallery.images) == 1
        with pytest.raises(errors.MissingKeyError, match="NO_SUCH of the worker"):
            generate_many(["an owl"], executor=executor, key_name="NO_SUCH")


def test_a_stranger_as_base_url_gets_no_key_of_a_workers(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    task = RemoteTask(A_CAT, "https://example.com", 1.0, "nbb-1")
    error = run_task(task)
    assert isinstance(error, errors.MissingKeyError)
    assert "no key is sent there" in str(error)


def test_a_key_that_the_service_sends_back_stays_on_the_worker(monkeypatch):
    from tests.support.servers import server

    monkeypatch.setenv("AIMLAPI_KEY", KEY)

    def echo(handler):
        body = b'{"message": "%s", "statusCode": 400, "path": "/"}' % KEY.encode()
        handler.reply(400, body, **{"x-inference-id": KEY})

    with server(echo) as (url, _):
        reply = run_task(RemoteTask(A_CAT, url, 5.0, "nbb-1"))
    assert KEY.encode() not in pickle.dumps(reply)


def test_an_executor_that_takes_no_work_sends_nothing(service):
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(errors.NotSentError, match="takes no work"):
        generate_many(prompts(3), executor=executor)
    assert not service.posts
    states = (
        client()
        .context.places(client().context.kinds()[-1])[0]
        ._index.rows("SELECT state FROM requests")
    )
    assert {row["state"] for row in states} == {"failed"}


@pytest.mark.parametrize("given", [4, "dask", ThreadPoolExecutor, "a client of Dask's"])
def test_what_is_no_executor_is_said_with_those_that_are(service, given, request):
    if given == "a client of Dask's":
        given = request.getfixturevalue("dask")
    with pytest.raises(errors.RequestError, match=r"client.get_executor\(\)"):
        generate_many(["a cat"], executor=given)
    assert not service.posts


def test_any_executor_will_do(service):
    class Here(Executor):
        def submit(self, function, *arguments):
            future = Future()
            future.set_result(function(*arguments))
            return future

    assert len(generate_many(prompts(3), executor=Here()).images) == 3


def test_a_picture_that_the_worker_could_not_fetch_is_fetched_by_the_notebook(sandbox, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    configure(base_url=sandbox.url)
    monkeypatch.setattr("nb_banana.batch.executors._pictures", lambda reply, service: (None,))
    with ThreadPoolExecutor(1) as executor:
        assert generate_many(prompts(1), executor=executor)[0].path.is_file()


def test_rows_of_a_table_are_sent_by_workers_too(service, executor):
    rows = [{"n": number} for number in range(3)]
    gallery = generate_many("{{n}} {{what}}", rows, what="cats", executor=executor)
    assert [image.prompt for image in gallery] == ["0 cats", "1 cats", "2 cats"]
    assert len(service.posts) == 3


@pytest.mark.parametrize("name", [5, {}, b"A", ["A"], "", " ", "A\0", "\ud800"])
def test_what_names_no_variable_of_the_workers_is_refused_before_anything_begins(service, name):
    with ThreadPoolExecutor(1) as pool, pytest.raises(errors.RequestError, match="key_name is the"):
        generate_many(["a banana"], executor=pool, key_name=name)
    assert service.posts == []
    assert "still open" not in repr(nb_banana.recover())
