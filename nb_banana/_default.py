"""The default client, which is made when it is first asked for something; handed in from above.

A value that was made here (a picture that edits itself, a gallery that tries its failures again, a
request that shows its JSON) asks its client. It stands below what does the work.
"""

import copy
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
    # By its kind: any other value, such as a module, may have a name that is written so.
    return (value._client if isinstance(value, HasClient) else None) or client()


class HasClient:
    """A value that asks the client that made it. Its copies ask the same; a pickle holds none."""

    _client: Any = None

    def __copy__(self) -> Any:
        return self._same(self.__getstate__())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._same(copy.deepcopy(self.__getstate__(), memo))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_client"}

    def _same(self, state: dict[str, Any]) -> Any:
        same = object.__new__(type(self))
        vars(same).update(state)
        same._client = self._client
        return same
