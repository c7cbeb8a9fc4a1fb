"""The library's index: one SQLite file. The only module that imports `sqlite3`.

Each step opens its own connection and closes it again, or those of one request that follow on each
other: threads and forked processes share nothing, no file stays open, the folder may be moved.
"""

import os
import re
import signal
import sqlite3
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cache, lru_cache
from pathlib import Path, PurePath
from typing import Any, TypeVar

from nb_banana._text import clean
from nb_banana.errors import LibraryBusyError, LibraryDamagedError, LibraryError
from nb_banana.library import location, schema
from nb_banana.library.migration import TABLES, Versioned
from nb_banana.library.schema import Row

Result = TypeVar("Result")

LONGEST_LOOK = 10.0  # seconds: who only looks does not wait as long as a picture that was paid
STILL_HELD = 1.0  # seconds, where the wait before was in vain: it is said at once in each cell
LEAST_SIZE = 100  # bytes of an SQLite file's header: a smaller file counts as an empty one to it


class Transaction:
    """One transaction: what it changes is there as a whole, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.is_written = False

    def step(self, work: "Callable[[Transaction], Any]") -> "_Outcome":
        """Do a part that goes back alone where it fails; what is wrong with the file is raised."""
        self._connection.execute("SAVEPOINT step")
        try:
            result = work(self)
        except sqlite3.IntegrityError as error:
            failed: Exception = LibraryError(f"The library has this already: {error}.")
            failed.__cause__ = error
        except OverflowError:  # such as take=10**30
            failed = LibraryError("The library can't keep a number of so many digits.")
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised by whoever wanted the part
            failed = error
        else:
            self._connection.execute("RELEASE step")
            return result, None
        self._connection.execute("ROLLBACK TO step")
        self._connection.execute("RELEASE step")
        return None, failed

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
        sql = f"INSERT OR {known} INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        self.run(sql, *row.values())

    def change(self, table: str, columns: Row, where: str, *values: Any) -> int:
        """Set columns of the rows for which `where` holds; their number."""
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {table} SET {names} WHERE {where}"  # noqa: S608 - names of our own, as above
        return self.run(sql, *columns.values(), *values)


_turns: dict[str, threading.RLock] = {}  # who uses an index now, by its path
_Held = tuple[sqlite3.Connection, tuple[int, ...], float]  # of which file, with what patience
_Outcome = tuple[Any, Exception | None]
_Task = tuple[Callable[[Transaction], Any], list[_Outcome]]  # which is empty until it is done
_queues: dict[str, deque[_Task]] = {}  # what waits to be written to an index, by its path


def _hold() -> None:
    """Wait for what others write: SQLite in the child would take it for its own, and for held."""
    for turn in list(_turns.values()):
        turn.acquire(timeout=LONGEST_LOOK)


def _free() -> None:
    for turn in list(_turns.values()):
        with suppress(RuntimeError):  # it was waited for in vain, or is a new one
            turn.release()


if hasattr(os, "register_at_fork"):  # a child has none of the threads that hold or wait
    os.register_at_fork(before=_hold, after_in_parent=_free, after_in_child=_turns.clear)
    os.register_at_fork(after_in_child=_queues.clear)


class Database(Versioned):
    """The file, opened anew for each step. It waits `patience` seconds while others write."""

    mode = "rw"  # never makes the file
    instead = 'choose another folder with %config Banana.library = "…"'

    def __init__(
        self,
        path: Path,
        patience: float,
        migrations: tuple[tuple[str, ...], ...] = schema.MIGRATIONS,
    ) -> None:
        self.path, self.patience, self.migrations = path, patience, migrations
        self._name = str(path)
        self._sound: tuple[int, ...] | None = None
        self._held: dict[tuple[int, int], _Held | None] = {}  # by process: a child has its own
        self._was_held = False  # by another program, when it was last asked

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_held": {}}  # a picture is pickled while another one is drawn

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """The rows that a query finds; none where there is no index yet."""
        if not self.is_there():
            return []
        with self.turn, self._connected(looks=True) as connection:
            return Transaction(connection).rows(sql, *values)

    @contextmanager
    def keep_open(self) -> Iterator[None]:
        """In the block this thread opens the file once, for it costs more than to ask it."""
        thread = os.getpid(), threading.get_ident()
        if thread in self._held:
            yield
            return
        self._held[thread] = None
        try:
            yield
        finally:
            if held := self._held.pop(thread):
                held[0].close()

    def let_go(self) -> None:
        """Close what is kept open, for now: a wait begins, or the code of others."""
        thread = os.getpid(), threading.get_ident()
        if held := self._held.get(thread):
            self._held[thread] = None
            held[0].close()

    def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Do some work in a transaction that is on the disk when this returns."""
        # Threads that write at the same moment share a transaction, which the first one writes:
        # 128 commits of 20 ms by 16 threads take 2.1 s, and not 4.7 as with a turn for each.
        queue = _queues.setdefault(self._name, deque())
        came: list[_Outcome] = []
        queue.append((work, came))
        with self.turn:
            if not came:
                # Imported with the first write: loading the extension only looks.
                from nb_banana.wire.interrupts import Hold, defer_interrupts

                # A Ctrl-C in here would take along what other threads have written down.
                is_held = isinstance(signal.getsignal(signal.SIGINT), Hold)
                with nullcontext() if is_held else defer_interrupts():
                    tasks = [queue.popleft() for _ in range(len(queue))]
                    try:
                        self._write_all(tasks)
                    except BaseException:  # a second Ctrl-C: the others write theirs themselves
                        queue.extend(each for each in tasks if not each[1] and each[1] is not came)
                        raise
        result: Result
        result, error = came.pop()
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # whose traceback leads here

    def _write_all(self, tasks: list[_Task]) -> None:
        outcomes: list[_Outcome] = []
        try:
            with self.writing() as session:
                outcomes = [session.step(work) for work, _ in tasks]
        except Exception as trouble:  # noqa: BLE001 - each thread raises it for itself
            outcomes = [(None, trouble)] * len(tasks)
        except BaseException:
            if outcomes and not session.is_written:
                outcomes = []
            raise
        finally:
            for (_, came), outcome in zip(tasks, outcomes, strict=False):
                came.append(outcome)

    @property
    def turn(self) -> threading.RLock:
        """Held by the thread of this process that uses the file."""
        # SQLite alone would let the others look again after naps of up to a tenth of a second.
        return _turns.setdefault(self._name, threading.RLock())

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that holds the index alone, and is on the disk when it ends well."""
        if not self.is_there():
            self._create()
        was_sound = self._is_as_seen()
        with self._connected("BEGIN IMMEDIATE") as connection:
            session = Transaction(connection)
            yield session
            try:
                connection.execute("COMMIT")  # after an error, closing takes all of it back
            finally:  # a Ctrl-C during it comes when it is done
                session.is_written = not connection.in_transaction
        if was_sound:
            self._sound = self._mark()

    @contextmanager
    def believed(self) -> Iterator[None]:
        """Rows that make no sense were not written by us."""
        try:
            yield
        except LibraryError:
            raise
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            raise LibraryDamagedError(
                f"A row of the library in {self.path.parent} can't be read "
                f"({clean(repr(error), 100)}). "
                "It was left as it is. Put a backup of index.sqlite in its place."
            ) from error

    def check(self, *, quick: bool = False) -> None:
        """See that the whole file is sound, unless nobody else has written since it was."""
        # A search in a damaged file may find nothing where there is something, and say no word.
        if self.is_sound():
            return
        with self.turn, self._connected(looks=True) as connection:
            mark = self._mark()
            how = "quick_check" if quick else "integrity_check"
            (said,) = connection.execute(f"PRAGMA {how}(1)").fetchone().values()
            if said != "ok":
                raise self._damaged(said)
            self._sound = mark

    def is_sound(self) -> bool:
        """Whether this process knows that it is, without a look at all of it."""
        return self._is_as_seen() or not self.is_there()

    def _is_as_seen(self) -> bool:
        """Whether nobody else has written since the whole of it was seen to be sound."""
        return self._sound is not None and self._sound == self._mark()

    def _mark(self) -> tuple[int, ...]:
        """What changes whenever somebody writes."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - a path has to be read anew each time
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def is_there(self) -> bool:
        """Whether there is an index. What can't be read is there: else it would be paid again."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - as above
        except (FileNotFoundError, NotADirectoryError):
            if self.path.is_symlink() or self.path.with_name(f".{self.path.name}.icloud").exists():
                why = "be read: its index.sqlite is not on this machine"
                raise self._unavailable(why) from None
            return False
        except OSError as error:
            raise self._unavailable(f"be read: {error.strerror}") from error
        is_file = stat.S_ISREG(found.st_mode)
        with suppress(OSError):  # one look: another process may just be done with its journal
            is_file &= stat.S_ISREG(os.stat(f"{self._name}-journal").st_mode)  # noqa: PTH116
        if not is_file:  # SQLite would wait at a pipe for ever
            raise self._damaged("it is no file")
        if found.st_size < LEAST_SIZE:  # one of ours is never empty, see `_create`
            raise self._damaged("it is empty")
        return True

    def _create(self) -> None:
        """Make the file under another name first: the one that bears its name is always whole."""
        try:
            with location.appearing(self.path) as part, closing(connect(str(part))) as connection:
                self._migrate(connection, is_new=True)
            self._sound = self._mark()
        except sqlite3.Error as error:
            if isinstance(told := self._told(error), LibraryBusyError):  # nobody else knows it
                told = self._unavailable("be written: its disk can't lock files")
            raise told from error
        except FileExistsError:  # another process was faster
            return
        except OSError as error:
            raise self._unavailable(f"be written: {error.strerror}") from error

    @contextmanager
    def _connected(self, begin: str = "BEGIN", *, looks: bool = False) -> Iterator[Any]:
        """The file in a transaction: statements by themselves would lock it one by one."""
        longest = (STILL_HELD if self._was_held else LONGEST_LOOK) if looks else self.patience
        try:
            with self._lent(min(longest, self.patience)) as connection:
                connection.execute(begin)
                if not self._is_as_seen():
                    self._migrate(connection)
                if not connection.in_transaction:
                    connection.execute(begin)
                yield connection
            self._was_held = False
        except sqlite3.ProgrammingError:
            raise
        except UnicodeDecodeError as error:  # of a name in it, which Python reads by itself
            raise self._damaged(error) from error
        except sqlite3.Error as error:
            raise self._told(error) from error

    @contextmanager
    def _lent(self, patience: float) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction: the one that this thread holds, or one of its own."""
        thread = os.getpid(), threading.get_ident()
        held = self._held.get(thread)
        if thread not in self._held or (held and held[0].in_transaction):
            with closing(self._opened(patience)) as connection:
                yield connection
            return
        file = self._mark()[:2]  # before it is opened: another one may just get its name
        if held and held[1] != file:
            self.let_go()
            held = None
        connection, _, was = held or (self._opened(patience), file, patience)
        self._held[thread] = connection, file, patience
        try:
            if was != patience:
                connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            yield connection
            connection.rollback()  # the end of a transaction that only read
        except BaseException:
            self.let_go()  # which takes all of it back
            raise

    def _opened(self, patience: float) -> sqlite3.Connection:
        return connect(f"{_address(self.path.absolute())}?mode={self.mode}", patience)

    def _tables(self, version: int) -> list[Row]:
        return _tables(self.migrations[:version])


