"""The notebook's pictures and the files that Tab offers, as they are written into a line."""

import os
import sys
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from nb_banana._text import path_of
from nb_banana.references import sources
from nb_banana.references.locations import PICTURE_SUFFIXES
from nb_banana.references.variables import NOT_MINE
from nb_banana.results.pending import PendingValue

MOST_ENTRIES = 100
"""Entries of one list or dict that are looked at."""
_ARRAYS_AND_PATHS = {"numpy", "pathlib"}


def pictures(names: Mapping[str, Any], typed: str) -> Iterator[tuple[str, str]]:
    """The words for the notebook's pictures and their kinds, the latest variable first.

    A list of pictures is one word. What is in it is offered once ``name[`` is typed; what is in a
    dict or in an object at once, for these are no pictures themselves. ``typed`` has no quotes.
    """
    for name in reversed(list(names)):
        is_own = not name.startswith("_") and name not in NOT_MINE
        if is_own or (typed and name.startswith(typed.partition("[")[0])):
            yield from _words(name, names[name], typed)


def _words(path: str, value: Any, typed: str, *, deep: bool = True) -> Iterator[tuple[str, str]]:
    kind = type(value)
    if _is_picture(value):
        yield path, kind.__name__
        return
    entries = _entries(value)
    is_sequence = kind in {list, tuple} or _is_gallery(kind)
    if is_sequence and (_is_gallery(kind) or any(_is_picture(each) for _, each in entries)):
        yield path, f"{kind.__name__} of pictures"
    begun = path.replace("'", "")
    if typed.startswith((f"{begun}[", f"{begun}.")) or (deep and not is_sequence):
        for step, each in entries:
            yield from _words(path + step, each, typed, deep=False)


def _entries(value: Any) -> list[tuple[str, Any]]:
    """What is in a plain list or dict, a gallery, or the state of an object, by the step to it."""
    kind = type(value)
    if issubclass(kind, PendingValue):  # to look at it would wait for it
        return []
    if kind in {list, tuple} or _is_gallery(kind):
        return [(f"[{number}]", each) for number, each in enumerate(value[:MOST_ENTRIES])]
    if kind is dict:
        some = list(value.items())[:MOST_ENTRIES]
        return [(f"[{key!r}]", each) for key, each in some if _is_key(key)]
    if not _is_open(value) or isinstance(value, ModuleType | type):
        return []
    try:
        state = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return []
    some = list(state.items())[:MOST_ENTRIES]
    return [(f".{key}", each) for key, each in some if _is_attribute(key)]


def _is_attribute(key: str) -> bool:
    return key.isidentifier() and not key.startswith("_") and not iskeyword(key)


def _is_gallery(kind: type) -> bool:
    return issubclass(kind, getattr(sys.modules.get("nb_banana.results.gallery"), "Gallery", ()))


def _is_key(key: Any) -> bool:
    return type(key) is int or (
        type(key) is str and key.isprintable() and not set(key) & set("\"'\\{}[]")
    )


def _is_picture(value: Any) -> bool:
    try:
        home = type(value).__module__.partition(".")[0]
        if home == "builtins" or not _is_open(value):
            return False
        if home in _ARRAYS_AND_PATHS:
            return sources.stands_for_picture(value)
        return sources.is_picture(value)
    except Exception:  # noqa: BLE001 - a stranger's value may raise anything when it is looked at
        return False


def _is_open(value: Any) -> bool:
    """Whether a value is what its class says: a proxy says itself, and may load to answer."""
    found: dict[str, Any] = {}
    for kind in type(value).__mro__[-2::-1]:
        found |= vars(kind)
    return not (
        isinstance(found.get("__getattribute__"), FunctionType)
        or "__class__" in found
        or isinstance(found.get("__dict__"), property)
        or ("__getattr__" in found and "__dict__" not in found)
    )


def files(typed: str) -> Iterator[tuple[str, str]]:
    """The picture files in the folder that is typed, then the folders in it."""
    parts = typed.rpartition("/")
    before, start = "".join(parts[:2]), parts[2]
    folders: list[tuple[str, str]] = []
    try:
        found = sorted(os.scandir(path_of(before or ".")), key=lambda each: each.name)
        for entry in found:
            name = entry.name
            is_hidden = name.startswith(".") and not start.startswith(".")
            if is_hidden or not name.isprintable() or not name.lower().startswith(start.lower()):
                continue
            # Else it would be read as an option.
            word = f"{'./' if name.startswith('-') and not before else before}{name}"
            if entry.is_dir():
                folders.append((f"{word}/", "folder"))
            elif Path(name).suffix.lower() in PICTURE_SUFFIXES:
                yield word, "file"
    except (OSError, ValueError):  # no such folder, one that can't be read, a NUL
        return
    yield from folders
