"""The Python door: one function for each thing that a person does."""

import getpass
import os
from collections.abc import Mapping, Sequence
from typing import Any

from nb_banana import keys, studio
from nb_banana.dryrun import DryRun
from nb_banana.errors import MissingKeyError
from nb_banana.image import BananaImage
from nb_banana.references import Reference
from nb_banana.request import ImageRequest
from nb_banana.settings import settings


def build_request(
    prompt: str,
    *,
    images: Sequence[str | Reference] = (),
    model: str | None = None,
    aspect_ratio: str | None = None,
    resolution: str | None = None,
    web_search: bool | None = None,
    params: Mapping[str, Any] | None = None,
) -> ImageRequest:
    """The checked request for these words and options; what is None comes from the settings.

    Raises:
        RequestError: a value that the model does not take.
    """
    return ImageRequest(
        prompt,
        model=settings.model if model is None else model,
        images=images,
        aspect_ratio=settings.aspect_ratio if aspect_ratio is None else aspect_ratio,
        resolution=settings.resolution if resolution is None else resolution,
        web_search=settings.web_search if web_search is None else web_search,
        params=params or {},
    )


def generate(
    prompt: str,
    *,
    name: str | None = None,
    alt: str | None = None,
    save: str | os.PathLike[str] | None = None,
    strict: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> BananaImage:
    """Make a picture from a prompt.

    Args:
        prompt: what to draw.
        name: what the caption calls the picture.
        alt: the alt text; else the prompt.
        save: also write the picture to this file, see `BananaImage.save`.
        strict: whether another size than asked is an error; the picture is in its ``.image``.
        timeout: seconds to wait for the picture.
        key: the key for this call alone. Better: the environment, or `login`.
        **options: ``model``, ``aspect_ratio``, ``resolution``, ``web_search``, ``images``,
            ``params`` as in `ImageRequest`; the settings hold for those not given.

    Raises:
        BananaError: see `nb_banana.errors`.

    >>> generate("a banana on a beach", aspect_ratio="16:9").size
    (1376, 768)
    """
    request = build_request(prompt, **options)
    service = studio.find_service(key=key, timeout=timeout)
    return studio.make(request, service=service, name=name, alt=alt, save=save, strict=strict)


def dry_run(prompt: str, **options: Any) -> DryRun:
    """What `generate` would send, as JSON, as ``requests`` code and as ``curl``. Nothing is sent.

    >>> dry_run("a banana").payload
    {'model': 'google/nano-banana-2', 'prompt': 'a banana'}
    """
    request = build_request(prompt, **options)
    return DryRun(request, settings.base_url)


def login(key: str | None = None, *, save: bool = False) -> None:
    """Give the key for the service of ``base_url``. Without an argument it is asked for, unseen.

    Args:
        key: better not written into a notebook; leave it out to be asked.
        save: keep it in the system's keyring too, for later kernels (``nb-banana[keyring]``).

    Raises:
        MissingKeyError: nothing was given, or nobody is there to be asked.
    """
    host = keys.host_of(settings.base_url)
    if key is None:
        key = _ask(host)
    place = keys.remember(settings.base_url, key, save=save)
    print(f"Key for {host} kept {place}.")  # noqa: T201 - the answer to a person


def _ask(host: str) -> str:
    try:
        return getpass.getpass(f"Key for {host} ({keys.KEY_PAGE}): ")
    except (EOFError, RuntimeError) as error:  # a kernel that nobody sits at raises RuntimeErrors
        raise MissingKeyError(
            f"Nobody can be asked for the key here. Set {keys.ENVIRONMENT[0]} instead."
        ) from error
