"""``/v1/keys``: keys with a limit, made and looked after with a management key.

Source: https://docs.aimlapi.com/api-references/service-endpoints/api-key-management
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nb_banana import errors
from nb_banana._text import InDollars, amount, clean_id
from nb_banana.credentials import KEY_PAGE, MANAGEMENT, Secret, given_key
from nb_banana.services.aimlapi.service import AimlApi, is_own_words
from nb_banana.services.endpoint import Endpoint, what_came
from nb_banana.services.exchange import Reply, at
from nb_banana.services.failures import error_of, redact
from nb_banana.wire.transport import NoAnswerError, TooLongError, UnsentError

KEYS = "/v1/keys"
TIMEOUT = 30.0  # seconds for one request
LONGEST_BODY = 8 * 1024 * 1024
ATTEMPTS = 6  # how often a request is sent that is refused with 429: nothing was done then
PAUSE = 1.0  # seconds before it is sent again, where the service names none
LONGEST_PAUSE = 120.0
RETENTIONS = {"day": "day", "week": "week", "month": "month", "total": "no_reset"}
"""How the service calls each period that a limit may count in."""
SCOPES = ("model:image",)  # what the keys may be used for: pictures


@dataclass(frozen=True)
class KeyRecord(InDollars):
    """A key as the service lists it: all but the key."""

    name: str | None
    prefix: str = field(repr=False)  # the first characters of the key, which name it
    disabled: bool = False
    limit: Decimal | None = None  # US dollars; None where it has none
    period: str | None = None
    spent: Decimal | None = None  # US dollars of this month; None where it is not said


@dataclass(frozen=True)
class MadeKey:
    """What came of one request for a key."""

    secret: Secret | None = None  # None where the key was not seen
    error: errors.BananaError | None = None  # why not
    is_sure: bool = True  # whether then no key was made, by what the service said


def list_keys(service: Endpoint) -> list[KeyRecord]:
    """Every key of the account, the oldest first."""
    rows = at(_asked(service, "GET", KEYS).json, "data")
    if not isinstance(rows, list):
        raise errors.UnreadableAnswerError("The service's list of keys can't be read.")
    return [_record(row) for row in rows if isinstance(row, dict)]


def make_key(service: Endpoint, name: str, limit: Decimal, period: str) -> MadeKey:
    """Ask for one key, once: it is shown with the answer and never again."""
    # What came holds the key, so nothing of it goes into an error.
    asked = {
        "name": name,
        "limit": {"retention": RETENTIONS[period], "threshold": float(limit)},
        "scopes": list(SCOPES),
    }
    try:
        made = at(_asked(service, "POST", KEYS, asked).json, "data", "key")
    except errors.BananaError as error:
        kinds = (errors.ServiceError, errors.NotConnectedError)
        is_sure = isinstance(error, kinds) and not isinstance(error, errors.ServerError)
        return MadeKey(error=error, is_sure=is_sure)
    try:
        return MadeKey(given_key(made))
    except errors.MissingKeyError:
        said = "The service answered without a key that can be read."
        return MadeKey(error=errors.UnreadableAnswerError(said), is_sure=False)


def switch_key(service: Endpoint, prefix: str, *, disabled: bool) -> None:
    """Let a key draw no more, or again."""
    _asked(service, "PATCH", _path(prefix), {"disabled": disabled})


def delete_key(service: Endpoint, prefix: str) -> None:
    """Delete a key for good. One that is gone already is fine."""
    try:
        _asked(service, "DELETE", _path(prefix))
    except errors.NotFoundError:
        return


def _path(prefix: str) -> str:
    if not re.fullmatch(r"[\w-]+", prefix, re.ASCII):  # another address
        said = "The service names this key in a way that can't be asked for. Nothing was changed."
        raise errors.UnreadableAnswerError(said)
    return f"{KEYS}/{prefix}"


def _record(row: Mapping[str, Any]) -> KeyRecord:
    name, retention = row.get("name"), at(row, "limit", "retention")
    names = {theirs: ours for ours, theirs in RETENTIONS.items()}
    return KeyRecord(
        name=name if isinstance(name, str) else None,
        prefix=str(row.get("prefix") or ""),
        disabled=row.get("disabled") is True,
        limit=amount(at(row, "limit", "threshold")),
        period=names.get(retention) if isinstance(retention, str) else None,
        spent=amount(row.get("monthly_usage")),
    )


def _asked(
    service: Endpoint, method: str, path: str, body: Mapping[str, Any] | None = None
) -> Reply:
    """The answer to one request that went well; else one typed error, without the key."""
    try:
        return _until_answered(service, method, path, body)
    except errors.BananaError as error:
        redacted = redact(error, service.secret)
    raise redacted  # not inside of `except`, as in `services.send`


def _until_answered(
    service: Endpoint, method: str, path: str, body: Mapping[str, Any] | None
) -> Reply:
    options: dict[str, Any] = {} if body is None else {"json": body}
    for attempt in range(ATTEMPTS):
        try:
            answer = service.transport.send(
                method, service.base_url + path, secret=service.secret, seconds=TIMEOUT, **options
            )
            try:
                reply = Reply(answer.status, answer.headers, answer.read(LONGEST_BODY))
            except NoAnswerError as broken:
                reply = what_came(answer, broken)
        except (UnsentError, NoAnswerError, TooLongError) as trouble:
            error = _no_answer(service, trouble)
        else:
            if 200 <= reply.status < 300:
                return reply
            error = _refused(reply)
            named = reply.headers.get("Retry-After", "")
            wait = int(named) if named.isdecimal() and len(named) < 5 else PAUSE
            if reply.status == 429 and attempt + 1 < ATTEMPTS and wait <= LONGEST_PAUSE:
                time.sleep(wait)
                continue
        break
    raise error


def _no_answer(service: Endpoint, trouble: Exception) -> errors.BananaError:
    if isinstance(trouble, UnsentError):
        said = f"No connection to {service.host} could be made, so nothing was sent."
        return errors.NotConnectedError(f"{said} {trouble.cure}")
    if isinstance(trouble, NoAnswerError) and trouble.is_late:
        return errors.AnswerTimeoutError(f"No answer from {service.host} within {TIMEOUT:g} s.")
    return errors.ConnectionDroppedError(
        f"The connection to {service.host} ended before the answer was there."
    )


def _refused(reply: Reply) -> errors.BananaError:
    """The error for an answer that says no, in words of its own where money is not the question."""
    outcome, status = AimlApi().decode(reply), reply.status
    ids = {"inference_id": outcome.inference_id, "request_id": outcome.request_id}
    own = {"client_request_id": clean_id(reply.headers.get("x-client-request-id"))}
    error = error_of(outcome, reply, AimlApi(), own | ids)
    if isinstance(error, errors.GatewayError):
        said = f"A gateway before the service answered {status}."
    elif isinstance(error, errors.ServerError):
        said = f"The service failed ({status})."
    elif status in {401, 403} and is_own_words(reply):
        said = (
            f"The service does not take this as a management key ({status}). Make one in the tab "
            f"Management Keys of {KEY_PAGE}, then set {MANAGEMENT} or give it as management_key=."
        )
    else:
        return error
    return type(error)(said, **error.facts)
