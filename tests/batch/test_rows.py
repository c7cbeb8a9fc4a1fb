"""One prompt and a table: a picture for each row, checked before anything is paid."""

import datetime
import re

import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pytest

import nb_banana
from nb_banana import configure, errors, generate_many
from tests.conftest import KEY

PROMPT = "a {{colour}} {{thing}}"
ROWS = [{"colour": "red", "thing": "mug"}, {"colour": "blue", "thing": "cup"}]
FRAME = pd.DataFrame(ROWS, index=["P01", "P02"])


@pytest.mark.parametrize(
    "rows",
    [
        FRAME,
        pl.DataFrame(ROWS),
        ROWS,
        tuple(ROWS),
        iter(ROWS),
        {"colour": ["red", "blue"], "thing": pd.Series(["mug", "cup"])},
    ],
    ids=lambda each: type(each).__name__,
)
def test_each_row_is_a_picture_and_its_columns_fill_the_prompt(service, rows):
    gallery = generate_many(PROMPT, rows)
    assert [image.prompt for image in gallery] == ["a red mug", "a blue cup"]
    assert gallery.variants == tuple(ROWS)
    assert [image.prompt for image in gallery.where(colour="blue")] == ["a blue cup"]


def test_the_index_names_the_pictures(service):
    assert generate_many(PROMPT, FRAME).labels == ("P01", "P02")
    assert generate_many(PROMPT, ROWS).labels is None


def test_a_column_that_is_called_like_a_field_is_it_and_others_are_left_alone(service):
    frame = FRAME.assign(
        aspect_ratio=["16:9", None], resolution=[np.nan, "2K"], price=[1.5, 2.0], prompt="x", name=1
    )
    gallery = generate_many(PROMPT, frame, aspect_ratio="9:16")
    assert [image.size for image in gallery] == [(1376, 768), (1536, 2752)]
    assert gallery.variants[0] == {**ROWS[0], "aspect_ratio": "16:9"}


def test_names_and_prompts_of_a_table_are_words_where_the_prompt_asks_for_them(service):
    gallery = generate_many(
        "{{name}}: {{prompt}} {{count}}", [{"name": "a", "prompt": "b", "count": 2}]
    )
    assert gallery[0].prompt == "a: b 2"


def test_words_and_options_beside_the_table_hold_for_all_rows(service):
    gallery = generate_many(
        PROMPT + " in {{style}} by {{model}}",
        ROWS,
        style="oil",
        values={"model": "T"},
        resolution="2K",
        alt="{{colour}}",
    )
    assert gallery[1].prompt == "a blue cup in oil by T"
    assert gallery[1].request.resolution == "2K"
    assert [image.alt for image in gallery] == ["red", "blue"]


CELLS = [
    (12, "12"),
    (12.0, "12"),
    (12.5, "12.5"),
    (np.int64(12), "12"),
    (np.float64(12), "12"),
    (np.float32(0.1), "0.1"),
    (np.float32(2), "2"),
    (np.bool_(True), "True"),
    (pd.Timestamp("2026-11-24"), "2026-11-24"),
    (pd.Timestamp("2026-11-24 15:30"), "2026-11-24 15:30:00"),
    (datetime.datetime(2026, 11, 24), "2026-11-24"),
    (datetime.date(2026, 11, 24), "2026-11-24"),
    (np.datetime64("2026-11-24", "ns"), "2026-11-24"),
    ("{{secret}} {% x", "{{secret}} {% x"),
    ("{'a': 1}", "{'a': 1}"),
    ("mug.png", "mug.png"),
]


@pytest.mark.parametrize(("cell", "words"), CELLS, ids=str)
def test_a_cell_becomes_the_words_that_a_person_reads(service, cell, words):
    for rows in ([{"x": cell}], pd.DataFrame({"x": [cell]})):
        assert generate_many("a {{x}} b", rows)[0].prompt == f"a {words} b"
    assert len(service.posts) == 1


def test_whole_numbers_stay_whole_beside_a_gap_and_columns_of_others(service):
    frame = pd.DataFrame({"n": [1, 2, None], "w": [0.5, 1.5, 2.5]}).dropna()
    assert [image.prompt for image in generate_many("{{n}}/{{w}}", frame)] == ["1/0.5", "2/1.5"]


def test_a_picture_in_a_cell_is_a_reference(service):
    cat = nb_banana.generate("a cat")
    frame = pd.DataFrame({"pet": [cat, PIL.Image.new("RGB", (32, 32))], "place": ["snow", "rain"]})
    gallery = generate_many("{{pet}} in {{place}}", frame)
    assert [image.prompt for image in gallery] == ["image 1 in snow", "image 1 in rain"]
    assert gallery[0].parents == (cat,)
    again = generate_many("image 1 as {{x}}", [{"x": "ink", "images": cat}])
    assert again[0].parents == (cat,)


