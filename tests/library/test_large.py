"""A large library is counted once, and not again until somebody writes to it."""

import json
import os
import random
import shutil
import sqlite3
import threading
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nb_banana import (
    Client,
    ImageRequest,
    configure,
    doctor,
    errors,
    generate,
    history,
    load,
    recover,
    spending,
)
from nb_banana._default import client
from nb_banana.library import answers, database, inventory, location
from nb_banana.library.library import Library
from nb_banana.library.search import Search
from tests.conftest import KEY
from tests.support.amount import rounds, some
from tests.support.shelf import change, grow, index_of, picture, put, receipt

NOBODY = "http://127.0.0.1:9"
NOW = datetime.now(UTC)


def own(count=1):
    """A library of the default client with so many pictures, of a service that nobody asks."""
    configure(base_url=NOBODY)
    library = client().context.places(location.kind_of(NOBODY))[0]
    put(library, ImageRequest("a banana"), "nbb-0", picture("0"))
    grow(library, count - 1)
    return library


@pytest.fixture
def known(monkeypatch):
    """Every library counts as a large one. The answers that are kept, as bytes."""
    monkeypatch.setattr(answers, "LARGE", 0)

    def kept():
        folder = location.data_folder() / "answers"
        return b"".join(file.read_bytes() for file in folder.glob("*")) if folder.exists() else b""

    return kept


class Steps:
    """How much SQLite has to do, in hundreds of its own instructions."""

    def __init__(self, monkeypatch):
        self.count = 0
        connect = sqlite3.connect

        def counted(*args, **options):
            connection = connect(*args, **options)
            connection.set_progress_handler(self._one_more, 100)
            return connection

        monkeypatch.setattr(database.sqlite3, "connect", counted)

    def _one_more(self):
        self.count += 1
        return 0

    def of(self, work):
        before = self.count
        work()
        return self.count - before


def ask(name, digests):
    """Something that a person does, to be done several times."""
    some = digests[len(digests) // 2]
    (path,) = (client().context.places(location.kind_of(NOBODY))[0].folder.rglob(f"*{some}*"),)
    file = next(path)
    return {
        "the same cell again": lambda: generate("a banana"),
        "history": history,
        "a common word": lambda: history("banana"),
        "a rare word": lambda: history("zebra"),
        "a word of none": lambda: history("giraffe"),
        "since": lambda: history(since="last week"),
        "until": lambda: history(until="last month"),
        "a model": lambda: history(model="nano-banana-2"),
        "a notebook": lambda: history(notebook="3.ipynb"),
        "load by a picture's id": lambda: load(some[:12]),
        "load by a request's id": lambda: load(f"many-{some}"[:20]),
        "load a file": lambda: load(file),
        "children": lambda: load(some).children,
        "spending": spending,
        "doctor": doctor,
        "recover": recover,
    }[name]


QUESTIONS = (
    *("the same cell again", "history", "a common word", "a rare word", "a word of none"),
    *("since", "until", "a model", "a notebook", "load by a picture's id"),
    *("load by a request's id", "load a file", "children", "spending", "doctor", "recover"),
)


def test_what_is_asked_again_takes_no_more_steps_in_a_large_library(tmp_path, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    steps, found = Steps(monkeypatch), {}
    for size in (100, 1500):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / str(size)))
        digests = [each.digest for each in own(size).history(limit=None)]
        for name in QUESTIONS:
            work = ask(name, digests)
            work()
            found.setdefault(name, []).append(steps.of(work))
    for name, (few, many) in found.items():
        assert many <= 2 * few + 5, f"{name}: {few} -> {many}"


def test_another_process_need_not_count_again(monkeypatch):
    library = own(1500)
    steps = Steps(monkeypatch)
    first = steps.of(lambda: Library(library.folder, library.service).count("banana"))
    again = steps.of(lambda: Library(library.folder, library.service).count("banana"))
    assert again * 10 < first


