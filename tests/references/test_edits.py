"""What is a picture goes into the next one: what arrives, through the function and the magic."""

import io
import json
from pathlib import Path
from urllib.parse import urlsplit

import IPython.display
import matplotlib as mpl
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import seaborn as sns

import nb_banana
from nb_banana.models import find_model
from nb_banana.results.image_display import image_lines
from tests.support.pictures import camera, clear, encode, opened, photo, picture

mpl.use("agg")

from matplotlib import pyplot as plt

RED, BLUE = (PIL.Image.new("RGB", (60, 40), colour) for colour in ("red", "blue"))
TINY = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a photo, in which the notebook stands."""
    monkeypatch.chdir(tmp_path)
    Path("mug.jpg").write_bytes(encode(photo(), "JPEG", exif=camera(6)))
    return tmp_path


def shown(image):
    """The lines under a picture."""
    return "\n".join(image_lines(image))


def bars():
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.bar(["a", "b"], [1, 2])
    plt.close(figure)
    return figure


def seaborn_bars():
    figure, axes = plt.subplots(figsize=(2, 1))
    sns.barplot(pd.DataFrame({"x": ["a", "b"], "y": [1, 2]}), x="x", y="y", ax=axes)
    plt.close(figure)
    return axes


KINDS = {
    "Pillow": (picture, "PNG", (60, 40), "RGB"),
    "Pillow with alpha": (clear, "PNG", (60, 40), "RGBA"),
    "Pillow CMYK": (lambda: picture(mode="CMYK"), "PNG", (60, 40), "RGB"),
    "grey array": (lambda: np.full((40, 60), 7, "uint8"), "PNG", (60, 40), "L"),
    "RGB array": (lambda: np.full((40, 60, 3), 7, "uint8"), "PNG", (60, 40), "RGB"),
    "RGBA array": (lambda: np.full((40, 60, 4), 7, "uint8"), "PNG", (60, 40), "RGBA"),
    "float array": (lambda: np.linspace(0, 1, 7200).reshape(40, 60, 3), "PNG", (60, 40), "RGB"),
    "figure": (bars, "PNG", None, None),
    "axes": (lambda: bars().axes[0], "PNG", None, None),
    "seaborn": (seaborn_bars, "PNG", None, None),
    "IPython": (lambda: IPython.display.Image(encode(picture())), "PNG", (60, 40), "RGB"),
    "bytes": (lambda: encode(picture(), "WEBP"), "WEBP", (60, 40), "RGB"),
    "open file": (lambda: io.BytesIO(encode(picture(), "JPEG")), "JPEG", (60, 40), "RGB"),
    "16-bit TIFF": (lambda: encode(PIL.Image.new("I;16", (9, 9)), "TIFF"), "PNG", (9, 9), "L"),
    "CMYK JPEG": (lambda: encode(picture(mode="CMYK"), "JPEG"), "JPEG", (60, 40), "RGB"),
    "path": (lambda: Path("mug.jpg"), "JPEG", (40, 60), "RGB"),
    "text of a path": (lambda: "mug.jpg", "JPEG", (40, 60), "RGB"),
    "data: address": (lambda: TINY, "PNG", (1, 1), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_a_picture_arrives_as_a_file_that_opens(door, kind):
    make, form, size, mode = KINDS[kind]
    door.draw("a banana", [make()])
    (arrived,) = door.arrived
    arrived.load()
    assert arrived.format == form
    assert size in {None, arrived.size}
    assert mode in {None, arrived.mode}


def test_a_picture_of_ours_arrives_byte_for_byte(door):
    cafe = nb_banana.generate("a café", aspect_ratio="16:9")
    door.draw("at night", [cafe])
    assert door.files == [cafe.bytes]


def test_an_address_is_passed_on_as_it_is(door):
    image = door.draw("a banana", ["https://example.com/a.png?x=1"])
    assert door.body["image_urls"] == ["https://example.com/a.png?x=1"]
    assert "image 1 = https://example.com/a.png?x=1" in shown(image)


def test_a_list_of_pictures_arrives_in_its_order(door):
    door.draw("a banana", [[RED, BLUE], picture()])
    assert [each.getpixel((0, 0)) for each in door.arrived[:2]] == [(255, 0, 0), (0, 0, 255)]
    assert len(door.arrived) == 3


def test_the_same_picture_in_several_forms_is_sent_once(door):
    Path("red.png").write_bytes(encode(RED))
    image = door.draw("a banana", [RED, encode(RED), np.asarray(RED), "red.png", BLUE])
    assert len(door.body["image_urls"]) == len(image.request.references) == 2


def test_the_body_is_what_the_vendor_describes(door):
    door.draw("a banana", [RED, "https://example.com/a.png"], aspect_ratio="16:9", resolution="2K")
    assert set(door.body) == {"model", "prompt", "image_urls", "aspect_ratio", "resolution"}
    for uri in door.body["image_urls"]:
        assert urlsplit(uri).scheme in {"data", "https"}


def test_more_pictures_than_the_model_takes_are_refused_before_any_money(door):
    most = find_model("nano-banana-2").max_images
    pictures = [PIL.Image.new("L", (8, 8), 20 * number) for number in range(most + 1)]
    assert f"takes at most {most} reference pictures, and {most + 1}" in door.refused("a", pictures)
    door.draw("a banana", pictures[:most])
    assert len(door.body["image_urls"]) == most


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: "mugg.jpg", "id you mean mug.jpg?"),
        (lambda: ".", "is a folder. Name one picture, e.g. mug.jpg."),
        (lambda: b"hello", "is not a picture"),
        (lambda: b"", "is empty"),
        (lambda: encode(photo(), "JPEG")[:-200], "is cut off or damaged"),
        (lambda: encode(PIL.Image.new("1", (20_000, 20_000))), "far too many pixels"),
        (lambda: None, "is no picture: it is a NoneType"),
        (lambda: {"a": RED}, "Several pictures are given as a list"),
        (lambda: (each for each in [RED]), "Several pictures are given as a list"),
        (lambda: pd.Series([RED]), "Take the pictures out of it"),
        (lambda: np.zeros((3, 4, 5, 6)), "float64 of shape (3, 4, 5, 6)"),
        (lambda: np.zeros((4, 4), "int64"), "int64 of shape (4, 4)"),
        (lambda: open("mug.jpg"), "can't be read"),  # noqa: PTH123, SIM115 - as text, by mistake
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed file")
def test_what_is_no_picture_is_refused_before_any_money(door, make, sentence):
    given = make()
    assert sentence in door.refused("a banana", [given])
    getattr(given, "close", bool)()


def test_a_file_that_was_closed_is_refused_before_any_money(door):
    with open("mug.jpg", "rb") as file:  # noqa: PTH123 - as a person writes it
        pass
    assert "closed file" in door.refused("a banana", [file])


def test_no_pictures_are_no_pictures(door):
    door.draw("a banana", [])
    assert "image_urls" not in door.body


def test_a_photo_arrives_upright_and_without_its_place(door):
    assert b"Secret" in Path("mug.jpg").read_bytes()
    door.draw("a banana", ["mug.jpg"])
    (arrived,) = door.arrived
    assert arrived.size == (40, 60)
    assert not arrived.getexif()
    assert b"Secret" not in door.files[0]
    assert b"Exif" not in door.files[0]


def test_what_is_made_smaller_is_said_under_the_picture(door):
    nb_banana.configure(reference_side=64)
    image = door.draw("a banana", [PIL.Image.new("RGB", (300, 200), "green")])
    assert door.arrived[0].size == (64, 43)
    assert "300×200 → 64×43" in shown(image)


def test_nothing_is_made_smaller_where_that_is_not_wanted(door):
    nb_banana.configure(reference_side=64)
    large = PIL.Image.new("RGB", (300, 200), "green")
    refusal = door.refused("a banana", [large], resize=False)
    assert "has 300×200 pixels, and 64 is the limit of the longer side" in refusal


@pytest.mark.parametrize("prompt", ['{"style": {"ink": {"wet": 1}}}', "a {b} {#fff} 50% $x", "}}"])
def test_json_and_single_braces_arrive_as_they_are(door, prompt):
    door.draw(prompt)
    assert door.body["prompt"] == prompt
    if prompt.startswith("{"):
        json.loads(door.body["prompt"])


def test_the_second_time_it_comes_from_the_library(door):
    first = door.draw("a banana", [RED, "mug.jpg"])
    again = door.draw("a banana", [encode(RED), Path("mug.jpg")])
    assert again.came == "reused"
    assert again.bytes == first.bytes
    assert len(door.service.posts) == 1


def test_the_receiver_opens_what_the_request_says(door):
    image = door.draw("a banana", [clear()])
    assert opened(image.request.references[0]).tobytes() == door.arrived[0].tobytes()
