"""`Banana.fetch_references`: pictures behind addresses are fetched here, once, and with care."""

import http.server
import threading
from contextlib import contextmanager

import pytest

import nb_banana
from nb_banana.references import fetch
from nb_banana.results.image_display import image_lines
from tests.support.pictures import camera, encode, picture
from tests.support.shells import ipython_shell

RED = encode(picture(), "JPEG", exif=camera(6))


class Shelf(http.server.BaseHTTPRequestHandler):
    """A web server with a photo, a page, a long way and a film."""

    def do_GET(self):
        self.server.asked.append(self.path)
        place = self.path.lstrip("/")
        if place.startswith("to="):
            self._answer(302, b"", Location=place.removeprefix("to="))
        elif place.startswith("photo"):
            self._answer(200, RED)
        elif place == "page":
            self._answer(200, b"<!doctype html><title>no picture</title>")
        elif place == "film":
            self._answer(200, b"\0" * 5000)
        else:
            self._answer(404, RED)

    def _answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def running():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def web():
    nb_banana.configure(fetch_references=True, fetch_private=True)
    with running() as server:
        yield server


def test_the_picture_is_fetched_here_and_sent_upright_without_its_place(door, web):
    image = door.draw("a banana", [f"{web.url}/photo"])
    assert door.arrived[0].size == (40, 60)
    assert b"Secret" not in door.files[0]
    assert web.asked == ["/photo"]
    assert f"image 1 = {web.url}/photo" in image_lines(image)


def test_without_the_setting_the_service_fetches_it(door, web):
    nb_banana.configure(fetch_references=False)
    door.draw("a banana", [f"{web.url}/photo"])
    assert door.body["image_urls"] == [f"{web.url}/photo"]


def test_redirects_are_followed(door, web):
    door.draw("a banana", [f"{web.url}/to={web.url}/to=/photo"])
    assert len(door.arrived) == 1
    assert web.asked[-1] == "/photo"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nothing", "answers 404"),
        ("page", "is not a picture: it is a web page"),
        ("film", "is not a picture"),
        ("to=/to=/to=/to=/to=/to=/to=/photo", "leads in circles"),
        ("to=file:///etc/passwd", "no host|no http"),
        ("to=http://0.0.0.0:1/x", "could not be fetched"),
    ],
)
def test_what_is_no_picture_is_refused_before_any_money(door, web, place, words):
    refusal = door.refused("a banana", [f"{web.url}/{place}"])
    assert any(word in refusal for word in words.split("|")), refusal
    assert web.url in refusal or "0.0.0.0" in refusal or "file:" in refusal


def test_what_is_too_long_is_refused(door, web, monkeypatch):
    monkeypatch.setattr(fetch, "MOST_BYTES", 3000)
    assert "has more than" in door.refused("a banana", [f"{web.url}/film"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433",
        "10.0.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]", "100.64.0.1",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_network_are_not_fetched(door, web, host):
    nb_banana.configure(fetch_private=False)
    refusal = door.refused("a banana", [f"http://{host}:{web.server_port}/photo"])
    assert "Banana.fetch_private = True" in refusal
    assert web.asked == []


@pytest.mark.parametrize("url", ["https:///x", "http://:80/x", "https://?x"])
def test_an_address_without_a_host_is_said_to_be_none(url):
    with pytest.raises(nb_banana.errors.BadReferenceError, match="There is no host of"):
        fetch._check_address(url, private=True)


def test_a_redirect_into_this_network_is_not_followed(web, monkeypatch):
    nb_banana.configure(fetch_private=False)
    own = fetch._check_address
    monkeypatch.setattr(
        fetch, "_check_address", lambda url, private: None if "/to=" in url else own(url, private)
    )  # as if the first address were one of the world
    with pytest.raises(nb_banana.errors.BadReferenceError, match="fetch_private"):
        nb_banana.generate("a banana", images=f"{web.url}/to={web.url}/photo")
    assert len(web.asked) == 1


def test_two_addresses_of_one_picture_are_one_image_in_the_prose(service, web):
    with ipython_shell() as shell:
        shell.run("import PIL.Image; blue = PIL.Image.new('RGB', (9, 9), 'blue')")
        shell.run(f"%%banana -i {web.url}/photo -i {web.url}/photo?2\n{{{{blue}}}} on it")
    assert service.posts[0].body["prompt"] == "image 2 on it"
    assert len(service.posts[0].body["image_urls"]) == 2


def test_a_fetched_picture_is_kept_with_the_result(service, web):
    nb_banana.generate("a banana", images=f"{web.url}/photo")
    again = nb_banana.generate("a banana", images=f"{web.url}/photo?2")
    assert again.came == "reused"
    assert again.request.references[0].data.startswith(b"\xff\xd8")
