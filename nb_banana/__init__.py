"""Nano Banana 2 pictures in a notebook: ``%load_ext nb_banana``, then ``%%banana`` cells.

The same from Python: ``nb_banana.generate("a banana on a beach", aspect_ratio="16:9")``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nb_banana.api import agenerate, dry_run, edit, generate, generate_many, login, sweep
    from nb_banana.archive import forget, history, load
    from nb_banana.background import pending
    from nb_banana.checkup import doctor
    from nb_banana.comparison import compare
    from nb_banana.gallery import Gallery
    from nb_banana.image import BananaImage
    from nb_banana.models import MODELS
    from nb_banana.packing import pack
    from nb_banana.panels import panel
    from nb_banana.recovery import recover
    from nb_banana.request import ImageRequest
    from nb_banana.settings import configure
    from nb_banana.statement import spending
    from nb_banana.unpacking import unpack

__all__ = [
    "MODELS",
    "BananaImage",
    "Gallery",
    "ImageRequest",
    "agenerate",
    "compare",
    "configure",
    "doctor",
    "dry_run",
    "edit",
    "forget",
    "generate",
    "generate_many",
    "history",
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
_HOMES = {
    "MODELS": "models",
    "BananaImage": "image",
    "Gallery": "gallery",
    "ImageRequest": "request",
    "configure": "settings",
    "agenerate": "api",
    "compare": "comparison",
    "doctor": "checkup",
    "dry_run": "api",
    "edit": "api",
    "errors": "",
    "forget": "archive",
    "generate": "api",
    "generate_many": "api",
    "history": "archive",
    "load": "archive",
    "login": "api",
    "pack": "packing",
    "panel": "panels",
    "pending": "background",
    "recover": "recovery",
    "spending": "statement",
    "sweep": "api",
    "unpack": "unpacking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    if not home:
        return import_module(f"{__name__}.{name}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Called by ``%load_ext nb_banana``."""
    from nb_banana import magic

    magic.load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Called by ``%unload_ext nb_banana``."""
    from nb_banana import magic

    magic.unload(ipython)
