"""Who draws and which libraries count, by the settings, the notebook and the key.

Also which kept pictures this process has used: `nb_banana.pack` takes them along.
"""

import atexit
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nb_banana.credentials import VENDOR_URL, KeySearch, Secret, is_loopback, missing_key
from nb_banana.display.output import notebook_folder
from nb_banana.errors import LibraryError, LibraryUnavailableError
from nb_banana.library.library import Library, MemoryLibrary, StandInLibrary
from nb_banana.library.location import (
    API,
    BESIDE,
    INDEX,
    SANDBOX,
    all_kinds,
    default_folder,
    kind_of,
    library_folder,
    stand_in_folder,
)
from nb_banana.library.transfer import bring_home
from nb_banana.services.service import Service
from nb_banana.settings import checked_seconds, settings

if TYPE_CHECKING:
    from nb_banana.sandbox.server import Sandbox


Key = Secret | KeySearch | None
"""A key that was given for one call, or the search for it, so that no place is asked twice."""
_sandbox: "Sandbox | None" = None
_sandbox_lock = threading.Lock()


def find_service(
    *, key: Key = None, timeout: float | None = None, elsewhere: bool = False
) -> Service:
    """Who draws, by the settings: the API with its key, or the sandbox.

    Args:
        key: the key for this call alone, or the search for it.
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
    search = search_key(key)
    if search.found is not None:
        return Service(url, search.found.secret, timeout)
    if is_loopback(url):
        return Service(url, None, timeout)  # a server of one's own may ask for no key
    if settings.backend == "auto" and url == VENDOR_URL:
        return Service(sandbox_url(), None, timeout)
    if elsewhere:
        return Service(url, None, timeout)
    raise missing_key(search)


def search_key(key: Key = None) -> KeySearch:
    """The search for the key of the settings' service, which one call makes but once."""
    return key if isinstance(key, KeySearch) else KeySearch(settings.base_url, key)


def find_quoter(key: Key = None) -> Service:
    """Whom to ask for prices, which needs no key."""
    if kinds(key)[-1] == SANDBOX:
        return Service(sandbox_url())
    return Service(settings.base_url)


def kind_of_service(service: Service) -> str:
    """Which library its pictures go to."""
    own = _sandbox is not None and service.base_url == _sandbox.url
    return SANDBOX if own else kind_of(service.base_url)


def sandbox_url() -> str:
    """The address of this process's own sandbox, which starts when it is first needed."""
    global _sandbox
    with _sandbox_lock:
        if _sandbox is None:
            # Who has a key never loads it.
            from nb_banana.sandbox.server import Sandbox

            _sandbox = Sandbox().start()
            atexit.register(_stop, _sandbox, os.getpid())
        return _sandbox.url


def running_sandbox() -> Service | None:
    """The sandbox of this process, if it was started."""
    return Service(_sandbox.url) if _sandbox is not None else None


def _stop(sandbox: "Sandbox", starter: int) -> None:
    if os.getpid() == starter:  # the thread that serves does not live in a forked child
        sandbox.stop()


USED: dict[tuple[Library, str], None] = {}
"""Where each one is, and the id of its request; in the order of their first use."""


def note_used(library: Library, request_id: str) -> None:
    """Remember that a picture was used. `nb_banana.pack` takes it along."""
    USED[library, request_id] = None


def kinds(key: Key = None) -> tuple[str, ...]:
    """The kinds of service whose pictures count, the best first; the last draws what is missing.

    A picture of the model stands in for one of the sandbox, never the other way round.
    """
    own = kind_of(settings.base_url)
    if settings.backend == "sandbox":
        return (SANDBOX,)
    if settings.backend == "library":
        return tuple(dict.fromkeys((own, API, SANDBOX)))
    if settings.backend == "auto" and own == API and search_key(key).found is None:
        return (API, SANDBOX)
    return (own,)


def known_kinds() -> tuple[str, ...]:
    """All kinds of service that this person may have pictures of."""
    return all_kinds(settings.base_url)


def places(kind: str) -> tuple[Library, ...]:
    """Where a picture of a kind of service may go, the best first.

    Its library, and what stands in for it where that can't be written.
    """
    if not settings.keep:
        return (_in_memory(kind),)
    try:
        home = library_folder(kind, settings.library, notebook_folder())
    except LibraryUnavailableError:  # there is no home folder
        return (_stand_in(stand_in_folder(None, kind), None, kind),)
    return _library(home, kind), _stand_in(stand_in_folder(home, kind), home, kind)


def library_of(kind: str) -> Library:
    """Where a picture of a kind of service goes, unless it can't be written."""
    return places(kind)[0]


def libraries(kind: str) -> tuple[Library, ...]:
    """Where a picture of a kind of service may be, the best first.

    What stood in for a library comes home first, where that can be written again.
    """
    *homes, stand_in = places(kind)
    if not isinstance(stand_in, StandInLibrary):
        return (stand_in,)
    if not stand_in.is_there():
        return tuple(homes)
    for home in homes:
        with suppress(LibraryError):  # then it stays where it is, and counts there
            for request_id in bring_home(stand_in, Library(home.folder, kind, patience=0)):
                if USED.pop((stand_in, request_id), ...) is None:
                    note_used(home, request_id)
    return (*homes, stand_in)


def every_library(kinds: Iterable[str]) -> Iterator[Library]:
    """The same for several kinds, the best first."""
    return (library for kind in kinds for library in libraries(kind))


def libraries_of(folder: Path) -> list[Library]:
    """All libraries that a notebook in a folder may have its pictures in, its own first."""
    kept = [folder / BESIDE]
    with suppress(LibraryUnavailableError):  # there is no home folder
        kept += [default_folder("", settings.library, folder), default_folder("")]
    folders = [index.parent for root in kept for index in sorted(root.glob(f"*/{INDEX}"))]
    found = [_library(each, each.name) for each in dict.fromkeys(folders)]
    return list(dict.fromkeys([*found, *every_library(known_kinds())]))


@lru_cache(maxsize=32)
def _library(folder: Path, kind: str) -> Library:
    return Library(folder, kind)


@lru_cache(maxsize=32)
def _stand_in(folder: Path, home: Path | None, kind: str) -> Library:
    return StandInLibrary(folder, home, kind)


@lru_cache(maxsize=32)
def _in_memory(kind: str) -> Library:
    return MemoryLibrary(kind)
