"""``--sweep FIELD=V1,V2`` → the values of each field. No request is built here."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nb_banana import template
from nb_banana.errors import RequestError

BRACES = re.compile(r"\{\{(?:(?!\}\}).)*\}\}")
SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_sweeps(texts: Iterable[str], names: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each swept field or name, in the order of the line.

    Args:
        texts: what stands behind each ``--sweep``.
        names: the notebook's variables, of which ``{{animals}}`` may be a list.

    Raises:
        RequestError: a sweep without values, or one field twice.

    >>> read_sweeps(["aspect-ratio=1:1,16:9", "animal={{pets}}"], {"pets": ["cat", "owl"]})
    {'aspect_ratio': ['1:1', '16:9'], 'animal': ['cat', 'owl']}
    >>> read_sweeps(['style=oil,"red, chalk"'], {})
    {'style': ['oil', 'red, chalk']}
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        name = name.strip().lstrip("-").replace("-", "_")
        if not equals or not name.isidentifier() or not listed.strip():
            raise RequestError(f"--sweep {text}: write FIELD=V1,V2, e.g. --sweep style=oil,ink.")
        if name in found:
            raise RequestError(f"--sweep {name} is given twice: put all its values into one.")
        values = _values(listed, names)
        found[name] = _switches(values) if name == "web_search" else values
    return found


def _values(text: str, names: Mapping[str, Any]) -> list[Any]:
    if BRACES.fullmatch(text.strip()):
        return _several(template.value_of(text, names))
    inside = BRACES.findall(text)
    # What is in braces has commas and quotes of its own, so csv sees a stand-in.
    (row,) = csv.reader([BRACES.sub("\0", text)], skipinitialspace=True)
    pieces = iter(inside)
    words = [re.sub("\0", lambda _: next(pieces), word).strip() for word in row]
    return [template.value_of(word, names) for word in words if word]


def _several(value: Any) -> list[Any]:
    from nb_banana.sweeps import several  # with the first sweep, for it loads what a picture is

    return several(value)


def _switches(values: Sequence[Any]) -> list[Any]:
    return [SWITCHES.get(each.lower(), each) if isinstance(each, str) else each for each in values]
