"""Who works on a row of the journal: this process, another one that lives, or one that is gone.

Whether anything is unfinished is found out in no time: each load of the extension asks it.
"""

import functools
import importlib
import os
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nb_banana.errors import LibraryError
from nb_banana.library.database import Database
from nb_banana.library.location import INDEX

OWNER_TIMEOUT = timedelta(hours=1)
"""How long a process that can't be asked after (on another host) counts as alive."""
GONE = None
UNTOLD = ""
_given_up: set[str] = set()
"""Requests that this process, which still lives, works on no more; not each could be written."""


@functools.cache
def this_process() -> dict[str, Any]:
    """The columns of a row that the process works on that runs this: ``host, pid, started``."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": _started(pid) or UNTOLD}


if hasattr(os, "register_at_fork"):  # a child is another
    os.register_at_fork(after_in_child=this_process.cache_clear)


def give_up(request_id: str) -> None:
    """From now on nobody of this process works on the request."""
    _given_up.add(request_id)


def is_left(row: Mapping[str, Any]) -> bool:
    """Whether a row of the journal is nobody's any more."""
    if row["pid"] is None or row["id"] in _given_up:
        return True
    last_sign = datetime.fromisoformat(row["changed"])
    if row["host"] == this_process()["host"] and row["started"]:
        now = _started(row["pid"])
        if now != UNTOLD:
            return bool(now != row["started"])
    return abs(datetime.now(UTC) - last_sign) > OWNER_TIMEOUT  # one of two clocks may be wrong


def is_drawn(row: Mapping[str, Any]) -> bool:
    """Whether a process of this machine that lives works on a row of the journal, for certain."""
    if row["pid"] is None or row["id"] in _given_up or row["host"] != this_process()["host"]:
        return False
    return bool(row["started"]) and _started(row["pid"]) == row["started"]


def _started(pid: int) -> str | None:
    """When a process of this host was started; `GONE`, or `UNTOLD` where nobody can say."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        except FileNotFoundError:
            return UNTOLD if not Path("/proc/self/stat").exists() else GONE
        except OSError:
            return GONE  # the process ended while we were reading (ESRCH)
        fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        return GONE if fields[0] in "ZX" else f"{boot}/{fields[19]}"
    return _started_elsewhere(pid)


def _started_elsewhere(pid: int) -> str | None:
    """The same on macOS and Windows, where ipykernel brings psutil along."""
    try:
        psutil = importlib.import_module("psutil")
    except (ImportError, NotImplementedError):  # the latter in WebAssembly
        return UNTOLD
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return GONE
    except psutil.Error:
        return UNTOLD


LOOK_PATIENCE = 1.0
"""Seconds to wait for an index that another process holds; the next load asks again."""


def has_unfinished(folder: Path, kind: str) -> bool:
    """Whether a library has a request that got no end and that nobody works on."""
    index = Database(folder / INDEX, LOOK_PATIENCE)
    try:
        rows = index.rows(
            "SELECT id, host, pid, started, changed FROM requests WHERE service = ? "
            "AND state IN ('written', 'sent', 'accepted', 'answered', 'unknown')",
            kind,
        )
        return any(map(is_left, rows))
    except (LibraryError, ValueError, TypeError):  # said when the library is used
        return False
