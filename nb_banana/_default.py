"""The default client, which is made when it is first asked for something; handed in from above.

A value that was made here (a picture that edits itself, a gallery that tries its failures again, a
request that shows its JSON) asks its client. It stands below what does the work.
"""

from collections.abc import Callable
from typing import Any

_client: list[Any] = []
_factory: list[Callable[[], Any]] = []


def register(factory: Callable[[], Any]) -> None:
    """Say how the default client is made."""
    _factory[:] = [factory]


def client() -> Any:
    """The default client, a `nb_banana.Client`."""
    if not _client:
        _client.append(_factory[0]())
    return _client[0]


def client_of(value: Any) -> Any:
    """The client that made a value; of one that was unpickled the default client."""
    return getattr(value, "_client", None) or client()
