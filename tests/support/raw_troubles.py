"""Each trouble of a `relay`: where it strikes, and what it does there."""

import base64
import gzip
import io
import json
import os
import random
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest import mock

import trustme
from PIL import Image

from tests.support.pictures import with_chunk
from tests.support.raw_server import INSIDE, Exchange, Talk
from tests.support.servers import closed, drip, message, picture, server

OK = "HTTP/1.1 200 OK"
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"
ELSEWHERE = "https://elsewhere.invalid/1.png"
WORDS = {"message": "no", "path": "/v1", "requestId": "r", "statusCode": 400}
PAGE = b"<!DOCTYPE html><title>Sign in</title><form>"
BILL = re.compile("cost|usd|credits")
MOST = 300_000
"""What the tests take for the largest body, so that one beyond it is at hand."""


def raw(*data: bytes, charged: bool = True, reset: bool = False) -> Talk:
    """These bytes in place of an answer, and the end of the connection."""

    def talk(e: Exchange) -> None:
        if charged:
            e.work()
        e.write(*data)
        if reset:
            e.reset()

    return talk


def head(*headers: str, body: bytes = b"", start: str = OK, **how: Any) -> Talk:
    """A message of these headers alone."""
    return raw(message(start, *headers, body=body), **how)


def body(make: Callable[[bytes], bytes], *headers: str) -> Talk:
    """The good answer with another body."""
    return lambda e: e.answer(make(e.body), *headers)


def own(*headers: str, start: str = "", length: object = None) -> Talk:
    """The good answer with other headers."""
    return lambda e: e.answer(None, *headers, start=start, length=length)


def first(*before: bytes) -> Talk:
    """The good answer after these bytes."""

    def talk(e: Exchange) -> bool:
        e.work()
        e.write(*before)
        return e.answer()

    return talk


def endless(start: bytes, again: bytes, *, charged: bool = True) -> Talk:
    """This, and then for ever that, so little and so often that no single wait is long."""

    def talk(e: Exchange) -> None:
        if charged:
            e.work()
        e.write(start)
        drip(e.connection, again)

    return talk


def part(share: float, *, reset: bool = False, more: int = 0, **how: Any) -> Talk:
    """So much of the good answer's body, as if it were to be whole."""

    def talk(e: Exchange) -> None:
        e.answer(e.body[: int(len(e.body) * share)], length=len(e.body) + more, **how)
        if reset:
            time.sleep(0.05)  # else it overtakes what was sent
            e.reset()

    return talk


