"""Keys with a limit, ``/v1/keys``: made, listed, changed and deleted; what they spend counts.

Source: https://docs.aimlapi.com/api-references/service-endpoints/api-key-management
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from nb_banana.sandbox.catalogue import CREDITS_PER_USD, usd
from nb_banana.sandbox.exchange import Inference, Refused, Request, Response, as_json, stamp
from nb_banana.sandbox.faults import BAD_KEY
from nb_banana.sandbox.ledger import Ledger

KEYS, OWN_KEY = "/v1/keys", "/v1/key"
PREFIX = 8  # so many of its first characters name a key
MOST_USD = 10**9
MANAGER_ONLY = (
    "This request requires a valid management key. You can create one in the tab Management Keys: "
    "https://aimlapi.com/app/keys"
)
OVER_LIMIT = (
    "This API key has reached its spending limit of ${threshold:g} ({retention}). Further charges "
    "using this key are blocked."
)
OUT_OF_SCOPE = "This API key is not allowed to use models of this kind: model:image"
SCOPES = [
    f"model:{each}"
    for each in ("chat", "responses", "image", "audio", "video", "embeddings", "speech", "ocr")
]
RETENTIONS = ("no_reset", "day", "week", "month")
FIELDS = ("name", "disabled", "limit", "scopes")


def period_start(retention: str, now: datetime) -> datetime:
    """When the period began that a limit counts in: always at 00:00 UTC, a week on its Monday."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match retention:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class IssuedKey:
    """One key as it was made and changed."""

    text: str = field(repr=False)
    created: datetime
    updated: datetime
    name: str | None = None
    disabled: bool = False
    limit: Mapping[str, Any] | None = None
    scopes: list[str] | None = None

    @property
    def prefix(self) -> str:
        """What it is called by in an address."""
        return self.text[:PREFIX]


