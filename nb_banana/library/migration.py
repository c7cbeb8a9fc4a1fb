"""An index's tables and version, and what is said where one can't be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nb_banana.errors import (
    LibraryBusyError,
    LibraryDamagedError,
    LibraryError,
    LibraryUnavailableError,
    NewerLibraryError,
)
from nb_banana.library.schema import Row

TABLES = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master "
    "WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"  # left by ANALYZE: figures, no work
)
_PLACE = {
    "SQLITE_PERM",
    "SQLITE_READONLY",
    "SQLITE_IOERR",
    "SQLITE_CANTOPEN",
    "SQLITE_AUTH",
    "SQLITE_NOLFS",
}
"""What is wrong with the place where an index lies, and not with the index."""


class Versioned:
    """An index that is brought to the version of this nb_banana when it is opened."""

    path: Path
    migrations: tuple[tuple[str, ...], ...]
    instead: str
    _was_held: bool
    _tables: Callable[[int], list[Row]]  # those of a version, as SQLite describes them

    def _migrate(self, connection: Any, *, is_new: bool = False) -> None:
        version = self._version(connection)
        if version == len(self.migrations):
            return
        if not version and not is_new:
            raise self._damaged("it is empty")
        connection.rollback()
        connection.execute("BEGIN IMMEDIATE")
        # Asked again: another process may have done it while we waited.
        for version in range(self._version(connection), len(self.migrations)):
            for statement in self.migrations[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")

    def _version(self, connection: Any) -> int:
        """The file's version, which is one that we know, with just the tables that we made."""
        # A view or a trigger in an index from a stranger would be work that he chose.
        version = int(connection.execute("PRAGMA user_version").fetchone()["user_version"])
        if version > len(self.migrations):
            raise NewerLibraryError(
                f"The library in {self.path.parent} was written by a newer nb_banana (its version "
                f"is {version}, this one knows {len(self.migrations)}). It was left as it is. "
                f"Run pip install -U nb-banana and restart the kernel, or {self.instead}."
            )
        if connection.execute(TABLES).fetchall() != self._tables(version):
            raise self._damaged("it has not the tables that nb_banana makes")
        return version

    def _told(self, error: Exception) -> LibraryError:
        """What SQLite says, as a sentence with its cure. Names: https://sqlite.org/rescode.html"""
        name = getattr(error, "sqlite_errorname", None) or "SQLITE_CORRUPT"
        kind = "_".join(name.split("_")[:2])  # such as SQLITE_IOERR of SQLITE_IOERR_RDLOCK
        folder = self.path.parent
        if kind in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
            self._was_held = True
            return LibraryBusyError(
                f"Another program held the library in {folder} for too long. Close what has "
                "index.sqlite open, then run it again; if nothing has, its disk can't lock files: "
                f"{self.instead}."
            )
        if kind == "SQLITE_FULL":
            return LibraryUnavailableError(
                f"The disk of the library in {folder} is full. Make room, or {self.instead}."
            )
        if kind == "SQLITE_IOERR" and name.endswith("LOCK"):
            return self._unavailable("be used: its disk can't lock files")
        if kind in _PLACE:
            return self._unavailable(f"be opened or written ({error})")
        return self._damaged(error)

    def _damaged(self, why: object) -> LibraryDamagedError:
        return LibraryDamagedError(
            f"The index of the library in {self.path.parent} is damaged ({why}). It was left as it "
            "is, and the pictures are still files in its folder pictures. Put a backup of "
            "index.sqlite in its place, or move it away to begin a new one; --fresh pays anew."
        )

    def _unavailable(self, why: str) -> LibraryUnavailableError:
        return LibraryUnavailableError(
            f"The library in {self.path.parent} can't {why}. Look at the folder's permissions and "
            'disk, or choose another with %config Banana.library = "…".'
        )
