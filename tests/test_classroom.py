"""A class can't overspend: keys with a limit, the one file that holds them, what each spent."""

import copy
import csv
import os
import pickle
import stat
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy
import pytest
import requests

import nb_banana
from nb_banana import Classroom, Client, credentials, errors
from nb_banana.sandbox import Sandbox
from nb_banana.services.aimlapi import class_keys
from tests.support.wire import as_json, hang_up, wire

MANAGER = "management-4e1c8b7d2f6a9035"
PRICE = Decimal("0.0894875")
"""US dollars of a picture in the sandbox."""


class Clock:
    """The sandbox's time, which stands still."""

    def __init__(self):
        self.now = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)  # a Wednesday

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def school(clock, monkeypatch):
    """A service that knows its management key, and a clock that can be set."""
    with Sandbox("the-teachers-own-key-55d0", management_key=MANAGER, clock=clock) as running:
        monkeypatch.setenv(credentials.MANAGEMENT, MANAGER)
        nb_banana.configure(base_url=running.url)
        yield running


@pytest.fixture
def room(school):
    return Classroom()


def listed(room):
    return room.keys()


def student(school, key, **settings):
    return Client(base_url=school.url, key=key, backend="api", keep=False, **settings)


def test_each_student_gets_a_key_that_draws(school, room):
    handout = room.create(["Ada", "Grace"], limit=1)
    assert list(handout) == ["Ada", "Grace"]
    for name in handout:
        assert student(school, handout[name]).generate("a banana").came == "made"
    assert [(each.name, each.spent, each.limit, each.period) for each in listed(room)] == [
        ("Ada", PRICE, 1, "month"),
        ("Grace", PRICE, 1, "month"),
    ]
    assert room.keys().spent == 2 * PRICE


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [(1, "student-01", "student-01"), (120, "student-001", "student-120")],
)
def test_a_number_makes_so_many_names(room, count, first, last):
    handout = room.create(count)
    assert (len(handout), next(iter(handout)), list(handout)[-1]) == (count, first, last)


BAD = [
    (0, {}, "1 to 500"),
    (-3, {}, "1 to 500"),
    (501, {}, "1 to 500"),
    (True, {}, "how many"),
    (None, {}, "how many"),
    (2.5, {}, "how many"),
    ([], {}, "1 to 500"),
    (["Ada", ""], {}, "letters"),
    (["Ada", "  "], {}, "letters"),
    (["Ada", 7], {}, "not 7"),
    ("A" * 101, {}, "1 to 100 letters"),
    (["a\x1b[2Jb"], {}, "letters"),
    (["Ada", "Grace", "Ada "], {}, "'Ada'"),
    ([f"Ada {MANAGER}"], {}, "has your key in it"),
    (["Ada"], {"limit": 0}, "more than 0"),
    (["Ada"], {"limit": -2}, "more than 0"),
    (["Ada"], {"limit": float("inf")}, "more than 0"),
    (["Ada"], {"limit": float("nan")}, "more than 0"),
    (["Ada"], {"limit": True}, "more than 0"),
    (["Ada"], {"limit": None}, "more than 0"),
    (["Ada"], {"limit": "much"}, "not 'much'"),
    (["Ada"], {"period": "fortnight"}, "day, week, month, total"),
    (["Ada"], {"period": "months"}, "Did you mean month"),
    (["Ada"], {"period": None}, "period"),
    (["Ada"], {"period": []}, "period"),
]


@pytest.mark.parametrize(("names", "options", "said"), BAD)
def test_what_can_be_no_key_is_said_before_anything_is_made(school, room, names, options, said):
    with pytest.raises(errors.RequestError, match=said) as caught:
        room.create(names, **options)
    assert MANAGER not in str(caught.value)
    assert school.received == []


def test_a_name_that_is_there_already_makes_none_of_them(school, room):
    room.create(["Ada"])
    with pytest.raises(errors.RequestError, match="'Ada' already"):
        room.create(["Grace", "Ada"])
    assert [each.name for each in listed(room)] == ["Ada"]


