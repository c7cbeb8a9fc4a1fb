"""Many pictures on the one pipeline: order, failures, money, what is in the library already."""

import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nb_banana
from nb_banana import ImageRequest, configure, errors, generate_many
from nb_banana._default import client
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from tests.support.amount import ALL
from tests.support.busy import busy
from tests.support.shells import ipython_shell


def prompts_of(sandbox):
    return [post.body["prompt"] for post in sandbox.posts]


def test_results_stand_in_the_order_of_the_prompts(service):
    prompts = ["a cat [trouble: slow 0.4]", "an owl", "a fox [trouble: slow 0.2]", "a bee"]
    assert [image.prompt for image in generate_many(prompts)] == prompts


def test_one_that_fails_is_an_entry_and_the_others_go_on(service, brisk):
    gallery = generate_many(["a cat", "an owl [trouble: 500]", "a fox [trouble: refusal]", "a bee"])
    assert [type(entry) for entry in gallery] == [
        nb_banana.BananaImage,
        Failure,
        Failure,
        nb_banana.BananaImage,
    ]
    assert isinstance(gallery[1].error, errors.ServerError)
    assert isinstance(gallery[2].error, errors.RefusalError)


@pytest.mark.parametrize("trouble", ["401", "403"])
def test_a_refusal_that_holds_for_all_stops_what_has_not_started(service, trouble):
    configure(concurrency=1)
    prompts = ["a cat", f"an owl [trouble: {trouble}]", "a fox", "a bee"]
    gallery = generate_many(prompts)
    assert prompts_of(service) == prompts[:2]
    assert [type(entry.error) for entry in gallery.failures[1:]] == [errors.NotSentError] * 2
    assert "Not sent" in str(gallery[3].error)
    assert "client request id" not in str(gallery[3].error)  # those are another one's


def test_what_is_in_the_library_comes_all_the_same_when_the_rest_is_stopped(service):
    configure(concurrency=1)
    nb_banana.generate("a bee")
    gallery = generate_many(["a cat [trouble: 403]", "a fox", "a bee"])
    assert [bool(entry) for entry in gallery] == [False, False, True]
    assert gallery[2].came == "reused"


def test_a_batch_that_could_not_begin_is_an_error_with_its_gallery(service):
    with pytest.raises(errors.NotAllowedError, match="credits") as caught:
        generate_many(["a cat [trouble: 403]", "a fox [trouble: 403]"])
    assert len(caught.value.facts["gallery"]) == 2


def test_equal_prompts_are_drawn_once(service):
    gallery = generate_many(["a cat"] * 5)
    assert len(service.posts) == 1
    assert len({image.digest for image in gallery}) == 1


def test_the_same_is_not_paid_twice_by_two_threads(service):
    first = nb_banana.generate("a cat [trouble: slow 0.5]", background=True)
    while not service.posts:
        time.sleep(0.01)
    again = nb_banana.generate("a cat [trouble: slow 0.5]")
    assert len(service.posts) == 1
    assert again.digest == first.digest
    assert again.came == "reused"


def test_who_waits_for_the_same_picture_gets_the_same_error_and_nothing_is_sent_again(service):
    prompt = "a cat [trouble: drop-after]"
    gallery = generate_many([prompt] * 3)
    assert len(service.posts) == len(service.charges) == 1
    assert {type(entry.error) for entry in gallery} == {errors.ConnectionDroppedError}


def test_one_lane_does_not_send_again_what_was_lost_before_in_the_same_batch(service):
    configure(concurrency=1)
    gallery = generate_many(
        ["a cat [trouble: drop-after]", "an owl", "a cat [trouble: drop-after]"]
    )
    assert len(service.posts) == len(service.charges) == 2
    assert [type(each.error) for each in gallery.failures] == [errors.ConnectionDroppedError] * 2


def test_what_is_asked_for_twice_and_kept_nowhere_is_not_paid_again(service, tmp_path):
    (tmp_path / "file").touch()
    configure(concurrency=1, library=str(tmp_path / "file"))
    gallery = generate_many(["a cat"] * 3)
    assert len(gallery.images) == 3
    assert len(service.charges) == 1


def test_a_fresh_one_is_paid_though_the_same_is_under_way(service):
    first = nb_banana.generate("a cat [trouble: slow 0.3]", background=True)
    while not service.posts:
        time.sleep(0.01)
    nb_banana.generate("a cat [trouble: slow 0.3]", fresh=True)
    first.wait()
    assert len(service.posts) == 2


def test_four_takes_and_then_six_pay_for_two(door):
    four = door.draw("a cat", count=4)
    six = door.draw("a cat", count=6)
    assert len(door.service.posts) == 6
    assert [image.came for image in six] == ["reused"] * 4 + ["made"] * 2
    assert [image.request.take for image in six] == [1, 2, 3, 4, 5, 6]
    assert [image.digest for image in six[:4]] == [image.digest for image in four]


