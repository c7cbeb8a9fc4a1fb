"""The way through the library: what was paid once is never paid again unasked."""

import itertools
import os
import re
import signal
import sqlite3
import sys
from contextlib import closing, suppress

import pytest

from nb_banana import configure, dry_run, edit, errors, generate, generate_many, load, spending
from nb_banana._default import client
from nb_banana.generation import lookup
from nb_banana.library import location
from nb_banana.library.database import Database
from nb_banana.library.library import Library
from tests.support.doors import open_door
from tests.support.shells import ipython_shell, run_notebook


@pytest.fixture(params=["function", "magic"])
def draw(request, service):
    with open_door(request.param) as door:
        yield door


def library_of(service) -> Library:
    return client().context.places(location.kind_of(service.url))[0]


def test_the_same_request_comes_from_the_library_and_costs_nothing(draw, service):
    first = draw("a banana", aspect_ratio="16:9")
    seen = len(service.received)
    again = draw("a banana", aspect_ratio="16:9")
    assert again.bytes == first.bytes
    assert again.path == first.path
    assert "from your library · $0 · made 20" in again.caption
    assert len(service.received) == seen  # no request at all, not for a price either
    assert spending().saved == first.cost


def test_what_is_asked_in_other_words_for_the_same_picture_is_the_same_request(draw, service):
    draw("  a banana ", aspect_ratio="16x9")
    assert draw("a banana", aspect_ratio="16:9").came == "reused"
    assert draw("a banana", aspect_ratio="16:9", resolution="2K").came == "made"


def test_fresh_pays_for_a_new_one_that_counts_and_the_old_one_stays(draw, service):
    old = draw("a banana")
    new = draw("a banana", fresh=True)
    assert new.bytes != old.bytes
    assert draw("a banana").bytes == new.bytes
    assert old.path.read_bytes() == old.bytes
    assert len(service.charges) == 2


def test_each_take_is_a_picture_of_its_own(draw, service):
    one, two = draw("a banana"), draw("a banana", take=2)
    assert one.bytes != two.bytes
    assert draw("a banana", take=1).bytes == one.bytes
    assert draw("a banana", take=2).bytes == two.bytes
    assert len(service.charges) == 2
    assert "take" not in service.posts[1].body


@pytest.mark.parametrize("take", [0, -1, "two"])
def test_a_take_is_a_number_from_1(draw, service, take):
    with pytest.raises(errors.RequestError, match="take"):
        draw("a banana", take=take)
    assert not service.posts


def test_the_library_backend_sends_nothing_and_says_how_to_get_what_is_missing(draw, service):
    kept = draw("a banana")
    configure(backend="library")
    assert draw("a banana").bytes == kept.bytes
    with pytest.raises(errors.NotKeptError, match=r"Nothing was sent|nothing was sent.*backend"):
        draw("a pear")
    assert len(service.posts) == 1


def test_where_nothing_is_drawn_a_library_that_cannot_be_read_is_said(draw, service):
    draw("a banana")
    spoil_index(library_of(service).folder)
    configure(backend="library")
    with pytest.raises(errors.LibraryDamagedError, match="is damaged"):
        draw("a banana")
    assert "is damaged" in dry_run("a banana").price


def test_a_picture_of_the_sandbox_never_stands_in_for_another(draw, monkeypatch):
    monkeypatch.delenv("AIMLAPI_KEY")
    configure(backend="sandbox")
    painted = draw("a banana")
    configure(backend="api", base_url="https://no-such-host.invalid")
    with pytest.raises(errors.MissingKeyError):
        draw("a banana")
    configure(backend="auto", base_url="https://api.aimlapi.com")
    assert draw("a banana").bytes == painted.bytes  # without a key the sandbox draws


def test_what_is_in_the_library_needs_no_key(draw, service, monkeypatch):
    kept = draw("a banana")
    monkeypatch.delenv("AIMLAPI_KEY")
    assert draw("a banana").bytes == kept.bytes


def test_a_picture_whose_file_is_gone_is_said_and_not_paid_again_unasked(draw, service):
    draw("a banana").path.unlink()
    with pytest.raises(errors.PictureMissingError, match="--fresh"):
        draw("a banana")
    assert len(service.posts) == 1
    assert draw("a banana", fresh=True).came == "made"