def plain(library):
    """The figures of a library by counting all that there is, row by row."""
    kept = Library(library.folder, library.service).history(limit=None)
    bills = library.bills()
    day = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    ever, paid = Decimal(0), Counter()
    for bill in bills:
        ever += bill.usd or 0
        paid[bill.model] += 1
    sizes = {each.path: each.size for one in kept for each in one.pictures}
    lost = sum(not path.is_file() or path.stat().st_size != size for path, size in sizes.items())
    old = [each for each in kept if each.made < NOW - timedelta(90)]
    young = {each.path for one in kept if one not in old for each in one.pictures}
    freed = {each.path for one in old for each in one.pictures} - young
    return {
        "history": [each.request_id for each in kept][:50],
        "searched": [each.request_id for each in kept if "zebra" in each.request.prompt][:50],
        "counts": (len(kept), sum("banana" in each.request.prompt for each in kept)),
        "models": {each.request.model for each in kept},
        "held": (sum(sizes.values()), lost),
        "old": (len(old), sum(map(sizes.get, freed))),
        "ever": ever if bills else None,
        "today": sum((bill.usd or 0 for bill in bills if bill.made >= day), Decimal(0)),
        "unknown": sum(bill.usd is None for bill in bills),
        "requests": len(bills),
    }


def told(library):
    """The same as it is said."""
    lines = {line.what: line for line in spending().lines}
    ever = lines["ever"]
    return {
        "history": [each.request_id for each in library.history()],
        "searched": [each.request_id for each in library.history("zebra")],
        "counts": (library.count(), library.count(Search("banana"))),
        "models": library.models(),
        "held": inventory.held(library),
        "old": inventory.old(library, timedelta(90)),
        "ever": ever.usd if library.bills() else None,
        "today": lines["today"].usd,
        "unknown": ever.unknown,
        "requests": ever.count + ever.free,
    }


class Keeper:
    """Somebody who does this and that with a library."""

    def __init__(self, library, rng, spare):
        self.library, self.rng, self.spare, self.number = library, rng, spare, 0

    def draw(self):
        self.number += 1
        words = self.rng.choice(("a banana", "a zebra", "a pear"))
        request = ImageRequest(f"{words} {self.number}", model=self.rng.choice(MODELS))
        usd = self.rng.choice((None, Decimal(0), Decimal("0.05"), Decimal("1E-7"), Decimal(3)))
        age = timedelta(self.rng.choice((0, 1, 40, 89, 91, 400)))
        name = f"nbb-drawn-{self.number}"
        self.library.begin(request, name)
        bill = receipt(name, usd=usd, created=NOW - age, model=request.model)
        if self.rng.random() < 0.2:
            self.library.mark_failed(name, "no picture", bill)
        else:
            self.library.store(name, [picture(self.rng.randrange(20))], bill)

    def forget(self):
        if found := self.library.history(limit=None):
            self.library.forget([self.rng.choice(found).request_id])

    def lose(self):
        if files := sorted((self.library.folder / "pictures").rglob("*.png")):
            self.rng.choice(files).unlink()

    def meddle(self):
        change(self.library, "UPDATE requests SET usd = '0.5' WHERE seq = 1")
        change(self.library, "UPDATE requests SET folded = 'a zebra' WHERE seq = 2")

    def save(self):
        shutil.copy2(index_of(self.library), self.spare)

    def restore(self):
        if self.spare.exists():
            shutil.copy2(self.spare, index_of(self.library))

    def step(self):
        ways = (self.draw, self.draw, self.forget, self.lose, self.meddle, self.save, self.restore)
        self.rng.choice(ways)()


MODELS = ("google/nano-banana-2", "google/gemini-3-1-flash-image-preview", "google/nano-banana")


@pytest.mark.parametrize("seed", range(rounds(2, 40)))
def test_each_figure_is_that_of_counting_whatever_was_done_in_between(known, tmp_path, seed):
    library = own(2)
    keeper = Keeper(library, random.Random(seed), tmp_path / "spare")
    for _ in range(12):
        keeper.step()
        expected = plain(library)
        assert told(library) == expected
        assert told(library) == expected  # as it is known now
    assert known()


def test_a_file_that_went_since_it_was_looked_for_is_counted(known):
    library = own(5)
    assert inventory.held(library)[1] == 0
    next((library.folder / "pictures").rglob("*.png")).unlink()
    assert inventory.held(library)[1] == 1


def test_files_that_go_from_some_months_are_counted_beside_those_that_are_known(known):
    library, rng = own(40), random.Random(7)
    for number in range(6):
        files = sorted((library.folder / "pictures").rglob("*.png"))
        rng.choice(files).unlink()
        put(library, ImageRequest(f"a fig {number}"), f"nbb-fig-{number}")
        expected = plain(library)["held"]
        assert expected[1] == number + 1
        assert inventory.held(Library(library.folder, library.service)) == expected


