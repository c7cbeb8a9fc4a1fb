"""The key is nowhere: not in what is shown, logged, warned of, pickled, kept or raised."""

import base64
import logging
import os
import pickle
import signal
import sys
import threading
import traceback
import types
import warnings
from concurrent.futures import ThreadPoolExecutor

import distributed  # noqa: F401 - its tblib pickles an error with all that hangs on it
import nbformat
import pandas
import pytest

import nb_banana
from nb_banana import Classroom, configure, credentials, errors, generate, generate_many, login
from nb_banana._default import client
from nb_banana.notebook.parser import parse_cell_line
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import TROUBLES
from nb_banana.services import failures
from nb_banana.settings import settings
from nb_banana.widgets.output import PanelOutput
from tests.conftest import KEY
from tests.support.servers import answering, picture, posts, server
from tests.support.shells import ipython_shell, run_notebook

PARTS = (KEY, KEY[:9], KEY[-9:])
OTHER = "another-key-0c9d8e7f6a5b4c3d"


def hides_the_key(*texts):
    for text in texts:
        data = text if isinstance(text, bytes) else str(text).encode()
        for part in PARTS:
            assert part.encode() not in data, data[:2000]


def all_of(error):
    """Whatever a program may write of an error, the variables of our own frames included."""
    error.__traceback__ = error.__traceback__.tb_next  # without the test's own frame
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return (
        str(error),
        repr(error),
        repr(error.facts),
        pickle.dumps(error),
        "".join(shown.format()),
    )


