"""Paths and addresses of pictures.

Files are read whole, or an error says what is in the way and what is near. An http(s) address is
fetched by the service; a ``data:`` one has the picture in it.
"""

import base64
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nb_banana._text import BLANK, megabytes, path_of
from nb_banana.imaging.formats import PictureProblem

PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff"),
    *(".bmp", ".heic", ".heif", ".avif"),
}
LONGEST_SHOWN = 80
LONGEST_FILE = 2**30
"""Bytes of a file that is read at all: what a picture of as many pixels as we open may have."""
SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
SPACE += "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
PLAIN = str.maketrans("-_", "+/", SPACE)
"""How base64 is written for an address becomes how it is read; all white space goes."""
MOST_LAYERS, MOST_ESCAPES = 4, 1_000_000
"""How often a percent sign may stand for another one, and how many there may be, each of which
takes 250 bytes while it is read: of a picture of 26 MB some 3 in 100 characters need one."""


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file; ``~`` is understood, and relative means: next to the notebook."""
    file = path_of(path)
    try:
        if file.is_dir():
            raise PictureProblem(f"is a folder. Name one picture{_examples(file)}")
        if not file.exists():
            raise PictureProblem(missing_file(file))
        if not file.is_file():
            raise PictureProblem("is no file to be read, but a device or a pipe")
        check_size(file.stat())
        return file.read_bytes()
    except OSError as error:
        raise PictureProblem(f"can't be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in a name
        raise PictureProblem(f"is no name of a file: {error}") from error


def check_size(about: os.stat_result) -> None:
    """See that a file has an end, and is not longer than any picture that is opened."""
    if stat.S_ISCHR(about.st_mode):
        raise PictureProblem("is no file to be read, but a device")
    if about.st_size > LONGEST_FILE:
        raise PictureProblem(
            f"is no picture that can be opened: its file has {megabytes(about.st_size)}"
        )


def missing_file(file: Path) -> str:
    """The error for a file that is not there, with the names that are near it."""
    if not file.parent.is_dir():
        return f"is not there: there is no folder {file.parent}"
    near = near_files(file)
    where = file.parent.absolute()
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"is not there (in {where}{meant})"


def near_files(file: Path) -> list[str]:
    """Names in the same folder that are near to this file's, pictures first, as they'd be written.

    >>> near_files(Path("/no/such/folder/cat.png"))
    []
    """
    try:
        names = sorted(each.name for each in file.parent.iterdir() if each.is_file())
    except OSError:
        return []
    pictures = [name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES]
    same_stem = [name for name in pictures if Path(name).stem.lower() == file.stem.lower()]
    near = [*same_stem, *_near(file.name, pictures), *_near(file.name, names)]
    return [str(file.with_name(name)) for name in dict.fromkeys(near)][:3]


def _near(name: str, names: Iterable[str]) -> list[str]:
    from difflib import get_close_matches  # only after a mistake

    return get_close_matches(name, list(names), n=3)


def _examples(folder: Path) -> str:
    names = sorted(
        each.name for each in folder.iterdir() if each.suffix.lower() in PICTURE_SUFFIXES
    )
    return f", e.g. {folder / names[0]}" if names else ": there is none in it"


SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:(?=//)|data:", re.IGNORECASE)
"""An address. One letter and a colon is a drive of Windows."""


def data_bytes(address: str) -> bytes:
    """The bytes in a ``data:`` address. What it says of their type is not believed.

    >>> data_bytes("data:text/plain;base64,YmFuYW5h")
    b'banana'
    """
    head, comma, body = address.partition(",")
    marks = [each.strip(BLANK).lower() for each in head.split(";")[1:]]
    if not comma or "base64" not in marks:
        raise PictureProblem("has to be base64, e.g. data:image/png;base64,…")
    try:
        return base64_bytes(body)
    except ValueError as error:
        raise PictureProblem(f"has broken base64: {str(error).rstrip('.')}") from error


def base64_bytes(text: str) -> bytes:
    r"""The bytes of base64 in any of its spellings.

    >>> base64_bytes("YmFu%0AYW5hIQ"), base64_bytes("-_8="), base64_bytes("+/8")
    (b'banana!', b'\xfb\xff', b'\xfb\xff')
    """
    # They are: ``-_`` in place of ``+/``, percent-escaped, without ``=`` at its end, white space
    # anywhere in it.
    with suppress(ValueError):
        return base64.b64decode(text, validate=True)
    for _ in range(MOST_LAYERS):
        if text.count("%") > MOST_ESCAPES:
            raise ValueError("it has far too many percent signs")
        text = unquote(text)
    packed = text.translate(PLAIN).rstrip("=")
    return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)


def checked_address(address: str) -> str:
    """An http(s) address that a service can fetch from, as it was given."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError as error:  # e.g. a bracket that is not closed
        raise PictureProblem(f"is no address: {error}") from error
    if parts.scheme == "file":
        raise PictureProblem("is a file on this machine. Give its path, without file://")
    if parts.scheme not in {"http", "https"} or not host:
        raise PictureProblem(
            "is no address of a picture: it starts with http://, https:// or data:"
        )
    if re.search(r"[\s\x00-\x1f\x7f]", address):
        raise PictureProblem("is no address: there is a space in it, which is written %20")
    if re.search(r"[\ud800-\udfff]", address):
        raise PictureProblem("is no address: there is half of a character in it")
    return address