def test_what_a_stranger_changes_in_the_figures_of_a_month_is_counted(known):
    library = own(5)
    size, _ = inventory.held(library)
    change(library, "UPDATE pictures SET size = size + 1 WHERE request_id = 'nbb-0'")
    assert inventory.held(library) == (size + 1, 1)


def test_pictures_of_another_service_in_the_same_folder_are_not_counted(known):
    library = own(5)
    size, lost = inventory.held(library)
    put(Library(library.folder, "elsewhere.example"), ImageRequest("a fig"), "nbb-elsewhere")
    assert inventory.held(library) == (size, lost)
    assert library.count() == 5


def test_what_is_deleted_frees_no_file_that_another_picture_or_an_edit_needs(known):
    library, long_ago = own(1), NOW - timedelta(100)
    data = picture("same")
    first = put(library, ImageRequest("a fig"), "nbb-1", data, long_ago)
    assert inventory.old(library, timedelta(90)) == (1, first.size)
    edit = ImageRequest("a plum", images=[first.path])
    put(library, edit, "nbb-2", picture("plum"))
    assert inventory.old(library, timedelta(90)) == (1, 0)
    library.forget(["nbb-2"])
    assert inventory.old(library, timedelta(90)) == (1, first.size)
    put(library, ImageRequest("a pear"), "nbb-3", data)
    assert inventory.old(library, timedelta(90)) == (1, 0)


def test_the_whole_index_is_looked_through_once_a_day(known, monkeypatch):
    library = own(1500)
    steps = Steps(monkeypatch)
    first = steps.of(Library(library.folder, library.service).check)
    put(library, ImageRequest("a fig"), "nbb-fig")
    again = steps.of(Library(library.folder, library.service).check)
    assert again * 4 < first * 3  # of the instructions; of the time it is a sixth


def test_a_picture_of_a_new_process_does_not_look_through_all_of_a_large_index(known, monkeypatch):
    library = own(1500)
    steps = Steps(monkeypatch)
    whole = steps.of(Library(library.folder, library.service).check)
    asked = Library(library.folder, library.service)
    begun = steps.of(lambda: asked.begin(ImageRequest("a fig"), "nbb-fig"))
    assert begun * 4 < whole * 3


@pytest.mark.parametrize("since", [0, 3])
def test_a_page_that_was_overwritten_is_said_whatever_was_written_that_day(known, since):
    library = own(200)
    Library(library.folder, library.service).check()
    for number in range(since):
        put(library, ImageRequest(f"a fig {number}"), f"nbb-fig-{number}")
    data = bytearray(index_of(library).read_bytes())
    data[8192 : 8192 + 4096] = b"\x5a" * 4096
    index_of(library).write_bytes(data)
    with pytest.raises(errors.LibraryDamagedError):
        Library(library.folder, library.service).check()


@pytest.mark.parametrize("place", ["another file", "in its place"])
def test_a_backup_that_is_put_in_the_indexs_place_is_looked_through_as_a_whole(known, place):
    library = own(1)
    fig = put(library, ImageRequest("a fig"), "nbb-fig")
    spare = index_of(library).with_suffix(".spare")
    shutil.copy2(index_of(library), spare)
    library.forget(["nbb-fig"])
    pear = put(library, ImageRequest("a pear"), "nbb-pear")
    assert pear.size == fig.size
    assert inventory.held(library)[1] == 0
    if place == "another file":
        spare.replace(index_of(library))
    else:
        shutil.copy2(spare, index_of(library))
    assert inventory.held(library)[1] == 1


def test_a_picture_that_is_as_old_since_is_counted_too(known):
    library = own(1)
    put(library, ImageRequest("a pear"), "nbb-1", made=datetime.now(UTC) - timedelta(days=3))
    assert inventory.old(library, timedelta(days=3))[0] == 1
    waited = threading.Event()
    young = put(
        library,
        ImageRequest("a fig"),
        "nbb-2",
        made=datetime.now(UTC) - timedelta(days=3) + timedelta(milliseconds=300),
    )
    assert inventory.old(library, timedelta(days=3))[0] in {1, 2}
    waited.wait(0.4)
    assert young.made < datetime.now(UTC) - timedelta(days=3)
    assert inventory.old(library, timedelta(days=3))[0] == 2


