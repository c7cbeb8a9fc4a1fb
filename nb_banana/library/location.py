"""Where a library is: known before anything of it is opened, for loading the extension asks it."""

from pathlib import Path

from nb_banana.credentials import VENDOR_URL
from nb_banana.errors import LibraryUnavailableError

INDEX = "index.sqlite"
BESIDE = "nb_banana_library"
"""A folder of this name beside a notebook is the notebook's library: a lesson brings its own."""
API = "api"
SANDBOX = "sandbox"
NO_HOME = (
    "There is no home folder to keep a library in. Choose a folder: "
    '%config Banana.library = "pictures"'
)


def kind_of(base_url: str) -> str:
    """The kind of a service: ``api`` for the vendor, else its host, for pictures are not shared."""
    if base_url == VENDOR_URL:
        return API
    return base_url.partition("://")[2].replace(":", "-").replace("/", "-")


def all_kinds(base_url: str) -> tuple[str, ...]:
    """All kinds of service that a person may have pictures of who has set this address."""
    return tuple(dict.fromkeys((kind_of(base_url), API, SANDBOX)))


def library_folder(kind: str, setting: str | None, beside: Path) -> Path:
    """The folder of a library: the notebook's own where it has one and nobody chose another.

    Args:
        kind: the kind of service.
        setting: a folder that a person chose.
        beside: the notebook's folder.
    """
    own = beside / BESIDE
    if setting is None and own.is_dir():
        return own / kind
    return default_folder(kind, setting, beside)


def has_index(folder: Path) -> bool:
    """Whether there is a library in a folder, as far as can be seen."""
    try:
        return (folder / INDEX).exists()
    except OSError:  # said when the library is used
        return False


def default_folder(kind: str, setting: str | None = None, beside: Path | None = None) -> Path:
    """The folder of a library.

    Args:
        kind: the kind of service, ``"api"`` or ``"sandbox"``: each has a folder of its own.
        setting: a folder that a person chose; None is the user's data folder (on Linux
            ``$XDG_DATA_HOME``). A relative one is `beside` the notebook, to commit or zip.
        beside: the notebook's folder; else the current one.

    Raises:
        LibraryUnavailableError: there is no home folder.
    """
    if setting is None:
        return data_folder() / kind
    try:
        return (beside or Path.cwd()) / Path(setting).expanduser() / kind
    except RuntimeError:  # it begins with "~"
        raise LibraryUnavailableError(NO_HOME) from None


def data_folder() -> Path:
    """The user's data folder for us; on Linux ``$XDG_DATA_HOME/nb_banana``.

    Raises:
        LibraryUnavailableError: there is no home folder.
    """
    import platformdirs  # a kernel has it already, a script that names a folder needs it not

    try:
        folder = platformdirs.user_data_path("nb_banana", appauthor=False)
    except (RuntimeError, KeyError):  # neither HOME nor a line in the system's list of users
        raise LibraryUnavailableError(NO_HOME) from None
    if folder.parts[0] == "~":  # what an earlier platformdirs says then
        raise LibraryUnavailableError(NO_HOME)
    return folder
