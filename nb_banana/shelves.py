"""Which libraries a request is looked for in: by the settings, the notebook and the key."""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nb_banana.folders import INDEX, default_folder
from nb_banana.frontend import shell
from nb_banana.keys import Secret, find_key
from nb_banana.settings import VENDOR_URL, settings

if TYPE_CHECKING:
    from nb_banana.library import Library

BESIDE = "nb_banana_library"
"""A folder of this name beside a notebook is the notebook's library: a lesson brings its own."""
API = "api"
SANDBOX = "sandbox"


def kind_of(base_url: str) -> str:
    """The kind of a service: ``api`` for the vendor, else its host, for pictures are not shared."""
    if base_url == VENDOR_URL:
        return API
    return base_url.partition("://")[2].replace(":", "-").replace("/", "-")


def kinds(key: Secret | None = None) -> tuple[str, ...]:
    """The kinds of service whose pictures count, the best first; the last draws what is missing.

    A picture of the model stands in for one of the sandbox, never the other way round.
    """
    own = kind_of(settings.base_url)
    if settings.backend == "sandbox":
        return (SANDBOX,)
    if settings.backend == "library":
        return tuple(dict.fromkeys((own, API, SANDBOX)))
    if settings.backend == "auto" and own == API and find_key(VENDOR_URL, key) is None:
        return (API, SANDBOX)
    return (own,)


def known_kinds() -> tuple[str, ...]:
    """All kinds of service that this person may have pictures of."""
    return tuple(dict.fromkeys((kind_of(settings.base_url), API, SANDBOX)))


def folder_of(kind: str) -> Path:
    """The folder of a kind of service, as the settings say."""
    beside = notebook_folder() / BESIDE
    if settings.library is None and beside.is_dir():
        return beside / kind
    return default_folder(kind, settings.library, notebook_folder())


def library_of(kind: str) -> "Library":
    """The library of a kind of service, in the folder that the settings say."""
    return _library(folder_of(kind), kind)


def libraries_of(folder: Path) -> "list[Library]":
    """All libraries that a notebook in a folder may have its pictures in, its own first."""
    kept = [folder / BESIDE, default_folder("", settings.library, folder), default_folder("")]
    folders = [index.parent for root in kept for index in sorted(root.glob(f"*/{INDEX}"))]
    return [_library(each, each.name) for each in dict.fromkeys(folders)]


@lru_cache(maxsize=32)
def _library(folder: Path, kind: str) -> "Library":
    from nb_banana.library import Library  # loading the extension asks for folders only

    return Library(folder, kind)


def notebook() -> str | None:
    """The path of the notebook that runs, where the front end says it."""
    running = shell()
    told_by_vscode = running.user_ns.get("__vsc_ipynb_file__") if running else None
    return told_by_vscode or os.environ.get("JPY_SESSION_NAME") or None


def notebook_folder() -> Path:
    """The notebook's folder; else the current one."""
    path = Path(notebook() or "")
    return path.parent if path.is_absolute() and path.parent.is_dir() else Path.cwd()
