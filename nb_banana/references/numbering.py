"""`NumberedReferences`: the pictures of one request while its text is read: each once, from 1."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nb_banana.errors import BadReferenceError
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.reference import Reference, as_reference, is_many, is_same
from nb_banana.references.variables import find_picture, name_of


class NumberedReferences:
    """What ``image 1``, ``image 2`` … mean in a prompt."""

    def __init__(
        self,
        limits: ReferenceLimits = LIMITS,
        fetch: Callable[[list[Any], ReferenceLimits], list[Any]] | None = None,
    ) -> None:
        self._limits = limits
        self._fetch = fetch
        self._found: list[Reference] = []

    def __iter__(self) -> Iterator[Reference]:
        return iter(self._found)

    def copy(self) -> "NumberedReferences":
        """The same pictures so far; what is added to one of the two is not in the other."""
        other = NumberedReferences(self._limits, self._fetch)
        other._found = list(self._found)
        return other

    def number(self, value: Any, label: str = "") -> int:
        """The number of a picture, from 1; a new one where it was not there yet."""
        if self._fetch:
            (value,) = self._fetch([value], self._limits)
        new = as_reference(value, label=label, limits=self._limits)
        for number, known in enumerate(self._found, 1):
            if is_same(new, known):
                return number
        self._found.append(new)
        return len(self._found)

    def add(self, wanted: Any, names: Mapping[str, Any]) -> None:
        """Take what stands behind ``-i``: a word for a variable, path or address, or an object."""
        value, label, note = (
            find_picture(wanted, names)
            if isinstance(wanted, str)
            else (wanted, name_of(wanted, names), None)
        )
        if is_many(value) and not len(value):
            raise BadReferenceError(f"{label or 'The list'} is empty: there is no picture in it.")
        try:
            for index, each in enumerate(value if is_many(value) else [value]):
                place = f"{label}[{index}]" if label and is_many(value) else label
                number = self.number(each, place)
                if note:
                    self._annotate(number - 1, note)
        except BadReferenceError as error:
            if note is None:
                raise
            raise BadReferenceError(f"{error} {note}") from error

    def _annotate(self, index: int, note: str) -> None:
        known = self._found[index]
        if note not in (known.note or ""):
            self._found[index] = replace(known, note="; ".join(filter(None, (known.note, note))))
