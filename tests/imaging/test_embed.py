"""A file can hold its prompt, and its pixels stay what they were."""

import io

import PIL.Image
import pytest

from nb_banana.imaging import metadata
from nb_banana.imaging.decode import check_picture

FACTS = {"prompt": 'a "banana" am Strand – 香蕉', "aspect_ratio": "16:9"}


def picture(form, mode="RGB", **options) -> bytes:
    out = io.BytesIO()
    PIL.Image.effect_noise((40, 30), 80).convert(mode).save(out, form, **options)
    return out.getvalue()


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


def test_a_picture_without_facts_has_none():
    assert metadata.read_embedded(picture("PNG")) is None
    assert metadata.read_embedded(picture("JPEG", exif=exif())) is None
