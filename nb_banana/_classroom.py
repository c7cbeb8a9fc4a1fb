"""`Classroom`: a key with a limit for each student, what they spent, and the file to hand out."""

import operator
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from nb_banana import _default, errors
from nb_banana._hints import Hinted
from nb_banana._text import amount, clean, did_you_mean, printable, shown
from nb_banana.credentials import (
    KEY_PAGE,
    MANAGEMENT,
    VENDOR_HOST,
    Secret,
    hide_key,
    host_of,
    is_loopback,
    refuse_key,
)
from nb_banana.results.handout import Handout, KeyListing, KeyUse
from nb_banana.services.aimlapi import class_keys
from nb_banana.services.endpoint import Endpoint
from nb_banana.settings import Banana

KEYS_OF = "aimlapi"  # the one service that makes keys with a limit
MOST_KEYS = 500  # of one call
LONGEST_NAME = 100  # letters of a student's name
PLAY = "the-management-key-of-a-sandbox"
"""What is sent to this machine where there is no management key: a sandbox asks for any."""


class Classroom(Hinted):
    """Keys for a class, each with a limit, so that nobody can spend more than you gave.

    It takes a *management key* of the account: made in the tab Management Keys of
    https://aimlapi.com/app/keys, it makes other keys, and draws nothing itself. The service keeps
    the limits: https://docs.aimlapi.com/faq/how-can-i-work-with-my-api-keys

    Args:
        management_key: better the environment variable ``AIMLAPI_MANAGEMENT_KEY``, which is sent to
            the vendor's host and to this machine alone.
        base_url: the service's address; else that of the client's settings.
        client: whose settings and connections it uses; else the default client's.

    Raises:
        MissingKeyError: there is no management key that may be sent to this service.
        SettingsError: ``base_url`` is no address that may be spoken to.

    >>> from nb_banana import Client
    >>> room = Classroom(client=Client(backend="sandbox"))
    >>> handout = room.create(["Ada", "Grace"], limit=0.50, period="week")
    >>> room.keys()
    2 keys at 127.0.0.1:..., $0 spent this month
      Ada    $0  limit $0.50 a week
      Grace  $0  limit $0.50 a week
    """

    def __init__(
        self,
        management_key: str | Secret | None = None,
        *,
        base_url: str | None = None,
        client: Any = None,
    ) -> None:
        given: dict[str, Any] = {"key": management_key}
        management_key = None  # from here on no traceback of anything can show it
        hide_key(given)
        self._client = client if client is not None else _default.client()
        context = self._client.context
        if base_url is not None:
            hosts = context.settings.allow_http
            self._url = Banana().change(base_url=base_url, allow_http=hosts).base_url
        elif context.policy().backend == "sandbox":
            self._url = context.sandbox_url()
        else:
            self._url = context.policy(service=KEYS_OF).base_url
        self._given: Secret | None = given["key"]
        self.handout: Handout | None = None
        """What `create` made last, also where it was stopped."""
        self._service()  # where there is no key it is said now

    def __repr__(self) -> str:
        there = vars(self).get("_url")  # not yet in a traceback of why it could not be made
        return f"<Classroom of {host_of(there)}>" if there else "<Classroom>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "A classroom is not pickled: it may hold a key. Make one where you need it."
        )

    def create(
        self,
        names: int | str | Iterable[str],
        limit: float | Decimal = 2.00,
        period: str = "month",
    ) -> Handout:
        """Make a key for each student. The service shows each key once: save the hand-out.

        Args:
            names: of the students, each another one; or how many, for ``student-01`` and so on.
            limit: US dollars that each key may spend in a period.
            period: ``"day"``, ``"week"``, ``"month"`` or ``"total"``. A period begins at 00:00 UTC,
                a week on Monday.

        Returns:
            The keys by name. Its ``save("keys.csv")`` writes them down; nothing else does.

        Raises:
            RequestError: a name, the limit or the period can't be so, or a key has the name
                already. Nothing was made.
            ClassKeysError: it stopped half way. What was made is in ``.handout``.
            BananaError: the service could not be asked. Nothing was made.
        """
        wanted, money = _names(names), _limit(limit)
        if not isinstance(period, str) or period not in class_keys.RETENTIONS:
            known = ", ".join(class_keys.RETENTIONS)
            said = f"period is one of {known}, not {shown(period)}."
            raise errors.RequestError(said + did_you_mean(period, class_keys.RETENTIONS))
        service = self._service()
        there = {each.name for each in class_keys.list_keys(service)}
        if taken := [name for name in wanted if name in there]:
            raise errors.RequestError(
                f"There is a key named {_quoted(taken)} already, so none was made. Take other "
                "names, or delete it first: delete(name)."
            )
        handout = Handout(money, period, self._url)
        for position, name in enumerate(wanted):
            try:
                made = class_keys.make_key(service, name, money, period)
                if made.secret is None:
                    raise _problem(made, wanted[position:], service, handout)
            except KeyboardInterrupt:
                said = _stopped(name, handout)
                raise errors.Interrupted(said, handout=handout) from None
            handout.add(name, made.secret)
            self.handout = handout  # not before: an earlier one may not have been saved yet
        return handout

    def keys(self) -> KeyListing:
        """Every key of the account, with its limit and what it spent this month.

        Raises:
            BananaError: the service could not be asked.
        """
        found = [
            KeyUse(each.name, each.limit, each.period, each.spent, each.disabled)
            for each in class_keys.list_keys(self._service())
        ]
        return KeyListing(found, host_of(self._url))

    def disable(self, name: str) -> None:
        """Let the key of this name draw nothing more, until `enable`.

        Raises:
            RequestError: no key, or more than one, has exactly this name.
            BananaError: the service could not be asked.
        """
        service = self._service()
        class_keys.switch_key(service, _prefix(name, service), disabled=True)

    def enable(self, name: str) -> None:
        """Let a key that was disabled draw again.

        Raises:
            RequestError: no key, or more than one, has exactly this name.
            BananaError: the service could not be asked.
        """
        service = self._service()
        class_keys.switch_key(service, _prefix(name, service), disabled=False)

    def delete(self, name: str) -> None:
        """Delete the key of exactly this name, for good. What it spent stays on the bill.

        Raises:
            RequestError: no key, or more than one, has exactly this name.
            BananaError: the service could not be asked.
        """
        service = self._service()
        class_keys.delete_key(service, _prefix(name, service))

    def _service(self) -> Endpoint:
        """The service with the management key that may go there."""
        services = self._client.context.services
        service: Endpoint = self._client.context.service(
            self._url, self._management_key(), speaks=services[KEYS_OF]
        )
        return service

    def _management_key(self) -> Secret:
        if self._given is not None:
            return self._given
        is_near = is_loopback(self._url)
        if is_near or host_of(self._url) == VENDOR_HOST:
            if os.environ.get(MANAGEMENT, "").strip():
                return Secret(os.environ[MANAGEMENT], f"the environment variable {MANAGEMENT}")
            if is_near:
                return Secret(PLAY)
            raise errors.MissingKeyError(
                f"There is no management key. Make one in the tab Management Keys of {KEY_PAGE}, "
                f"then set {MANAGEMENT}. To try it with play money: "
                '%config Banana.backend = "sandbox".'
            )
        raise errors.MissingKeyError(
            f"The management key is not sent to {host_of(self._url)} unasked, for it is not the "
            "vendor's. If you trust it, give the key for it by hand: management_key=."
        )


