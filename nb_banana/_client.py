"""`Client`: settings, keys, library, connections and budget in one object that does the work."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nb_banana import credentials
from nb_banana._hints import Hinted
from nb_banana._later import later
from nb_banana._secret import ask_for_key
from nb_banana._text import say
from nb_banana._threads import awaited
from nb_banana.credentials import CredentialStore, Secret
from nb_banana.display.output import is_heard, shell
from nb_banana.display.progress import silently, while_awaited
from nb_banana.errors import RequestError
from nb_banana.generation import lookup, pipeline
from nb_banana.generation.context import Context
from nb_banana.generation.options import (
    OutputOptions,
    build_request,
    known_options,
    take_call_options,
)
from nb_banana.generation.plan import Job, Plan
from nb_banana.request import ImageRequest
from nb_banana.results.image import BananaImage
from nb_banana.settings import Banana

if TYPE_CHECKING:
    from nb_banana import _doctor, _spending
    from nb_banana.batch import again as remaking
    from nb_banana.batch import background as pending
    from nb_banana.batch import executors, jobs, rows, runner, sweep
    from nb_banana.batch import retry as retrying
    from nb_banana.generation import browse, deletion, dry_run, family, recovery
    from nb_banana.lesson import lint, site
    from nb_banana.lesson.pack import Lesson
    from nb_banana.results.gallery import Gallery
    from nb_banana.results.history import History
else:  # one picture needs none of them
    _doctor, _spending = later("nb_banana", "_doctor", "_spending")
    remaking, pending, retrying = later("nb_banana.batch", "again", "background", "retry")
    executors, jobs, rows, runner, sweep = later(
        "nb_banana.batch", "executors", "jobs", "rows", "runner", "sweep"
    )
    browse, deletion, dry_run, family, recovery = later(
        "nb_banana.generation", "browse", "deletion", "dry_run", "family", "recovery"
    )
    lint, site = later("nb_banana.lesson", "lint", "site")


class Client(Hinted):
    """A client of one service with one key, one library and one budget of its own.

    What `nb_banana` has as functions are the methods of a default client. In a script, a server or
    a test make your own: two of them share nothing, but that two on one folder pay the same
    request once. What it has made (pictures, galleries) asks it for edits.

    Args:
        key: for the service; else it is looked for where a notebook would, see `nb_banana.login`.
        base_url: the service's address.
        library: the folder that keeps the pictures; else the person's own, or the notebook's.
        backend: ``"auto"``, ``"api"``, ``"sandbox"`` or ``"library"``.
        budget: US dollars that it may spend.
        **settings: any other one, e.g. ``service="fal"`` (who draws), see `nb_banana.configure`.

    Raises:
        SettingsError: an unknown setting, or a value that it can't have.
        MissingKeyError: what was given can't be a key.

    >>> with Client(backend="sandbox") as client:
    ...     client.generate("a banana on a beach", aspect_ratio="16:9").size
    (1376, 768)
    """

    def __init__(
        self,
        *,
        key: str | Secret | None = None,
        base_url: str | None = None,
        library: str | os.PathLike[str] | None = None,
        backend: str | None = None,
        budget: float | None = None,
        **settings: Any,
    ) -> None:
        try:
            secret = None if key is None else credentials.as_secret(key)
        finally:
            key = None  # from here on no traceback of anything can show it
        held = CredentialStore(key=secret)  # no setting may have it in it
        folder = os.fspath(library) if isinstance(library, os.PathLike) else library
        given = {"base_url": base_url, "library": folder, "backend": backend, "budget": budget}
        chosen = Banana().change(
            **settings | {name: value for name, value in given.items() if value is not None}
        )
        self._hold(chosen, CredentialStore(chosen.base_url, secret))
        held.forget()

    @classmethod
    def of(cls, settings: Banana, keys: CredentialStore) -> "Client":
        """The client of settings and keys that are there: the default one."""
        client = cls.__new__(cls)
        client._hold(settings, keys)
        return client

    def _hold(self, settings: Banana, keys: CredentialStore) -> None:
        self.context = Context(settings, keys)
        self.context.client = self

    @property
    def settings(self) -> Banana:
        """Its settings, to look at; `configure` changes them."""
        return self.context.settings

    def __repr__(self) -> str:
        if "context" not in vars(self):  # in a traceback of why it could not be made
            return "<Client>"
        host = credentials.host_of(self.settings.base_url)
        return f"<Client of {host}, backend {self.settings.backend!r}>"

    def __reduce__(self) -> Any:
        raise TypeError("A client is not pickled: it may hold a key. Make one where it is needed.")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what is on its way, close all, forget the keys. Pictures stay usable."""
        try:
            if self.context.on_way:
                pending.await_all(self.context)  # it is paid
        finally:
            self.context.close()
            self.context.credentials.forget(for_good=True)

    def configure(self, **changes: Any) -> Banana:
        """See `nb_banana.configure`."""
        return self.settings.change(**changes)

    def plan(
        self,
        /,
        prompt: str | ImageRequest,
        *,
        over: Mapping[str, Sequence[Any]] | None = None,
        names: Mapping[str, Any] | None = None,
        raw: bool = False,
        count: int | None = None,
        is_sweep: bool = False,
        **options: Any,
    ) -> Plan:
        """What is asked for before anything is sent: what `generate`, or `sweep`, would do.

        Args:
            prompt: what to draw, or an `ImageRequest`.
            over: as `nb_banana.sweep`.
            names: as `nb_banana.sweep`.
            raw: as `nb_banana.sweep`.
            count: takes of it, or of each combination.
            is_sweep: whether it is a gallery, also where no value is swept.
            **options: as `nb_banana.generate`.

        Raises:
            RequestError: a name or a value that means nothing here.
        """
        options.pop("background", None)  # a plan comes at once in any case
        output, how = take_call_options(options)
        swept, filled, common = sweep.sort_out(prompt, options, over, names, raw=raw)
        if not is_sweep and not swept:
            common |= {"raw": raw, "values": filled or None}
            return self._plan_takes(prompt, common, count, output, how)
        many = sweep.sweep_jobs(
            self.context, prompt, swept, filled, common, raw=raw, count=count, output=output
        )
        return Plan(self.context, many, output, **how)

    def _plan_takes(
        self,
        prompt: str | ImageRequest,
        options: dict[str, Any],
        count: int | None,
        output: OutputOptions,
        how: dict[str, Any],
    ) -> Plan:
        request = build_request(self.context, prompt, **options)
        if values := options.get("values"):
            output = output.filled(values)
        many = [Job(request, output)] if count is None else jobs.takes(request, count, output)
        return Plan(self.context, many, output, is_many=count is not None, **how)

    def run(self, plan: Plan, *, background: bool = False) -> Any:
        """The picture or the gallery that a plan asks for; in the background at once, on its way.

        Raises:
            BananaError: see `nb_banana.errors`.
        """
        with silently() if plan.is_quiet else contextlib.nullcontext():
            value = _run(plan, background=background)
        if plan.is_heard:
            pending.tell_of(value)
        return value

    def generate(
        self,
        /,
        prompt: str | ImageRequest,
        *,
        count: int | None = None,
        background: bool = False,
        **options: Any,
    ) -> Any:
        """See `nb_banana.generate`."""
        output, how = take_call_options(options)
        plan = self._plan_takes(prompt, known_options(options, prompt), count, output, how)
        return self.run(plan, background=background is not False and pending.is_later(background))

    def sweep(
        self, /, prompt: str | ImageRequest, *, background: bool = False, **asked: Any
    ) -> Any:
        """See `nb_banana.sweep`."""
        credentials.hide_key(asked)
        plan = self.plan(prompt, is_sweep=True, **asked)
        return self.run(plan, background=pending.is_later(background))

    def generate_many(self, /, prompts: Any, rows: Any = None, **options: Any) -> "Gallery":
        """See `nb_banana.generate_many`."""
        made: Gallery = self.run(self._plan_many(prompts, rows, options))
        return made

    def _plan_many(self, prompts: Any, table: Any, options: dict[str, Any]) -> Plan:
        executor, key_name = options.pop("executor", None), options.pop("key_name", None)
        output, how = take_call_options(options)
        many, labels = rows.jobs_of_many(self.context, prompts, table, options, output)
        if executor is not None:
            allowed = self.settings.allow_http
            how["carrier"] = executors.ExecutorTransport(executor, key_name, allowed)
        return Plan(self.context, many, output, labels=labels, **how)

    def edit(self, /, image: Any, prompt: str, *, images: Any = (), **options: Any) -> Any:
        """See `nb_banana.edit`."""
        return self._edit(image, prompt, images, options)

    def _edit(self, image: Any, prompt: str, images: Any, options: dict[str, Any]) -> Any:
        credentials.hide_key(options)
        if isinstance(prompt, ImageRequest):
            raise RequestError("edit takes words. For a request: generate(request, images=[…]).")
        pictures = [image, () if images is None else images]
        return self.generate(prompt, images=pictures, **options)

    def again(self, image: BananaImage, /, **changes: Any) -> Any:
        """See `nb_banana.BananaImage.again`."""
        credentials.hide_key(changes)
        background = pending.is_later(changes.pop("background", False))
        changes.setdefault("service", image.request.catalogue.service)
        count, (output, how) = changes.pop("count", None), take_call_options(changes)
        plan = remaking.plan_again(self.context, image, changes, count, output, how)
        return remaking.run_claimed(plan, lambda: self.run(plan, background=background))

    async def agenerate(self, /, prompt: str | ImageRequest, **options: Any) -> BananaImage:
        """See `nb_banana.agenerate`."""
        credentials.hide_key(options)
        make: Callable[..., BananaImage] = self.generate
        with while_awaited():
            return await awaited(make, prompt, **options)

    def payload(self, request: ImageRequest) -> dict[str, Any]:
        """See `ImageRequest.payload`."""
        speaks = self.context.services[request.catalogue.service]
        return speaks.encode(request).payload

    def retry(self, gallery: "Gallery", *, again: bool = False) -> "Gallery":
        """See `Gallery.retry`."""
        quiet = self.settings.quiet
        with silently() if quiet else contextlib.nullcontext():
            tried = retrying.try_again(self.context, gallery, again=again)
        if is_heard() and not quiet:
            pending.tell_of(tried)
        return tried

    def dry_run(self, /, prompt: str | ImageRequest, **asked: Any) -> "dry_run.DryRun":
        """See `nb_banana.dry_run`."""
        credentials.hide_key(asked)
        plan = self.plan(prompt, **asked)
        return dry_run.DryRun(
            plan.job.request, plan.base_url, lookup.quote(plan), len(list(plan.jobs))
        )

    def estimate(self, /, prompt: Any, rows: Any = None, **asked: Any) -> lookup.Estimate:
        """See `nb_banana.estimate`."""
        credentials.hide_key(asked)
        prompt = prompt.request if isinstance(prompt, BananaImage) else prompt
        if rows is None and isinstance(prompt, str | ImageRequest):
            return lookup.estimate_of(self.plan(prompt, **asked))
        if isinstance(prompt if rows is None else rows, Iterator):
            raise RequestError("An iterator is used up by being looked at. Give a list of it.")
        return lookup.estimate_of(self._plan_many(prompt, rows, asked))

    def history(
        self,
        query: str | None = None,
        limit: int | None = 50,
        *,
        since: Any = None,
        until: Any = None,
        model: str | None = None,
        notebook: str | os.PathLike[str] | None = None,
        service: str | None = None,
    ) -> "History":
        """See `nb_banana.history`."""
        asked = browse.Asked(query, limit, since, until, model, notebook, service)
        return browse.list_kept(self.context, asked)

    def load(self, what: str | os.PathLike[str] | bytes) -> BananaImage:
        """See `nb_banana.load`."""
        return browse.load_kept(self.context, what)

    def forget(
        self,
        *what: str | BananaImage | Iterable[Any],
        older_than: Any = None,
        keep: int | None = None,
        ask: bool = True,
    ) -> None:
        """See `nb_banana.forget`."""
        if older_than is None and keep is None:
            deletion.forget_kept(self.context, *what, ask=ask)
        else:
            deletion.forget_old(self.context, *what, older_than=older_than, keep=keep, ask=ask)

    def family(self) -> "family.Family":
        """Which kept pictures were made from which; see `BananaImage.tree` and ``.children``."""
        return family.Family(self.context)

    def recover(self) -> "recovery.Recovery":
        """See `nb_banana.recover`."""
        return recovery.look_after_all(self.context)

    def pending(self) -> "pending.Pending":
        """See `nb_banana.pending`."""
        return pending.list_pending(self.context)

    def spending(self) -> "_spending.Statement":
        """See `nb_banana.spending`."""
        return _spending.make_statement(self.context)

    def doctor(self) -> "_doctor.Checkup":
        """See `nb_banana.doctor`."""
        return _doctor.check_all(self.context)

    def lint(self, notebook: str | os.PathLike[str] | None = None) -> "lint.Findings":
        """See `nb_banana.lint`."""
        return lint.look_over(self.context, notebook)

    def pack(
        self,
        path: str | os.PathLike[str],
        *,
        notebook: str | os.PathLike[str] | None = None,
        format: str | None = None,  # noqa: A002 - the word that people know
        pyodide: str | os.PathLike[str] | None = None,
    ) -> "Lesson":
        """See `nb_banana.pack`."""
        lesson = site.pack_as(self.context, path, notebook=notebook, kind=format, pyodide=pyodide)
        if shell() is None:  # a script shows no value by itself
            say(repr(lesson))
        return lesson

    def login(
        self, key: str | Secret | None = None, *, save: bool = False, service: str | None = None
    ) -> None:
        """See `nb_banana.login`."""
        try:
            _, url, _, speaks = self.context.policy(service=service)
            host, place = credentials.host_of(url), speaks.place
            given = ask_for_key(host, place.page, place.names) if key is None else key
            secret = credentials.as_secret(given, speaks.key_page)
        finally:
            given, key = "", None  # as in `__init__`
        where = self.context.credentials.remember(url, secret, save=save)
        say(f"Key for {host} kept {where}.")


def _run(plan: Plan, *, background: bool) -> Any:
    if plan.is_many:
        return pending.start_many(plan) if background else runner.run_batch(plan)
    return pending.start(plan) if background else pipeline.make(plan, *plan.jobs)
