"""`doctor`: what nb_banana finds on this machine, one line each. Nothing that costs is sent."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib import metadata

from nb_banana._catalogue import usual_in
from nb_banana._hints import Hinted
from nb_banana._text import dollars, megabytes, plain, what_it_says
from nb_banana._version import __version__
from nb_banana.credentials import KeySearch, missing_key, service_names
from nb_banana.display.html import Name, Words, note, styled, table
from nb_banana.errors import (
    BananaError,
    LibraryError,
    MissingKeyError,
    RequestError,
    SettingsError,
)
from nb_banana.generation.context import Context, Policy
from nb_banana.library import inventory, location
from nb_banana.library.library import Library
from nb_banana.library.memory import MemoryLibrary
from nb_banana.library.shared import SharedLibrary
from nb_banana.request import ImageRequest, copy_with
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.registry import DEFAULT

PACKAGES = ("ipython", "ipywidgets", "requests", "pillow", "jinja2", "ipykernel", "jupyterlab")
ELSEWHERE = (
    "new pictures go to a stand-in in the temporary folder for now, or are not drawn. Choose "
    'another folder with %config Banana.library = "…"'
)
OLD = timedelta(days=90)
"""Pictures of an age at which it is said how to delete them."""
LITTLE_ROOM = 500_000_000
"""Bytes on the library's disk below which it is said: some twenty 4K pictures."""
A_MOMENT = 2.0  # seconds that another service than the chosen one has to answer at all


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: its name.
        found: what was found, and what to do where it is not fine.
        fine: whether pictures can be made as it is.
    """

    what: str
    found: str
    fine: bool = True


@dataclass(frozen=True)
class Checkup(Hinted):
    """What `doctor` found; shows itself as a table."""

    checks: tuple[Check, ...]

    @property
    def fine(self) -> bool:
        """Whether nothing needs to be mended."""
        return all(check.fine for check in self.checks)

    def __repr__(self) -> str:
        width = max(len(check.what) for check in self.checks)
        rows = (f"{_mark(each)} {each.what:{width}}  {each.found}" for each in self.checks)
        return plain("\n".join(rows))

    def _repr_html_(self) -> str:
        bad = (
            note(f"✗ To mend ({each.what}): {each.found}", bad=True)
            for each in self.checks
            if not each.fine
        )
        mark = '<span class="nbb-good">✓ fine</span>'
        rows = [(mark, Name(each.what), Words(each.found)) for each in self.checks if each.fine]
        return styled(*bad, table(rows), kind="doctor")


def check_all(context: Context) -> Checkup:
    """See `nb_banana.doctor`."""
    return Checkup(tuple(_checks(context)))


def _checks(context: Context) -> Iterator[Check]:
    settings = context.settings
    try:
        policy = context.policy()
    except SettingsError as error:  # its package is broken, or gone
        yield Check("who draws", str(error), fine=False)
        yield from _others(context)
        yield Check("versions", ", ".join(_versions()))
        return
    search = context.search_key(None, policy)
    yield from _key(search, settings.backend)
    try:
        kinds = context.kinds(search)
    except MissingKeyError:  # what was found is no key, which was said above
        kinds = context.kinds(search, policy._replace(backend="api"))
    drawer = kinds[-1]
    if settings.backend == "library":
        yield Check("who draws", "nobody: the backend is “library”, only kept pictures are shown")
    elif drawer == location.SANDBOX:
        instead = "" if settings.service == DEFAULT else f", in place of {settings.service}"
        yield Check("who draws", f"the sandbox on this machine{instead}: no AI, no cost")
    else:
        yield from _service(context, search, policy)
    yield from _others(context)
    for kind in kinds:
        for library in context.libraries(kind):
            yield from _shared(library) if isinstance(library, SharedLibrary) else _library(library)
    yield Check("versions", ", ".join(_versions()))


def _key(search: KeySearch, backend: str) -> Iterator[Check]:
    try:
        found = search.found
    except MissingKeyError as error:
        yield Check("key", str(error), fine=False)
        return
    if found is not None:
        yield Check("key", f"found for {search.host} ({found.place})")
    elif not search.may_be_sent and backend in {"auto", "api"}:
        yield Check("key", str(missing_key(search)), fine=False)
        return
    else:
        said = f"none for {search.host}: {search.place.cure}"
        yield Check("key", said, fine=backend != "api")
    for said in search.silent:
        yield Check("key", said, fine=found is not None)


def _service(context: Context, search: KeySearch, policy: Policy) -> Iterator[Check]:
    host = search.host
    try:
        service = context.service(policy.base_url)
    except SettingsError as error:  # its host is not in `allow_http` any more
        yield Check("who draws", str(error), fine=False)
        return
    who = "" if policy.speaks.name == DEFAULT else f"{policy.speaks.name}, at "
    yield Check("who draws", f"{who}{host}")
    play = ""
    if account.is_reachable(service):
        yield from _model(context, service)
        play = " play money" if context.prices.is_play(service) else ""
    else:
        yield Check("reachable", f"{host} does not answer: look at the network", fine=False)
    try:
        service = context.find_service(search, policy)
        balance = account.balance(service)
    except BananaError:  # no key, which was said above
        return
    if balance is None and account.is_key_refused(service):
        said = f"{host} does not accept it" if search.found else f"{host} wants one"
        page = policy.speaks.key_page and f"Make one at {policy.speaks.key_page} and "
        cure = f"{page}call {search.place.login}"
        yield Check("key", f"{said}. {cure}", fine=False)
        return
    said = "not known: the service did not say" if balance is None else f"{dollars(balance)}{play}"
    yield Check("balance", said, fine=balance is None or balance > 0)


def _model(context: Context, service: Endpoint) -> Iterator[Check]:
    """The model of the settings at a service that answers, and what it costs."""
    settings, host, catalogue = context.settings, service.host, service.service.catalogue
    try:
        model = usual_in(catalogue, settings.model)
        asked = ImageRequest("a picture", model, catalogue=catalogue)
    except RequestError as error:
        yield Check("reachable", f"{host} answers")
        yield Check("model", f'{error} Choose one: %config Banana.model = "…"', fine=False)
        return
    price = context.prices.price(service, model, settings.resolution)
    price = price or service.service.price(copy_with(asked, resolution=settings.resolution))
    play = " play money" if context.prices.is_play(service) else ""
    cost = "has a price not known" if price is None else f"costs about {dollars(price)}{play}"
    yield Check("reachable", f"{host} answers; a picture {cost}")
    ending = context.model_status.deprecation(service, model)
    fine = ending is None or not ending.is_withdrawn
    yield Check("model", f"{model}: {ending}" if ending else model, fine)


def _others(context: Context) -> Iterator[Check]:
    """The services that are not chosen: which have a key, and which are broken."""
    without: list[str] = []
    for name in service_names():
        if name == context.settings.service:
            continue
        try:
            said = _other(context, name)
        except (MissingKeyError, SettingsError) as error:
            yield Check(f"service {name}", str(error), fine=False)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            yield Check(f"service {name}", f"it fails: {what_it_says(error)}", fine=False)
        else:
            if said:
                yield Check(f"service {name}", said)
            else:
                without.append(name)
    if without:
        yield Check("other services", f"no key for {', '.join(without)}")


def _other(context: Context, name: str) -> str:
    """Where the key of a service was found, and whether it answers; nothing without a key."""
    speaks = context.services[name]
    search = KeySearch(speaks.base_url, None, context.credentials, speaks.place)
    # Colab asks the person about each secret by itself.
    found = search.at_hand if "google.colab" in sys.modules else search.found
    if found is None:
        return ""
    service = context.service(speaks.base_url, speaks=speaks)
    is_there = account.is_reachable(service, seconds=A_MOMENT)
    said = f"a key ({found.place}); {service.host} {'answers' if is_there else NO_ANSWER}"
    return f'{said}. %config Banana.service = "{name}" chooses it'


NO_ANSWER = f"did not answer within {A_MOMENT:g} s"


def _library(library: Library) -> Iterator[Check]:
    name = f"library ({library.service})"
    try:
        library.check()
        count, held = library.count(), list(_held(library, name))
        unfinished, old = len(library.unfinished()), list(_old(library, name))
    except LibraryError as error:
        yield Check(name, str(error), fine=False)
        return
    if library.note and not count and not unfinished:
        return  # what it stood in for has it all again
    if library.note:
        yield Check(name, library.note, fine=False)
    if isinstance(library, MemoryLibrary):
        yield Check(name, "Banana.keep is False: nothing is kept or read")
        return
    if not library.folder.exists():
        yield _room_for(library, name)
        return
    yield from held
    yield from old
    if unfinished:
        said = f"unfinished requests: {unfinished}. nb_banana.recover() looks after them"
        yield Check(name, said, fine=False)
    if not os.access(library.folder, os.W_OK):
        yield Check(name, f"it can't be written to: {ELSEWHERE}", fine=False)
    elif (free := shutil.disk_usage(library.folder).free) < LITTLE_ROOM:
        full = f"nearly full: {megabytes(free)} are free. {ELSEWHERE[0].upper()}{ELSEWHERE[1:]}"
        yield Check(name, f"its disk is {full}", fine=False)


def _shared(library: SharedLibrary) -> Iterator[Check]:
    name = f"shared library ({library.service})"
    try:
        library.check()
        held = list(_held(library, name))
        count = library.count()
    except LibraryError as error:
        yield Check(name, str(error), fine=False)
        return
    if library.remark:
        yield Check(name, library.remark, fine=library.kept_in is not None)
    if count or not library.remark:
        yield from held


def _held(library: Library, name: str) -> Iterator[Check]:
    """What a library has, and whether it is all there."""
    size, lost = inventory.held(library)
    yield Check(name, f"{library.folder}: {library.count()} pictures, {megabytes(size)}")
    if lost:
        said = f"{lost} of its files are gone or cut off: put them back from a backup"
        yield Check(name, said, fine=False)


def _old(library: Library, name: str) -> Iterator[Check]:
    """What could go, where a library has pictures that are old."""
    old, freed = inventory.old(library, OLD)
    if old:
        many = "1 picture is" if old == 1 else f"{old:,} pictures are"
        said = f"{many} older than {OLD.days} days: {megabytes(freed)}"
        cure = f'nb_banana.forget(older_than="{OLD.days} days") deletes such, after asking'
        yield Check(name, f"{said}. {cure}")


def _room_for(library: Library, name: str) -> Check:
    """Whether a folder that is not there yet can be made."""
    above = next(each for each in library.folder.parents if each.exists())
    if above.is_dir() and os.access(above, os.W_OK):
        return Check(name, f"{library.folder}: empty, made with the first picture")
    said = f"{library.folder} can't be made, for {above} can't be written to: {ELSEWHERE}"
    return Check(name, said, fine=False)


def _versions() -> Iterator[str]:
    yield f"nb_banana {__version__}"
    yield f"Python {platform.python_version()}"
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield f"{package} {metadata.version(package)}"


def _mark(check: Check) -> str:
    return "✓" if check.fine else "✗"
