"""The way through the library: what was paid once is never paid again unasked."""

import shutil
import sqlite3

import pytest

from nb_banana import configure, dry_run, edit, errors, generate, load, spending
from nb_banana.generation import context
from nb_banana.library import location
from nb_banana.library.library import Library

from .doors import open_door
from .shells import ipython_shell, run_notebook


@pytest.fixture(params=["function", "magic"])
def draw(request, service):
    with open_door(request.param) as door:
        yield door


def library_of(service) -> Library:
    return context.library_of(location.kind_of(service.url))


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


def spoil_newer(folder):
    with sqlite3.connect(folder / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")


def spoil_index(folder):
    (folder / "index.sqlite").write_bytes(b"no database at all" * 100)


def spoil_folder(folder):
    shutil.rmtree(folder)
    folder.write_text("a file where the folder was")


@pytest.mark.parametrize("spoil", [spoil_newer, spoil_index, spoil_folder])
def test_without_a_library_a_picture_is_made_and_says_that_it_is_not_kept(draw, service, spoil):
    draw("a banana")
    folder = library_of(service).folder
    spoil(folder)
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    image = draw("a pear")
    assert image.path is None
    assert "Not kept in the library." in image._repr_mimebundle_()[0]["text/html"]
    assert image.pil.size == (1024, 1024)
    after = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    assert after == before  # nothing was overwritten


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
    assert dry_run("a banana", resolution="4K").price == "about $0.20"
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
