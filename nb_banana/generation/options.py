"""Words and options → the checked request, and what is wanted of the picture besides."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from nb_banana._catalogue import AIMLAPI, Catalogue, find_in, same_in, usual_in
from nb_banana._later import Later, later
from nb_banana._text import MARKS, clean, did_you_mean, shown
from nb_banana.credentials import hide_key, refuse_key
from nb_banana.errors import RequestError
from nb_banana.generation.context import Context
from nb_banana.models import FIELD_OF, FIELDS, fields_taken, find_model, no_model
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.reference import Reference, as_references
from nb_banana.request import ImageRequest, copy_with, is_on, nearest_ratio, whole_number
from nb_banana.results.image import BananaImage
from nb_banana.settings import Banana, checked_seconds

if TYPE_CHECKING:
    from nb_banana import template
    from nb_banana.references import fetch, variables
else:  # a request without pictures and names needs none
    template = Later("nb_banana.template")
    fetch, variables = later("nb_banana.references", "fetch", "variables")


@dataclass(frozen=True, eq=False, repr=False)
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

    def filled(self, values: Mapping[str, Any]) -> "OutputOptions":
        """The same, with the ``{{…}}`` of its texts filled as those of the prompt."""
        texts = {name: getattr(self, name) for name in ("name", "alt", "save")}
        found: dict[str, Any] = {
            name: template.fill(text, template.GivenValues(values))
            for name, text in texts.items()
            if values and isinstance(text, str)
        }
        return replace(self, **found) if found else self


DEFAULT_OUTPUT = OutputOptions()
OUTPUT_NAMES = frozenset(each.name for each in fields(OutputOptions)) - {"confirmed"}
"""The output options that a person can give."""


def take_call_options(options: dict[str, Any]) -> tuple[OutputOptions, dict[str, Any]]:
    """Take out of the options what is no field of a request: the output, and how it is asked."""
    if options.get("key") is not None:
        hide_key(options)
    timeout = options.pop("timeout", None)
    patience = None if timeout is None else checked_seconds(timeout)
    quiet = options.pop("quiet", False)
    quiet = quiet is not False and is_on("quiet", quiet)
    given = {name: options.pop(name) for name in OUTPUT_NAMES & set(options)}
    for name in {"strict", "fresh"} & set(given):
        given[name] = is_on(name, given[name])
    named = options.get("service")
    service = named if isinstance(named, str) else None  # several are swept
    how = {"key": options.pop("key", None), "timeout": patience, "quiet": quiet, "service": service}
    return OutputOptions(**given), how


def options_like(
    images: Any, said: Mapping[str, Any], catalogue: Catalogue = AIMLAPI
) -> dict[str, Any]:
    """What a request takes over from its first reference, where that was made here."""
    first = _first(images)
    if not isinstance(first, BananaImage):
        return {}
    found: dict[str, Any] = {}
    try:
        found["model"] = said.get("model") or _editor(first.request, catalogue)
        model = find_in(catalogue, found["model"])
    except RequestError:  # another service drew it, and this one has not its model
        if "model" in said:
            raise
        model = catalogue.models[0]
    if model is not None and model.aspect_ratios:
        found["aspect_ratio"] = nearest_ratio(first.width, first.height, model.aspect_ratios)
    resolution = first.request.resolution
    if resolution and (model is None or resolution in model.resolutions):
        found["resolution"] = resolution
    return found


def catalogue_named(context: Context, service: Any = None) -> Catalogue:
    """The models of a service, by default of that of the settings."""
    if service is not None:
        return context.find_named(service).catalogue
    return context.services[context.settings.service].catalogue


def usual_options(
    settings: Banana, model_name: str, catalogue: Catalogue = AIMLAPI
) -> dict[str, Any]:
    """The settings that hold for a model: those that it has no field for stay behind."""
    names = fields_taken(find_in(catalogue, model_name))
    found = {name: getattr(settings, name) for name in names if settings.has_trait(name)}
    return found | {"model": model_name}


def _first(images: Any) -> Any:
    for _ in range(3):  # a list that holds itself has an end
        if isinstance(images, list | tuple):
            images = images[0] if images else None
    return images.source if isinstance(images, Reference) else images


def _editor(request: ImageRequest, catalogue: Catalogue) -> str:
    """The model itself where it takes references, else its twin that does."""
    name = same_in(catalogue, request.catalogue, request.model)
    model = find_in(catalogue, name)
    if model is None or model.max_images != 0:
        return name
    twin = find_model(f"{model.ids[0]}-edit") if catalogue is AIMLAPI else None
    return twin.ids[0] if twin else name


def build_request(context: Context, prompt: str | ImageRequest, /, **options: Any) -> ImageRequest:
    """The checked request for these words and options, or for a request and what changes in it."""
    if isinstance(prompt, ImageRequest):
        return _changed(context, prompt, options)
    return _build(context, prompt, **options)


def _build(
    context: Context,
    prompt: str,
    *,
    images: Any = (),
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    take: int = 1,
    resize: bool | None = None,
    raw: bool = False,
    values: Mapping[str, Any] | None = None,
    service: str | None = None,
    **fields: Any,
) -> ImageRequest:
    # What is None comes from the first reference where that is a `BananaImage` (its ratio as
    # delivered, its resolution, its model), else from the settings.
    if not isinstance(prompt, str):
        raise no_words(prompt)
    may_have_marks = any(mark in prompt for mark in MARKS)
    if may_have_marks and not is_on("raw", raw):
        prompt, images = fill_prompt(context, prompt, images, values, resize, service)
    if model is not None and not isinstance(model, str):
        raise no_model(model)
    given = {"model": model, **fields}
    said = {name: value for name, value in given.items() if value is not None}
    catalogue = catalogue_named(context, service)
    like = options_like(images, said, catalogue)
    usual_model = model or like.get("model") or usual_in(catalogue, context.settings.model)
    usual = usual_options(context.settings, usual_model, catalogue)
    held, pictures = LIMITS, images
    if resize is not None or not (isinstance(images, tuple | list) and not images):
        held = limits_of(context, resize, service)
        pictures = given_pictures(context, images, held)
    options: dict[str, Any] = usual | like | said | {"params": {} if params is None else params}
    options |= {"take": take, "limits": held, "catalogue": catalogue}
    return ImageRequest(prompt, images=pictures, **options)


def no_words(prompt: Any) -> RequestError:
    """The error for a prompt that is no text, with where such a thing goes."""
    said = f"The prompt is a text, not {type(prompt).__name__}."
    if isinstance(prompt, BananaImage):
        return RequestError(
            f'{said} To change a picture: edit(picture, "make it night"), the picture first; to '
            "have it once more: picture.again(), or generate(picture.request)."
        )
    if isinstance(prompt, os.PathLike) or hasattr(prompt, "__array_interface__"):
        return RequestError(f'{said} The picture comes first: edit(picture, "make it night").')
    if isinstance(prompt, Iterable) and not isinstance(prompt, Mapping | bytes):
        return RequestError(f"{said} Of several each its picture: generate_many(prompts).")
    return RequestError(said)


def _changed(context: Context, request: ImageRequest, options: dict[str, Any]) -> ImageRequest:
    """The request with these fields in place of its own. Its prompt is never filled again."""
    given = {
        name: value
        for name, value in options.items()
        if name in FIELD_OF
        and (value is not None or FIELD_OF[name].kind in {"choice", "pictures"})  # left to others
    }
    resize, prompt, service = map(options.get, ("resize", "prompt", "service"))
    if prompt is not None:
        pictures = given.get("images", request.references)
        given["prompt"] = prompt
        if isinstance(prompt, str) and not is_on("raw", options.get("raw", False)):
            values = options.get("values")
            given["prompt"], given["images"] = fill_prompt(
                context, prompt, pictures, values, resize, service
            )
    catalogue = catalogue_named(context, service)
    if catalogue is not request.catalogue:
        given["catalogue"] = catalogue
        if "model" not in given:
            given["model"] = same_in(catalogue, request.catalogue, request.model)
    if given.keys() <= {"take"}:  # a library's may have values that its model takes no more
        take = whole_number("take", given.get("take", request.take))
        return request if take == request.take else copy_with(request, take=take)
    if "images" in given or resize is not None:
        given["limits"] = limits_of(context, resize, service)
    if "images" in given:
        given["images"] = given_pictures(context, given["images"], given["limits"])
    return replace(request, **given)


def fill_prompt(
    context: Context,
    prompt: str,
    images: Any,
    values: Mapping[str, Any] | None,
    resize: bool | None = None,
    service: Any = None,
) -> tuple[str, Any]:
    """The prompt with its ``{{…}}`` filled, and the pictures, those among the values behind."""
    if values is None:
        template.check_filled(prompt)
        return prompt, images
    references = numbered_references(context, resize, service)
    for image in given_pictures(context, images, limits_of(context, resize, service)):
        references.number(image)
    return template.fill(prompt, values, references), list(references)


def given_pictures(context: Context, images: Any, held: ReferenceLimits) -> tuple[Reference, ...]:
    """One picture or many as references, by the settings; each once."""
    if context.settings.fetch_references:
        private = context.settings.fetch_private
        images = fetch.fetched(images, held, context.transport, private=private)
    return as_references(images, limits=held)


def numbered_references(
    context: Context, resize: bool | None = None, service: Any = None
) -> "variables.NumberedReferences":
    """What counts the pictures of one prompt, by the settings."""
    fetched = None
    if context.settings.fetch_references:
        private = context.settings.fetch_private
        fetched = partial(fetch.fetched, over=context.transport, private=private)
    return variables.NumberedReferences(limits_of(context, resize, service), fetched)


def limits_of(context: Context, resize: bool | None, service: Any = None) -> ReferenceLimits:
    """How large references may be: by the settings but for ``resize``, and by who draws."""
    limits = ReferenceLimits.of(context.settings)
    name = service if isinstance(service, str) else None  # several are swept
    own = context.services[name or context.settings.service].limits
    limits = limits if own is LIMITS else limits.within(own)  # it says others
    return limits if resize is None else replace(limits, resize=is_on("resize", resize))


REQUEST_OPTIONS = frozenset(each.name for each in FIELDS) | {"resize", "raw", "service"}
CALL_OPTIONS = OUTPUT_NAMES | {"background", "count", "quiet", "timeout", "values"}
"""The further options of `nb_banana.generate`."""


def known_options(
    options: dict[str, Any], prompt: Any = "", also: Iterable[str] = CALL_OPTIONS
) -> dict[str, Any]:
    """The options of a request; what else was given becomes ``values`` for the prompt's names.

    Raises:
        RequestError: a word that is neither an option nor a ``{{name}}`` of the prompt.
    """
    extra = {name: value for name, value in options.items() if name not in REQUEST_OPTIONS}
    if not extra:
        return options
    named = extra.pop("values", None)
    if isinstance(named, Mapping):
        both = set(extra) & set(named)
    elif named is not None:
        raise RequestError('values is a dict of names and their values: {"colour": "red"}.')
    else:
        named, both = {}, set()
    if both:
        raise given_twice(min(both))
    given: dict[Any, Any] = {**extra, **named}
    is_raw = is_on("raw", options.get("raw", False))
    asked_for = template.names_in(prompt) if isinstance(prompt, str) and not is_raw else set()
    for name, value in given.items():
        if name not in asked_for:
            raise unknown_option(name, value, asked_for, also)
    found = {name: value for name, value in options.items() if name in REQUEST_OPTIONS}
    return found | ({"values": template.GivenValues(given)} if given else {})


def given_twice(name: str, other: str = "values") -> RequestError:
    """The error for a value that is given by its name and in another place."""
    refuse_key("The name of a value", name)
    return RequestError(f"{name} is given twice, in {other} too: leave one of them out.")


OF_OTHERS = {
    "seed": "Nano Banana 2 has no seed: take=2 is another picture of the same prompt",
    "negative_prompt": "Say in the prompt what is not to be there",
    "steps": "The API has no such number",
    "size": 'The shape is aspect_ratio="16:9", the size resolution="1K", "2K" or "4K"',
    "quality": 'More pixels are resolution="2K" or "4K"; another model is model="pro"',
    "count": "Several takes of one prompt: count=4",
    "images": "Reference pictures, one or several: images=[…]",
    "save": 'To write it to a file: save="fox.png"; the suffix says the format',
    "timeout": "Seconds to wait: timeout=300",
    "cache": "Pictures are kept; to pay for a new one: fresh=True",
    "dry_run": "What it would cost: nb_banana.estimate(…); the request: nb_banana.dry_run(…)",
    "verbose": "To show nothing: quiet=True",
    "key": "The key comes from the environment or nb_banana.login()",
    "concurrency": "How many are drawn at once: nb_banana.configure(concurrency=4)",
    "retries": "What can't have been charged is sent again by itself; failures: gallery.retry()",
    "response_format": 'A picture has its .bytes, its .pil and .save("fox.png")',
}
"""What is meant by a word that others have, and what to write in its place."""
_TAKES_OF_MANY = (
    "Takes of one prompt: generate(prompt, count=4); of each of several: "
    'sweep("{{text}}", text=prompts, count=4)'
)
_SAME = {
    "seed": "random_seed random_state",
    "negative_prompt": "negative",
    "steps": "num_inference_steps guidance guidance_scale cfg cfg_scale temperature strength",
    "size": "width height image_size dimensions ratio shape",
    "count": "n num num_images number_of_images num_outputs num_images_per_prompt samples takes",
    "images": "image image_url image_urls input_image init_image reference references",
    "save": "path file filename output output_path output_format out",
    "cache": "no_cache use_cache",
    "dry_run": "dryrun",
    "verbose": "silent progress",
    "key": "api_key apikey token",
    "concurrency": "max_concurrency max_workers n_jobs num_workers parallel workers threads",
    "retries": "max_retries retry",
    "response_format": "return_format",
}
_SENT_AS_IT_IS = {"seed", "negative_prompt", "steps", "quality"}


def unknown_option(
    name: Any, value: Any, asked_for: Iterable[str] = (), also: Iterable[str] = CALL_OPTIONS
) -> RequestError:
    """The error for a word that is neither an option nor in the prompt, with what is meant."""
    said = f"There is no option {shown(name)}"
    refuse_key("The name of an option", name if isinstance(name, str) else said)
    known, names = sorted({*REQUEST_OPTIONS, *also}), sorted(asked_for)
    text = name if isinstance(name, str) else ""
    hint = _of_others(text, value, known) or did_you_mean(text, [*known, *names])
    if names:
        it_has = "" if hint else f": it has {', '.join(f'{{{{{each}}}}}' for each in names)}"
        said += f", and the prompt has no {{{{{clean(text, 40)}}}}}{it_has}"
    elif not hint:
        said += f" here: there are {', '.join(known)}"
        if text.isidentifier():
            hint = f" Where the prompt has {{{{{text}}}}}, it is filled in, but for raw=True."
    return RequestError(f"{said}.{hint}")


def _of_others(name: str, value: Any, known: Iterable[str]) -> str:
    """What to write in place of a word that other libraries have; nothing where it is none."""
    word = name.lower()
    meant = next((one for one, same in _SAME.items() if word in same.split()), word)
    if meant == "count" and meant not in known:
        return f" {_TAKES_OF_MANY}."
    is_here = meant in known or meant not in {"save", "timeout"}
    if meant not in OF_OTHERS or not is_here:
        return ""
    is_number = type(value) in {int, float} and abs(value) < 10**12
    sent = f'; to send it all the same: params={{"{name}": {value if is_number else "…"}}}'
    return f" {OF_OTHERS[meant]}{sent if meant in _SENT_AS_IT_IS else ''}."
