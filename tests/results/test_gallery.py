"""A gallery is a value: a sequence of pictures and failures that is sifted, saved and shown."""

import copy
import gc
import pickle
import re
import sys
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import nbformat
import pytest

import nb_banana
from nb_banana import errors
from nb_banana._default import client
from nb_banana.generation.lookup import InFlight
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from tests.services.test_each_service import until
from tests.support.moments import pictures_wait
from tests.support.shells import ipython_shell

PRICE = Decimal("0.0894875")
REFUSED = "The model made no picture of this. Say it in other words."
GRID = [
    {"style": style, "aspect_ratio": ratio} for style in ("oil", "ink") for ratio in ("1:1", "16:9")
]


def failure(prompt="a failed banana", error=None, **options):
    refused = errors.RefusalError(REFUSED, client_request_id="nbb-f")
    return Failure(ImageRequest(prompt, **options), error or refused)


def pictures(*variants):
    prompts = [f"a banana in {each.get('style', 'any style')}" for each in variants]
    options = [
        {name: each[name] for name in ("aspect_ratio", "take") if name in each} for each in variants
    ]
    return [nb_banana.generate(*pair[:1], **pair[1]) for pair in zip(prompts, options, strict=True)]


@pytest.fixture
def grid(service):
    """A sweep of two fields whose third picture failed."""
    made = pictures(*GRID)
    made[2] = failure("a banana in ink", aspect_ratio="1:1")
    return Gallery(made, GRID, name="grid")


def html_of(gallery):
    bundle, _ = gallery._repr_mimebundle_()
    return bundle["text/html"]


def test_it_is_a_sequence_of_pictures_and_failures(grid):
    assert len(grid) == 4
    assert [bool(each) for each in grid.failures] == [False]
    assert grid.images == (grid[0], grid[1], grid[3])
    assert grid[2] is grid.failures[0]
    assert grid.index(grid[3]) == 3
    assert [each for each in grid if each] == list(grid.images)
    with pytest.raises(IndexError):
        grid[4]


def test_slices_and_sums_are_galleries_that_know_what_varied(grid):
    assert list(grid[1:]) == list(grid)[1:]
    assert grid[::-1].variants == grid.variants[::-1]
    both = grid[:1] + grid[3:]
    assert (list(both), both.variants) == ([grid[0], grid[3]], (GRID[0], GRID[3]))
    with pytest.raises(TypeError):
        grid + list(grid)


def test_labels_of_a_table_follow_their_pictures(grid):
    gallery = Gallery(grid, GRID, index=["a", "b", "c", "d"])
    assert gallery[2:].labels == ("c", "d")
    assert gallery.where(style="oil").labels == ("a", "b")
    assert (gallery[:1] + gallery[2:]).labels == ("a", "c", "d")
    assert (gallery + grid).labels is None


@pytest.mark.parametrize(
    ("labels", "label", "place"),
    [
        (["P01", "P02", "P03"], "P03", 2),
        ([1003, 1001, 1002], 0, 0),  # a whole number is a place
        ([1003, 1001, 1002], "1001", 1),
        ([("a", 1), ("a", 2), ("b", 1)], ("a", 2), 1),
        ([1.5, date(2026, 11, 26), None], date(2026, 11, 26), 1),
    ],
)
def test_a_label_of_the_table_finds_its_picture(grid, labels, label, place):
    gallery = Gallery(grid[:3], index=labels)
    assert gallery[label] is grid[place]
    assert list(gallery.where(label=labels[place])) == [grid[place]]


@pytest.mark.parametrize(
    ("labels", "label", "said"),
    [
        (
            ["P01", "P02", "Q7"],
            "P03",
            r"'P03'\. There are P01, P02, Q7\. Did you mean P02",
        ),
        (["a", "b", "a"], "a", r"2 pictures are labelled 'a'.*\[0\], \[2\].*where\(label='a'\)"),
        (None, "a", r"no labels, which come from a table's index"),
        (["a", "b", "c"], ["a", "b"], r"No picture is labelled \['a', 'b'\]"),
        (["a", "b", "c"], None, r"No picture is labelled None"),
    ],
)
def test_a_label_that_is_not_there_or_not_alone_is_said(grid, labels, label, said):
    gallery = Gallery(grid[:3], index=labels)
    for kind in (KeyError, LookupError, errors.RequestError):
        with pytest.raises(kind) as caught:
            gallery[label]
        assert re.search(said, str(caught.value)), str(caught.value)
    with pytest.raises(IndexError):
        gallery[3]