def _problem(
    made: class_keys.MadeKey, left: Sequence[str], service: Endpoint, handout: Handout
) -> errors.BananaError:
    """The error of a key that was not made, or not seen: what is there, and what to do."""
    error, name = made.error, left[0]
    reason = str(error.args[0]) if error is not None else ""
    if made.is_sure and not handout and error is not None:
        return error
    fate = "It was not made." if made.is_sure else _fate(name, service)
    kept = (
        f"Made before and kept, in .handout of this error: {_quoted(handout)}. " if handout else ""
    )
    rest = f" Not asked for yet: {_quoted(left[1:])}." if left[1:] else ""
    said = f"The key of {_quoted([name])}: {reason} {fate} {kept}".rstrip()
    facts = error.facts if error is not None else {}
    return errors.ClassKeysError(f"{said}{rest}", **{**facts, "handout": handout})


def _fate(name: str, service: Endpoint) -> str:
    """What became of a key whose answer did not come: it is looked up, never asked for again."""
    try:
        names = [each.name for each in class_keys.list_keys(service)]
    except errors.BananaError:
        return (
            f"Whether it was made is not known. Look at keys(): if {_quoted([name])} is there, "
            "delete it, then create it again."
        )
    if name not in names:
        return "By the service's list it was not made: create it again."
    return (
        "It was made, and its key was not seen: it can't be had any more. "
        f"delete({name!r}), then create it again."
    )