def in_pieces(pieces: int) -> Talk:
    """The good answer, head and body, in so many pieces that each wait for the one before."""

    def talk(e: Exchange) -> None:
        status, headers, data = e.good
        whole = message(f"HTTP/1.1 {status} So", *headers, f"Content-Length: {len(data)}")
        for byte in whole:
            e.write(bytes([byte]))
        step = max(1, len(data) // pieces)
        for start in range(0, len(data), step):
            e.write(data[start : start + step])

    return talk


def in_chunks(size: str, *, end: bytes = b"\r\n0\r\n\r\n") -> Talk:
    """The good answer in one chunk, whose size is told so."""

    def talk(e: Exchange) -> None:
        status, headers, good = e.good
        told = size.format(len(good)).encode()
        start = message(f"HTTP/1.1 {status} So", *headers, CHUNKED)
        e.write(start, told, b"\r\n", good, end)

    return talk


def flood(start: Callable[[], bytes], piece: bytes, most: int = 1 << 30) -> Talk:
    """A gigabyte."""

    def talk(e: Exchange) -> None:
        e.work()
        e.write(start())
        for _ in range(most // len(piece)):
            e.write(piece)

    return talk


@cache
def bomb(layers: int = 1, count: int = 2 * MOST) -> bytes:
    """Gzip that becomes this many bytes."""
    data = b" " * count
    for _ in range(layers):
        data = gzip.compress(data)
    return data


def spoilt(change: Callable[[Any, Exchange], Any]) -> Talk:
    """The good answer's JSON, changed."""
    return lambda e: e.answer(
        json.dumps(change(json.loads(e.body), e)).encode("utf-8", "surrogatepass")
    )


def valued(value: Any) -> Talk:
    """This in the place of the picture's link or base64."""
    return lambda e: e.answer(e.with_picture(value))


def listed(value: Any) -> Talk:
    """This in the place of the list of pictures."""

    def change(whole: Any, e: Exchange) -> Any:
        return whole | {next(n for n in ("data", "images", "candidates") if n in whole): value}

    return spoilt(change)


def billed(text: str) -> Talk:
    """This in the place of each figure of the bill, in the answer and in the headers."""

    def talk(e: Exchange) -> bool:
        whole, (status, headers, _) = json.loads(e.body), e.good
        for name in {"meta", "usage", "usageMetadata"} & {*whole}:
            bill = whole[name].get("usage", whole[name])
            bill.update(dict.fromkeys(bill, "@"))
        e.good = status, [each for each in headers if not BILL.search(each)], b""
        return e.answer(json.dumps(whole).replace('"@"', text).encode())

    return talk


def as_bytes(make: Callable[[], bytes]) -> Talk:
    """These bytes in place of the picture's own."""

    def talk(e: Exchange) -> bool:
        data = make()
        is_inside = e.service in INSIDE
        return e.answer(e.with_picture(base64.b64encode(data).decode()) if is_inside else data)

    return talk


def moved(status: int, to: str) -> Talk:
    """A redirect, before any work is done."""
    return head(
        f"Location: {to}", "Content-Length: 0", start=f"HTTP/1.1 {status} So", charged=False
    )


def status(code: int, data: bytes = b"", *headers: str, charged: bool = False) -> Talk:
    """A status with this body."""
    return head(
        *headers,
        f"Content-Length: {len(data)}",
        start=f"HTTP/1.1 {code} So",
        body=data,
        charged=charged,
    )


@cache
def large() -> bytes:
    """A picture of 200 megapixels, which are all the same."""
    out = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(out, "PNG")
    return out.getvalue()


def formatted(form: str) -> Talk:
    return as_bytes(lambda: picture(form))


CUT_TLS = b"\x16\3\3\x7f\xff"
PAGE_HEADERS = ("Content-Type: text/html", f"Content-Length: {len(PAGE)}")


@contextmanager
def speaking(talk: Callable[..., Any]) -> Iterator[str]:
    """The place of a server that says this to the first bytes of whoever comes."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), connection:
                    connection.recv(65536)
                    talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def saying(*data: bytes) -> Callable[[], AbstractContextManager[str]]:
    """A server of these words."""
    return lambda: speaking(lambda connection: [connection.sendall(each) for each in data])


@contextmanager
def certified(name: str = "127.0.0.1", days: int = 1, *, known: bool = True) -> Iterator[str]:
    """The place of a server with a certificate for this name, for so many days from now."""
    authority = trustme.CA()
    until = datetime.now(UTC) + timedelta(days=days)
    leaf = authority.issue_cert(name, not_before=until - timedelta(days=9), not_after=until)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    with server(lambda handler: handler.reply(200), context) as (url, _), ExitStack() as stack:
        if known:
            file = stack.enter_context(authority.cert_pem.tempfile())
            stack.enter_context(mock.patch.dict(os.environ, REQUESTS_CA_BUNDLE=file))
        yield url.partition("//")[2]


GONE = "https://no-such-host.invalid"
ROADS: dict[str, tuple[str, Callable[[], AbstractContextManager[str]]]] = {
    "connection refused": ("http://", closed),
    "a name that is nobody's": (GONE, lambda: nullcontext("")),
    "a certificate of nobody known": ("https://", lambda: certified(known=False)),
    "a certificate that has run out": ("https://", lambda: certified(days=-1)),
    "a certificate of another host": ("https://", lambda: certified("elsewhere.invalid")),
    "http in place of TLS": ("https://", saying(message("HTTP/1.1 200 OK"))),
    "a handshake cut off": ("https://", saying(CUT_TLS)),
    "a handshake for ever": ("https://", lambda: speaking(lambda c: drip(c, CUT_TLS))),
    "a handshake that is closed": ("https://", saying()),
    "a proxy that is not there": ("proxy", closed),
    "a proxy that says nothing": ("proxy", saying()),
    **{
        f"a proxy that answers {status}": (
            "proxy",
            saying(message(f"HTTP/1.1 {status} So", *PAGE_HEADERS, body=PAGE)),
        )
        for status in (403, 407, 502)
    },
    "a proxy's login page": (
        "proxy",
        saying(message("HTTP/1.1 200 OK", *PAGE_HEADERS, body=PAGE)),
    ),
    "a proxy that speaks in garbage": ("proxy", saying(b"\0\1\2" * 50)),
}
"""How the address begins, or that it is behind a proxy; and what is at its place."""


@contextmanager
def road(name: str) -> Iterator[str]:
    """An address that nothing can be sent to."""
    start, place = ROADS[name]
    with place() as where:
        if start != "proxy":
            yield start + where
            return
        with mock.patch.dict(os.environ, https_proxy=f"http://{where}"):
            yield GONE


TALKS: dict[str, dict[str, Talk]] = {
    "work": {
        # time
        "silence for ever": lambda e: (e.work(), time.sleep(10)),
        "the status, a byte at a time, for ever": endless(b"HTTP/1.1 200 O", b"a"),
        "a header, a byte at a time, for ever": endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        "headers for ever": endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        "a body for ever": endless(message(OK, "Content-Length: 5000"), b" "),
        "a body without a length for ever": endless(message(OK), b" "),
        "chunks for ever": endless(message(OK, CHUNKED), b"1\r\n \r\n"),
        "a chunk's size for ever": endless(message(OK, CHUNKED), b"0"),
        "trailers for ever": endless(message(OK, CHUNKED, body=b"2\r\n{}\r\n0\r\n"), b"a: b\r\n"),
        "gzip for ever": endless(message(OK, GZIP, body=gzip.compress(b"1")[:12]), b"\0"),
        "100 Continue for ever": endless(b"", message("HTTP/1.1 100 Continue")),
        "102 Processing for ever": endless(b"", message("HTTP/1.1 102 Processing")),
        # broken off
        "closed without a byte": raw(),
        "reset without a byte": raw(reset=True),
        "reset in the headers": raw(b"HTTP/1.1 200 OK\r\nContent-", reset=True),
        "closed in the headers": raw(b"HTTP/1.1 200 OK\r\nContent-"),
        "reset in the JSON": part(0.5, reset=True),
        "closed in the JSON": part(0.5),
        "one bracket, and the end": lambda e: e.answer(b"{", length=9),
        "a length too long and a reset": part(1, reset=True, more=900),
        "a length too long and silence for ever": lambda e: (
            e.answer(length=len(e.body) + 9),
            time.sleep(10),
        ),
        "trailers for ever behind it": lambda e: (
            in_chunks("{0:x}", end=b"\r\n0\r\n")(e),
            drip(e.connection, b"a: b\r\n"),
        ),
        "gzip without its end, a length too long": lambda e: e.answer(
            gzip.compress(e.body)[:-8], GZIP, length=len(e.body) + 600
        ),
        "401 that is cut off": lambda e: e.write(
            message("HTTP/1.1 401 No", "Content-Length: 99", body=b'{"mess')
        ),
        "a length too long": lambda e: e.answer(length=len(e.body) + 600),
        "a length far too long": lambda e: e.answer(length=len(e.body) + 600_000),
        "two lengths": lambda e: e.answer(None, "Content-Length: 5", length=len(e.body) + 1),
        "a chunk cut off": in_chunks("fffff", end=b""),
        "a chunk's size that is none": in_chunks("ZZ"),
        "a chunk's size below nothing": in_chunks("-5"),
        "a chunk's size beyond all": in_chunks("F" * 16),
        "a chunk's size of 5,000 digits": in_chunks("9" * 5000),
        "a chunk's size too small": in_chunks("5"),
        "chunks without an end": in_chunks("{0:x}", end=b"\r\n"),
        "bytes that are no HTTP": raw(b"\0\1\2" * 50),
        "HTTP 0.9": lambda e: e.write(e.body),
        "a handshake of TLS": raw(CUT_TLS),
        "a proxy's words for a status": raw(b"Tunnel connection failed: 407\r\n\r\n"),
        "TLS's words for a status": raw(b"CERTIFICATE_VERIFY_FAILED\r\n\r\n"),
        "a timeout's words for a status": raw(b"timed out. (read timeout=5.0)\r\n\r\n"),
        "a status of words": raw(b"HTTP/1.1 Fine\r\n\r\n"),
        "status 000": own(start="HTTP/1.1 000 None"),
        "status 1000": own(start="HTTP/1.1 1000 Many"),
        "1,000 headers": own(*[f"X-{n}: a" for n in range(1000)]),
        "a header of 1 MB": own("X-Long: " + "a" * 1_000_000),
        # statuses
        "101 Switching Protocols": head(start="HTTP/1.1 101 Switching"),
        "status 600": own(start="HTTP/1.1 600 Odd"),
        "status 999": own(start="HTTP/1.1 999 Odd"),
        "status 099": own(start="HTTP/1.1 099 Odd"),
        "204 No Content": head(start="HTTP/1.1 204 No Content"),
        "204 with a body": own(start="HTTP/1.1 204 No Content"),
        "205 Reset Content": head("Content-Length: 0", start="HTTP/1.1 205 Reset"),
        "206 with half of it": part(0.5, start="HTTP/1.1 206 Partial Content"),
        "304 Not Modified": head(start="HTTP/1.1 304 Not Modified"),
        "304 with a body": own(start="HTTP/1.1 304 Not Modified"),
        "200 with nothing": status(200, charged=True),
        "a captive portal's page": status(200, PAGE, "Content-Type: text/html"),
        "a proxy's page with a 403": status(403, PAGE, "Content-Type: text/html"),
        "a proxy's page with a 407": status(407, PAGE, "Content-Type: text/html"),
        "a proxy's page with a 502": status(502, PAGE, "Content-Type: text/html"),
        "a proxy's page with a 511": status(511, PAGE, "Content-Type: text/html"),
        "408 of whoever": status(408, b"{}"),
        "409 of whoever": status(409, b"{}"),
        # good all the same
        "all of it a byte at a time": in_pieces(400),
        "a length below nothing": own(length=-5),
        "a length that is a word": own(length="banana"),
        "a length of 5,000 digits": own(length="9" * 5000),
        "no length": own(length=""),
        "the length twice": lambda e: e.answer(None, f"Content-Length: {len(e.body)}"),
        "chunks": in_chunks("{0:x}"),
        "100 Continue before it": first(message("HTTP/1.1 100 Continue")),
        "100 Continue ten times": first(message("HTTP/1.1 100 Continue", "A: b") * 10),
        "102 Processing before it": first(message("HTTP/1.1 102 Processing")),
        "103 Early Hints before it": first(message("HTTP/1.1 103 Early Hints", "Link: </a>")),
        "no reason": own(start="HTTP/1.1 200"),
        "status 201": own(start="HTTP/1.1 201 Created"),
        "HTTP 1.0": own(start="HTTP/1.0 200 OK"),
        "called gzip and is not": own(GZIP),
        "called brotli": own("Content-Encoding: br"),
        "called zstd": own("Content-Encoding: zstd"),
        "gzip": body(gzip.compress, GZIP),
        "gzip in parts": body(
            lambda whole: gzip.compress(whole[:9]) + gzip.compress(whole[9:]), GZIP
        ),
        "gzip of gzip": body(lambda whole: gzip.compress(gzip.compress(whole)), GZIP + ", gzip"),
        "deflate": body(zlib.compress, "Content-Encoding: deflate"),
        "deflate without its head": lambda e: e.answer(
            zlib.compress(e.body)[2:-4], "Content-Encoding: deflate"
        ),
        "gzip with zeros behind it": body(lambda whole: gzip.compress(whole) + bytes(64), GZIP),
        "gzip with a line end behind it": body(lambda whole: gzip.compress(whole) + b"\r\n", GZIP),
        "gzip in a list": body(gzip.compress, GZIP + ", identity"),
        "deflate in gzip": body(
            lambda whole: gzip.compress(zlib.compress(whole)), "Content-Encoding: deflate, gzip"
        ),
        "called deflate and is not": own("Content-Encoding: deflate"),
        "gzip by its old name": body(gzip.compress, "Content-Encoding: X-GZip"),
        "an absurd type": own("Content-Type: banana/split; charset=klingon"),
        "cookies": own("Set-Cookie: a=b; Domain=.invalid", "Set-Cookie: =\x01"),
        "a header of a header": own("X-A: b\r\n folded", "X-B: \x0b\x0c"),
        "60 headers": own(*[f"X-{n}: a" for n in range(60)]),
        # moved
        "301 to another path": moved(301, "/v2"),
        "302 to another host": moved(302, "https://elsewhere.invalid/v1"),
        "307 to another host": moved(307, "https://elsewhere.invalid/v1"),
        "308 to the same path": lambda e: moved(308, e.path)(e),
        "303 to another path": moved(303, "/v2"),
        "a redirect to file:": moved(302, "file:///etc/passwd"),
        "a redirect to a private address": moved(302, "http://169.254.169.254/latest"),
        "a redirect to no address": moved(307, "https://[bad"),
        "a redirect without an address": status(307),
        "a redirect in bytes that are no text": moved(302, "/\xff\xfe"),
        "a redirect with a body for ever": endless(
            message("HTTP/1.1 302 Found", "Location: /x"), b"a", charged=False
        ),
    },
    "result": {
        # unreadable
        "a length too short": lambda e: e.answer(length=20),
        "JSON cut in the middle": body(lambda whole: whole[: len(whole) // 2]),
        "a header without a colon": lambda e: e.answer(None, "banana") and None,
        "gzip cut off": body(lambda whole: gzip.compress(whole)[:-30], GZIP),
        "bytes that are no gzip": lambda e: e.answer(b"\x1f\x8b no gzip", GZIP),
        "50 layers of gzip": body(gzip.compress, "Content-Encoding: " + "gzip, " * 50),
        "brotli": lambda e: e.answer(random.Random(0).randbytes(200), "Content-Encoding: br"),
        "a bomb of gzip": lambda e: e.answer(bomb(), GZIP),
        "a bomb of gzip in gzip": lambda e: e.answer(bomb(2), GZIP + ", gzip"),
        "gzip of 10,000 empty parts": body(
            lambda whole: gzip.compress(b"") * 10_000 + gzip.compress(whole), GZIP
        ),
        "a bomb of deflate": lambda e: e.answer(
            zlib.compress(b" " * 2 * MOST), "Content-Encoding: deflate"
        ),
        "a length of 1 GB": lambda e: e.answer(length=1 << 30),
        "a body of 1 GB": flood(lambda: message(OK), b" " * 65536),
        "chunks of 1 GB": flood(
            lambda: message(OK, CHUNKED), b"10000\r\n" + b" " * 65536 + b"\r\n"
        ),
        "JSON in bytes that are no text": body(lambda whole: whole.replace(b'"', b'"\xff')),
        "NUL": body(lambda whole: whole.replace(b":", b":\0", 1)),
        "JSON with a comma too many": body(lambda whole: whole[:-1] + b",}"),
        "two JSONs": body(lambda whole: whole + whole),
        "100,000 brackets": lambda e: e.answer(
            b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        ),
        "null": body(lambda _: b"null"),
        "a number": body(lambda _: b"7"),
        "a text": body(lambda _: b'"fine"'),
        "an empty list": body(lambda _: b"[]"),
        "an empty object": body(lambda _: b"{}"),
        "the list is an object": listed({}),
        "the list is a number": listed(7),
        "the list is a text": listed("many"),
        "the list is true": listed(True),
        "the list is null": listed(None),
        "the list is empty": listed([]),
        "a list of numbers": listed([7]),
        "a list of null": listed([None]),
        "a list of lists": listed([[]]),
        "a list of 10,000 empty ones": listed([{}] * 10_000),
        "a list of 30,000 empty ones": listed([{}] * 30_000),
        "the picture is null": valued(None),
        "the picture is a number": valued(7),
        "the picture is a list": valued([]),
        "the picture is an object": valued({}),
        "the picture is true": valued(True),
        "the picture is empty": valued(""),
        "the picture is half a character": valued("\ud800"),
        "the picture is NUL": valued("\0"),
        # good all the same
        "JSON with its mark of bytes": lambda e: e.answer(b"\xef\xbb\xbf" + e.body),
        "JSON in UTF-16": body(lambda whole: whole.decode().encode("utf-16")),
        "JSON in UTF-32": body(lambda whole: whole.decode().encode("utf-32")),
        "white space around it": body(lambda whole: b" \n" * 500 + whole + b"\n" * 500),
        "unknown fields": spoilt(lambda whole, e: whole | {"x": {"y": [None, "\ud800"]}}),
        "a name twice": body(
            lambda whole: b'{"data": null, "images": null, "candidates": null, ' + whole[1:]
        ),
        "500 brackets beside it": body(
            lambda whole: whole[:-1] + b', "x": ' + b"[" * 500 + b"]" * 500 + b"}"
        ),
        "a bill of 5,000 digits": billed("9" * 5000),
        **{
            f"a bill of {text}": billed(text)
            for text in (
                "-1",
                "NaN",
                "Infinity",
                "1e400",
                '"much"',
                "[1]",
                "{}",
                "true",
                "null",
                "1E99999999999",
            )
        },
    },
    "picture": {
        "the picture, a byte at a time, for ever": endless(
            message(OK, "Content-Length: 5000"), b"a"
        ),
        "silence for ever in place of the picture": lambda e: (e.work(), time.sleep(10)),
        "reset in the picture": part(0.5, reset=True),
        "the picture cut off": part(0.5),
        "no byte of the picture": raw(),
        "the picture in garbage": raw(b"\0\1\2" * 50),
        "500 for the picture": status(500),
        "503 for the picture": status(503),
        "403 for the picture": status(403),
        "404 for the picture": status(404),
        "410 for the picture": status(410),
        "204 for the picture": head(start="HTTP/1.1 204 No"),
        "304 for the picture": head(start="HTTP/1.1 304 No"),
        "the picture leads to another host": moved(302, ELSEWHERE),
        "the picture leads to file:": moved(302, "file:///etc/passwd"),
        "the picture leads to 169.254.169.254": moved(302, "http://169.254.169.254/latest"),
        "the picture leads to 10.0.0.1": moved(302, "http://10.0.0.1/1.png"),
        "the picture leads to http elsewhere": moved(302, "http://elsewhere.invalid/1.png"),
        "the picture leads in circles": lambda e: moved(302, e.path)(e),
        "the picture leads to no address": moved(302, "https://[bad"),
        "the picture leads nowhere": status(302),
        "a bomb of gzip for the picture": lambda e: e.answer(bomb(), GZIP),
        "a picture of 1 GB": lambda e: e.answer(length=1 << 30),
        "a picture of 1 GB in chunks": flood(
            lambda: message(OK, CHUNKED), b"10000\r\n" + b" " * 65536 + b"\r\n"
        ),
        "the picture in gzip cut off": body(lambda whole: gzip.compress(whole)[:-900], GZIP),
        # good all the same
        "a length too long for the picture": part(1, more=900),
        "a reset behind the picture": part(1, reset=True, more=900),
        "all of the picture in small pieces": in_pieces(400),
        "the picture in chunks": in_chunks("{0:x}"),
        "the picture in gzip": body(gzip.compress, GZIP),
        "the picture with a length that is none": own(length="banana"),
        "the picture called gzip": own(GZIP),
        "the picture called text": own("Content-Type: text/html"),
        "100 Continue before the picture": first(message("HTTP/1.1 100 Continue")),
        "the picture leads to the same host": lambda e: (
            e.answer() if "?" in e.path else moved(302, e.path + "?1")(e)
        ),
    },
    "bytes": {
        "0 bytes": as_bytes(lambda: b""),
        "a page for a picture": as_bytes(lambda: PAGE),
        "JSON for a picture": as_bytes(lambda: b'{"message": "no"}'),
        "SVG for a picture": as_bytes(lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "a PDF for a picture": as_bytes(lambda: b"%PDF-1.7\n" + bytes(500)),
        "EPS for a picture": as_bytes(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        "noise for a picture": as_bytes(lambda: random.Random(0).randbytes(900)),
        "200 megapixels": as_bytes(large),
        "half of a PNG": as_bytes(lambda: picture()[:-30]),
        "half of a JPEG": as_bytes(lambda: picture("JPEG")[:-9]),
        "half of a WebP": as_bytes(lambda: picture("WEBP")[:-2]),
        "half of a GIF": as_bytes(lambda: picture("GIF")[:-20]),
        # good all the same
        **{f"{form} for PNG": formatted(form) for form in ("JPEG", "WEBP", "GIF", "BMP", "TIFF")},
        "a picture and a page": as_bytes(lambda: picture() + PAGE),
        "a picture and a ZIP": as_bytes(lambda: picture("JPEG") + b"PK\3\4" + bytes(300)),
        "a PNG with much text": as_bytes(
            lambda: with_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000)))
        ),
    },
    "state": {
        "states that end without a byte": raw(),
        "states that are a page": status(200, PAGE),
        "states that are 500": status(500, b"{}"),
        "states that are moved": moved(302, "https://elsewhere.invalid/"),
        "states in chunks for ever": endless(message(OK, CHUNKED), b"1\r\n \r\n"),
    },
}