def test_labels_of_a_data_frame_find_pictures(service):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"prompt": ["a mug", "a cup"]}, index=["P01", "P02"])
    gallery = nb_banana.generate_many(frame.prompt)
    assert gallery["P02"].prompt == "a cup"
    assert gallery["P02"] is gallery[1]


def test_as_many_variants_as_entries():
    with pytest.raises(ValueError, match="1 entries can't have 2 labels"):
        Gallery([failure()], [{}, {}])


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"style": "oil"}, [0, 1]),
        ({"style": "oil", "aspect_ratio": "16:9"}, [1]),
        ({"model": "nano-banana-2"}, [0, 1, 2, 3]),
        ({"model": "google/gemini-3-1-flash-image-preview"}, []),
        ({"take": "1"}, [0, 1, 2, 3]),
        ({"style": "pencil"}, []),
        ({}, [0, 1, 2, 3]),
    ],
)
def test_where_takes_what_was_varied_and_what_was_asked(grid, values, places):
    assert list(grid.where(**values)) == [grid[each] for each in places]


def test_where_knows_its_fields(grid):
    with pytest.raises(errors.RequestError, match=r"no 'stile'.*style, aspect_ratio.*mean style\?"):
        grid.where(stile="oil")


def test_where_compares_arrays_only_with_themselves(grid):
    numpy = pytest.importorskip("numpy")
    one, other = numpy.zeros((2, 2)), numpy.zeros((2, 2))
    gallery = Gallery(grid[:2], [{"animal": one}, {"animal": other}])
    assert list(gallery.where(animal=other)) == [grid[1]]


def test_it_costs_what_this_run_paid(grid):
    assert grid.cost == 3 * PRICE
    again = Gallery(pictures(*GRID), GRID)  # all but one are in the library
    assert [each.came for each in again] == ["reused", "reused", "reused", "reused"]
    assert again.cost == 0
    assert "4 pictures · 4 from your library · $0" in html_of(again)


def test_a_picture_that_is_there_twice_was_paid_once(grid):
    assert (grid + grid).cost == grid.cost


def test_further_pictures_of_an_answer_are_on_its_bill_once(service):
    made = nb_banana.generate("two [trouble: two-pictures]")
    (extra,) = made.extras
    assert Gallery([extra]).cost == Gallery([extra, made]).cost == made.cost
    (again,) = nb_banana.generate("two [trouble: two-pictures]").extras
    assert Gallery([again]).cost == 0
    assert Gallery([again, made]).cost == made.cost


def test_who_waited_for_a_picture_that_another_cell_paid_has_it_for_nothing(
    service, tmp_path, monkeypatch
):
    def store(*values):
        raise errors.LibraryUnavailableError("The disk is full.")

    monkeypatch.setattr(Library, "store", store)  # so that the picture itself is handed over
    go, wait = pictures_wait(monkeypatch), InFlight.wait
    monkeypatch.setattr(InFlight, "wait", lambda drawn: (go.set(), wait(drawn))[1])
    first = nb_banana.generate("a cat", background=True)
    until(lambda: service.posts)
    joined = nb_banana.generate_many(["a cat", "an owl"], name="zoo")
    assert joined[0].bytes == first.bytes
    assert (Gallery([first.wait()]).cost, joined.cost) == (PRICE, PRICE)
    assert (first.name, joined[0].name) == (None, "zoo[0]")
    assert len(service.charges) == 2


def test_a_failure_that_was_charged_is_counted(grid):
    receipt = grid[0].receipt
    charged = errors.RefusalError(REFUSED, receipt=receipt, client_request_id="nbb-g")
    assert Gallery([grid[1], failure(error=charged)]).cost == 2 * PRICE


def test_a_price_that_nobody_said_is_said(grid):
    lost = errors.DownloadError("The link failed.", client_request_id="nbb-g")
    gallery = Gallery([grid[0], failure(error=lost)])
    assert gallery.cost == PRICE
    assert "$0.089 play money · the price of 1 not said" in html_of(gallery)


@pytest.mark.parametrize("trouble", ["drop-after", "html", "cut-json"])
def test_what_only_the_log_says_is_counted_and_is_play_money_where_it_is(trouble):
    gallery = nb_banana.generate(f"a cat [trouble: {trouble}]", count=2)
    assert gallery.cost == 2 * PRICE
    assert "no pictures · 2 failed · $0.179 play money" in html_of(gallery)


