"""The Python door: one function for each thing that a person does, those of the default client."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from nb_banana import _default
from nb_banana._hints import hinted
from nb_banana.credentials import hide_key

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from nb_banana._client import Client
    from nb_banana._doctor import Checkup
    from nb_banana._spending import Statement
    from nb_banana.batch.background import Pending
    from nb_banana.generation.dry_run import DryRun
    from nb_banana.generation.lookup import Estimate
    from nb_banana.generation.recovery import Recovery
    from nb_banana.request import ImageRequest
    from nb_banana.results.gallery import Gallery
    from nb_banana.results.history import History
    from nb_banana.results.image import BananaImage

    Prompt = str | ImageRequest


def _client() -> "Client":
    made: Client = _default.client()
    return made


@overload
def generate(prompt: "Prompt", *, count: None = None, **options: Any) -> "BananaImage": ...
@overload
def generate(prompt: "Prompt", *, count: int, **options: Any) -> "Gallery": ...
def generate(
    prompt: "Prompt",
    *,
    count: int | None = None,
    background: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> "BananaImage | Gallery":
    """Make a picture from a prompt. One that is in the library already costs nothing.

    Args:
        prompt: what to draw; ``{{name}}`` in it is filled from the call. Or an `ImageRequest`,
            whose prompt is drawn as it is; options beside it change its fields.
        count: so many takes of it, in a `Gallery`.
        background: come back at once; the picture is used as ever, and using it waits for it. With
            ``NB_BANANA_BACKGROUND=0`` in the environment it is waited for here.
        timeout: seconds to wait for the picture.
        key: the key for this call alone. Better: the environment, or `login`.
        **options: ``name`` (what the caption calls the picture), ``alt`` (the alt text; else the
            prompt), ``save`` (also write it to this file, of several into this folder), ``strict``
            (another size than asked is an error), ``fresh`` (pay for a new one although this one is
            in the library), ``quiet`` (say nothing meanwhile), ``service`` (who draws this one,
            e.g. ``"fal"``: notebooks/services.md);
            ``images`` (one picture of any kind, or several), ``model``, ``aspect_ratio``,
            ``resolution``, ``web_search``, ``params``, ``take`` as in `ImageRequest`; for those
            not given the first picture's own hold if it was made here, else the settings.
            ``resize=False`` refuses references that are too large; ``raw=True`` sends ``{{…}}`` in
            the prompt as it is. Any other keyword fills a ``{{name}}`` with words or a picture,
            also in ``name``, ``alt`` and ``save``; ``values={"model": "T"}`` serves those that
            are called like an option.

    Raises:
        BananaError: see `nb_banana.errors`.

    >>> generate("a banana on a beach", aspect_ratio="16:9").size
    (1376, 768)
    >>> len(generate("a banana on a beach", count=2))
    2
    >>> generate("a {{colour}} fox", colour="red").prompt
    'a red fox'
    """
    options["timeout"], options["key"], key = timeout, key, None  # no traceback can show it
    if options["key"] is not None:
        hide_key(options)
    made: BananaImage | Gallery = _client().generate(
        prompt, count=count, background=background, **options
    )
    return made


@hinted
def sweep(
    prompt: "Prompt",
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    names: Mapping[str, Any] | None = None,
    raw: bool = False,
    count: int | None = None,
    background: bool = False,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> "Gallery":
    """Make a picture for each combination of values.

    Args:
        prompt: with a ``{{name}}`` for each name that is no field of the request; or an
            `ImageRequest`, of which fields are swept.
        over: the values of each field or name, where an option has the same name.
        names: what else ``{{…}}`` may name, e.g. ``globals()``.
        raw: leave ``{{…}}`` as it is; then only fields are swept.
        count: takes of each combination.
        background: come back at once, as in `generate`.
        timeout: seconds to wait for each picture.
        key: the key for this call alone.
        **options: as `generate`. A list of values of ``aspect_ratio``, ``resolution``, ``model``,
            ``web_search`` or of a name in the prompt is swept; a single value holds for all, and
            so does each in ``values``, as in `generate`.

    Raises:
        BananaError: nothing was drawn; one that fails among others is a `Failure` in the gallery.

    >>> grid = sweep("a {{animal}}", animal=["cat", "owl"], aspect_ratio=["1:1", "16:9"])
    >>> [image.size for image in grid.where(animal="owl")]
    [(1024, 1024), (1376, 768)]
    """
    options["timeout"], options["key"], key = timeout, key, None  # as in `generate`
    if options["key"] is not None:
        hide_key(options)
    made: Gallery = _client().sweep(
        prompt, over=over, names=names, raw=raw, count=count, background=background, **options
    )
    return made


def generate_many(
    prompts: Any,
    rows: Any = None,
    *,
    executor: "Executor | None" = None,
    key_name: str | None = None,
    timeout: float | None = None,
    key: str | None = None,
    **options: Any,
) -> "Gallery":
    """Make a picture for each prompt, ``Banana.concurrency`` of them at once.

    With ``rows`` it is one prompt, and a picture for each row: where `sweep` multiplies, this zips.

    Args:
        prompts: texts, `ImageRequest` objects, or mappings of ``prompt`` and options: a list, a
            column of pandas or polars, or an iterator, which is taken as places become free. With
            ``rows`` one text, whose ``{{name}}`` are columns.
        rows: a data frame of pandas or polars, a list or an iterator of mappings, or a mapping of
            columns. A column that is called like a field (``aspect_ratio`` …) is that field; what
            the prompt does not name is left alone. A cell is filled in as it is, a picture as a
            reference; an empty one is an error. The index of pandas names the pictures.
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
    >>> table = [{"colour": "red", "size": 2}, {"colour": "blue", "size": 3}]
    >>> [image.prompt for image in generate_many("{{size}} {{colour}} foxes", table)]
    ['2 red foxes', '3 blue foxes']
    """
    options["timeout"], options["key"], key = timeout, key, None  # as in `generate`
    if options["key"] is not None:
        hide_key(options)
    return _client().generate_many(prompts, rows, executor=executor, key_name=key_name, **options)


def edit(image: Any, prompt: str, *, images: Any = (), **options: Any) -> "BananaImage":
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
    hide_key(options)
    edited: BananaImage = _default.client_of(image).edit(image, prompt, images=images, **options)
    return edited


async def agenerate(prompt: "Prompt", **options: Any) -> "BananaImage":
    """The same as `generate`, for ``await``: the kernel stays free meanwhile.

    The request is sent from a thread. Cancelling ends the wait at once; the request itself can't
    be called back: it goes on in its thread, and what it makes is kept as always.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    hide_key(options)
    return await _client().agenerate(prompt, **options)


