"""What was made before is listed, found, deleted only after asking, and read back from files."""

import io
import shutil
from collections import Counter
from decimal import Decimal

import pandas as pd
import PIL.Image
import pytest

from nb_banana import BananaImage, ImageRequest, errors, forget, generate, history, load, spending
from nb_banana.generation import context

from .shelf import put
from .shells import ipython_shell, run_notebook


@pytest.fixture
def three(service):
    return [generate(prompt) for prompt in ("a red banana", "a Café & <b>bold</b>", "a red car")]


def test_history_is_a_sequence_the_newest_first(three):
    found = history()
    assert [image.prompt for image in found] == [image.prompt for image in reversed(three)]
    assert [image.prompt for image in found[:2]] == ["a red car", "a Café & <b>bold</b>"]
    assert all(isinstance(image, BananaImage) for image in found)
    assert found[0].bytes == three[2].bytes


def test_history_searches_prompts_in_any_case(three):
    assert [image.prompt for image in history("RED")] == ["a red car", "a red banana"]
    assert [image.prompt for image in history("café")] == ["a Café & <b>bold</b>"]
    assert len(history("red", limit=1)) == 1
    assert len(history("no such word")) == 0


def test_a_part_of_the_history_says_how_many_it_shows(three):
    assert repr(history()[:2]).startswith("2 of 3 pictures in your library")


def test_a_query_is_words():
    with pytest.raises(errors.RequestError, match="How many: limit"):
        history(5)


@pytest.mark.parametrize("limit", [-1, True, "all", 2.0])
def test_a_limit_is_a_number(limit):
    with pytest.raises(errors.RequestError, match="limit"):
        history(limit=limit)


def test_history_shows_thumbnails_prompts_cost_and_date(three):
    shown = history()._repr_html_()
    assert shown.count("<img") == 3
    assert "a Café &amp; &lt;b&gt;bold" in shown
    assert "<script" not in shown
    assert "$0.089" in shown
    assert f"{three[0].receipt.created.astimezone():%Y-%m-%d}" in shown
    text = repr(history())
    assert "3 pictures in your library" in text
    assert three[0].id[:8] in text


def test_history_with_a_lost_file_still_shows_the_others(three):
    three[0].path.unlink()
    shown = history()._repr_html_()
    assert shown.count("<img") == 2
    assert "can't be read any more" in shown or "can&#x27;t be read any more" in shown


def test_history_is_a_data_frame(three):
    frame = history().to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.prompt) == ["a red car", "a Café & <b>bold</b>", "a red banana"]
    assert frame.usd[0] == three[2].cost
    assert frame.path[0] == str(three[2].path)


def test_a_picture_is_loaded_by_its_id_its_file_a_copy_and_its_bytes(three, tmp_path):
    image = three[1]
    copy = shutil.copy(image, tmp_path / "copy.png")
    in_name = image.path.stem[-6:]
    for what in (image.id, image.id[:8], in_name, image.path, str(image.path), copy, image.bytes):
        found = load(what)
        assert found.bytes == image.bytes
        assert found.prompt == image.prompt
        assert found.request == image.request
        assert found.caption.startswith("SANDBOX")
        assert "made 20" in found.caption


