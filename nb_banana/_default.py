"""The client in place: its settings and keys, and the client itself, which is made when it draws.

The magic needs settings before anything heavy is loaded, and a value that was made here (a picture
that edits itself, a gallery that tries its failures again) asks its client. Both stand below what
does the work, so they know it only as what `nb_banana` puts in place.
"""

from collections.abc import Callable
from typing import Any

from nb_banana.credentials import CredentialStore
from nb_banana.settings import Banana
from nb_banana.settings import settings as settings

credentials = CredentialStore()
_client: list[Any] = []
_factory: list[Callable[[], Any]] = []


def register(factory: Callable[[], Any]) -> None:
    """Say how the default client is made, when it is first asked for something."""
    _factory[:] = [factory]


def client() -> Any:
    """The default client, a `nb_banana.Client`."""
    if not _client:
        _client.append(_factory[0]())
    return _client[0]


def client_of(value: Any) -> Any:
    """The client that made a value; of one that was unpickled the default client."""
    return getattr(value, "_client", None) or client()


def settings_of(value: Any) -> Banana:
    """The settings of that client. No client is made for it."""
    own: Any = getattr(value, "_client", None)
    return own.settings if own is not None else settings