def spoil_index(folder):
    (folder / "index.sqlite").write_bytes(b"no database at all" * 100)


def spoil_newer(folder):
    with sqlite3.connect(folder / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")


def spoil_cut(folder):
    index = folder / "index.sqlite"
    index.write_bytes(index.read_bytes()[:9000])


def spoil_pages(folder):
    index = folder / "index.sqlite"
    data = index.read_bytes()
    index.write_bytes(data[:4096] + bytes(len(data) - 4096))


def spoil_empty(folder):
    (folder / "index.sqlite").write_bytes(b"")


def spoil_byte(folder):
    (folder / "index.sqlite").write_bytes(b"\n")


def spoil_tables(folder):
    (folder / "index.sqlite").unlink()
    with closing(sqlite3.connect(folder / "index.sqlite")) as connection:
        connection.execute("VACUUM")


def spoil_journal(folder):
    os.mkfifo(folder / "index.sqlite-journal")


def spoil_pointer(folder):
    (folder / "index.sqlite").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0")


def spoil_link(folder):
    """What git-annex leaves where a file is elsewhere."""
    (folder / "index.sqlite").unlink()
    (folder / "index.sqlite").symlink_to("../annex/objects/gone")


def spoil_cloud(folder):
    """What iCloud leaves where a file is elsewhere."""
    (folder / "index.sqlite").rename(folder / ".index.sqlite.icloud")


def spoil_pipe(folder):
    (folder / "index.sqlite").unlink()
    os.mkfifo(folder / "index.sqlite")


def spoil_folder(folder):
    (folder / "index.sqlite").unlink()
    (folder / "index.sqlite").mkdir()


def spoil_view(folder):
    with closing(sqlite3.connect(folder / "index.sqlite")) as connection:
        connection.execute("ALTER TABLE requests RENAME TO r")
        connection.execute(
            "CREATE VIEW requests AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) "
            "SELECT r.* FROM r, c WHERE x < 0"
        )


SPOILED = [
    *(spoil_index, spoil_newer, spoil_cut, spoil_pages, spoil_empty, spoil_byte, spoil_tables),
    *(spoil_journal, spoil_pointer, spoil_link, spoil_cloud, spoil_pipe, spoil_folder, spoil_view),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_library_that_cannot_be_read_is_not_an_empty_one(service, spoil):
    generate("a banana")
    folder = library_of(service).folder
    spoil(folder)
    before = snapshot(folder)
    for use in (
        lambda: generate("a banana"),
        lambda: generate("a pear"),
        lambda: generate_many(["a banana", "a pear", "a mug", "a fox"]),
    ):
        with pytest.raises(errors.LibraryError, match=r"Banana\.library|--fresh"):
            use()
    assert len(service.posts) == 1
    assert snapshot(folder) == before


def test_one_wrong_letter_in_the_index_is_no_reason_to_pay_again(service):
    # A search then finds nothing, and SQLite alone sees nothing wrong.
    kept = generate("a banana")
    index = library_of(service).folder / "index.sqlite"
    data, key = index.read_bytes(), kept.request.key.encode()
    for place in (at.start() for at in re.finditer(key, data)):
        index.write_bytes(data[:place] + b"z" + data[place + 1 :])
        with suppress(errors.LibraryDamagedError):
            assert generate("a banana").came == "reused"
    assert len(service.posts) == 1


@pytest.mark.parametrize("spoil", [spoil_index, spoil_newer, spoil_view])
def test_fresh_pays_anew_beside_a_library_that_cannot_be_read(draw, service, spoil):
    draw("a banana")
    folder = library_of(service).folder
    spoil(folder)
    before = snapshot(folder)
    image = draw("a banana", fresh=True)
    assert image.path.is_relative_to(location.stand_in_root())
    assert "for now" in image._repr_mimebundle_()[0]["text/html"]
    assert draw("a banana").bytes == image.bytes  # it counts from now on
    assert len(service.posts) == 2
    assert snapshot(folder) == before


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_of_a_fresh_picture_tells_its_price(service):
    generate("a banana")
    assert "$0," in dry_run("a banana").price
    assert "0.089" in dry_run("a banana", fresh=True).price


def test_the_parents_are_known_after_a_restart(service):
    trex = generate("a T-Rex", aspect_ratio="16:9")
    cafe = edit(trex, "in a café")
    assert cafe.parents == (trex,)
    (parent,) = load(cafe.id).parents
    assert (parent.prompt, parent.bytes) == ("a T-Rex", trex.bytes)
    assert [each.prompt for each in cafe.tree()] == ["a T-Rex", "in a café"]


def test_a_folder_beside_the_notebook_is_its_library(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / location.BESIDE).mkdir()
    assert tmp_path / location.BESIDE in generate("a banana").path.parents
    configure(library="pictures of the lesson")
    assert tmp_path / "pictures of the lesson" in generate("a banana").path.parents


def test_a_dry_run_says_the_price_and_when_it_is_free(service):
    assert dry_run("a banana", resolution="4K").price == "about $0.20 play money"
    generate("a banana", resolution="4K")
    assert dry_run("a banana", resolution="4K").price == "$0, it is in your library"
    assert "about $0.089" in repr(dry_run("a pear"))
    assert len(service.posts) == 1


def test_run_all_twice_in_two_kernels_pays_once(tmp_path, monkeypatch):
    cells = [
        "%load_ext nb_banana",
        "%%banana trex -a 16:9\nA T-Rex on a beach.",
        "night = trex.edit('make it night')",
        "import nb_banana; len(nb_banana.history()), nb_banana.spending().lines[0].count",
    ]
    first, second = run_notebook(*cells), run_notebook(*cells)
    assert first.cells[3].outputs[0].data["text/plain"] == "(2, 2)"
    assert second.cells[3].outputs[0].data["text/plain"] == "(2, 0)"
    assert "from your library" in second.cells[1].outputs[0].data["text/html"]


def test_a_thousand_held_pictures_hold_no_bytes(service):
    image = generate("a banana")
    assert image._data is None
    assert image.request.references == ()
    child = edit(image, "make it night")
    assert child.request.references[0].data == image.bytes  # read when asked for


def test_the_magic_binds_what_comes_from_the_library(service):
    with ipython_shell() as ip:
        ip.run("%%banana one\na banana")
        ip.run("%%banana two\na banana")
        assert ip.names["two"].caption.endswith("· two")
        assert ip.names["one"].bytes == ip.names["two"].bytes


def test_a_ctrl_c_just_after_a_request_was_written_down_leaves_nobody_waiting(service, monkeypatch):
    begin = Library.begin

    def stopped(self, *values, **more):
        begin(self, *values, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Library, "begin", stopped)
        with pytest.raises(errors.Interrupted, match="before it was sent") as caught:
            generate("a banana")
    request_id = caught.value.facts["client_request_id"]
    assert library_of(service).fate(request_id) == ("failed", False)
    assert not library_of(service).is_drawn(request_id)
    assert library_of(service).is_own
    assert generate("a banana").came == "made"
    assert len(service.posts) == 1


def test_a_ctrl_c_just_after_the_first_line_of_a_library_leaves_it_one_s_own(
    service, monkeypatch, tmp_path
):
    write = Database.write
    configure(library=str(tmp_path / "pictures"))

    def stopped(self, work):
        write(self, work)
        monkeypatch.setattr(Database, "write", write)
        raise KeyboardInterrupt

    monkeypatch.setattr(Database, "write", stopped)
    with pytest.raises(errors.Interrupted):
        generate("a banana")
    assert library_of(service).is_own


class InterruptAt:
    """Ctrl-C at the N-th line of what gives the right to draw, and takes it back."""

    def __init__(self, line):
        self.line, self.count = line, 0

    def __call__(self, frame, event, _):
        code = frame.f_code
        if code.co_name != "_draw_once" and not code.co_qualname.startswith("InFlight."):
            return None
        if event == "line":
            self.count += 1
            if self.count == self.line:
                signal.raise_signal(signal.SIGINT)
        return self


def test_after_ctrl_c_at_any_line_nobody_waits_for_a_picture_that_nobody_draws(service):
    line, before = itertools.count(1), sys.gettrace()
    while True:
        at = InterruptAt(next(line))
        sys.settrace(at)
        try:
            with suppress(KeyboardInterrupt, errors.Interrupted):
                generate(f"a banana {at.line}")
        finally:
            sys.settrace(before)
        assert lookup._in_flight == {}, at.line
        if at.count < at.line:
            break
    assert at.line > 10
