"""Whatever is a picture becomes a reference that can be sent, or one sentence says why not."""

import base64
import io
import os
import pickle
import re
import subprocess
import sys
import threading
import warnings
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageOps

from nb_banana import BananaImage, ImageRequest
from nb_banana._text import megabytes
from nb_banana.errors import BadReferenceError, RequestError
from nb_banana.imaging.decode import check_picture
from nb_banana.references import encode as references_encode
from nb_banana.references import reference as references_reference
from nb_banana.references.encoded import EncodeCache, held_bytes
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.reference import as_reference, as_references, unique
from nb_banana.references.sources import is_picture
from nb_banana.services.receipt import Receipt
from tests.support.amount import ALL
from tests.support.pictures import (
    LARGE_PNGS,
    XMP,
    camera,
    clear,
    encode,
    frames,
    noise,
    opened,
    photo,
    picture,
)

SECRETS = re.compile(rb"Secret|GPS|Exif|EXIF|eXIf|xmpmeta|XMP ", re.IGNORECASE)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(autouse=True)
def nothing_kept():
    references_reference.ENCODE_CACHE.clear()


def same(one, other):
    return one.size == other.size and not ImageChops.difference(
        one.convert("RGBA"), other.convert("RGBA")
    ).getbbox(alpha_only=False)


def near(one, other, most=12):
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return one.size == other.size and max(high for _, high in difference.getextrema()) <= most


def banana(data):
    receipt = Receipt(
        "m", "s", True, "c", None, 1, Decimal(0), 1.0, 1, datetime(2025, 1, 1, tzinfo=UTC)
    )
    return BananaImage(data, check_picture(data), ImageRequest("a cat"), receipt, name="cat")


# What goes out untouched


@pytest.mark.parametrize(
    "data",
    [
        encode(picture()),
        encode(picture(mode="L")),
        encode(clear()),
        encode(clear().convert("LA")),
        encode(picture(), gamma=0.45),
        encode(picture(), icc_profile=SRGB),
        encode(picture(), "JPEG"),
        encode(picture(), "JPEG", progressive=True, icc_profile=SRGB),
        encode(picture(mode="L"), "JPEG"),
        encode(picture(), "WEBP"),
        encode(clear(), "WEBP", lossless=True),
    ],
)
def test_a_plain_file_goes_out_as_the_very_same_bytes(data):
    reference = as_reference(data)
    assert reference.data is data
    assert reference.url.endswith(base64.b64encode(data).decode())
    assert reference.sent_bytes == len(reference.url)
    assert reference.note is None


def test_the_type_is_read_from_the_content(tmp_path):
    wrong = tmp_path / "mug.png"
    wrong.write_bytes(encode(picture(), "JPEG"))
    assert as_reference(wrong).url.startswith("data:image/jpeg;base64,")
    assert as_reference(
        f"data:image/png;base64,{base64.b64encode(wrong.read_bytes()).decode()}"
    ) == (as_reference(wrong))


def test_the_digest_is_that_of_the_bytes_that_are_sent():
    import hashlib

    data = encode(picture(), "JPEG")
    tagged = as_reference(encode(picture(), "JPEG", comment="hello"))
    assert as_reference(data).digest == tagged.digest == hashlib.sha256(data).hexdigest()
    assert tagged.source == hashlib.sha256(encode(picture(), "JPEG", comment="hello")).hexdigest()


# What never leaves the machine


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"exif": camera(), "xmp": XMP, "comment": b"SecretWords", "icc_profile": SRGB}),
        ("WEBP", {"exif": camera(), "xmp": XMP, "icc_profile": SRGB, "lossless": True}),
        ("PNG", {"exif": camera(), "icc_profile": SRGB}),
    ],
)
def test_place_and_camera_stay_at_home_and_the_pixels_are_not_coded_again(kind, options):
    data = encode(picture(), kind, **options)
    assert SECRETS.search(data)
    reference = as_reference(data)
    assert not SECRETS.search(reference.data)
    assert same(opened(reference), Image.open(io.BytesIO(data)))
    assert opened(reference).info["icc_profile"] == SRGB
    assert not opened(reference).getexif()


def test_texts_in_a_png_stay_at_home():
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Author", "SecretName")
    words.add_text("Comment", "SecretPlace", zip=True)
    words.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = encode(picture(), pnginfo=words, exif=camera())
    assert as_reference(data).data == encode(picture())


def test_an_animated_png_becomes_its_first_picture_without_new_pixels():
    reference = as_reference(frames("PNG"))
    assert b"fcTL" not in reference.data
    assert same(opened(reference), picture())


@pytest.mark.parametrize(
    "behind", [encode(photo(), "JPEG", exif=camera()), b"\0\0\0\x18ftypmp42SecretFilm"]
)
def test_what_phones_hang_behind_a_photo_stays_at_home(behind):
    own = encode(photo(), "JPEG", exif=camera())
    assert as_reference(own + behind).data == encode(photo(), "JPEG")


