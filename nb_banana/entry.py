"""`Entry`: one request's line in the journal. Where the library fails, the road goes on."""

from collections.abc import Callable
from typing import Any, TypeVar

from nb_banana.errors import LibraryError
from nb_banana.library import Library

Result = TypeVar("Result")


class Entry:
    """The steps of one request, written down one by one.

    Args:
        library: where.
        request_id: our own id of the request.

    Attributes:
        problem: what the library said when it could not do a step; from then on none is tried.
        ended: whether the last step was taken.
    """

    def __init__(self, library: Library, request_id: str) -> None:
        self.library = library
        self.request_id = request_id
        self.problem: LibraryError | None = None
        self.ended = False

    def write(self, step: Callable[..., Result], *values: Any, **more: Any) -> Result | None:
        """Take one step of the library; None where it can't."""
        if self.problem is None:
            try:
                return step(self.request_id, *values, **more)
            except LibraryError as error:
                self.problem = error
        return None

    def end(self, step: Callable[..., Result], *values: Any) -> Result | None:
        """Take the last step, unless it was taken."""
        if self.ended:
            return None
        self.ended = True
        return self.write(step, *values)