def test_a_failure_says_why_where_it_is_used_as_a_picture(grid):
    with pytest.raises(errors.RefusalError, match="Say it in other words"):
        grid[2].pil  # noqa: B018
    with pytest.raises(errors.RefusalError):
        grid[2].save("x.png")
    with pytest.raises(errors.RefusalError):
        nb_banana.generate("more of it", images=grid)
    with pytest.raises(AttributeError):
        grid[2]._repr_html_  # noqa: B018
    assert not hasattr(grid[2], "__array__")


def test_a_failure_is_one_sentence(grid):
    assert repr(grid[2]) == f"<Failure 'a banana in ink': {REFUSED}>"
    shown = failure("a <b>banana</b>")._repr_mimebundle_()
    assert "&lt;b&gt;" in shown["text/html"]
    assert shown["text/plain"].endswith(f"{REFUSED} (client request id nbb-f)")


def test_raising_it_often_does_not_grow_its_traceback(grid):
    for _ in range(3):
        with pytest.raises(errors.RefusalError) as caught:
            grid[2].size  # noqa: B018
    assert len(caught.traceback) == 2


@pytest.mark.parametrize("clone", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_it_is_pickled_and_copied(grid, clone):
    twin = clone(grid)
    assert twin.variants == grid.variants
    assert [each.prompt for each in twin] == [each.prompt for each in grid]
    assert [each.bytes for each in twin.images] == [each.bytes for each in grid.images]
    assert str(twin[2].error) == str(grid[2].error)


def test_its_names_sort_and_say_what_varied(grid, tmp_path, capsys):
    paths = grid.save(tmp_path / "new" / "folder")
    names = ["01-oil-1x1.png", "02-oil-16x9.png", "04-ink-16x9.png"]
    assert [path.name for path in paths] == names
    assert [path.read_bytes() for path in paths] == [each.bytes for each in grid.images]
    assert sorted(each.name for each in (tmp_path / "new" / "folder").iterdir()) == names
    assert "3 of 4 are in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variants", "names"),
    [
        ([{"take": 1}, {"take": 2}], ["01-take1.png", "02-take2.png"]),
        ([{}, {}], ["01-a-banana-in-oil.png", "02-a-banana-in-oil.png"]),
        ([{"s": "Ölbild!"}, {"s": "ÖLBILD?"}], ["01-ölbild.png", "02-ölbild.png"]),
        ([{"s": "../../etc"}, {"s": "CON"}], ["01-etc.png", "02-con.png"]),
        ([{"s": "/"}, {"s": "日" * 100}], ["01-picture.png", f"02-{'日' * 24}.png"]),
    ],
)
def test_names_are_safe_on_every_disk(grid, tmp_path, variants, names):
    paths = Gallery(grid[:2], variants).save(tmp_path)
    assert [path.name for path in paths] == names


@pytest.mark.parametrize(
    ("prompts", "names"),
    [
        (["A photo of a mug, red", "A photo of a mug, blue"], ["01-red", "02-blue"]),
        (["an owl", "a cat by a lake", "a cat by a pond"], ["01-an-owl", "02-lake", "03-pond"]),
        (["a cat by night", "a cat by night, asleep"], ["01-a-cat-by-night", "02-asleep"]),
        ([f"a {'very ' * 40}big {x}" for x in ("cat", "dog")], ["01-cat", "02-dog"]),
        (["the same", "the same"], ["01-the-same", "02-the-same"]),
        (
            [f"my {way * 20} fox {when}" for way in ("red ", "blue ") for when in ("am", "pm")],
            ["01-am", "02-pm", "03-am", "04-pm"],
        ),
        (["CON", "a/b\\c:d*e?f", "..."], ["01-con", "02-a-b-c-d-e-f", "03-picture"]),
    ],
)
def test_names_of_prompts_that_begin_alike_have_the_words_that_differ(
    grid, tmp_path, prompts, names
):
    assert [path.stem for path in Gallery(asking(grid, *prompts)).save(tmp_path)] == names


