"""`compare`: before and after, with a slider in the page and side by side where there is none."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import nb_banana
from nb_banana import errors
from nb_banana.imaging.provenance import read_provenance
from nb_banana.request import ImageRequest
from nb_banana.results.comparison import compare
from nb_banana.results.failure import Failure
from tests.support.pictures import camera, clear, encode
from tests.support.shells import ipython_shell

RED = Image.new("RGB", (320, 180), "red")
BLUE = Image.new("RGB", (320, 180), "blue")


def pictures_of(comparison):
    """The pictures in the HTML."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', shown(comparison)["text/html"])
    return [Image.open(io.BytesIO(base64.b64decode(each))) for each in found]


def shown(comparison):
    bundle, _ = comparison._repr_mimebundle_()
    return bundle


def words(bundle):
    """What is read where all styles are dropped."""
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", bundle["text/html"], flags=re.DOTALL)
    return " ".join(text.replace(": ", ":").replace(":", ": ").split())


def side_of(comparison):
    return Image.open(io.BytesIO(base64.b64decode(shown(comparison)["image/jpeg"])))


def near(pixel, color):
    return all(abs(one - other) < 12 for one, other in zip(pixel, color, strict=True))


@pytest.mark.parametrize(
    "given",
    [RED, np.asarray(RED), encode(RED), io.BytesIO(encode(RED)), RED.convert("P")],
    ids=["pillow", "array", "bytes", "file", "palette"],
)
def test_any_kind_of_picture_is_compared(given):
    left, right = pictures_of(compare(given, BLUE))
    assert near(left.getpixel((9, 9)), (255, 0, 0))
    assert near(right.getpixel((9, 9)), (0, 0, 255))


def test_a_strip_beside_a_strip_the_other_way_is_compared():
    lying, standing = Image.new("RGB", (900, 1), "red"), Image.new("RGB", (1, 900), "blue")
    for pair in ((lying, standing), (standing, lying), (lying, RED), (RED, standing)):
        assert len({each.size for each in pictures_of(compare(*pair))}) == 1


def test_a_path_and_a_picture_of_ours_are_called_by_their_names(service, tmp_path):
    RED.save(tmp_path / "mug.png")
    cafe = nb_banana.generate("a café", aspect_ratio="16:9", name="cafe")
    caption = compare(tmp_path / "mug.png", cafe).caption
    assert caption == "SANDBOX, no AI model · left: mug.png 320×180 · right: cafe 1376×768"


def test_other_sizes_are_made_as_large_as_each_other():
    left, right = pictures_of(compare(RED, Image.new("RGB", (64, 36), "blue")))
    assert left.size == right.size == (320, 180)
    assert near(right.getpixel((1, 1)), (0, 0, 255))
    left, right = pictures_of(compare(Image.new("RGB", (64, 36), "red"), BLUE))
    assert left.size == right.size == (320, 180)
    assert near(left.getpixel((318, 178)), (255, 0, 0))


def test_other_shapes_get_margins():
    left, right = pictures_of(compare(RED, Image.new("RGB", (200, 400), "blue")))
    assert left.size == right.size == (400, 225)
    assert near(right.getpixel((200, 112)), (0, 0, 255))
    assert near(right.getpixel((20, 112)), (230, 230, 227))


def test_a_photo_is_upright_and_what_is_clear_shows_the_mount():
    turned = encode(Image.new("RGB", (60, 40), "red"), "JPEG", exif=camera(6))
    left, right = pictures_of(compare(turned, clear(40, 60)))
    assert left.size == right.size == (40, 60)
    assert near(right.getpixel((0, 30)), (230, 230, 227))


def test_a_notebook_holds_previews():
    large = Image.effect_noise((3000, 2000), 60).convert("RGB")
    comparison = compare(large, large.rotate(180))
    assert [each.size for each in pictures_of(comparison)] == [(768, 512)] * 2
    assert max(side_of(comparison).size) <= 1152


