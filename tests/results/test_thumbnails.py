"""Pictures in a data frame are values, and a table shows them."""

import base64
import io
import re

import pytest
from PIL import Image

import nb_banana
from nb_banana import errors
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from nb_banana.results.image import BananaImage

pandas = pytest.importorskip("pandas")


@pytest.fixture
def frame():
    return pandas.DataFrame(
        {"prompt": ["a red mug", "a <b>cup</b>", "no [trouble: refusal]"], "price": [9.5, 12, 3]},
        index=["P01", "P02", "P03"],
    )


@pytest.fixture
def gallery(service, frame):
    return nb_banana.generate_many(frame.prompt)


def pictures(styler):
    """The rows of a table as they are shown: the alt text of a picture, else the text."""
    rows = re.findall(r"<tr>(.*?)</tr>", styler.to_html(), re.S)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in rows]
    return [
        [re.sub(r'<img [^>]*alt="(.*?)"[^>]*>', r"img \1", each) for each in row] for row in cells
    ]


def test_a_column_of_pictures_keeps_them_as_values(gallery, frame):
    for column in (gallery, list(gallery), gallery[:]):
        table = frame.assign(picture=column)
        assert table.picture.dtype == object
        assert table.picture.to_list() == list(gallery)
    table = pandas.concat([table, table]).sort_values("price")
    assert {type(each) for each in table.picture} == {BananaImage, Failure}
    alike = pandas.DataFrame({"picture": gallery[:2]})  # of one size: numpy would stack them
    assert alike.shape == (2, 1)
    assert alike.picture[0] is gallery[0]
    assert "<BananaImage" in repr(alike)


def test_thumbnails_are_seen_beside_the_columns_of_a_table(gallery, frame):
    head, *rows = pictures(gallery.thumbnails(frame))
    assert head[1:] == ["picture", "prompt", "price"]
    assert [row[:2] for row in rows[:2]] == [
        ["P01", "img a red mug"],
        ["P02", "img a &lt;b&gt;cup&lt;/b&gt;"],
    ]
    assert rows[2][1].startswith("<small>The model made no picture")
    assert rows[1][2:] == ["a &lt;b&gt;cup&lt;/b&gt;", "12"]
    assert list(frame.columns) == ["prompt", "price"]  # it stays as it is


def test_they_have_the_size_that_was_wished_and_say_the_sandbox(gallery):
    shown = gallery.thumbnails(longest=40).to_html()
    (data, *_) = re.findall('base64,([^"]*)', shown)
    assert max(Image.open(io.BytesIO(base64.b64decode(data))).size) == 40
    assert "SANDBOX, no AI model" in shown


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda table: table[::-1], ["no", "a &lt;b&gt;cup&lt;/b&gt;", "a red mug"]),
        (lambda table: table.loc[["P02"]], ["a &lt;b&gt;cup&lt;/b&gt;"]),
        (lambda table: table.set_index("price"), ["a red mug", "a &lt;b&gt;cup&lt;/b&gt;", "no"]),
    ],
    ids=["turned round", "a part", "other labels"],
)
def test_the_labels_say_whose_picture_it_is(gallery, frame, change, shown):
    table = change(frame)
    own = [row[1] for row in pictures(gallery.thumbnails(table))[1:] if len(row) > 2]
    own = [each for each in own if each != "&nbsp;"]
    assert [each.startswith("<small>") or each for each in own] == [
        each == "no" or f"img {each}" for each in shown
    ]


def test_a_column_of_pictures_that_is_there_is_shown_where_it_is(gallery, frame):
    table = frame.assign(look=gallery).sort_values("price")
    head, *rows = pictures(gallery.thumbnails(table.reset_index(drop=True)))
    assert head[1:] == ["prompt", "price", "look"]
    assert [row[3][:8] for row in rows] == ["<small>T", "img a re", "img a &l"]
    named = frame.assign(picture="mug.png")
    assert pictures(gallery.thumbnails(named))[0][1:3] == ["picture 2", "prompt"]


def test_whatever_a_table_holds_is_text_in_it(gallery):
    evil = "<script>alert(1)</script>"
    index = pandas.Index([evil, "b", "c"], name=evil)
    table = pandas.DataFrame({evil: [evil, None, 1], "t": [[evil], {evil: 1}, 2.5]}, index=index)
    table.columns.name = evil
    shown = gallery.thumbnails(table.assign(look=[gallery[0], evil, [evil]])).to_html()
    assert "<script" not in shown
    assert table.index.name == table.columns.name == evil
    gallery[0].alt = f'"{evil}'
    assert "<script" not in gallery.thumbnails().to_html()


def test_it_is_the_same_in_each_run_and_its_text_is_the_tables(gallery, frame):
    one, other = gallery.thumbnails(frame), gallery.thumbnails(frame)
    assert one.to_html() == other.to_html()
    assert "<BananaImage" in repr(one)
    assert "Styler" not in repr(one)
    assert one.hide(axis="index").to_html().count("<img") == 2  # a Styler, as any other
    assert Gallery([*gallery], index=["a", "a", "b"]).thumbnails().to_html().count("<img") == 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([1, 2], r"a pandas data frame, not in \[1, 2\]"),
        (pandas.DataFrame({"a": [1, 2]}), "has 2 rows, the gallery has 3 pictures"),
    ],
)
def test_a_table_that_does_not_fit_is_said(gallery, table, said):
    with pytest.raises(errors.RequestError, match=said):
        gallery.thumbnails(table)
    with pytest.raises(errors.RequestError, match="longest is a whole number"):
        gallery.thumbnails(longest=0)
