"""Words and options → the checked request; what nobody said follows a reference or the settings."""

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from nb_banana.errors import RequestError
from nb_banana.fetching import fetched
from nb_banana.inherit import options_like, usual_options
from nb_banana.limits import Limits
from nb_banana.near import hint
from nb_banana.references import Reference, as_references
from nb_banana.request import ImageRequest
from nb_banana.settings import limits, settings
from nb_banana.wishes import Wishes


def build_request(
    prompt: str,
    *,
    images: Any = (),
    model: str | None = None,
    aspect_ratio: str | None = None,
    resolution: str | None = None,
    web_search: bool | None = None,
    params: Mapping[str, Any] | None = None,
    take: int = 1,
    resize: bool | None = None,
) -> ImageRequest:
    """The checked request for these words and options.

    What is None comes from the first reference where that is a `BananaImage` (its ratio as
    delivered, its resolution, its model), else from the settings.

    Raises:
        RequestError: a value that the model does not take.
    """
    given = {
        "model": model,
        "aspect_ratio": aspect_ratio,
        "resolution": resolution,
        "web_search": web_search,
    }
    said = {name: value for name, value in given.items() if value is not None}
    like = options_like(images, said)
    usual = usual_options(model or like.get("model") or settings.model)
    options = usual | like | said
    held = _limits(resize)
    pictures = given_pictures(images, resize)
    return ImageRequest(
        prompt, images=pictures, params=params or {}, take=take, limits=held, **options
    )


def given_pictures(images: Any, resize: bool | None = None) -> tuple[Reference, ...]:
    """One picture or many as references, by the settings; each once.

    Raises:
        BadReferenceError: see `nb_banana.references.as_references`.
    """
    held = _limits(resize)
    here = fetched(images, held) if settings.fetch_references else images
    return as_references(here, limits=held)


def _limits(resize: bool | None) -> Limits:
    return limits() if resize is None else replace(limits(), resize=resize)


REQUEST_OPTIONS = frozenset(inspect.signature(build_request).parameters) - {"prompt"}


def known_options(options: dict[str, Any], *, wishes: bool = True) -> dict[str, Any]:
    """The same options, if each is one of a request.

    Args:
        options: what was given, without wishes.
        wishes: whether wishes could have been given in this place too.

    Raises:
        RequestError: one is not.
    """
    for name in options:
        if name not in REQUEST_OPTIONS:
            more = {each.name for each in fields(Wishes)} - {"agreed"} if wishes else set()
            known = REQUEST_OPTIONS | more
            raise RequestError(
                f"There is no option {name!r} here: there are {', '.join(sorted(known))}."
                + hint(name, known)
            )
    return options
