"""Trouble on the wire, of every kind and for every kind of request, ends in an error of ours."""

import gzip
import itertools
import json
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import nb_banana
from nb_banana import configure, errors
from nb_banana.credentials import Secret
from nb_banana.references import fetch
from nb_banana.references.limits import ReferenceLimits
from nb_banana.services import account
from nb_banana.services.endpoint import Endpoint
from nb_banana.wire import downloads
from nb_banana.wire.transport import HttpTransport, NoAnswerError
from tests.conftest import KEY
from tests.generation.test_charged import journal
from tests.support.servers import drip, ending, message, picture, raw_server

OK = "HTTP/1.1 200 OK"
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"
LINK = "/pictures/1.png"
JSON = json.dumps({"data": [{"url": LINK}]}).encode()


def dripping(after: bytes, data: bytes = b"a"):
    """An answer that goes on for ever from here, a byte at a time."""

    def talk(connection, head):
        connection.sendall(after)
        drip(connection, data)

    return talk


def writing(data: bytes, *, reset: bool = False):
    """These bytes, and the end of the connection."""

    def talk(connection, head):
        connection.sendall(data)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


def repeating(data: bytes):
    def talk(connection, head):
        while True:
            connection.sendall(data)
            time.sleep(0.005)

    return talk


def saying(status: str, *headers: str, body: bytes = b""):
    return writing(message(f"HTTP/1.1 {status}", *headers, body=body))


ENDLESS = {
    "no word": lambda connection, head: time.sleep(10),
    "a slow status": dripping(b"HTTP/1.1 200 O"),
    "a slow header": dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "slow headers": dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "100 for ever": repeating(message("HTTP/1.1 100 Continue", "A: b")),
    "102 for ever": repeating(message("HTTP/1.1 102 Processing")),
    "a slow body": dripping(message(OK, "Content-Length: 5000"), b" "),
    "a slow large body": dripping(message(OK, "Content-Length: 500000"), b" "),
    "a slow body of no length": dripping(message(OK), b" "),
    "a slow size of a chunk": dripping(message(OK, CHUNKED), b"0"),
    "slow chunks": dripping(message(OK, CHUNKED), b"1\r\n \r\n"),
    "a slow end of chunks": dripping(message(OK, CHUNKED, body=b"2\r\n{}\r\n0\r\n"), b"a: b\r\n"),
    "a slow compressed body": dripping(message(OK, GZIP, body=gzip.compress(b"1")[:12]), b"\0"),
}
"""None of these ends by itself, and no single wait of them is long."""