def test_side_by_side_has_both_with_their_names():
    sheet = compare(RED, BLUE).side_by_side()
    width, height = sheet.size
    assert near(sheet.getpixel((width // 4, height // 3)), (255, 0, 0))
    assert near(sheet.getpixel((3 * width // 4, height // 3)), (0, 0, 255))
    below = sheet.crop((0, height - 40, width, height))
    assert len(below.getcolors(1000)) > 10, "letters have many shades"
    exported = side_of(compare(RED, BLUE))
    assert exported.size == sheet.size


def test_what_is_left_and_right_is_said_to_all(service):
    cafe = nb_banana.generate('a "<b>" café', alt="A café <b>", name="cafe")
    bundle, metadata = compare(cafe, BLUE)._repr_mimebundle_()
    assert 'alt="left: A café &lt;b&gt;"' in bundle["text/html"]
    assert 'alt="right: image 320×180"' in bundle["text/html"]
    assert "left: cafe 1024×1024 right: image 320×180 SANDBOX, no AI model" in words(bundle)
    assert "<b>" not in bundle["text/html"]
    assert "left: cafe" in metadata["image/jpeg"]["alt"]
    assert metadata["nb_banana"] == {"requests": [cafe.receipt.client_request_id]}


def test_there_is_no_script_and_no_name_that_another_output_may_have():
    html = shown(compare(RED, BLUE))["text/html"]
    assert not re.search(r"<script|\bon\w+=|javascript:|\b(id|name|for)=", html)
    assert html == shown(compare(RED, BLUE))["text/html"]


def test_what_would_do_nothing_without_its_style_is_not_seen():
    html = shown(compare(RED, BLUE))["text/html"]
    controls = re.findall(r"<input[^>]*>", html)
    assert len(controls) == 2
    assert all('style="display:none"' in each and "aria-label=" in each for each in controls)


def test_include_and_exclude_are_heard():
    assert list(compare(RED, BLUE)._repr_mimebundle_(include={"image/jpeg"})[0]) == ["image/jpeg"]
    assert "text/html" not in compare(RED, BLUE)._repr_mimebundle_(exclude={"text/html"})[0]


def test_a_terminal_has_one_line(monkeypatch):
    with ipython_shell() as shell:
        monkeypatch.setattr(shell.shell.display_formatter, "active_types", ["text/plain"])
        bundle = shown(compare(RED, BLUE))
    assert bundle == {"text/plain": "left: image · right: image"}


@pytest.mark.parametrize("wrong", [7, b"no picture", "https://example.com/a.png", None])
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(errors.BadReferenceError):
        compare(RED, wrong)


def test_a_failure_says_why_there_is_nothing_to_compare():
    failed = Failure(ImageRequest("a banana"), errors.RefusalError("It said no."))
    with pytest.raises(errors.RefusalError, match="It said no"):
        compare(RED, failed)


@pytest.mark.parametrize(
    ("written", "file", "form"),
    [
        ("before-after.png", "before-after.png", "PNG"),
        ("sheet.jpg", "sheet.jpg", "JPEG"),
        ("sheet.WEBP", "sheet.WEBP", "WEBP"),
        ("sheet", "sheet.png", "PNG"),
        ("out/", "out/before-and-after.png", "PNG"),
    ],
)
def test_it_is_saved_side_by_side(tmp_path, monkeypatch, written, file, form):
    monkeypatch.chdir(tmp_path)
    comparison = compare(RED, BLUE)
    assert comparison.save(written).as_posix() == file
    with Image.open(file) as saved:
        assert (saved.format, saved.size) == (form, comparison.side_by_side().size)
        width, height = saved.size
        left, right = (saved.getpixel((x * width // 4, height // 3)) for x in (1, 3))
    assert near(left, (255, 0, 0))
    assert near(right, (0, 0, 255))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_its_file_says_where_the_pictures_come_from(service, tmp_path, form):
    cafe = nb_banana.generate("a café", aspect_ratio="16:9")
    file = compare(RED, cafe).save(tmp_path / f"one.{form}")
    said = read_provenance(file.read_bytes())
    assert (said.source_type, said.credit) == ("algorithmicMedia", cafe.provenance.credit)
    mine = compare(RED, BLUE).save(tmp_path / f"mine.{form}")
    assert read_provenance(mine.read_bytes()).source_type is None


@pytest.mark.parametrize("place", ["a.txt", "no/a.png", "file/"])
def test_a_place_that_takes_no_picture_is_said(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(errors.SaveError):
        compare(RED, BLUE).save(f"{tmp_path}/{place}")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