class IssuedKeys:
    """The keys that were made here, and the books of what each of them may still spend."""

    def __init__(self, ledger: Ledger, key: str | None, management_key: str | None) -> None:
        self._ledger = ledger
        self._key, self._management_key = key, management_key
        self._keys: dict[str, IssuedKey] = {}  # by prefix, the oldest first
        self._deleted: set[str] = set()
        self._held: dict[str, int] = {}  # credits of generations under way, by prefix
        self._lock = Lock()

    def bearer(self, request: Request) -> IssuedKey | None:
        """Which of them a request bears; None where it is another key, or none."""
        return next((key for key in list(self._keys.values()) if request.bears(key.text)), None)

    def admits(self, request: Request) -> bool:
        """Whether a request may draw and ask of its account."""
        if (issued := self.bearer(request)) is not None:
            return not issued.disabled
        if self._management_key is not None and request.bears(self._management_key):
            return False
        if any(map(request.bears, list(self._deleted))):
            return False
        return self._key is None or request.bears(self._key)

    def manage(self, request: Request) -> Response:
        """The answer to a request for `KEYS` or what is below it."""
        self._check_manager(request)
        prefix = request.path.removeprefix(KEYS).removeprefix("/")
        handlers = (
            {"PATCH": self._change, "DELETE": self._delete}
            if prefix
            else {"POST": self._make, "GET": self._list}
        )
        method = "GET" if request.method == "HEAD" else request.method
        if method not in handlers:
            allowed = ", ".join(handlers)
            raise Refused(405, f"Cannot {request.method} {request.path}", Allow=allowed)
        with self._lock:
            if prefix and prefix not in self._keys:
                raise Refused(404, "Key not found")
            return as_json({"data": handlers[method](request, prefix)})

    def _check_manager(self, request: Request) -> None:
        if self._management_key is not None:
            is_manager = request.bears(self._management_key)
        else:
            given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
            is_issued = self.bearer(request) or any(map(request.bears, list(self._deleted)))
            is_manager = bool(given) and not is_issued
        if not is_manager:
            raise Refused(401, MANAGER_ONLY)

    def _make(self, request: Request, _prefix: str) -> dict[str, Any]:
        text, now = secrets.token_hex(16), self._ledger.now()
        while text[:PREFIX] in self._keys:
            text = secrets.token_hex(16)
        key = replace(IssuedKey(text, now, now), **_read(request.body, FIELDS))
        self._keys[key.prefix] = key
        return {**self.to_json(key), "key": text}

    def _list(self, _request: Request, _prefix: str) -> list[dict[str, Any]]:
        return [self.to_json(key) for key in self._keys.values()]

    def _change(self, request: Request, prefix: str) -> dict[str, Any]:
        changes = _read(request.body, FIELDS)
        self._keys[prefix] = replace(self._keys[prefix], **changes, updated=self._ledger.now())
        return self.to_json(self._keys[prefix])

    def _delete(self, _request: Request, prefix: str) -> dict[str, Any]:
        self._deleted.add(self._keys.pop(prefix).text)
        return {"prefix": prefix, "deleted": True}

    def own(self, request: Request) -> Response:
        """The answer to `OWN_KEY`: what is known of the key in use."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not given:
            raise Refused(401, BAD_KEY)
        now = self._ledger.now()
        return as_json({"data": self.to_json(self.bearer(request) or IssuedKey(given, now, now))})

    def to_json(self, key: IssuedKey) -> dict[str, Any]:
        """A key as the service shows it: all but the key."""
        return {
            "name": key.name,
            "disabled": key.disabled,
            "prefix": key.prefix,
            "scopes": key.scopes,
            "limit": key.limit,
            "created_at": stamp(key.created),
            "updated_at": stamp(key.updated),
            "monthly_usage": usd(self._spent(key, "month")),
        }

    def _spent(self, key: IssuedKey, retention: str) -> int:
        """The credits that it has spent in the period that it is now."""
        since = period_start(retention, self._ledger.now())
        rows = (row for row in self._ledger.rows if row.key == key.prefix and row.created >= since)
        return sum(row.credits for row in rows)

    def hold(self, issued: IssuedKey | None, needed: int, charged: int) -> str:
        """Set aside what a generation costs, or refuse it; the prefix that it is booked under."""
        # Generations under way count: else many at once would pass the limit together.
        if issued is None:
            return ""
        if issued.scopes is not None and "model:image" not in issued.scopes:
            raise Refused(403, OUT_OF_SCOPE)
        with self._lock:
            held, limit = self._held.get(issued.prefix, 0), issued.limit
            if limit is not None:
                spent = self._spent(issued, limit["retention"]) + held
                if spent + needed > round(limit["threshold"] * CREDITS_PER_USD):
                    raise Refused(403, OVER_LIMIT.format(**limit))
            self._held[issued.prefix] = held + charged
        return issued.prefix

    def book(self, charge: Inference) -> None:
        """Write down what a generation cost: nothing is set aside for it any more."""
        with self._lock:
            self._ledger.book(charge)
            if charge.key:
                self._held[charge.key] -= charge.credits


def _read(body: bytes, allowed: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a body, checked; a body may be missing."""
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError) as problem:
        raise _wrong("Invalid JSON. Expected object, received text that cannot be parsed") from (
            problem
        )
    if not isinstance(fields, dict):
        raise _wrong("Expected object, received another type")
    hints = [f"{name}: Unrecognized key" for name in fields if name not in allowed]
    hints += [hint for name, value in fields.items() if (hint := _hint(name, value))]
    if hints:
        raise _wrong(*hints)
    return fields


def _hint(name: str, value: Any) -> str:
    """What is wrong with a field; nothing where it is right."""
    if name == "name" and not isinstance(value, str | None):
        return "name: Expected string, received another type"
    if name == "disabled" and not isinstance(value, bool):
        return "disabled: Expected boolean, received another type"
    if name == "scopes" and value is not None:
        known = isinstance(value, list) and all(each in SCOPES for each in value)
        return "" if known else f"scopes: Expected {' | '.join(SCOPES)}, received another"
    if name == "limit" and value is not None:
        return _limit_hint(value)
    return ""


def _limit_hint(value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {"retention", "threshold"}:
        return "limit: Expected object of retention and threshold, received another"
    if value["retention"] not in RETENTIONS:
        return f"limit.retention: Expected {' | '.join(RETENTIONS)}, received another"
    threshold = value["threshold"]
    is_number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not is_number or not 0 < threshold < MOST_USD:
        return "limit.threshold: Expected a positive number, received another"
    return ""


def _wrong(*hints: str) -> Refused:
    return Refused(400, ["Body validation error!", *hints])