# The limit


def test_over_its_limit_a_key_draws_nothing_and_the_notebook_says_so_in_a_sentence(school, room):
    handout = room.create(["Ada", "Grace"], limit=0.10)
    ada = student(school, handout["Ada"])
    ada.generate("a banana")
    with pytest.raises(errors.KeyLimitError, match=r"used up its limit.*Nothing was.*00:00 UTC"):
        ada.generate("a pear")
    with pytest.raises(errors.NotAllowedError):
        ada.generate("a plum")
    assert student(school, handout["Grace"]).generate("a pear").came == "made"
    assert len(school.charges) == 2
    assert len(school.posts) == 4  # none was sent again
    assert room.keys()[0].spent == PRICE


def test_a_batch_over_the_limit_stops_with_its_first_refusal(school, room):
    ada = student(school, room.create(["Ada"], limit=0.20)["Ada"], concurrency=1)
    gallery = ada.generate_many([f"a banana {number}" for number in range(6)])
    assert (len(gallery.images), len(gallery.failures)) == (2, 4)
    assert len(school.posts) == 3


def test_many_at_once_do_not_pass_the_limit_together(school, room):
    ada = student(school, room.create(["Ada"], limit=0.20)["Ada"], concurrency=8)
    slow = [f"a banana {number} [trouble: slow 0.3]" for number in range(8)]
    assert len(ada.generate_many(slow).images) == 2
    assert room.keys()[0].spent == 2 * PRICE


DAY = timedelta(days=1)
TURNS = [
    ("day", timedelta(minutes=29), timedelta(minutes=31)),
    ("week", 4 * DAY, 4 * DAY + timedelta(minutes=31)),  # from Wednesday to Sunday, and Monday
    ("month", 5 * DAY, 5 * DAY + timedelta(minutes=31)),
    ("total", 400 * DAY, None),
]


@pytest.mark.parametrize(("period", "before", "after"), TURNS, ids=[each[0] for each in TURNS])
def test_a_limit_starts_anew_at_midnight_of_its_period(school, room, clock, period, before, after):
    begun = clock.now
    ada = student(school, room.create(["Ada"], limit=0.10, period=period)["Ada"])
    ada.generate("a banana")
    clock.now = begun + before
    with pytest.raises(errors.KeyLimitError):
        ada.generate("a pear")
    if after is not None:
        clock.now = begun + after
        assert ada.generate("a pear").came == "made"


def test_what_failed_costs_a_key_nothing(school, room, brisk):
    ada = student(school, room.create(["Ada"], limit=0.10)["Ada"])
    with pytest.raises(errors.RefusalError):
        ada.generate("a banana [trouble: refusal]")
    assert ada.generate("a pear").came == "made"


def test_a_key_that_is_disabled_or_deleted_draws_nothing(school, room):
    handout = room.create(["Ada", "Grace"])
    room.disable("Ada")
    room.delete("Grace")
    for name in handout:
        with pytest.raises(errors.KeyRefusedError):
            student(school, handout[name]).generate("a banana")
    assert [(each.name, each.disabled) for each in listed(room)] == [("Ada", True)]
    room.enable("Ada")
    assert student(school, handout["Ada"]).generate("a banana").came == "made"


NO_NAMES = (10**5000, 1, None, ["1"], numpy.array(["1", "a"]), {})


@pytest.mark.parametrize("act", ["disable", "enable", "delete"])
@pytest.mark.parametrize("number", range(len(NO_NAMES)))  # for not each has a repr
def test_what_is_no_name_names_no_key(room, act, number):
    room.create(["1"])
    with pytest.raises(errors.RequestError, match="There is no key named"):
        getattr(room, act)(NO_NAMES[number])
    assert [each.disabled for each in listed(room)] == [False]


