"""Nothing is sent that is not written down first: where the library can't, a stand-in does."""

import base64
import os
import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import nb_banana
from nb_banana import configure, errors, generate, generate_many, recover
from nb_banana._default import client
from nb_banana.library import files, location
from tests.support.doors import open_door
from tests.support.servers import answering, picture, posts, server
from tests.support.shells import ipython_shell


@pytest.fixture(params=["function", "magic"])
def draw(request, service):
    with open_door(request.param) as door:
        yield door


@pytest.fixture
def blocked(service, tmp_path):
    """The library's folder can't be made, for a file is in its place."""
    place = tmp_path / "place"
    place.write_text("mine")
    configure(library=str(place / "library"))
    return place


def rows():
    """What the journal has, wherever it is."""
    kind = client().context.kinds()[-1]
    return [
        row
        for library in client().context.libraries(kind)
        for row in library._index.rows("SELECT * FROM requests ORDER BY seq")
    ]


def test_where_the_library_cannot_be_written_a_stand_in_keeps_the_picture(draw, service, blocked):
    image = draw("a banana")
    root = location.stand_in_root()
    assert image.path.is_relative_to(root)
    assert root.stat().st_mode & 0o777 == 0o700
    page = image._repr_mimebundle_()[0]["text/html"]
    for words in ("for now", str(blocked), "Banana.library"):
        assert words in page
    assert draw("a banana").bytes == image.bytes
    assert len(service.posts) == 1
    said = [each.found for each in nb_banana.doctor().checks if str(root) in each.found]
    assert "Banana.library" in said[0]
    assert [each.prompt for each in nb_banana.history()] == ["a banana"]
    assert nb_banana.load(image.id).bytes == image.bytes


def test_a_batch_is_kept_in_the_stand_in_too(service, blocked):
    many = generate_many([f"fruit {number}" for number in range(12)])
    assert all(image.path for image in many)
    assert all(image.came == "reused" for image in generate_many([each.prompt for each in many]))
    assert len(service.posts) == 12


def test_a_charge_without_an_answer_is_known_to_the_stand_in(service, blocked):
    with pytest.raises(errors.ConnectionDroppedError, match="charged"):
        generate("a banana [trouble: drop-after]")
    assert [row["state"] for row in rows()] == ["unknown"]
    (found,) = recover()
    assert found.usd


def test_what_stood_in_comes_home_as_soon_as_it_can(service, brisk, blocked):
    kept = generate("a banana", images=[red()])
    with pytest.raises(errors.ConnectionDroppedError):
        generate("a pear [trouble: drop-before]")
    before = rows()
    blocked.unlink()
    assert [each.prompt for each in nb_banana.history()] == ["a banana"]
    kind = client().context.kinds()[-1]
    home, stand_in = client().context.libraries(kind)
    assert not [each for each in nb_banana.doctor().checks if "for now" in each.found]
    assert home._index.rows("SELECT * FROM requests ORDER BY seq") == before
    assert stand_in._index.rows("SELECT * FROM requests") == []
    again = generate("a banana", images=[red()])
    assert again.path.is_relative_to(blocked)
    assert "for now" not in again._repr_mimebundle_()[0]["text/html"]
    assert again.bytes == kept.bytes  # which is still in hand
    assert again.request.payload() == kept.request.payload()
    assert len(service.posts) == 2
    assert [bill.usd for bill in home.bills()] == [kept.cost]


def red():
    return Image.new("RGB", (64, 64), "red")


@contextmanager
def waiting_service():
    """A service that answers when the test lets it, and whether it was asked."""
    go, asked = threading.Event(), threading.Event()
    data = base64.b64encode(picture()).decode()
    answer = answering([{"b64_json": data}])

    def slowly(handler):
        if handler.command == "POST" and handler.sent["prompt"] == "a banana":
            asked.set()
            go.wait(60)
        answer(handler)

    with server(slowly) as (url, seen):
        configure(base_url=url)
        yield go, asked, seen
        go.set()


