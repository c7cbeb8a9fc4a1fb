"""Whose certificates are trusted, and which way a request goes: as the environment says it."""

import socket
import ssl
import threading
import time
from contextlib import ExitStack, suppress

import pytest
import trustme

from nb_banana import ImageRequest, configure, errors, generate
from nb_banana.services.endpoint import Endpoint
from nb_banana.wire import connection
from tests.conftest import KEY
from tests.generation.test_paid_pictures import trickle
from tests.support.kernels import make
from tests.support.moments import until
from tests.support.servers import (
    answering,
    drip,
    ending,
    message,
    picture,
    posts,
    raw_server,
    server,
)
from tests.test_key_leaks import all_of, hides_the_key

LINK = "/pictures/1.png"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority):
    """What a server on loopback shows its certificate with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def service(secure):
    """An https service on loopback, and what it has seen."""
    with server(answering([{"url": LINK}], {LINK: picture()}), secure) as (url, seen):
        yield Endpoint(url), seen


@pytest.fixture
def bundle(authority, tmp_path):
    """A file with the certificate that the service's own is from."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_the_environment_names_are_trusted(name, service, bundle, monkeypatch):
    monkeypatch.setenv(name, str(bundle))
    assert make(ImageRequest("a banana"), service=service[0]).size == (64, 48)


def test_a_certificate_of_nobody_known_is_refused_and_nothing_is_charged(service):
    with pytest.raises(errors.NotConnectedError, match="certificate was refused"):
        make(ImageRequest("a banana"), service=service[0])
    assert not posts(service[1])


def test_what_the_environment_says_later_counts_from_then_on(service, bundle, monkeypatch):
    with pytest.raises(errors.NotConnectedError):
        make(ImageRequest("a banana"), service=service[0])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert make(ImageRequest("a banana"), service=service[0]).size == (64, 48)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_certificates_that_are_none_are_said_and_nothing_is_charged(
    content, service, tmp_path, monkeypatch
):
    file = tmp_path / "none.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with pytest.raises(errors.NotConnectedError, match=r"no certificates in .*none\.pem"):
        make(ImageRequest("a banana"), service=service[0])
    assert not posts(service[1])


def test_a_folder_without_certificates_trusts_nobody(service, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with pytest.raises(errors.NotConnectedError, match="certificate was refused"):
        make(ImageRequest("a banana"), service=service[0])


def test_the_certificates_are_read_once_for_all_threads(service, bundle, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    make(ImageRequest("a banana"), service=service[0])
    bundle.unlink()
    sizes = []

    def ask():
        sizes.append(make(ImageRequest("another banana"), service=service[0]).size)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert sizes == [(64, 48)]
    assert len({each.client for each in service[1]}) == 2


def test_an_answer_that_trickles_for_ever_is_given_up_over_tls_too(
    secure, bundle, brisk, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with server(trickle, secure) as (url, seen):
        with pytest.raises(errors.AnswerTimeoutError, match=r"within 0.5 s"):
            make(ImageRequest("a banana"), service=Endpoint(url, timeout=0.5))
        until(lambda: posts(seen))  # it may give up before the other side has begun to read
        assert len(posts(seen)) == 1


def test_a_proxy_that_is_named_later_is_asked_from_then_on(monkeypatch):
    with pytest.raises(errors.NotConnectedError, match="Look at the network"):
        make(ImageRequest("a banana"), service=Endpoint("https://images.invalid"))
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        asked = []

        def refuse():
            with suppress(OSError):  # nobody listens any more
                while True:
                    connection, _ = proxy.accept()
                    with connection:
                        asked.append(connection.recv(1000).partition(b" HTTP")[0])
                        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(errors.NotConnectedError, match="HTTPS_PROXY"):
            make(ImageRequest("a banana"), service=Endpoint("https://images.invalid"))
        proxy.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert set(asked) == {b"CONNECT images.invalid:443"}


def hang_up(talking, head):
    """The connection ends without a word."""


def slowly(talking, head):
    talking.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(talking, b"a")


def never(talking, head):
    time.sleep(10)


def open_and(then):
    """A proxy that opens the way, to somebody who then says this in place of a handshake."""

    def talk(talking, head):
        talking.sendall(message("HTTP/1.1 200 Connection established"))
        then(talking, head)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        hang_up,
        slowly,
        never,
        lambda talking, head: talking.sendall(b"\0\1\2" * 50),
        lambda talking, head: talking.sendall(message("HTTP/1.1 403 Forbidden")),
        lambda talking, head: talking.sendall(message("HTTP/1.1 timed out")),
        open_and(hang_up),
        open_and(slowly),
        open_and(never),
        open_and(lambda talking, head: talking.sendall(b"\x16\3\3\x7f\xff")),
    ],
)
def test_a_proxy_or_a_handshake_that_fails_means_that_nothing_was_sent(monkeypatch, talk):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 0.3)
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with raw_server(talk) as (url, heads):
        monkeypatch.setenv("https_proxy", url.replace("http://", "http://me:s3cret@"))
        configure(base_url="https://images.invalid")
        error = ending(lambda: generate("a banana", key=KEY))
    assert type(error) is errors.NotConnectedError
    assert "nothing was charged" in str(error)
    assert {head.split()[0] for head in heads} <= {b"CONNECT"}  # it may be too slow to hear it
    assert "s3cret" not in str(error)
    hides_the_key(*all_of(error), *heads)


