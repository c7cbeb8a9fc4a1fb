"""A file can hold its prompt, and its pixels stay what they were."""

import io
import struct
import warnings
import zlib

import PIL.Image
import pytest

from nb_banana.imaging import metadata
from nb_banana.imaging.decode import check_picture, unwarned
from nb_banana.references.reference import as_reference
from nb_banana.request import ImageRequest
from nb_banana.results.image import BananaImage
from tests.support.pictures import chunk, with_chunk
from tests.support.shelf import receipt

FACTS = {"prompt": 'a "banana" am Strand – 香蕉', "aspect_ratio": "16:9"}


def picture(form, mode="RGB", **options) -> bytes:
    out = io.BytesIO()
    PIL.Image.effect_noise((40, 30), 80).convert(mode).save(out, form, **options)
    return out.getvalue()


def plain_png(width, height):
    """A PNG of which the header and the end are there, and the pixels are not."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def exif():
    kept = PIL.Image.Exif()
    kept[0x010E] = "kept"
    return kept


@pytest.mark.parametrize(
    "data",
    [
        picture("PNG"),
        picture("PNG", "RGBA"),
        picture("PNG", "P"),
        picture("JPEG"),
        picture("JPEG", exif=exif()),
        picture("WEBP"),
        picture("WEBP", "RGBA", lossless=True),
        picture("WEBP", exif=exif()),
    ],
)
def test_facts_come_back_and_the_pixels_are_the_same(data):
    kind = check_picture(data)
    after = metadata.embed_facts(data, kind.mime, FACTS)
    assert metadata.read_embedded(after) == FACTS
    assert check_picture(after) == kind
    with PIL.Image.open(io.BytesIO(data)) as one, PIL.Image.open(io.BytesIO(after)) as two:
        assert one.mode == two.mode
        assert one.tobytes() == two.tobytes()
        assert two.getexif().get(0x010E) == one.getexif().get(0x010E)


BROKEN = b"Exif\0\0MM\0*\0\0\0\x08\0\xff\x87i\0\4\0\0"
ODD = {
    "pixels that are not there": plain_png(40, 30),
    "deep nesting": with_chunk(b"iTXt", b"nb_banana\0\0\0\0\0" + b"[" * 100_000),
    "a number of 5,000 digits": with_chunk(b"iTXt", b"nb_banana\0\0\0\0\0" + b"9" * 5000),
    "broken EXIF": picture("JPEG", exif=BROKEN),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_a_file_whose_facts_can_t_be_read_has_none(data):
    assert metadata.read_embedded(data) is None
    assert check_picture(data)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG"])
def test_a_picture_with_broken_exif_is_shown_and_saved_as_any_other(form, tmp_path):
    data = picture(form, exif=BROKEN)  # Pillow warns of it, which is an error here
    image = BananaImage(data, check_picture(data), ImageRequest("a banana"), receipt("nbb-1"))
    assert image._repr_mimebundle_()
    image.save(tmp_path / f"a.{form.lower()}", embed=True)
    facts = metadata.read_embedded((tmp_path / f"a.{form.lower()}").read_bytes())
    assert facts["prompt"] == "a banana"
    image.save(tmp_path / "a.tiff")
    assert as_reference(data).body


def test_what_a_person_says_of_warnings_while_a_picture_is_decoded_in_a_thread_stays_said():
    with warnings.catch_warnings(action="error"):
        before = list(warnings.filters)
        one, other = unwarned(), unwarned()  # two threads
        one.__enter__()
        warnings.filterwarnings("ignore", message="mine")
        other.__enter__()
        one.__exit__(None, None, None)
        assert check_picture(picture("JPEG", exif=BROKEN))
        other.__exit__(None, None, None)
        assert warnings.filters[1:] == before
        warnings.warn("mine", stacklevel=1)


def test_a_picture_without_facts_has_none():
    assert metadata.read_embedded(picture("PNG")) is None
    assert metadata.read_embedded(picture("JPEG", exif=exif())) is None
