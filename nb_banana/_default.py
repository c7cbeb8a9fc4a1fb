"""Whom a value asks that was made here: the functions of `nb_banana`, handed in from above.

A picture edits itself, and a gallery tries its failures again. They stand below what does it, so
they know it only as the default client, which `nb_banana` puts in place.
"""

from collections.abc import Callable
from typing import Any

_factory: list[Callable[[], Any]] = []


def register(factory: Callable[[], Any]) -> None:
    """Put a client in place; it is made when it is first asked for something."""
    _factory[:] = [factory]


def client() -> Any:
    """The client in place: what has ``edit`` and ``retry``, see `nb_banana._api`."""
    return _factory[0]()