@pytest.fixture
def written(tmp_path, caplog):
    """Everything that is written meanwhile: logs of all libraries, warnings, files."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "nb_banana", "PIL"):
        caplog.set_level(logging.DEBUG, logger=name)

    def read():
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        return [caplog.text, repr([vars(each) for each in caplog.records]), *files]

    return read


@pytest.mark.parametrize("name", TROUBLES)
def test_the_key_is_in_nothing_that_a_trouble_leaves_behind(service, brisk, written, capfd, name):
    said = {"slow": "slow 0.1", "429-retry-after": "429-retry-after 999"}.get(name, name)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            image = generate(f"a banana [trouble: {said}]")
        except errors.BananaError as error:
            hides_the_key(*all_of(error))
        else:
            hides_the_key(repr(image), image.caption, vars(image), pickle.dumps(image))
    assert service.posts[0].authorized  # the key was there to be shown
    assert "urllib3.connectionpool" in written()[0]
    hides_the_key(*written(), *capfd.readouterr(), *warned)


def test_the_key_is_in_no_error_where_nobody_answers(written):
    configure(base_url="http://127.0.0.1:9")
    with pytest.raises(errors.NotConnectedError) as caught:
        generate("a banana", key=KEY)
    hides_the_key(*all_of(caught.value), *written())


ECHO = f"You sent Bearer {KEY}"
PARTLY = f"{ECHO}, that is {KEY[:9]}…{KEY[-9:]}"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, f"<html>{ECHO}</html>"),
        (200, f'{{"data": "{ECHO}"}}'),
        (200, f'{{"data": [], "message": "{PARTLY}"}}'),
        (200, f'{{"data": [{{"b64_json": "{KEY}!"}}]}}'),
        (400, f'{{"message": "{PARTLY}"}}'),
        (401, f'{{"message": ["{PARTLY}", {{"message": "{PARTLY}"}}], "requestId": "{KEY}"}}'),
        (500, f'{{"message": "{PARTLY}", "statusCode": 500, "requestId": "{KEY}"}}'),
        (502, f"<html>{ECHO}</html>"),
        (302, ECHO),
    ],
)
def test_a_key_that_comes_back_in_an_answer_goes_no_further(brisk, written, status, body):
    headers = {"Location": f"https://elsewhere.example/{KEY}"}
    with server(lambda each: each.reply(status, body.encode(), **headers)) as (url, _):
        configure(base_url=url)
        with pytest.raises(errors.BananaError) as caught:
            generate("a banana", key=KEY)
    hides_the_key(*all_of(caught.value))


def test_the_key_is_in_nothing_that_is_returned(service, written):
    image = generate("a banana", key=KEY)
    returned = [image, image.edit("riper"), image.receipt, image.request, image.tree()]
    returned += [nb_banana.dry_run("a banana"), configure(), nb_banana.recover()]
    for value in returned:
        hides_the_key(repr(value), *(each for each in [getattr(value, "__dict__", "")]))
    for value in (image, image.receipt, image.request):
        hides_the_key(pickle.dumps(value))
    hides_the_key(*written())


ODD = [
    f"{KEY}\nX-More: 1",
    f"{KEY}\r\n",
    f"ключ-{KEY}",
    f"{KEY} {KEY}",
    f"{KEY}\x00",
    f"{KEY}\ud800x",
]


@pytest.mark.parametrize("key", [key for key in ODD if key.strip() != KEY])
def test_a_key_with_odd_characters_is_refused_without_being_quoted(service, monkeypatch, key):
    monkeypatch.delenv("AIMLAPI_KEY")
    for call in (lambda: generate("a banana", key=key), lambda: login(key)):
        with pytest.raises(errors.MissingKeyError) as caught:
            call()
        shown = "".join(traceback.format_exception(caught.value))
        hides_the_key(str(caught.value), repr(caught.value), caught.value.facts, shown)
    assert service.received == []


@pytest.mark.parametrize("name", credentials.ENVIRONMENT)
@pytest.mark.parametrize("key", [f"{KEY}\nX-More: 1", f"ключ-{KEY}", f"{KEY} {KEY}"])
def test_an_odd_key_in_the_environment_is_named_by_its_place_alone(service, monkeypatch, name, key):
    monkeypatch.delenv("AIMLAPI_KEY")
    monkeypatch.setenv(name, key)
    with pytest.raises(errors.MissingKeyError, match=name) as caught:
        generate("a banana")
    hides_the_key(str(caught.value), "".join(traceback.format_exception(caught.value)))
    with ipython_shell() as ip:
        hides_the_key(ip.run("%%banana\na banana", fails=True), ip.printed)
    assert service.received == []


def test_a_white_space_around_a_key_is_no_part_of_it(service):
    assert generate("a banana", key=f" {KEY}\r\n").size == (1024, 1024)


def test_the_key_is_in_no_saved_notebook_even_with_all_that_can_be_logged(service, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    troubles = ("400", "401", "empty-item", "html", "link-404", "half-picture", "drop-after")
    notebook = run_notebook(
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "%xmode Verbose\n%load_ext nb_banana\n"
        f"%config Banana.base_url = '{service.url}'",
        *(f"%%banana\na banana [trouble: {each}]" for each in troubles),
        "import nb_banana, pickle\nx = nb_banana.generate('a banana')\n"
        "print(vars(x), x.receipt, vars(x.request), nb_banana.dry_run('a'))\nx",
        "nb_banana.generate('a banana [trouble: 400]')",
        allow_errors=True,
    )
    text = nbformat.writes(notebook)
    assert "/v1/images/generations" in text  # the log is in it
    assert len(service.posts) == len(troubles) + 2
    hides_the_key(text)


LINKS = [
    f"/files/{KEY}.png",
    f"/files/a.png?token={KEY.upper()}",
    f"/files/{KEY[:9]}.png",
    f"/files/{KEY[-9:]}.png",
    "/files/" + "".join(f"%{ord(each):02X}" for each in KEY),
    f"https://elsewhere.example/{KEY}",
]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("workers", [False, True], ids=["here", "by a worker"])
def test_a_link_with_the_key_is_not_asked_for_kept_or_shown(
    brisk, written, monkeypatch, link, workers
):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with server(answering([{"url": link}])) as (url, seen), ThreadPoolExecutor(1) as pool:
        configure(base_url=url)
        try:
            made = generate_many(["a banana"], executor=pool) if workers else generate("a banana")
            error = made[0].error
        except errors.DownloadError as raised:
            error = raised
        rows = (
            client()
            .context.places(client().context.known_kinds()[0])[0]
            ._index.rows("SELECT * FROM requests")
        )
    assert type(error) is errors.DownloadError
    assert "link has your key in it" in str(error)
    assert "recover() asks" in str(error)
    assert [each.path for each in seen if not each.path.startswith("/v")] == []
    assert len(posts(seen)) == 1
    assert [row["state"] for row in rows] == ["unknown"]
    assert "link has your key in it" in rows[0]["error"]
    hides_the_key(*all_of(error), *written(), rows)


def test_a_link_that_leads_to_one_with_the_key_is_not_followed(brisk, written, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)

    def answer(handler):
        if handler.command == "POST":
            handler.reply(200, b'{"data": [{"url": "/a.png"}]}')
        else:
            handler.reply(302, Location=f"/b.png?{KEY}")

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.DownloadError, match="key in it") as caught:
            generate("a banana")
    assert [each.path for each in seen if each.path.startswith("/b")] == []
    hides_the_key(*all_of(caught.value), *written())


def test_a_picture_beside_a_link_with_the_key_is_kept(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    item = {"url": f"/{KEY}.png", "b64_json": base64.b64encode(picture()).decode()}
    with server(answering([item, {"url": "/a.png"}], {"/a.png": picture("JPEG")})) as (url, seen):
        configure(base_url=url)
        image = generate("a banana")
    assert image.bytes == picture()
    assert [each.mime for each in image.extras] == ["image/jpeg"]
    assert all(KEY not in each.path for each in seen)


def test_an_id_that_is_the_key_is_not_kept(written, monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    data, headers = [{"url": "/a.png"}], {"x-inference-id": f"id-{KEY}"}
    with server(answering(data, {"/a.png": picture()}, headers=headers)) as (url, _):
        configure(base_url=url)
        image = generate("a banana")
    assert image.receipt.inference_id is None
    hides_the_key(repr(image.receipt), pickle.dumps(image), *written())


def interrupting(path):
    """A service that presses Ctrl-C once, when it is asked for this path; it has but a gateway."""
    over, first = threading.Event(), threading.Lock()

    def answer(handler):
        if handler.path.startswith(path):
            if first.acquire(blocking=False):
                os.kill(os.getpid(), signal.SIGINT)
            over.wait(30)
        handler.reply(502)

    return answer, over


def frames_of(error):
    """Everything that hangs on an error and what it came from, but for the test's own frames."""
    found, waiting = [], [error]
    while waiting:
        each = waiting.pop()
        if each is None or any(each is other for other in found):
            continue
        found.append(each)
        waiting += [each.__cause__, each.__context__]
    for each in found:
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if frame.f_code.co_filename != __file__:
                yield from frame.f_locals.values()


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/v1/images", lambda: generate("a banana")),
        ("/v1/images", lambda: generate("a banana", count=2)),
        ("/v1/images", lambda: generate("a banana", background=True).wait()),
        ("/v2/billing", nb_banana.doctor),
        ("/v2/billing", nb_banana.spending),
        ("/v2/logs", lambda: generate("a banana")),
        ("/a.png", lambda: generate("a banana", images=f"{settings.base_url}/a.png")),
    ],
    ids=["one", "many", "background", "doctor", "spending", "log", "reference"],
)
def test_ctrl_c_leaves_the_key_in_no_frame(monkeypatch, brisk, path, call):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    answer, over = interrupting(path)
    with server(answer) as (url, _):
        configure(base_url=url, fetch_references=True, fetch_private=True)
        try:
            with pytest.raises(KeyboardInterrupt) as caught:
                call()
            for value in frames_of(caught.value):
                hides_the_key(repr(value))
                sent = getattr(getattr(value, "request", None), "headers", "")
                hides_the_key(sent)
        finally:
            over.set()


