"""The panel without a browser: fields are set and buttons pressed as the browser does it."""

import gc
import json
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
from IPython.utils.capture import capture_output

from nb_banana import _threads, configure, errors, generate, history, pending
from nb_banana.display import progress
from nb_banana.services.aimlapi.service import METRICS
from nb_banana.services.google import Google
from nb_banana.widgets.panel import panel
from nb_banana.widgets.pictures import FOLDER, keep_upload
from tests.conftest import KEY
from tests.services.test_model_status import drawn
from tests.support.moments import at_rest, pictures_wait, until
from tests.support.pictures import encode, picture
from tests.support.wire import MODEL, POST, as_json, wire


@pytest.fixture
def opened(ip):
    with capture_output():
        made = panel()
        yield made
        made.close()


def press(a_panel, do, *buffers, **words):
    """A message as the browser sends it: with the form as it stands there."""
    form = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(a_panel.form).items()
    }
    a_panel._handle_custom_msg(
        {"do": do, "form": form | words.pop("changed", {}), **words}, list(buffers)
    )


def settle(a_panel, seconds=60):
    """Wait until nothing is on its way, and the panel's own thread has nothing to do."""
    deadline = time.monotonic() + seconds
    while a_panel.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not a_panel.busy
    for _ in range(2):  # what is done may have asked for more
        done = threading.Event()
        a_panel._thumbnails.later(done.set)
        assert done.wait(seconds)


def upload(a_panel, name, data, piece=1_000_000):
    for start in range(0, max(1, len(data)), piece):
        last = start + piece >= len(data)
        press(a_panel, "upload", data[start : start + piece], number=name, name=name, last=last)


@pytest.mark.parametrize(("count", "said"), [(1, "usually 14 s"), (2, None)])
def test_while_it_draws_the_panel_says_how_long_one_usually_takes(opened, monkeypatch, count, said):
    monkeypatch.setattr(progress, "LONG_SECONDS", 0.0)
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    told = threading.Event()
    opened.observe(lambda change: "usual" in change.new and told.set(), "busy")
    metrics = {"alias": MODEL, "metrics": {"duration_ms": {"p50": 13_800}}}
    answers = {
        POST: lambda request: (told.wait(60 if said else 0), drawn(request))[1],
        METRICS: lambda _: as_json({"models": [metrics]}),
    }
    with wire(answers) as service:
        configure(base_url=service.url)
        seen = []
        opened.observe(lambda change: seen.append(change.new.get("usual")), "busy")
        press(opened, "generate", changed={"prompt": "a banana", "count": count})
        settle(opened)
    assert seen == ([None, said, None] if said else [None, None])
    assert opened.image is not None


def test_the_panel_draws_also_where_no_cell_begins_anything_in_the_background(
    opened, service, monkeypatch
):
    monkeypatch.setenv("NB_BANANA_BACKGROUND", "0")
    opened.put(prompt="a banana")
    press(opened, "generate")
    settle(opened)
    assert opened.results
    assert not opened.message.get("text")


def test_generate_does_what_the_cell_does_to_the_same_key(opened, ip, service):
    opened.prompt, opened.name = "a banana on a beach", "fruit"
    opened.aspect_ratio, opened.resolution = "16:9", "2K"
    assert opened.cell == "%%banana fruit -a 16:9 -r 2K\na banana on a beach"
    press(opened, "generate")
    settle(opened)
    drawn = ip.names["fruit"]
    assert drawn.size == (2752, 1536)
    assert ip.run(opened.cell).request.key == drawn.request.key
    assert len(service.posts) == 1


def test_what_is_typed_last_is_drawn_though_the_button_overtakes_it(opened, service):
    opened.prompt = "a ban"
    press(opened, "generate", changed={"prompt": "a banana", "fresh": True})
    opened.set_state({"prompt": "a banana", "fresh": False})
    settle(opened)
    assert opened.image.prompt == "a banana"


def test_nothing_is_sent_but_by_generate(opened, ip, service):
    ip.names["red"] = picture()
    opened.prompt = "a {{red}} banana"
    opened.count, opened.model, opened.images = 3, "lite", ["red"]
    opened.look_around()
    settle(opened)
    assert service.posts == []


