"""What was made before is listed, found, deleted only after asking, and read back from files."""

import ast
import html
import io
import re
import shutil
from collections import Counter
from decimal import Decimal

import pandas as pd
import PIL.Image
import pytest

from nb_banana import (
    BananaImage,
    ImageRequest,
    compare,
    doctor,
    errors,
    forget,
    generate,
    history,
    load,
    spending,
)
from nb_banana._default import client
from nb_banana.results.gallery import Gallery
from tests.support.shelf import put
from tests.support.shells import ipython_shell, run_notebook


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


def swap(path):
    path.write_bytes(bytes(path.stat().st_size))


HARMS = {
    "gone": (lambda path: path.unlink(), "can't be read any more"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "not as it was kept"),
    "another file": (swap, "not as it was kept"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "can't be read|not as it was kept"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_one_lost_file_hides_none_of_the_others(three, harm, tmp_path, capsys):
    ruin, sentence = HARMS[harm]
    ruin(three[0].path)
    gallery = Gallery(three)
    shown = html.unescape(history()._repr_html_())
    assert shown.count("<img") == 2
    assert re.search(sentence, shown)
    assert len(history().to_frame()) == len(gallery.to_frame()) == 3
    assert "image/jpeg" in gallery._repr_mimebundle_()[0]
    assert gallery.contact_sheet().size
    assert re.search(sentence, three[0]._repr_mimebundle_()["text/plain"])
    assert len(gallery.save(tmp_path / "all")) == 2
    assert re.search(sentence, capsys.readouterr().out)
    with pytest.raises(errors.LostPictureError, match=sentence):
        compare(three[1], three[0])
    assert "3 pictures" in repr(doctor())


def test_history_says_how_many_there_are_and_how_many_it_shows(three):
    assert repr(history(limit=2)).startswith("the newest 2 of 3 pictures in your library\n")
    assert repr(history("RED", 1)).startswith("the newest 1 of 2 pictures with “RED” in your")
    assert repr(history(limit=0)) == "none of 3 pictures in your library"
    assert repr(history(limit=3)).startswith("3 pictures in your library, the newest first")
    assert len(history(limit=10**30)) == 3


def test_history_is_a_data_frame(three):
    frame = history().to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.prompt) == ["a red car", "a Café & <b>bold</b>", "a red banana"]
    assert frame.usd[0] == pytest.approx(float(three[2].cost))
    assert (str(frame.usd.dtype), str(frame.sandbox.dtype)) == ("float64", "bool")
    assert list(history("nothing").to_frame().columns) == list(frame.columns)
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
    library = client().context.places("api")[0]
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


MADE = """
from nb_banana._default import client
import nb_banana, numpy as np, PIL.Image
nb_banana.configure(backend='sandbox', library='here')
PIL.Image.linear_gradient('L').save('my photo.jpg')
grey, large = np.full((40, 60), 90, 'uint8'), PIL.Image.new('RGB', (5000, 300), 'red')
cafe = nb_banana.generate('a café; at night;', aspect_ratio='16:9', name='cafe')
night = cafe.edit('make it night')
made = [cafe, night, night.edit('as a woodcut', images=[grey, large])]
made += nb_banana.generate('three cats', count=2, name='cats')
made += nb_banana.sweep('a {{x}} fox', x=['red'], resolution=['2K'])
made += [
    nb_banana.generate('{{braces}} and {% signs', raw=True),
    nb_banana.generate('a mug', images='my photo.jpg', params={'style': '{{x}} "it\\'s"'}),
    nb_banana.generate('a mug', images=open('my photo.jpg', 'rb').read(), name='no name'),
    nb_banana.generate('a mug', images=[cafe.path]),
    nb_banana.generate('an owl', model='lite').edit('at night', model='nano-banana-2'),
]
"""


def test_the_cell_of_any_picture_runs_in_another_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = run_notebook(MADE, "[(each.cell(), each.request.key) for each in made]").cells
    made = ast.literal_eval(cells[1].outputs[0]["data"]["text/plain"])
    assert len(made) == 11
    start = (
        "%load_ext nb_banana\n%config Banana.library = 'here'\n%config Banana.backend = 'library'"
    )
    pairs = [(cell, "print(_.came, _.request.key)") for cell, _ in made]
    again = run_notebook(start, *(cell for pair in pairs for cell in pair)).cells[2::2]
    assert ["".join(each["text"] for each in cell.outputs).split() for cell in again] == [
        ["reused", key] for _, key in made
    ]


def test_an_id_of_the_library_is_a_reference_unless_something_nearer_has_its_name(service):
    cafe = generate("a café")
    with ipython_shell() as ip:
        night = ip.run(f"%%banana -i {cafe.id}\nmake it night")
        assert [each.digest for each in night.parents] == [cafe.digest]
        error = ip.run("%%banana -i deadbeef\nmake it night", fails=True)
        assert "no variable and no file deadbeef" in str(error)
        ip.names[f"a{cafe.id[:5]}"] = cafe
        assert ip.run(f"%%banana -i a{cafe.id[:5]}\nmake it night").came == "reused"