WITH_KEY = {
    "prompt": {"prompt": f"a cat, {KEY}"},
    "in capitals": {"prompt": f"a cat, {KEY.upper()}"},
    "quoted": {"prompt": "a " + "".join(f"%{ord(each):02x}" for each in KEY)},
    "a part": {"prompt": f"a cat, {KEY[4:20]}"},
    "model": {"model": KEY},
    "aspect_ratio": {"aspect_ratio": KEY},
    "of an unknown model": {"model": "acme/new", "resolution": KEY},
    "params": {"params": {"style": {"like": [f"<{KEY}>"]}}},
    "name of a param": {"params": {KEY: 1}},
    "value": {"prompt": "a {{x}}", "values": {"x": f"a {KEY}"}},
    "value of a keyword": {"prompt": "a {{x}}", "x": [KEY]},
    "name of a value": {"prompt": "a {{x}}", "values": {KEY: 1}},
    "keyword": {KEY: 1},
    "alt": {"alt": f"a {KEY}"},
    "name": {"name": KEY},
    "save": {"save": f"{KEY}.png"},
    "path": {"images": f"no/such/{KEY}.png"},
    "address": {"images": f"https://elsewhere.example/?k={KEY}"},
}


@pytest.mark.parametrize("given", WITH_KEY.values(), ids=WITH_KEY)
@pytest.mark.parametrize("fetch", [False, True])
def test_a_key_in_a_persons_words_is_neither_sent_nor_kept_nor_shown(
    service, written, given, fetch
):
    configure(fetch_references=fetch)
    options = {"prompt": "a banana"} | given
    asking = {name: each for name, each in options.items() if name not in {"alt", "name", "save"}}
    others = {name: each for name, each in options.items() if name not in asking}
    calls = [
        lambda: generate(**options),
        lambda: generate(**options, count=2),
        lambda: generate(**options, background=True),
        lambda: generate_many([asking], **others),
        lambda: nb_banana.sweep(**options | {"prompt": f"{options['prompt']} {{{{n}}}}", "n": [1]}),
    ]
    for call in [*calls, lambda: nb_banana.dry_run(**asking)][: len(calls) + (not others)]:
        with pytest.raises(errors.RequestError, match="key in it") as caught:
            call()
        hides_the_key(str(caught.value), repr(caught.value), caught.value.facts)
    assert service.received == []
    hides_the_key(*written())


