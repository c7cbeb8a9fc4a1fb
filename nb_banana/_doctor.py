"""`doctor`: what nb_banana finds on this machine, one line each. Nothing that costs is sent."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata

from nb_banana._hints import Hinted
from nb_banana._text import dollars, megabytes, plain
from nb_banana._version import __version__
from nb_banana.credentials import KEY_PAGE, KeySearch, host_of, missing_key
from nb_banana.display.html import Name, Words, note, styled, table
from nb_banana.errors import BananaError, LibraryError, MissingKeyError, SettingsError
from nb_banana.generation.context import Context
from nb_banana.library import location
from nb_banana.library.library import Library, MemoryLibrary
from nb_banana.library.rows import stamp
from nb_banana.library.shared import SharedLibrary
from nb_banana.services.aimlapi import account

PACKAGES = ("ipython", "ipywidgets", "requests", "pillow", "jinja2", "ipykernel", "jupyterlab")
ELSEWHERE = (
    "new pictures go to a stand-in in the temporary folder for now, or are not drawn. Choose "
    'another folder with %config Banana.library = "…"'
)
OLD = timedelta(days=90)
"""Pictures of an age at which it is said how to delete them."""
LITTLE_ROOM = 500_000_000
"""Bytes on the library's disk below which it is said: some twenty 4K pictures."""


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
    settings, search = context.settings, context.search_key()
    yield from _key(search, settings.backend)
    try:
        kinds = context.kinds(search)
    except MissingKeyError:  # what was found is no key, which was said above
        kinds = (location.kind_of(settings.base_url),)
    drawer = kinds[-1]
    if settings.backend == "library":
        yield Check("who draws", "nobody: the backend is “library”, only kept pictures are shown")
    elif drawer == location.SANDBOX:
        yield Check("who draws", "the sandbox on this machine: no AI, no cost")
    else:
        yield from _service(context, search)
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
        cure = "set AIMLAPI_KEY or call nb_banana.login()"
        yield Check("key", f"none for {search.host}: {cure}", fine=backend != "api")
    for said in search.silent:
        yield Check("key", said, fine=found is not None)


def _service(context: Context, search: KeySearch) -> Iterator[Check]:
    settings, host = context.settings, host_of(context.settings.base_url)
    try:
        service = context.service(settings.base_url)
    except SettingsError as error:  # its host is not in `allow_http` any more
        yield Check("who draws", str(error), fine=False)
        return
    yield Check("who draws", host)
    if account.is_reachable(service):
        price = context.prices.price(service, settings.model, settings.resolution)
        play = " play money" if context.prices.is_play(service) else ""
        cost = "has a price not known" if price is None else f"costs about {dollars(price)}{play}"
        yield Check("reachable", f"{host} answers; a picture {cost}")
        ending = context.model_status.deprecation(service, settings.model)
        fine = ending is None or not ending.is_withdrawn
        said = f"{settings.model}: {ending}" if ending else settings.model
        yield Check("model", said, fine)
    else:
        play = ""
        yield Check("reachable", f"{host} does not answer: look at the network", fine=False)
    try:
        service = context.find_service(key=search)
        balance = account.balance(service)
    except BananaError:  # no key, which was said above
        return
    if balance is None and account.is_key_refused(service):
        said = f"{host} does not accept it" if search.found else f"{host} wants one"
        cure = f"Make one at {KEY_PAGE} and call nb_banana.login()"
        yield Check("key", f"{said}. {cure}", fine=False)
        return
    said = "not known: the service did not say" if balance is None else f"{dollars(balance)}{play}"
    yield Check("balance", said, fine=balance is None or balance > 0)


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
    sizes = library.sizes()  # of the index, and a look at each folder: there may be many files
    size = megabytes(sum(sizes.values()))
    yield Check(name, f"{library.folder}: {library.count()} pictures, {size}")
    if lost := library.lost(sizes):
        said = f"{lost} of its files are gone or cut off: put them back from a backup"
        yield Check(name, said, fine=False)


def _old(library: Library, name: str) -> Iterator[Check]:
    """What could go, where a library has pictures that are old."""
    before = stamp(datetime.now(UTC) - OLD)
    old = [request_id for request_id, made in library.made().items() if made < before]
    if old:
        size = megabytes(library.freed_bytes(old))
        many = "1 picture is" if len(old) == 1 else f"{len(old):,} pictures are"
        said = f"{many} older than {OLD.days} days: {size}"
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
