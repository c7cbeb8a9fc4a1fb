"""The Python door: one function for each thing that a person does."""

import asyncio
import getpass
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, overload

from nb_banana import credentials
from nb_banana._text import say
from nb_banana.batch import jobs, runner
from nb_banana.batch.background import start, start_many
from nb_banana.batch.executors import ExecutorTransport
from nb_banana.batch.retry import retry as retry
from nb_banana.batch.sweep import sort_out, sweep_jobs
from nb_banana.display.progress import while_awaited
from nb_banana.errors import MissingKeyError
from nb_banana.generation import lookup, pipeline
from nb_banana.generation.dry_run import DryRun
from nb_banana.generation.options import (
    OutputOptions,
    build_request,
    known_options,
    take_output_options,
)
from nb_banana.generation.plan import quote_many
from nb_banana.request import is_on
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage
from nb_banana.services.aimlapi.payload import payload_of
from nb_banana.settings import checked_patience, settings

payload = payload_of  # asked for by `ImageRequest.payload`


@overload
def generate(prompt: str, *, count: None = None, **options: Any) -> BananaImage: ...
@overload
def generate(prompt: str, *, count: int, **options: Any) -> Gallery: ...
def generate(
    prompt: str,
    *,
    count: int | None = None,
    background: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> BananaImage | Gallery:
    """Make a picture from a prompt. One that is in the library already costs nothing.

    Args:
        prompt: what to draw.
        count: so many takes of it, in a `Gallery`.
        background: come back at once; the picture is used as ever, and using it waits for it.
        timeout: seconds to wait for the picture.
        key: the key for this call alone. Better: the environment, or `login`.
        **options: ``name`` (what the caption calls the picture), ``alt`` (the alt text; else the
            prompt), ``save`` (also write it to this file, of several into this folder), ``strict``
            (another size than asked is an error), ``fresh`` (pay for a new one although this one is
            in the library);
            ``images`` (one picture of any kind, or several), ``model``, ``aspect_ratio``,
            ``resolution``, ``web_search``, ``params``, ``take`` as in `ImageRequest`; for those
            not given the first picture's own hold if it was made here, else the settings.
            ``resize=False`` refuses references that are too large; ``raw=True`` sends ``{{…}}`` in
            the prompt as it is, which `sweep` and a cell would fill.

    Raises:
        BananaError: see `nb_banana.errors`.

    >>> generate("a banana on a beach", aspect_ratio="16:9").size
    (1376, 768)
    >>> len(generate("a banana on a beach", count=2))
    2
    """
    secret = credentials.given_key(key)
    key = None  # from here on no traceback of anything can show it
    output, patience = take_output_options(options), checked_patience(timeout)
    request = build_request(prompt, **known_options(options))
    if count is None:
        draw = start if is_on("background", background) else pipeline.make
        return draw(request, output, key=secret, timeout=patience)
    draw_many = start_many if is_on("background", background) else runner.run_batch
    return draw_many(jobs.takes(request, count, output), output, key=secret, timeout=patience)


def sweep(
    prompt: str,
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    names: Mapping[str, Any] | None = None,
    raw: bool = False,
    count: int | None = None,
    background: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> Gallery:
    """Make a picture for each combination of values.

    Args:
        prompt: with a ``{{name}}`` for each name that is no field of the request.
        over: the values of each field or name, where an option has the same name.
        names: what else ``{{…}}`` may name, e.g. ``globals()``.
        raw: leave ``{{…}}`` as it is; then only fields are swept.
        count: takes of each combination.
        background: come back at once, as in `generate`.
        timeout: seconds to wait for each picture.
        key: the key for this call alone.
        **options: as `generate`. A list of values of ``aspect_ratio``, ``resolution``, ``model``,
            ``web_search`` or of a name in the prompt is swept; a single value holds for all.

    Raises:
        BananaError: nothing was drawn; one that fails among others is a `Failure` in the gallery.

    >>> grid = sweep("a {{animal}}", animal=["cat", "owl"], aspect_ratio=["1:1", "16:9"])
    >>> [image.size for image in grid.where(animal="owl")]
    [(1024, 1024), (1376, 768)]
    """
    secret = credentials.given_key(key)
    key = None  # from here on no traceback of anything can show it
    output, patience = take_output_options(options), checked_patience(timeout)
    sorted_out = sort_out(prompt, options, over, names, raw=raw)
    many = sweep_jobs(prompt, *sorted_out, raw=raw, count=count, output=output)
    draw_many = start_many if is_on("background", background) else runner.run_batch
    return draw_many(many, output, key=secret, timeout=patience)


def generate_many(
    prompts: Any,
    *,
    executor: Executor | None = None,
    key_name: str | None = None,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> Gallery:
    """Make a picture for each prompt, ``Banana.concurrency`` of them at once.

    Args:
        prompts: texts, `ImageRequest` objects, or mappings of ``prompt`` and options: a list, a
            column of pandas or polars, or an iterator, which is taken as places become free.
        executor: who sends the requests if not this process: a process pool, Dask's
            ``Client.get_executor()``, ipyparallel's. The key does not travel: each worker finds
            its own where the notebook would, in its environment or keyring.
        key_name: the environment variable of the workers that has the key.
        timeout: seconds to wait for each picture.
        key: the key for this call alone; it is not given to other processes.
        **options: as `generate`, for all of them.

    Raises:
        BananaError: nothing was drawn; one that fails among others is a `Failure` in the gallery.

    >>> [image.prompt for image in generate_many(["a cat", "an owl"])]
    ['a cat', 'an owl']
    """
    secret = credentials.given_key(key)
    key = None  # from here on no traceback of anything can show it
    output, patience = take_output_options(options), checked_patience(timeout)
    return runner.run_batch(
        jobs.jobs_of_prompts(prompts, options, output),
        output,
        labels=jobs.index_of(prompts),
        key=secret,
        timeout=patience,
        carrier=ExecutorTransport(executor, key_name) if executor is not None else None,
    )


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
    pictures = [image, () if images is None else images]
    edited: BananaImage = generate(prompt, images=pictures, **options)
    return edited


async def agenerate(prompt: str, **options: Any) -> BananaImage:
    """The same as `generate`, for ``await``: the kernel stays free meanwhile.

    The request is sent from a thread. Cancelling ends the wait at once; the request itself can't
    be called back: it goes on in its thread, and what it makes is kept as always.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    make: Callable[..., BananaImage] = generate
    with while_awaited():
        return await asyncio.to_thread(make, prompt, **options)


def dry_run(
    prompt: str,
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    names: Mapping[str, Any] | None = None,
    raw: bool = False,
    count: int | None = None,
    fresh: bool = False,
    **options: Any,
) -> DryRun:
    """What `generate` or `sweep` would send and cost, as JSON, ``requests`` code and ``curl``.

    Nothing is sent. Of several pictures it shows the first request, and the price of all; with
    ``fresh=True`` also of what is in the library.

    >>> dry_run("a banana").payload
    {'model': 'google/nano-banana-2', 'prompt': 'a banana'}
    """
    swept, names, common = sort_out(prompt, options, over, names, raw=raw)
    if count is None and not swept and not names:
        request = build_request(prompt, raw=raw, **common)
        return DryRun(request, settings.base_url, lookup.quote(request, fresh=fresh))
    output = OutputOptions(fresh=fresh)
    many = sweep_jobs(prompt, swept, names, common, raw=raw, count=count, output=output)
    return DryRun(many[0].request, settings.base_url, quote_many(many), count=len(many))


def login(key: str | None = None, *, save: bool = False) -> None:
    """Give the key for the service of ``base_url``. Without an argument it is asked for, unseen.

    Args:
        key: better not written into a notebook; leave it out to be asked.
        save: keep it in the system's keyring too, for later kernels (``nb-banana[keyring]``).

    Raises:
        MissingKeyError: nothing was given, or nobody is there to be asked.
    """
    host = credentials.host_of(settings.base_url)
    secret = credentials.Secret(_ask(host) if key is None else key)
    key = None  # from here on no traceback of anything can show it
    place = credentials.remember_key(settings.base_url, secret, save=save)
    say(f"Key for {host} kept {place}.")


def _ask(host: str) -> str:
    try:
        return getpass.getpass(f"Key for {host} ({credentials.KEY_PAGE}): ")
    except (EOFError, RuntimeError) as error:  # a kernel that nobody sits at raises RuntimeErrors
        raise MissingKeyError(
            f"Nobody can be asked for the key here. Set {credentials.ENVIRONMENT[0]} instead."
        ) from error
