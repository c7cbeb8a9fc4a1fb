"""The ``%%banana`` cell that would ask for the same again."""

import json
import shlex

from nb_banana.models import DEFAULT_MODEL, short_name
from nb_banana.request import ImageRequest
from nb_banana.template import MARKS


def cell_of(request: ImageRequest, name: str | None = None) -> str:
    """The cell of a request: its line with a name and options, then its prompt.

    References stand in it by their labels, in the order in which the prompt counts them; a
    picture that has no name in the notebook has to be given one there.

    >>> print(cell_of(ImageRequest("a banana", aspect_ratio="16:9"), "fruit"))
    %%banana fruit -a 16:9
    a banana
    """
    words = ["%%banana", *([name] if name else [])]
    if request.model != DEFAULT_MODEL:
        words += ["-m", short_name(request.model)]
    if request.aspect_ratio:
        words += ["-a", request.aspect_ratio]
    if request.resolution:
        words += ["-r", request.resolution]
    if request.web_search:
        words.append("-w")
    for reference in request.references:
        words += ["-i", shlex.quote(reference.label or "picture")]
    if request.take > 1:
        words += ["--take", str(request.take)]
    for key, value in request.params.items():
        words += ["--param", shlex.quote(f"{key}={json.dumps(value)}")]
    if any(mark in request.prompt for mark in MARKS):
        words.append("--raw")
    # A semicolon at the end is the cell's own; a second one keeps the prompt's.
    ending = ";" if request.prompt.endswith(";") else ""
    return f"{' '.join(words)}\n{request.prompt}{ending}"