@pytest.mark.parametrize("count", [None, 2])
@pytest.mark.parametrize("background", [False, True])
def test_a_key_that_is_given_for_one_call_is_looked_for_too(service, written, count, background):
    with pytest.raises(errors.RequestError, match="key in it") as caught:
        generate(f"a {OTHER}", key=OTHER, count=count, background=background).wait()
    assert OTHER not in str(caught.value)
    with pytest.raises(errors.RequestError, match="key in it"):
        generate_many((each for each in [f"a {OTHER}"]), key=OTHER)
    assert service.posts == []
    assert all(OTHER.encode() not in each for each in written() if isinstance(each, bytes))


@pytest.mark.parametrize(
    "cell",
    [
        f"%%banana -a {KEY}\na banana",
        f"%%banana -i {KEY}.png\na banana",
        f"%%banana --param style={KEY}\na banana",
        f"%%banana\na banana {KEY}",
        f"%%banana\na banana {{{{ a {KEY} }}}}",
        f"%banana -a 16:9 a banana {KEY}",
        "%%banana\na banana {{ os.environ }}",
        "%%banana\na banana {{ os.environ['AIMLAPI_KEY'] }}",
        "%%banana --alt '{{ mine }}'\na banana",
        "%%banana -i {{mine}}\na banana",
        "%%banana --save {{mine}}.png\na banana",
        "%%banana --sweep 'style={{mine}},ink'\na {{style}} banana",
    ],
)
def test_a_key_in_a_cell_is_not_shown_by_what_it_prints(service, written, cell):
    with ipython_shell() as ip:
        ip.names |= {"os": os, "mine": KEY}
        error = ip.run(cell, fails=True)
        assert isinstance(error, errors.RequestError)
        hides_the_key(str(error), ip.printed, *(each.data for each in ip.shown))
    assert service.posts == []
    hides_the_key(*written())


