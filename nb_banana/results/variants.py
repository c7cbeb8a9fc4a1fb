"""What varies between many pictures: fields, their values as people read them, and the grid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from os.path import commonprefix
from typing import Any

from nb_banana._text import clean
from nb_banana.references import sources

Variant = Mapping[str, Any]
"""What makes one picture differ from its neighbours, e.g. ``{"style": "oil", "take": 2}``."""

LONGEST_LABEL = 60  # characters of a label, before it is fitted into its cell
LABEL_PART = 16  # characters of one value among several in a label


@dataclass(frozen=True)
class Grid:
    """Pictures of every combination of two fields."""

    fields: tuple[str, str]  # the names of that of the rows, that of the columns
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]  # for each row its pictures, as places among all

    def first(self, most: int) -> "Grid":
        """As many whole rows as have so many pictures at most; one at least."""
        rows = max(1, most // len(self.columns))
        return replace(self, rows=self.rows[:rows], places=self.places[:rows])


def value_text(value: Any) -> str:
    """A value as a person reads it; a picture by its name or its prompt."""
    if value is None:
        return "none"
    if sources.is_picture(value):
        named = getattr(value, "name", None) or getattr(value, "prompt", None)
        return clean(str(named or type(value).__name__), LONGEST_LABEL)
    return clean(str(value), LONGEST_LABEL)


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, as such or as text; arrays only where they are one object.

    >>> is_equal(2, "2"), is_equal(1, True), is_equal("oil", "ink")
    (True, True, False)
    """
    if one is other:
        return True
    try:
        if isinstance(one, str) or isinstance(other, str):
            return str(one) == str(other)
        return bool(one == other)
    except Exception:  # noqa: BLE001 - arrays compare to arrays, pandas.NA to nothing, others raise
        return False


def varied_fields(variants: Sequence[Variant]) -> list[str]:
    """The fields that have more than one value, in the order in which they were given."""
    fields = dict.fromkeys(chain(*variants))
    return [name for name in fields if len(_distinct(each.get(name) for each in variants)) > 1]


def grid_of(variants: Sequence[Variant]) -> Grid | None:
    """The rows and columns of a sweep of two fields; None where it is anything else."""
    fields = varied_fields(variants)
    if len(fields) != 2:
        return None
    down, across = fields
    rows = _distinct(each.get(down) for each in variants)
    columns = _distinct(each.get(across) for each in variants)
    cells = {
        (_key(each.get(down)), _key(each.get(across))): number
        for number, each in enumerate(variants)
    }
    if not len(cells) == len(variants) == len(rows) * len(columns):
        return None
    places = tuple(tuple(cells[row, column] for column in columns) for row in rows)
    return Grid(
        (down, across),
        tuple(map(value_text, rows.values())),
        tuple(map(value_text, columns.values())),
        places,
    )


def labels_of(variants: Sequence[Variant], prompts: Sequence[str]) -> list[str]:
    """What to write under each picture: what varies, else where its prompt differs."""
    fields = varied_fields(variants)
    # Of several values each has its share of the label, so that a long one leaves room for others.
    share = LONGEST_LABEL if len(fields) == 1 else LABEL_PART
    parts = [
        [clean(_label(name, each[name]), share) for name in fields if name in each]
        for each in variants
    ]
    said = [" · ".join(part) for part in parts]
    if len(set(said)) == len(said) or len(set(prompts)) == 1:
        return said
    beginnings = _beginnings(prompts)
    return [" · ".join(filter(None, pair)) for pair in zip(beginnings, said, strict=True)]


def _label(field: str, value: Any) -> str:
    """A text says itself what it is; a number does not."""
    bare = isinstance(value, str) or sources.is_picture(value)
    return value_text(value) if bare else f"{field} {value_text(value)}"


def _beginnings(prompts: Sequence[str]) -> list[str]:
    """The beginnings of prompts, without the words that all begin with where these are many."""
    lines = [clean(each, len(each) + 1) for each in prompts]
    shared = commonprefix(lines)  # noqa: RUF071 - of letters is meant
    shared = shared[: shared.rfind(" ") + 1]
    if shared.count(" ") < 3:
        return [clean(line, LONGEST_LABEL) for line in lines]
    return [f"… {clean(line[len(shared) :], LONGEST_LABEL)}" for line in lines]


def _distinct(values: Iterable[Any]) -> dict[Any, Any]:
    """Each value once, by its key."""
    return {_key(value): value for value in values}


def _key(value: Any) -> Any:
    """What two equal values share. A sweep may have thousands, so each is looked at once."""
    try:
        hash(value)
    except Exception:  # noqa: BLE001 - as above
        # The repr of a large array leaves most of it out.
        return repr(value) if isinstance(value, list | dict | set) else id(value)
    return value
