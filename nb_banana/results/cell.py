"""The ``%%banana`` cell that would ask for the same again."""

import json
import keyword
import re
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from nb_banana._catalogue import AIMLAPI, find_in, same_in, usual_in
from nb_banana._text import CELL_OPTIONS, MARKS
from nb_banana.display.output import shell
from nb_banana.errors import BananaError
from nb_banana.models import DEFAULT_MODEL, WRITTEN, RequestField
from nb_banana.references.reference import Reference, RemoteImage, as_reference
from nb_banana.references.variables import find_picture
from nb_banana.request import ImageRequest

if TYPE_CHECKING:
    from nb_banana.library.library import Library


def cell_of(
    request: ImageRequest,
    name: str | None = None,
    library: "Library | None" = None,
    service: str = AIMLAPI.service,
) -> str:
    """The cell of a request: its line with a name and options, then its prompt."""
    # The service is that of the settings where the cell is run.
    words = [name] if name and name.isidentifier() and not keyword.iskeyword(name) else []
    if request.catalogue.service != service:
        words += ["--service", request.catalogue.service]
    for each in WRITTEN:
        for value in _values(each, request, library):
            words += [each.flags[0]] if value is True else [each.flags[0], shlex.quote(value)]
    marked = any(mark in text for mark in MARKS for text in (request.prompt, *words))
    if marked or re.match(CELL_OPTIONS, request.prompt):
        words.append("--raw")
    # A semicolon at the end is the cell's own; a second one keeps the prompt's.
    ending = ";" if request.prompt.endswith(";") else ""
    return f"{' '.join(['%%banana', *words])}\n{request.prompt}{ending}"


def _values(
    what: RequestField, request: ImageRequest, library: "Library | None"
) -> list[str | Literal[True]]:
    """What stands behind each flag of a field; nothing where the field needs none."""
    value = getattr(request, what.name)
    match what.kind:
        case "model":
            model = find_in(request.catalogue, value)
            usual = usual_in(request.catalogue, DEFAULT_MODEL)
            is_usual = {value, _parents_model(request, library, usual)} == {usual}
            return [] if is_usual else [model.short[0] if model else value]
        case "pictures":
            return [_word(each, library) for each in request.references]
        case "take":
            return [str(value)] if value > 1 else []
        case "params":
            return [f"{name}={json.dumps(each)}" for name, each in value.items()]
    return [value] if value else []


def _parents_model(request: ImageRequest, library: "Library | None", usual: str) -> str:
    """The model of the first reference where that is ours: an edit has it unless it names one."""
    if request.references and library is not None:
        with suppress(BananaError):
            parent = library.by_digest(request.references[0].origin).request
            return same_in(request.catalogue, parent.catalogue, parent.model)
    return usual


def _word(reference: Reference, library: "Library | None") -> str:
    """What stands behind ``-i``: a name of this notebook, else what any notebook understands."""
    running = shell()
    names: dict[str, Any] = running.user_ns if running else {}
    label = reference.label
    with suppress(BananaError):
        here = find_picture(label, names)[0]
        if not label.startswith("-") and as_reference(here).digest == reference.digest:
            return label
    if isinstance(reference.body, RemoteImage):
        return reference.url
    if library is not None:
        with suppress(BananaError):  # by its id it goes out as it is; made smaller it is a file
            return library.by_digest(reference.digest).digest[:12]  # enough of an id
        with suppress(BananaError):
            return str(library.reference(reference.digest))
    return label or "picture"
