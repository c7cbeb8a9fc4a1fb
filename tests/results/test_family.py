"""Edits: what they take over, who their parents are, and the tree of the family."""

import pytest
from PIL import Image

import nb_banana
from nb_banana import Client, ImageRequest
from nb_banana._default import client
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import image_lines
from nb_banana.settings import settings
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.kernels import another_kernel
from tests.support.pictures import encode, picture
from tests.support.shelf import data_url, put
from tests.support.shells import run_notebook


@pytest.fixture
def cafe(service):
    return nb_banana.generate("a café", aspect_ratio="16:9", name="cafe")


@pytest.fixture
def large(service):
    return nb_banana.generate("a café", aspect_ratio="16:9", resolution="2K", name="cafe")


def again(image):
    """The picture as another session finds it: in the library, with nothing in memory."""
    library = client().context.places(client().context.kinds()[0])[0]
    return BananaImage.of(library.by_digest(image.digest), library)


def test_an_edit_looks_like_the_picture_that_it_is_made_from(door, large):
    night = door.draw("make it night", [large])
    assert night.size == large.size == (2752, 1536)
    assert (door.body["aspect_ratio"], door.body["resolution"]) == ("16:9", "2K")
    assert door.files == [large.bytes]


def test_what_is_said_wins_over_what_the_picture_has(door, large):
    door.draw("make it night", [large], aspect_ratio="1:1", resolution="1K")
    assert (door.body["aspect_ratio"], door.body["resolution"]) == ("1:1", "1K")


def test_an_edit_takes_over_the_model_and_where_it_takes_no_pictures_its_twin(door, service):
    first = nb_banana.generate("a café", model="2.5", aspect_ratio="4:3")
    door.draw("make it night", [first])
    assert door.body["model"] == "google/gemini-2.5-flash-image-edit"
    assert len(door.body["image_urls"]) == 1


def test_only_the_first_picture_is_looked_like(door, cafe):
    door.draw("both", [picture(), cafe])
    assert "aspect_ratio" not in door.body


def test_edit_puts_its_own_picture_first(cafe, service):
    other = picture()
    night = cafe.edit("make it night", images=[other])
    twin = nb_banana.edit(cafe, "make it night", images=other)
    assert [each.label for each in night.request.references] == ["cafe", "image"]
    assert service.posts[-1].body["image_urls"][0] == night.request.references[0].url
    assert twin.came == "reused"
    assert cafe.edit("make it day", images=None).parents == (cafe,)


def test_parents_are_the_very_pictures_of_the_session(door, cafe):
    night = door.draw("make it night", [cafe, picture()])
    assert len(night.parents) == 1
    assert night.parents[0] is cafe


@pytest.mark.parametrize("form", [lambda x: x.bytes, lambda x: x.path, lambda x: str(x.path)])
def test_a_picture_of_ours_is_known_by_its_content(door, cafe, form):
    night = door.draw("make it night", [form(cafe)])
    assert [each.digest for each in night.parents] == [cafe.digest]


def test_parents_are_found_after_a_restart(door, cafe):
    fog = door.draw("fog", [door.draw("make it night", [cafe])])
    found = again(fog)
    assert [each.prompt for each in found.parents] == ["make it night"]
    assert [each.prompt for each in found.parents[0].parents] == ["a café"]
    assert [each.prompt for each in found.tree()] == ["a café", "make it night", "fog"]


def test_a_picture_that_was_forgotten_is_no_parent_any_more(cafe):
    night = cafe.edit("make it night")
    client().context.places(client().context.kinds()[0])[0].forget([cafe.id])
    assert again(night).parents == ()


def test_the_tree_is_text_from_the_first_to_the_last(cafe):
    fog = cafe.edit("make it\nnight").edit("fog")
    assert repr(fog.tree()).split("\n") == [
        "cafe: a café (1376×768)",
        "  make it night (1376×768)",
        "    fog (1376×768)",
    ]


