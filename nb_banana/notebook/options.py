"""The options of ``%banana``: one table, read by the parser, the help, Tab and tests."""

from typing import NamedTuple

from nb_banana.credentials import PLACES
from nb_banana.models import FIELD_OF, FIELDS, RequestField


class Option(NamedTuple):
    """One option: how it is written, what the Python door calls it, and what it does."""

    flags: tuple[str, ...]
    dest: str
    help: str
    metavar: str = ""  # what its value is called; empty for a switch
    repeatable: bool = False


def _of_field(what: RequestField) -> Option:
    return Option(what.flags, what.name, what.help, what.metavar, what.is_repeatable)


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
    Option(
        ("--service",),
        "service",
        f"who draws: {', '.join(PLACES)}, or a package's; else Banana.service",
        "NAME",
    ),
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


def flags_begun_by(written: str) -> list[str]:
    """The flag that is written; of a long one its beginning is enough where only one has it.

    >>> flags_begun_by("-a"), flags_begun_by("--asp"), flags_begun_by("--res=2K")
    (['-a'], ['--aspect-ratio'], [])
    """
    if written in OPTION_OF_FLAG or len(written) < 3 or not written.startswith("--"):
        return [written] if written in OPTION_OF_FLAG else []
    return [each for each in OPTION_OF_FLAG if each.startswith(written)]
