"""What a word behind ``-i`` means: a name of the notebook, else a file, else an address.

Names are read and never evaluated: ``results[0]``, ``df.image[3]``, ``figs["a"].inner`` are
attribute and index access. Calls, arithmetic and underscores are not. `NumberedReferences` gives
each picture of a request its number, while the text is read.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nb_banana._text import BLANK, did_you_mean, is_data, near_words, path_of
from nb_banana.credentials import refuse_key
from nb_banana.errors import BadReferenceError
from nb_banana.references import locations
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.locations import SCHEME
from nb_banana.references.reference import Reference, as_reference, is_many, is_same
from nb_banana.references.sources import is_picture

NOT_MINE = {"In", "Out", "exit", "quit", "get_ipython", "open"}
"""Names that IPython puts into every notebook."""


@dataclass(frozen=True)
class NotFound:
    """There is no such value."""

    word: str  # what was looked for
    reason: str = ""  # what is missing, as a sentence; empty where the word is no name at all


def look_up(word: str, names: Mapping[str, Any]) -> Any | NotFound:
    """The value that a dotted or indexed name stands for.

    >>> look_up("cats[-1].real", {"cats": [1, 2]})
    2
    >>> look_up("cats[7]", {"cats": [1, 2]}).reason
    'cats has 2 entries, and there is no cats[7].'
    """
    steps = parse(word)
    if not steps:
        return NotFound(word)
    start = steps[0].key
    if start not in names:
        return NotFound(word, f"There is no variable {start}.")
    value = names[start]
    for step in steps[1:]:
        try:
            value = getattr(value, step.key) if step.dotted else value[step.key]
        except Exception:  # noqa: BLE001 - the person's values may raise anything
            return NotFound(word, _missing(value, step))
    return value


@dataclass(frozen=True)
class Step:
    """One step of a name."""

    key: Any  # the variable, the attribute or the index
    dotted: bool  # whether it is an attribute
    path: str  # the word up to this step, without it
    text: str  # the word up to this step, with it


def parse(word: str) -> list[Step]:
    """The steps of a dotted and indexed name; none where the word is something else.

    >>> [step.key for step in parse('a.b["c d"][-2]')]
    ['a', 'b', 'c d', -2]
    >>> parse("photo of a cat.jpg"), parse("f()"), parse("a.__class__")
    ([], [], [])
    """
    try:
        node: ast.expr = ast.parse(word.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    steps: list[Step] = []
    while not isinstance(node, ast.Name):
        step = _step(node)
        if step is None or not isinstance(node, ast.Attribute | ast.Subscript):
            return []
        steps.append(step)
        node = node.value
    return [Step(node.id, False, "", node.id), *reversed(steps)]


def _step(node: ast.expr) -> Step | None:
    if isinstance(node, ast.Attribute):
        if node.attr.startswith("_"):
            return None
        return Step(node.attr, True, ast.unparse(node.value), ast.unparse(node))
    if isinstance(node, ast.Subscript):
        try:
            key = ast.literal_eval(node.slice)
        except ValueError:
            return None
        if isinstance(key, str | int):
            return Step(key, False, ast.unparse(node.value), ast.unparse(node))
    return None


def find_picture(word: str, names: Mapping[str, Any]) -> tuple[Any, str, str | None]:
    """What a word behind ``-i`` means."""
    text = word.strip(BLANK)
    refuse_key("A reference", text)
    if SCHEME.match(text):
        return text, "data: address" if is_data(text) else text, None
    value = look_up(text, names)
    there = _is_there(text)
    if not isinstance(value, NotFound):
        note = f"{text} is the variable here, not the file; write ./{text} for that."
        return value, text, note if there and not Path(text).is_absolute() else None
    if there:
        return text, Path(text).name, None
    raise BadReferenceError(_neither(text, value, names))


def _is_there(text: str) -> bool:
    try:
        return bool(text) and path_of(text).exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, a ~user that nobody is
        return False


def _missing(value: Any, step: Step) -> str:
    try:
        return _missing_in(value, step)
    except Exception:  # noqa: BLE001 - as above; what is near to it can't be asked for
        return f"There is no {step.text}."


def _missing_in(value: Any, step: Step) -> str:
    if step.dotted and isinstance(value, Mapping) and step.key in value:
        return f"{step.path} has no .{step.key}. Did you mean {step.path}[{step.key!r}]?"
    if step.dotted:
        known = [name for name in dir(value) if not name.startswith("_")]
        return f"{step.path} has no .{step.key}.{did_you_mean(str(step.key), known)}"
    if isinstance(value, Mapping):
        known = [key for key in value if isinstance(key, str)]
        return f"{step.path} has no {step.key!r}.{did_you_mean(str(step.key), known)}"
    if hasattr(value, "__len__") and isinstance(step.key, int):
        count = len(value)
        entries = "1 entry" if count == 1 else f"{count} entries"
        return f"{step.path} has {entries}, and there is no {step.text}."
    return f"There is no {step.text}: {step.path} is {type(value).__name__}."


def _neither(text: str, missing: NotFound, names: Mapping[str, Any]) -> str:
    files = _near_files(text)
    steps = parse(text)
    if len(steps) > 1 and steps[0].key in names:
        return missing.reason + (f" Did you mean {' or '.join(files)}?" if files else "")
    near = list(dict.fromkeys([*near_variables(text, names), *files]))
    if near:
        return f"There is no variable and no file {text}. Did you mean {' or '.join(near)}?"
    pictures = [name for name in _own(names) if _shows(names[name])][:5]
    have = f" Pictures here: {', '.join(pictures)}." if pictures else ""
    return f"There is no variable and no file {text}.{have}"


def near_variables(word: str, names: Mapping[str, Any]) -> list[str]:
    """Names of variables that are near to a word, those of pictures first; at most three."""
    own = _own(names)
    pictures = [name for name in own if _shows(names[name])]
    near = [*near_words(word, pictures), *near_words(word, own)]
    return list(dict.fromkeys(near))[:3]


def name_of(value: Any, names: Mapping[str, Any]) -> str:
    """How a person would write a value: its variable, or its place in a list or a dict there.

    >>> cat = object()
    >>> name_of(cat, {"_": cat, "cats": [1, cat]}), name_of(cat, {"figs": {"a b": cat}})
    ('cats[1]', "figs['a b']")
    """
    own = {name: names[name] for name in _own(names)}
    inside = (
        f"{name}[{key!r}]"
        for name, holder in own.items()
        for key, each in _entries(holder)
        if each is value
    )
    return next((name for name, each in own.items() if each is value), None) or next(inside, "")


def _entries(holder: Any) -> Iterable[tuple[Any, Any]]:
    """What is in a plain list or dict; other holders would run code of their own."""
    if type(holder) in {list, tuple}:
        return enumerate(holder)
    return holder.items() if type(holder) is dict else ()


def _own(names: Mapping[str, Any]) -> list[str]:
    return [name for name in names if not name.startswith("_") and name not in NOT_MINE]


def _shows(value: Any) -> bool:
    return is_picture(value) or (is_many(value) and any(map(is_picture, value)))


def _near_files(text: str) -> list[str]:
    try:
        return locations.near_files(path_of(text))
    except (OSError, ValueError, RuntimeError):
        return []


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
