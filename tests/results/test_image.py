"""A picture is a value: a file, an array, a Pillow image, a pickle, and something to look at."""

import copy
import gc
import io
import os
import pickle
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import matplotlib as mpl
import numpy as np
import PIL.Image
import pytest
from IPython.display import Image as IPythonImage

from nb_banana import (
    BananaImage,
    ImageRequest,
    compare,
    doctor,
    dry_run,
    errors,
    generate,
    history,
    recover,
    spending,
)
from nb_banana.imaging.decode import check_picture
from nb_banana.request import mismatch
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from nb_banana.results.image_display import NOT_KEPT
from nb_banana.services.receipt import Receipt
from tests.support.amount import some

mpl.use("agg")


def picture(mode="RGB", size=(64, 32), form="PNG", color=None) -> bytes:
    out = io.BytesIO()
    PIL.Image.new(mode, size, color).save(out, form)
    return out.getvalue()


def image_of(data: bytes, prompt="a <b>banana</b>", **options) -> BananaImage:
    receipt = Receipt(
        "google/nano-banana-2",
        "api.aimlapi.com",
        False,
        "nbb-1",
        "i-1",
        178_975,
        Decimal("0.0894875"),
        12.44,
        1,
        datetime(2026, 11, 22, tzinfo=UTC),
    )
    names = {name: options.pop(name) for name in ("name", "alt") if name in options}
    return BananaImage(data, check_picture(data), ImageRequest(prompt, **options), receipt, **names)


@pytest.fixture(scope="module")
def image():
    return generate("a banana on a beach", aspect_ratio="16:9", fresh=True)


def test_the_caption_is_one_line_with_size_model_time_price_and_name():
    caption = image_of(picture(size=(1376, 768)), name="trex").caption
    assert caption == "1376×768 · nano-banana-2 · 12.4 s · $0.089 · trex"


def test_a_sandbox_picture_says_so(image):
    assert image.sandbox
    assert image.caption.startswith("SANDBOX")
    assert "play money" in image.caption


def test_other_libraries_open_it_as_a_file(image, tmp_path):
    shutil.copy(image, tmp_path / "copy.png")
    assert (tmp_path / "copy.png").read_bytes() == image.bytes
    with PIL.Image.open(image) as opened:
        assert opened.size == image.size
    with open(image, "rb") as file:  # noqa: PTH123 - as a person writes it
        assert file.read() == image.bytes
    assert IPythonImage(image.bytes).data == image.bytes


def test_other_libraries_take_it_as_an_array(image):
    from matplotlib import pyplot as plt

    assert np.asarray(image).shape == (768, 1376, 3)
    assert np.asarray(image, dtype=float).dtype == float
    assert plt.imshow(image).get_array().shape == (768, 1376, 3)
    plt.close()


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (32, 64)), ("RGBA", (32, 64, 4)), ("P", (32, 64, 3))]
)
def test_an_array_has_the_channels_that_the_picture_has(mode, shape):
    assert np.asarray(image_of(picture(mode))).shape == shape


def test_a_temporary_file_goes_with_its_picture():
    image = image_of(picture())
    path = Path(os.fspath(image))
    assert path.exists()
    assert os.fspath(image) == str(path)
    del image
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize(
    "clone", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy]
)
def test_it_is_pickled_and_copied(clone):
    image = image_of(picture())
    os.fspath(image)
    twin = clone(image)
    assert twin.bytes == image.bytes
    assert twin.request == image.request
    assert twin.receipt == image.receipt
    assert os.fspath(twin) != os.fspath(image)


def test_its_repr_is_one_short_line():
    text = repr([image_of(picture(), "word " * 1000)])
    assert len(text) < 120
    assert "\n" not in text


def test_pil_gives_a_new_picture_each_time(image):
    image.pil.paste((0, 0, 0), (0, 0, 9, 9))
    assert image.pil.getpixel((1, 1)) != (0, 0, 0)


def test_save_keeps_the_bytes_where_the_suffix_fits(image, tmp_path):
    assert image.save(tmp_path / "a.png").read_bytes() == image.bytes
    assert image.save(tmp_path / "b").name == "b.png"
    assert image.save(tmp_path).name == "a-banana-on-a-beach.png"


@pytest.mark.parametrize(
    ("suffix", "form"), [(".jpg", "JPEG"), (".webp", "WEBP"), (".GIF", "GIF"), (".tif", "TIFF")]
)
def test_save_converts_where_the_suffix_says_so(tmp_path, suffix, form):
    path = image_of(picture("RGBA", color=(10, 200, 30, 255))).save(tmp_path / f"a{suffix}")
    with PIL.Image.open(path) as saved:
        assert saved.format == form
        assert saved.size == (64, 32)