def test_of_a_photo_with_a_second_photo_only_the_first_is_sent():
    red = Image.new("RGB", (60, 40), "red")
    data = encode(photo(), "MPO", save_all=True, append_images=[red])
    reference = as_reference(data)
    assert reference.url.startswith("data:image/jpeg;")
    assert b"MPF" not in reference.data
    assert same(opened(reference), Image.open(io.BytesIO(data)))
    assert len(reference.data) < len(data)


@pytest.mark.parametrize("source", [Image.open, lambda file: file])
def test_what_is_coded_again_loses_its_metadata_too(source):
    data = encode(photo(), "JPEG", exif=camera(6), comment=b"SecretWords", xmp=XMP)
    assert not SECRETS.search(as_reference(source(io.BytesIO(data))).data)


def test_marks_of_the_model_in_its_own_picture_are_kept():
    data = encode(picture(), "JPEG", xmp=XMP)
    reference = as_reference(banana(data))
    assert reference.data is data


# Turned as EXIF says


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})],
)
def test_a_turned_photo_is_sent_upright(kind, options, orientation):
    data = encode(picture(), kind, exif=camera(orientation), **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    reference = as_reference(data)
    assert near(opened(reference), upright, 12 if kind == "JPEG" else 0)
    assert not SECRETS.search(reference.data)
    assert reference.note is None


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_tiff_and_a_turned_image_in_hand_are_sent_upright(orientation):
    tiff = encode(picture(), "TIFF", exif=camera(orientation))
    png = Image.open(io.BytesIO(encode(picture(), exif=camera(orientation))))
    upright = ImageOps.exif_transpose(png)
    assert same(opened(as_reference(tiff)), upright)
    assert same(opened(as_reference(png)), upright)


def test_a_turned_photo_that_is_too_large_is_sent_upright_and_small():
    data = encode(photo(), "JPEG", exif=camera(6))
    reference = as_reference(data, label="me.jpg", limits=ReferenceLimits(longest_side=30))
    assert opened(reference).size == (20, 30)
    assert reference.note.startswith("me.jpg: 40×60 → 20×30, ")


def test_broken_exif_is_no_reason_to_refuse_a_picture():
    data = encode(picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff rientation")
    with warnings.catch_warnings(action="error"):
        assert opened(as_reference(data)).size == (60, 40)


# Converted


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (encode(picture(), "TIFF"), picture()),
        (encode(picture(), "BMP"), picture()),
        (encode(picture(), "PPM"), picture()),
        (frames("WEBP"), picture()),
        (encode(clear(), "TIFF"), clear()),
        (encode(picture(mode="P")), picture(mode="P")),
        (encode(picture(mode="1")), picture(mode="1")),
        (encode(picture(mode="1"), "TIFF"), picture(mode="1")),
        (encode(picture(mode="L"), transparency=90), None),
    ],
)
def test_other_formats_become_a_png_without_loss(data, shown):
    reference = as_reference(data)
    assert reference.url.startswith("data:image/png;")
    assert same(opened(reference), shown or Image.open(io.BytesIO(data)))
    assert reference.note is None


def test_of_an_animated_gif_the_first_frame_is_sent():
    first = Image.open(io.BytesIO(frames("GIF"))).convert("RGB")
    assert same(opened(as_reference(frames("GIF"))), first)


def test_a_transparent_palette_keeps_its_alpha():
    flat = Image.new("P", (4, 4), 1)
    flat.putpixel((0, 0), 0)
    data = encode(flat, transparency=0)
    sent = opened(as_reference(data))
    assert sent.mode == "RGBA"
    assert [sent.getpixel((x, 0))[3] for x in range(4)] == [0, 255, 255, 255]


@pytest.mark.parametrize("profile", [None, b"no profile at all"])
def test_a_cmyk_jpeg_becomes_rgb(profile):
    data = encode(picture().convert("CMYK"), "JPEG", quality=95, icc_profile=profile)
    sent = opened(as_reference(data))
    assert (sent.mode, sent.format) == ("RGB", "JPEG")
    assert near(sent, picture(), 30)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind):
    deep = Image.new("I;16", (3, 1))
    for x, value in enumerate((0, 32896, 65535)):
        deep.putpixel((x, 0), value)
    for value in (encode(deep, kind), deep):
        sent = opened(as_reference(value))
        assert (sent.mode, [sent.getpixel((x, 0)) for x in range(3)]) == ("L", [0, 128, 255])


def test_a_colour_png_of_sixteen_bits_becomes_eight():
    # Pillow writes none: a header of 16 bits, and rows of pairs of bytes.
    import struct

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\xff\xff\x80\x80\0\0")
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    sent = as_reference(data)
    assert sent.data[24] == 8
    assert opened(sent).getpixel((0, 0)) == (255, 128, 0)


MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA"]


@pytest.mark.parametrize("mode", [*MODES, "RGBX", "RGBa", "La", "I;16", "I;16L", "I;16B", "I;16N"])
def test_every_mode_of_pillow_is_a_picture(mode):
    sent = opened(as_reference(Image.new(mode, (7, 5))))
    assert sent.size == (7, 5)
    assert sent.mode in {"L", "LA", "RGB", "RGBA"}


def test_floats_and_whole_numbers_of_pillow_keep_their_greys():
    for mode, value, grey in (
        ("F", 0.5, 128),
        ("F", 128.0, 128),
        ("I", 128, 128),
        ("I", 32896, 128),
    ):
        assert opened(as_reference(Image.new(mode, (2, 2), value))).getpixel((0, 0)) == grey


def test_a_heic_photo_is_taken_where_pillow_can_read_it():
    heif = pytest.importorskip("pillow_heif")
    code = (
        "import io, pillow_heif; pillow_heif.register_heif_opener(); from PIL import Image\n"
        "from nb_banana.references.reference import as_reference\n"
        "out = io.BytesIO(); Image.new('RGB', (64, 48)).save(out, 'HEIF')\n"
        "print(as_reference(out.getvalue()).url[:23], as_reference(out.getvalue()).body.size)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "data:image/jpeg;base64, (64, 48)", heif


# Arrays


@pytest.mark.parametrize(
    ("array", "mode", "pixel"),
    [
        (np.full((4, 6), 7, "uint8"), "L", 7),
        (np.full((4, 6, 1), 7, "uint8"), "L", 7),
        (np.full((4, 6, 3), 7, "uint8"), "RGB", (7, 7, 7)),
        (np.full((4, 6, 4), 7, "uint8"), "RGBA", (7, 7, 7, 7)),
        (np.full((4, 6), True), "L", 255),
        (np.full((4, 6), 0.5), "L", 128),
        (np.full((4, 6, 3), 1, "float16"), "RGB", (255, 255, 255)),
        (np.full((4, 6), 1.0001, "float32"), "L", 255),
        (np.full((4, 6), 1, ">f8"), "L", 255),
        (np.full((6, 4), 9, "uint8").T, "L", 9),
        (np.full((8, 12), 9, "uint8")[::-2, ::2], "L", 9),
    ],
)
def test_an_array_is_sent_without_loss(array, mode, pixel):
    sent = opened(as_reference(array))
    assert (sent.format, sent.mode, sent.size) == ("PNG", mode, (6, 4))
    assert sent.getpixel((0, 0)) == pixel


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((0, 3)), r"is empty: it is float64 of shape \(0, 3\)\.$"),
        (np.zeros((4, 6), "int64"), r"wrong type: it is int64 of shape \(4, 6\)\. Make it uint8"),
        (np.zeros((4, 6), "uint16"), "wrong type: it is uint16"),
        (np.zeros((4, 6), complex), "wrong type: it is complex128"),
        (np.full((2, 2), None), "wrong type: it is object"),
        (np.zeros((3, 40, 50), "uint8"), r"channels first: .*np\.moveaxis\(a, 0, -1\)"),
        (np.zeros((2, 4, 6, 3)), r"several pictures: .*\(2, 4, 6, 3\)\. Take one"),
        (np.zeros((5, 6, 2)), r"no picture: it is float64 of shape \(5, 6, 2\)"),
        (np.zeros(5), r"no picture: it is float64 of shape \(5,\)"),
        (np.float64(1), "no picture"),
        (np.full((2, 2), 255.0), "values from 255 to 255: .*Floats are from 0 to 1"),
        (np.full((2, 2), -0.5), r"values from -0\.5"),
        (np.full((2, 2), np.nan), r"holds NaN: .*np\.nan_to_num"),
        (np.full((2, 2), np.inf), "values from inf"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_its_shape_and_type(array, sentence):
    with pytest.raises(BadReferenceError, match=sentence):
        as_reference(array)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    arrays.arrays(
        st.sampled_from(["uint8", "bool", "float32", "float64", "int16", "complex64", "U3"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    )
)
def test_any_array_is_a_picture_of_its_size_or_a_clear_error(array):
    try:
        sent = opened(as_reference(array))
    except BadReferenceError as error:
        told = str(error)
        sent = None
    assert sent is None or sent.size == array.shape[1::-1]
    assert sent is not None or (str(array.dtype) in told and str(array.shape) in told)


def test_a_tensor_is_read_as_an_array_and_may_say_no():
    class Tensor:
        def __init__(self, error=None):
            self.error = error

        def __array__(self, dtype=None, copy=None):
            if self.error:
                raise self.error
            return np.full((4, 6), 7, "uint8")

    assert opened(as_reference(Tensor())).size == (6, 4)
    with pytest.raises(BadReferenceError, match=r"Use Tensor\.cpu\(\) first\.$"):
        as_reference(Tensor(TypeError("can't convert cuda. Use Tensor.cpu() first.")))


# Figures and other values of a notebook


@pytest.fixture
def plot(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_a_figure_is_sent_as_the_notebook_shows_it(plot):
    figure, axes = plot.subplots(figsize=(4, 3), dpi=100)
    line = axes.plot([1, 2], label="outside")[0]
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    sent = opened(as_reference(figure))
    assert sent.width > 400
    assert "Software" not in sent.info
    assert as_reference(axes) == as_reference(line) == as_reference(figure)


def test_of_an_axes_among_others_its_own_part_is_sent(plot):
    figure, (left, right) = plot.subplots(1, 2, figsize=(6, 3))
    left.set_facecolor("red")
    right.set_facecolor("blue")
    whole, part = (opened(as_reference(each)) for each in (figure, left))
    assert part.width < whole.width * 0.6
    colours = {colour for _, colour in part.convert("RGB").getcolors(10**6)}
    assert (255, 0, 0) in colours
    assert (0, 0, 255) not in colours


def test_a_seaborn_grid_is_its_figure(plot):
    seaborn = pytest.importorskip("seaborn")
    import pandas as pd

    grid = seaborn.relplot(
        pd.DataFrame({"x": [1, 2], "y": [2, 1], "z": [1, 2]}), x="x", y="y", hue="z"
    )
    assert as_reference(grid) == as_reference(grid.figure)


def test_a_plotly_figure_without_kaleido_says_what_is_missing(monkeypatch):
    graphs = pytest.importorskip("plotly.graph_objects")
    figure = graphs.Figure()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadReferenceError, match="pip install kaleido"):
        as_reference(figure)


def test_a_plotly_figure_is_what_kaleido_draws(monkeypatch):
    graphs = pytest.importorskip("plotly.graph_objects")
    figure = graphs.Figure()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(graphs.Figure, "to_image", lambda self, **_: encode(picture()))
    assert opened(as_reference(figure)).size == (60, 40)
    monkeypatch.setattr(graphs.Figure, "to_image", lambda self, **_: 1 / 0)
    with pytest.raises(BadReferenceError, match="kaleido could not draw it: division by zero"):
        as_reference(figure)


def test_an_image_of_ipython_is_its_data_its_file_or_its_address(tmp_path):
    from IPython.display import Image as Shown

    file = tmp_path / "a.png"
    file.write_bytes(encode(picture()))
    for shown in (
        Shown(file.read_bytes()),
        Shown(filename=str(file)),
        Shown(str(file), embed=False),
    ):
        assert as_reference(shown).data == file.read_bytes()
    assert as_reference(Shown(url="https://a.b/c.png")).url == "https://a.b/c.png"


def test_what_shows_itself_as_a_png_is_a_picture():
    class Drawing:
        def _repr_png_(self):
            return encode(picture()), {"width": 60}

    assert opened(as_reference(Drawing())).size == (60, 40)


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_in_any_form_are_a_picture(form):
    assert as_reference(form(encode(picture()))).data == encode(picture())


def test_a_file_is_read_from_its_start_and_left_as_it_was(tmp_path):
    buffer = io.BytesIO()
    picture().save(buffer, "PNG")
    place = buffer.tell()
    assert opened(as_reference(buffer)).size == (60, 40)
    assert (buffer.tell(), buffer.closed) == (place, False)


def test_a_path_is_understood_with_tilde_and_from_here(tmp_path, monkeypatch):
    (tmp_path / "mug.png").write_bytes(encode(picture()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for path in ("mug.png", "~/mug.png", Path("mug.png"), str(tmp_path / "mug.png")):
        reference = as_reference(path)
        assert (reference.data, reference.label) == (encode(picture()), "mug.png")


def test_an_address_is_passed_on_as_it_is():
    reference = as_reference("https://example.com/a.png?x=1#y")
    assert reference.url == "https://example.com/a.png?x=1#y"
    assert (reference.data, reference.note, len(reference.digest)) == (None, None, 64)


@pytest.mark.parametrize("name", [each for each in LARGE_PNGS if ALL or each != "many texts"])
def test_a_png_with_large_texts_or_a_large_profile_is_a_picture(name):
    data = LARGE_PNGS[name]()
    sent = as_reference(data)
    assert len(sent.data) < 100_000
    assert same(Image.open(io.BytesIO(without(sent.data, b"iCCP"))), picture())
    small = as_reference(data, limits=ReferenceLimits(longest_side=30))
    assert small.note.endswith(f"60×40 → 30×20, {note_sizes(data, small)}")


def note_sizes(data, small):
    return f"{megabytes(len(data))} → {megabytes(len(small.data))}"


def without(data, name):
    start = data.find(name) - 4
    return data if start < 0 else data[:start] + data[end_of(data, start) :]


def end_of(data, start):
    return start + 12 + int.from_bytes(data[start : start + 4], "big")


def test_a_large_profile_stays_where_the_picture_is_coded_again():
    profile = SRGB + bytes(2_000_000)
    small = as_reference(encode(picture(), icc_profile=profile), limits=ReferenceLimits(30))
    assert opened(small).info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_large_profile_of_another_format_is_no_trouble_either(kind):
    data = encode(picture(), kind, icc_profile=SRGB + bytes(3_000_000), xmp=b"x" * 60_000)
    assert same(opened(as_reference(data)), Image.open(io.BytesIO(data)))


# Refused, each with its sentence


def bomb():
    """A PNG of 400 million white pixels in a few hundred kilobytes' worth of header."""
    data = bytearray(encode(Image.new("1", (1, 1))))
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def large_jpeg(size=(16_320, 12_240), **options):
    """A JPEG that says it is that large, and has the pixels of a small one."""
    data = encode(Image.new("RGB", (16, 16)), "JPEG", **options)
    place = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5
    height, width = (side.to_bytes(2, "big") for side in reversed(size))
    return data[:place] + height + width + data[place + 4 :]


def in_scans(data):
    """The JPEG with a first scan of one channel alone."""
    place = data.find(b"\xff\xda")
    return data[:place] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + data[place:]


WRONG = [
    (3, "The int given as a reference is no picture: it is an int."),
    (None, "no picture: it is a NoneType."),
    (np.ndarray, "a class and no value of it."),
    ({"a": 1}, "Several pictures are given as a list."),
    (b"", "is not a picture: it is empty."),
    (b"<html>", "is not a picture: it is a web page."),
    (b'{"a": 1}', "it looks like JSON."),
    (b"<svg/>", "it is SVG, which has no pixels."),
    (b"%PDF-1.7", "Pillow can't read its 8 bytes."),
    (b"\0\0\0\x18ftypheic" + bytes(30), "pip install|Install pillow-heif"),
    (bomb(), "far too many pixels to be opened. Save it smaller, e.g. 4096 pixels wide."),
    (large_jpeg(progressive=True), "too many pixels to be opened. Save it smaller"),
    (large_jpeg((65_500, 20_000)), "too many pixels to be opened. Save it smaller"),
    (in_scans(large_jpeg()), "too many pixels to be opened. Save it smaller"),
    (encode(photo())[:-20], "is cut off or damaged: its .* bytes do not hold the whole picture."),
    (encode(photo(), "JPEG")[:-20], "is cut off or damaged"),
    (encode(photo(), "JPEG", exif=camera())[:-20], "is cut off or damaged"),
    (encode(photo(), "WEBP")[:-20], "is cut off or damaged"),
    (encode(photo(), "TIFF")[:-2000], "is cut off or damaged|not a picture"),
    (encode(photo(), "BMP")[:-2000], "is cut off or damaged: Pillow stops with"),
    (encode(photo(), "GIF")[:900], "is cut off or damaged"),
    (encode(photo()).replace(b"IDAT", b"IDAX", 1), "is cut off or damaged"),
    (Image.new("L", (0, 4)), "is empty: it is 0×4."),
    (Image.new("F", (2, 2), -3.0), "values from -3 to -3 .*Scale them to 0..255."),
    (io.StringIO("a"), "gives str and no bytes. Open it with 'rb'."),
    ("", "'' is empty: name a file."),
    ("no\0thing", "is not there|no name of a file"),
    ("x" * 5000, "can't be read: File name too long."),
    ("ftp://a.b/c.png", "'ftp://a.b/c.png' is no address of a picture"),
    ("file:///a.png", "Give its path, without file://"),
    ("https://", "is no address of a picture"),
    ("http://[::1", "is no address"),
    ("https://a.b/my cat.png", "a space in it, which is written %20."),
    ("data:image/png,abc", "The data: address has to be base64"),
    ("data:image/png;base64,a", "The data: address has broken base64"),
    ("data:image/png;base64,AAAA", "is not a picture"),
]


@pytest.mark.parametrize(("value", "sentence"), WRONG)
def test_what_is_no_picture_is_refused_in_a_sentence(value, sentence):
    with pytest.raises(BadReferenceError, match=sentence) as caught:
        as_reference(value)
    assert str(caught.value).endswith(".")
    assert isinstance(caught.value, RequestError)


def test_the_sentence_begins_with_what_the_person_called_it():
    with pytest.raises(BadReferenceError, match=r"^mug is not a picture: it is empty\.$"):
        as_reference(b"", label="mug")


def test_a_missing_file_comes_with_the_names_near_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mug.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        BadReferenceError, match=r"'mug\.jpg' is not there \(in .*; did you mean mug\.png\?\)\.$"
    ):
        as_reference("mug.jpg")
    with pytest.raises(BadReferenceError, match=r"^my_mug \('mug\.jpg'\) is not there .*\?\)\.$"):
        as_reference(Path("mug.jpg"), label="my_mug")
    with pytest.raises(BadReferenceError, match=f"there is no folder {tmp_path / 'no'}"):
        as_reference(tmp_path / "no" / "mug.jpg")


def test_a_folder_comes_with_a_picture_that_is_in_it(tmp_path):
    with pytest.raises(BadReferenceError, match=r"is a folder\. .*there is none in it\.$"):
        as_reference(tmp_path)
    (tmp_path / "mug.png").write_bytes(b"")
    with pytest.raises(
        BadReferenceError, match=r"is a folder\. Name one picture, e\.g\. .*mug\.png"
    ):
        as_reference(str(tmp_path))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux has such a file")
def test_a_file_that_cannot_be_read_says_why():
    with pytest.raises(BadReferenceError, match="can't be read: Input/output error"):
        as_reference("/proc/self/mem")
    with pytest.raises(BadReferenceError, match="a device or a pipe"):
        as_reference(os.devnull)


def test_a_closed_file_and_a_closed_image_say_so():
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(BadReferenceError, match="can't be read: I/O operation on closed file"):
        as_reference(closed)
    cut = Image.open(io.BytesIO(encode(photo())[:-2000]))
    with pytest.raises(BadReferenceError, match="is cut off or damaged: Pillow stops with"):
        as_reference(cut)


def test_a_table_is_no_picture():
    pd = pytest.importorskip("pandas")
    with pytest.raises(BadReferenceError, match=r"Take the pictures out of it, e\.g\. table"):
        as_reference(pd.DataFrame(np.zeros((3, 3))))


DAMAGED = [
    encode(photo(), "JPEG", exif=camera(6)),
    encode(photo(), exif=camera(6)),
    encode(clear(), "WEBP", exif=camera(3)),
    encode(photo(), "TIFF"),
    encode(photo(), "AVIF"),
    frames("GIF"),
]


@pytest.mark.parametrize("end", [13, 18])
def test_what_a_damaged_header_has_taken_in_or_left_over_is_not_sent(end):
    photo = next(data for data in DAMAGED if data.startswith(b"\xff\xd8"))
    assert not SECRETS.search(as_reference(photo[:10] + photo[end:]).data)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(DAMAGED), st.data())
def test_a_damaged_file_is_a_picture_or_a_clear_error(data, draw):
    place = draw.draw(st.integers(0, len(data) - 1))
    end = draw.draw(st.integers(place, len(data)))
    try:
        references_reference.ENCODE_CACHE.clear()
        sent = as_reference(data[:place] + draw.draw(st.binary(max_size=8)) + data[end:])
    except BadReferenceError as error:
        sent = None
        assert str(error).endswith(".")  # noqa: PT017 - which of both it is, is not known here
    assert sent is None or not SECRETS.search(sent.data[:200])


# Limits


def test_what_is_too_long_is_made_smaller_and_says_so():
    reference = as_reference(
        encode(photo(800, 600), "JPEG"), label="photo.jpg", limits=ReferenceLimits(longest_side=400)
    )
    assert (opened(reference).size, opened(reference).format) == ((400, 300), "JPEG")
    assert re.fullmatch(r"photo\.jpg: 800×600 → 400×300, 0\.\d MB → \d+ kB", reference.note)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_photo_of_200_megapixels_is_made_smaller_as_it_is_decoded(mode):
    data = encode(Image.new(mode, (16_320, 12_240), 90), "JPEG", quality=30)
    sent = as_reference(data, label="phone.jpg")
    assert (opened(sent).size, opened(sent).mode) == ((4_080, 3_060), mode)
    assert sent.note.startswith("phone.jpg: 16320×12240 → 4080×3060, ")
    largest = as_reference(data, limits=ReferenceLimits(longest_side=16_000))
    assert opened(largest).size == (8_160, 6_120)  # all of it would take too much memory
    with pytest.raises(BadReferenceError, match="16320×12240 pixels, and 4096 is the limit"):
        as_reference(data, resize=False)


@pytest.mark.parametrize("make", [lambda: encode(photo(400, 300)), lambda: photo(400, 300)])
def test_what_has_too_many_bytes_becomes_a_jpeg_within_the_limit(make):
    reference = as_reference(make(), limits=ReferenceLimits(picture_bytes=60_000))
    assert opened(reference).format == "JPEG"
    assert 20_000 < len(reference.data) <= 60_000
    smaller = as_reference(make(), limits=ReferenceLimits(picture_bytes=6_000))
    assert opened(smaller).width < 400
    assert len(smaller.data) <= 6_000


def test_alpha_is_kept_when_a_picture_is_made_smaller():
    reference = as_reference(encode(clear(800, 600)), limits=ReferenceLimits(longest_side=100))
    assert (opened(reference).mode, opened(reference).size) == ("RGBA", (100, 75))
    grainy = Image.frombytes("RGBA", (90, 90), noise(90 * 90 * 4))
    tight = as_reference(encode(grainy), limits=ReferenceLimits(picture_bytes=5_000))
    assert (opened(tight).mode, opened(tight).format) == ("RGBA", "PNG")
    assert len(tight.data) <= 5_000


def test_an_alpha_that_hides_nothing_does_not_stand_in_the_way_of_a_jpeg():
    solid = photo(400, 300).convert("RGBA")
    assert opened(as_reference(solid)).mode == "RGBA"
    assert opened(as_reference(solid, limits=ReferenceLimits(longest_side=200))).format == "JPEG"


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            ReferenceLimits(longest_side=100),
            "cat has 800×600 pixels, and 100 is the limit of the longer",
        ),
        (ReferenceLimits(picture_bytes=5_000), r"cat has 0\.\d MB, and 5 kB is the limit"),
    ],
)
@pytest.mark.parametrize("make", [lambda: encode(photo(800, 600), "JPEG"), lambda: photo(800, 600)])
def test_nothing_is_made_smaller_where_that_is_not_wanted(make, limits, sentence):
    with pytest.raises(BadReferenceError, match=sentence):
        as_reference(make(), label="cat", limits=limits, resize=False)


