"""Work in a forked child that is killed with -9 when it comes to a step: as a kernel that dies."""

import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from nb_banana.errors import BananaError, Interrupted

ROOMS = ("generation", "library")
RAW = 7


def live(
    work: Callable[[], Any], last_step: int | None = None, within: Sequence[str] = ROOMS
) -> bool:
    """Do some work in a child, which dies at its so-many-th step; whether it came to its end.

    A step is a call of a function in one of these rooms or modules, or the return from it. An error
    of ours is an end too; any other one is shown, and fails.
    """
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads: a sandbox
        child = os.fork()
    if child == 0:
        _die(work, last_step, within)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "an error that is none of ours"
    return os.WIFEXITED(status)


def _die(work: Callable[[], Any], last_step: int | None, within: Sequence[str]) -> None:
    code = RAW
    try:
        if last_step is not None:
            profile = _counting(last_step, within)
            threading.setprofile(profile)
            sys.setprofile(profile)
        with suppress(BananaError, Interrupted):
            work()
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it is shown
        traceback.print_exc()
    finally:
        sys.setprofile(None)
        sys.stderr.flush()
        os._exit(code)


def _counting(last_step: int, within: Sequence[str]) -> Callable[..., None]:
    left, places = last_step, tuple(f"/nb_banana/{each}" for each in within)

    def count(frame: Any, event: str, _: Any) -> None:
        nonlocal left
        if event in ("call", "return") and any(at in frame.f_code.co_filename for at in places):
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return count