def test_what_is_not_known_is_said(three, tmp_path):
    out = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(out, "PNG")
    (tmp_path / "mine.png").write_bytes(out.getvalue())
    with pytest.raises(errors.NotKeptError, match="does not hold its prompt"):
        load(tmp_path / "mine.png")
    with pytest.raises(errors.NotKeptError, match="There is no file"):
        load("nothing.png")
    with pytest.raises(errors.NotKeptError, match="no picture with the id 'feedfeed'"):
        load("feedfeed")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(errors.NotAPictureError):
        load(tmp_path / "text.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_file_holds_its_prompt_where_that_is_wished(service, tmp_path, suffix):
    image = generate("a banana 香蕉", aspect_ratio="16:9", resolution="2K")
    plain = image.save(tmp_path / f"plain{suffix}")
    file = image.save(tmp_path / f"told{suffix}", embed=True)
    assert PIL.Image.open(file).tobytes() == PIL.Image.open(plain).tobytes()
    forget(image, ask=False)
    found = load(file)
    assert (found.prompt, found.request.key) == (image.prompt, image.request.key)
    assert found.sandbox
    with pytest.raises(errors.NotKeptError):
        load(plain)


def test_a_file_holds_further_fields_and_the_options_of_any_model(service, tmp_path):
    mug = PIL.Image.new("RGB", (64, 64))
    image = generate(
        "in space", images=mug, model="pro-edit", aspect_ratio="21:9", params={"num_images": 2}
    )
    file = image.save(tmp_path / "told.png", embed=True)
    forget(image, ask=False)
    line, prompt = load(file).cell().splitlines()
    assert line == "%%banana -m nano-banana-pro-edit -a 21:9 --param num_images=2"
    assert prompt == "in space"


def test_a_file_tells_its_prompt_although_the_library_cannot_be_read(three, tmp_path):
    file = three[0].save(tmp_path / "told.png", embed=True)
    plain = three[0].save(tmp_path / "plain.png")
    (three[0].path.parents[2] / "index.sqlite").write_bytes(b"no database" * 100)
    assert load(file).prompt == "a red banana"
    with pytest.raises(errors.LibraryDamagedError):
        load(plain)


def test_forget_deletes_the_file_and_keeps_the_books(three):
    forget(three[0].id, [three[1]], ask=False)
    assert [image.prompt for image in history()] == ["a red car"]
    assert three[0].path is None
    with pytest.raises(errors.PictureMissingError):
        three[0].bytes  # noqa: B018
    assert spending().lines[-1].usd == sum((image.cost for image in three), Decimal(0))
    assert generate("a red banana").came == "made"


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 3), ("", 3)])
def test_forget_asks_first(three, monkeypatch, capsys, answer, left):
    monkeypatch.setattr("builtins.input", lambda question: answer)
    forget(three[0])
    assert len(history()) == left


def test_forget_deletes_nothing_where_nobody_can_be_asked():
    notebook = run_notebook(
        "import nb_banana; nb_banana.configure(backend='sandbox')\n"
        "image = nb_banana.generate('a banana that stays')",
        "nb_banana.forget(image)",
        "nb_banana.load(image.id)",
        allow_errors=True,
    )
    assert "Nobody can be asked here" in notebook.cells[1].outputs[0]["evalue"]
    assert "a banana that stays" in notebook.cells[2].outputs[0].data["text/plain"]


def test_forget_is_all_or_nothing(three):
    with pytest.raises(errors.NotKeptError, match="Nothing was deleted"):
        forget(three[0], "feedfeed", ask=False)
    assert len(history()) == 3
    with pytest.raises(errors.RequestError, match="ids and pictures"):
        forget(5, ask=False)


def test_the_beginning_of_several_ids_deletes_nothing_and_says_so():
    library = context.library_of("api")
    digests = [put(library, ImageRequest(f"a {n}"), f"nbb-{n}").digest for n in range(17)]
    (twice, _), *_ = Counter(digest[0] for digest in digests).most_common()
    with pytest.raises(errors.NotKeptError, match="beginning of several ids"):
        forget(twice, ask=False)
    assert len(history()) == 17


def test_the_cell_of_a_picture_makes_the_same_request(service):
    with ipython_shell() as ip:
        ip.run("%%banana trex -a 16:9\nA T-Rex; on a beach;\n;")
        ip.run("%%banana cafe -i trex -r 2K --take 2 --param seed=7\nin a café {single} braces;;")
        for each in (ip.names["trex"], ip.names["cafe"]):
            ip.run(each.cell())
            again = ip.names[each.name]
            assert again.came == "reused"
            assert again.request.key == each.request.key
    assert len(service.charges) == 2
