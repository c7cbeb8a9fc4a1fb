"""Work in a forked child that is killed with -9 when it comes to a step: a kernel that dies."""

import os
import resource
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from nb_banana.errors import BananaError, Interrupted

JOURNAL = (
    *("library/journal", "library/library", "library/files", "library/deletion"),
    *("generation/journal_entry", "generation/pipeline", "generation/recovery"),
)
"""The modules in which a step is one of money, of a row or of a file."""
RAW = 7


def live(
    work: Callable[[], Any],
    last_step: int | None = None,
    within: Sequence[str] = JOURNAL,
    room: int | None = None,
) -> bool:
    """Do some work in a child, which dies at its so-many-th step; whether it came to its end.

    A step is a call of a function in one of these modules, or the return from it. With `room` no
    file can get more bytes. An error of ours is an end too; any other one is shown, and fails.
    """
    return end(begin(work, last_step, within, room))


def begin(
    work: Callable[[], Any],
    last_step: int | None = None,
    within: Sequence[str] = JOURNAL,
    room: int | None = None,
) -> int:
    """The child, for `end`."""
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads: a sandbox
        child = os.fork()
    if child:
        return child
    code = RAW
    try:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        if last_step is not None:
            profile = _counting(last_step, tuple(f"/nb_banana/{each}." for each in within))
            threading.setprofile(profile)
            sys.setprofile(profile)
        with only_ours():
            work()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it is shown
        traceback.print_exc()
    finally:
        sys.setprofile(None)
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def only_ours() -> Iterator[None]:
    """The same in this process: an error of ours is an end too."""
    with suppress(BananaError, Interrupted):
        yield


def end(child: int) -> bool:
    """Wait for a child; whether it came to its end."""
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "an error that is none of ours"
    return os.WIFEXITED(status)


def _counting(last_step: int, within: tuple[str, ...]) -> Callable[..., None]:
    left = last_step

    def count(frame: Any, event: str, _: Any) -> None:
        nonlocal left
        if event in ("call", "return") and any(at in frame.f_code.co_filename for at in within):
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return count