def test_save_leaves_nothing_behind_when_it_fails(image, tmp_path):
    with pytest.raises(errors.SaveError, match="choose one of"):
        image.save(tmp_path / "a.txt")
    with pytest.raises(errors.SaveError, match="Make it first"):
        image.save(tmp_path / "no" / "a.png")
    (tmp_path / "taken.png").mkdir()
    (tmp_path / "taken.png" / "x").touch()
    image.save(tmp_path / "taken.png")  # a folder, whatever its name: the file goes inside
    assert not list(tmp_path.rglob("*.part"))


NAME = "a-banana-on-a-beach.png"
PLACES = [  # what is written, and the file that it becomes
    ("out/", f"out/{NAME}"),
    ("a/b/c/", f"a/b/c/{NAME}"),
    (f"there{os.sep}", f"there/{NAME}"),
    ("there", f"there/{NAME}"),
    ("x.png/", f"x.png/{NAME}"),
    (b"bytes/", f"bytes/{NAME}"),
    ("out", "out.png"),
    (Path("path/"), "path.png"),  # pathlib drops the slash
    ("there/x.png", "there/x.png"),
]


@pytest.mark.parametrize(("written", "file"), PLACES)
def test_a_slash_at_the_end_means_a_folder_which_is_made(
    service, tmp_path, monkeypatch, written, file
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    image = generate("a banana on a beach")
    assert image.save(written) == Path(file)
    assert Path(file).read_bytes() == image.bytes
    second = image.save(written)
    assert second == (Path(file) if not file.endswith(NAME) else second)
    assert second.read_bytes() == image.bytes
    assert len(list(tmp_path.rglob("*.part"))) == 0


def test_a_picture_is_saved_into_a_folder_that_is_not_there_by_each_door(door, tmp_path):
    image = door.draw("a banana on a beach", save=f"{tmp_path}/new/deep/")
    assert (tmp_path / "new" / "deep" / NAME).read_bytes() == image.bytes


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("file/", "file is a file. Name a folder"),
        ("file/deep/", "can't be written"),
        (f"{'n' * 300}/", "is no path to save to"),
    ],
)
def test_a_folder_that_cannot_be_is_said_before_anything_is_paid(door, tmp_path, place, reason):
    (tmp_path / "file").write_text("mine")
    assert reason in door.refused("a banana on a beach", save=f"{tmp_path}/{place}")
    assert [each.name for each in tmp_path.iterdir() if each.name != "data"] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["a\0.png", "\0", "a\0/", "a\ud800.png", "\ud800/", "{{x}}.png"])
@pytest.mark.parametrize("options", [{}, {"count": 2}, {"background": True}])
def test_a_name_that_no_file_has_is_said_before_anything_is_paid(
    service, tmp_path, monkeypatch, name, options
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.SaveError):
        generate(
            "a {{x}} banana",
            values={"x": "\0"} if "{{" in name else {"x": "b"},
            save=name,
            **options,
        )
    assert service.posts == []


def test_a_folder_is_not_made_before_the_picture_is_there(service, tmp_path):
    with pytest.raises(errors.BananaError):
        generate("a banana [trouble: 400]", save=f"{tmp_path}/new/")
    assert not (tmp_path / "new").exists()


def test_the_pictures_of_a_gallery_go_into_a_folder_with_any_name(service, tmp_path):
    gallery = generate("a banana", count=2, save=f"{tmp_path}/takes.png/")
    assert len(list((tmp_path / "takes.png").iterdir())) == 2
    assert len(gallery.save(f"{tmp_path}/others/")) == 2
    assert gallery[0].save(f"{tmp_path}/one/").parent == tmp_path / "one"


def test_html_is_escaped_and_has_no_script():
    bundle, metadata = image_of(picture(), '"><script>alert(1)</script>')._repr_mimebundle_()
    assert "<script" not in bundle["text/html"]
    assert 'alt="&quot;&gt;&lt;script' in bundle["text/html"]
    assert metadata["image/jpeg"]["alt"].startswith('">')


def test_include_and_exclude_are_heard():
    image = image_of(picture())
    assert set(image._repr_mimebundle_(include=["text/plain"])[0]) == {"text/plain"}
    assert "text/html" not in image._repr_mimebundle_(exclude=["text/html"])[0]


def test_the_preview_is_bounded_and_keeps_transparency():
    wide = image_of(picture(size=(3000, 1500)))
    assert PIL.Image.open(io.BytesIO(wide.preview(768)[1])).size == (768, 384)
    clear = image_of(picture("RGBA", color=(1, 2, 3, 0)))
    assert set(clear._repr_mimebundle_()[0]) == {"text/html", "image/png", "text/plain"}
    assert PIL.Image.open(io.BytesIO(clear.preview(768)[1])).getpixel((0, 0))[3] == 0


