"""`Wishes`: what a person wants of a picture besides what is in the request."""

import os
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Wishes:
    """What a person wants of the picture besides what is in the request.

    Attributes:
        name: what the caption calls it.
        alt: the alt text; else the prompt.
        save: a file to write it to as well; that it can be is checked before anything is sent.
        strict: whether another size than asked is an error; the picture is in its ``.image``.
        fresh: whether a new one is made although the library has one.
        agreed: whether the person has agreed to the price, of this one among many.
    """

    name: str | None = None
    alt: str | None = None
    save: str | os.PathLike[str] | None = None
    strict: bool = False
    fresh: bool = False
    agreed: bool = False


PLAIN = Wishes()


def wishes_of(options: dict[str, Any]) -> Wishes:
    """Take the wishes out of what a person gave as options.

    >>> given = {"alt": "a fruit", "resolution": "2K"}
    >>> wishes_of(given).alt, given
    ('a fruit', {'resolution': '2K'})
    """
    names = {each.name for each in fields(Wishes)} - {"agreed"}
    return Wishes(**{name: options.pop(name) for name in names & set(options)})
