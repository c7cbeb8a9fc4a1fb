"""A sandbox whose answers are right but for something in them: JSON of any shape, any bytes."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nb_banana.sandbox import Sandbox

JUNK = [
    *(None, True, False, 0, -1, 1, 7.5, -0.0, 10**30, 1e308, float("nan"), float("inf"), "", " "),
    *(
        "a",
        "\0",
        "\ud800",
        "null",
        "NaN",
        "1e999",
        "-1",
        "9" * 400,
        "http://[",
        "https://",
        "A" * 300,
    ),
    *("file:///etc/passwd", "data:image/png;base64,AAAA", "data:,", "//x", "http://127.0.0.1:9/1"),
    *("<b>a</b>", "\x1b[31m", "2026-13-45T99:99", "COMPLETED", "IN_PROGRESS", "FAILED", "charged"),
    *([], {}, [[]], [None], [{}], {"": None}, {"url": None}, {"a": {"b": []}}, ["a"] * 50, [0] * 3),
    *({"message": ["a", 1]}, {"code": "x", "message": {}}, {"price": -1}, {"usd": "a"}, [[["a"]]]),
]
BODIES = [
    *(
        b"",
        b"null",
        b"7",
        b'"a"',
        b"[]",
        b"{}",
        b"true",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
    ),
    *(
        b"<html></html>",
        b"[" * 5000,
        b'{"a":' * 5000,
        b"9" * 6000,
        b'{"data": NaN}',
        b"\x1f\x8b\x08",
    ),
    *(
        b'{"data": [], "data": 7}',
        b"{} {}",
        b'{"usd": ' + b"9" * 6000 + b"}",
        b"data: {}\n\n",
        b"\0",
    ),
]


class Spoiler:
    """What is made of good answers; the same each time for one seed."""

    def __init__(self, seed: int, often: float) -> None:
        self.chance, self.often = random.Random(seed), often

    def spoil(self, response: Any) -> Any:
        """The response, or now and then another one."""
        chance = self.chance
        if response.dropped or chance.random() > self.often:
            return response
        headers = dict(response.headers)
        for name in list(headers):
            if name.startswith("x-") and chance.random() < 0.3:
                headers[name] = chance.choice(["", "a", "-1", "nan", "1e999", "9" * 400, "\xe9"])
        if chance.random() < 0.1:
            headers["Content-Type"] = chance.choice(["", "a", "text/html", "application/json; a=b"])
        body = self._body(response.body)
        return replace(response, body=body, headers=headers)

    def _body(self, body: bytes) -> bytes:
        chance = self.chance
        if chance.random() < 0.15:
            return chance.choice(BODIES)
        try:
            value = json.loads(body)
        except ValueError:
            return self.spoil_bytes(body)
        for _ in range(chance.randint(1, 3)):
            value = self._value(value)
        said = json.dumps(value, ensure_ascii=chance.random() < 0.7)
        return said.encode("utf-8", "surrogatepass")

    def _value(self, value: Any) -> Any:
        """The value with one thing in it that is another one, doubled, nested or not there."""
        chance = self.chance
        is_object = isinstance(value, dict)
        keys = list(value) if is_object else list(range(len(value) if _is_list(value) else 0))
        if not keys or chance.random() < 0.15:
            nested = {"data": value}, json.dumps(value), chance.choice(JUNK)
            return chance.choice([[value], [value, value], *nested])
        key = chance.choice(keys)
        kind, inner = chance.random(), value[key]
        if kind < 0.2:
            del value[key]
        elif kind < 0.3 and is_object:
            names = ["Url", "b64", "error", "detail", "status", f"{key}s"]
            value[chance.choice(names)] = value.pop(key)
        else:
            value[key] = self._value(inner)
        return value

    def spoil_bytes(self, data: bytes) -> bytes:
        """A file with a few bytes that are others, cut, doubled or with more behind it."""
        chance, found = self.chance, bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(found) + 1)
            end = min(len(found), at + chance.choice([1, 1, 2, 4, 30, 500, 10**6]))
            some = chance.randbytes(chance.choice([0, 1, 2, 4, 12]))
            twice = bytes(found[at:end]) * 2
            found[at:end] = chance.choice([b"", some, some, twice, b"\xff" * 4, b"\0" * 4])
        return bytes(found)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


@contextmanager
def spoilt(sandbox: Sandbox, seed: int, often: float) -> Iterator[None]:
    """While this lasts, the answers of a sandbox are spoilt, so often from 0 to 1."""
    handle, spoiler = sandbox.api.handle, Spoiler(seed, often)
    sandbox.api.handle = lambda request: spoiler.spoil(handle(request))  # type: ignore[method-assign]
    try:
        yield
    finally:
        sandbox.api.handle = handle  # type: ignore[method-assign]