def test_what_is_being_drawn_does_not_move(blocked):
    with waiting_service() as (go, asked, seen):
        pending = generate("a banana", background=True)
        asked.wait()
        blocked.unlink()
        generate("a pear")
        stand_in = client().context.libraries(client().context.kinds()[-1])[1]
        assert len(stand_in._index.rows("SELECT 1 FROM requests")) == 1
        go.set()
        image = pending.wait()
        assert generate("a banana").bytes == image.bytes
        assert len(posts(seen)) == 2


def test_a_pack_takes_what_came_home_along(service, blocked, tmp_path):
    generate("a banana")
    blocked.unlink()
    assert len(nb_banana.history()) == 1
    (library,) = {library for library, _ in client().context.used}
    assert library.folder.is_relative_to(blocked)


@pytest.mark.parametrize("spoil", ["open", "link", "file"])
def test_a_stand_in_that_others_can_write_to_is_not_used(service, blocked, tmp_path, spoil):
    root = location.stand_in_root()
    if spoil == "open":
        root.mkdir()
        root.chmod(0o777)
    elif spoil == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        root.symlink_to(tmp_path / "elsewhere")
    else:
        root.write_text("mine")
    try:
        with pytest.raises(errors.LibraryUnavailableError, match=r"Nothing was sent.*Move it away"):
            generate("a banana")
        with pytest.raises(errors.LibraryUnavailableError, match="Nothing was sent"):
            generate_many(["a", "b", "c"])
        assert not service.posts
    finally:
        root.unlink() if not root.is_dir() or root.is_symlink() else root.rmdir()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid(), reason="only root can give a folder")
def test_a_stand_in_of_somebody_else_is_not_used(service, blocked):
    root = location.stand_in_root()
    root.mkdir(mode=0o700)
    os.chown(root, 12345, 12345)
    with pytest.raises(errors.LibraryUnavailableError, match="somebody else"):
        generate("a banana")
    assert not service.posts


def test_without_room_for_a_picture_nothing_is_sent(draw, service, monkeypatch):
    monkeypatch.setattr(files, "ROOM", 2**62)
    with pytest.raises(errors.LibraryUnavailableError, match=r"Nothing was sent.*disk is full"):
        draw("a banana")
    assert not service.posts


def test_a_disk_with_little_room_leaves_it_to_the_stand_in(service, tmp_path, monkeypatch):
    # The disk of the library alone is full; two disks are more than a test can ask for.
    real = shutil.disk_usage

    def usage(path):
        full = Path(path).is_relative_to(tmp_path / "data")
        return SimpleNamespace(free=files.ROOM - 1) if full else real(path)

    monkeypatch.setattr(files.shutil, "disk_usage", usage)
    assert generate("a banana").path.is_relative_to(location.stand_in_root())
    monkeypatch.undo()


def test_a_library_that_can_not_be_used_any_more_does_not_lose_the_picture():
    with waiting_service() as (go, asked, seen):
        home = client().context.places(client().context.kinds()[-1])[0]
        pending = generate("a banana", background=True)
        asked.wait()
        with closing(sqlite3.connect(home.folder / "index.sqlite")) as connection:
            connection.execute("CREATE TABLE stranger (x)")
        go.set()
        image = pending.wait()
        assert image.path.is_relative_to(location.stand_in_root())
        assert image.pil.size == (64, 48)
        assert generate("a banana").bytes == image.bytes
        assert len(posts(seen)) == 1


def test_with_keep_off_nothing_is_read_or_written(draw, service, tmp_path):
    configure(keep=False)
    image = draw("a banana")
    again = draw("a banana")
    assert len(service.posts) == 2
    assert image.path is again.path is None
    assert "Banana.keep is False" in image._repr_mimebundle_()[0]["text/html"]
    assert image.pil.size == (1024, 1024)
    assert not [each for each in (tmp_path / "data").rglob("*") if each.is_file()]
    assert not location.stand_in_root().exists()
    assert len(nb_banana.history()) == 0
    assert nb_banana.spending().lines[0].count == 2


def test_with_keep_off_the_journal_in_memory_still_knows_a_charge(service):
    configure(keep=False)
    with pytest.raises(errors.ConnectionDroppedError, match="charged"):
        generate("a banana [trouble: drop-after]")
    (found,) = recover()
    assert found.usd


