"""`JournalEntry`: one request's line in the journal. Where the library fails, it goes on."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from nb_banana.errors import LibraryBusyError, LibraryError
from nb_banana.library.library import Library
from nb_banana.library.owner import give_up
from nb_banana.request import ImageRequest

Result = TypeVar("Result")


class JournalEntry:
    """The steps of one request, written down one by one.

    Args:
        library: where.
        request_id: our own id of the request.

    Attributes:
        reached: how far the request came, whether the journal could be told or not.
        is_written: whether the journal has it; else no further step is tried.
        problem: what the library said when it could not do a step.
        ended: whether the last step was taken.
    """

    def __init__(self, library: Library, request_id: str) -> None:
        self.library = library
        self.request_id = request_id
        self.reached: Literal["nothing", "sent", "answered", "kept"] = "nothing"
        self.is_written = False
        self.problem: LibraryError | None = None
        self.ended = False

    @classmethod
    def of(cls, library: Library, request_id: str) -> "JournalEntry":
        """The entry of a request of another time, whose answer is in the journal."""
        entry = cls(library, request_id)
        entry.is_written, entry.reached = True, "answered"
        return entry

    def begin(self, request: ImageRequest, **more: Any) -> None:
        """Write down what is asked, and that it is sent now.

        Where there is no library the request is sent all the same.
        """
        self.is_written = True  # also for a Ctrl-C between this step and the next
        try:
            self.library.begin(request, self.request_id, **more)
        except LibraryError as error:
            self.is_written, self.problem = False, error
        self.reached = "sent"

    def write(self, step: Callable[..., Result], *values: Any) -> Result | None:
        """Take one step of the library; None where it can't. The next one is tried again."""
        if not self.is_written:
            return None
        try:
            return step(self.request_id, *values)
        except LibraryError as error:
            self.problem = error
        return None

    def end(self, step: Callable[..., Result], *values: Any) -> Result | None:
        """Take the last step, unless it was taken."""
        if self.ended:
            return None
        before = self.problem
        result = self.write(step, *values)
        failed = self.problem is not before
        if failed and not isinstance(self.problem, LibraryBusyError):
            # So that other kernels may take it too: less to write than a picture.
            problem = self.problem
            self.write(self.library.release, str(problem))
            self.problem = problem
        self.ended = not failed
        return result

    def leave(self) -> None:
        """Whoever looks for unfinished requests may take it now, also where nothing was written."""
        give_up(self.request_id)
        self.end(self.library.release, "it was broken off")
