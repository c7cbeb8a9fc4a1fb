"""“Did you mean …?”"""

from collections.abc import Iterable


def hint(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A sentence with the known words that are near to this one, with a space before; else nothing.

    >>> hint("trexx", ["trex", "cafe"])
    ' Did you mean trex?'
    """
    from difflib import get_close_matches  # only after a mistake

    near = get_close_matches(word, list(known), n=3, cutoff=cutoff)
    return f" Did you mean {' or '.join(near)}?" if near else ""
