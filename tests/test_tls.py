"""Whose certificates are trusted, and which way a request goes: as the environment says it."""

import socket
import ssl
import threading

import pytest
import trustme

from nb_banana import ImageRequest, errors
from nb_banana.generation.pipeline import make
from nb_banana.services.service import Service

from .servers import answering, picture, posts, server
from .test_paid_pictures import trickle

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
        yield Service(url), seen


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


def test_an_answer_that_trickles_for_ever_is_given_up_over_tls_too(secure, bundle, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with server(trickle, secure) as (url, seen):
        with pytest.raises(errors.AnswerTimeoutError, match=r"within 0.5 s"):
            make(ImageRequest("a banana"), service=Service(url, timeout=0.5))
        assert len(posts(seen)) == 1


def test_a_proxy_that_is_named_later_is_asked_from_then_on(monkeypatch):
    with pytest.raises(errors.NotConnectedError, match="Look at the network"):
        make(ImageRequest("a banana"), service=Service("https://images.invalid"))
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        asked = []

        def refuse():
            for _ in range(4):
                connection, _ = proxy.accept()
                with connection:
                    asked.append(connection.recv(1000).partition(b" HTTP")[0])
                    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        with pytest.raises(errors.NotConnectedError, match="HTTPS_PROXY"):
            make(ImageRequest("a banana"), service=Service("https://images.invalid"))
    assert set(asked) == {b"CONNECT images.invalid:443"}
