"""A kernel that works on a library, run by the tests: ``-m tests.support.library_worker TASK …``.

It says each step that is done in one line, so that whoever kills it knows how far it came.
"""

import ctypes
import os
import resource
import sqlite3
import struct
import sys
from contextlib import closing
from pathlib import Path

from nb_banana import configure, doctor
from nb_banana.errors import LibraryError
from nb_banana.imaging.decode import PictureKind
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import ResultItem
from tests.support.shelf import bytes_of, index_of, picture, put, receipt


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def many(library, name, count):
    """Make so many pictures and end."""
    for number in range(int(count)):
        put(library, ImageRequest(f"{name} {number}"), f"nbb-{name}-{number}")


def same(library, name, count):
    """Make the pictures that the other kernels make."""
    for number in range(int(count)):
        put(library, ImageRequest("a banana"), f"nbb-{name}-{number}", picture(number))


def endless(library, name):
    """Make pictures until somebody kills us."""
    number = 0
    while True:
        request_id = f"nbb-{name}-{number}"
        library.begin(ImageRequest(request_id), request_id)
        say("sent", request_id)
        links = [ResultItem(f"https://x/{request_id}")]
        library.mark_answered(request_id, links, receipt(request_id))
        say("answered", request_id)
        data = bytes_of(request_id)
        library.store(request_id, [(data, PictureKind("image/png", 8, 8))], receipt(request_id))
        say("stored", request_id)
        number += 1


def wait(library, request_id):
    """Send a request and wait for its answer, which never comes."""
    library.begin(ImageRequest("a banana"), request_id)
    say("sent", request_id)
    sys.stdin.read()


def hold(library):
    """Keep the index for ourselves."""
    with closing(sqlite3.connect(index_of(library), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        say("held")
        sys.stdin.read()


def full(library):
    """Store a picture on a disk that has no room for it."""
    library.begin(ImageRequest("a banana"), "nbb-1")
    library.mark_answered("nbb-1", [ResultItem("https://x/1")], receipt("nbb-1"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        library.store("nbb-1", [(bytes(300_000), PictureKind("image/png", 8, 8))], receipt("nbb-1"))
    except LibraryError as error:
        say(type(error).__name__, error)


def full_index(library):
    """Write a row on a disk that has no room for it."""
    library.begin(ImageRequest("a banana"), "nbb-1")
    size = (library.folder / "index.sqlite").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        library.begin(ImageRequest("a pear" * 10_000), "nbb-2")
    except LibraryError as error:
        say(type(error).__name__, error)


def be_bound_by_modes():
    """Root without the two capabilities that let it read and write whatever the modes say.

    To become another user would do the same, and lock us out of the checkout and of Python itself
    where these lie in a private folder: what is imported late could not be imported any more.
    https://man7.org/linux/man-pages/man7/capabilities.7.html
    """
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        header, sets = struct.pack("=Ii", 0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert libc.capget(header, sets) == 0
        for effective_or_permitted in (0, 1):
            sets[effective_or_permitted] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert libc.capset(header, sets) == 0


def checkup(library, mode):
    """What the doctor finds wrong for somebody who may not use the folder."""
    configure(backend="sandbox", library=str(library.folder.parent))
    library.folder.parent.chmod(int(mode, 8))
    be_bound_by_modes()
    for check in doctor().checks:
        if not check.fine:
            say(check.found)


def read_only(library, key):
    """Read and write as somebody who may only read."""
    be_bound_by_modes()
    say(library.find(key).request.prompt)
    try:
        library.begin(ImageRequest("a pear"), "nbb-2")
    except LibraryError as error:
        say(type(error).__name__, error)


if __name__ == "__main__":
    task, folder, *rest = sys.argv[1:]
    globals()[task](Library(Path(folder), "api", patience=60), *rest)
