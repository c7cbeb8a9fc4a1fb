"""The library's index: one SQLite file. The only module that imports `sqlite3`.

Each step opens its own connection and closes it again. That costs a fraction of a millisecond, and
threads and forked processes share nothing, no file stays open, and the folder may be moved.

Threads that write at the same moment share one transaction: the disk is waited for once. SQLite
itself lets one write at a time and makes the others look again after a nap; a batch with many
workers would spend more time on that than on writing.
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from nb_banana.errors import (
    LibraryBusyError,
    LibraryDamagedError,
    LibraryError,
    LibraryUnavailableError,
    NewerLibraryError,
)
from nb_banana.library import schema
from nb_banana.library.schema import Row

Result = TypeVar("Result")


class Transaction:
    """One transaction: what it changes is there as a whole, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def step(self, fail: Callable[[Exception], None]) -> Iterator[None]:
        """A part of the transaction that goes back alone where it fails, and says so to `fail`.

        What is wrong with the whole file (full, damaged) is raised: all of it goes back.
        """
        self._connection.execute("SAVEPOINT step")
        try:
            yield
        except sqlite3.IntegrityError as error:
            fail(_known_already(error))
        except OverflowError:  # such as take=10**30
            fail(LibraryError("The library can't keep a number of so many digits."))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised by whoever wanted the part
            fail(error)
        else:
            self._connection.execute("RELEASE step")
            return
        self._connection.execute("ROLLBACK TO step")
        self._connection.execute("RELEASE step")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """The rows that a query finds."""
        return self._connection.execute(sql, _fitting(values)).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Change something; the number of rows that it changed."""
        return self._connection.execute(sql, _fitting(values)).rowcount

    def add(self, table: str, row: Row, *, known: str = "ABORT") -> None:
        """A new row; `known` says what happens where there is one already: ABORT or REPLACE."""
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        # Names of tables and columns are our own; the values go in by ? as everywhere.
        self.run(
            f"INSERT OR {known} INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
            *row.values(),
        )

    def change(self, table: str, columns: Row, where: str, *values: Any) -> int:
        """Set columns of the rows for which `where` holds; their number."""
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {table} SET {names} WHERE {where}"  # noqa: S608 - names of our own, as above
        return self.run(sql, *columns.values(), *values)


_turns: dict[str, threading.RLock] = {}
"""Who uses an index now, by its path."""

if hasattr(os, "register_at_fork"):  # a child has none of the threads that hold them
    os.register_at_fork(after_in_child=_turns.clear)


class Database:
    """The file, opened anew for each step.

    Attributes:
        path: the file.
        patience: seconds to wait while another process writes.
        migrations: see `nb_banana.library.schema`.

    """

    def __init__(
        self,
        path: Path,
        patience: float,
        migrations: tuple[tuple[str, ...], ...] = schema.MIGRATIONS,
    ) -> None:
        self.path, self.patience, self.migrations = path, patience, migrations

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """The rows that a query finds; none where there is no index yet.

        Raises:
            LibraryError: see `nb_banana.errors`.
        """
        if not self._is_there():
            return []
        with self.turn, self._connected() as connection:
            return Transaction(connection).rows(sql, *values)

    def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Do some work in a transaction that is on the disk when this returns.

        Raises:
            LibraryError: see `nb_banana.errors`; and whatever the work raises.
        """
        return commit(self, work)

    @property
    def turn(self) -> threading.RLock:
        """Held by the thread of this process that uses the file.

        SQLite alone would let the others look again after naps of up to a tenth of a second.
        """
        return _turns.setdefault(str(self.path), threading.RLock())

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that holds the index alone, and is on the disk when it ends well.

        Raises:
            LibraryError: see `nb_banana.errors`.
        """
        with self._connected() as connection:
            connection.execute("PRAGMA synchronous = FULL")  # not every build's default
            connection.execute("BEGIN IMMEDIATE")
            yield Transaction(connection)
            connection.execute("COMMIT")  # after an error, closing takes all of it back

    def is_own(self) -> bool:
        """Whether it has the tables that `nb_banana.library.schema` makes and nothing beside them.

        A view or a trigger in an index from a stranger would be work that he chose.

        Raises:
            LibraryError: see `nb_banana.errors`.
        """
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.row_factory = _as_dict
            for version in self.migrations:
                for statement in version:
                    fresh.execute(statement)
            return self.rows(_TABLES) == Transaction(fresh).rows(_TABLES)

    def _is_there(self) -> bool:
        try:
            self.path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LibraryUnavailableError(
                f"The library in {self.path.parent} can't be read: {error.strerror}. "
                'Choose another folder with %config Banana.library = "…".'
            ) from error
        return True

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, self.patience, isolation_level=None)
            with closing(connection):
                connection.row_factory = _as_dict
                # The schema of a file that came from a stranger must not run functions.
                connection.execute("PRAGMA trusted_schema = OFF")
                self._migrate(connection)
                yield connection
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(self.migrations):
            return
        connection.execute("BEGIN IMMEDIATE")
        # Asked again: another process may have done it while we waited.
        for version in range(self._version(connection), len(self.migrations)):
            for statement in self.migrations[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()["user_version"])
        if version > len(self.migrations):
            raise NewerLibraryError(
                f"The library in {self.path.parent} was written by a newer nb_banana (its version "
                f"is {version}, this one knows {len(self.migrations)}). It was left as it is. "
                "Run pip install -U nb-banana and restart the kernel, or choose another folder "
                'with %config Banana.library = "…".'
            )
        return version

    def _told(self, error: sqlite3.Error) -> LibraryError:
        """What SQLite says, as a sentence with its cure. Codes: https://sqlite.org/rescode.html"""
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_CORRUPT) & 0xFF
        folder = self.path.parent
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return LibraryBusyError(
                f"Another program held the library in {folder} for more than {self.patience:g} s. "
                "Close what has index.sqlite open, then run it again."
            )
        if code == sqlite3.SQLITE_FULL:
            return LibraryUnavailableError(
                f"The disk of the library in {folder} is full. Make room, or choose another "
                'folder with %config Banana.library = "…".'
            )
        if code in _PLACE:
            return LibraryUnavailableError(
                f"The library in {folder} can't be opened or written ({error}). Look at the "
                "folder's permissions and disk, or choose another with "
                '%config Banana.library = "…".'
            )
        return LibraryDamagedError(
            f"The index of the library in {folder} is damaged ({error}). It was left as it is, "
            "and the pictures are still files in its folder pictures. Put a backup of "
            "index.sqlite in its place, or move it away to begin a new one."
        )


