"""Who draws, by the settings: the API with its key, or the sandbox of this process."""

import atexit
import os
import threading
from typing import TYPE_CHECKING

from nb_banana import shelves
from nb_banana.client import Service
from nb_banana.keys import Secret, find_key, is_loopback, missing_key
from nb_banana.settings import VENDOR_URL, checked_seconds, settings

if TYPE_CHECKING:
    from nb_banana.sandbox import Sandbox

_sandbox: "Sandbox | None" = None
_sandbox_lock = threading.Lock()


def find_service(
    *, key: Secret | None = None, timeout: float | None = None, elsewhere: bool = False
) -> Service:
    """Who draws, by the settings: the API with its key, or the sandbox.

    Args:
        key: the key for this call alone.
        timeout: seconds to wait.
        elsewhere: whether other processes send, which have keys of their own.

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
    if elsewhere:
        return Service(url, None, timeout)
    raise missing_key(url)


def find_quoter() -> Service:
    """Whom to ask for prices, which needs no key."""
    if shelves.kinds()[-1] == shelves.SANDBOX:
        return Service(sandbox_url())
    return Service(settings.base_url)


def kind_of_service(service: Service) -> str:
    """Which library its pictures go to."""
    own = _sandbox is not None and service.base_url == _sandbox.url
    return shelves.SANDBOX if own else shelves.kind_of(service.base_url)


def sandbox_url() -> str:
    """The address of this process's own sandbox, which starts when it is first needed."""
    global _sandbox
    with _sandbox_lock:
        if _sandbox is None:
            from nb_banana.sandbox import Sandbox

            _sandbox = Sandbox().start()
            atexit.register(_stop, _sandbox, os.getpid())
        return _sandbox.url


def running_sandbox() -> Service | None:
    """The sandbox of this process, if it was started."""
    return Service(_sandbox.url) if _sandbox is not None else None


def _stop(sandbox: "Sandbox", starter: int) -> None:
    if os.getpid() == starter:  # the thread that serves does not live in a forked child
        sandbox.stop()