def test_the_price_follows_the_form(opened, service):
    settle(opened)
    words = {"text": "about $0.089 play money", "amount": "about $0.089", "fine": True}
    assert opened.price == words | {"ratio": "", "kept": False}
    configure(budget=2)
    opened.prompt = "a banana"
    settle(opened)
    assert opened.price["text"] == "about $0.089 play money; $2.00 left of your budget"
    opened.count = 2
    settle(opened)
    assert opened.price["text"].startswith("2 pictures, about $0.18 play money; $2.00 left")
    opened.count = 1
    press(opened, "generate")
    settle(opened)
    assert opened.price["text"] == "$0, it is in your library; $1.911 left of your budget"
    assert (opened.price["amount"], opened.price["kept"]) == ("$0", True)
    opened.fresh = True
    settle(opened)
    assert opened.price["text"].startswith("about $0.089 play money; $1.9")
    assert (opened.price["amount"], opened.price["kept"]) == ("about $0.089", False)
    opened.prompt = "another banana"
    settle(opened)
    assert not opened.price["kept"]


def test_a_prompt_that_cannot_be_drawn_says_so_where_the_price_stands(opened):
    opened.prompt = "a {{nobody}}"
    settle(opened)
    assert not opened.price["fine"]
    assert "There is no 'nobody'" in opened.price["text"]


@pytest.mark.parametrize("trouble", ["403", "refusal", "drop-after"])
def test_an_error_is_said_in_the_panel(opened, brisk, trouble):
    opened.prompt = f"a banana [trouble: {trouble}]"
    press(opened, "generate")
    settle(opened)
    assert opened.message["kind"] == "error"
    assert len(opened.message["text"].split()) > 4
    assert not opened.results


def test_an_old_error_goes_when_the_form_changes(opened):
    opened.prompt = "a banana [trouble: refusal]"
    press(opened, "generate")
    settle(opened)
    opened.look_around()
    assert opened.message["kind"] == "error"
    opened.prompt = "a banana"
    assert opened.message == {}


@pytest.mark.parametrize(
    ("act", "place"), [("save", "result"), ("upload", "references"), ("generate", "form")]
)
def test_what_went_wrong_is_said_beside_the_button_that_was_pressed(opened, act, place):
    words = {"number": "1", "name": "a.txt", "last": True} if act == "upload" else {}
    press(opened, act, b"words", **words)
    settle(opened)
    assert (opened.message["kind"], opened.message["at"]) == ("error", place)


def test_the_pictures_place_has_the_ratio_that_is_asked_for(opened, ip):
    assert opened.shape == "1:1"
    opened.aspect_ratio = "16:9"
    assert opened.shape == "16:9"
    ip.names["wide"] = generate("a wide banana", aspect_ratio="4:3")
    opened.prompt, opened.images, opened.aspect_ratio = "a banana", ["wide"], ""
    settle(opened)
    assert opened.shape == "4:3"  # as its reference
    opened.aspect_ratio = "{{ratio}}"
    settle(opened)
    assert opened.shape == "1:1"


def test_whatever_a_callback_raises_is_said(opened):
    press(opened, "no such button")
    assert opened.message == {
        "kind": "error",
        "text": "The panel itself has failed: KeyError: 'no such button'",
        "at": "form",
    }
    press(opened, "save")
    assert opened.message["text"] == "There is no picture yet."


def test_cancel_stops_the_wait_and_says_what_it_means_for_the_money(opened, service):
    opened.prompt = "a banana [trouble: slow 300]"
    press(opened, "generate")
    press(opened, "generate")
    assert "One is on its way" in opened.message["text"]
    press(opened, "cancel")
    settle(opened)
    assert opened.message["kind"] == "note"
    assert "may be charged" in opened.message["text"]


def test_cancel_at_the_very_moment_of_its_end_is_no_failure_of_the_panel(opened):
    class Late(type(opened)):
        """Its picture comes as soon as somebody has looked for the one on its way."""

        @property
        def _pending(self):
            return vars(self).pop("on_way", None)

        @_pending.setter
        def _pending(self, value):
            vars(self)["on_way"] = value

    opened.__class__ = Late
    stopped = []
    opened._pending = SimpleNamespace(cancel=lambda: stopped.append(True))
    press(opened, "cancel")
    assert opened.message == {}
    assert stopped


