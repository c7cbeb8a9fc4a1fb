"""Words and options → the checked request, and what is wanted of the picture besides."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import PurePath
from typing import Any

from nb_banana import template
from nb_banana._text import did_you_mean
from nb_banana.credentials import refuse_key
from nb_banana.errors import RequestError
from nb_banana.generation.context import Context
from nb_banana.models import FIELDS, fields_taken, find_model, no_model
from nb_banana.references.fetch import fetched
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.reference import Reference, as_references
from nb_banana.references.variables import NumberedReferences
from nb_banana.request import ImageRequest, is_on, nearest_ratio
from nb_banana.results.image import BananaImage
from nb_banana.settings import Banana


@dataclass(frozen=True)
class OutputOptions:
    """What a person wants of the picture besides what is in the request."""

    name: str | None = None  # what the caption calls it
    alt: str | None = None  # the alt text; else the prompt
    save: str | os.PathLike[str] | None = None  # a file to write it to as well
    strict: bool = False  # whether another size than asked is an error
    fresh: bool = False  # whether a new one is made although the library has one
    confirmed: bool = False  # whether the person has agreed to the price, of this one among many

    def __post_init__(self) -> None:
        if words := self.words:
            refuse_key("The name, alt or save", words)

    @property
    def words(self) -> str:
        """All that is a text in it."""
        texts = (self.name, self.alt, self.save)
        return " ".join(str(each) for each in texts if isinstance(each, str | PurePath))


DEFAULT_OUTPUT = OutputOptions()
OUTPUT_NAMES = frozenset(each.name for each in fields(OutputOptions)) - {"confirmed"}
"""The output options that a person can give."""


def take_output_options(options: dict[str, Any]) -> OutputOptions:
    """Take the output options out of what a person gave as options."""
    given = {name: options.pop(name) for name in OUTPUT_NAMES & set(options)}
    for name in {"strict", "fresh"} & set(given):
        given[name] = is_on(name, given[name])
    return OutputOptions(**given)


def options_like(images: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a request takes over from its first reference, where that was made here."""
    first = _first(images)
    if not isinstance(first, BananaImage):
        return {}
    model_name = said.get("model") or _editor(first.request.model)
    found: dict[str, Any] = {"model": model_name}
    model = find_model(model_name)
    if model is not None and model.aspect_ratios:
        found["aspect_ratio"] = nearest_ratio(first.width, first.height, model.aspect_ratios)
    resolution = first.request.resolution
    if resolution and (model is None or resolution in model.resolutions):
        found["resolution"] = resolution
    return found


def usual_options(settings: Banana, model_name: str) -> dict[str, Any]:
    """The settings that hold for a model: those that it has no field for stay behind."""
    names = fields_taken(find_model(model_name))
    found = {name: getattr(settings, name) for name in names if settings.has_trait(name)}
    return found | {"model": model_name}


def _first(images: Any) -> Any:
    for _ in range(3):  # a list that holds itself has an end
        if isinstance(images, list | tuple):
            images = images[0] if images else None
    return images.source if isinstance(images, Reference) else images


def _editor(name: str) -> str:
    """The model itself where it takes references, else its twin that does."""
    model = find_model(name)
    if model is None or model.max_images != 0:
        return name
    twin = find_model(f"{model.ids[0]}-edit")
    return twin.ids[0] if twin else name


def build_request(
    context: Context,
    prompt: str,
    *,
    images: Any = (),
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    take: int = 1,
    resize: bool | None = None,
    raw: bool = False,
    **fields: Any,
) -> ImageRequest:
    """The checked request for these words and options."""
    # What is None comes from the first reference where that is a `BananaImage` (its ratio as
    # delivered, its resolution, its model), else from the settings.
    may_have_marks = isinstance(prompt, str) and any(mark in prompt for mark in template.MARKS)
    if may_have_marks and not is_on("raw", raw):
        template.check_filled(prompt)
    if model is not None and not isinstance(model, str):
        raise no_model(model)
    given = {"model": model, **fields}
    said = {name: value for name, value in given.items() if value is not None}
    like = options_like(images, said)
    usual = usual_options(context.settings, model or like.get("model") or context.settings.model)
    held, pictures = LIMITS, images
    if resize is not None or not (isinstance(images, tuple | list) and not images):
        held = limits_of(context, resize)
        pictures = given_pictures(context, images, held)
    options: dict[str, Any] = usual | like | said | {"params": {} if params is None else params}
    return ImageRequest(prompt, images=pictures, take=take, limits=held, **options)


def given_pictures(context: Context, images: Any, held: ReferenceLimits) -> tuple[Reference, ...]:
    """One picture or many as references, by the settings; each once."""
    if context.settings.fetch_references:
        private = context.settings.fetch_private
        images = fetched(images, held, context.transport, private=private)
    return as_references(images, limits=held)


def numbered_references(context: Context) -> NumberedReferences:
    """What counts the pictures of one prompt, by the settings."""
    fetch = None
    if context.settings.fetch_references:
        private = context.settings.fetch_private
        fetch = partial(fetched, over=context.transport, private=private)
    return NumberedReferences(ReferenceLimits.of(context.settings), fetch)


def limits_of(context: Context, resize: bool | None) -> ReferenceLimits:
    """How large references may be: by the settings, but for ``resize``."""
    limits = ReferenceLimits.of(context.settings)
    return limits if resize is None else replace(limits, resize=is_on("resize", resize))


REQUEST_OPTIONS = frozenset(each.name for each in FIELDS) | {"resize", "raw"}


def known_options(options: dict[str, Any], *, output: bool = True) -> dict[str, Any]:
    """The same options, if each is one of a request."""
    for name in options:
        if name not in REQUEST_OPTIONS:
            known = REQUEST_OPTIONS | (OUTPUT_NAMES if output else set())
            raise RequestError(
                f"There is no option {name!r} here: there are {', '.join(sorted(known))}."
                + did_you_mean(name, known)
            )
    return options
