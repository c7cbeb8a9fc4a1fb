"""The options of ``%banana``: one table, read by the parser, the help and tests; and Tab for it."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from nb_banana.models import FIELD_OF, FIELDS, RequestField


class Option(NamedTuple):
    """One option: how it is written, what the Python door calls it, and what it does."""

    flags: tuple[str, ...]
    dest: str
    help: str
    metavar: str = ""  # what its value is called; empty for a switch
    values: tuple[str, ...] = ()  # what Tab offers
    repeatable: bool = False


def _of_field(what: RequestField) -> Option:
    return Option(what.flags, what.name, what.help, what.metavar, what.offered, what.is_repeatable)


OPTIONS = (
    *(_of_field(each) for each in FIELDS if each.kind != "params"),
    Option(("-n", "--count"), "count", "takes 1 to N of one prompt, in a gallery", "N"),
    Option(
        ("--sweep",),
        "sweep",
        "a picture for each value of a field, or of a {{name}} in the prompt; repeatable",
        "FIELD=V1,V2",
        repeatable=True,
    ),
    Option(("--fresh",), "fresh", "pay for a new picture although this one is in the library"),
    _of_field(FIELD_OF["params"]),
    Option(("--alt",), "alt", "alt text; else the prompt", "TEXT"),
    Option(("--save",), "save", "write the picture to this file too", "FILE"),
    Option(("--strict",), "strict", "a size that was not delivered is an error"),
    Option(("--timeout",), "timeout", "seconds to wait for the picture", "S"),
    Option(("--background",), "background", "come back at once; using the picture waits for it"),
    Option(("--dry-run",), "dry_run", "show the request, in Python and curl too; send nothing"),
    Option(("--raw",), "raw", "leave {{…}} and leading #| lines in the prompt"),
    Option(("--quiet",), "quiet", "show nothing; so does a ; at the end"),
    Option(("-h", "--help"), "help", "show this"),
)

OPTION_OF_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
"""Each way to write an option, and the option."""

MAGIC_START = re.compile(r"""\s*(%%banana|([\w.\[\]'", ]+=\s*)?%banana)\s""")
"""A line whose end is for us: ``%%banana …``, ``%banana …``, ``small = %banana …``."""


def complete(line: str) -> list[str]:
    """What may stand at the end of this line: ``%%banana -a 1`` → the ratios that begin so."""
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
