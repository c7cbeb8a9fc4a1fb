"""Where earlier versions had what a pickle names: it may hold the last copy of a picture."""

from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "nb_banana"
NAMES = {
    "account": {"Charge": "services.exchange:Fate"},
    "album": {"History": "results.history"},
    "api": dict.fromkeys(
        ("agenerate", "dry_run", "edit", "generate", "generate_many", "login", "sweep"), "_api"
    ),
    "archive": dict.fromkeys(("forget", "history", "load"), "_api"),
    "background": {"Pending": "batch.background", "pending": "_api"},
    "checkup": {"Check": "_doctor", "Checkup": "_doctor", "doctor": "_api"},
    "comparison": dict.fromkeys(("Comparison", "compare"), "results.comparison"),
    "dryrun": {"DryRun": "generation.dry_run"},
    "encoded": {"Encoded": "references.encoded:EncodedImage"},
    "failure": {"Failure": "results.failure"},
    "gallery": {"Gallery": "results.gallery"},
    "image": {"BananaImage": "results.image"},
    "index": {"Index": "library.database:Database"},
    "later": {"_itself": "results.pending"},
    "library": {"Library": "library.library"},
    "limits": {"Limits": "references.limits:ReferenceLimits"},
    "packing": {"Lesson": "lesson.pack", "pack": "lesson.pack"},
    "panels": {"panel": "widgets.panel"},
    "pixels": {"Kind": "imaging.decode:PictureKind"},
    "receipt": {"Receipt": "services.receipt"},
    "records": {"Kept": "library.records:StoredImage", "KeptBody": "library.records:StoredBody"},
    "recovery": {
        "Found": "generation.recovery",
        "Recovery": "generation.recovery",
        "recover": "_api",
    },
    "references": {
        "Address": "references.reference:RemoteImage",
        "Reference": "references.reference",
    },
    "statement": {"Line": "_spending:StatementLine", "Statement": "_spending", "spending": "_api"},
    "tree": {"Tree": "results.lineage:Lineage"},
    "unpacking": {"unpack": "lesson.unpack"},
    "vault": {"Vault": "library.files:FileStore"},
}
"""The classes and functions that pickles of version 0.1.0 name, by module: where each is now, and
its name there after a ``:`` where it is another."""


def find_name(module: str, name: str) -> Any:
    """What an earlier version had under this name; AttributeError where it had nothing there."""
    place = NAMES.get(module, {}).get(name)
    if place is None:
        raise AttributeError(f"module '{PACKAGE}.{module}' has no attribute {name!r}")
    home, _, other = place.partition(":")
    return getattr(import_module(f"{PACKAGE}.{home}"), other or name)


def find_spec(name: str) -> ModuleSpec | None:
    """The spec of a module of an earlier version; None where there was none of this name."""
    package, _, module = name.partition(".")
    known = package == PACKAGE and module in NAMES
    return ModuleSpec(name, _Loader()) if known else None


class _Loader(Loader):
    """Makes a module that has the names of its time."""

    def exec_module(self, module: ModuleType) -> None:
        """Called by Python to fill the module."""
        own = module.__name__.rpartition(".")[2]
        for name in NAMES[own]:
            setattr(module, name, find_name(own, name))
