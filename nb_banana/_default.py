"""What a value asks that was made here: the functions of `nb_banana`, handed in from above.

A picture edits itself, and a gallery tries its failures again. They stand below what does it,
so they know it only as a `Client`, which `nb_banana` puts in place.
"""

from collections.abc import Callable
from typing import Any, Protocol


class Client(Protocol):
    """Who draws for pictures and galleries."""

    def edit(self, image: Any, prompt: str, *, images: Any = (), **options: Any) -> Any:
        """See `nb_banana.edit`."""

    def retry(self, gallery: Any, *, again: bool = False) -> Any:
        """See `nb_banana.Gallery.retry`."""


_make: list[Callable[[], Client]] = []


def register(make: Callable[[], Client]) -> None:
    """Put a client in place; it is made when it is first asked for something."""
    _make[:] = [make]


def client() -> Client:
    """The client in place."""
    return _make[0]()