@pytest.mark.parametrize(
    ("labels", "variants", "names"),
    [
        (["P01", "P02"], None, ["01-P01", "02-P02"]),
        (["P01", "P01"], None, ["01-P01", "02-P01"]),
        (["P01", None], None, ["01-P01", "02-pond"]),
        ([0, 1], None, ["01-lake", "02-pond"]),  # nobody called them so
        ([1003, 1001], None, ["01-1003-lake", "02-1001-pond"]),
        (["../a", "b:/c?"], None, ["01-a", "02-b-c"]),
        (["P01", "P02"], [{"c": "red"}, {"c": "blue"}], ["01-P01-red", "02-P02-blue"]),
        (None, [{"c": f"a very long and {x} one"} for x in ("red", "blue")], ["01-red", "02-blue"]),
    ],
)
def test_names_have_the_labels_of_the_table(grid, tmp_path, labels, variants, names):
    images = asking(grid, "a cat by a lake", "a cat by a pond")
    paths = Gallery(images, variants, index=labels).save(tmp_path)
    assert [path.stem for path in paths] == names


def asking(grid, *prompts):
    """Pictures that answer these prompts."""
    images = [copy.copy(grid[0]) for _ in prompts]
    for image, prompt in zip(images, prompts, strict=True):
        image.request = ImageRequest(prompt)
    return images


def test_a_folder_of_an_earlier_version_stays_as_it_is(grid, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    gallery = Gallery([grid[0], grid[1]], index=["P01", "P02"])
    (folder / "01-a-banana-in-oil.png").write_bytes(grid[0].bytes)
    (folder / "02-a-banana-in-oil.png").write_bytes(b"another one, which stays too")
    names = ["01-a-banana-in-oil.png", "02-P02.png"]
    for _ in range(2):
        assert [path.name for path in gallery.save(folder)] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*names, "02-a-banana-in-oil.png"]
    )


def test_long_names_fit_into_a_file_system(grid, tmp_path):
    variants = [{f"field{n}": f"{'𝔸' * 50}{one}" for n in range(20)} for one in (1, 2)]
    (first, _) = Gallery(grid[:2], variants).save(tmp_path)
    assert len(first.name.encode()) < 255


def test_the_same_picture_may_be_there_already(grid, tmp_path):
    first = grid.save(tmp_path)
    before = [path.stat().st_mtime_ns for path in first]
    assert grid.save(tmp_path) == first
    assert [path.stat().st_mtime_ns for path in first] == before


@pytest.mark.parametrize("other", ["a file", "a folder"])
def test_nothing_is_written_where_something_would_be_overwritten(grid, tmp_path, other):
    folder = tmp_path / "out"
    taken = folder / "04-ink-16x9.png"
    taken.mkdir(parents=True)
    if other == "a file":
        taken.rmdir()
        taken.write_bytes(b"mine")
    with pytest.raises(errors.SaveError, match=r"04-ink-16x9\.png would be overwritten"):
        grid.save(folder)
    assert list(folder.iterdir()) == [taken]


