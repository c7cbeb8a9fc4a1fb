"""The one road from a request to a picture. Function, magic and panel all take it."""

import atexit
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nb_banana import files
from nb_banana.answers import Answer
from nb_banana.client import Service, generate, new_request_id
from nb_banana.downloads import fetch
from nb_banana.errors import PictureError, RequestError, SaveError, SizeMismatchError
from nb_banana.image import BananaImage
from nb_banana.keys import Secret, find_key, is_loopback, missing_key
from nb_banana.models import short_name
from nb_banana.pixels import Kind
from nb_banana.progress import Waiting
from nb_banana.request import ImageRequest
from nb_banana.settings import VENDOR_URL, checked_seconds, settings

if TYPE_CHECKING:
    from nb_banana.sandbox import Sandbox

_sandbox: "Sandbox | None" = None
_sandbox_lock = threading.Lock()


def make(
    request: ImageRequest,
    *,
    service: Service,
    name: str | None = None,
    alt: str | None = None,
    save: str | os.PathLike[str] | None = None,
    strict: bool = False,
) -> BananaImage:
    """Send the request, fetch the picture, and hand it over as a value.

    Args:
        request: what to draw.
        service: who draws it, see `find_service`.
        name: what the caption calls it.
        alt: the alt text; else the prompt.
        save: a file to write it to as well; that it can be is checked before anything is sent.
        strict: whether another size than asked is an error; the picture is in its ``.image``.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    _check_words(name=name, alt=alt)
    if save is not None:
        files.check_writable(files.target(save, suffix=".png", title=request.prompt))
    with Waiting(f"{short_name(request.model)} is drawing"):
        started = time.monotonic()
        answer = generate(request, service, new_request_id())
        receipt = answer.receipt
        facts = {
            "client_request_id": receipt.client_request_id,
            "inference_id": receipt.inference_id,
            "receipt": receipt,
        }
        fetched, problem = _fetch_all(answer, service, facts)
        receipt = replace(receipt, seconds=time.monotonic() - started)
    pictures = [
        BananaImage(data, kind, request, receipt, name=name, alt=alt) for data, kind in fetched
    ]
    if problem is not None:
        if pictures:
            problem.facts["image"] = pictures[0]
        raise problem
    image = pictures[0]
    image.extras = tuple(pictures[1:])
    if save is not None:
        _save(image, save)
    if strict and image.mismatch:
        raise SizeMismatchError(
            f"The picture has another size: {image.mismatch}. It was charged, and it is kept in "
            "the error's .image.",
            image=image,
        )
    return image


def _check_words(**words: str | None) -> None:
    for name, value in words.items():
        if value is not None and not isinstance(value, str):
            raise RequestError(f"{name} is a text, not {value!r}.")


def _fetch_all(
    answer: Answer, service: Service, facts: dict[str, Any]
) -> tuple[list[tuple[bytes, Kind]], PictureError | None]:
    """All pictures of an answer that can be had, and the first problem with another."""
    fetched: list[tuple[bytes, Kind]] = []
    problem: PictureError | None = None
    for item in answer.items:
        try:
            fetched.append(fetch(item, service, facts))
        except PictureError as error:
            problem = problem or error
    return fetched, problem


def _save(image: BananaImage, path: str | os.PathLike[str]) -> None:
    try:
        image.save(path)
    except SaveError as error:
        raise SaveError(
            f"{error.args[0]} The picture was made and charged, and it is kept in the error's "
            ".image.",
            image=image,
        ) from error


def find_service(*, key: Secret | None = None, timeout: float | None = None) -> Service:
    """Who draws, by the settings: the API with its key, or the sandbox.

    Raises:
        RequestError: ``timeout`` is no number of seconds.
        MissingKeyError: the API is wanted, and there is no key that may be sent there.
    """
    timeout = settings.timeout if timeout is None else checked_seconds(timeout)
    if settings.backend == "sandbox":
        return Service(sandbox_url(), None, timeout)
    url = settings.base_url
    found = find_key(url, key)
    if found is not None:
        return Service(url, found.secret, timeout)
    if is_loopback(url):
        return Service(url, None, timeout)  # a server of one's own may ask for no key
    if settings.backend == "auto" and url == VENDOR_URL:
        return Service(sandbox_url(), None, timeout)
    raise missing_key(url)


def _stop(sandbox: "Sandbox", starter: int) -> None:
    if os.getpid() == starter:  # the thread that serves does not live in a forked child
        sandbox.stop()


def sandbox_url() -> str:
    """The address of this process's own sandbox, which starts when it is first needed."""
    global _sandbox
    with _sandbox_lock:
        if _sandbox is None:
            from nb_banana.sandbox import Sandbox

            _sandbox = Sandbox().start()
            atexit.register(_stop, _sandbox, os.getpid())
        return _sandbox.url
