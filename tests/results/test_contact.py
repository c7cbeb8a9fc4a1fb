"""The contact sheet: rows and columns of a sweep, near-square else, words that fit, one JPEG."""

import base64
import io
import itertools

import pytest
from PIL import Image, ImageChops

from nb_banana import _threads, errors, generate
from nb_banana.imaging import sheet as imaging_text
from nb_banana.imaging.decode import decoded_at_once
from nb_banana.imaging.sheet import BAD_MOUNT, MOUNT, PAPER, near_square_layout, table_layout
from nb_banana.request import ImageRequest
from nb_banana.results import contact_sheet
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from nb_banana.results.variants import grid_of, labels_of

from .test_image import image_of, picture

COLORS = ("red", "green", "blue", "orange")


def plain(color="red", size=(600, 600), mode="RGB", prompt="a banana"):
    """A picture of one colour, so that it is known again on the sheet."""
    return image_of(picture(mode, size, color=color), prompt)


def failure(reason="The model made no picture of this.", **options):
    return Failure(ImageRequest("a banana", **options), errors.RefusalError(reason))


def swept(**fields):
    return [
        dict(zip(fields, values, strict=True)) for values in itertools.product(*fields.values())
    ]


def sheet_of(count, variants=None, **options):
    images = [plain(COLORS[number % 4], prompt=f"banana {number}") for number in range(count)]
    return Gallery(images, variants).contact_sheet(**options)


def boxes(sheet, color):
    """Where a colour is on the sheet: left, top, right, bottom."""
    flat = Image.new("RGB", sheet.size, color)
    far = ImageChops.difference(sheet, flat).convert("L").point(lambda value: 255 * (value < 3))
    return far.getbbox()


def words(sheet, box):
    """The part of a sheet in which something is written."""
    part = sheet.crop(box)
    return ImageChops.difference(part, Image.new("RGB", part.size, PAPER)).getbbox()


def test_a_sweep_of_two_fields_is_a_grid_in_whatever_order_it_comes():
    variants = swept(style=["oil", "ink"], aspect_ratio=["1:1", "16:9", "9:16"])
    grid = grid_of(variants[::-1])
    assert grid.fields == ("style", "aspect_ratio")
    assert (grid.rows, grid.columns) == (("ink", "oil"), ("9:16", "16:9", "1:1"))
    assert grid.places == ((0, 1, 2), (3, 4, 5))


@pytest.mark.parametrize(
    "variants",
    [
        swept(style=["oil", "ink"]),
        swept(style=["oil", "ink"], ratio=["1:1", "16:9"], take=[1, 2]),
        swept(style=["oil", "ink"], ratio=["1:1", "16:9"])[:3],
        swept(style=["oil", "ink"], ratio=["1:1", "16:9"]) * 2,
        [{}, {}],
    ],
    ids=["one field", "three fields", "a hole", "twice", "none"],
)
def test_all_else_is_no_grid(variants):
    assert grid_of(variants) is None


def test_a_field_with_one_value_is_no_field_of_the_grid():
    grid = grid_of(swept(style=["oil", "ink"], model=["pro"], take=[1, 2]))
    assert (grid.fields, grid.columns) == (("style", "take"), ("1", "2"))


def test_values_that_have_no_hash_are_told_apart():
    one, other = plain("red").pil, plain("blue").pil
    grid = grid_of(swept(animal=[one, other], tags=[["a"], ["b"], ["a", "b"]]))
    assert len(grid.rows) == 2
    assert grid.columns == ("['a']", "['b']", "['a', 'b']")


@pytest.mark.parametrize(
    ("variants", "prompts", "labels"),
    [
        (swept(style=["oil", "ink"], take=[1, 2])[1:3], "ab", ["oil · take 2", "ink · take 1"]),
        ([{"n": 1}, {"n": 2}, {"n": 1}], "aab", ["a · n 1", "a · n 2", "b · n 1"]),
        ([{}, {}], ["a cat", "a dog"], ["a cat", "a dog"]),
        ([{}, {}], ["a photo of a cat at home", "a photo of a dog"], ["… cat at home", "… dog"]),
        ([{}, {}], ["the same"] * 2, ["", ""]),
        ([{"x": None}, {"x": 0.5}], "ab", ["x none", "x 0.5"]),
    ],
)  # fmt: skip
def test_a_label_says_in_what_a_picture_differs(variants, prompts, labels):
    assert labels_of(variants, list(prompts)) == labels


def test_one_long_value_leaves_room_for_the_others():
    long = "a very detailed watercolour with salt"
    assert (
        labels_of(swept(style=[long, "oil"], take=[1, 2]), ["a"] * 4)[0]
        == "a very detailed… · take 1"
    )