def _stopped(name: str, handout: Handout) -> str:
    return (
        f"Stopped. The keys made before ({len(handout)}) are in .handout of this error. The key "
        f"of {_quoted([name])} may have been made: look at keys(), and delete it if it is there."
    )


def _prefix(name: str, service: Endpoint) -> str:
    """What the service calls the key of a name."""
    found = class_keys.list_keys(service)
    fitting = [each for each in found if isinstance(name, str) and each.name == name]
    if len(fitting) == 1:
        return fitting[0].prefix
    if len(fitting) > 1:
        raise errors.RequestError(
            f"{len(fitting)} keys are named {_quoted([name])}, so none was touched. Tell them "
            f"apart at {KEY_PAGE}."
        )
    known = [each.name for each in found if each.name is not None]
    said = f"There is no key named {shown(name)}."
    raise errors.RequestError(said + did_you_mean(name, known))


def _names(names: Any) -> list[str]:
    """The names that are asked for, checked."""
    if isinstance(names, bool) or names is None:
        raise errors.RequestError(f"names are the students' names, or how many: not {names}.")
    if isinstance(names, str):
        names = [names]
    elif not isinstance(names, Iterable):
        names = _numbered(names)
    found = [_name(each) for each in names]
    if not 0 < len(found) <= MOST_KEYS:
        raise errors.RequestError(f"One call makes 1 to {MOST_KEYS} keys, not {len(found)}.")
    if twice := {name: None for name in found if found.count(name) > 1}:
        raise errors.RequestError(f"Two students can't have one name: {_quoted(twice)}.")
    return found


def _numbered(count: Any) -> list[str]:
    try:
        number = operator.index(count)
    except Exception:  # noqa: BLE001 - a value's own code
        raise errors.RequestError(
            f"names are the students' names, or how many: not {shown(count)}."
        ) from None
    if not 0 < number <= MOST_KEYS:
        raise errors.RequestError(f"One call makes 1 to {MOST_KEYS} keys, not {shown(number)}.")
    wide = max(2, len(str(number)))
    return [f"student-{each:0{wide}}" for each in range(1, number + 1)]


def _name(name: Any) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > LONGEST_NAME or printable(text) != text:
        raise errors.RequestError(
            f"A student's name is a text of 1 to {LONGEST_NAME} letters, not {shown(name)}."
        )
    refuse_key("A student's name", text)
    return text


def _limit(limit: Any) -> Decimal:
    money = amount(limit)
    if money is None or money <= 0:
        raise errors.RequestError(
            f"limit is an amount of US dollars, more than 0, not {shown(limit)}."
        )
    return money


def _quoted(names: Iterable[str]) -> str:
    return clean(", ".join(repr(each) for each in names), 200)