def test_a_key_that_was_typed_into_the_panel_is_not_kept_in_its_output(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    output = PanelOutput()
    output.tell(f"%%banana\na cat, {KEY}")
    hides_the_key(vars(output))


def test_words_that_are_like_a_key_are_words(service):
    assert generate(f"a key that begins with {KEY[:9]}", alt=KEY[-8:]).path.is_file()


def from_colab(monkeypatch):
    userdata = types.ModuleType("google.colab.userdata")
    userdata.get = {"AIMLAPI_KEY": KEY}.get
    colab = types.ModuleType("google.colab")
    colab.userdata = userdata
    monkeypatch.setitem(sys.modules, "google.colab", colab)


def from_keyring(monkeypatch):
    keyring = types.ModuleType("keyring")
    keyring.get_password = lambda *_: KEY
    monkeypatch.setitem(sys.modules, "keyring", keyring)


QUOTING = {
    "aspect_ratio": lambda: generate("a banana", aspect_ratio=KEY),
    "reference": lambda: generate("a banana", images=[KEY]),
    "load": lambda: nb_banana.load(KEY),
    "load a file": lambda: nb_banana.load(f"{KEY}.png"),
    "history": lambda: nb_banana.history(KEY),
    "forget": lambda: nb_banana.forget(KEY),
    "budget": lambda: configure(budget=KEY),
    "library": lambda: configure(library=f"/tmp/{KEY}"),
    "option": lambda: parse_cell_line(f"-a {KEY}", {}),
    "take": lambda: parse_cell_line(f"--take {KEY}", {}),
    "a file": lambda: generate("a banana").save(f"{KEY}.png"),
    "a folder": lambda: generate_many(["a banana"]).save(KEY),
    "a folder of all": lambda: nb_banana.history().save(f"out/{KEY}"),
    "a file of two": lambda: nb_banana.compare(picture(), picture()).save(f"{KEY}.png"),
    "alt": lambda: setattr(generate("a banana"), "alt", f"a {KEY}"),
    "lint": lambda: nb_banana.lint(f"{KEY}.ipynb"),
    "pack": lambda: nb_banana.pack("a.zip", notebook=f"{KEY}.ipynb"),
    "unpack": lambda: nb_banana.unpack(f"{KEY}.zip"),
    "unpack into": lambda: nb_banana.unpack("a.zip", KEY),
    "inside of a setting": lambda: configure(quiet={KEY: 1}),
    "what is swept": lambda: nb_banana.sweep("a banana", over={KEY: [1]}),
    "column": lambda: generate_many("a {{x}}", {KEY: [1]}),
}


@pytest.mark.parametrize("call", QUOTING.values(), ids=QUOTING)
@pytest.mark.parametrize("source", [from_colab, from_keyring, None])
def test_a_key_from_wherever_it_came_is_known_to_what_quotes_words(
    sandbox, monkeypatch, source, call
):
    configure(base_url=sandbox.url)
    if source is not None:
        source(monkeypatch)
    generate("a banana", **({} if source else {"key": KEY}))
    with pytest.raises((errors.RequestError, errors.SettingsError), match="key in it") as caught:
        call()
    hides_the_key(str(caught.value), repr(caught.value), repr(caught.value.__cause__))


@pytest.mark.parametrize(
    "call",
    [
        lambda many: many.where(**{KEY: 1}),
        lambda many: many[KEY],
        lambda many: generate_many(["a banana"], executor=KEY),
        lambda _: nb_banana.MODELS[KEY],
    ],
)
def test_a_key_in_place_of_a_name_is_not_quoted(sandbox, call):
    configure(base_url=sandbox.url)
    many = generate_many(["a banana"], key=KEY)
    with pytest.raises((errors.BananaError, TypeError)) as caught:
        call(many)
    hides_the_key(str(caught.value), repr(caught.value))


def test_pictures_that_can_not_be_compared_are_told_in_a_traceback_with_its_variables():
    with pytest.raises(errors.BananaError) as caught:
        nb_banana.compare(picture(), "gone.png")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "<Comparison of left and right>" in "".join(shown.format())


@pytest.mark.parametrize(
    "call_of",
    [
        lambda **given: generate("a banana", **given),
        lambda **given: generate_many(["a banana"], **given),
        lambda **given: nb_banana.sweep("a {{n}} banana", n=[1], **given),
    ],
)
def test_a_key_is_known_with_the_first_call_that_it_is_given_for(call_of):
    with pytest.raises(errors.RequestError, match="key in it") as caught:
        call_of(aspect_ratio=KEY, key=KEY)
    hides_the_key(str(caught.value))


@pytest.mark.parametrize(
    "call_of",
    [
        lambda **given: nb_banana.sweep("a {{n}} banana", n=[1], aspect_ratio="9:99", **given),
        lambda **given: nb_banana.sweep("a {{n}} banana", {"n": [1]}, **given),
    ],
)
def test_no_frame_of_a_sweep_that_is_refused_holds_the_key(call_of):
    with pytest.raises((errors.RequestError, TypeError)) as caught:
        call_of(key=KEY)
    hides_the_key(*map(repr, frames_of(caught.value)))


@pytest.mark.parametrize("source", [from_colab, from_keyring, None])
def test_no_link_leads_to_a_key_from_wherever_it_came(brisk, monkeypatch, source):
    def answer(handler):
        if handler.command == "POST":
            handler.reply(200, b'{"data": [{"url": "/a.png"}]}')
        else:
            handler.reply(302, Location=f"/b.png?{KEY}")

    if source is not None:
        source(monkeypatch)
    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.DownloadError, match="key in it"):
            generate("a banana", **({} if source else {"key": KEY}))
    assert [each.path for each in seen if each.path.startswith("/b")] == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("my-nano-banana-key", "a nano-banana-2 and my-nano-banana in a key"),
        ("my-nano-banana-2-key", "drawn by nano-banana-2"),
        ("dummy", "a crash test dummy in a car"),
        ("student-key", "the student-keyring of a student"),
        ("student-2026", "badge: student-2025 on a shirt"),
        ("aspect_ratio-key", "an aspect_ratio"),
    ],
)
def test_words_are_words_whatever_the_key_is(monkeypatch, key, words):
    monkeypatch.setenv("AIMLAPI_KEY", key)
    link = "/nano-banana-2/a.png"
    with server(answering([{"url": link}], {link: picture()})) as (url, _):
        configure(base_url=url)
        options = {"model": "nano-banana-2", "aspect_ratio": "16:9", "params": {"a": 1}}
        assert generate(words, alt=words, name="x", **options).bytes == picture()
    said = "google/nano-banana-2 takes no aspect_ratio"
    assert credentials.Secret(key).redact(said) == said


