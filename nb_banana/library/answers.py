"""`Answers`: what was found out about a large index, until somebody writes to it.

To count a hundred thousand rows, or to see that each picture's file is there, takes seconds. What
came out of it is a few numbers, which hold for as long as nobody writes: they are kept in the
user's data folder, so that the next process has them too. Of a small index nothing is kept.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from nb_banana._version import __version__
from nb_banana.errors import LibraryError
from nb_banana.library import location
from nb_banana.library.files import drop_parts

Answer = TypeVar("Answer")
Mark = list[int | str]

LARGE = 1024 * 1024  # bytes of an index, from which on: some thousand pictures
MOST = 200
"""Answers about one index; the oldest go."""
LONGEST = 16384
"""Characters of an answer that is kept, as JSON."""
_HEADER = slice(18, 28)
"""The mode of an index, its size, and a number that each transaction raises.
https://sqlite.org/fileformat.html#the_database_header"""
_ROLLBACK = b"\1\1"


class Answers:
    """What is known of one index. An answer is of JSON's kinds, and no text that a person wrote."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._known: tuple[Mark, dict[str, Any], dict[str, Any]] = [], {}, {}

    def of(
        self,
        question: object,
        work: Callable[[], Answer],
        holds: Callable[[Answer], bool] = lambda _: True,
        *,
        lasting: bool = False,
    ) -> Answer:
        """The answer to a question (of plain values): the one that is known and still holds.

        What is lasting may hold for the day, also when transactions were written since.
        """
        mark = self._mark()  # before the work: who writes meanwhile makes another one
        if not mark:
            return work()
        known = self._of(mark)[lasting]
        # As a hash: words that were searched for are nobody's business.
        name = hashlib.sha256(repr(question).encode("utf-8", "replace")).hexdigest()[:32]
        if name in known and holds(known[name]):
            found: Answer = known[name]
            return found
        answer = work()
        try:
            is_short = len(json.dumps(answer)) <= LONGEST
        except (TypeError, ValueError):  # a stranger's index has values of any kind
            return answer
        if is_short:
            known = self._of(mark)[lasting]  # the work may have asked others
            known.pop(name, None)
            known[name] = answer
            for oldest in list(known)[:-MOST]:
                known.pop(oldest, None)
            self._write()
        return answer

    def _of(self, mark: Mark) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is known of the index as it is now, and what lasts, by any process."""
        if self._known[0] != mark:
            self._known = mark, *self._read(mark)
        return self._known[1:]

    def _mark(self) -> Mark:
        """What changes whenever somebody writes; nothing for an index that is not large."""
        try:
            found = self._index.stat()
            if found.st_size < LARGE:
                return []
            with self._index.open("rb") as file:
                header = file.read(_HEADER.stop)[_HEADER]
        except OSError:  # said by who reads it
            return []
        if not header.startswith(_ROLLBACK):  # in the mode WAL the file is not what is changed
            return []
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        return [
            *(found.st_ino, found.st_size, found.st_mtime_ns),
            *(header.hex(), __version__, day),
        ]

    @property
    def _file(self) -> Path:
        name = hashlib.sha256(os.fsencode(self._index.absolute())).hexdigest()[:32]
        return location.data_folder() / "answers" / f"{name}.json"

    def _read(self, mark: Mark) -> tuple[dict[str, Any], dict[str, Any]]:
        with suppress(OSError, ValueError, TypeError, LookupError, RecursionError, LibraryError):
            found = json.loads(self._file.read_text("utf-8"))
            answers, lasting, before = found["answers"], found["lasting"], found["mark"]
            if isinstance(answers, dict) and isinstance(lasting, dict):
                if before == mark:
                    return answers, lasting
                if _follows(before, mark):
                    return {}, lasting
        return {}, {}

    def _write(self) -> None:
        """For the next process; where that can't be, it finds out anew."""
        mark, answers, lasting = self._known
        with suppress(OSError, LibraryError):
            file = self._file
            part = file.with_name(f"{secrets.token_hex(8)}.part")
            file.parent.mkdir(parents=True, exist_ok=True)
            told = {"mark": mark, "answers": dict(answers), "lasting": dict(lasting)}
            drop_parts(file.parent)
            try:
                part.write_text(json.dumps(told), "utf-8")
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)


def _follows(before: Any, mark: Mark) -> bool:
    """Whether transactions alone lead from one mark to the other: no backup, no other file."""
    # The day is the last of a mark, the number of transactions the end of its header.
    is_same = [before[0], *before[4:]] == [mark[0], *mark[4:]]
    return bool(is_same and before[3] < mark[3])
