"""A library that is read and never written: one that a class shares, or one without the rights."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from nb_banana.errors import (
    LibraryDamagedError,
    LibraryError,
    LibraryUnavailableError,
)
from nb_banana.library.database import Database, Transaction
from nb_banana.library.library import Library
from nb_banana.library.location import INDEX, has_libraries
from nb_banana.library.records import Bill, StoredImage, UnfinishedRequest

WRITE_AHEAD = b"\2\2"
"""What an index in this mode has in its header: SQLite makes files beside it to read it.
https://sqlite.org/fileformat.html#file_format_version_numbers"""

KNOWS_ABOUT = 3  # the first version that knows whether a cost was computed


class SharedDatabase(Database):
    """An index that is only read: nothing in it is changed, and nothing is made beside it."""

    mode = "ro"  # not immutable: its owner may be writing
    instead = "leave it out of Banana.shared_libraries"
    _seen: tuple[int, ...] = ()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """It is not for writing."""
        raise self.refusal()
        yield

    def refusal(self) -> LibraryUnavailableError:
        """What is said to whoever would write, which nothing of ours does."""
        return self._unavailable("be written to from here, for it is only read")

    def is_there(self) -> bool:
        """See `Database.is_there`."""
        root = self.path.parent.parent
        try:
            is_file = root.is_file()
        except OSError as error:  # a name that is too long
            raise self._unavailable(f"be read: {error.strerror}") from None
        if is_file:
            raise self._unavailable(f"be read: {root} is a file, and no folder with libraries")
        return super().is_there()

    @contextmanager
    def _connected(self, begin: str = "BEGIN", *, looks: bool = False) -> Iterator[Any]:
        if self._mark() != self._seen:
            self._check_header()
        with super()._connected(begin, looks=looks) as connection:
            yield connection

    def _check_header(self) -> None:
        try:
            with self.path.open("rb") as file:
                header = file.read(20)
        except OSError as error:
            raise self._unavailable(f"be read: {error.strerror}") from error
        if header[18:] == WRITE_AHEAD:
            raise self._unavailable(
                "be read without writing to it: another program has left its index.sqlite in the "
                "mode WAL (PRAGMA journal_mode = DELETE undoes that)"
            )
        self._seen = self._mark()

    def _is_as_seen(self) -> bool:
        return False  # one of an older version gets a view, each time

    def _migrate(self, connection: Any, *, is_new: bool = False) -> None:  # noqa: ARG002
        # An older version is read as it is, as if it had the one column that is asked for.
        version = self._version(connection)
        if not version:
            raise self._damaged("it is empty")
        if version < KNOWS_ABOUT:
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(
                "CREATE TEMP VIEW requests AS SELECT *, 0 AS about FROM main.requests"
            )

    def _unavailable(self, why: str) -> LibraryUnavailableError:
        return LibraryUnavailableError(
            f"The shared library in {self.path.parent} can't {why}. Ask whoever keeps it, or "
            f"{self.instead}; --fresh pays for a picture of your own."
        )

    def _damaged(self, why: object) -> LibraryDamagedError:
        return LibraryDamagedError(
            f"The index of the shared library in {self.path.parent} is damaged ({why}). Ask "
            f"whoever keeps it for a sound one, or {self.instead}; --fresh pays for a picture of "
            "your own."
        )


class SharedLibrary(Library):
    """The pictures of one kind of service in a folder that is somebody else's, or as good as that.

    With ``kept_in`` it is the person's ``Banana.library``, and new pictures go to that folder.
    """

    is_shared = True
    origin = "a shared library"

    def __init__(self, folder: Path, service: str, kept_in: Path | None = None) -> None:
        super().__init__(folder, service)
        self.kept_in = kept_in
        self._index: SharedDatabase = SharedDatabase(self.folder / INDEX, self._index.patience)
        if kept_in is not None:
            self._index.instead = Database.instead

    @property
    def remark(self) -> str:
        """What a person who draws should know of it, once; empty where there is nothing."""
        if self.kept_in is not None:
            return (
                f"What you draw is kept in {self.kept_in}, for the library in "
                f"{self.folder.parent} can only be read."
            )
        return "" if has_libraries(self.folder.parent) else NEVER_THERE.format(self.folder.parent)

    def find(self, key: str) -> StoredImage | None:
        """As of any library; what is damaged and may have it is said."""
        found = super().find(key)
        if found is None:
            self.check()  # a library that is written is checked before it is
        return found

    def known(self, keys: Iterable[str]) -> set[str]:
        """As of any library; what is damaged and may have more is said."""
        wanted = set(keys)
        found = super().known(wanted)
        if found < wanted:
            self.check()
        return found

    def unfinished(
        self, key: str | None = None, problems: list[LibraryError] | None = None
    ) -> list[UnfinishedRequest]:
        """What this person has paid there for the same, and did not get; all else is not ours."""
        return super().unfinished(key, problems) if key is not None and self.is_own else []

    def bills(self, since: Any = None) -> list[Bill]:  # noqa: ARG002 - as of any library
        """What others paid is in no bill."""
        return []

    def forget(self, ids: Iterable[str]) -> NoReturn:  # noqa: ARG002 - as of any library
        """It is not ours to delete from."""
        raise LibraryError(
            f"This picture is in the shared library in {self.folder}, which is only read from "
            "here. Nothing was deleted. Whoever keeps that library can delete it there."
        )

    def keep_answer(self, request_id: str, data: bytes, position: int | None = None) -> NoReturn:  # noqa: ARG002
        """It is not ours to write to."""
        raise self._index.refusal()

    @contextmanager
    def _written(self, pictures: Iterable[bytes]) -> Iterator[Any]:  # noqa: ARG002
        raise self._index.refusal()
        yield

    def _prepare(self) -> NoReturn:
        raise self._index.refusal()


NEVER_THERE = (
    "There is no library in {} (Banana.shared_libraries), so nothing was looked for there. Look at "
    "the folder's name."
)
