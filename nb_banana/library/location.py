"""Where a library is: known before anything of it is opened, for loading the extension asks it."""

from pathlib import Path
from typing import TYPE_CHECKING

from nb_banana.credentials import VENDOR_URL

if TYPE_CHECKING:
    pass


INDEX = "index.sqlite"


def default_folder(kind: str, setting: str | None = None, beside: Path | None = None) -> Path:
    """The folder of a library.

    Args:
        kind: the kind of service, ``"api"`` or ``"sandbox"``: each has a folder of its own.
        setting: a folder that a person chose; None is the user's data folder (on Linux
            ``$XDG_DATA_HOME``). A relative one is `beside` the notebook, to commit or zip.
        beside: the notebook's folder; else the current one.
    """
    if setting is None:
        import platformdirs  # a kernel has it already, a script that names a folder needs it not

        return platformdirs.user_data_path("nb_banana", appauthor=False) / kind
    return (beside or Path.cwd()) / Path(setting).expanduser() / kind


BESIDE = "nb_banana_library"
"""A folder of this name beside a notebook is the notebook's library: a lesson brings its own."""
API = "api"
SANDBOX = "sandbox"


def kind_of(base_url: str) -> str:
    """The kind of a service: ``api`` for the vendor, else its host, for pictures are not shared."""
    if base_url == VENDOR_URL:
        return API
    return base_url.partition("://")[2].replace(":", "-").replace("/", "-")
