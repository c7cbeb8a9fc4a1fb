"""Tab behind ``%banana`` and ``%%banana``: options, and their values."""

import re
from collections.abc import Callable
from typing import Any

MAGIC_START = re.compile(r"""\s*(%%banana|([\w.\[\]'", ]+=\s*)?%banana)\s""")
"""A line whose end is for us: ``%%banana …``, ``%banana …``, ``small = %banana …``."""


def complete(line: str) -> list[str]:
    """What may stand at the end of this line: ``%%banana -a 1`` → the ratios that begin so."""
    # With the first Tab, not with the extension.
    from nb_banana.notebook.options import OPTION_OF_FLAG

    words = re.split(r"\s+", line)
    start = words[-1]
    before = OPTION_OF_FLAG.get(words[-2]) if len(words) > 1 else None
    flag, equals, value = start.partition("=")
    if equals and flag in OPTION_OF_FLAG:
        return [f"{flag}={each}" for each in OPTION_OF_FLAG[flag].values if each.startswith(value)]
    if before is not None and before.metavar:
        return [each for each in before.values if each.lower().startswith(start.lower())]
    if start.startswith("-"):
        return [flag for flag in OPTION_OF_FLAG if flag.startswith(start)]
    return []


def make_matcher(completer: Any) -> Callable[[Any], Any]:
    """A matcher for ``Completer.custom_matchers`` of this completer."""

    def banana_matcher(asked: Any) -> Any:
        if isinstance(asked, str):  # IPython before 8.6 hands over the last word and takes texts
            line = completer.text_until_cursor
            before = len(line.rpartition(" ")[2]) - len(asked)  # for IPython 16:9 is two words
            return [text[before:] for text in _offered(line)]
        from IPython.core.completer import SimpleCompletion  # not in IPython before 8.6

        line = asked.line_with_cursor[: asked.cursor_position]
        found = _offered(line)
        # Suppress the completer's own guesses (files, variables) where ours fit.
        return {
            "completions": [SimpleCompletion(text, type="option") for text in found],
            "matched_fragment": line.rpartition(" ")[2],
            "suppress": bool(found),
        }

    banana_matcher.matcher_api_version = 2  # type: ignore[attr-defined]  # IPython asks for it
    return banana_matcher


def _offered(line: str) -> list[str]:
    return complete(line) if MAGIC_START.match(line) else []
