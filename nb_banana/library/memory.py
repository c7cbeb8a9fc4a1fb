"""A library on no disk, for who wants nothing kept: the journal of what was asked, no picture."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nb_banana.imaging.decode import PictureKind
from nb_banana.library import rows
from nb_banana.library.database import Database, Transaction, connect
from nb_banana.library.journal import NO_OWNER
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.request import ImageRequest
from nb_banana.services.receipt import Receipt


class MemoryDatabase(Database):
    """An index that is on no disk and ends with the process."""

    def __init__(self) -> None:
        super().__init__(Path(f"memory-{id(self)}"), patience=0)
        self._connection = connect(":memory:")
        self._migrate(self._connection, is_new=True)

    def check(self, *, quick: bool = False) -> None:
        """Nobody else writes it."""

    def is_there(self) -> bool:
        """It always is."""
        return True

    @contextmanager
    def _connected(self, begin: str = "BEGIN", *, looks: bool = False) -> Iterator[Any]:  # noqa: ARG002
        self._connection.execute(begin)
        try:
            yield self._connection
        finally:
            self._connection.rollback()  # what was not committed


class MemoryLibrary(Library):
    """The journal alone, on no disk: nothing is read and nothing is kept. Ends with the process."""

    is_own = True

    def __init__(self, service: str) -> None:
        super().__init__(Path(f"memory-{id(self)}"), service)
        self._index = MemoryDatabase()

    def _prepare(self) -> None:
        """There is no folder."""

    def _keep_references(self, session: Transaction, request: ImageRequest) -> None:
        """There is no file."""

    def keep_answer(self, request_id: str, data: bytes, position: int | None = None) -> None:
        """There is no file."""

    def store(
        self,
        request_id: str,
        pictures: Sequence[tuple[bytes, PictureKind]],  # noqa: ARG002 - they stay with the person
        receipt: Receipt,
    ) -> list[StoredImage]:
        """Note that the picture came. Nothing is kept."""
        self._step(request_id, state="stored", error=None, **rows.step_row(receipt), **NO_OWNER)
        return []
