"""Times as people write them: a date, ISO text, "last week", or how long ago."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nb_banana._text import did_you_mean, is_absent, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import RequestError

Period = tuple[datetime, datetime]  # from when, and when it is over

WORDS = ("today", "yesterday", "this week", "last week", "this month", "last month")
_AGO = re.compile(r"(\d{1,6}) (minute|hour|day|week)s?(?: ago)?")


def period(name: str, value: Any, now: datetime | None = None) -> Period:
    """From when to when a value is, in UTC; a moment is as short as can be.

    Days are those of this machine's time zone, and so is a time without one. A week begins on
    Monday. "7 days" and a timedelta are the moment so long ago.

    Args:
        name: what the value is called, for the error.
        value: a date, a datetime, a timedelta, ISO text or one of `WORDS`.
        now: the time, with its zone.

    Raises:
        RequestError: it is none of these.

    >>> noon = datetime(2026, 11, 26, 12, tzinfo=UTC)
    >>> period("since", "2 hours", noon)[0].hour
    10
    """
    if isinstance(value, str):
        refuse_key(name, value)
    try:
        found = _period(value, now or datetime.now(UTC))
        if found is not None:
            return found[0].astimezone(UTC), found[1].astimezone(UTC)
    except (OverflowError, ValueError, OSError):  # systems know no zone of far years
        raise RequestError(f"{name}={shown(value)} is no time that can be reckoned with.") from None
    meant = did_you_mean(value.lower(), WORDS) if isinstance(value, str) else ""
    raise RequestError(
        f"{name} is a date, a datetime, a timedelta (so long ago), ISO text such as '2026-11-26', "
        f"or one of {', '.join(WORDS)}, '30 days' (or minutes, hours, weeks), not {shown(value)}."
        f"{meant}"
    )


def since_until(since: Any, until: Any) -> tuple[datetime | None, datetime | None]:
    """When a search begins, and when it is over: ``until`` a day has the whole day in it."""
    first = None if since is None else period("since", since)[0]
    end = None if until is None else period("until", until)[1]
    if first and end and first >= end:
        raise RequestError(
            f"since={shown(since)} is not before the end of until={shown(until)}, so nothing is "
            "between them. Change one of them."
        )
    return first, end


def _period(value: Any, now: datetime) -> Period | None:
    if type(value).__module__ == "numpy" and type(value).__name__ == "datetime64":
        value = str(value)
    if is_absent(value):  # pandas' NaT is a datetime too
        return None
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return _days(value, value + timedelta(1))
    if isinstance(value, timedelta):
        return _moment(now - value) if value >= timedelta(0) else None
    return _of_text(value, now) if isinstance(value, str) else None


def _of_text(text: str, now: datetime) -> Period | None:
    words = " ".join(text.lower().split())
    if found := _AGO.fullmatch(words):
        return _moment(now - timedelta(**{f"{found[2]}s": int(found[1])}))
    if words in WORDS:
        return _of_words(words, now.astimezone().date())
    for kind in (date, datetime):
        try:
            return _period(kind.fromisoformat(text.strip()), now)
        except ValueError:
            continue
    return None


def _of_words(words: str, today: date) -> Period:
    if words in {"today", "yesterday"}:
        first = today - timedelta(words == "yesterday")
        return _days(first, first + timedelta(1))
    which, _, unit = words.partition(" ")
    if unit == "week":
        monday = today - timedelta(today.weekday() + 7 * (which == "last"))
        return _days(monday, monday + timedelta(7))
    first = today.replace(day=1)
    if which == "last":
        return _days((first - timedelta(1)).replace(day=1), first)
    return _days(first, (first + timedelta(31)).replace(day=1))


def _moment(time: datetime) -> Period:
    same = datetime.combine(time.date(), time.timetz())  # pandas' own goes its own ways
    return same, same


def _days(first: date, after: date) -> Period:
    """From the beginning of a day to that of another one, in this machine's time zone."""
    begin, end = (datetime(each.year, each.month, each.day) for each in (first, after))
    return begin.astimezone(), end.astimezone()