def test_the_tree_is_html_with_thumbnails_and_without_scripts(service):
    first = nb_banana.generate("<script>alert(1)</script> & 'so'", name="a", alt='"><b>')
    html = first.edit("<img src=x onerror=alert(1)>", images=picture()).tree()._repr_html_()
    assert "<script" not in html
    assert "<img src=x" not in html
    assert 'alt="&quot;&gt;&lt;b&gt;"' in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in html
    assert html.count('<img src="data:image/jpeg;base64,') == 2
    assert "image 1 = a, image 2 = image" in html


def test_a_picture_that_is_an_ancestor_twice_stands_in_the_tree_once(cafe):
    newest = [cafe]
    for number in range(12):  # each made from the two before it: 377 ways to the first
        newest.append(nb_banana.generate(f"step {number}", images=newest[-2:]))
    found = again(newest[-1]).tree()
    assert len(list(found)) == 13
    assert len(repr(found).split("\n")) == 13


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"?")])
def test_the_tree_is_shown_although_a_file_of_it_is_lost(cafe, harm):
    night = cafe.edit("make it night")
    harm(cafe.path)
    html = again(night).tree()._repr_html_()
    assert html.count("<img ") == 1
    assert "it can't be shown" in html
    assert "a café" in html


def test_a_kernel_that_starts_anew_knows_the_family():
    load = "%load_ext nb_banana\nimport nb_banana"
    run_notebook(
        load, "%%banana cafe -a 16:9\na café in a family", "%%banana night -i cafe\nmake it night"
    )
    again = run_notebook(
        load,
        "%%banana night -i cafe\nmake it night",
        "%%banana cafe -a 16:9\na café in a family",
        "%%banana night -i cafe\nmake it night",
        "print(night.came, night.size, night.parents[0] is cafe)\nnight.tree()",
        allow_errors=True,
    )
    assert "no variable and no file cafe" in again.cells[1].outputs[0].evalue
    printed, tree = again.cells[4].outputs
    assert printed.text == "reused (1376, 768) True\n"
    assert tree.data["text/plain"].startswith("cafe: a café in a family (1376×768)\n  night: make")
    assert "<img " in tree.data["text/html"]


def test_settings_hold_where_the_first_picture_is_not_ours(door):
    settings.aspect_ratio = "9:16"
    image = door.draw("a banana", [encode(Image.new("RGB", (90, 30)))])
    assert image.size == (768, 1376)
    assert image_lines(image)[1].startswith("image 1 = ")


# Branches


@pytest.fixture
def branched(cafe):
    """A café, two edits of it, two of the first of these, and one of both."""
    night, day = cafe.edit("make it night"), cafe.edit("make it day")
    fog, rain = night.edit("fog"), night.edit("rain")
    both = nb_banana.generate("side by side", images=[rain, day], name="both")
    return cafe, night, day, fog, rain, both


def test_children_are_what_was_made_with_a_picture_the_newest_last(branched):
    cafe, night, day, _, rain, both = branched
    another_kernel()
    found = nb_banana.load(cafe.id).children
    assert [each.digest for each in found] == [night.digest, day.digest]
    assert [each.prompt for each in found[0].children] == ["fog", "rain"]
    assert [each.digest for each in rain.children] == [both.digest]
    assert both.children == ()


def test_the_tree_has_branches_after_a_restart_and_marks_the_picture_that_was_asked(branched):
    another_kernel()
    tree = nb_banana.load(branched[1].id).tree()
    assert repr(tree).split("\n") == [
        "cafe: a café (1376×768)",
        "  make it night (1376×768) ← this picture",
        "    fog (1376×768)",
        "    rain (1376×768)",
        "      side by side (1376×768)",
    ]
    html = tree._repr_html_()
    assert html.count("<img ") == 5
    assert html.count("← this picture") == 1
    assert [each.prompt for each in tree] == [
        *("a café", "make it night", "fog", "rain", "side by side"),
    ]


