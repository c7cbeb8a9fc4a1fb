"""`JournalEntry`: one request's line in the journal, and the money that is set aside for it."""

# Nothing is sent that is not written down. Each step writes the journal and settles or frees the
# money together.

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar

from nb_banana import errors
from nb_banana.generation.budget import Budget
from nb_banana.library.library import Library
from nb_banana.library.owner import give_up
from nb_banana.library.records import StoredImage
from nb_banana.request import ImageRequest
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import ResultItem, Ticket
from nb_banana.services.receipt import Receipt

Result = TypeVar("Result")


def new_request_id() -> str:
    """An id of our own, ``nbb-`` and 32 hex digits, which the service's log keeps too."""
    return f"nbb-{secrets.token_hex(16)}"


class JournalEntry:
    """The steps of one request, written down one by one, in the first place that takes them."""

    def __init__(self, places: Sequence[Library], request_id: str, budget: Budget) -> None:
        self.places = tuple(places)
        self._budget = budget
        self.library = self.places[0]
        self.request_id = request_id
        self.reached: Literal["nothing", "sent", "accepted", "answered", "kept"] = "nothing"
        self.is_written = False
        self.problem: errors.LibraryError | None = None
        self.ended = False
        self._asked: tuple[ImageRequest, dict[str, Any]] | None = None

    @classmethod
    def of(cls, library: Library, request_id: str, budget: Budget) -> "JournalEntry":
        """The entry of a request of another time, whose answer is in the journal."""
        entry = cls((library,), request_id, budget)
        entry.is_written, entry.reached = True, "answered"
        return entry

    def begin(self, request: ImageRequest, *, since: str | None, **more: Any) -> str | None:
        """Write down what is asked, and that it is sent now, in the first place that takes it."""
        self._asked = request, more
        self.is_written = True  # also for a Ctrl-C between this step and the next
        passed = (errors.LibraryUnavailableError, *(() if since else UNREADABLE))
        for library in self.places:
            self.library = library
            try:
                other = library.begin(request, self.request_id, since=since, **more)
            except passed as error:
                self.problem = self.problem or error
                last = error
                continue
            except BaseException as error:
                self.is_written = False
                if isinstance(error, KeyboardInterrupt):  # it may have come just after the commit
                    with suppress(errors.LibraryError):
                        self.is_written = library.has(self.request_id)
                raise
            if other is None:
                self.reached = "sent"
            self.is_written = other is None
            return other
        self.is_written = False
        raise _not_written(self.problem or last, last)

    def accepted(self, ticket: Ticket, service: Endpoint) -> bool:
        """The work is accepted; whether the ticket is written down, so that any kernel has it."""
        self.reached = "accepted"
        library, problem, name = self.library, self.problem, service.service.name
        self._write(Library.mark_accepted, name, service.base_url, ticket.handle)
        return self.problem is problem or self.library is not library

    def answered(self, items: Sequence[ResultItem], receipt: Receipt) -> None:
        """The answer is there: its links and its bill, and what no link will give again."""
        self.reached = "answered"
        for position, item in enumerate(items):
            if item.data is not None and item.url is None:
                self.keep_answer(item.data, position)
        self._write(Library.mark_answered, items, receipt)
        self._budget.settle(self.request_id, receipt.usd)

    def stored(self, pictures: Sequence[Any], receipt: Receipt) -> list[StoredImage] | None:
        """The pictures are there; None where no library can take them."""
        kept = self._end(Library.store, pictures, receipt)
        if kept:
            self.reached = "kept"
        return kept

    def failed(self, reason: str, receipt: Receipt | None = None) -> None:
        """It is known that there is no picture to be had. Without a receipt it was not charged."""
        self._end(Library.mark_failed, reason, receipt)
        if receipt is None:
            self._budget.drop(self.request_id)
        else:
            self._budget.settle(self.request_id, receipt.usd)

    def unknown(
        self, reason: str, receipt: Receipt | None = None, inference_id: str | None = None
    ) -> None:
        """Nobody can say yet what became of it; a receipt says that it was charged."""
        self._write(Library.mark_unknown, reason, receipt, inference_id)
        if receipt is not None:
            self._budget.settle(self.request_id, receipt.usd)

    def keep_answer(self, data: bytes, position: int | None = None) -> Any:
        """Keep what came and was not understood; None where no library can."""
        return self._write(Library.keep_answer, data, position)

    def release(self, reason: str) -> None:
        """Give up for now: whoever looks for unfinished requests may take it."""
        self._end(Library.release, reason)

    def leave(self) -> None:
        """Whoever looks for unfinished requests may take it now, also where nothing was written."""
        give_up(self.request_id)
        self.release("it was broken off")
        if self.reached == "nothing":
            self._budget.drop(self.request_id)

    def _write(self, step: Callable[..., Result], *values: Any) -> Result | None:
        """Take one step of `Library`; None where no library can. The next one is tried again."""
        if not self.is_written:
            return None
        try:
            return self._take(self.library, step, values)
        except errors.NotKeptError:  # it came home meanwhile
            for library in self.places:
                with suppress(errors.LibraryError):
                    result = self._take(library, step, values)
                    self.library = library
                    return result
            self.problem = errors.NotKeptError("Its row was deleted meanwhile.")
        except errors.LibraryError as error:
            self.problem = error
        return self._elsewhere(step, values)

    def _elsewhere(self, step: Callable[..., Result], values: Sequence[Any]) -> Result | None:
        """The same step in another place, which writes the request down first."""
        if self._asked is None:
            return None
        request, more = self._asked
        for library in self.places[self.places.index(self.library) + 1 :]:
            try:
                library.begin(request, self.request_id, **more)
                result = self._take(library, step, values)
            except errors.LibraryError:  # the first problem says more
                continue
            self.library = library
            return result
        return None

    def _take(self, library: Library, step: Callable[..., Result], values: Sequence[Any]) -> Result:
        own: Callable[..., Result] = getattr(library, step.__name__)  # a stand-in has its own way
        return own(self.request_id, *values)

    def _end(self, step: Callable[..., Result], *values: Any) -> Result | None:
        """Take the last step, unless it was taken."""
        if self.ended:
            return None
        before = self.library, self.problem
        result = self._write(step, *values)
        failed = self.problem is not before[1] and self.library is before[0]
        if failed and not isinstance(self.problem, errors.LibraryBusyError):
            # So that other kernels may take it too: less to write than a picture.
            problem = self.problem
            self._write(Library.release, str(problem))
            self.problem = problem
        self.ended = not failed
        return result


UNREADABLE = (errors.LibraryDamagedError, errors.NewerLibraryError, errors.LibraryBusyError)
"""What can't be read may have the picture already: only who wants a fresh one goes on."""


def _not_written(
    first: errors.LibraryError, last: errors.LibraryError
) -> errors.LibraryUnavailableError:
    stand_in = "" if last is first else f" Nor can a stand-in take it: {last.args[0]}"
    return errors.LibraryUnavailableError(
        f"Nothing was sent, for it could not be written down first. {first.args[0]}{stand_in} To "
        "keep nothing at all: %config Banana.keep = False"
    )
