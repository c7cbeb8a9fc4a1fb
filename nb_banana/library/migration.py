"""What tables an index has to have, and how one of an earlier version gets those of today."""

from pathlib import Path
from typing import Any

from nb_banana.errors import LibraryDamagedError, LibraryUnavailableError, NewerLibraryError
from nb_banana.library.schema import Row

TABLES = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master "
    "WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"  # left by ANALYZE: figures, no work
)


class Versioned:
    """An index that is brought to the version of this nb_banana when it is opened."""

    path: Path
    migrations: tuple[tuple[str, ...], ...]
    instead: str

    def _tables(self, version: int) -> list[Row]:
        raise NotImplementedError

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
