"""A cell's line and text → the call that it stands for. Magic and panel make the same one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb_banana import template
from nb_banana._client import Client
from nb_banana.errors import LibraryError
from nb_banana.generation.options import numbered_references
from nb_banana.notebook import parser
from nb_banana.notebook.cell_options import alt_text, split_cell

ID = re.compile("[0-9a-f]{6,64}")  # an id as `nb_banana.history` shows it, or more of it
HERE = frozenset({"dry_run", "raw", "quiet", "help"})
"""Options that the front end itself heeds; all others are arguments of `generate`."""


@dataclass(frozen=True)
class CellCall:
    """What is called for a cell."""

    prompt: str  # the prompt, filled unless it is swept
    arguments: Mapping[str, Any]  # those of `nb_banana
    name: str | None  # the variable to bind
    quiet: bool  # whether nothing is shown
    dry_run: bool  # whether nothing is sent


def read_call(
    client: Client,
    line: parser.ParsedLine,
    text: str,
    names: Mapping[str, Any],
    *,
    below: bool = True,
) -> CellCall:
    """The call that a line and the text ``below`` it, or else behind it, stand for."""
    arguments = {name: value for name, value in line.options.items() if name not in HERE}
    if below and "raw" not in line.options:
        options, text = split_cell(text)
        # Not filled: the tool that the lines are for reads them as they are, too.
        if "alt" not in arguments and (alt := alt_text(options)) is not None:
            arguments["alt"] = alt
    text = text.rstrip()
    quiet = "quiet" in line.options or text.endswith(";")
    prompt = text.removesuffix(";")
    raw, over = "raw" in line.options, arguments.pop("sweep", None)
    references = numbered_references(client.context, service=arguments.get("service"))
    for wanted in arguments.pop("images", ()):
        references.add(_by_id(client, wanted, names), names)
    if over is not None:  # each combination fills the prompt for itself
        arguments |= {"over": over, "names": names, "raw": raw}
    else:
        prompt = prompt if raw else template.fill(prompt, names, references)
        arguments["raw"] = True  # as it is now: the values may have braces of their own
    arguments["images"] = list(references)
    return CellCall(prompt, arguments, line.name, quiet, "dry_run" in line.options)


def _by_id(client: Client, word: Any, names: Mapping[str, Any]) -> Any:
    """The kept picture whose id stands behind ``-i``; the word itself where it is anything else."""
    if not isinstance(word, str) or not ID.fullmatch(word) or word in names or Path(word).exists():
        return word
    try:
        return client.load(word)
    except LibraryError:
        return word