def test_a_proxy_may_be_named_without_its_scheme(monkeypatch):
    with raw_server(hang_up) as (url, heads):
        monkeypatch.setenv("https_proxy", url.removeprefix("http://"))
        with pytest.raises(errors.NotConnectedError, match="HTTPS_PROXY"):
            make(ImageRequest("a banana"), service=Endpoint("https://images.invalid"))
        assert heads


@pytest.mark.parametrize("silent", [True, False])
def test_a_handshake_that_does_not_end_means_that_nothing_was_sent(monkeypatch, silent):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 0.3)

    def accept():
        with suppress(OSError):
            talking, _ = listener.accept()
            with talking:
                talking.sendall(b"\x16\3\3\x7f\xff")
                time.sleep(10) if silent else drip(talking, b"\0")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        service = Endpoint(f"https://127.0.0.1:{listener.getsockname()[1]}")
        error = ending(lambda: make(ImageRequest("a banana"), service=service))
    assert type(error) is errors.NotConnectedError


def test_a_service_that_is_there_a_moment_later_is_sent_the_request_once(monkeypatch):
    def come_up(retry, response=None):
        if not running:
            running.append(stack.enter_context(server(answer, port=port)))

    answer = answering([{"url": LINK}], {LINK: picture()})
    running: list = []
    monkeypatch.setattr("urllib3.util.Retry.sleep", come_up)
    with ExitStack() as stack, socket.socket() as kept:
        # It does not listen, and keeps the port for who does later.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        made = make(ImageRequest("a banana"), service=Endpoint(f"http://127.0.0.1:{port}"))
        assert made.size == (64, 48)
        assert len(posts(running[0][1])) == 1


def test_a_kept_connection_that_was_closed_meanwhile_is_another_one_the_next_time():
    closed = threading.Semaphore(0)

    def talk(talking, head):
        talking.sendall(message("HTTP/1.1 200 OK", "Content-Length: 12", body=b'{"data": []}'))
        talking.shutdown(socket.SHUT_RDWR)
        closed.release()

    with raw_server(talk) as (url, heads):
        for number in range(3):
            before = len(heads)
            with pytest.raises(errors.RefusalError):
                make(ImageRequest(f"banana {number}"), service=Endpoint(url))
            for _ in heads[before:]:  # a question to the log may have come after the POST
                assert closed.acquire(timeout=30)
        assert sum(head.startswith(b"POST") for head in heads) == 3


@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy"])
def test_a_socks_proxy_without_its_package_is_said_with_the_cure(monkeypatch, name):
    monkeypatch.setattr("nb_banana.wire.transport.find_spec", lambda _: None)
    monkeypatch.setenv(name, "socks5h://me:s3cret@127.0.0.1:9")
    with pytest.raises(errors.NotConnectedError) as caught:
        make(ImageRequest("a banana"), service=Endpoint("https://images.invalid"))
    assert f"{name} names a SOCKS proxy" in str(caught.value)
    assert "pip install 'requests[socks]'" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:abc", "http://[", "http://", "a" * 70])
def test_a_proxy_that_can_be_none_is_named_and_nothing_is_charged(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(errors.NotConnectedError, match="HTTPS_PROXY"):
        make(ImageRequest("a banana"), service=Endpoint("https://images.invalid"))