@pytest.mark.parametrize("act", ["disable", "enable", "delete"])
def test_a_name_is_meant_exactly_and_near_ones_are_named(room, act):
    room.create(["Ada", "Adah"])
    with pytest.raises(errors.RequestError, match=r"no key named 'ada'\. Did you mean Ada"):
        getattr(room, act)("ada")
    requests.post(
        f"{room._url}/v1/keys",
        json={"name": "Ada"},
        headers={"Authorization": f"Bearer {MANAGER}"},
        timeout=30,
    )
    with pytest.raises(errors.RequestError, match="2 keys are named 'Ada', so none was touched"):
        getattr(room, act)("Ada")
    assert [each.disabled for each in listed(room)] == [False] * 3


def test_other_keys_of_the_account_are_listed_too_and_have_no_limit(room):
    headers = {"Authorization": f"Bearer {MANAGER}"}
    requests.post(f"{room._url}/v1/keys", json={}, headers=headers, timeout=30)
    assert (room.keys()[0].name, room.keys()[0].limit) == (None, None)
    assert "(no name)" in repr(room.keys())
    assert "no limit" in room.keys()._repr_html_()


def test_names_in_a_listing_are_text(room):
    room.create(["<b>Ada</b>", "Gr\nace"])
    assert "<b>" not in room.keys()._repr_html_()
    assert len(repr(room.keys()).splitlines()) == 3


# The file


AWKWARD = {
    "plain": "Ada Lovelace",
    "comma": "Lovelace, Ada",
    "quote": 'Ada "the first"',
    "line": "Ada\nLovelace",
    "accents": "Žofie Ørsted",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "wide": "＝1+1",
}


def test_the_file_holds_each_key_once_and_nothing_that_a_spreadsheet_runs(room, tmp_path):
    handout = room.create(AWKWARD.values(), limit=0.5, period="week")
    file = handout.save(tmp_path / "keys.csv")
    with file.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [row["key"] for row in rows] == [handout[name].reveal() for name in handout]
    named = dict(zip(AWKWARD, [row["name"] for row in rows], strict=True))
    for kind, name in AWKWARD.items():
        is_formula = kind in {"formula", "plus", "minus", "at", "wide"}
        assert named[kind] == (f"'{name}" if is_formula else name)
    assert {(row["limit_usd"], row["period"], row["base_url"]) for row in rows} == {
        ("0.5", "week", room._url)
    }


