"""A time is understood as a person writes it, in the time zone of the machine."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from nb_banana import errors
from nb_banana.generation.period import WORDS, period, since_until
from tests.conftest import KEY

TOKYO = timezone(timedelta(hours=9))
THURSDAY = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


def day(*ymd):
    """The beginning of a day on this machine."""
    return datetime(*ymd).astimezone()


@pytest.mark.parametrize(
    ("written", "first", "end"),
    [
        ("today", day(2026, 11, 26), day(2026, 11, 27)),
        ("Yesterday", day(2026, 11, 25), day(2026, 11, 26)),
        ("this week", day(2026, 11, 23), day(2026, 11, 30)),
        (" last  week ", day(2026, 11, 16), day(2026, 11, 23)),
        ("this month", day(2026, 11, 1), day(2026, 12, 1)),
        ("last month", day(2026, 10, 1), day(2026, 11, 1)),
        ("2026-02-28", day(2026, 2, 28), day(2026, 3, 1)),
        (date(2026, 12, 31), day(2026, 12, 31), day(2027, 1, 1)),
        (np.datetime64("2026-02-28"), day(2026, 2, 28), day(2026, 3, 1)),
    ],
)
def test_a_day_a_week_and_a_month_begin_and_end_at_midnight(written, first, end):
    assert period("since", written, THURSDAY) == (first, end)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("7 days", THURSDAY - timedelta(7)),
        ("1 week ago", THURSDAY - timedelta(7)),
        ("90 minutes", THURSDAY - timedelta(minutes=90)),
        (timedelta(hours=3), THURSDAY - timedelta(hours=3)),
        (pd.Timedelta("3h"), THURSDAY - timedelta(hours=3)),
        ("2026-11-26T12:00", datetime(2026, 11, 26, 12).astimezone()),
        ("2026-11-26 12:00+02:00", datetime(2026, 11, 26, 10, tzinfo=UTC)),
        ("2026-11-26T12:00:00Z", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        (datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 9).astimezone()),
        (datetime(2026, 1, 1, tzinfo=TOKYO), datetime(2025, 12, 31, 15, tzinfo=UTC)),
        (pd.Timestamp("2026-01-01 09:00"), datetime(2026, 1, 1, 9).astimezone()),
    ],
)
def test_a_moment_is_a_moment(written, moment):
    assert period("since", written, THURSDAY) == (moment, moment)


@pytest.mark.parametrize(
    "wrong",
    [
        *(5, 2.5, True, "", "soon", "2026-13-01", "3 moons", [], b"today", object()),
        *(pd.NaT, np.datetime64("NaT"), timedelta(-1)),
    ],
)
def test_what_is_no_time_is_refused_with_all_that_is_one(wrong):
    with pytest.raises(errors.RequestError, match=r"^older_than is a date") as caught:
        period("older_than", wrong)
    assert all(word in str(caught.value) for word in WORDS)


@pytest.mark.parametrize("far", [timedelta.max, date.max, date.min, datetime.min, "999999 weeks"])
def test_a_time_that_nobody_can_reckon_with_is_refused(far):
    with pytest.raises(errors.RequestError, match="no time that can be reckoned with"):
        period("since", far)


def test_a_word_that_is_nearly_one_is_guessed_and_a_key_is_not_repeated(monkeypatch):
    with pytest.raises(errors.RequestError, match="Did you mean last week"):
        period("since", "lst week")
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with pytest.raises(errors.BananaError) as caught:
        period("since", KEY)
    assert KEY not in str(caught.value)


def test_until_a_day_has_the_whole_day_in_it_and_the_end_is_not_before_the_beginning():
    since, until = since_until("2026-11-26", "2026-11-26")
    assert until - since == timedelta(1)
    assert since_until(None, None) == (None, None)
    with pytest.raises(errors.RequestError, match="not before the end"):
        since_until("2026-11-27", "2026-11-26")


HERE = """
from datetime import UTC, datetime
from nb_banana.generation.period import period
noon = datetime(2026, 3, 8, 23, tzinfo=UTC)  # the clocks of New York went forward on that day
print(*(time.isoformat() for time in period("since", "today", noon)))
"""


@pytest.mark.skipif(os.name != "posix", reason="TZ is POSIX")
def test_a_day_is_one_of_the_machines_time_zone_also_where_it_is_shorter():
    environment = os.environ | {"TZ": "America/New_York"}
    done = subprocess.run(
        [sys.executable, "-c", HERE], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2026-03-08T05:00:00+00:00", "2026-03-09T04:00:00+00:00"]
