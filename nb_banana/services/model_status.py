"""Whether a model goes away, and how long it takes now, as the service says. No key is sent.

Sources: https://docs.aimlapi.com/api-references/service-endpoints/model-deprecations and
/model-metrics
"""

import re
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from nb_banana._text import amount, clean
from nb_banana._threads import lock, spawn
from nb_banana.models import find_model, short_name
from nb_banana.services.account import asker
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Reply, at, list_of

PICTURES = "/v1/images/generations"  # what the figures call the making of pictures
STATUSES = ("deprecated", "superseded", "withdrawn")  # no set: what came may be anything
MAX_AGE = 300.0
"""Seconds for which the list is believed where its answer does not say it."""
GRACE = 0.5
"""Seconds after the question for which a picture that came sooner waits for the list."""
PATIENCE = 2.0
"""Seconds for the list where an error waits for it."""
LONGEST = 3600.0  # more seconds than this are no time that a picture takes
SHORTEST = 0.5
LONGEST_NAME = 80


class Deprecation(NamedTuple):
    """What the service says of a model that goes away, or that there is a newer one of."""

    model: str
    status: str
    date: str  # YYYY-MM-DD; empty where it says none
    successor: str  # another model's name; empty where it names none

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is not drawn any more."""
        return self.status == "withdrawn"

    def __str__(self) -> str:
        name, date = short_name(self.model), f" on {self.date}" if self.date else ""
        if self.status == "superseded":
            since = f" since {self.date}" if self.date else ""
            return f"There is a newer model than {name}{since}.{self._cure}"
        if self.is_withdrawn:
            return f"The service withdrew {name}{date}.{self._cure}"
        return f"The service ends {name}{date or ', and does not say when'}.{self._cure}"

    @property
    def _cure(self) -> str:
        known = find_model(self.successor) if self.successor else None
        typed = min(known.short, key=len) if known else self.successor
        named = short_name(self.successor) if known else self.successor
        return f' Its successor is {named}: -m {typed}, or model="{typed}".' if typed else ""


class _Answer:
    """What one service said; ``rows`` are None where it could not be asked."""

    def __init__(
        self, began: float, rows: list[Any] | None = None, etag: str = "", stale_at: float = 0.0
    ) -> None:
        self.began, self.rows, self.etag, self.stale_at = began, rows, etag, stale_at
        self.ended = threading.Event()


class ModelStatus:
    """What services said of their models. Each is asked once, and nothing hangs on the answer."""

    def __init__(self) -> None:
        self._answers: dict[str, _Answer] = {}
        self._usual: dict[tuple[str, str], float | None] = {}
        self._lock = lock()

    def begin(self, service: Endpoint) -> None:
        """Ask which models go away while a picture is fetched; only where nobody did yet."""
        answer, is_new = self._answer_of(service)
        if is_new and spawn(self._load, service, answer, None, needed=False) is None:
            answer.ended.set()  # it is asked where somebody waits for it

    def remark(self, service: Endpoint, model: str) -> str:
        """What a person should know of a model by what was heard so far; nobody is asked."""
        answer = self._answers.get(service.base_url)
        if answer is None:
            return ""
        answer.ended.wait(max(0.0, answer.began + GRACE - time.monotonic()))
        return str(_find(service, answer, model) or "")

    def deprecation(
        self, service: Endpoint, model: str, seconds: float | None = None
    ) -> Deprecation | None:
        """What the service says of a model; it is asked where that is not known."""
        answer, is_new = self._answer_of(service)
        if not is_new:
            answer.ended.wait(seconds)
        if answer.rows is None or time.monotonic() > answer.stale_at:
            self._load(service, answer, seconds)
        return _find(service, answer, model)

    def usual_seconds(self, service: Endpoint, model: str) -> float | None:
        """How long a picture of a model usually takes now; None where the service can't say."""
        place = service.base_url, model
        if place not in self._usual:
            self._usual[place] = None  # whatever comes of it, it is asked once
            reply = _ask(service, service.service.metrics, {"aliases": model})
            self._usual[place] = _median(reply.json if reply else None, model)
        return self._usual[place]

    def _answer_of(self, service: Endpoint) -> tuple[_Answer, bool]:
        with self._lock:
            known = self._answers.get(service.base_url)
            answer = known or _Answer(time.monotonic())
            self._answers[service.base_url] = answer
        return answer, known is None

    def _load(self, service: Endpoint, answer: _Answer, seconds: float | None) -> None:
        try:
            seen = {"If-None-Match": answer.etag} if answer.etag else {}
            reply = _ask(service, service.service.deprecations, {}, seen, seconds)
            rows = at(reply.json, "data") if reply else None
            if reply is None or (reply.status == 200 and not isinstance(rows, list)):
                return  # what was said before holds
            if reply.status == 200:
                answer.rows, answer.etag = list_of(rows), reply.headers.get("etag", "")
            answer.stale_at = time.monotonic() + _max_age(reply.headers)
        finally:
            answer.ended.set()


def _ask(
    service: Endpoint,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Reply | None:
    """A reply that is one; None from a service that has no such list, too."""
    if not path:
        return None
    reply = asker(service, with_key=False, seconds=seconds)(path, query, headers)
    return reply if reply is not None and reply.is_read else None


def _names(model: str) -> tuple[str, ...]:
    known = find_model(model) if model.strip() else None
    return known.ids if known else (model,)


def _find(service: Endpoint, answer: _Answer, model: str) -> Deprecation | None:
    """The row of a model: that of the name that is asked for, else of another of its names."""
    names = _names(model)
    found = [
        row
        for row in answer.rows or ()
        if any(name == at(row, "id") or name in list_of(at(row, "aliases")) for name in names)
    ]
    for row in sorted(found, key=lambda row: at(row, "id") != model):
        read = _read(row, model)
        # Two names of one model that became one: who asks for either notices nothing.
        if read is not None and read.successor not in names:
            return None if service.holds_key(str(read)) else read
    return None


def _read(row: Mapping[str, Any], model: str) -> Deprecation | None:
    status, successor = row.get("status"), row.get("replaced_by")
    if status not in STATUSES:
        return None
    ended, begun = _date(row.get("shutdown_at")), _date(row.get("deprecated_at"))
    date = {"deprecated": ended, "superseded": begun}.get(status, ended or begun)
    named = clean(successor, LONGEST_NAME) if isinstance(successor, str) else ""
    return Deprecation(model, status, date, named)


def _date(value: Any) -> str:
    """The day, of a date with or without a time; nothing in place of anything else."""
    is_date = isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(?!\d)", value, re.ASCII)
    return value[:10] if is_date else ""


def _max_age(headers: Mapping[str, str]) -> float:
    found = re.search(r"max-age=(\d{1,7})(?!\d)", headers.get("cache-control", ""), re.ASCII)
    return float(found[1]) if found else MAX_AGE


def _median(body: Any, model: str) -> float | None:
    """The seconds of half of the pictures; that of pictures first, where there are others."""
    names = _names(model)
    rows = [row for row in list_of(at(body, "models")) if at(row, "alias") in names]
    for row in sorted(rows, key=lambda row: at(row, "endpoint") != PICTURES):
        half = amount(at(row, "metrics", "duration_ms", "p50"))
        if half is not None and SHORTEST <= half / 1000 <= LONGEST:
            return float(half / 1000)
    return None
