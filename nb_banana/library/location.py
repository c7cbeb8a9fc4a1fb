"""Where a library is: known before anything of it is opened, for loading the extension asks it."""

import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from nb_banana._text import path_of
from nb_banana.credentials import AIMLAPI, PLACES, VENDOR_URL, plugin_names
from nb_banana.errors import LibraryUnavailableError

INDEX = "index.sqlite"
INCOMING = "incoming"  # what is being written is in this folder of a library, until it has its name
BESIDE = "nb_banana_library"
"""A folder of this name beside a notebook is the notebook's library: a lesson brings its own."""
MANIFEST = "nb_banana_lesson.json"
"""A file of this name beside a notebook is its lesson's, see `nb_banana.lesson.manifest`."""
SANDBOX_NOTE = "nb_banana draws in its sandbox"
"""How the line begins that says, where there is no key, who draws."""
API = "api"
SANDBOX = "sandbox"
OWN = "libraries.txt"
"""In the user's data folder: the numbers of the libraries that this person has made."""
NO_HOME = (
    "There is no home folder to keep a library in. Choose a folder: "
    '%config Banana.library = "pictures"'
)


@lru_cache(maxsize=64)
def kind_of(base_url: str, service: str = AIMLAPI.service, own: str = VENDOR_URL) -> str:
    """The kind of a service, whose pictures are shared with no other: its name.

    At another address than its ``own`` the host is added. ``api`` is the AI/ML API, and what
    speaks as it does elsewhere has its host alone: so libraries have been since the first.
    """
    if service == AIMLAPI.service:
        return API if base_url == own else _as_folder(base_url.partition("://")[2])
    here, there = _plain(base_url), _plain(own)
    return service if here == there else f"{service}@{_as_folder(here.partition('://')[2])}"


def _as_folder(place: str) -> str:
    return place.replace(":", "-").replace("/", "-")


def _plain(url: str) -> str:
    """An address as all of its spellings are: letters of a host, its usual port, a slash more."""
    parts = urlsplit(url.strip().rstrip("/"))
    netloc = parts.netloc.lower()
    for scheme, port in (("https", ":443"), ("http", ":80")):
        netloc = netloc.removesuffix(port) if parts.scheme == scheme else netloc
    return f"{parts.scheme}://{netloc}{parts.path}"


def all_kinds(
    base_url: str,
    service: str = AIMLAPI.service,
    own: str = VENDOR_URL,
    roots: Iterable[Path] = (),
) -> tuple[str, ...]:
    """All kinds of service that a person may have pictures of who has set this address.

    ``roots`` are folders with libraries: also what other services have there, wherever they are.
    """
    others = (API, SANDBOX, *(name for name in PLACES if name != AIMLAPI.service))
    there = [folder.name for root in roots for folder in libraries_in(root)]
    packages = unknown_services(there)
    found = (kind for kind in there if "@" in kind or kind in packages)
    return tuple(dict.fromkeys((kind_of(base_url, service, own), *others, *found)))


def libraries_in(root: Path) -> list[Path]:
    """The folders of the libraries that are in a folder; none where it can't be looked into."""
    try:
        return sorted(place.parent for place in root.glob(f"*/{INDEX}"))
    except OSError:  # a name that is too long
        return []


def unknown_services(kinds: Iterable[str]) -> set[str]:
    """The services of packages that some kinds name, and that were not loaded so far."""
    names = {kind.partition("@")[0] for kind in kinds if kind not in (API, SANDBOX)} - set(PLACES)
    may_be = {name for name in names if "." not in name}  # what has one is a host
    return may_be & plugin_names() if may_be else set()


def service_name_of(kind: str) -> str | None:
    """The name of the service of a kind, wherever it is; None where the kind does not say it."""
    name = AIMLAPI.service if kind == API else kind.partition("@")[0]
    return name if name in PLACES else None


def named_in(kind: str) -> str | None:
    """The same, also of a service whose package is gone meanwhile."""
    return service_name_of(kind) or (kind.partition("@")[0] if "@" in kind else None)


def library_folder(kind: str, setting: str | None, beside: Path) -> Path:
    """The folder of a library: the notebook's own where it has one and nobody chose another."""
    own = beside / BESIDE
    if setting is None and own.is_dir():
        return own / kind
    return default_folder(kind, setting, beside)


def home_folders(kind: str, setting: str | None, beside: Path) -> tuple[Path, Path]:
    """The folder of a library, and the one that takes new pictures: mostly the same."""
    home = library_folder(kind, setting, beside)
    is_written = os.access(home, os.W_OK) and os.access(home / INDEX, os.W_OK)
    if not is_written and can_only_be_read(home):
        with suppress(LibraryUnavailableError):  # there is no home folder
            return home, default_folder(kind)
    return home, home