def test_one_picture_in_the_place_of_several_is_there_before_the_browser_has_chosen_it(opened):
    opened._show(generate("a cat", count=2, quiet=True).images)
    opened.chosen = 1
    opened._made = (generate("a fox"),)
    assert opened.image.prompt == "a fox"
    press(opened, "save")
    assert opened.message["text"].startswith("Saved as ")


def test_who_is_to_be_asked_is_asked_in_the_panel(opened, service):
    configure(confirm_over=0.01)
    opened.prompt = "a banana"
    press(opened, "generate")
    assert opened.message["kind"] == "ask"
    assert opened.message["text"] == "This costs about $0.089 play money, more than $0.01. Send it?"
    assert service.posts == []
    press(opened, "generate", confirmed=True)
    settle(opened)
    assert len(service.posts) == 1


def test_a_yes_holds_for_what_was_asked_and_not_for_a_form_that_costs_more_by_now(opened, service):
    configure(confirm_over=0.01)
    opened.prompt = "a banana"
    press(opened, "generate")
    press(opened, "generate", confirmed=True, changed={"resolution": "4K", "count": 2})
    assert opened.message["text"] == "This costs about $0.40 play money, more than $0.01. Send it?"
    assert service.posts == []
    press(opened, "generate", confirmed=True)
    settle(opened)
    assert len(service.posts) == 2


def test_fresh_holds_for_one_picture(opened, service):
    opened.prompt = "a banana"
    for fresh in (False, True, False):
        opened.fresh = fresh
        press(opened, "generate")
        settle(opened)
        assert not opened.fresh
    assert len(service.posts) == 2


def test_takes_come_as_a_gallery(opened, ip):
    opened.prompt, opened.name, opened.count = "a banana", "fruits", 2
    press(opened, "generate")
    settle(opened)
    assert [each.request.take for each in ip.names["fruits"].images] == [1, 2]
    assert len(opened.results) == 2
    opened.chosen = 1
    assert opened.image.request.take == 2


def test_one_of_many_that_fails_is_said_and_the_others_are_shown(opened):
    opened.prompt, opened.more = "a banana {{how}}", "--sweep 'how=well,[trouble: refusal]'"
    press(opened, "generate")
    settle(opened)
    assert len(opened.results) == 1
    assert "trouble: refusal" in opened.message["text"]


def test_uploads_are_files_that_the_cell_finds(opened, ip, service):
    upload(opened, "My Mug.PNG", encode(picture()), piece=100)
    assert opened.images == [f"{FOLDER}/my-mug.png"]
    assert "is kept as" in opened.message["text"]
    opened.prompt, opened.name = "a mug", "mug"
    press(opened, "generate")
    settle(opened)
    ip.run(opened.cell)
    assert len(service.posts) == 1


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [("a.png", b"hello", "not a picture"), ("a.png", b"", "empty")],
)
def test_an_upload_that_is_no_picture_is_refused_and_not_written(
    opened, tmp_path, name, data, says
):
    upload(opened, name, data)
    assert opened.message["kind"] == "error"
    assert says in opened.message["text"]
    assert opened.images == []
    assert not (tmp_path / FOLDER).exists()


def test_of_one_drop_a_good_file_does_not_hide_what_was_refused_before_it(opened):
    press(opened, "upload", b"words", number="1/0", name="a.txt", last=True)
    press(opened, "upload", b"more", number="1/1", name="b.txt", last=True)
    press(opened, "upload", encode(picture()), number="1/2", name="c.png", last=True)
    assert opened.images == [f"{FOLDER}/c.png"]
    assert opened.message["kind"] == "error"
    first, second = opened.message["text"].splitlines()
    assert first.startswith("a.txt is not a picture")
    assert second.startswith("b.txt is not a picture")
    press(opened, "upload", encode(picture(9, 9)), number="2/0", name="d.png", last=True)
    assert opened.message["kind"] == "note"


def test_a_sixth_reference_is_refused_in_a_sentence(opened, ip, tmp_path):
    opened.images = [f"https://example.com/{number}.png" for number in range(5)]
    upload(opened, "sixth.png", encode(picture()))
    assert "takes at most 5 reference pictures: sixth.png was not added" in opened.message["text"]
    assert not (tmp_path / FOLDER).exists()