DROPPED = {
    "nothing": writing(b""),
    "a reset": writing(b"", reset=True),
    "a reset in the head": writing(b"HTTP/1.1 200 OK\r\nContent-", reset=True),
    "no HTTP": writing(b"\0\1\2" * 50),
    "words of a proxy": writing(b"Tunnel connection failed: 407\r\n\r\n"),
    "words of TLS": writing(b"CERTIFICATE_VERIFY_FAILED\r\n\r\n"),
    "words of a timeout": writing(b"timed out. (read timeout=5.0)\r\n\r\n"),
    "a status of words": writing(b"HTTP/1.1 Tunnel connection\r\n\r\n"),
    "too many headers": writing(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n"),
    "a header without end": writing(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n"),
    "two lengths": writing(message(OK, "Content-Length: 5", "Content-Length: 60", body=JSON)),
    "less than its length": saying("200 OK", "Content-Length: 900", body=JSON),
    "much less than its length": saying("200 OK", "Content-Length: 900000", body=JSON),
    "a chunk cut off": saying("200 OK", CHUNKED, body=b"40\r\n{"),
    "a size that is none": saying("200 OK", CHUNKED, body=b"ZZ\r\n{"),
    "a size below nothing": saying("200 OK", CHUNKED, body=b"-5\r\n{"),
    "a size beyond all": saying("200 OK", CHUNKED, body=b"F" * 16 + b"\r\n{"),
    "a size of 5,000 digits": saying("200 OK", CHUNKED, body=b"9" * 5000 + b"\r\n{"),
}

UNREADABLE = {
    "broken gzip": saying("200 OK", GZIP, body=b"no gzip"),
    "gzip cut off": saying("200 OK", GZIP, body=gzip.compress(JSON)[:20]),
    "layers of gzip": saying(
        "200 OK", "Content-Encoding: " + "gzip," * 50, body=gzip.compress(JSON)
    ),
    "bytes that are no text": saying("200 OK", body=b'{"data": "\xff"}'),
    "more than any picture": saying("200 OK", "Content-Length: 99999999999"),
}

MOVED = "307 Temporary Redirect"
GATEWAY = {
    "304": saying("304 Not Modified"),
    "303": saying("303 See Other", "Location: /elsewhere"),
    "a redirect to nowhere": saying(MOVED, "Content-Length: 0"),
}
REDIRECTS = {
    "no link": saying(MOVED, "Location: https://[bad"),
    "no text": saying(MOVED, "Location: /\xff\xfe"),
    "endless": dripping(message("HTTP/1.1 302 Found", "Location: /x")),
    "endless chunks": dripping(
        message("HTTP/1.1 302 Found", "Location: /x", CHUNKED), b"1\r\n \r\n"
    ),
}


def at(method: bytes, talk):
    """The trouble where it is asked with this method; another request is answered with 404."""

    def answer(connection, head):
        if head.startswith(method):
            return talk(connection, head)
        connection.sendall(message("HTTP/1.1 404 Not Found", "Content-Length: 0"))
        return True

    return answer


def posts(heads):
    return [head for head in heads if head.startswith(b"POST")]


def each_ending(table, ask):
    """What asking at each trouble's own server gives or raises, all at the same time."""

    def one(name):
        with raw_server(table[name]) as (url, _):
            return name, ending(lambda: ask(url))

    with ThreadPoolExecutor(len(table)) as pool:
        return dict(pool.map(one, table))


def test_a_picture_that_does_not_come_in_time_is_given_up(brisk, monkeypatch):
    monkeypatch.setattr(downloads, "LONGEST_DOWNLOAD", 1.0)
    found = each_ending(ENDLESS, lambda url: downloads.fetch_link(LINK, url, {}, HttpTransport()))
    for name, error in found.items():
        assert type(error) is errors.DownloadError, name
        assert "broke off" in str(error), name
        assert LINK in str(error), name


def test_a_picture_that_is_waited_for_in_vain_keeps_its_link(brisk, monkeypatch):
    monkeypatch.setattr(downloads, "LONGEST_DOWNLOAD", 0.4)

    def talk(connection, head):
        if head.startswith(b"POST"):
            connection.sendall(message(OK, f"Content-Length: {len(JSON)}", body=JSON))
            return True
        return ENDLESS["slow headers"](connection, head)

    with raw_server(talk) as (url, heads):
        configure(base_url=url)
        error = ending(lambda: nb_banana.generate("a banana"))
        assert type(error) is errors.DownloadError
        assert url + LINK in str(error)
        assert len(posts(heads)) == 1
    assert journal()["state"] == "answered"


@pytest.mark.parametrize("table", [ENDLESS, DROPPED], ids=["endless", "dropped"])
def test_a_reference_that_does_not_come_is_refused(monkeypatch, table):
    monkeypatch.setattr(fetch, "LONGEST_FETCH", 1.0 if table is ENDLESS else 30.0)
    limits = ReferenceLimits()
    found = each_ending(
        table, lambda url: fetch.fetched(f"{url}/a.png", limits, HttpTransport(), private=True)
    )
    for name, error in found.items():
        assert type(error) is errors.BadReferenceError, name
        assert "could not be fetched" in str(error), name


ALL = ENDLESS | DROPPED | UNREADABLE | GATEWAY | REDIRECTS


def test_an_account_that_does_not_answer_is_not_known(monkeypatch):
    monkeypatch.setattr(account, "READ_TIMEOUT", 1.0)

    def ask(url):
        return account.find_charge(Endpoint(url, Secret(KEY)), "nbb-1", pauses=(0.0,))

    assert each_ending(ALL, ask) == dict.fromkeys(ALL, account.UNKNOWN)


def of_pictures(heads):
    """The requests that are about pictures: not the question which models go away."""
    return [each for each in heads if b"/v1/models/deprecations" not in each]


def test_what_is_compressed_has_the_same_bound_as_what_is_not(brisk, monkeypatch):
    monkeypatch.setattr("nb_banana.services.send.LONGEST_ANSWER", 300_000)
    bomb = saying("200 OK", GZIP + ", gzip", body=gzip.compress(gzip.compress(b" " * 300_001)))
    with raw_server(at(b"POST", bomb)) as (url, _):
        configure(base_url=url)
        with pytest.raises(errors.UnreadableAnswerError, match="larger than any picture"):
            nb_banana.generate("a banana")


@pytest.mark.parametrize("more", [b"", b"x" * 1000])
def test_the_body_of_a_redirect_is_not_waited_for(more):
    """A picture is behind it, and a reference: what a redirect says is for nobody."""

    def talk(connection, head):
        if head.startswith(b"POST"):
            connection.sendall(message(OK, f"Content-Length: {len(JSON)}", body=JSON))
            return True
        if b"/end" in head:
            return writing(message(OK, body=picture()))(connection, head)
        return dripping(message("HTTP/1.1 302 Found", "Location: /end", GZIP, body=more))(
            connection, head
        )

    configure(fetch_references=True, fetch_private=True)
    with raw_server(talk) as (url, heads):
        configure(base_url=url)
        image = ending(lambda: nb_banana.generate("a banana", images=f"{url}/photo.png"))
        assert image.size == (64, 48)
    assert len(of_pictures(heads)) == 5


def test_an_address_whose_time_is_over_before_it_is_asked_is_no_wrong_address():
    with raw_server(saying("200 OK", body=picture())) as (url, _), pytest.raises(NoAnswerError):
        downloads.follow(
            HttpTransport(), url, check=lambda _: None, most=10**6, silence=1, deadline=0.0
        )


NO_LINKS = [
    "https://" + "a" * 64 + ".invalid/x", "https://a..b/x", "https://.a/x", "https://*.a/x",
    "https://[", "https://[bad]/x", "https://]/x", "https://[::1/x", "https://[fe80::1%25eth0]/x",
    "https://\ud800/x", "https://127.0.0.1:9/\ud800", "https://xn--a/x", "https://\u2100.a/x",
    "https://ä" + "ö" * 63 + ".invalid/x", "https://127.0.0.1:0/x", "https://127.0.0.1:99999/x",
    "https://127.0.0.1:abc/x", "https://127.0.0.1:-1/x", "https://127.0.0.1:" + "9" * 5000,
    "https://127.0.0.1:9\n/x", "https://127.0.0.1:9/\0", "https://127.0.0.1\0/", "https://\x1b[2J/x",
    "https:\\\\127.0.0.1:9\\x", "https://127.0.0.1:9\\@a/x", "https://u:p@127.0.0.1:9/x",
    "https://", "https:///x", "https:127.0.0.1:9", "https://../x", "https://%/x", "https://\u3002/x",
    "https://0x7f.1.1.1.1.1:9/", "https:// /", "https://?", "https://#", "//[", "http://[bad",
    "\0", " ", "ftp://127.0.0.1/x", "javascript:alert(1)", "https://127.0.0.1:9/%zz%",
]  # fmt: skip


@pytest.fixture
def lone(monkeypatch):
    """No name is looked up, and nobody is waited for: what is no address is found without."""
    monkeypatch.setattr("nb_banana.wire.connection.CONNECT_RETRY.connect", 0)


def leading(links):
    """A service whose pictures are at these links, and a healthy one at the next request."""

    def talk(connection, head):
        place = head.split()[1].decode()
        if head.startswith(b"POST"):
            data = [{"url": next(answers)} for _ in range(len(links) if not asked else 1)]
            asked.append(head)
            body = json.dumps({"data": data}).encode()
            return saying("200 OK", f"Content-Length: {len(body)}", body=body)(connection, head)
        if place == LINK:
            return saying("200 OK", body=picture())(connection, head)
        return saying("302 Found", f"Location: {raw(NO_LINKS[int(place[1:])])}")(connection, head)

    asked = []
    answers = itertools.chain(links, itertools.repeat(LINK))
    return talk


def raw(link):
    """A link as its bytes stand in a header."""
    return link.encode("utf-8", "surrogatepass").decode("latin-1")


@pytest.mark.parametrize("way", ["link", "redirect"])
def test_a_link_that_can_be_none_is_an_error_of_ours_each_time(brisk, lone, way):
    """Also for what comes after: the next picture, and what is left to `recover`."""
    links = NO_LINKS if way == "link" else [f"/{number}" for number in range(len(NO_LINKS))]
    with raw_server(leading(links)) as (url, heads):
        configure(base_url=url)
        for link in links:
            with pytest.raises(errors.DownloadError):
                downloads.fetch_link(link, url, {}, HttpTransport())
        with pytest.raises(errors.DownloadError):
            nb_banana.generate("a banana")
        assert [found.ended for found in nb_banana.recover()] == [False]
        assert nb_banana.generate("a healthy banana").size == (64, 48)
        assert len(posts(heads)) == 2


def test_an_address_of_a_reference_that_can_be_none_is_refused(lone):
    limits = ReferenceLimits()
    for link in NO_LINKS:
        moved = saying("302 Found", f"Location: {raw(link)}", "Content-Length: 0")
        with raw_server(moved) as (url, _):
            places = [f"{url}/a.png", *[link for _ in "1" if link.startswith("https:/")]]
            for place in places:
                with pytest.raises(errors.BadReferenceError):
                    fetch.fetched(place, limits, HttpTransport(), private=True)