@pytest.mark.parametrize("count", [1, 2, 4, 6, 9, 30, 100])
def test_every_picture_is_on_the_sheet_and_none_overlaps(count):
    layout = near_square_layout(["a label"] * count, 1.0, None, foot=False)
    corners = [layout.corner(*divmod(number, layout.columns)) for number in range(count)]
    width, height = layout.cell
    for (left, top), (other_left, other_top) in itertools.combinations(corners, 2):
        below = height + layout.labels[0]
        assert abs(left - other_left) >= width or abs(top - other_top) >= below
    assert max(left for left, _ in corners) + width < layout.sheet[0]
    assert max(top for _, top in corners) + height < layout.sheet[1]
    assert 0.5 < layout.sheet[0] / layout.sheet[1] < 4


@pytest.mark.parametrize("count", [2, 100, 150, 1000])
def test_a_notebook_holds_one_small_jpeg_whatever_the_number(count):
    images = [plain(COLORS[number % 4]) for number in range(4)] * (count // 4 + 1)
    bundle, _ = Gallery(images[:count])._repr_mimebundle_()
    data = base64.b64decode(bundle["image/jpeg"])
    assert len(data) < 400_000
    assert max(Image.open(io.BytesIO(data)).size) <= 2000


def test_more_than_a_hundred_are_said_to_be_there():
    gallery = Gallery([plain()] * 150)
    sheet = contact_sheet.draw_sheet(gallery, gallery.variants)
    assert sheet.shown == 100
    assert words(sheet.picture, (0, sheet.picture.height - 40, *sheet.picture.size))
    assert "150 pictures" in (html := gallery._repr_mimebundle_()[0]["text/html"])
    assert "the first 100 are shown" in html
    assert contact_sheet.draw_sheet(gallery[:100], gallery.variants[:100]).shown == 100
    assert "are shown" not in gallery[:100]._repr_mimebundle_()[0]["text/html"]


def test_a_grid_of_more_than_a_hundred_keeps_whole_rows():
    variants = swept(number=range(12), style=list("abcdefghi"))
    gallery = Gallery([plain()] * 108, variants)
    sheet = contact_sheet.draw_sheet(gallery, variants)
    assert (sheet.shown, sheet.grid.fields) == (99, ("number", "style"))


def test_pictures_stand_in_the_rows_and_columns_of_their_values():
    variants = swept(style=["oil", "ink"], take=[1, 2])
    sheet = sheet_of(4, variants)
    red, green, blue, orange = (boxes(sheet, color) for color in COLORS)
    assert red[0] == blue[0] < green[0] == orange[0]
    assert red[1] == green[1] < blue[1] == orange[1]
    assert words(sheet, (0, red[1], red[0] - 4, red[3])), "the name of the row"
    assert words(sheet, (red[0], 0, red[2], red[1] - 4)), "the name of the column"


@pytest.mark.parametrize("variants", [swept(a="xy", b="xy"), swept(a="wxyz")], ids=["grid", "row"])
def test_without_labels_nothing_is_written(variants):
    bare, labelled = sheet_of(4, variants, labels=False), sheet_of(4, variants)
    assert len(bare.getcolors(1000)) < 10, "letters have many shades"
    assert len(labelled.getcolors(1000)) > 10


@pytest.mark.parametrize(("columns", "across"), [(1, 1), (2, 2), (4, 4), (9, 4)])
def test_columns_are_as_many_as_are_asked_for(columns, across):
    sheet = sheet_of(4, columns=columns)
    assert len({boxes(sheet, color)[0] for color in COLORS}) == across
    assert sheet.width == sheet_of(4, columns=across).width


@pytest.mark.parametrize("columns", [0, -1, "2", 1.5])
def test_other_columns_are_refused(columns):
    with pytest.raises(errors.RequestError, match="columns is a whole number from 1"):
        sheet_of(4, columns=columns)


def test_other_shapes_sit_in_equal_cells_and_keep_theirs():
    gallery = Gallery([plain("red", (1600, 400)), plain("blue", (400, 1600))])
    sheet = gallery.contact_sheet()
    red, blue = boxes(sheet, "red"), boxes(sheet, "blue")
    assert (red[2] - red[0]) / (red[3] - red[1]) == pytest.approx(4, rel=0.05)
    assert (blue[3] - blue[1]) / (blue[2] - blue[0]) == pytest.approx(4, rel=0.05)
    assert (red[1] + red[3]) // 2 == pytest.approx((blue[1] + blue[3]) // 2, abs=2)
    assert boxes(sheet, MOUNT)


def test_what_is_transparent_shows_the_mount():
    sheet = Gallery([plain((255, 0, 0, 0), mode="RGBA"), plain("blue")]).contact_sheet()
    assert boxes(sheet, "red") is None
    assert boxes(sheet, MOUNT)


def test_a_failed_cell_has_its_reason_and_its_label():
    sheet = Gallery([plain(), failure()], [{"take": 1}, {"take": 2}]).contact_sheet()
    left, top, right, bottom = boxes(sheet, BAD_MOUNT)
    cell = sheet.crop((left, top, right, bottom))
    assert len(cell.getcolors(100_000)) > 10, "letters have many shades"
    assert words(sheet, (left, bottom, right, sheet.height - 5))


def test_a_very_long_reason_stays_in_its_cell():
    short = Gallery([failure("No."), plain()]).contact_sheet()
    long = Gallery([failure("No. " * 2000), plain()]).contact_sheet()
    left, _, right, bottom = boxes(long, BAD_MOUNT)
    assert boxes(long, BAD_MOUNT) == boxes(short, BAD_MOUNT)
    assert not words(long, (left, bottom, right, long.height)), "below the cell"
    assert boxes(long, "red") == boxes(short, "red")


def test_a_picture_whose_file_is_gone_is_a_cell_with_its_sentence(service):
    lost, kept = (generate(f"a banana {number}") for number in range(2))
    lost.path.unlink()
    gallery = Gallery([lost, kept])
    bundle, _ = gallery._repr_mimebundle_()
    assert boxes(gallery.contact_sheet(), BAD_MOUNT)
    assert "2 pictures" in bundle["text/html"]


def test_pictures_are_read_one_after_the_other_and_let_go(service):
    images = [generate(f"a banana {number}", aspect_ratio="16:9") for number in range(3)]
    gallery = Gallery(images)
    gallery.contact_sheet()
    assert all(image._data is None for image in images)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a café", "a cafe"),
        ("16×9 – “quoted” … 50%", "16x9 - “quoted” … 50%"),
        ("a cat 🐈 here", "a cat here"),
        ("日本語", None),
        ("Привет", None),
        ("🍌", None),
        ("", None),
        ("a\nb\tc", "a b c"),
    ],
)
def test_what_the_font_has_no_letters_for_is_known(text, drawn):
    assert imaging_text.drawable(text) == drawn


