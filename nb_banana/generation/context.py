"""`Context`: what one client holds. Who draws and which libraries count is decided here."""

import os
import sys
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from nb_banana import _threads
from nb_banana._default import HasClient
from nb_banana._later import Later, later
from nb_banana._text import shown
from nb_banana.credentials import (
    CredentialStore,
    KeySearch,
    Secret,
    host_of,
    is_in_room,
    is_loopback,
    missing_key,
)
from nb_banana.display.output import notebook_folder
from nb_banana.errors import LibraryError, LibraryUnavailableError, RequestError, SettingsError
from nb_banana.generation.budget import Budget
from nb_banana.generation.cell_notes import CellNotes
from nb_banana.library import location
from nb_banana.library.library import Library, StandInLibrary
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.model_status import ModelStatus
from nb_banana.services.pricing import PriceList
from nb_banana.services.registry import BUILT_IN, DEFAULT, Services
from nb_banana.services.service import Service
from nb_banana.settings import Banana, checked_seconds
from nb_banana.wire.transport import HttpTransport, Transport

if TYPE_CHECKING:
    from nb_banana.generation import in_process
    from nb_banana.library import memory, shared, transfer
    from nb_banana.sandbox.server import Sandbox
else:  # most clients have one library and a network
    in_process = Later("nb_banana.generation.in_process")
    memory, shared, transfer = later("nb_banana.library", "memory", "shared", "transfer")

Made = TypeVar("Made", bound=HasClient)


NOT_SPOKEN = (
    "The sandbox does not speak as {0} does, so it can't stand in for it. Give {0} its key, or let "
    'another service draw: %config Banana.service = "aimlapi".'
)
NOT_ALLOWED = (
    "{} is asked over http, and it is not in Banana.allow_http any more, so nothing was sent. Put "
    "its address in again, or change base_url."
)

Key = Secret | KeySearch | None  # given for one call, or the search: no place is asked twice


class Policy(NamedTuple):
    """What the settings say of who draws, at one moment."""

    backend: str
    base_url: str
    timeout: float | None
    speaks: Service

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is another address than the service's own."""
        return self.base_url != self.speaks.base_url


class Places(NamedTuple):
    """Where pictures of one kind of service may be, the best first."""

    written: tuple[Library, ...]  # its library, and what stands in for that while it can't be used
    read: "tuple[shared.SharedLibrary, ...]" = ()  # where nothing new goes