def dry_run(
    prompt: "Prompt",
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    names: Mapping[str, Any] | None = None,
    raw: bool = False,
    count: int | None = None,
    fresh: bool = False,
    **options: Any,
) -> "DryRun":
    """What `generate` or `sweep` would send and cost, as JSON, ``requests`` code and ``curl``.

    Nothing is sent. Of several pictures it shows the first request, and the price of all; with
    ``fresh=True`` also of what is in the library. It takes what `generate` and `sweep` take.

    >>> dry_run("a banana").payload
    {'model': 'google/nano-banana-2', 'prompt': 'a banana'}
    """
    hide_key(options)
    return _client().dry_run(
        prompt, over=over, names=names, raw=raw, count=count, fresh=fresh, **options
    )


def estimate(prompt: Any, rows: Any = None, **asked: Any) -> "Estimate":
    """What `generate`, `sweep` or `generate_many` would cost now. Nothing is sent or paid.

    Args:
        prompt: a text, an `ImageRequest`, a picture (its request), or a list of prompts.
        rows: as `generate_many`.
        **asked: as each of them; what is swept makes it a sweep.

    Returns:
        ``usd``, ``new`` and ``kept``; as text it is the sentence of the dry run.

    Raises:
        BananaError: what they would refuse.

    >>> estimate("a {{pet}} in {{style}}", pet=["cat", "fox"], style=["oil", "ink"])
    4 pictures, about $0.36 play money
    """
    hide_key(asked)
    return _client().estimate(prompt, rows, **asked)


def login(key: str | None = None, *, save: bool = False, service: str | None = None) -> None:
    """Give the key for a service. Without an argument it is asked for, unseen.

    Args:
        key: better not written into a notebook; leave it out to be asked.
        save: keep it in the system's keyring too, for later kernels (``pip install keyring``).
        service: for which one, e.g. ``"google"``; else for that of the settings.

    Raises:
        MissingKeyError: nothing was given, or nobody is there to be asked.
    """
    given, key = {"key": key}, None  # as in `generate`
    hide_key(given, service or _client().settings.service)
    _client().login(given["key"], save=save, service=service)


