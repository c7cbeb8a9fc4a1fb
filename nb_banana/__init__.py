"""Nano Banana 2 pictures in a notebook: ``%load_ext nb_banana``, then ``%%banana`` cells.

The same from Python: ``nb_banana.generate("a banana on a beach", aspect_ratio="16:9")``.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nb_banana import _default
from nb_banana._hints import absent

if TYPE_CHECKING:
    from nb_banana._api import (
        agenerate,
        doctor,
        dry_run,
        edit,
        estimate,
        forget,
        generate,
        generate_many,
        history,
        load,
        login,
        pending,
        recover,
        spending,
        sweep,
    )
    from nb_banana._classroom import Classroom
    from nb_banana._client import Client
    from nb_banana._version import __version__ as __version__
    from nb_banana.display.model_table import MODELS
    from nb_banana.lesson.lint import lint
    from nb_banana.lesson.pack import pack
    from nb_banana.lesson.unpack import unpack
    from nb_banana.request import ImageRequest
    from nb_banana.results.comparison import compare
    from nb_banana.results.gallery import Gallery
    from nb_banana.results.image import BananaImage
    from nb_banana.settings import configure
    from nb_banana.widgets.panel import panel

__all__ = [
    "MODELS",
    "BananaImage",
    "Classroom",
    "Client",
    "Gallery",
    "ImageRequest",
    "agenerate",
    "compare",
    "configure",
    "doctor",
    "dry_run",
    "edit",
    "estimate",
    "forget",
    "generate",
    "generate_many",
    "history",
    "lint",
    "load",
    "login",
    "pack",
    "panel",
    "pending",
    "recover",
    "spending",
    "sweep",
    "unpack",
]

# Where each public name lives. They are imported when they are first used, so that importing the
# package and loading the extension take next to no time.
_HOMES = dict.fromkeys(__all__, "_api") | {
    "__version__": "_version",
    "MODELS": "display.model_table",
    "BananaImage": "results.image",
    "Classroom": "_classroom",
    "Client": "_client",
    "Gallery": "results.gallery",
    "ImageRequest": "request",
    "compare": "results.comparison",
    "configure": "settings",
    "errors": "",
    "lint": "lesson.lint",
    "pack": "lesson.pack",
    "panel": "widgets.panel",
    "unpack": "lesson.unpack",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise absent(sys.modules[__name__], name)
    home = _HOMES[name]
    if not home:
        return import_module(f"{__name__}.{name}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return found


def __dir__() -> list[str]:
    return __all__


# From here on the parts are put together: what stands below is handed what stands above.
def _default_client() -> Any:
    # With the first picture: it takes its time.
    from nb_banana._client import Client
    from nb_banana.credentials import default_store
    from nb_banana.display.output import notebook_folder, shell
    from nb_banana.library.location import has_manifest
    from nb_banana.settings import settings

    is_loaded = settings in getattr(shell(), "configurables", ())  # then the extension has done it
    if not is_loaded and has_manifest(notebook_folder()):
        from nb_banana.lesson.manifest import take_settings  # where there is one

        take_settings(settings, notebook_folder())
    return Client.of(settings, default_store)


_default.register(_default_client)


if "_Moved" not in globals():  # `%reload_ext` runs this again

    class _Moved:
        """Finds the modules that pickles of earlier versions name. Python asks it last."""

        @staticmethod
        def find_spec(name: str, *_: Any) -> Any:
            """Called by Python for a module that nobody has found."""
            if not name.startswith(f"{__name__}."):
                return None
            from nb_banana import _moved  # hardly ever

            return _moved.find_spec(name)

    sys.meta_path.append(_Moved)


def _open_panel(what: str | None) -> Any:
    from nb_banana.widgets.panel import panel  # with the first panel: it takes its time

    return panel(what)


def load_ipython_extension(ipython: Any) -> None:
    """Called by ``%load_ext nb_banana``."""
    from nb_banana.notebook import magic  # a script needs no IPython

    magic.load_extension(ipython, _open_panel)


def unload_ipython_extension(ipython: Any) -> None:
    """Called by ``%unload_ext nb_banana``."""
    from nb_banana.notebook import magic  # as above

    magic.unload_extension(ipython)
