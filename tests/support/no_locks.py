"""A disk that can't lock files, as some network disks: SQLite's own `fcntl` says no there."""

import ctypes
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_LOCKS = {fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW}
_SET = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_FCNTL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, use_errno=True)


class _Vfs(ctypes.Structure):
    """See https://sqlite.org/c3ref/vfs.html; what stands before the last is not looked at."""

    _fields_ = (
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("before", ctypes.c_void_p * 16),
        ("xSetSystemCall", _SET),
    )


def _library() -> ctypes.CDLL:
    """The SQLite that Python has loaded."""
    import sqlite3  # noqa: F401 - it loads it

    lines = Path("/proc/self/maps").read_text().splitlines()
    path = next((line.split()[-1] for line in lines if "libsqlite3" in line), None)
    return ctypes.CDLL(path) if path else pytest.skip("this Python has an SQLite inside of it")


@contextmanager
def no_locks(folder: Path, code: int) -> Iterator[None]:
    """Each lock of a file in a folder fails with this code of the system."""
    sqlite, libc = _library(), ctypes.CDLL(None, use_errno=True)
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = sqlite.sqlite3_vfs_find(None)

    def refused(handle: int, command: int, argument: int | None) -> int:
        file = Path(f"/proc/self/fd/{handle}")
        if command in _LOCKS and file.readlink().is_relative_to(folder):
            ctypes.set_errno(code)
            return -1
        return int(libc.fcntl(handle, command, ctypes.c_void_p(argument)))

    call = _FCNTL(refused)
    place = ctypes.cast(vfs, ctypes.c_void_p)
    vfs.contents.xSetSystemCall(place, b"fcntl", ctypes.cast(call, ctypes.c_void_p))
    try:
        yield
    finally:
        vfs.contents.xSetSystemCall(place, b"fcntl", None)