def test_a_limit_that_nothing_can_meet_is_said():
    with pytest.raises(BadReferenceError, match="can't be made as small as 50 bytes"):
        as_reference(photo(), limits=ReferenceLimits(picture_bytes=50))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "4096", True])
def test_a_limit_is_a_whole_number(wrong):
    with pytest.raises(RequestError, match="longest_side is a whole number from 1, not"):
        ReferenceLimits(longest_side=wrong)


def test_too_large_together_the_largest_are_made_smaller():
    small, *large = encode(photo(50, 50)), photo(300, 300, 1), photo(300, 300, 2)
    limits = ReferenceLimits(total_bytes=300_000)
    sent = as_references([small, *large], label="cats", limits=limits)
    assert sum(len(each.url) for each in sent) <= 300_000
    assert sent[0].data is small
    assert [bool(each.note) for each in sent] == [False, True, True]
    assert sent[1].note.startswith("cats[1]: 300×300")
    with pytest.raises(BadReferenceError, match=r"together as they are sent, and 0\.3 MB .*cats\["):
        as_references([small, *large], label="cats", limits=limits, resize=False)


# The same picture once


def test_a_picture_in_every_form_is_sent_once(tmp_path):
    file = tmp_path / "mug.jpg"
    file.write_bytes(encode(photo(), "JPEG"))
    image = Image.open(file)
    forms = [file, image, np.asarray(image), np.asarray(image) / 255, image.convert("RGBA")]
    forms += [encode(image, "BMP"), encode(image, "TIFF"), banana(encode(image)), file.open("rb")]
    assert [each.label for each in as_references(forms)] == ["mug.jpg"]
    assert [each.label for each in as_references(forms[::-1])] == ["mug.jpg"]
    forms[-1].close()