def test_labels_in_other_letters_are_numbers_and_stand_in_the_alt_text():
    gallery = Gallery([plain(), plain()], [{"style": "日本画"}, {"style": "oil"}])
    assert "(日本画, oil)" in gallery._repr_mimebundle_()[1]["image/jpeg"]["alt"]
    grid = Gallery([plain()] * 4, swept(style=["日本画", "oil"], take=[1, 2]))
    assert "rows: style 日本画, oil" in grid._repr_mimebundle_()[1]["image/jpeg"]["alt"]


@pytest.mark.parametrize("text", ["word " * 50, "W" * 500, "a/b " * 3, "…" * 90, "i"])
@pytest.mark.parametrize("width", [72, 150, 480])
def test_lines_fit_and_are_no_more_than_asked(text, width):
    lines = imaging_text.wrapped(text, 16, width, 2)
    assert len(lines) <= 2
    assert all(imaging_text.length(line, 16) <= width for line in lines)
    whole = "".join(text.split())
    said = "".join("".join(lines).split())
    assert said == whole or (said.endswith("…") and whole.startswith(said[:-1]))


def test_letters_are_not_cut_by_the_line_below():
    height = imaging_text.line_height(18)
    for letter in "gjpqyÅ|(":
        assert imaging_text.font(18).getbbox(letter)[3] <= height


def test_names_of_rows_and_of_their_field_have_their_room():
    for rows, field in ((["oil", "a very detailed watercolour"], "of"), (["1"], "temperature")):
        layout = table_layout(rows, ["a", "b"], field, 1.0, foot=False)
        for text in (field, rows[0], rows[-1][:15]):
            assert imaging_text.length(text, layout.size) < layout.left


def test_a_sheet_is_the_same_whether_its_pictures_are_decoded_one_by_one_or_not(monkeypatch):
    found = []
    for processors in (1, 4):
        monkeypatch.setattr(_threads, "_processors", lambda: processors)  # noqa: B023 - used at once
        gallery = Gallery([plain(color) for color in COLORS] + [failure()])
        found.append(gallery._repr_mimebundle_()[0])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("sizes", "count"),
    [([], 24_000_000), ([(1376, 768)], 22), ([(1, 1), (2752, 1536)], 5), ([(5504, 3072)], 1)],
)
def test_no_more_are_decoded_at_once_than_a_large_picture_takes_of_memory(sizes, count):
    assert decoded_at_once(sizes) == count
