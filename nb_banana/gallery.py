"""stub"""

from collections.abc import Sequence
from typing import Any


class Failure:
    def __init__(self, request: Any, error: Any, name: Any = None, alt: Any = None) -> None:
        self.request, self.error = request, error


class Gallery(Sequence[Any]):
    def __init__(
        self, entries: Any, variants: Any = None, *, index: Any = None, name: Any = None
    ) -> None:
        self._entries = list(entries)
        self._variants = list(variants or [])
        self.name = name

    def __getitem__(self, i: Any) -> Any:
        return self._entries[i]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def images(self) -> Any:
        return tuple(e for e in self if not isinstance(e, Failure))

    def save(self, x: Any) -> Any: ...
