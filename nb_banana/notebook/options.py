"""The options of ``%banana``: one table, read by the parser, the help, Tab completion and tests."""

from dataclasses import dataclass

from nb_banana.models import FIELD_OF, FIELDS, RequestField


@dataclass(frozen=True)
class Option:
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
    Option(("--raw",), "raw", "leave {{…}} in the prompt as it is"),
    Option(("--quiet",), "quiet", "show nothing; so does a ; at the end"),
    Option(("-h", "--help"), "help", "show this"),
)

OPTION_OF_FLAG = {flag: option for option in OPTIONS for flag in option.flags}
"""Each way to write an option, and the option."""