def test_what_is_shown_again_is_not_decoded_again_unless_its_file_is_gone(service):
    image = generate("a banana")
    assert image.preview(300) is generate("a banana").preview(300)
    image.path.unlink()
    with pytest.raises(errors.PictureMissingError):
        image.preview(300)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_picture_has_a_preview(mode):
    assert image_of(picture(mode)).preview(16)[1]


@pytest.mark.parametrize(
    ("asked", "got", "says"),
    [
        ({}, (1376, 768), None),
        ({"aspect_ratio": "16:9"}, (1376, 768), None),
        ({"aspect_ratio": "16:9", "resolution": "4K"}, (5504, 3072), None),
        (
            {"aspect_ratio": "16:9", "resolution": "4K"},
            (1376, 768),
            "asked 4K 16:9, got 1376×768",
        ),
        ({"aspect_ratio": "4:3"}, (1024, 1024), "asked 4:3, got 1024×1024"),
        ({"resolution": "1K"}, (2048, 2048), "asked 1K, got 2048×2048"),
        ({"model": "pro", "aspect_ratio": "21:9", "resolution": "2K"}, (3168, 1344), None),
        ({"model": "2.5", "aspect_ratio": "16:9"}, (1344, 768), None),
        ({"model": "acme/new", "aspect_ratio": "wide", "resolution": "8K"}, (10, 10), None),
    ],
)
def test_asked_and_not_delivered_is_said(asked, got, says):
    assert mismatch(ImageRequest("a", **asked), *got) == says


def test_errors_are_pickled_with_their_facts():
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors._Told) and kind is not errors._Told:
            error = pickle.loads(pickle.dumps(kind("No.", inference_id="i-1", status=None)))
            assert type(error) is kind
            assert str(error) == "No. (inference id i-1)"
            assert error.facts == {"inference_id": "i-1"}


BLANK = 'A fox.\n\n- ink\r\n\r\n\tno "text"\n \n<b>'


def test_alt_texts_are_one_line_and_no_html_has_a_blank_one(service):
    """Where a page is made of Markdown, HTML ends at a blank line."""
    fox = generate(BLANK, name="a\n\nfox")
    night = fox.edit(f"at night\n\n{BLANK}")
    failed = Failure(fox.request, errors.RefusalError("No.\n\nNo."))
    values = [fox, night, Gallery([fox, night, failed]), failed, compare(fox, night)]
    values += [night.tree(), history(), dry_run(BLANK), doctor(), spending(), recover()]
    for value in values:
        bundle, metadata = _bundle(value)
        page = bundle["text/html"]
        assert not re.search(r"\n\s*\n", page), page
        alts = re.findall(r'alt="([^"]*)"', page)
        alts += [
            each["alt"] for each in metadata.values() if isinstance(each, dict) and "alt" in each
        ]
        assert all(re.fullmatch(r"\S.*", alt) and "  " not in alt for alt in alts)
    assert fox.alt == fox.prompt == BLANK.strip()


def _bundle(value):
    if not hasattr(value, "_repr_mimebundle_"):
        return {"text/html": value._repr_html_()}, {}
    found = value._repr_mimebundle_()
    return found if isinstance(found, tuple) else (found, {})


PRINTED = """
import nb_banana
from nb_banana.results.gallery import Gallery
nb_banana.configure(backend="sandbox")
pic = nb_banana.generate("a banana \\N{BANANA} → ✓ “日本” é", aspect_ratio="16:9")
for value in [
    pic, pic.caption, Gallery([pic]), pic.edit("at night"), pic.tree(), nb_banana.history(),
    nb_banana.spending(), nb_banana.recover(), nb_banana.doctor(), nb_banana.dry_run("→ ✓"),
    nb_banana.compare(pic, pic), nb_banana.pending(),
]:
    print(value)
"""


@pytest.mark.parametrize("encoding", some(["ascii", "cp1252", "latin-1", "utf-8"], 2))
def test_all_of_it_is_printed_where_the_output_has_few_letters(encoding, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", PRINTED]
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode(encoding)
    assert ("✓" if encoding == "utf-8" else "+") in said
    assert ("x" if encoding == "ascii" else "×") in said


def test_a_paid_picture_that_could_not_be_kept_says_so_in_plain_text_too():
    image = image_of(picture())
    assert "kept" not in repr(image) + image.caption
    image.notes += (f"{NOT_KEPT} The disk is full.",)
    assert repr(image).endswith(", not kept>")
    assert "not kept" in image.caption
    assert repr(Gallery([image, image_of(picture())])) == "<Gallery 2 pictures, 1 not kept>"
