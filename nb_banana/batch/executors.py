"""Requests that other processes send: what travels is plain data, what comes back is the reply."""

# The journal, the library, the rate limit and the decision to send again stay with the notebook.
# The key does not travel: a worker looks for its own (environment, keyring), as the notebook does.

import asyncio
import os
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nb_banana import errors
from nb_banana._text import shown
from nb_banana.credentials import KeySearch, Secret, is_loopback, missing_key
from nb_banana.services import result, send
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Call, Reply
from nb_banana.services.failures import redact
from nb_banana.services.registry import DEFAULT, find_service
from nb_banana.services.result import BilledAnswer


@dataclass(frozen=True)
class RemoteTask:
    """One attempt of one request, as it travels to a worker."""

    call: Call  # what is sent
    base_url: str  # where it goes
    timeout: float  # seconds to wait for the answer
    client_request_id: str  # our own id
    key_name: str | None = None  # the environment variable of the worker that has the key
    allow_http: tuple[str, ...] = ()  # private hosts whose pictures come over http
    service: str = DEFAULT  # the name of who draws there


def run_task(task: RemoteTask) -> Reply | errors.BananaError:
    """Send it, on the worker. An error is handed back, for some executors change what is raised."""
    try:
        speaks = find_service(task.service)
        service = Endpoint(task.base_url, _secret(task), allow_http=task.allow_http, service=speaks)
    except errors.MissingKeyError as error:
        return error
    facts = {"client_request_id": task.client_request_id}
    try:
        reply = send.send_once(task.call, service, task.timeout, facts)
    except errors.Interrupted as error:  # Ctrl-C in a terminal reaches the workers too
        said = f"The worker was stopped. {errors.UNSURE}"
        return errors.ConnectionDroppedError(said, **error.facts)
    except errors.BananaError as error:
        return redact(error, service.secret)
    try:
        answer = send.read_reply(reply, None, service, task.client_request_id)
    except errors.DownloadError as error:
        # a link with the worker's key, which the notebook may not know
        return redact(error, service.secret)
    except errors.BananaError:  # the notebook says so
        pass
    else:
        if isinstance(answer, BilledAnswer):
            reply = replace(reply, pictures=_pictures(answer, service))
    if service.secret is None:
        return reply
    headers = {name: service.secret.redact(value) for name, value in reply.headers.items()}
    body = service.secret.redact_bytes(reply.body)
    return replace(reply, headers=type(reply.headers)(headers), body=body)  # type: ignore[call-arg]


def _secret(task: RemoteTask) -> Secret | None:
    if task.key_name is not None:
        place = f"the environment variable {task.key_name} of the worker"
        return Secret(os.environ.get(task.key_name, ""), place)
    search = KeySearch(task.base_url, place=find_service(task.service).place)
    if search.found is None and not is_loopback(task.base_url):
        raise missing_key(search)
    return search.found.secret if search.found else None


def _pictures(answer: BilledAnswer, service: Endpoint) -> tuple[bytes | None, ...]:
    """What is at the links of an answer; None where it did not come, for the notebook to try."""
    found: list[bytes | None] = []
    for item in answer.items:
        try:
            found.append(result.fetch_picture(item, service, {})[0])
        except errors.PictureError:
            found.append(None)
    return tuple(found)


class ExecutorTransport:
    """Hands attempts to an executor's workers."""

    def __init__(
        self,
        executor: Executor,
        key_name: str | None = None,
        allow_http: Iterable[str] = (),
    ) -> None:
        if not isinstance(executor, Executor):
            raise errors.RequestError(
                "executor is one of concurrent.futures, e.g. ProcessPoolExecutor(4), Dask's "
                f"client.get_executor() or ipyparallel's cluster.executor(), not {shown(executor)}."
            )
        self.key_name, self._allow_http = key_name, tuple(allow_http)
        self._lock = threading.Lock()  # ipyparallel's does not expect many at once
        submit: Any = executor.submit
        self._submit: Callable[[RemoteTask], Future[Any]] = partial(submit, run_task)
        if type(executor).__module__.partition(".")[0] == "distributed":
            self._submit = dask_submitter(executor)

    def carry(self, call: Call, service: Endpoint, timeout: float, client_request_id: str) -> Reply:
        """Send one attempt through a worker and wait for its reply."""
        own = self.key_name, self._allow_http, service.service.name
        task = RemoteTask(call, service.base_url, timeout, client_request_id, *own)
        try:
            with self._lock:
                future = self._submit(task)
        except Exception as error:  # noqa: BLE001 - each executor has its own; nothing has begun
            raise errors.NotSentError(
                f"The executor takes no work: {error}. Nothing was sent. Start it anew.",
                is_fatal=True,
            ) from None
        try:
            outcome: Any = future.result()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above; it is sent
            said = f"The worker that sent it did not come back ({type(error).__name__})."
            raise errors.WorkerLostError(
                f"{said} {errors.UNSURE}", client_request_id=client_request_id
            ) from None
        if isinstance(outcome, Reply):
            return outcome
        raise outcome


# Dask runs the task of a lost worker, or one whose result was lost, again: a request must not be.
# So each has a queue with one place on Dask's scheduler. Whoever runs it first fills the place; a
# second run finds it full, and sends nothing.


def dask_submitter(executor: Executor) -> Callable[[RemoteTask], "Future[Any]"]:
    """What submits tasks to this executor of Dask's, each to be run at most once."""
    dask: Any = executor

    def submit(task: RemoteTask) -> "Future[Any]":
        name = f"nb_banana-{uuid.uuid4().hex}"
        place = _queue(name, client=dask._client)
        future: Future[Any] = dask.submit(run_task_once, task, name, pure=False)
        future.add_done_callback(lambda _: place.close())
        return future

    return submit


def _queue(name: str, **options: Any) -> Any:
    import distributed  # only where Dask is there already: it takes a second to load

    make: Any = distributed.Queue
    return make(name, maxsize=1, **options)


def run_task_once(task: RemoteTask, name: str) -> Reply | errors.BananaError:
    """Send it, on a worker, unless it was begun on another one before."""
    place = _queue(name)
    try:
        is_first = place.qsize() == 0  # asked first, for Dask logs each place that is not had
        if is_first:
            place.put(1, timeout="1s")  # a second run waits so long for what never comes
    except TimeoutError:  # two at the same moment
        is_first = False
    finally:
        place.close()
    if is_first:
        return run_task(task)
    return errors.WorkerLostError(
        f"Another worker had begun with it and is gone. {errors.UNSURE}",
        client_request_id=task.client_request_id,
    )