@cache
def _tables(migrations: tuple[tuple[str, ...], ...]) -> list[Row]:
    """The tables of a version, as SQLite describes them."""
    with closing(connect(":memory:")) as fresh:
        for statement in (each for version in migrations for each in version):
            fresh.execute(statement)
        return fresh.execute(TABLES).fetchall()


@lru_cache(maxsize=64)
def _address(path: PurePath) -> str:
    """What SQLite opens. It takes no host, as a share of Windows has: https://sqlite.org/uri.html"""
    return re.sub("^file://(?=[^/])", "file:////", path.as_uri())


@cache
def _is_full() -> bool:
    """Whether SQLite waits for the disk by itself: to ask for it reads the file once more."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        return bool(fresh.execute("PRAGMA synchronous").fetchone()[0] >= 2)


def connect(address: str, patience: float = 5.0) -> sqlite3.Connection:
    """SQLite's own connection, whose rows have names; for one thread at a time."""
    made = sqlite3.connect(
        address, patience, isolation_level=None, check_same_thread=False, uri=address[:5] == "file:"
    )
    made.row_factory = _as_dict
    # The schema of a file that came from a stranger must not run functions.
    made.execute("PRAGMA trusted_schema = OFF")
    if not _is_full():  # not every build's default
        made.execute("PRAGMA synchronous = FULL")
    return made


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _fitting(values: tuple[Any, ...]) -> list[Any]:
    """Texts that SQLite takes: JSON and file names can hold halves of characters, UTF-8 can't."""
    return [
        each.encode("utf-8", "replace").decode() if isinstance(each, str) else each
        for each in values
    ]
