"""Tab behind ``%banana`` and ``%%banana``: options, and their values."""

import re
from collections.abc import Callable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

MAGIC_START = re.compile(r"""\s*(%%banana|([\w.\[\]'", ]+=\s*)?%banana)\s""")
"""A line whose end is for us: ``%%banana …``, ``%banana …``, ``small = %banana …``."""


def complete(line: str) -> list[str]:
    """What may stand at the end of this line: ``%%banana -a 1`` → the ratios that begin so.

    >>> complete("%%banana trex --res")
    ['--resolution']
    >>> complete("%%banana trex -r ")
    ['1K', '2K', '4K']
    """
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


def make_matcher() -> Callable[[CompletionContext], Any]:
    """A matcher for ``Completer.custom_matchers``."""

    @context_matcher()  # type: ignore[untyped-decorator]
    def banana_matcher(context: CompletionContext) -> Any:
        line = context.line_with_cursor[: context.cursor_position]
        found = complete(line) if MAGIC_START.match(line) else []
        # Suppress the completer's own guesses (files, variables) where ours fit.
        return {
            "completions": [SimpleCompletion(text, type="option") for text in found],
            "matched_fragment": line.rpartition(" ")[2],
            "suppress": bool(found),
        }

    return banana_matcher  # type: ignore[no-any-return]  # IPython's decorator is untyped
