"""The options of ``%banana``: one table, read by the parser, the help, Tab completion and tests."""

from dataclasses import dataclass

from nb_banana.models import MODELS, PRO_RATIOS, RATIOS, RESOLUTIONS

ILLUSTRATION = """\
  %%banana trex -a 16:9 -r 2K
  A T-Rex relaxing on a beach, wearing sunglasses.
"""


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        flags: how it is written.
        dest: what the line and the Python door call it.
        help: what it does, in a few words.
        metavar: what its value is called; empty for a switch.
        values: what Tab offers.
        repeatable: whether it may stand there more than once.
    """

    flags: tuple[str, ...]
    dest: str
    help: str
    metavar: str = ""
    values: tuple[str, ...] = ()
    repeatable: bool = False


MODEL_NAMES = tuple(name for model in MODELS for name in (*model.short, *model.ids))

OPTIONS = (
    Option(
        ("-a", "--aspect-ratio"),
        "aspect_ratio",
        f"width to height: {', '.join(RATIOS)}; pro also {', '.join(PRO_RATIOS[len(RATIOS) :])}",
        "RATIO",
        PRO_RATIOS,
    ),
    Option(("-r", "--resolution"), "resolution", ", ".join(RESOLUTIONS), "SIZE", RESOLUTIONS),
    Option(
        ("-m", "--model"),
        "model",
        "another model: lite, pro, 2.5, 2.1, or any of the service's own names",
        "MODEL",
        MODEL_NAMES,
    ),
    Option(("-w", "--web-search"), "web_search", "let the model look things up on the web"),
    Option(
        ("-i", "--image"),
        "images",
        "a reference picture: a variable, a path, a URL or an id; repeatable, in order",
        "PICTURE",
        repeatable=True,
    ),
    Option(("--take",), "take", "the K-th picture of one prompt; each is its own, and kept", "K"),
    Option(("-n", "--count"), "count", "takes 1 to N of one prompt, in a gallery", "N"),
    Option(
        ("--sweep",),
        "sweep",
        "a picture for each value of a field, or of a {{name}} in the prompt; repeatable",
        "FIELD=V1,V2",
        repeatable=True,
    ),
    Option(("--fresh",), "fresh", "pay for a new picture although this one is in the library"),
    Option(
        ("--param",),
        "params",
        "a field that we do not know yet, sent as it is",
        "KEY=JSON",
        repeatable=True,
    ),
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
