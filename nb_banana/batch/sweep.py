"""A sweep: one prompt, several values for a field or for a ``{{name}}`` in it → a job for each."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, product
from typing import Any

from nb_banana import template
from nb_banana._text import did_you_mean, shown
from nb_banana.batch.jobs import MOST_JOBS, check_count, takes
from nb_banana.credentials import refuse_key
from nb_banana.errors import RequestError
from nb_banana.generation.context import Context
from nb_banana.generation.options import (
    DEFAULT_OUTPUT,
    REQUEST_OPTIONS,
    OutputOptions,
    build_request,
    given_pictures,
    given_twice,
    known_options,
    limits_of,
    no_words,
    numbered_references,
    unknown_option,
)
from nb_banana.generation.plan import Job
from nb_banana.models import FIELDS
from nb_banana.references.sources import is_picture
from nb_banana.request import ImageRequest, whole_number

SWEPT_OPTIONS = (*(each.name for each in FIELDS if each.is_swept), "service")
"""The options that can be swept. Pictures are swept by a name in the prompt."""


def sweep_jobs(
    context: Context,
    prompt: str | ImageRequest,
    swept: Mapping[str, Sequence[Any]],
    names: dict[str, Any],
    options: Mapping[str, Any],
    *,
    raw: bool = False,
    count: int | None = None,
    output: OutputOptions = DEFAULT_OUTPUT,
) -> list[Job]:
    """A job for each combination of values; the first field varies slowest, takes fastest."""
    each = 1 if count is None else whole_number("count", count)
    known: set[str] | None = set()
    if isinstance(prompt, str):
        known = None if raw else template.names_in(prompt)
    check_count(each * _check(swept, known_options(dict(options)), known))
    resize = options.get("resize")
    how = resize, options.get("service")
    kept, held = numbered_references(context, *how), limits_of(context, *how)
    for image in given_pictures(context, options.get("images", ()), held):
        kept.number(image)
    found: list[Job] = []
    for values in product(*swept.values()):
        variant = dict(zip(swept, values, strict=True))
        fields = {name: value for name, value in variant.items() if name in SWEPT_OPTIONS}
        filled = {name: value for name, value in variant.items() if name not in fields}
        if isinstance(prompt, ImageRequest):
            request = build_request(context, prompt, **{**options, **fields})
        else:
            references = kept.copy()
            every = type(names)({**names, **filled})
            text = prompt if raw else template.fill(prompt, every, references)
            asked = {**options, **fields, "images": list(references), "raw": True}
            request = build_request(context, text, **asked)
        own = {"service": request.catalogue.service}  # no field of it
        variant |= {name: own.get(name) or getattr(request, name) for name in fields}
        words = output
        if isinstance(names, template.GivenValues):  # in a cell they are filled by now
            words = output.filled({**names, **filled})
        found += takes(request, count, words, variant)
    return found


def sort_out(
    prompt: str | ImageRequest,
    options: Mapping[str, Any],
    over: Mapping[str, Sequence[Any]] | None = None,
    names: Mapping[str, Any] | None = None,
    *,
    raw: bool = False,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What a person gave to `nb_banana.sweep`, by what it means."""
    if not isinstance(prompt, str | ImageRequest):
        raise no_words(prompt)
    text = prompt if isinstance(prompt, str) and not raw else ""
    asked_for = template.names_in(text)
    if over is not None and not isinstance(over, Mapping):
        raise RequestError('over is a dict of names and their values: {"style": ["oil", "ink"]}.')
    swept: dict[str, Any] = {name: several(each) for name, each in (over or {}).items()}
    named = known_options({"values": options.get("values")}, text).get("values", {})
    for name in named:
        if name not in REQUEST_OPTIONS and (name in swept or name in options):
            raise given_twice(name)
    if names is not None and not isinstance(names, Mapping):
        raise RequestError(f"names is a dict such as globals(), not {shown(names)}.")
    # In a cell they are those of the notebook.
    names = {**names, **named} if names else template.GivenValues(named)
    common: dict[str, Any] = {}
    for name, value in options.items():
        if name == "values":
            continue
        is_option = name in REQUEST_OPTIONS
        values = None if is_option and name not in SWEPT_OPTIONS else values_of(value)
        if values is not None and (is_option or name in asked_for):
            swept[name] = values
        elif is_option:
            common[name] = value
        elif name in asked_for:
            names[name] = value
        else:
            raise unknown_option(name, value, asked_for)
    return swept, names, common


def several(value: Any) -> list[Any]:
    """Its values, or the single one that it is."""
    found = values_of(value)
    return [value] if found is None else found


def values_of(value: Any) -> list[Any] | None:
    """The values where there are several: a list, a column, a range; None for a single one."""
    if hasattr(value, "columns"):
        raise RequestError('Name the column whose values are swept, e.g. df["animal"].')
    single = isinstance(value, str | bytes | Mapping) or is_picture(value)
    if single or not isinstance(value, Iterable):
        return None
    return list(islice(value, MOST_JOBS + 1))  # an iterator may never end


def _check(
    swept: Mapping[str, Sequence[Any]], options: Mapping[str, Any], known: set[str] | None
) -> int:
    """How many combinations there are, where all can be swept; without names the prompt is raw."""
    total = 1
    for name, values in swept.items():
        if name in SWEPT_OPTIONS:
            if options.get(name) is not None:
                raise RequestError(f"{name} is swept and given once more: leave one of them out.")
        elif name == "take":
            raise RequestError("Takes are counted: write -n 4, or count=4, in place of a sweep.")
        elif known is None:
            raise RequestError(
                f"The sweep of {name} needs {{{{{name}}}}} filled in: leave --raw out."
            )
        elif name not in known:
            refuse_key("A name that is swept", name)
            raise RequestError(
                f"There is no {name} to sweep: it is no field ({', '.join(SWEPT_OPTIONS)}), and "
                f"the prompt has no {{{{{name}}}}}.{did_you_mean(name, [*SWEPT_OPTIONS, *known])}"
            )
        if not values:
            raise RequestError(f"The sweep of {name} has no values.")
        total *= len(values)
    return total