@pytest.mark.parametrize("key", ["my-nano-banana-key", "student-key", "student-2026", KEY])
@pytest.mark.parametrize("around", ["a {}", "{}.png", "“{}”", "{}"])
def test_a_whole_key_in_words_is_refused_however_readable_it_is(monkeypatch, key, around):
    monkeypatch.setenv("AIMLAPI_KEY", key)
    with pytest.raises(errors.RequestError, match="key in it"):
        generate(around.format(key))


def test_what_a_service_says_stays_readable_and_our_ids_whole():
    said = "google/nano-banana-2 takes no aspect_ratio 9:1 in class standard"
    assert credentials.Secret("sk-class-banana-2026").redact(said) == said
    ours = f"nbb-{KEY}"
    error = errors.ServerError("No.", client_request_id=ours, inference_id=f"x{KEY[9:20]}")
    facts = failures.redact(error, credentials.Secret(KEY)).facts
    assert facts == {"client_request_id": ours, "inference_id": "…"}


SPELLINGS = {
    "as it is": KEY,
    "in capitals": KEY.upper(),
    "quoted": "".join(f"%{ord(each):02X}" for each in KEY),
    "quoted twice": "".join(f"%25{ord(each):02x}" for each in KEY),
    "encoded": base64.b64encode(KEY.encode()).decode(),
    "the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_known_in_other_spellings(spelled):
    secret = credentials.Secret(KEY)
    assert secret.redact(f"no {spelled}, no") == "no …, no"
    assert secret.redact_bytes(f"no {spelled}!".encode()).rstrip(b"=!") == b"no [key]"
    assert secret.is_in(f"no {spelled}")


def test_keys_of_a_class_are_in_the_one_file_and_nowhere_else(written, tmp_path, capfd):
    """Those that were handed out as well as the key that made them."""
    with Sandbox(management_key=KEY) as service:
        configure(base_url=service.url)
        room = Classroom(KEY)
        handout = room.create(3, limit=0.1)
        file = handout.save(tmp_path / "keys.csv")
        room.disable("student-02")
        room.delete("student-03")
        secrets = {name: secret.reveal() for name, secret in handout.items()}
        with pytest.raises(errors.RequestError, match="key in it"):
            generate(f"a banana {secrets['student-01']}", key=secrets["student-02"])
        for name in handout:
            try:
                generate("a banana", key=secrets[name])
                generate(f"a pear of {name}", key=secrets[name])
            except errors.BananaError as error:
                told = all_of(error)
            for each in secrets.values():
                assert each not in "".join(map(str, told))
            hides_the_key(*told)
    frame = pandas.DataFrame({"key": handout.values()}, index=list(handout))
    shown = [repr(handout), str(handout), repr(room), repr(room.keys), handout.items()]
    shown += [frame, frame.to_html(), frame.to_csv(), vars(handout), vars(room), list(handout)]
    assert "urllib3.connectionpool" in written()[0]
    for text in (*shown, *written(), *capfd.readouterr()):
        data = text if isinstance(text, bytes) else str(text).encode()
        if data != file.read_bytes():
            assert not any(each.encode() in data for each in secrets.values())
        assert all(each.encode() in data for each in secrets.values()) is (
            data == file.read_bytes()
        )
        hides_the_key(text)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, f"<html>{ECHO}</html>"),
        (200, f'{{"data": {{"key": "{OTHER}", "name": "{KEY}'),
        (200, f'{{"data": {{"key": ["{OTHER}"]}}}}'),
        (400, f'{{"message": "{PARTLY}", "statusCode": 400, "path": "{KEY}"}}'),
        (401, f'{{"message": ["{PARTLY}"], "statusCode": 401, "requestId": "{KEY}"}}'),
        (500, f'{{"message": "{PARTLY}", "statusCode": 500, "requestId": "{KEY}"}}'),
        (502, f"<html>{ECHO}</html>"),
        (302, ECHO),
    ],
)
def test_a_management_key_that_comes_back_goes_no_further(written, status, body):
    def answer(handler):
        handler.reply(
            *((status, body.encode()) if handler.command == "POST" else (200, b'{"data": []}'))
        )

    with server(answer) as (url, _):
        configure(base_url=url)
        with pytest.raises(errors.BananaError) as caught:
            Classroom(KEY).create(2)
    hides_the_key(*all_of(caught.value), *written())
    assert OTHER not in "".join(map(str, all_of(caught.value)))