def test_the_same_upload_is_one_file_and_another_one_has_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, again = keep_upload("a.png", encode(picture())), keep_upload("a.png", encode(picture()))
    other = keep_upload("../../a.png", encode(picture(9, 9)))
    assert (first, again, other) == (f"{FOLDER}/a.png", f"{FOLDER}/a.png", f"{FOLDER}/a-2.png")


def test_a_result_becomes_a_reference_with_its_shape(opened, ip, service):
    opened.prompt, opened.name, opened.aspect_ratio = "a café", "cafe", "16:9"
    press(opened, "generate")
    settle(opened)
    opened.aspect_ratio = "1:1"
    press(opened, "reference")
    assert (opened.images, opened.name, opened.aspect_ratio) == (["cafe"], "cafe_2", "16:9")
    opened.prompt = "make it night"
    press(opened, "generate")
    settle(opened)
    assert ip.names["cafe_2"].parents == (ip.names["cafe"],)
    assert opened.before["caption"] == ip.names["cafe"].caption


def test_what_a_person_should_know_of_a_picture_stands_below_it(opened, ip):
    configure(reference_side=64)
    ip.names["wide"] = picture(200, 100)
    opened.prompt, opened.name, opened.images = "a banana", "fruit", ["wide"]
    press(opened, "generate")
    settle(opened)
    caption, mapping, smaller = opened.results[0]["caption"].splitlines()
    assert caption == ip.names["fruit"].caption
    assert mapping == "image 1 = wide"
    assert smaller in ip.names["fruit"].notes


def test_history_brings_back_picture_prompt_and_options(opened):
    generate("an old banana", aspect_ratio="3:4", resolution="2K")
    opened.look_around()
    settle(opened)
    press(opened, "recall", thumbnail=opened.history[0]["thumbnail"])
    assert (opened.prompt, opened.aspect_ratio, opened.resolution) == ("an old banana", "3:4", "2K")
    assert opened.image.prompt == "an old banana"


def test_a_picture_that_has_left_the_strip_meanwhile_is_said(opened):
    press(opened, "recall", thumbnail="gone")
    assert opened.message["text"].startswith("This picture has left the strip.")


def test_save_writes_beside_the_notebook_and_overwrites_nothing(opened, tmp_path):
    opened.prompt = "a banana"
    press(opened, "generate")
    settle(opened)
    press(opened, "save")
    press(opened, "save")
    assert opened.message["text"] == "Saved as a-banana-2.png."
    assert sorted(each.name for each in tmp_path.glob("*.png")) == [
        "a-banana-2.png",
        "a-banana.png",
    ]


def test_keep_puts_the_picture_into_an_output_that_stays(opened):
    with capture_output() as shown:
        opened._ipython_display_()
    assert [set(each.data) for each in shown.outputs] == [
        {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"},
        {"text/html", "text/plain"},
    ]
    opened.prompt = "<b>a banana</b>"
    press(opened, "generate")
    settle(opened)
    with capture_output() as shown:
        press(opened, "keep")
    kept = shown.outputs[-1].data
    assert "image/jpeg" in kept
    assert "&lt;b&gt;a banana" in kept["text/html"]
    assert "<b>" not in kept["text/html"]


def test_a_cell_that_is_pasted_into_the_prompt_fills_the_form(opened):
    opened.prompt = "%%banana trex  --aspect-ratio=16:9\na T-Rex"
    assert (opened.prompt, opened.name, opened.aspect_ratio) == ("a T-Rex", "trex", "16:9")
    assert opened.cell == "%%banana trex  --aspect-ratio=16:9\na T-Rex"
    opened.resolution = "2K"
    assert opened.cell == "%%banana trex -a 16:9 -r 2K\na T-Rex"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%banana --nonsense\na T-Rex", "There is no option --nonsense"),
        ("%%banana", "The prompt is empty"),
    ],
)
def test_a_pasted_cell_that_is_wrong_says_so_and_is_not_drawn(cell, said, opened, service):
    opened.prompt = cell
    press(opened, "generate")
    settle(opened)
    assert said in opened.message["text"]
    assert service.posts == []


