"""Modules that are loaded when something of them is first asked for, since loading takes its time.

Under ``TYPE_CHECKING`` they are imported as ever, for whoever reads, and for `make lint`.
"""

from importlib import import_module
from typing import Any


class Later:
    """A module that is asked for its names as if it were there.

    >>> Later("nb_banana.models").short_name("google/nano-banana-2")
    'nano-banana-2'
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def later(room: str, *names: str) -> list[Later]:
    """The modules of a room."""
    return [Later(f"{room}.{name}") for name in names]