def test_a_gallery_again_needs_no_network_at_all(service):
    generate_many(["a cat", "an owl"])
    service.stop()
    gallery = generate_many(["a cat", "an owl"])
    assert [image.came for image in gallery] == ["reused", "reused"]
    assert gallery.cost == 0


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "4"])
def test_a_count_that_is_none_is_refused(service, count):
    with pytest.raises(errors.RequestError, match="count is a whole number from 1"):
        nb_banana.generate("a cat", count=count)
    assert not service.posts


def test_more_takes_than_anybody_means_are_refused_before_they_fill_the_memory(door):
    assert "10,000 are the most at once" in door.refused("a cat", count=1_000_000_000)
    sentence = "That is 20,000 pictures"
    with pytest.raises(errors.RequestError, match=sentence):
        nb_banana.sweep("a {{animal}}", animal=["cat", "owl"], count=10_000)
    assert not door.service.posts


def test_a_number_of_numpys_counts_too(service):
    assert len(nb_banana.generate("a cat", count=np.int64(2))) == 2
    assert nb_banana.generate("a cat", take=np.int64(2)).came == "reused"


def test_count_and_take_exclude_each_other(door):
    assert "leave out the take" in door.refused("a cat", count=2, take=3)


def test_the_budget_counts_the_whole_before_anything_is_sent(door):
    configure(budget=0.20)
    assert "This costs about $0.36" in door.refused("a cat", count=4)
    assert not door.service.posts
    assert client().context.budget.used(client().context.kinds()[-1]) == 0


def test_nobody_can_agree_to_the_price_where_nobody_sits(door, monkeypatch):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    configure(confirm_over=0.20)
    assert "nobody can be asked" in door.refused("a cat", count=4)
    assert not door.service.posts