NAN = float("nan")
WRONG = [
    (
        PROMPT,
        [ROWS[0], {"colour": None, "thing": "cup"}],
        "Row 2: colour is None, which is no word",
    ),
    (PROMPT, FRAME.assign(colour=["red", NAN]), r"Row 2 \(P02\): colour is nan.*dropna"),
    ("{{day}}", pd.DataFrame({"day": pd.to_datetime(["2026-01-01", None])}), "Row 2: day is NaT"),
    ("{{n|upper}}", pd.DataFrame({"n": ["a", pd.NA]}), "Row 2: n is "),
    ("{{n}}", pl.DataFrame({"n": ["a", None]}), "Row 2: n is None"),
    ("a {{coluor}}", FRAME, r"Row 1 \(P01\): It has nothing.*Did you mean colour\?"),
    (PROMPT + "{{coluor}}", ROWS, "Row 1: There is no 'coluor'.*Did you mean colour"),
    (PROMPT, [ROWS[0], {"colour": "red"}], "Row 2: There is no 'thing'.*no column"),
    ("a {colour} fox", FRAME, r"Row 1 .*names no column. Write \{\{colour\}\}.*colour, thing"),
    ("a {{x}}", [{"y": 1}], r"nothing for the prompt's \{\{x\}\}: its columns are y"),
    ("a {{x}}", [{"x": 1}, {}], "Row 2: It has nothing"),
    ("a {{model}}", [{"model": "T"}], "The column model is the option of that name"),
    (PROMPT, [ROWS[0] | {"aspect_ratio": "7:1"}], "Row 1: aspect_ratio '7:1' is not accepted"),
    (PROMPT, pd.concat([FRAME, FRAME], axis=1), "two columns colour"),
    (PROMPT, ["red"], "Row 1: It is no mapping"),
    (PROMPT, FRAME["colour"], "rows is a data frame, a list of mappings"),
    (PROMPT, "red", "rows is a data frame"),
    (PROMPT, 7, "rows is a data frame"),
    (PROMPT, FRAME.to_numpy(), "Row 1: It is no mapping"),
    (PROMPT, pl.DataFrame(ROWS).lazy(), "LazyFrame are not there yet: collect"),
    (PROMPT, {"colour": ["red"], "thing": ["mug", "cup"]}, "colour has 1, thing has 2"),
    (PROMPT, {"colour": "red", "thing": ["mug"]}, "colour has no list"),
    (FRAME, PROMPT, "With rows the prompt is one text"),
    (["a fox"], ROWS, "With rows the prompt is one text"),
    (FRAME, None, r"generate_many\(\"a \{\{animal\}\}\", df\)"),
    ("{{x}}", [{"x": len}], "Row 1: .* does not go into a prompt"),
    ("{{x}}", [{"x": f"a {KEY}"}], "has your key in it"),
    ("{{x}}", [{"x": 1}, KEY], "has your key in it"),
    ("{{x}}", [{KEY: "a"}], "has your key in it"),
    ("{{x}}", pd.DataFrame({"x": [None]}, index=[KEY]), "has your key in it"),
    ("{{x}}", {KEY: "a"}, "has your key in it"),
    ("{{ x", [{"x": 1}], "The template is broken"),
]


@pytest.mark.parametrize(("prompt", "rows", "sentence"), WRONG)
def test_a_table_that_can_not_be_drawn_is_refused_before_anything_is_sent(
    service, prompt, rows, sentence
):
    with pytest.raises(errors.RequestError) as caught:
        generate_many(prompt, rows)
    assert re.search(sentence, str(caught.value))
    assert KEY not in str(caught.value)
    assert service.received == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"colour": "red"}, "colour is given twice, in a column too"),
        ({"values": {"colour": "red"}}, "colour is given twice, in a column too"),
        ({"style": "oil"}, r"no option 'style', and the prompt has no \{\{style\}\}"),
        ({"seed": 3}, "params="),
        ({"count": 3}, "no option 'count'"),
        ({"aspect_ration": "1:1"}, "Did you mean aspect_ratio"),
    ],
)
def test_what_holds_for_all_rows_is_checked_once(service, options, sentence):
    with pytest.raises(errors.RequestError, match=sentence) as caught:
        generate_many(PROMPT, ROWS, **options)
    assert not str(caught.value).startswith("Row") or "twice" in sentence
    assert service.received == []


def test_an_iterator_of_rows_is_taken_as_threads_become_free(service):
    configure(concurrency=2)
    ahead = []

    def rows():
        for number in range(8):
            ahead.append(number - len(service.posts))
            yield {"n": number}

    assert len(generate_many("{{n}} foxes", rows()).images) == 8
    assert max(ahead) <= 3


def test_raw_leaves_the_prompt_and_takes_the_fields(service):
    gallery = generate_many(PROMPT, [{"take": 1}, {"take": 2}], raw=True)
    assert [(image.prompt, image.request.take) for image in gallery] == [(PROMPT, 1), (PROMPT, 2)]


def test_no_rows_are_an_empty_gallery(service):
    assert len(generate_many(PROMPT, FRAME[:0])) == len(generate_many(PROMPT, [])) == 0


def test_prompts_with_names_and_rows_with_words_of_their_own_are_filled_too(service):
    rows = [{"prompt": "a {{colour}} fox", "colour": "red"}, {"prompt": "a {{x}}", "x": "{{y}}"}]
    assert [image.prompt for image in generate_many(rows)] == ["a red fox", "a {{y}}"]
    with pytest.raises(errors.RequestError, match=r"Prompt 2: There is no option 'colour'"):
        generate_many(["a {{colour}} fox", "an owl"], colour="red")


def test_options_beside_requests_hold_where_these_leave_them_open(service):
    requests = [
        nb_banana.ImageRequest("a fox", aspect_ratio="16:9"),
        nb_banana.ImageRequest("a cat"),
    ]
    gallery = generate_many(requests, aspect_ratio="9:16", resolution="2K")
    assert [image.size for image in gallery] == [(2752, 1536), (1536, 2752)]