@hinted
def history(
    query: str | None = None,
    limit: int | None = 50,
    *,
    since: Any = None,
    until: Any = None,
    model: str | None = None,
    notebook: str | os.PathLike[str] | None = None,
    service: str | None = None,
) -> "History":
    """The pictures that were made, the newest first: a table in a notebook, and a sequence.

    The newest 50 are listed, and it is said of how many; ``limit=None`` lists all. What is given
    holds together.

    Args:
        query: only prompts that have all of these words, in any case.
        limit: at most so many; None for all.
        since: made then or later: a date, a datetime, a timedelta (so long ago), ISO text such as
            ``"2026-11-26"``, or ``"today"``, ``"yesterday"``, ``"this week"``, ``"last week"``,
            ``"this month"``, ``"last month"``, ``"30 days"`` (or minutes, hours, weeks;
            ``"24h"``, ``"7d"``). Days and times without a zone are those of this machine; a week
            begins on Monday.
        until: made before, the same; a day, a week or a month has all of itself in it.
        model: by any of its names.
        notebook: the name or the path of the notebook that asked for them. A script has none, nor
            has a picture that came with a lesson.
        service: the name of who drew them, e.g. ``"fal"``; the sandbox's are nobody's.

    Raises:
        RequestError: a value that makes no sense here.
        LibraryError: the library can't be read.

    >>> image = generate("a banana in a history")
    >>> image.id in [each.id for each in history("history", since="today", model=image.model)]
    True
    """
    asked = {"since": since, "until": until, "model": model, "notebook": notebook}
    return _client().history(query, limit, **asked, service=service)


@hinted
def load(what: str | os.PathLike[str] | bytes) -> "BananaImage":
    """A picture that was made before, with its prompt and options.

    Args:
        what: an id as `history` shows it, a file (of the library, a copy, or one that was saved
            with ``embed=True``), or the bytes of a picture.

    Raises:
        NotKeptError: nothing is known of it.

    >>> load(generate("a banana").id).prompt
    'a banana'
    """
    return _client().load(what)


@hinted
def forget(
    *what: "str | BananaImage | Iterable[Any]",
    older_than: Any = None,
    keep: int | None = None,
    ask: bool = True,
) -> None:
    """Delete pictures from the library, with what was asked. What they cost stays in the books.

    An unfinished request that `recover` knows no end of is dropped by its whole id: from then on
    it counts as not charged, also for ``Banana.budget``. One that a service has accepted is
    cancelled there first; where that comes too late it stays, and `recover` fetches it.

    ``forget(older_than="90 days", keep=100)`` names none: of all pictures in your own libraries
    those go that are as old, but never the newest so many. What is paid and not fetched yet stays,
    and so does the file of a picture that another one was made from, as long as that one is kept.

    Args:
        *what: ids, pictures, or lists of them, e.g. ``history("draft")``.
        older_than: those that were made before: a timedelta, or any time as in `history`.
        keep: the newest so many stay; alone, all others go.
        ask: whether to ask first, after it was said how many would go and what that frees. Where
            nobody can answer, nothing is deleted.

    Raises:
        NotKeptError: an id fits nothing, or several; then nothing is deleted.
        RequestError: nobody can be asked here, or a value makes no sense; nothing is deleted.

    >>> forget(older_than="90 days", keep=100, ask=False)
    Nothing to forget.
    """
    _client().forget(*what, older_than=older_than, keep=keep, ask=ask)


@hinted
def recover() -> "Recovery":
    """Finish what was left unfinished by an interrupt, a crash, a timeout or a broken link.

    Pictures whose link is known are fetched into the library; of the others the service's log is
    asked, where it keeps one, whether they were charged. What came and was not understood is read
    again. No generation is sent again.

    Raises:
        LibraryError: no library can be read. Where only one can't, the result says so.
    """
    return _client().recover()


@hinted
def pending() -> "Pending":
    """What was begun in the background of this kernel and is not there yet."""
    return _client().pending()


@hinted
def spending() -> "Statement":
    """What was spent: in this session, in this notebook, today, this month, and by model.

    The balance of the account is asked for where a key is there; that costs nothing. Where there
    is no real money, neither spent nor saved, it is the play money of the sandbox, and the
    statement says so.
    """
    return _client().spending()


@hinted
def doctor() -> "Checkup":
    """Look at the key, the service, the account, the library and the versions. It costs nothing."""
    return _client().doctor()