def test_a_pasted_cell_may_have_an_empty_line_above_it(opened):
    opened.prompt = "\n  %%banana trex -r 2K\na T-Rex"
    assert (opened.prompt, opened.name, opened.resolution) == ("a T-Rex", "trex", "2K")
    assert opened.head == "%%banana trex -r 2K"


def test_a_cell_of_more_takes_than_the_field_holds_keeps_them_among_its_options(opened):
    opened.prompt = "%%banana -n 200\na T-Rex"
    settle(opened)
    assert (opened.prompt, opened.count, opened.more) == ("a T-Rex", 1, "-n 200")
    assert opened.price["text"].startswith("200 pictures")


def test_the_notebooks_pictures_are_offered_after_each_cell(opened, ip):
    ip.run("from PIL import Image; red = Image.new('RGB', (9, 9)); many = [red]; number = 3")
    opened.look_around()
    words = [each["word"] for each in opened.here]
    assert words[:2] == ["many[0]", "red"]
    assert "number" not in words


def test_a_picture_that_is_on_its_way_or_failed_is_not_offered_yet(opened, ip, monkeypatch):
    go = pictures_wait(monkeypatch)
    slow = ip.run("%%banana slow --background\na banana")
    failed = ip.run("%%banana failed --background\na banana [trouble: refusal]")
    with pytest.raises(errors.RefusalError):
        failed.wait()
    opened.look_around()
    assert opened.here == []
    assert opened.message == {}
    go.set()
    slow.wait()
    opened.look_around()
    assert [each["word"] for each in opened.here] == ["slow"]


def test_a_reference_that_is_drawn_anew_in_the_background_does_not_hold_up_the_kernel(
    opened, ip, monkeypatch
):
    opened.images = ["mug"]
    go = pictures_wait(monkeypatch)
    mug = ip.run("%%banana mug --background\na mug")
    opened.look_around()
    assert not mug.done
    go.set()
    mug.wait()
    settle(opened)


def test_a_reference_that_failed_in_the_background_is_said_and_can_be_removed(opened, ip):
    failed = ip.run("%%banana mug --background\na mug [trouble: refusal]")
    with pytest.raises(errors.RefusalError):
        failed.wait()
    opened.prompt, opened.images = "a fox with a mug", ["mug"]
    settle(opened)
    assert [each["word"] for each in opened.references] == ["mug"]
    assert "made no picture" in opened.price["text"]


def test_a_variable_whose_attributes_raise_does_not_hide_the_pictures(opened, ip):
    ip.run(
        "class Away:\n"
        "    def __getattr__(self, name): raise RuntimeError('outside of its context')\n"
        "away = Away()\n"
        "from PIL import Image; red = Image.new('RGB', (9, 9))"
    )
    opened.look_around()
    assert opened.message == {}
    assert [each["word"] for each in opened.here] == ["red"]


def test_a_cell_that_runs_again_closes_the_panel_that_it_had_opened(ip, monkeypatch):
    def run(number, cell="cell-1"):
        parent = {"metadata": {"cellId": cell}, "header": {"msg_id": f"run {number}"}}
        monkeypatch.setattr(ip.shell, "get_parent", lambda: parent, raising=False)
        return panel()

    first, beside, elsewhere = run(1), run(1), run(2, "cell-2")
    assert [each.comm is None for each in (first, beside, elsewhere)] == [False] * 3
    again = run(3)
    closed = [each.comm is None for each in (first, beside, elsewhere, again)]
    assert closed == [True, True, False, False]
    elsewhere.close()
    again.close()


def test_two_panels_do_not_disturb_each_other(opened, ip):
    with capture_output():
        other = panel()
    opened.prompt, other.prompt = "a banana", "an apple"
    press(other, "generate")
    settle(other)
    assert (opened.prompt, opened.results) == ("a banana", [])
    other.close()
    press(opened, "generate")
    settle(opened)
    assert opened.image.prompt == "a banana"


def test_typing_makes_the_kernel_send_no_more_than_the_text(opened, monkeypatch):
    opened.prompt = "a banana"
    settle(opened)
    sent = []
    monkeypatch.setattr(opened.comm, "send", lambda data, **_: sent.append(json.dumps(data)))
    opened.prompt = "a banana " * 200
    settle(opened)
    assert sum(map(len, sent)) <= len(opened.prompt) + 200