def test_in_a_tree_each_stands_once_and_after_all_of_its_parents(branched):
    cafe, *others = branched
    order = [each.digest for each in cafe.tree()]
    assert sorted(order) == sorted(each.digest for each in branched)
    for each in others:
        assert all(order.index(parent.digest) < order.index(each.digest) for parent in each.parents)


def test_the_family_goes_over_shared_libraries_and_other_clients(service, tmp_path):
    with Client(key=KEY, base_url=service.url, library=tmp_path / "class") as teacher:
        cafe = teacher.generate("a café")
        hers = cafe.edit("make it night")
    before = (tmp_path / "class").glob("*/index.sqlite")
    written = {each: each.read_bytes() for each in before}
    settings.shared_libraries = [str(tmp_path / "class")]
    mine = nb_banana.load(hers.id).edit("fog")
    last = mine.edit("rain")
    another_kernel()
    assert [each.prompt for each in nb_banana.load(cafe.id).children] == ["make it night"]
    tree = nb_banana.load(mine.id).tree()
    assert [each.prompt for each in tree] == ["a café", "make it night", "fog", "rain"]
    assert [each.digest for each in nb_banana.load(hers.id).children] == [mine.digest]
    assert last.parents[0].digest == mine.digest
    assert all(each.read_bytes() == data for each, data in written.items())


def test_a_large_family_says_how_many_it_does_not_show(library):
    settings.backend = "library"
    settings.library = str(library.folder.parent / "home")
    home = client().context.places("api")[0]
    first = put(home, ImageRequest("the first"), "nbb-0")
    for number in range(1, 36):
        request = ImageRequest(f"branch {number}", images=[data_url(first.read())])
        put(home, request, f"nbb-{number}")
    tree = nb_banana.load(first.digest).tree()
    lines = repr(tree).split("\n")
    assert len(lines) == 32
    assert lines[1:3] == ["  branch 1 (8×8)", "  branch 2 (8×8)"]
    assert lines[-1] == "… and 5 more"
    assert tree._repr_html_().endswith("<p>… and 5 more</p></div>")
    assert len(list(tree)) == 36


def test_a_long_chain_shows_what_is_near(library):
    settings.library = str(library.folder.parent / "home")
    home = client().context.places("api")[0]
    link = put(home, ImageRequest("step 0"), "nbb-0000")
    for number in range(1, 1_100 if ALL else 70):  # more than Python's stack is deep
        edit = ImageRequest(f"step {number}", images=[data_url(link.read())])
        link = put(home, edit, f"nbb-{number:04}")
    middle = nb_banana.load("nbb-0036").tree()
    lines = repr(middle).split("\n")
    assert lines[0] == "… and 6 before these"
    assert lines[1] == "step 6 (8×8)"
    assert lines[31].strip() == "step 36 (8×8) ← this picture"
    assert lines[61].strip() == "step 66 (8×8)"
    assert lines[62].endswith(" more")
    assert len(list(nb_banana.load(link.digest).tree())) == number + 1


def test_a_picture_that_is_not_kept_shows_what_it_was_made_from(cafe):
    settings.keep = False
    night = cafe.edit("make it night")
    assert [each.prompt for each in night.tree()] == ["a café", "make it night"]
    assert night.children == ()
    assert repr(night.tree()).endswith("\n  make it night (1376×768)")


def test_a_library_that_cannot_be_read_is_said_under_the_tree(branched, tmp_path):
    settings.shared_libraries = [str(tmp_path / "class")]
    kind = branched[0].path.parents[2].name
    (tmp_path / "class" / kind).mkdir(parents=True)
    (tmp_path / "class" / kind / "index.sqlite").write_bytes(b"no database" * 100)
    lines = repr(branched[1].tree()).split("\n")
    assert lines[3] == "    rain (1376×768)"
    assert "is damaged" in lines[-1]


def test_what_was_forgotten_is_no_branch_any_more(branched):
    cafe, night, *_ = branched
    nb_banana.forget(night, ask=False)
    assert [each.prompt for each in cafe.children] == ["make it day"]
    assert [each.prompt for each in cafe.tree()] == ["a café", "make it day", "side by side"]
