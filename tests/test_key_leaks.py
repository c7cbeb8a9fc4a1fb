"""The key is nowhere: not in what is shown, logged, warned of, pickled, kept or raised."""

import logging
import pickle
import traceback
import warnings

import distributed  # noqa: F401 - its tblib pickles an error with all that hangs on it
import nbformat
import pytest

import nb_banana
from nb_banana import configure, credentials, errors, generate, login
from nb_banana.sandbox.faults import TROUBLES

from .conftest import KEY
from .servers import server
from .shells import ipython_shell, run_notebook

PARTS = (KEY, KEY[:9], KEY[-9:])


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
