"""The Python door: one function for each thing that a person does."""

import asyncio
import getpass
import inspect
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nb_banana import keys, studio
from nb_banana.dryrun import DryRun
from nb_banana.errors import MissingKeyError, RequestError
from nb_banana.fetching import fetched
from nb_banana.image import BananaImage
from nb_banana.inherit import options_like, usual_options
from nb_banana.near import hint
from nb_banana.progress import while_awaited
from nb_banana.request import ImageRequest
from nb_banana.settings import checked_seconds, limits, settings


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
    held = limits() if resize is None else replace(limits(), resize=resize)
    here = fetched(images, held) if settings.fetch_references else images
    return ImageRequest(prompt, images=here, params=params or {}, take=take, limits=held, **options)


def generate(
    prompt: str,
    *,
    name: str | None = None,
    alt: str | None = None,
    save: str | os.PathLike[str] | None = None,
    strict: bool = False,
    fresh: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> BananaImage:
    """Make a picture from a prompt. One that is in the library already costs nothing.

    Args:
        prompt: what to draw.
        name: what the caption calls the picture.
        alt: the alt text; else the prompt.
        save: also write the picture to this file, see `BananaImage.save`.
        strict: whether another size than asked is an error; the picture is in its ``.image``.
        fresh: pay for a new picture although this one is in the library.
        timeout: seconds to wait for the picture.
        key: the key for this call alone. Better: the environment, or `login`.
        **options: ``images`` (one picture of any kind, or several), ``model``, ``aspect_ratio``,
            ``resolution``, ``web_search``, ``params``, ``take`` as in `ImageRequest`; for those
            not given the first picture's own hold if it was made here, else the settings.
            ``resize=False`` refuses references that are too large.

    Raises:
        BananaError: see `nb_banana.errors`.

    >>> generate("a banana on a beach", aspect_ratio="16:9").size
    (1376, 768)
    """
    secret = None if key is None else keys.Secret(key)
    key = None  # from here on no traceback of anything can show it
    request = build_request(prompt, **_known(options))
    if timeout is not None:
        timeout = checked_seconds(timeout)
    wishes = studio.Wishes(name, alt, save, strict, fresh)
    return studio.make(request, wishes, key=secret, timeout=timeout)


def edit(image: Any, prompt: str, *, images: Any = (), **options: Any) -> BananaImage:
    """Make a new picture from one: it is image 1, and ``images`` follow.

    Args:
        image: a picture of any kind.
        prompt: what to change.
        images: further references.
        **options: as `generate`.

    Raises:
        BananaError: see `nb_banana.errors`.

    >>> edit(generate("a café", aspect_ratio="16:9"), "make it night").size
    (1376, 768)
    """
    return generate(prompt, images=[image, () if images is None else images], **options)


async def agenerate(prompt: str, **options: Any) -> BananaImage:
    """The same as `generate`, for ``await``: the kernel stays free meanwhile.

    The request is sent from a thread. Cancelling ends the wait at once; the request itself can't
    be called back: it goes on in its thread, and what it makes is kept as always.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    with while_awaited():
        return await asyncio.to_thread(generate, prompt, **options)


def dry_run(prompt: str, **options: Any) -> DryRun:
    """What `generate` would send and cost, as JSON, ``requests`` code and ``curl``. It is not sent.

    >>> dry_run("a banana").payload
    {'model': 'google/nano-banana-2', 'prompt': 'a banana'}
    """
    request = build_request(prompt, **_known(options))
    return DryRun(request, settings.base_url, studio.quote(request))


def login(key: str | None = None, *, save: bool = False) -> None:
    """Give the key for the service of ``base_url``. Without an argument it is asked for, unseen.

    Args:
        key: better not written into a notebook; leave it out to be asked.
        save: keep it in the system's keyring too, for later kernels (``nb-banana[keyring]``).

    Raises:
        MissingKeyError: nothing was given, or nobody is there to be asked.
    """
    host = keys.host_of(settings.base_url)
    secret = keys.Secret(_ask(host) if key is None else key)
    key = None  # from here on no traceback of anything can show it
    place = keys.remember(settings.base_url, secret, save=save)
    print(f"Key for {host} kept {place}.")  # noqa: T201 - the answer to a person


REQUEST_OPTIONS = frozenset(inspect.signature(build_request).parameters) - {"prompt"}


def _known(options: dict[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in REQUEST_OPTIONS:
            raise RequestError(
                f"There is no option {name!r}: there are {', '.join(sorted(REQUEST_OPTIONS))}."
                + hint(name, REQUEST_OPTIONS)
            )
    return options


def _ask(host: str) -> str:
    try:
        return getpass.getpass(f"Key for {host} ({keys.KEY_PAGE}): ")
    except (EOFError, RuntimeError) as error:  # a kernel that nobody sits at raises RuntimeErrors
        raise MissingKeyError(
            f"Nobody can be asked for the key here. Set {keys.ENVIRONMENT[0]} instead."
        ) from error
