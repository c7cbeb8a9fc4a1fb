"""Dask runs the task of a lost worker, or one whose result was lost, again: an errand must not be.

Each errand has a queue with one place on Dask's scheduler. Whoever runs it first fills the place; a
second run finds it full, and sends nothing.
"""

import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import distributed

from nb_banana import errands
from nb_banana.answers import Reply
from nb_banana.errands import Errand
from nb_banana.errors import UNSURE, BananaError, WorkerLostError

Queue: Any = distributed.Queue
PATIENCE = "1s"
"""How long a second run waits for the place, which never comes."""


def submitter(executor: Executor) -> Callable[[Errand], "Future[Any]"]:
    """What submits errands to this executor of Dask's, each to be run at most once."""
    dask: Any = executor

    def submit(errand: Errand) -> "Future[Any]":
        name = f"nb_banana-{uuid.uuid4().hex}"
        place = Queue(name, client=dask._client, maxsize=1)
        future: Future[Any] = dask.submit(run_once, errand, name, pure=False)
        future.add_done_callback(lambda _: place.close())
        return future

    return submit


def run_once(errand: Errand, name: str) -> Reply | BananaError:
    """Send it, on a worker, unless it was begun on another one before."""
    place = Queue(name, maxsize=1)
    try:
        is_first = place.qsize() == 0  # asked first, for Dask logs each place that is not had
        if is_first:
            place.put(1, timeout=PATIENCE)
    except TimeoutError:  # two at the same moment
        is_first = False
    finally:
        place.close()
    if is_first:
        return errands.run(errand)
    return WorkerLostError(
        f"Another worker had begun with it and is gone. {UNSURE}",
        client_request_id=errand.client_request_id,
    )