def can_only_be_read(folder: Path) -> bool:
    """Whether there is a library that this person has no right to write to, or nobody has."""
    root = folder.parent
    try:
        if (folder / INDEX).exists():
            return not (os.access(folder, os.W_OK) and os.access(folder / INDEX, os.W_OK))
        # Nobody has drawn with this kind of service there, and this person can't begin to.
        return not folder.exists() and has_libraries(root) and not os.access(root, os.W_OK)
    except OSError:  # it can't be read either: said when the library is used
        return False


def shared_folders(setting: Iterable[str], beside: Path) -> list[Path]:
    """The folders of ``Banana.shared_libraries``, each with a folder for each kind of service."""
    return [beside / path_of(each) for each in setting]


def has_libraries(root: Path) -> bool:
    """Whether a folder has a library of any kind of service."""
    return bool(libraries_in(root))


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A name for the time in which a file is made; `FileExistsError` where there is one then."""
    part = path.with_name(INCOMING) / f"{secrets.token_hex(8)}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        try:
            os.link(part, path)  # fails where there is one; a rename would mostly replace it
        except FileExistsError:
            raise
        except (OSError, AttributeError):  # a file system that has no links, or WebAssembly
            if path.exists():
                raise FileExistsError(path) from None
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def has_manifest(folder: Path) -> bool:
    """Whether there is a lesson's file in a folder; where it can't be seen its reader says so."""
    try:
        return (folder / MANIFEST).exists()
    except OSError:
        return True


def has_index(folder: Path) -> bool:
    """Whether there is a library in a folder, as far as can be seen."""
    try:
        return (folder / INDEX).exists()
    except OSError:  # said when the library is used
        return False


def default_folder(kind: str, setting: str | None = None, beside: Path | None = None) -> Path:
    """The folder of a library; a relative setting is beside the notebook, to commit or zip."""
    if setting is None:
        return data_folder() / kind
    try:
        return (beside or Path.cwd()) / Path(setting).expanduser() / kind
    except RuntimeError:  # it begins with "~"
        raise LibraryUnavailableError(NO_HOME) from None


def data_folder() -> Path:
    """The user's data folder for us; on Linux ``$XDG_DATA_HOME/nb_banana``."""
    import platformdirs  # a kernel has it already, a script that names a folder needs it not

    try:
        folder = platformdirs.user_data_path("nb_banana", appauthor=False)
    except (RuntimeError, KeyError):  # neither HOME nor a line in the system's list of users
        raise LibraryUnavailableError(NO_HOME) from None
    if folder.parts[0] == "~":  # what an earlier platformdirs says then
        raise LibraryUnavailableError(NO_HOME)
    return folder


def remember_own(identity: int) -> None:
    """Note the number of a library of one's own; where that can't be, it counts as a stranger's."""
    with suppress(OSError):
        names = data_folder() / OWN
        names.parent.mkdir(parents=True, exist_ok=True)
        with names.open("a", encoding="utf-8") as file:
            file.write(f"{identity:08x}\n")


def is_own(folder: Path, identity: int) -> bool:
    """Whether a library was made by this person, and not by whoever sent the folder."""
    if folder.is_relative_to(stand_in_root()):
        return True
    try:
        home = data_folder()
        if folder.is_relative_to(home):
            return True
        return bool(identity) and f"{identity:08x}" in (home / OWN).read_text("utf-8").split()
    except (OSError, ValueError):
        return False


def stand_in_root() -> Path:
    """Where a person's stand-in libraries are: in the system's temporary folder."""
    try:
        place = tempfile.gettempdir()
    except OSError:  # none that can be written to: nothing can stand in there
        place = os.devnull
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "me")
    return Path(place) / f"nb_banana-{user}"


def stand_in_folder(home: Path | None, kind: str) -> Path:
    """The folder of the library that stands in for one that can't be written."""
    name = hashlib.sha256(os.fsencode(home.absolute()) if home else b"").hexdigest()[:16]
    return stand_in_root() / name / kind


def check_stand_in(*, make: bool = False) -> None:
    """See that the stand-in libraries are this person's and nobody else can write there."""
    root = stand_in_root()
    try:
        if make:
            with suppress(FileExistsError):
                root.mkdir(mode=0o700)
        found = root.lstat()
    except OSError as error:
        raise LibraryUnavailableError(
            f"{root} can't be used: {error.strerror or error}. Look at the temporary folder."
        ) from error
    strange = hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077)
    if strange or not stat.S_ISDIR(found.st_mode):
        raise LibraryUnavailableError(
            f"{root} belongs to somebody else, or others may write to it, so it is not used. Move "
            "it away."
        )
