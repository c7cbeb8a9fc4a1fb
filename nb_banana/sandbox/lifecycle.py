"""Models that go away, and how long models take: the deprecation list, and metrics of the ledger.

Sources: https://docs.aimlapi.com/api-references/service-endpoints/model-deprecations and
/model-metrics
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from nb_banana.models import find_model, model_id
from nb_banana.sandbox.catalogue import OFFERS
from nb_banana.sandbox.exchange import Query, Refused, Response, as_json, stamp, tagged
from nb_banana.sandbox.ledger import LedgerRow

STATUSES = ("deprecated", "superseded", "withdrawn")
NOTICE = timedelta(days=30)  # from the day on which it is said to the last on which it is drawn
NEWEST = "google/gemini-nano-banana-2.1"
WINDOW = timedelta(seconds=300)
PERCENTILES = (50, 75, 90, 99)
PREVIEW = {
    "id": "google/gemini-2.5-flash-image-preview",
    "aliases": [],
    "status": "withdrawn",
    "deprecated_at": "2025-10-02",
    "shutdown_at": "2026-01-15",
    "replaced_by": "google/gemini-2.5-flash-image",
    "reason": "provider_delisted",
}
"""A name of long ago, which is withdrawn in every sandbox."""

Retired = Mapping[str, str | Mapping[str, Any]]
"""By name of a model: its status, or fields of its row in the list."""


class Lifecycle:
    """Which models go away here: those of ``retired``, beside the preview of long ago."""

    def __init__(self, retired: Retired, now: Callable[[], datetime]) -> None:
        self._now = now
        self._rows = [PREVIEW, *(self._row(*each) for each in retired.items())]
        gone = [row for row in self._rows if row["status"] == "withdrawn"]
        self.withdrawn = frozenset(_names(gone))
        # A deprecated model with a date is asked for by its name alone.
        ending = [row for row in self._rows if row["status"] == "deprecated" and row["shutdown_at"]]
        self.unlisted = self.withdrawn | frozenset(_names(ending))

    def _row(self, name: str, given: str | Mapping[str, Any]) -> dict[str, Any]:
        fields = {"status": given} if isinstance(given, str) else given
        if fields.get("status") not in STATUSES or set(fields) - set(PREVIEW):
            raise ValueError(
                f"A retired model has a status, which is one of {', '.join(STATUSES)}, and besides "
                f"{', '.join(list(PREVIEW)[3:])}. Of {name} came {given!r}"
            )
        known, today = find_model(name), self._now()
        names = known.ids if known else (model_id(name),)
        last = {"withdrawn": today, "deprecated": today + NOTICE}.get(fields["status"])
        row: dict[str, Any] = {
            "id": names[0],
            "aliases": list(names[1:]),
            "status": "",
            "deprecated_at": f"{today:%Y-%m-%d}",
            "shutdown_at": last and f"{last:%Y-%m-%d}",
            "replaced_by": None if NEWEST in names else NEWEST,
            "reason": "model_retired",
        }
        return {**row, **fields}

    def feed(self, query: Query, seen: str) -> Response:
        """GET /v1/models/deprecations, narrowed by ``status``; ``seen`` is If-None-Match."""
        wanted = set(query.get("status", [])) & set(STATUSES) or set(STATUSES)
        rows = [row for row in self._rows if row["status"] in wanted]
        content = {"object": "list", "data": rows}
        said = {"generated_at": stamp(self._now())}  # of which the ETag knows nothing
        return tagged(content, seen, said, {"Cache-Control": "public, max-age=300"})


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [name for row in rows for name in (row["id"], *row["aliases"])]


def metrics(rows: Iterable[LedgerRow], query: Query, now: datetime, endpoint: str) -> Response:
    """GET /models/metrics: what generations took that succeeded of late, by model."""
    if wrong := sorted(set(query) - {"aliases"}):
        raise Refused(400, ["Query validation error!", f"Unrecognized key(s): {', '.join(wrong)}"])
    took: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for row in rows:
        if row.status == "succeeded" and now - row.created <= WINDOW:
            took[OFFERS[row.model].model.ids].append(1000 * row.seconds)
    wanted = set(query.get("aliases", []))  # to the letter: no commas, no short names
    models = [
        {
            "alias": names[0],
            "endpoint": endpoint,
            "metrics": {"duration_ms": {f"p{each}": _nearest(all_, each) for each in PERCENTILES}},
        }
        for names, all_ in took.items()
        if "aliases" not in query or wanted.intersection(names)
    ]
    content = {"window_seconds": WINDOW.seconds, "generated_at": stamp(now), "models": models}
    return as_json(content)


def _nearest(values: list[float], percent: int) -> int:
    """The nearest rank."""
    return round(sorted(values)[math.ceil(percent / 100 * len(values)) - 1])
