"""`PendingValue`: a value that is on its way. It is bound at once, and using it waits."""

import asyncio
import copy
import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar

from nb_banana._hints import absent
from nb_banana.display.output import display
from nb_banana.display.progress import Placeholder, silently
from nb_banana.errors import BananaError, Interrupted
from nb_banana.settings import is_stable

Value = TypeVar("Value")
ELSEWHERE = (
    "This picture is on its way in another process, of which this one is a copy (fork), and never "
    "comes here. Wait for it before the copy is made, or ask for it again here: what has arrived "
    "is free."
)
CANCELLED = (
    "You cancelled it. What was sent by then may be charged: what comes is kept in your library, "
    "and nb_banana.recover() looks after the rest."
)


class PendingValue(Generic[Value]):
    """The first base of a class whose values may be on their way.

    ``await value`` waits without holding up the kernel. What went wrong is raised where it is used.
    """

    _comes_later: ClassVar[frozenset[str]]
    """The attributes of a finished value: asking for one of them waits."""

    def __init__(self, placeholder: Placeholder, stop: Callable[[], None]) -> None:
        self._future: Future[Value] = Future()
        self._placeholder = placeholder
        self._stop = stop
        self._trace: TracebackType | None = None  # how its error came about
        self._started = time.monotonic()
        self._ending = threading.Lock()
        self._process = os.getpid()  # a forked child has no thread that draws

    def __getattr__(self, attribute: str) -> Any:
        # Called for what is not there yet. Other names are asked for by front ends that feel
        # their way, and must not wait.
        if attribute not in self._comes_later:
            raise absent(self, attribute)
        self.wait()
        return vars(self)[attribute]

    @property
    def done(self) -> bool:
        """Whether it is there, or has failed."""
        return self._future.done()

    def wait(self, timeout: float | None = None) -> Value:
        """Wait for it.

        Args:
            timeout: seconds; None for as long as it takes.

        Returns:
            The value itself.

        Raises:
            BananaError: what went wrong, see `nb_banana.errors`; or it never comes here.
            TimeoutError: it is not there yet; it goes on.
            Interrupted: Ctrl-C, or `cancel`; it may come all the same.
        """
        self._begin_wait()
        try:
            return self._future.result(timeout)
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted("Stopped waiting. It is still on its way.") from None
        except FutureTimeoutError as error:
            if isinstance(error, BananaError):  # the service was slow, not we
                raise
            raise TimeoutError(f"It is not there after {timeout:g} s; it goes on.") from None

    def __await__(self) -> Generator[Any, None, Value]:
        # Shielded: who stops to wait must not take it from others who do.
        self._begin_wait()
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def _begin_wait(self) -> None:
        """See that it can come here; let go the frames that its error was raised in before."""
        if self._process != os.getpid() and not self.done:
            raise BananaError(ELSEWHERE)
        if self.done and (error := self._future.exception()) is not None:
            error.__traceback__ = self._trace

    @property
    def _is_shown(self) -> bool:
        """Whether it has an output of its own, which its pictures will be in."""
        return self._placeholder.is_shown

    def _requests(self) -> list[str]:
        """The ids of the requests of the pictures that came, after the end."""
        try:
            value: Any = self._future.result(0)
        except BaseException:  # noqa: BLE001 - whoever uses the value gets it
            return []
        images = getattr(value, "images", (value,))  # a gallery's, or the picture itself
        return [each.receipt.client_request_id for each in images]

    def on_end(self, call: Callable[[], None]) -> None:
        """Call this when it is there or has failed: in the thread that drew it, or at once."""
        self._future.add_done_callback(lambda _: call())

    def cancel(self) -> bool:
        """Stop waiting. A request that was sent can't be called back; what comes is kept.

        Returns:
            Whether it was still on its way.
        """
        self._stop()
        return self.end(Interrupted(CANCELLED))

    def draw(self, make: Callable[[], Value]) -> None:
        """Make it; runs in a thread of its own."""
        try:
            with silently():
                value = make()
        except BaseException as error:  # noqa: BLE001 - whoever uses the value gets it
            self.end(error)
        else:
            self.end(value)

    def end(self, outcome: Value | BaseException) -> bool:
        """It is there, or it failed: the first word counts. Returns whether this was it."""
        with self._ending:
            if self.done:
                return False
            # Whoever waited for it goes on with its places filled: a cell may end there.
            try:
                self._placeholder.end(outcome)
            finally:  # nobody waits for ever because a display is broken
                if isinstance(outcome, BaseException):
                    self._trace = outcome.__traceback__
                    self._future.set_exception(outcome)
                else:
                    vars(self).update(vars(outcome))
                    self._future.set_result(outcome)
        return True

    def __copy__(self) -> Value:
        return self.wait()

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return copy.deepcopy(self.wait(), memo)

    def __reduce__(self) -> Any:
        return _itself, (self.wait(),)

    @property
    def state(self) -> str:
        """How it is with it, in a few words; nothing when it is there."""
        if not self.done and self._process != os.getpid():
            return "on its way in another process"
        if not self.done:
            waited = f" for {time.monotonic() - self._started:.0f} s"
            return f"on its way{'' if is_stable(self) else waited}"
        error = self._future.exception()
        return f"failed: {error}" if error else ""

    def _ipython_display_(self) -> None:
        if self.done:
            display(self.wait())
        else:
            self._placeholder.show()


def _itself(value: Any) -> Any:
    return value