class Context:
    """What one client holds: settings, keys, transport, budget, prices, libraries, its sandbox."""

    # Another client has others: nothing is shared but what is a fact of the process.

    def __init__(
        self, settings: Banana, credentials: CredentialStore, transport: Transport | None = None
    ) -> None:
        self.settings = settings
        self.credentials = credentials
        self.transport: Transport = transport or HttpTransport()
        self.services = Services()
        self.prices = PriceList()
        self.model_status = ModelStatus()
        self.budget = Budget(settings, self.prices)
        self.client: Any = None
        self.used: dict[tuple[Library, str], None] = {}  # in the order of their first use
        self.on_way: dict[tuple[int, int], Any] = {}  # by process and `id`
        self.cell_notes = CellNotes(self.on_way)
        self.claimed: set[str] = set()  # keys of takes that `BananaImage.again` is about to draw
        self.claiming = _threads.lock()
        self._libraries: dict[tuple[str, Path | None, bool], Library] = {}
        self._shared: dict[tuple[Path, Path | None], shared.SharedLibrary] = {}
        self._said: set[str] = set()
        self._sandboxes: dict[str, Sandbox] = {}  # by the service that each speaks as
        self._in_process: dict[str, in_process.InProcessTransport] = {}  # where none can listen
        self._sandbox_lock = _threads.lock()

    def close(self) -> None:
        """Close what was opened: connections, and the sandbox."""
        self.transport.close()
        self.cell_notes.close()
        with self._sandbox_lock:
            for each in self._sandboxes.values():
                _stop(each, os.getpid())
            self._sandboxes.clear()
            self._in_process.clear()
        self._libraries.clear()
        self._shared.clear()

    def service(
        self,
        url: str,
        secret: Secret | None = None,
        timeout: float | None = None,
        speaks: Service | None = None,
    ) -> Endpoint:
        """A service at an address, over this client's connections."""
        speaks = speaks or self.services[self.settings.service]
        if (own := self._in_process.get(speaks.name)) is not None and url == own.url:
            return Endpoint(url, secret, timeout, service=speaks, transport=own)
        hosts = tuple(self.settings.allow_http)
        # Also of one that was set while it was allowed: the setting may change, or its list.
        is_fine = url.startswith(("https:", "http://127.0.0.1:")) or is_loopback(url)
        if not is_fine and not is_in_room(url, hosts):
            raise SettingsError(NOT_ALLOWED.format(host_of(url)))
        return Endpoint(url, secret, timeout, hosts, speaks, transport=self.transport)

    def find_service(
        self, key: Key = None, policy: Policy | None = None, *, elsewhere: bool = False
    ) -> Endpoint:
        """Who draws, by the settings: the API with its key, or the sandbox."""
        # With ``elsewhere`` other processes send, which have keys of their own.
        policy = policy or self.policy()
        backend, url, timeout, speaks = policy
        if backend == "sandbox":
            return self.service(self.sandbox_url(speaks), None, timeout, speaks)
        search = self.search_key(key, policy)
        if search.found is not None:
            return self.service(url, search.found.secret, timeout, speaks)
        if backend == "auto" and not (policy.is_elsewhere or search.was_forgotten):
            return self.service(self.sandbox_url(speaks), None, timeout, speaks)
        may_be_none = is_loopback(url) or elsewhere  # a server of one's own may ask for no key
        if search.was_forgotten or not may_be_none:
            raise missing_key(search)
        return self.service(url, None, timeout, speaks)

    def find_named(self, service: Any) -> Service:
        """The service of a name that a person gave; where that is empty, that of the settings."""
        if service is not None and not isinstance(service, str):
            raise RequestError(f'service is a name such as "fal", not {shown(service)}.')
        return self.services[service or self.settings.service]

    def policy(self, timeout: float | None = None, service: str | None = None) -> Policy:
        """What the settings say now; ``timeout``, in seconds, and ``service`` win."""
        settings = self.settings
        patience = settings.timeout if timeout is None else checked_seconds(timeout)
        name = settings.service
        speaks = self.find_named(service)
        url = settings.base_url if service is None or service == name else ""
        backend = settings.backend
        if backend == "auto" and speaks.name not in BUILT_IN:
            backend = "api"  # no sandbox speaks as it does
        return Policy(backend, url or speaks.base_url, patience, speaks)

    def search_key(self, key: Key = None, policy: Policy | None = None) -> KeySearch:
        """The search for the key of a service, which one call makes but once."""
        if isinstance(key, KeySearch):
            return key
        _, url, _, speaks = policy or self.policy()
        return KeySearch(url, key, self.credentials, speaks.place)

    def sandbox_url(self, speaks: Service | None = None) -> str:
        """The address of this client's own sandbox, which starts when it is first needed."""
        name = speaks.name if speaks else DEFAULT
        if name not in BUILT_IN:
            raise SettingsError(NOT_SPOKEN.format(name))
        with self._sandbox_lock:
            if name not in self._sandboxes:
                # Who has a key never loads it.
                from nb_banana.sandbox.server import Sandbox

                self._sandboxes[name] = made = Sandbox(service=name)
                if not (_threads.HAS_THREADS and _is_started(made, self)):
                    self._in_process[name] = in_process.InProcessTransport(made, name)
            own = self._in_process.get(name)
            return own.url if own else self._sandboxes[name].url

    def running_sandbox(self, service: str | None = None) -> Endpoint | None:
        """The sandbox of this client that speaks as a service, if it was started."""
        speaks = self.services[service or DEFAULT]
        is_there = speaks.name in self._sandboxes
        return self.service(self.sandbox_url(speaks), speaks=speaks) if is_there else None

    def adopt(self, value: Made, library: Library | None = None, request_id: str = "") -> Made:
        """The same picture or gallery, which asks this client from now on; where it is kept."""
        value._client = self.client
        for each in vars(value).get("extras", ()):
            each._client = self.client
        if library is not None:
            self.note_used(library, request_id)
        return value

    def note_used(self, library: Library, request_id: str) -> None:
        """Remember that a picture was used. `nb_banana.pack` takes it along."""
        self.used[library, request_id] = None
        if "IPython" in sys.modules:
            self.cell_notes.use(request_id)

    def kinds(self, key: Key = None, policy: Policy | None = None) -> tuple[str, ...]:
        """The kinds of service whose pictures count, the best first; the last draws the others."""
        # A picture of the model stands in for one of the sandbox, never the other way round.
        policy = policy or self.policy()
        backend, url, _, speaks = policy
        if backend == "sandbox":
            return (location.SANDBOX,)
        own = kind_at(url, speaks)
        if backend == "auto" and not policy.is_elsewhere:  # else nobody is asked for a key
            search = key if isinstance(key, KeySearch) else self.search_key(key, policy)
            if search.found is None and not search.was_forgotten:
                return (own, location.SANDBOX)
        if backend == "library":
            others = (
                (location.API, location.SANDBOX) if speaks.name == DEFAULT else (location.SANDBOX,)
            )
            return tuple(dict.fromkeys((own, *others)))
        return (own,)

    def known_kinds(self) -> tuple[str, ...]:
        """All kinds of service that this person may have pictures of."""
        policy = self.policy()
        speaks, setting, beside = policy.speaks, self.settings.library, notebook_folder()
        roots = location.shared_folders(self.settings.shared_libraries, beside)
        with suppress(LibraryUnavailableError):  # there is no home folder
            roots.append(location.library_folder("", setting, beside))
        found = location.all_kinds(policy.base_url, speaks.name, _own(speaks), roots)
        for name in location.unknown_services(found):  # known from when it is loaded
            with suppress(SettingsError):  # its package is gone; its pictures are there
                _ = self.services[name]
        return found

    def places_of(self, kinds: Iterable[str], beside: Path | None = None) -> dict[str, Places]:
        """Where pictures of each kind of service may be, the best first."""
        opened = self._opened
        if not self.settings.keep:
            return {kind: Places((opened(kind, None),)) for kind in kinds}
        beside = beside or notebook_folder()
        homes: dict[str, tuple[Path | None, Path | None]] = {}
        for kind in kinds:
            homes[kind] = None, None  # there is no home folder
            with suppress(LibraryUnavailableError):
                homes[kind] = location.home_folders(kind, self.settings.library, beside)
        found: dict[str, Places] = {}
        for kind, (home, written) in homes.items():
            own = (opened(kind, written),) if written else ()
            has_layers = home != written or self.settings.shared_libraries
            read = self._layers(kind, home, written, beside) if has_layers else ()
            found[kind] = Places((*own, opened(kind, home, stands_in=True)), read)
        return found

    def _layers(
        self, kind: str, home: Path | None, written: Path | None, beside: Path
    ) -> tuple["shared.SharedLibrary", ...]:
        """The libraries that are only read: one's own where that can't be written, then others."""
        found = [self._layer(home, written)] if home and home != written else []
        known = {each.resolve() for each in (home, written) if each}
        for root in location.shared_folders(self.settings.shared_libraries, beside):
            if (folder := root / kind).resolve() not in known:  # a library of one's own is written
                known.add(folder.resolve())
                found.append(self._layer(folder))
        return tuple(found)

    def _layer(self, folder: Path, kept_in: Path | None = None) -> "shared.SharedLibrary":
        key = folder, kept_in
        library = self._shared.get(key) or shared.SharedLibrary(folder, folder.name, kept_in)
        return self._shared.setdefault(key, library)

    def unsaid(self, remarks: Iterable[str]) -> tuple[str, ...]:
        """Those that this client has not said yet, and says now."""
        new = tuple(each for each in dict.fromkeys(remarks) if each and each not in self._said)
        self._said.update(new)
        return new

    def places(self, kind: str) -> tuple[Library, ...]:
        """Where a picture of one kind may go, the best first."""
        return self.places_of([kind])[kind].written

    def _opened(self, kind: str, home: Path | None, *, stands_in: bool = False) -> Library:
        key = kind, home, stands_in
        library = self._libraries.get(key)
        if library is None:
            if stands_in:
                library = StandInLibrary(location.stand_in_folder(home, kind), home, kind)
            else:
                library = Library(home, kind) if home else memory.MemoryLibrary(kind)
        return self._libraries.setdefault(key, library)

    def libraries(self, kind: str) -> list[Library]:
        """Where a picture of a kind of service may be, the best first."""
        return self.looked_in(self.places_of([kind]).values())

    def looked_in(self, every: Iterable[Places]) -> list[Library]:
        """The same for the places of kinds. What stood in for a library comes home first."""
        found: list[Library] = []
        for written, read in every:
            *homes, stand_in = written
            if not isinstance(stand_in, StandInLibrary):
                found.append(stand_in)
                continue
            found += homes
            if location.has_index(stand_in.folder) and stand_in.is_there():
                self._bring_home(stand_in, homes)
                found.append(stand_in)
            found += read
        return found

    def _bring_home(self, stand_in: StandInLibrary, homes: list[Library]) -> None:
        for home in homes:
            with suppress(LibraryError):  # then it stays where it is, and counts there
                target = Library(home.folder, home.service, patience=0)
                for request_id in transfer.bring_home(stand_in, target):
                    if self.used.pop((stand_in, request_id), ...) is None:
                        self.used[home, request_id] = None

    def every_library(self) -> list[Library]:
        """The same for all kinds that there may be, the best first."""
        return self.looked_in(self.places_of(self.known_kinds()).values())

    def libraries_of(self, folder: Path) -> list[Library]:
        """All libraries that a notebook in a folder may have its pictures in, its own first."""
        kept = [folder / location.BESIDE]
        with suppress(LibraryUnavailableError):  # there is no home folder
            kept += [
                location.default_folder("", self.settings.library, folder),
                location.default_folder(""),
            ]
        shared = location.shared_folders(self.settings.shared_libraries, folder)
        found: dict[Path, Library] = {}
        for root in (*kept, *shared):
            for place in location.libraries_in(root):
                is_read = root in shared or location.can_only_be_read(place)
                found.setdefault(
                    place, self._layer(place) if is_read else self._opened(place.name, place)
                )
        return list(dict.fromkeys([*found.values(), *self.every_library()]))


def _own(speaks: Service) -> str:
    return "" if speaks.is_by_host else speaks.base_url


def kind_at(url: str, speaks: Service) -> str:
    """The kind of a service at an address."""
    return location.kind_of(url, speaks.name, _own(speaks))


def _is_started(sandbox: "Sandbox", owner: Context) -> bool:
    """Start it as a server until its owner goes; not where no thread can start or socket listen."""
    try:
        sandbox.start()
    except (RuntimeError, OSError):
        return False
    weakref.finalize(owner, _stop, sandbox, os.getpid())
    return True


def _stop(sandbox: "Sandbox", starter: int) -> None:
    if os.getpid() == starter:  # the thread that serves does not live in a forked child
        sandbox.stop()