def test_a_folder_that_is_a_file_is_said(grid, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(errors.SaveError, match="is a file"):
        grid.save(tmp_path / "file")
    with pytest.raises(errors.SaveError, match="can't be a folder"):
        grid.save(tmp_path / "file" / "folder")
    with pytest.raises(errors.SaveError, match="is one file"):
        grid.save(tmp_path / "grid.png")


def test_a_table_has_a_row_for_each(grid):
    table = grid.to_frame()
    assert list(table.columns) == [
        *("style", "aspect_ratio", "prompt", "model", "resolution", "take"),
        *("width", "height", "usd", "sandbox", "came", "id", "path", "error"),
    ]
    assert table.loc[1, ["style", "aspect_ratio", "width", "height"]].to_list() == [
        "oil",
        "16:9",
        1376,
        768,
    ]
    assert {str(table[name].dtype) for name in ("take", "width", "height")} == {"Int64"}
    assert table.usd.to_list() == pytest.approx([*(2 * [float(PRICE)]), 0.0, float(PRICE)])
    assert Path(table.path[0]).read_bytes() == grid[0].bytes
    assert table.loc[2, ["width", "path"]].isna().all()
    assert REFUSED in table.error[2]
    assert table.error.drop(2).isna().all()


def test_a_table_takes_the_labels_of_the_column_that_the_prompts_came_from(grid):
    table = Gallery(grid[:2], index=["fruit", "animal"]).to_frame()
    assert list(table.index) == ["fruit", "animal"]


def test_pictures_are_words_in_a_table(grid):
    table = Gallery(grid[:2], [{"animal": grid[0]}, {"animal": grid[1].pil}]).to_frame()
    assert list(table.animal) == ["a banana in oil", "PngImageFile"]


def test_without_pandas_the_cure_is_said(grid, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.BananaError, match="pip install pandas"):
        grid.to_frame()


def test_the_caption_counts_what_happened(grid):
    caption = "SANDBOX, no AI model · 3 pictures · 1 failed · $0.268 play money · grid"
    assert f"{caption}<br>[2] failed: {REFUSED}" in html_of(grid)
    assert repr(grid) == "<Gallery grid 3 pictures, 1 failed>"


def test_each_reason_is_listed_once_and_not_endlessly():
    many = [failure(error=errors.RefusalError(f"Reason {n % 20}.")) for n in range(60)]
    said = html_of(Gallery(many))
    assert "no pictures · 60 failed" in said
    assert "3 ([0], [20], [40]) failed: Reason 0." in said
    assert "and 15 other reasons" in said
    assert "failed: Reason 7." not in said


def test_another_size_than_asked_is_counted(service):
    images = [
        nb_banana.generate(f"a banana {n} [trouble: wrong-size]", resolution="4K") for n in range(2)
    ]
    assert "2 in another size than asked" in html_of(Gallery(images))


def test_html_is_escaped_and_has_alt_text(service):
    gallery = Gallery([nb_banana.generate(f'a "<script>" {n}') for n in range(2)], name="<b>")
    said = html_of(gallery)
    assert "<script>" not in said
    assert "· &lt;b&gt;" in said
    assert 'alt="a &quot;&lt;script&gt;&quot; 0"' in said
    assert said.count("&lt;script&gt;") == 2 * len(["alt text", "label", "whole prompt"])


def test_the_alt_text_of_a_grid_names_rows_and_columns(grid):
    _, metadata = grid._repr_mimebundle_()
    alt = metadata["image/jpeg"]["alt"]
    assert alt.startswith(
        "Contact sheet of 4; rows: style oil, ink; columns: aspect_ratio 1:1, 16:9."
    )


def test_include_and_exclude_are_heard(grid):
    bundle, metadata = grid._repr_mimebundle_(include={"text/plain"})
    assert list(bundle) == ["text/plain"]
    assert "image/jpeg" not in metadata
    assert "text/html" not in grid._repr_mimebundle_(exclude={"text/html"})[0]


def test_a_terminal_has_a_line_for_each(grid, monkeypatch):
    with ipython_shell() as shell:
        monkeypatch.setattr(shell.shell.display_formatter, "active_types", ["text/plain"])
        bundle, _ = grid._repr_mimebundle_()
    lines = bundle["text/plain"].splitlines()
    assert list(bundle) == ["text/plain"]
    assert lines[0].endswith("3 pictures · 1 failed · $0.268 play money · grid")
    assert lines[2].startswith("[1] oil · 16:9 · SANDBOX")
    assert lines[2].endswith(str(grid[1].path))
    assert lines[3].startswith(f"[2] ink · 1:1 · failed: {REFUSED}")
    assert len(lines) == 5


def test_an_empty_gallery_says_so():
    bundle, _ = Gallery([], name="none")._repr_mimebundle_()
    assert bundle == {"text/plain": "no pictures · none"}
    with pytest.raises(errors.RequestError, match="nothing to draw"):
        Gallery([]).contact_sheet()


def test_pack_takes_along_what_a_saved_gallery_shows(grid, tmp_path):
    client().context.used.clear()  # as in another kernel
    bundle, metadata = grid._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", bundle, metadata=metadata)
    cell = nbformat.v4.new_code_cell("grid", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "lesson.ipynb")
    lesson = nb_banana.pack(tmp_path / "lesson.zip", notebook=tmp_path / "lesson.ipynb")
    assert lesson.pictures == 3
    assert lesson.missing == ()


def test_pictures_in_the_library_hold_no_bytes(service):
    images = [nb_banana.generate(f"a banana {n}", aspect_ratio="16:9") for n in range(3)]
    gallery = Gallery(images)
    gallery._repr_mimebundle_()
    tracemalloc.start()
    try:
        more = [nb_banana.generate(f"another banana {n}", aspect_ratio="16:9") for n in range(10)]
        bigger = gallery + Gallery(more)
        bigger._repr_mimebundle_()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 10 * 200_000
