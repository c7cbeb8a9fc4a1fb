"""A gallery's HTML: tiles with words, the heads of a sweep, and no more bytes than a sheet."""

import base64
import io
import re
from itertools import product
from xml.etree import ElementTree

import pytest
from PIL import Image, features

import nb_banana
from nb_banana import Gallery
from nb_banana.request import ImageRequest
from nb_banana.results.gallery_tiles import Tiles, preview_of
from tests.support.amount import some

from .test_contact import failure, plain, swept
from .test_image import image_of

SMALL = plain(size=(60, 60))


def html_of(gallery):
    return gallery._repr_mimebundle_()[0]["text/html"]


def parsed(html):
    """The elements of the page, its stylesheet left out."""
    page = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    page = page.replace("&nbsp;", " ")
    return ElementTree.fromstring(re.sub(r"(<(?:img|br|wbr)\b[^>]*)>", r"\1/>", page))


def tiles_of(gallery):
    return parsed(html_of(gallery)).findall(".//figure[@class='nbb-tile']")


def words(element):
    """All text of an element, in order."""
    return " ".join(" ".join(element.itertext()).split())


def grainy(size, seed, forms):
    """A picture of random forms of so many pixels: the smaller, the harder to compress."""
    small = (size[0] // forms, size[1] // forms)
    bands = [Image.effect_noise(small, 60 + seed) for _ in "rgb"]
    out = io.BytesIO()
    Image.merge("RGB", bands).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG")
    return image_of(out.getvalue(), f"a fox on a beach, number {seed}")


def test_each_picture_has_its_own_alt_text_label_place_and_id(service):
    one = nb_banana.generate("a fox", alt="Ein Fuchs & ein Hase")
    other = nb_banana.generate("an owl")
    first, second = tiles_of(Gallery([one, other]))
    assert first.find(".//summary/img").get("alt") == "Ein Fuchs & ein Hase"
    assert second.find(".//summary/img").get("alt") == "an owl"
    assert words(first.find("figcaption")) == f"a fox [0] · {one.id[:8]}"
    assert words(second.find("figcaption")) == f"an owl [1] · {other.id[:8]}"


def test_an_opened_tile_says_the_prompt_and_what_stands_under_a_picture(service):
    fox = nb_banana.generate("a fox")
    (tile,) = tiles_of(Gallery([fox], [{"style": "oil"}]))
    assert words(tile.find("./details/small")) == f"a fox {fox.caption}"
    assert words(tile.find("figcaption")).startswith("a fox [0]"), "what varies has one value"


def test_other_sizes_are_said_where_pictures_have_several():
    tiles = tiles_of(Gallery([plain(), plain(size=(600, 300))]))
    assert [words(each)[-7:] for each in tiles] == ["600×600", "600×300"]
    assert "600×600" not in words(tiles_of(Gallery([plain(), plain()]))[0].find("figcaption"))


@pytest.mark.parametrize(
    ("count", "size", "forms"),
    # From two squares with forms to a hundred upright ones of noise.
    some([*product([2, 9, 16, 100], [(512, 512), (688, 384), (384, 688)], [16, 2])], 6),
)
def test_all_of_the_html_has_at_most_as_many_bytes_as_the_sheet(count, size, forms):
    images = [grainy(size, number, forms) for number in range(min(count, 4))] * 25
    bundle, _ = Gallery(images[:count], [{"seed": n} for n in range(count)])._repr_mimebundle_()
    assert len(bundle["text/html"]) <= len(bundle["image/jpeg"])
    seen = re.findall(r"base64,([^\"]+)", bundle["text/html"])
    assert len(seen) == count
    assert max(Image.open(io.BytesIO(base64.b64decode(seen[0]))).size) > 90


def test_what_shines_through_does_so_in_a_tile():
    clear = plain((255, 0, 0, 0), mode="RGBA")
    (encoded,) = re.findall(r"base64,([^\"]+)", html_of(Gallery([clear])))
    assert Image.open(io.BytesIO(base64.b64decode(encoded))).getpixel((0, 0))[3] == 0


def test_a_pillow_that_writes_no_webp_writes_jpeg(monkeypatch):
    monkeypatch.setattr(features, "check", lambda feature: False)
    html = html_of(Gallery([plain(), plain((255, 0, 0, 0), mode="RGBA")]))
    assert html.count('src="data:image/jpeg;base64,/9j/') == 2


def test_a_failed_tile_has_a_short_reason_in_its_place_and_the_whole_one_below():
    reason = "The model made no picture of this. " * 5 + "Change the prompt."
    html = html_of(Gallery([plain(), failure(reason), plain(prompt="an owl")]))
    tiles = parsed(html).findall(".//figure[@class='nbb-tile']")
    said = words(tiles[1])
    assert said.startswith("No picture. The model made no picture of this.")
    assert said.endswith("… a banana [1]")
    assert len(said) < 140
    assert f"[1] failed: {reason}" in html
    assert [each.find(".//img") is None for each in tiles] == [False, True, False]


def test_a_picture_whose_file_is_gone_says_so_in_its_tile(service):
    lost, kept = (nb_banana.generate(f"a banana {number}") for number in range(2))
    lost.path.unlink()
    first, second = tiles_of(Gallery([lost, kept]))
    assert words(first).startswith("No picture.")
    assert lost.id[:8] in words(first)
    assert second.find(".//img") is not None


def test_a_sweep_of_two_fields_is_a_table_with_its_values_at_the_heads():
    variants = swept(style=["oil", "<ink>"], aspect_ratio=["1:1", "16:9"])[::-1]
    made = [plain(prompt=f"banana {number}") for number in range(3)]
    table = parsed(html_of(Gallery([*made, failure()], variants))).find(".//table")
    heads = [words(each) for each in table.findall(".//th[@scope='col']")]
    assert heads == ["style ↓ aspect_ ratio →", "16:9", "1:1"]
    assert [words(each) for each in table.findall(".//th[@scope='row']")] == ["<ink>", "oil"]
    alts = [each.get("alt") for each in table.findall(".//img")]
    assert alts == ["banana 0", "banana 1", "banana 2"]
    last = table.findall(".//td")[-1]
    assert words(last).startswith("No picture.")


def test_a_long_grid_ends_with_a_whole_row_and_the_first_hundred_are_shown():
    wide = Gallery([SMALL] * 108, swept(number=range(12), style=list("abcdefghi")))
    assert len(tiles_of(wide)) == 99
    assert len(tiles_of(Gallery([SMALL] * 150))) == 100


@pytest.mark.parametrize("variants", [[{}] * 4, swept(style=["oil", "ink"], take=[1, 2])])
def test_frames_stand_before_the_pictures_do_and_in_the_same_places(variants):
    requests = [ImageRequest(f"banana {n}", aspect_ratio="16:9") for n in range(4)]
    tiles = Tiles.of(requests, variants)
    image = plain(size=(1376, 768), prompt="banana 2")
    some = [None, failure("No."), image, None]
    pages = [
        parsed(tiles.html(each, {n: preview_of(entry, 240) for n, entry in enumerate(each)}))
        for each in ([None] * 4, some)
    ]
    empty, partly = ([*page.iter("figure")] for page in pages)
    assert [each.find("div").get("class") for each in empty] == ["nbb-frame nbb-empty"] * 4
    assert [words(each).partition(" ·")[0] for each in empty] == [
        words(each.find("figcaption")).partition(" ·")[0] for each in partly
    ]
    assert partly[2].find(".//img").get("alt") == "banana 2"
    assert words(partly[1]).startswith("No picture. No.")
    before, after = (
        re.findall(r"--r:([\d.]+)", ElementTree.tostring(page).decode()) for page in pages
    )
    assert before == after
    assert float(before[0]) == pytest.approx(1376 / 768, abs=0.001)


def test_with_a_stable_caption_no_tile_has_an_id(service):
    nb_banana.configure(caption="stable")
    gallery = nb_banana.generate("a fox", count=2)
    html = html_of(gallery)
    assert html == html_of(nb_banana.generate("a fox", count=2))
    assert not [each for each in gallery if each.id[:8] in html]
    assert words(tiles_of(gallery)[1].find("figcaption")) == "take 2 [1]"


def test_without_any_style_all_words_stand_in_good_order():
    """As GitHub shows it, which takes style elements and attributes away."""
    gallery = Gallery([plain(prompt="a fox"), failure("No."), plain(prompt="an owl")], name="some")
    said = words(parsed(html_of(gallery)))
    order = ["a fox", "[0]", "No picture. No.", "[1]", "an owl", "[2]", "2 pictures · 1 failed"]
    places = [said.index(each) for each in order]
    assert places == sorted(places)
    assert "<script" not in html_of(gallery)
    assert len(html_of(gallery).partition("</style>")[0]) < 4000


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_places_of_few_tall_pictures_are_no_larger_than_these(count):
    html = html_of(Gallery([grainy((450, 800), seed, 10) for seed in range(count)]))
    most = int(re.search(r"max-width:(\d+)px", html)[1])
    assert most / count <= int(re.search(r'width="(\d+)"', html)[1]) + 5