def test_nothing_that_a_person_wrote_is_in_what_is_kept(known, monkeypatch, tmp_path):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "diary.ipynb"))
    own(20)
    history("zebra"), spending(), doctor()
    history(notebook="diary")
    kept = known()
    assert len(kept) > 500
    for word in (b"zebra", b"banana 1", b"diary", b"ipynb", KEY.encode()):
        assert word not in kept


def test_of_a_library_that_is_not_large_nothing_is_kept():
    own(3)
    history("banana"), spending(), doctor(), recover()
    assert not (location.data_folder() / "answers").exists()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff", b"[]", b"null", b'{"mark": [1]}', b"[" * 100_000, b'{"answers": []}'),
        *(b'{"mark": 1, "answers": {}, "lasting": {}}', b'{"answers": {}, "lasting": []}'),
    ],
)
def test_what_was_kept_and_is_damaged_is_found_out_anew(known, content):
    library = own(3)
    library.count()
    (file,) = (location.data_folder() / "answers").glob("*")
    file.write_bytes(content)
    assert Library(library.folder, library.service).count() == 3
    assert json.loads(file.read_bytes())["answers"]


def test_what_a_process_that_was_killed_left_there_goes_after_a_day(known):
    folder = location.data_folder() / "answers"
    folder.mkdir(parents=True)
    for name in ("old", "new"):
        (folder / f"{name}.part").write_text("half")
    os.utime(folder / "old.part", (0, 0))
    own(3).count()
    assert [each.name for each in folder.glob("*.part")] == ["new.part"]


def test_where_nothing_can_be_kept_it_is_found_out_all_the_same(known):
    library = own(3)
    (location.data_folder() / "answers").write_text("a file")
    assert [library.count(), library.count(), len(history())] == [3, 3, 3]
    assert "3 pictures" in repr(doctor())


SENSELESS = [
    (table, column, value)
    for table, columns in {
        "pictures": ("path", "size", "digest", "mime", "width"),
        "requests": (
            *("id", "model", "refs", "folded", "notebook", "parents"),
            *("created", "answered", "usd", "about", "sandbox"),
        ),
    }.items()
    for column in columns
    for value in (b"\xff", "\0", "pictures/\0/x", 10**18, 0.5)
]


@pytest.mark.parametrize(("table", "column", "value"), some(SENSELESS, 12))
def test_values_that_make_no_sense_are_said_in_a_sentence_or_pass(known, table, column, value):
    library = own(12)
    last = {"requests": "seq = 11", "pictures": "request_id LIKE 'many%'"}[table]
    change(library, f"UPDATE {table} SET {column} = ? WHERE {last}", value)
    asked = (history, lambda: history("banana"), spending, doctor, recover)
    for work in (
        *asked,
        *asked,
        lambda: library.links(""),
        lambda: inventory.held(library),
        library.models,
    ):
        with suppress(errors.BananaError):
            repr(work())


def test_an_index_in_the_mode_wal_is_looked_at_each_time(known):
    library = own(3)
    with closing(sqlite3.connect(index_of(library))) as held:
        held.execute("PRAGMA journal_mode = WAL")
        assert library.count() == 3
        held.execute("UPDATE requests SET state = 'failed' WHERE seq = 2")
        held.commit()
        assert library.count() == 2


def test_a_damaged_index_is_said_each_time(known):
    library = own(200)
    assert library.check() is None
    data = bytearray(index_of(library).read_bytes())
    data[8192 : 8192 + 4096] = b"\x5a" * 4096
    index_of(library).write_bytes(data)
    for _ in range(2):
        with pytest.raises(errors.LibraryError):
            Library(library.folder, library.service).check()


def test_clients_and_threads_have_the_same_figures(known):
    library = own(30)
    found = []
    asked = [
        threading.Thread(
            target=lambda: found.append(
                Client(base_url=NOBODY, library=str(library.folder.parent)).history("zebra")[0].id
            )
        )
        for _ in range(8)
    ]
    for each in asked:
        each.start()
    for each in asked:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_oldest_answers_go(known):
    library = own(2)
    for number in range(answers.MOST + 20):
        library.count(f"word {number}")
    (file,) = (location.data_folder() / "answers").glob("*")
    assert len(json.loads(file.read_bytes())["answers"]) == answers.MOST
    assert library.answers.of("many", lambda: list(range(100_000)))[-1] == 99_999
    assert file.stat().st_size < answers.MOST * 1000