def test_percent_banana_opens_it_and_help_still_helps(ip):
    assert ip.run("%banana").cell == "%%banana\n"
    assert ip.run("%banana -a 16:9").aspect_ratio == "16:9"
    ip.run("%banana --help")
    assert "%%banana [NAME] [options]" in ip.printed


def test_a_closed_panel_lets_its_pictures_and_its_thread_go(ip):
    with capture_output():
        made = panel()
        made.prompt = "a banana"
        press(made, "generate")
        settle(made)
        image = weakref.ref(made.image)
        made.close()
    at_rest()
    assert _threads.NAME not in [each.name for each in threading.enumerate()]
    gc.collect()
    assert image() is None
    assert made.look_around not in ip.shell.events.callbacks["post_run_cell"]


def test_what_a_closed_panel_draws_is_bound_and_kept_all_the_same(ip, monkeypatch):
    go = pictures_wait(monkeypatch)
    with capture_output():
        made = panel()
        made.prompt, made.name = "a banana", "fruit"
        press(made, "generate")
        made.close()
        go.set()
        for each in pending():
            each.wait(60)
        until(lambda: "fruit" in ip.names)  # what the panel does when it ended
    assert ip.names["fruit"].prompt == made.prompt
    assert len(history()) == 1


def names_of(a_panel, field):
    return [value for value, _ in a_panel.offered["values"][field]]


def test_another_service_offers_what_it_has_and_the_cell_says_it(opened, ip, service):
    assert opened.head == "%%banana"
    assert opened.offered["values"]["service"][0] == ["", "default (aimlapi)"]
    assert names_of(opened, "service") == ["", "google", "openrouter", "fal", "openai"]
    opened.prompt, opened.service = "a banana", "google"
    assert opened.head == "%%banana --service google"
    assert names_of(opened, "model")[1:] == [model.short[0] for model in Google.models]
    assert opened.offered["values"]["resolution"] == ["512", "1K", "2K", "4K"]
    assert opened.offered["most"] == 14
    settle(opened)
    assert "$0.067" in opened.price["text"]
    opened.resolution = "512"
    press(opened, "generate")
    settle(opened)
    assert opened.image.size == (512, 512)
    assert opened.image.request.catalogue.service == "google"
    assert ip.run(opened.cell).came == "reused"
    assert not service.posts


def test_what_another_service_has_not_is_taken_out_and_said(opened):
    opened.prompt, opened.model, opened.web_search = "a banana", "lite", True
    opened.service = "openrouter"
    assert (opened.model, opened.web_search) == ("", False)
    assert "openrouter has no nano-banana-2-lite" in opened.message["text"]
    assert "takes no web search" in opened.message["text"]
    opened.service = ""
    assert "lite" in str(names_of(opened, "model"))


def test_the_panel_follows_the_service_of_the_settings(opened, ip):
    opened.prompt = "a banana"
    ip.run("%config Banana.service = 'fal'")
    assert opened.head == "%%banana"
    assert opened.offered["service"] == "fal"
    assert opened.offered["values"]["service"][0] == ["", "default (fal)"]
    assert "aimlapi" in names_of(opened, "service")
    assert names_of(opened, "model") == ["", "nano-banana-2", "nano-banana-2.1"]
    settle(opened)
    assert "$0.08" in opened.price["text"]
    configure(model="pro")  # which fal has not: said with the price, and another can be chosen
    opened.look_around()
    settle(opened)
    assert "fal has no nano-banana-pro" in opened.price["text"]
    opened.model = "nano-banana-2.1"
    settle(opened)
    assert opened.price["fine"]


def test_a_picture_of_another_service_comes_back_with_it(opened, ip):
    ip.run("%%banana pear --service fal -m 2.1\na pear")
    with capture_output():
        again = panel("pear")
    assert again.service == "fal"
    assert again.head == "%%banana pear --service fal -m 2.1"
    again.close()


def test_a_service_that_is_none_is_said_in_the_panel(opened):
    opened.service = "gogle"
    assert "There is no service 'gogle'" in opened.message["text"]
    opened.service = ""
    opened.prompt = "a banana"
    settle(opened)
    assert opened.price["fine"]