def test_with_keep_off_a_picture_whose_link_failed_is_fetched_from_it(service, brisk):
    configure(keep=False)
    prompt = "a banana [trouble: half-picture x4]"
    with pytest.raises(errors.PictureError):
        generate(prompt)
    assert generate(prompt).pil.size == (1024, 1024)
    assert len(service.posts) == 1


def test_with_keep_off_recover_hands_over_what_it_fetches(service, brisk):
    configure(keep=False)
    with pytest.raises(errors.PictureError):
        generate("a banana [trouble: half-picture x4]")
    (image,) = recover().images
    assert image.pil.size == (1024, 1024)
    assert "Banana.keep" in "".join(image.notes)


def test_one_lost_picture_of_a_stand_in_does_not_keep_the_others_there(service, blocked):
    lost, kept = generate("a banana"), generate("a pear")
    lost.path.unlink()
    blocked.unlink()
    assert nb_banana.load(kept.id).path.is_relative_to(blocked)
    home = client().context.places(client().context.kinds()[-1])[0]
    assert home.is_own


def test_after_a_day_nothing_goes_that_a_stand_in_still_keeps(blocked):
    half = base64.b64encode(picture()[:-20]).decode()
    with server(answering([{"b64_json": half}])) as (url, seen):
        configure(base_url=url)
        for _ in range(2):
            with pytest.raises(errors.TruncatedPictureError):
                generate("a banana")
            for each in location.stand_in_root().rglob("*"):
                os.utime(each, (0, 0))
        assert len(posts(seen)) == 1


def test_a_day_after_it_came_home_nothing_of_a_picture_is_left_in_the_stand_in(service, blocked):
    image = generate("a banana")
    left = image.path
    blocked.unlink()
    assert len(nb_banana.history()) == 1
    assert left.exists()  # whoever holds the picture reads it
    os.utime(left, (0, 0))
    assert len(nb_banana.history()) == 1
    assert not left.exists()


def test_what_a_stand_in_took_over_is_counted_once(service):
    with waiting_service() as (go, asked, _):
        home = client().context.places(client().context.kinds()[-1])[0]
        pending = generate("a banana", background=True)
        asked.wait()
        (home.folder / "pictures").write_text("no folder")  # the index can be written, files can't
        go.set()
        assert pending.wait().path.is_relative_to(location.stand_in_root())
        assert len(recover()) == 0
        assert nb_banana.spending().lines[-2].count == 1


def test_without_any_temporary_folder_a_sound_library_works(service, monkeypatch):
    def none():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(location.tempfile, "gettempdir", none)
    assert generate("a banana").path
    assert len(nb_banana.history()) == 1
    assert nb_banana.doctor()


@pytest.mark.parametrize("changes", [{"backend": "library"}, {"backend": "library", "keep": False}])
def test_to_keep_nothing_and_to_show_only_what_is_kept_exclude_each_other(changes):
    configure(keep=False)
    with pytest.raises(errors.SettingsError, match="Set one of the two"):
        configure(**changes)
    configure(keep=True, backend="library")
    with pytest.raises(errors.SettingsError, match="Set one of the two"):
        configure(keep=False)


def test_loading_finds_what_a_stand_in_has_left(service, blocked, brisk):
    with ipython_shell() as shell:
        with pytest.raises(errors.PictureError):
            generate("a banana [trouble: half-picture x4]")
        shell.run("%reload_ext nb_banana")
        assert "1 fetched" in shell.printed


def test_what_came_inside_an_answer_and_is_no_picture_is_kept_and_not_paid_again(brisk):
    whole = picture()
    part = base64.b64encode(whole[:-20]).decode()
    with server(answering([{"b64_json": part}])) as (url, seen):
        configure(base_url=url)
        for _ in range(3):
            with pytest.raises(errors.TruncatedPictureError, match="--fresh"):
                generate("a banana")
        assert len(posts(seen)) == 1
        (kept,) = client().context.places(client().context.kinds()[-1])[0].folder.glob("answers/*")
        assert kept.read_bytes() == whole[:-20]
        (found,) = recover()
        assert not found.ended
        assert "answers" in found.outcome
        kept.write_bytes(whole)  # as if a later version knew how to read it
        assert generate("a banana").bytes == whole
        assert len(posts(seen)) == 1
