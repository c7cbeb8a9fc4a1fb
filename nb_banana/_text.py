"""Words for people: money, bytes, near misses, one short line; and the paths that they write."""

import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it: tenths of a cent where they matter.

    >>> dollars(Decimal("0.0894875")), dollars(Decimal("0.06")), dollars(Decimal(0)), dollars(None)
    ('$0.089', '$0.06', '$0', 'price not said')
    """
    if amount is None:
        return "price not said"
    if not amount:
        return "$0"
    if amount < Decimal("0.0005"):
        return "<$0.001"
    text = f"{amount:,.3f}"
    return "$" + (text[:-1] if text.endswith("0") else text)


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A sentence with the known words that are near to this one, with a space before; else nothing.

    >>> did_you_mean("trexx", ["trex", "cafe"])
    ' Did you mean trex?'
    """
    from difflib import get_close_matches  # only after a mistake

    near = get_close_matches(word, list(known), n=3, cutoff=cutoff)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def shorten(text: str, longest: int) -> str:
    """One line of at most so many characters.

    >>> shorten("a long  prompt", 8)
    'a long …'
    """
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def megabytes(count: int) -> str:
    """A number of bytes for a person.

    >>> megabytes(9_120_000), megabytes(512)
    ('9.1 MB', '512 bytes')
    """
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1_000:.0f} kB"


def path_of(text: str | os.PathLike[str]) -> Path:
    """A path as a person writes it. A ``~`` stays where there is no such home folder.

    >>> path_of("~nobody-at-all/cat.png").name
    'cat.png'
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's own raises RuntimeError then