def test_the_price_of_the_whole_is_asked_once(service, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    configure(confirm_over=0.05)
    assert len(nb_banana.generate("a cat", count=4).images) == 4
    assert len(asked) == 1
    assert "about $0.36" in asked[0]


def test_one_line_says_how_many_and_what_they_cost(service):
    with ipython_shell() as ip:
        ip.run("%%banana --quiet -n 2\na cat")
        ip.run("%%banana --quiet -n 4\na cat")
        assert ip.printed == "4 pictures, 2 from your library, about $0.18 play money\n"
        ip.run("%%banana --quiet -n 4\na cat")
        assert ip.printed == "4 pictures, all from your library, $0\n"


def test_a_script_prints_nothing(service, capsys):
    generate_many(["a cat", "an owl"])
    assert capsys.readouterr() == ("", "")


def test_an_iterator_is_taken_as_threads_become_free(service):
    configure(concurrency=2)
    ahead = []

    def prompts():
        for number in range(8):
            ahead.append(number - len(service.posts))
            yield f"a cat {number}"

    assert len(generate_many(prompts()).images) == 8
    # Two threads, one that is being handed over, and the one that is asked for.
    assert max(ahead) <= 3


def test_an_iterator_that_fails_loses_nothing_that_was_begun(service):
    def prompts():
        yield "a cat [trouble: slow 0.3]"
        raise KeyError("no more cats")

    with pytest.raises(KeyError, match="no more cats"):
        generate_many(prompts())
    assert len(nb_banana.history()) == 1


def test_confirm_over_and_an_iterator_do_not_go_together(service):
    configure(confirm_over=1.0)
    with pytest.raises(errors.RequestError, match="Give a list"):
        generate_many(iter(["a cat"]))
    assert not service.posts


def test_a_pandas_column_keeps_its_index(service):
    column = pd.Series(["a cat", "an owl"], index=["tom", "otto"])
    assert list(generate_many(column).to_frame().index) == ["tom", "otto"]


def test_a_polars_column_is_a_list_of_prompts(service):
    gallery = generate_many(pl.Series(["a cat", "an owl"]))
    assert [image.prompt for image in gallery] == ["a cat", "an owl"]


def test_requests_and_rows_with_options_are_prompts_too(service):
    rows = [
        ImageRequest("a cat", aspect_ratio="9:16"),
        {"prompt": "an owl", "aspect_ratio": "16:9"},
        "a fox",
    ]
    gallery = generate_many(rows, aspect_ratio="4:3")
    assert [image.size for image in gallery] == [(768, 1376), (1376, 768), (1200, 896)]


def test_where_nothing_stands_in_a_row_what_holds_for_all_holds(service):
    table = pd.DataFrame({"prompt": ["a cat", "an owl"], "aspect_ratio": ["16:9", None]})
    table["resolution"] = [float("nan"), "2K"]
    gallery = generate_many(table.to_dict("records"), aspect_ratio="9:16")
    assert [image.size for image in gallery] == [(1376, 768), (1536, 2752)]


@pytest.mark.parametrize(
    ("prompts", "sentence"),
    [
        (["a cat", ""], "Prompt 2: The prompt is empty"),
        (["a cat", None], r"Prompt 2: There is none \(None\)"),
        (pd.Series(["a cat", float("nan")]), r"Prompt 2: There is none \(nan\).*dropna"),
        ([{"aspect_ratio": "1:1"}], "Prompt 1: There is none"),
        (["a cat", 7], "Prompt 2: The prompt is a text, not int"),
        (["a cat", {"prompt": "an owl", "aspect": "1:1"}], "Prompt 2: There is no option 'aspect'"),
        ([{"prompt": "a cat", "alt": "x"}], "no option 'alt' here: there are aspect_ratio, images"),
        ("a cat", "one prompt goes to generate"),
        (7, "takes a list of prompts"),
        (pd.DataFrame({"prompt": ["a cat"]}), "Name the column"),
    ],
)
def test_prompts_that_are_none_are_said_before_anything_is_sent(service, prompts, sentence):
    with pytest.raises(errors.RequestError, match=sentence):
        generate_many(prompts)
    assert not service.posts


def test_an_empty_list_is_an_empty_gallery(service):
    assert len(generate_many([])) == 0


def test_a_folder_takes_all_pictures(door, tmp_path):
    door.draw("a cat", count=3, save=str(tmp_path / "cats"))
    assert len(list((tmp_path / "cats").glob("*.png"))) == 3


@pytest.mark.parametrize("folder", ["file", "file/folder", "/proc/nothing/here", "a\0b", 7, True])
def test_a_folder_that_takes_none_is_said_before_anything_is_paid(service, tmp_path, folder):
    (tmp_path / "file").touch()
    place = tmp_path / folder if isinstance(folder, str) else folder
    with pytest.raises(errors.SaveError):
        nb_banana.generate("a cat", count=2, save=place)
    assert not service.posts
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_may_have_a_dot_in_its_name(service, tmp_path):
    nb_banana.generate("a cat", count=2, save=tmp_path / "run.2026-11-24")
    assert len(list((tmp_path / "run.2026-11-24").iterdir())) == 2


def test_several_pictures_do_not_go_into_one_file(door, tmp_path):
    assert "Name a folder" in door.refused("a cat", count=3, save=str(tmp_path / "cat.png"))
    assert not door.service.posts


def test_the_library_alone_says_what_is_missing(service):
    nb_banana.generate("a cat")
    configure(backend="library")
    gallery = generate_many(["a cat", "an owl"])
    assert [type(entry) for entry in gallery] == [nb_banana.BananaImage, Failure]
    assert isinstance(gallery[1].error, errors.NotKeptError)
    assert len(service.posts) == 1


def test_no_more_are_on_their_way_than_concurrency_says():
    with busy(100, together=8) as service:
        configure(base_url=service.url, concurrency=8)
        generate_many([f"a cat {number}" for number in range(32)])
    assert service.most == 8


def test_each_request_of_a_batch_has_its_line_in_the_journal_and_its_bill(service):
    gallery = generate_many([f"a cat {number}" for number in range(6)])
    bills = client().context.places(client().context.kinds()[-1])[0].bills()
    assert {bill.request_id for bill in bills} == {
        image.receipt.client_request_id for image in gallery
    }
    assert sum(bill.usd for bill in bills) == gallery.cost


def test_a_name_is_the_gallerys_and_each_picture_has_its_place_in_it(service):
    with ipython_shell() as ip:
        ip.run("%%banana cats -n 2\na cat")
        assert isinstance(ip.names["cats"], Gallery)
        assert ip.names["cats"][1].name == "cats[1]"
        ip.run("%%banana -i cats[1]\nmake it night")
        assert ip.run("_").parents[0].digest == ip.names["cats"][1].digest


FRESH = """
import sys
import time
import nb_banana
from nb_banana.sandbox.api import Api

answer, latest = Api._generate, time.monotonic() + 120

def held(*asked):
    while "nb_banana.results.gallery" not in sys.modules and time.monotonic() < latest:
        time.sleep(0.01)
    return answer(*asked)

Api._generate = held

def prompts():
    yield "a banana"
    yield "a second one"
    print("nb_banana.results.gallery" in sys.modules)

nb_banana.configure(backend="sandbox", concurrency=1)
print("nb_banana.results.gallery" in sys.modules)
nb_banana.generate_many(prompts())
"""


@pytest.mark.skipif(not ALL, reason="a new interpreter that waits for a picture: make test-all")
def test_what_shows_the_pictures_is_loaded_while_the_first_is_waited_for(tmp_path):
    place = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FRESH], env=os.environ | place, capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "True"], done.stderr
