"""`Handout`: keys that were just made, to be saved once; `KeyListing`: what each of them spent."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, overload

from nb_banana import errors
from nb_banana._text import Amounts, Dollars, InDollars, clean, dollars, path_of, plain, shown
from nb_banana.credentials import Secret, refuse_key
from nb_banana.display.html import Words, paragraph, styled, table

LONGEST_SHOWN = 100  # letters of a name
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula: OWASP's page on CSV injection."""
COLUMNS = ("name", "key", "limit_usd", "period", "base_url")


@dataclass(frozen=True)
class KeyUse(Amounts, InDollars):
    """One key of the account, without the key.

    Attributes:
        name: what it was called when it was made; None where nobody named it.
        limit: US dollars that it may spend in a period; None where it has no limit.
        period: ``"day"``, ``"week"``, ``"month"`` or ``"total"``.
        spent: US dollars that it spent this month; None where the service does not say.
        disabled: whether it draws nothing for now.
    """

    name: str | None
    limit: Decimal | None
    period: str | None
    spent: Decimal | None
    disabled: bool


class KeyListing(Sequence[KeyUse]):
    """What `Classroom.keys` found, one row for each key; shows itself as a table."""

    def __init__(self, found: Sequence[KeyUse], host: str) -> None:
        self._found, self._host = tuple(found), host

    @overload
    def __getitem__(self, index: int) -> KeyUse: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[KeyUse, ...]: ...
    def __getitem__(self, index: int | slice) -> KeyUse | tuple[KeyUse, ...]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    @property
    def spent(self) -> Decimal:
        """US dollars that all of them spent this month, as far as the service says."""
        return Dollars(sum(each.spent for each in self if each.spent is not None))

    @property
    def _title(self) -> str:
        count = "1 key" if len(self) == 1 else f"{len(self)} keys"
        return f"{count} at {self._host}, {dollars(self.spent)} spent this month"

    def __repr__(self) -> str:
        rows = list(map(_row, self))
        wide = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip()
            for row in rows
        )
        return plain("\n".join([self._title, *(f"  {line}" for line in lines)]))

    def _repr_html_(self) -> str:
        rows = [tuple(map(Words, _row(each))) for each in self]
        head = ("name", "spent this month", "limit", "state")
        listed = table(rows, head) if rows else ""
        return styled(paragraph(self._title), listed, kind="keys")


def _row(key: KeyUse) -> tuple[str, str, str, str]:
    spent = "not said" if key.spent is None else dollars(key.spent)
    limit = "no limit" if key.limit is None else f"limit {_limit_in_words(key.limit, key.period)}"
    name = "(no name)" if key.name is None else clean(key.name, LONGEST_SHOWN)
    return name, spent, limit, "disabled" if key.disabled else ""


def _limit_in_words(limit: Decimal, period: str | None) -> str:
    return f"{dollars(limit)} {'in all' if period in {'total', None} else f'a {period}'}"


class Handout(Mapping[str, Secret]):
    """The keys that `Classroom.create` made, by name: to be saved, and then given to students.

    It shows no key and is not pickled. ``save`` writes the one file that has them.
    """

    def __init__(self, limit: Decimal, period: str, base_url: str) -> None:
        self.limit, self.period, self.base_url = limit, period, base_url
        self._keys: dict[str, Secret] = {}

    def add(self, name: str, secret: Secret) -> None:
        """One more key."""
        self._keys[name] = secret

    def __getitem__(self, name: str) -> Secret:
        return self._keys[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        count = "1 key" if len(self) == 1 else f"{len(self)} keys"
        names = clean(", ".join(clean(each, LONGEST_SHOWN) for each in self), 300)
        said = f"{count} of {_limit_in_words(self.limit, self.period)}" + (names and f": {names}")
        return plain(f'<Handout: {said}. Save it now, it can\'t be had again: .save("keys.csv")>')

    def __reduce__(self) -> Any:
        raise TypeError("A hand-out is not pickled: it has keys. Its save() writes the one file.")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the keys to a CSV file that only you may read: one row for each student.

        Its columns are ``name``, ``key``, ``limit_usd``, ``period`` and ``base_url``. A name that
        a spreadsheet would take for a formula gets a ``'`` before it.

        Args:
            path: the file. One that is there is never overwritten.

        Returns:
            The file.

        Raises:
            SaveError: there is such a file already, or it can't be written.
        """
        try:
            file = path_of(os.fsdecode(path))
        except (TypeError, ValueError, RuntimeError) as error:
            raise errors.SaveError(f"{shown(path)} is no path to save to: {_why(error)}.") from None
        refuse_key("The name of the file", str(file))
        try:
            # Nobody else may read it from its first byte on, and nothing is followed or replaced.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(file, flags, 0o600)
        except FileExistsError:
            raise errors.SaveError(
                f"{file} is there already, and a file with keys is never overwritten. Choose "
                "another name, or move that one away."
            ) from None
        except (OSError, ValueError) as error:
            raise errors.SaveError(f"{file} can't be written: {_why(error)}.") from None
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(self._as_csv().encode())
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            with suppress(OSError):
                file.unlink()
            raise errors.SaveError(f"{file} can't be written: {_why(error)}.") from None
        return file

    def _as_csv(self) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for name, secret in self._keys.items():
            harmless = f"'{name}" if name.startswith(FORMULA) else name
            limits = f"{self.limit:f}", self.period, self.base_url
            writer.writerow([harmless, secret.reveal(), *limits])
        return text.getvalue()


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or "no file can have this name")