def test_the_file_is_for_its_owner_alone_and_never_overwritten(room, tmp_path):
    handout = room.create(2)
    before = os.umask(0)
    try:
        file = handout.save(str(tmp_path / "keys.csv"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_bytes()
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    for there in (file, tmp_path / "link.csv", tmp_path):
        with pytest.raises(errors.SaveError, match="never overwritten"):
            handout.save(there)
    assert file.read_bytes() == written
    assert not (tmp_path / "elsewhere.csv").exists()


@pytest.mark.parametrize("name", ["no/such/folder/keys.csv", "a\0b.csv", "x" * 300])
def test_a_file_that_can_not_be_is_said_and_the_keys_are_still_there(room, tmp_path, name):
    handout = room.create(1)
    with pytest.raises(errors.SaveError, match="can't be written"):
        handout.save(tmp_path / name)
    assert handout.save(tmp_path / "keys.csv").is_file()


def test_on_a_full_disk_no_half_of_a_file_is_left(room, tmp_path, monkeypatch):
    handout = room.create(1)

    def fill(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(errors.SaveError, match="No space"):
        handout.save(tmp_path / "keys.csv")
    assert list(tmp_path.glob("*.csv")) == []


def test_the_key_of_one_student_is_no_name_of_a_file(room, tmp_path):
    handout = room.create(1)
    with pytest.raises(errors.RequestError, match="key in it"):
        handout.save(tmp_path / f"{handout['student-01'].reveal()}.csv")


@pytest.mark.parametrize("value", ["room", "handout"])
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_neither_classroom_nor_hand_out_is_pickled_or_copied(room, value, way):
    made = {"room": room, "handout": room.create(1)}
    with pytest.raises(TypeError, match="not pickled"):
        way(made[value])


# The management key


def test_the_management_key_is_never_used_to_draw(school, monkeypatch):
    for name in credentials.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    assert nb_banana.Client().context.search_key().found is None
    Classroom()
    with pytest.raises(errors.KeyRefusedError):
        nb_banana.generate("a banana")
    with pytest.raises(errors.KeyRefusedError):
        student(school, MANAGER).generate("a banana")
    assert school.charges == []


def test_a_management_key_goes_to_no_stranger_unasked(monkeypatch):
    monkeypatch.setenv(credentials.MANAGEMENT, MANAGER)
    nb_banana.configure(base_url="https://gateway.example")
    with pytest.raises(errors.MissingKeyError, match=r"gateway\.example unasked"):
        Classroom()
    assert repr(Classroom(MANAGER)) == "<Classroom of gateway.example>"


def test_what_a_classroom_can_not_be_is_said():
    with pytest.raises(errors.MissingKeyError, match=credentials.MANAGEMENT):
        Classroom(base_url="https://api.aimlapi.com")
    with pytest.raises(errors.SettingsError, match="https address"):
        Classroom(MANAGER, base_url="http://example.com")
    for odd in ("", "two words"):
        with pytest.raises(errors.MissingKeyError, match="Copy it again"):
            Classroom(odd)


def test_a_classroom_stays_with_the_service_that_it_was_made_for(school, room):
    nb_banana.configure(base_url="https://gateway.example")
    assert list(room.create(1)) == ["student-01"]


def test_what_is_no_management_key_is_said_with_its_cure(school):
    for key in ("a-key-that-is-wrong-77", "the-teachers-own-key-55d0"):
        with pytest.raises(errors.KeyRefusedError, match="Management Keys") as caught:
            Classroom(key).create(1)
        assert key not in str(caught.value)
    assert [each.path for each in school.posts] == []


def test_play_money_needs_no_management_key():
    nb_banana.configure(backend="sandbox")
    room = Classroom()
    handout = room.create(["Ada"], limit=0.10)
    ada = Client(base_url=room._url, key=handout["Ada"], backend="api", keep=False)
    ada.generate("a banana")
    with pytest.raises(errors.KeyLimitError):
        ada.generate("a pear")
    assert nb_banana.generate("a pear").came == "made"  # who has no such key has no such limit


# What goes wrong half way


KEY = "b747e891847f4c3fa0f6cce1cfd79bf{}"


class School:
    """A service whose answer to each key is the test's own."""

    def __init__(self, *answers):
        self.answers, self.made, self.asked = list(answers), [], []

    def __call__(self, request):
        if not request.body:
            return as_json({"data": [{"name": each, "prefix": "b747e891"} for each in self.made]})
        self.asked.append(request.body)
        answer = self.answers.pop(0) if self.answers else "made"
        if answer in ("made", "made and lost", "made and odd"):
            self.made.append(f"student-{len(self.asked):02}")
        if answer == "made":
            return as_json({"data": {"key": KEY.format(len(self.made)), "prefix": "b747e891"}})
        if answer == "made and odd":
            return as_json({"data": {"key": None}})
        return None if answer in ("made and lost", "lost") else answer

    def __enter__(self):
        self._wire = wire({"/v1/keys": self})
        nb_banana.configure(base_url=self._wire.__enter__().url)
        return self

    def __exit__(self, *how):
        self._wire.__exit__(*how)


@pytest.mark.parametrize("answer", ["made and lost", "made and odd"])
def test_a_key_whose_answer_is_lost_is_looked_up_and_not_asked_for_again(answer):
    with School("made", answer) as school:
        room = Classroom()
        with pytest.raises(errors.ClassKeysError) as caught:
            room.create(4)
    said = str(caught.value)
    assert "'student-02'" in said
    assert "its key was not seen" in said
    assert "delete('student-02'), then create it again" in said
    assert "'student-03', 'student-04'" in said
    assert list(caught.value.handout) == list(room.handout) == ["student-01"]
    assert len(school.asked) == 2


def test_a_key_that_was_not_made_is_said_to_be_so():
    with School("made", "lost") as school, pytest.raises(errors.ClassKeysError) as caught:
        Classroom().create(2)
    assert "by the service's list it was not made: create it again" in str(caught.value).lower()
    assert list(caught.value.handout) == ["student-01"]
    assert len(school.asked) == 2


REFUSALS = [
    ((400, b'{"message": "no", "statusCode": 400, "path": "/v1/keys"}', {}), "It was not made"),
    ((403, b'{"message": "no", "statusCode": 403, "path": "/v1/keys"}', {}), "It was not made"),
    (
        (500, b'{"message": "no", "statusCode": 500, "path": "/v1/keys"}', {}),
        "list it was not made",
    ),
    ((502, b"<html>gateway</html>", {}), "list it was not made"),
    ((200, b"<html>", {}), "list it was not made"),
]


@pytest.mark.parametrize(("answer", "fate"), REFUSALS, ids=[str(each[0][0]) for each in REFUSALS])
def test_those_made_before_a_failure_are_not_lost(answer, fate, tmp_path):
    with School("made", "made", answer) as school, pytest.raises(errors.ClassKeysError) as caught:
        Classroom().create(5)
    assert fate in str(caught.value)
    assert "Made before and kept" in str(caught.value)
    assert len(school.asked) == 3
    text = caught.value.handout.save(tmp_path / "keys.csv").read_text("utf-8")
    assert [KEY.format(number) in text for number in (1, 2, 3)] == [True, True, False]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.handout) == (str(caught.value), None)


def test_where_the_first_is_refused_nothing_was_made_and_the_error_is_the_services():
    answer = 400, b'{"message": "no", "statusCode": 400, "path": "/v1/keys"}', {}
    with School(answer), pytest.raises(errors.BadRequestError):
        Classroom().create(2)


def test_too_many_requests_are_sent_again_for_nothing_was_made(monkeypatch):
    monkeypatch.setattr(class_keys, "PAUSE", 0.01)
    busy = (429, b'{"message": "Too Many Requests"}', {})
    with School(busy, "made", busy, busy, "made") as school:
        school.made.append("another")
        assert len(Classroom().create(2)) == 2
    with School(*[busy] * 9), pytest.raises(errors.RateLimitError):
        Classroom().create(2)


def test_a_stopped_class_keeps_its_keys(monkeypatch):
    made, rest = class_keys.make_key, []

    def interrupted(*given):
        if rest:
            raise KeyboardInterrupt
        rest.append(given)
        return made(*given)

    monkeypatch.setattr(class_keys, "make_key", interrupted)
    with School():
        room = Classroom()
        with pytest.raises(errors.Interrupted, match=r"before \(1\) are in \.handout") as stopped:
            room.create(3)
    assert stopped.value.handout is room.handout
    assert list(room.handout) == ["student-01"]
    assert pickle.loads(pickle.dumps(stopped.value)).handout is None  # nobody else gets its keys


def test_a_look_for_a_lost_key_that_is_stopped_keeps_the_others(monkeypatch):
    def interrupted(service):
        if asked:
            raise KeyboardInterrupt
        asked.append(service)
        return []

    asked = []
    monkeypatch.setattr(class_keys, "list_keys", interrupted)
    with wire({"/v1/keys": hang_up}) as service:
        nb_banana.configure(base_url=service.url)
        with pytest.raises(errors.Interrupted, match="may have been made"):
            Classroom().create(2)


def test_a_second_call_that_makes_nothing_does_not_take_the_first_hand_out_away(monkeypatch):
    with School():
        room = Classroom()
        first = room.create(["Ada"])
        monkeypatch.setattr(class_keys, "make_key", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            room.create(["Grace"])
        assert room.handout is first


@pytest.mark.parametrize("path", [None, 5, "a\0b", object()])
def test_what_is_no_path_is_said_and_the_keys_stay(room, path):
    handout = room.create(["Ada"])
    with pytest.raises(errors.SaveError):
        handout.save(path)
    assert list(handout) == ["Ada"]


def test_a_path_of_bytes_is_one(room, tmp_path):
    assert room.create(["Ada"]).save(os.fsencode(tmp_path / "keys.csv")).is_file()


@pytest.mark.parametrize("listed", [(200, b"[]", {}), (200, b'{"data": {}}', {}), None])
def test_a_list_that_can_not_be_read_makes_no_key(listed):
    with wire({"/v1/keys": hang_up if listed is None else lambda _: listed}) as service:
        nb_banana.configure(base_url=service.url)
        with pytest.raises(errors.BananaError):
            Classroom().create(1)
        assert [each.body for each in service.seen] == [b""]


def test_where_nobody_answers_nothing_was_made():
    nb_banana.configure(base_url="http://127.0.0.1:9")
    with pytest.raises(errors.NotConnectedError, match="nothing was sent"):
        Classroom().create(1)


def test_a_list_of_another_service_is_shown_as_far_as_it_makes_sense():
    odd = [{"name": 7, "limit": "much"}, {"name": "Ada", "limit": {"threshold": "NaN"}}, "no", {}]
    with wire({"/v1/keys": lambda _: as_json({"data": odd})}) as service:
        nb_banana.configure(base_url=service.url)
        assert [(each.name, each.limit, each.spent) for each in listed(Classroom())] == [
            (None, None, None),
            ("Ada", None, None),
            (None, None, None),
        ]


@pytest.mark.parametrize("prefix", ["../billing", "..", "a/b?c=d#e", "", "Ü"])
def test_a_prefix_leads_nowhere_else(prefix):
    rows = {"data": [{"name": "Ada", "prefix": prefix}]}
    with wire({"/v1/keys": lambda _: as_json(rows)}) as service:
        nb_banana.configure(base_url=service.url)
        with pytest.raises(errors.UnreadableAnswerError, match="Nothing was changed"):
            Classroom().delete("Ada")
        assert [each.path for each in service.seen] == ["/v1/keys"]


# What refuses a key that is over its limit


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (403, "Further charges using this key are blocked", errors.KeyLimitError),
        (403, "The spending limit is reached", errors.KeyLimitError),
        (402, "Usage limit exceeded", errors.KeyLimitError),
        (403, "The limit for this API key is reached", errors.KeyLimitError),
        (403, "You've run out of credits.", errors.NotAllowedError),
        (403, "Your plan has no such model", errors.NotAllowedError),
        (400, "The prompt is over the length limit", errors.BadRequestError),
    ],
)
def test_only_a_limit_of_the_key_is_told_as_one(status, words, kind):
    body = {"message": words, "statusCode": status, "path": "/v1/images/generations"}
    with wire({"/v1/images/generations": lambda _: as_json(body, status)}) as service:
        nb_banana.configure(base_url=service.url, keep=False)
        with pytest.raises(errors.BananaError) as caught:
            nb_banana.generate("a banana")
        assert type(caught.value) is kind
        assert len(service.posts) == 1


def test_threads_of_a_class_share_nothing_but_the_room(school, room):
    handout = room.create(4, limit=0.10)
    said = {}

    def draw(name):
        client = student(school, handout[name])
        said[name] = [_outcome(client, prompt) for prompt in ("a banana", "a pear")]

    threads = [threading.Thread(target=draw, args=(name,)) for name in handout]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(map(tuple, said.values())) == {("made", "KeyLimitError")}
    assert room.keys().spent == 4 * PRICE


def _outcome(client, prompt):
    try:
        return client.generate(prompt).came
    except errors.BananaError as error:
        return type(error).__name__
