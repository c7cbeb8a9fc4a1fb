"""A sandbox for a room: it has a key, is reached from elsewhere, and is no way into the network."""

import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
from io import BytesIO

import pytest
import requests
from PIL import Image

from nb_banana.sandbox import Sandbox, addresses
from tests.support.room import own_address

MODEL = "google/nano-banana-2"
KEY = "a-key-for-a-room-5511"


@pytest.fixture
def sandbox():
    with Sandbox(KEY, host="0.0.0.0") as running:
        yield running


def draw(sandbox, key=KEY, url=None, host=None, **fields):
    headers = {"Authorization": f"Bearer {key}"} | ({"Host": host} if host else {})
    body = {"model": MODEL, "prompt": "a banana", **fields}
    where = f"{url or sandbox.url}/v1/images/generations"
    return requests.post(where, json=body, headers=headers, timeout=30)


def link(response):
    return response.json()["data"][0]["url"]


def test_off_this_machine_it_has_a_key_whoever_starts_it():
    with Sandbox(host="0.0.0.0") as first, Sandbox(host="0.0.0.0") as second:
        assert first.key != second.key
        assert len(first.key) == 32
        assert first.key not in repr(first)
        assert [draw(first, key).status_code for key in ("", "any", first.key)] == [401, 401, 200]
    for host in ("127.0.0.1", "localhost", "::1", "127.3.2.1"):
        assert Sandbox(host=host).key is None


def test_a_link_begins_as_the_client_called_it(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    for url in (sandbox.url, f"http://127.0.0.1:{port}"):
        made = draw(sandbox, url=url)
        assert link(made).startswith(f"{url}/generations/")
        assert Image.open(BytesIO(requests.get(link(made), timeout=30).content)).size == (
            1024,
            1024,
        )


HOSTS = {
    "10.1.2.3:8080": "http://10.1.2.3:8080",  # a port that is passed on
    "[fd00::7]:81": "http://[fd00::7]:81",
    "10.1.2.3": "http://10.1.2.3",
    "evil.example": None,
    "evil.example:80": None,
    "10.1.2.3@evil.example": None,
    "10.1.2.3/../evil": None,
    "10.1.2.3 evil.example": None,
    "1.2.3": None,
    "[::1": None,
    "10.1.2.3:port": None,
    "10.1.2.3:123456": None,
}


@pytest.mark.parametrize(("host", "begins"), HOSTS.items())
def test_no_name_that_is_no_address_gets_into_a_link(sandbox, host, begins):
    begins = begins or sandbox.url
    assert link(draw(sandbox, host=host)).startswith(f"{begins}/generations/")


def test_on_this_machine_the_host_header_says_nothing():
    with Sandbox() as sandbox:
        assert link(draw(sandbox, host="10.1.2.3:8080")).startswith(f"{sandbox.url}/generations/")


@contextlib.contextmanager
def listener(host):
    """Somebody who must not be asked: a socket, and whether anybody came."""
    with socket.create_server((host, 0)) as server:
        server.settimeout(0.05)
        yield f"http://{host}:{server.getsockname()[1]}/secret.png"
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("host", ["127.0.0.1", "here"])
def test_it_fetches_nothing_from_its_network_for_others(sandbox, host):
    with listener(own_address() if host == "here" else host) as url:
        response = draw(sandbox, image_urls=[url])
    assert response.status_code == 400
    assert "fetches nothing there for others" in response.json()["message"][1]


NEAR = ["http://localhost/a.png", "https://192.168.1.1/a.png", "http://[::1]:8/a.png"]
NEAR += ["http://169.254.169.254/latest", "http://[fd00::1]/a.png", "http://[::ffff:10.0.0.1]/"]


@pytest.mark.parametrize("uri", NEAR)
def test_an_address_of_a_network_is_refused_whatever_it_is(sandbox, uri):
    assert draw(sandbox, image_urls=[uri]).status_code == 400


def test_an_address_elsewhere_is_not_fetched_as_ever(sandbox):
    assert draw(sandbox, image_urls=["https://example.com/a.png"]).status_code == 200


def test_its_own_pictures_are_references_by_their_links(sandbox):
    first = link(draw(sandbox, aspect_ratio="16:9"))
    lite = "google/gemini-3-1-flash-lite-image"  # takes the shape of its reference
    [item] = draw(sandbox, model=lite, image_urls=[first]).json()["data"]
    assert (item["width"], item["height"]) == (1376, 768)
    gone = first.rpartition("/")[0] + "/no-such.png"
    assert draw(sandbox, image_urls=[gone]).status_code == 400


def test_a_picture_that_is_sent_itself_is_fine(sandbox):
    out = BytesIO()
    Image.new("RGB", (40, 30), "gold").save(out, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    assert draw(sandbox, image_urls=[uri]).status_code == 200


def start(*arguments, **environment):
    command = [sys.executable, "-m", "nb_banana.sandbox", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def said_by(process, lines):
    try:
        return [process.stdout.readline().rstrip() for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def test_the_command_says_what_to_type_in_each_notebook():
    first, key, _, allow, where, login = said_by(start("--host", "0.0.0.0"), 6)
    url = first.split()[5]
    host = url.removeprefix("http://").rpartition(":")[0]
    assert "0.0.0.0" not in first
    assert len(key.rpartition(" ")[2]) == 32
    assert allow.strip() == f'%config Banana.allow_http = ["{host}"]'
    assert where.strip() == f'%config Banana.base_url = "{url}"'
    assert login.strip() == "import nb_banana; nb_banana.login()"


def test_a_key_that_was_given_is_not_printed():
    process = start("--host", "0.0.0.0", "--key-env", "ROOM", ROOM=KEY)
    assert KEY not in "".join(said_by(process, 5))


def test_a_management_key_comes_from_the_environment():
    process = start("--management-key-env", "MANAGER", MANAGER="management-1")
    try:
        url = process.stdout.readline().split()[2]
        statuses = [
            requests.get(
                f"{url}/v1/keys", headers={"Authorization": f"Bearer {key}"}, timeout=30
            ).status_code
            for key in ("management-1", "another")
        ]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert statuses == [200, 401]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "no.such.host.invalid"],
        ["--host", "8.8.8.8"],
        ["--management-key-env", "NB_BANANA_NOT_SET"],
        ["--port", "-1"],
    ],
)
def test_what_can_not_be_is_one_sentence(arguments):
    process = start(*arguments)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, "Traceback" in said) == (2, False)


@pytest.mark.parametrize(
    ("place", "reached"),
    [
        ((socket.AF_INET, ("192.168.1.5", 80)), "192.168.1.5"),
        ((socket.AF_INET6, ("fd00::5", 80, 0, 0)), "fd00::5"),
    ],
)
def test_an_address_that_is_one_is_how_it_is_reached(place, reached):
    assert addresses.reached_at(place) == reached
    assert addresses.url_of("fd00::5", 80) == "http://[fd00::5]:80"


@pytest.mark.parametrize(
    ("own", "url"),
    [
        (("192.168.1.5", 80), "http://192.168.1.5:80"),
        (("::ffff:192.168.1.5", 80, 0, 0), "http://192.168.1.5:80"),
        (("fd00::5", 80, 0, 0), "http://[fd00::5]:80"),
    ],
)
def test_without_a_host_header_a_link_begins_with_the_address_of_the_connection(own, url):
    assert addresses.asked_at("", own) == url
