"""`Plan`: what one call asks for before anything is sent. Policy is asked here, once."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from nb_banana import errors
from nb_banana._text import shown
from nb_banana.credentials import refuse_key
from nb_banana.display.output import is_heard, notebook_folder, notebook_path
from nb_banana.generation.context import Context, Key
from nb_banana.generation.options import DEFAULT_OUTPUT, OutputOptions
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX
from nb_banana.request import ImageRequest, check_characters
from nb_banana.services.endpoint import Carrier, Endpoint
from nb_banana.wire.rate_limit import AdaptiveLimiter


class Job(NamedTuple):
    """A picture that is asked for; ``variant`` is in what it differs from the others."""

    request: ImageRequest
    output: OutputOptions = DEFAULT_OUTPUT
    variant: Mapping[str, Any] = {}

    def check(self) -> None:
        """See that the output options can be fulfilled, before anything is sent."""
        for name, value in (("name", self.output.name), ("alt", self.output.alt)):
            if value is None:
                continue
            if not isinstance(value, str):
                raise errors.RequestError(f"{name} is a text, not {shown(value)}.")
            check_characters(name, value)
        if (target := self.output.save) is not None:
            from nb_banana.imaging import save  # load time: few are saved as they are made

            title = self.request.prompt
            save.check_writable(save.save_target(target, suffix=".png", title=title))

    def refuse_key(self, service: Endpoint) -> None:
        """See that the service's key is in no word that would be sent, kept or shown."""
        # The keys of this process were looked for when the request was made.
        if service.secret is not None:
            self.request.refuse_key(service.secret)
            refuse_key("The name, alt or save", self.output.words, service.secret)

    def confirmed(self) -> "Job":
        """The same, whose price the person has agreed to."""
        return self._replace(output=replace(self.output, confirmed=True))


class Plan:
    """What one call asks for: jobs, what is wanted of them, where it is kept, who draws."""

    # The settings, the notebook's folder and the key are asked when it is made, and below it only
    # values travel. The budget alone is read live.

    def __init__(
        self,
        context: Context,
        jobs: Iterable[Job],
        output: OutputOptions = DEFAULT_OUTPUT,
        *,
        is_many: bool = True,
        labels: Sequence[Any] | None = None,
        key: Key = None,
        timeout: float | None = None,
        carrier: Carrier | None = None,
        quiet: bool = False,
        service: str | None = None,
    ) -> None:
        self.context = context
        self.jobs = jobs
        self.output = output
        self.is_many = is_many
        self.labels = labels
        if service is None and isinstance(jobs, list) and jobs:
            service = jobs[0].request.catalogue.service
        self._policy = context.policy(timeout, service)
        self._how: dict[str, Any] = {"timeout": timeout, "carrier": carrier, "quiet": quiet}
        self._has_one_key = key is not None or getattr(carrier, "key_name", None) is not None
        self._others: dict[str, Plan] = {}
        self.is_offline = self._policy.backend == "library"
        self.is_stable = context.settings.caption == "stable"
        self.search = context.search_key(key, self._policy)
        self.kinds = context.kinds(self.search, self._policy)
        self.is_quiet = quiet or context.settings.quiet
        self.is_heard = not self.is_quiet and is_heard()
        self.notebook = notebook_path()
        self.all_places = context.places_of(self.kinds, notebook_folder())
        self.places = self.all_places[self.kinds[-1]].written
        self.has_layers = any(map(attrgetter("read"), self.all_places.values()))
        self._carrier = carrier
        self._limiter: AdaptiveLimiter | None = None

    @property
    def kind(self) -> str:
        """The kind of service that draws."""
        return self.kinds[-1]

    @property
    def job(self) -> Job:
        """The one job of a plan that is not many; the first of others."""
        return next(iter(self.jobs))

    def libraries(self) -> list[Library]:
        """Where a picture may be already, the best first."""
        return self.context.looked_in(self.all_places.values())

    def remarks(self) -> list[str]:
        """What is to be known of the libraries that are only read, by whom it draws for."""
        shared = (library for places in self.all_places.values() for library in places.read)
        return list(filter(None, dict.fromkeys(library.remark for library in shared)))

    @cached_property
    def service(self) -> Endpoint:
        """Who draws what is not in the library; the sandbox starts, where that is it."""
        if self.is_offline:
            said = (
                'This picture is not in the library, and the backend is "library", so nothing was '
                "sent. Look at nb_banana.history(), or draw it: "
                '%config Banana.backend = "auto"'
            )
            raise errors.NotKeptError(". ".join([said, *self.remarks()]))
        elsewhere = self._carrier is not None
        found = self.context.find_service(self.search, self._policy, elsewhere=elsewhere)
        return replace(found, limiter=self._limiter, carrier=self._carrier)

    @property
    def base_url(self) -> str:
        """The address of who draws, where that is not the sandbox."""
        return self._policy.base_url

    @property
    def quoter(self) -> Endpoint:
        """Whom to ask for prices, which needs no key."""
        is_play = self.kind == SANDBOX
        speaks, url = self._policy.speaks, self._policy.base_url
        if is_play:
            url = self.context.sandbox_url(speaks)
        return self.context.service(url, speaks=speaks)

    @property
    def known_service(self) -> Endpoint | None:
        """The service, where it was needed already; nothing is asked or started for it."""
        return vars(self).get("service")

    @property
    def others(self) -> "list[Plan]":
        """Those for the other services that draw some of its jobs."""
        return list(self._others.values())

    def confirm(self) -> None:
        """Note that the person has agreed to the price."""
        self.output = replace(self.output, confirmed=True)
        self.jobs = [job.confirmed() for job in self.jobs]

    def limit(self, limiter: AdaptiveLimiter) -> None:
        """Let the requests have their turn by this limiter."""
        self._limiter = limiter
        for each in self.others:
            each.limit(limiter)
        if (known := self.known_service) is not None:
            self.service = replace(known, limiter=limiter)

    def of(self, request: ImageRequest) -> "Plan":
        """The same for who draws this one: those of a batch may be drawn by several services.

        Raises:
            RequestError: one key was given, and it is another service's.
        """
        name = request.catalogue.service
        if name == self._policy.speaks.name:
            return self
        if self._has_one_key:
            raise errors.RequestError(
                f"One key was given, and it goes to {self._policy.speaks.name} alone, not to "
                f"{name}. Leave it out: each service's own is looked for."
            )
        if name not in self._others:
            other = Plan(self.context, [], self.output, service=name, **self._how)
            other._limiter = self._limiter
            self._others.setdefault(name, other)
        return self._others[name]

    def parts(self) -> "list[Plan]":
        """One for each service that draws, with its own jobs; of an iterator nobody knows."""
        if not isinstance(self.jobs, list):
            return [self]
        found: dict[str, tuple[Plan, list[Job]]] = {}
        for job in self.jobs:
            name = job.request.catalogue.service
            found.setdefault(name, (self.of(job.request), []))[1].append(job)
        if len(found) < 2 and all(whose is self for whose, _ in found.values()):
            return [self]
        parts = [copy(whose) for whose, _ in found.values()]
        for part, (_, jobs) in zip(parts, found.values(), strict=True):
            part.jobs = jobs
        return parts
