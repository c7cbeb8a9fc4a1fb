"""A canary: a key that is looked for in every byte, in whatever spelling, and a tap on the wire."""

import base64
import contextlib
import io
import re
import socket
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CANARY = "cnr7-Qz93vLk28xWpt46Hd"
"""What the tests use as a key; no run of it is in anything by chance."""
HALF = len(CANARY) // 2
MANAGER = f"{CANARY}-m"  # what makes keys, which no key that draws is
LONGEST = 64 * 2**20


def spellings(key: str = CANARY) -> dict[str, bytes]:
    """What would give the key away, or a half of it."""
    halves = key[:HALF], key[HALF:]
    plain = {"whole": key, "first half": halves[0], "second half": halves[1]}
    found = {name: text.encode() for name, text in plain.items()}
    found |= {f"{name}, reversed": text[::-1].encode() for name, text in plain.items()}
    for shift in range(3):  # where it begins in the text that was encoded
        text = base64.b64encode(b"\0" * shift + key.encode())
        found[f"base64 {shift}"] = text[4 * (shift > 0) : -4]
    quoted = "".join(f"%{ord(each):02x}" for each in key)
    found |= {
        "quoted": quoted.encode(),
        "hex": key.encode().hex().encode(),
        "escaped for JSON": "".join(f"\\u{ord(each):04x}" for each in key).encode(),
        "utf-16": key.encode("utf-16-le"),
        "utf-32": key.encode("utf-32-le"),
    }
    return {name: text.lower() for name, text in found.items()}


SPELLINGS = spellings()
_ANY = re.compile(b"|".join(map(re.escape, SPELLINGS.values())))
_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")  # zlib, gzip: PNG's texts, pickles


def found_in(data: bytes) -> list[str]:
    """How the canary is spelled in some bytes, in what is packed in them too; else nothing."""
    layers = [data]
    if data[:2] == b"PK":
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            layers += map(archive.read, archive.namelist())
    for each in _PACKED.finditer(data):
        with contextlib.suppress(zlib.error):
            layers.append(zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data[each.start() :]))
    known = {text: name for name, text in SPELLINGS.items()}
    return sorted({known[hit] for layer in layers for hit in _ANY.findall(layer.lower())})


def found_below(folder: Path) -> dict[str, list[str]]:
    """The same for all files below a folder, their names too."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    read = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    hits = {name: found_in(name.encode() + b"\n" + data) for name, data in read.items()}
    return {name: how for name, how in hits.items() if how}


@dataclass
class Tap:
    """Stands before a service of this machine and hears all that is sent to it.

    Attributes:
        url: where it is.
        heard: the bytes of each connection.
    """

    url: str
    heard: list[bytearray] = field(default_factory=list)

    def heads(self) -> list[bytes]:
        """The head of each request that came."""
        start = rb"(?:GET|POST|PUT|HEAD|CONNECT|PATCH|DELETE) \S+ HTTP/1\.1\r\n"
        return [
            head.partition(b"\r\n\r\n")[0]
            for each in self.heard
            for head in re.findall(start + rb"(?:[^\r\n]+\r\n)*\r\n", bytes(each))
        ]

    def besides(self, header: str, before: str) -> bytes:
        """All that was sent, but for the key where it belongs."""
        line = re.escape(f"{header}: {before}{CANARY}".encode()) + rb"(?:-m)?\r\n"
        return b"\n".join(
            re.sub(line, b"", bytes(each), flags=re.IGNORECASE) for each in self.heard
        )


@contextlib.contextmanager
def tapped(url: str | None) -> Iterator[Tap]:
    """A tap before a service; before nobody it hangs up when it has heard a request."""

    def hear(came: socket.socket) -> None:
        heard = bytearray()
        tap.heard.append(heard)
        with contextlib.suppress(OSError), came:
            if url is None:
                heard += came.recv(LONGEST)
                return
            where = urlsplit(url)
            with socket.create_connection((where.hostname, where.port)) as service:
                threading.Thread(target=_pass_on, args=(service, came), daemon=True).start()
                while piece := came.recv(2**16):
                    heard += piece
                    service.sendall(piece)

    def accept() -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                came, _ = listener.accept()
                threading.Thread(target=hear, args=(came,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    tap = Tap(f"http://127.0.0.1:{listener.getsockname()[1]}")
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield tap
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _pass_on(service: socket.socket, came: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := service.recv(2**16):
            came.sendall(piece)
        came.shutdown(socket.SHUT_RDWR)
