"""Which kept pictures this process has used: drawn, or taken from the library."""

from nb_banana.library import Library

USED: dict[tuple[Library, str], None] = {}
"""Where each one is, and the id of its request; in the order of their first use."""


def note(library: Library, request_id: str) -> None:
    """Remember that a picture was used. `nb_banana.pack` takes it along."""
    USED[library, request_id] = None
