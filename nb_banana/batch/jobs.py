"""`Job`: one of many pictures that are asked for together. Takes and prompts become jobs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from typing import Any

from nb_banana._text import is_absent
from nb_banana.errors import RequestError, SettingsError
from nb_banana.generation.context import Context
from nb_banana.generation.options import (
    OUTPUT_NAMES,
    OutputOptions,
    build_request,
    known_options,
)
from nb_banana.generation.plan import Job
from nb_banana.request import ImageRequest, copy_with, whole_number

FOR_ALL = OUTPUT_NAMES | {"executor", "key_name", "quiet", "timeout", "values"}
"""The options of `nb_banana.generate_many` besides those of a request."""
MOST_JOBS = 10_000
"""More combinations or takes than this are a mistake; `generate_many` takes any number."""


def numbered(jobs: Iterable[Job], name: str | None) -> Iterator[Job]:
    """The jobs as one of many each: its place is in its name, as in ``cafe[0]``."""
    for number, job in enumerate(jobs):
        own = job.output.name if name is None else f"{name}[{number}]"
        yield job._replace(output=replace(job.output, name=own, save=None))


def check_count(count: int) -> None:
    """See that one call does not ask for more pictures than anybody means."""
    if count > MOST_JOBS:
        raise RequestError(f"That is {count:,} pictures, and {MOST_JOBS:,} are the most at once.")


def takes(
    request: ImageRequest,
    count: Any,
    output: OutputOptions,
    variant: Mapping[str, Any] | None = None,
) -> list[Job]:
    """Takes 1 to ``count`` of one request; without a count the request alone."""
    if count is None:
        return [Job(request, output, variant or {})]
    count = whole_number("count", count)
    check_count(count)
    if request.take != 1:
        raise RequestError("count makes takes 1, 2, 3 and so on: leave out the take, or the count.")
    return [
        Job(copy_with(request, take=take), output, {**(variant or {}), "take": take})
        for take in range(1, count + 1)
    ]


def jobs_of_prompts(
    context: Context, prompts: Any, options: Mapping[str, Any], output: OutputOptions
) -> Iterable[Job]:
    """A job for each prompt. A collection is checked whole; an iterator is taken as it comes."""
    is_one = isinstance(prompts, str | bytes | Mapping | ImageRequest)
    if is_one or not isinstance(prompts, Iterable):
        raise RequestError(
            "generate_many takes a list of prompts, a column or an iterator; one prompt goes to "
            'generate, one with a table to generate_many("a {{x}}", rows=table), one with lists '
            'whose values are combined to sweep("a {{x}}", x=["cat", "owl"]).'
        )
    if hasattr(prompts, "columns"):  # a table: what it iterates over are names of columns
        raise RequestError(
            'Name the column of prompts: generate_many(df["prompt"]); or give a prompt that names '
            'columns, and then the table: generate_many("a {{animal}}", df).'
        )
    jobs = (_job(context, *each, options, output) for each in enumerate(prompts, start=1))
    return list(jobs) if isinstance(prompts, Sized) else jobs


def index_of(prompts: Any) -> Sequence[Any] | None:
    """The index of a pandas column, one label for each; None for anything else."""
    index = getattr(prompts, "index", None)
    return list(index) if hasattr(prompts, "iloc") and isinstance(index, Iterable) else None


def _job(
    context: Context, number: int, prompt: Any, options: Mapping[str, Any], output: OutputOptions
) -> Job:
    own: dict[str, Any] = {}
    try:
        if isinstance(prompt, ImageRequest):
            # Its own fields win, as those of a row do.
            known = known_options(dict(options), "", FOR_ALL)
            return Job(build_request(context, prompt, **_left_open(prompt, known)), output)
        if isinstance(prompt, Mapping):
            # A row of a table has no options where nothing stands in it.
            own = {str(name): value for name, value in prompt.items() if not is_absent(value)}
            prompt = own.pop("prompt", None)
        text = _there(prompt)
        also = () if own else FOR_ALL
        asked = known_options({**options, **own}, text, also)
        filled = output.filled(asked.get("values", {}))
        return Job(build_request(context, text, **asked), filled, own)
    except (RequestError, SettingsError) as error:
        raise type(error)(f"Prompt {number}: {error.args[0]}", **error.facts) from error


def _left_open(request: ImageRequest, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options for what a request leaves to the service."""
    is_set = {name: bool(getattr(request, name, False)) for name in options}
    return {name: each for name, each in options.items() if not is_set[name]}


def _there(prompt: Any) -> Any:
    if is_absent(prompt):
        raise RequestError(f"There is none ({prompt}). Leave it out, e.g. with dropna().")
    return prompt