def test_a_picture_that_is_made_smaller_is_sent_once_too(tmp_path):
    data = encode(photo(400, 300), "JPEG")
    forms = [data, Image.open(io.BytesIO(data)), encode(photo(400, 300), "JPEG", comment="a")]
    assert len(as_references(forms, limits=ReferenceLimits(longest_side=100))) == 1


def test_other_pictures_of_the_same_size_are_all_sent():
    given = [photo(seed=1), photo(seed=2), encode(photo(seed=3)), photo(50, 40), "https://a.b/1"]
    assert len(as_references([*given, "https://a.b/2", "https://a.b/1"])) == 6


def test_one_picture_alone_is_not_decoded(monkeypatch):
    one, other = (encode(photo(60, height), "JPEG") for height in (40, 41))

    def load(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    as_references(one)
    as_references([one, other])
    with pytest.raises(KeyboardInterrupt):
        as_references([one, encode(photo(), "JPEG", quality=50)])


def test_the_picture_of_ours_is_known_again(tmp_path):
    ours = banana(encode(picture(), "JPEG", xmp=XMP))
    reference = as_reference(ours)
    assert (reference.source, reference.label) == (ours, "cat")
    saved = as_reference(ours.save(tmp_path / "cat.jpg"))
    assert saved.source == reference.digest
    assert len(unique([saved, reference])) == 1


# Many


def test_one_or_many_are_taken_and_lists_may_stand_in_lists():
    cats = [photo(seed=seed) for seed in range(4)]
    assert len(as_references(cats[0])) == 1
    sent = as_references([cats[0], tuple(cats[1:3]), cats[3]], label="cats")
    assert [each.label for each in sent] == ["cats[0]", "cats[1][0]", "cats[1][1]", "cats[2]"]
    assert as_references(None) == as_references([]) == ()
    with pytest.raises(BadReferenceError, match="no picture: it is a list"):
        as_references([[[cats[0]]]])


def test_a_reference_stays_as_it_is_and_may_get_another_label():
    reference = as_reference(photo())
    assert as_reference(reference) is reference
    again = as_reference(reference, label="me")
    assert (again, again.label) == (reference, "me")
    assert len({reference, again}) == 1
    assert reference != "reference"


# Encoded once


@pytest.mark.parametrize(
    "make",
    [
        lambda: encode(photo(), "JPEG"),
        lambda: encode(photo(), "JPEG", exif=camera(6)),
        lambda: encode(photo(), "TIFF"),
        lambda: photo(),
        lambda: np.asarray(photo()),
        lambda: np.asarray(photo()) / 255,
    ],
)
def test_a_second_request_sends_the_very_same_text(make):
    first, second = as_reference(make()), as_reference(make(), label="again")
    assert first.url is second.url
    assert as_reference(make(), limits=ReferenceLimits(longest_side=30)).url is not first.url


def test_a_second_request_with_five_large_photos_encodes_none_of_them_again():
    references_reference.ENCODE_CACHE.clear()
    photos = [encode(photo(1480, 1480, seed)) for seed in range(5)]
    assert 6_000_000 < len(photos[0]) < LIMITS.picture_bytes
    first, again = as_references(photos), as_references(photos)
    assert all(each.note for each in first)  # together they are too large
    assert all(one.body is other.body for one, other in zip(first, again, strict=True))
    references_reference.ENCODE_CACHE.clear()


def test_a_figure_that_did_not_change_is_not_encoded_again(plot):
    figure, axes = plot.subplots()
    first = as_reference(figure)
    assert as_reference(figure).url is first.url
    axes.set_title("other")
    assert as_reference(figure) != first


def test_an_image_that_was_drawn_on_is_another_picture():
    image = photo()
    before = as_reference(image)
    image.putpixel((3, 3), (1, 2, 3))
    assert as_reference(image) != before


def test_forty_threads_encode_a_picture_once(monkeypatch):
    encoded = []
    original = references_encode._save
    monkeypatch.setattr(
        references_encode, "_save", lambda *a, **k: encoded.append(1) or original(*a, **k)
    )
    image = photo(300, 200)
    threads = [threading.Thread(target=as_reference, args=[image]) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(encoded) == 1


def test_files_that_begin_and_end_alike_are_not_mistaken():
    one = encode(Image.new("RGB", (400, 400)), "BMP")
    two = bytearray(one)
    two[len(two) // 3] = 255
    assert as_reference(one) != as_reference(bytes(two))
    assert as_reference(one) == as_reference(bytes(bytearray(one)))


def test_what_is_kept_is_bounded_and_the_oldest_goes_first():
    pictures = [as_reference(photo(seed=seed)).body for seed in range(3)]
    kept = EncodeCache(largest=held_bytes(pictures[0]) + held_bytes(pictures[1]))
    for number in (0, 1, 0, 2):
        kept.of_pixels(number, lambda number=number: pictures[number])
    assert kept.size <= held_bytes(pictures[0]) + held_bytes(pictures[1])
    assert kept.of_pixels(0, lambda: None) is pictures[0]
    kept.clear()
    assert kept.size == 0


def test_a_reference_can_be_pickled_without_its_text():
    reference = as_reference(photo())
    assert reference.url
    packed = pickle.dumps(reference)
    assert len(packed) < len(reference.data) * 1.2
    assert pickle.loads(packed) == reference
    assert pickle.loads(packed).url == reference.url


def test_the_repr_is_short():
    assert repr(as_reference(photo(), label="mug")) == "Reference(label='mug')"


def test_importing_references_loads_nothing_heavy():
    code = (
        "import sys, nb_banana.references.variables; "
        "heavy = 'PIL numpy matplotlib IPython plotly'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_value_is_recognised_without_running_its_code():
    class Trap:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert not is_picture(Trap())
    assert as_reference(SimpleNamespace(bytes=encode(picture()), parents=(), request=None)).data


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((4032, 3024), (2016, 1512)),  # a half is nearly as much as is allowed
        ((3024, 4032), (1512, 2016)),
        ((3800, 1900), (2048, 1024)),
        ((9000, 2), (2048, 1)),
    ],
)
def test_a_photo_that_is_made_smaller_keeps_nearly_as_much_as_is_allowed(size, sent):
    photo = io.BytesIO()
    Image.new("RGB", size, "orange").save(photo, "JPEG")
    reference = as_reference(photo, limits=ReferenceLimits(longest_side=2048))
    assert Image.open(io.BytesIO(reference.data)).size == sent