_TABLES = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
_PLACE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOLFS,
}


def _known_already(error: sqlite3.IntegrityError) -> LibraryError:
    known = LibraryError(f"The library has this already: {error}.")
    known.__cause__ = error
    return known


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _fitting(values: tuple[Any, ...]) -> list[Any]:
    """Texts that SQLite takes: JSON and file names can hold halves of characters, UTF-8 can't."""
    return [
        value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for value in values
    ]


class _Task(Generic[Result]):
    """What one thread wants to write, and what came of it."""

    def __init__(self, work: "Callable[[Transaction], Result]") -> None:
        self._work = work
        self._result: list[Result] = []
        self.error: BaseException | None = None
        self.is_done = False

    def run(self, session: "Transaction") -> None:
        """Do it inside of the transaction of all; where it fails, only its own part goes back."""
        with session.step(self.fail):
            self._result = [self._work(session)]

    def fail(self, error: BaseException) -> None:
        """It failed: alone, or with all the others."""
        self.error = error

    def outcome(self) -> Result:
        """The result, or the error that it raised."""
        if self.error is not None:
            raise self.error
        return self._result[0]


_queues: dict[str, deque[_Task[Any]]] = {}
"""What waits to be written, by the file. The first to have its turn writes for all."""


def commit(index: "Database", work: "Callable[[Transaction], Result]") -> Result:
    """Do some work in a transaction that is on the disk when this returns.

    Args:
        index: the file.
        work: what to do in it; it runs in the thread of whoever commits.

    Raises:
        LibraryError: see `nb_banana.errors`; and whatever the work raises.
    """
    queue = _queues.setdefault(str(index.path), deque())
    task = _Task(work)
    queue.append(task)
    with index.turn:
        if not task.is_done:
            # A Ctrl-C in here would take along what other threads have written down.
            # Imported with the first write: loading the extension only looks.
            from nb_banana.wire.interrupts import defer_interrupts

            with defer_interrupts():
                _commit_all(index, queue)
    return task.outcome()


def _commit_all(index: "Database", queue: deque[_Task[Any]]) -> None:
    tasks = [queue.popleft() for _ in range(len(queue))]
    try:
        with index.writing() as session:
            for task in tasks:
                task.run(session)
    except Exception as error:  # noqa: BLE001 - each thread raises it for itself
        for task in tasks:
            task.fail(error)
    for task in tasks:
        task.is_done = True


if hasattr(os, "register_at_fork"):  # a child has none of the threads that wait in its parent
    os.register_at_fork(after_in_child=_queues.clear)
