"""Where Pillow is missing, as in a browser: all that needs no pixels works, the rest says so."""

import sys

import numpy as np
import pytest

import nb_banana
from nb_banana import errors
from nb_banana.imaging.decode import check_picture
from nb_banana.references.reference import ENCODE_CACHE
from nb_banana.results import gallery_display, image_display
from tests.support.pictures import camera, clear, encode, picture


@pytest.fixture
def take_pillow_away(monkeypatch):
    """Pillow is there until the function is called."""

    def take():
        for name in [name for name in sys.modules if name.startswith("nb_banana.sandbox.painter")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "PIL", None)
        ENCODE_CACHE.clear()  # what was encoded with it

    for module in (image_display, gallery_display):
        monkeypatch.setattr(module, "is_rich", lambda: True)
    return take


@pytest.fixture
def client(tmp_path):
    with nb_banana.Client(library=tmp_path / "library", backend="sandbox") as client:
        yield client


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_kind_and_size_are_read_from_the_first_bytes_as_pillow_reads_them(kind, take_pillow_away):
    data = encode(picture(37, 21), kind)
    with_pillow = check_picture(data)
    take_pillow_away()
    assert check_picture(data) == with_pillow
    with pytest.raises(errors.TruncatedPictureError):
        check_picture(data[:-9])
    for count in range(12, 40):  # cut off in its head
        with pytest.raises(errors.PictureError):
            check_picture(data[:count])


@pytest.mark.parametrize(
    "data", [b"", b"<html></html>", b"\x89PNG\r\n\x1a\n" + bytes(40), b"II*\0"]
)
def test_what_is_no_picture_is_none_without_pillow_too(data, take_pillow_away):
    take_pillow_away()
    with pytest.raises(errors.PictureError):
        check_picture(data)


def test_a_webp_of_each_form_has_the_size_that_pillow_finds(take_pillow_away):
    files = [encode(picture(33, 17), "WEBP", lossless=True), encode(clear(33, 17), "WEBP")]
    take_pillow_away()
    assert [(each.width, each.height) for each in map(check_picture, files)] == [(33, 17)] * 2


def test_a_picture_is_made_shown_edited_and_saved(client, take_pillow_away, tmp_path):
    take_pillow_away()
    fox = client.generate("a fox", aspect_ratio="16:9")
    assert (fox.size, fox.sandbox, fox.mime) == ((1376, 768), True, "image/png")
    assert fox.bytes != client.generate("a fox", aspect_ratio="16:9", take=2).bytes
    bundle, _ = fox._repr_mimebundle_()
    assert fox.alt in bundle["text/html"]
    assert 'width="768"' in bundle["text/html"]  # as large as a preview
    assert bundle["image/png"]
    night = fox.edit("make it night")
    assert (night.parents, night.size) == ((fox,), (1376, 768))
    assert fox.save(tmp_path / "fox.png", embed=True).read_bytes().startswith(b"\x89PNG")
    assert client.load(fox.id).digest == fox.digest
    assert client.generate("a fox", images=[tmp_path / "fox.png"]).request.references


def test_a_gallery_shows_the_pictures_themselves(client, take_pillow_away):
    take_pillow_away()
    gallery = client.sweep("a {{x}}", x=["fox", "pear [trouble: 400]"])
    bundle, _ = gallery._repr_mimebundle_()
    assert bundle["text/html"].count("<img") == 1
    assert "1 failed" in bundle["text/html"]
    assert client.history()._repr_html_().count('width="96"') == 1


def test_what_needs_pixels_says_so_in_a_sentence(client, take_pillow_away, tmp_path):
    photo = encode(picture(), "JPEG", exif=camera(6))
    palette = encode(picture(8, 8, "P"))
    large = encode(picture(4100, 8))
    gif = encode(picture(), "GIF")
    comparison = nb_banana.compare(photo, palette)
    take_pillow_away()
    fox = client.generate("a fox")
    gallery = client.sweep("a {{x}}", x=["fox", "owl"])
    needs = [
        lambda: fox.pil,
        lambda: fox.save(tmp_path / "fox.jpg"),
        lambda: np.asarray(fox),
        gallery.contact_sheet,
        lambda: nb_banana.compare(fox, fox),
        lambda: comparison.save(tmp_path / "both.png"),
        lambda: client.generate("x", images=[np.zeros((4, 4, 3), "uint8")]),
    ]
    for need in needs:
        with pytest.raises(errors.PillowMissingError, match="Pillow, which is not installed"):
            need()
    for data in (photo, palette, large, gif, gif[:20], b"no picture"):
        with pytest.raises(errors.BadReferenceError):
            client.generate("x", images=[data])


def test_a_kept_preview_is_shown_in_place_of_the_picture(client, take_pillow_away):
    fox = client.generate("a fox")
    preview = fox._kept.keep_preview(96)
    small = preview.read_bytes()
    take_pillow_away()
    assert client.load(fox.id).preview(97) == ("image/jpeg", small)
    client.forget(fox, ask=False)
    assert not preview.exists()
