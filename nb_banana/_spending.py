"""`spending`: what was spent and what was saved, by time and by model, and what is left."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from nb_banana._catalogue import AIMLAPI, short_in
from nb_banana._hints import Hinted
from nb_banana._text import AboutDollars, Amounts, InDollars, as_html, dollars, plain
from nb_banana.display.html import Name, Words, card, cards, note, paragraph, styled, table
from nb_banana.display.output import notebook_path
from nb_banana.errors import LibraryError, MissingKeyError
from nb_banana.generation.budget import SessionTotals
from nb_banana.generation.context import Context
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.library.records import Bill
from nb_banana.services import account
from nb_banana.services.registry import DEFAULT, find_service

OF_MODEL = "  "  # how the name of a line begins that is of a model, and of no time


@dataclass(frozen=True)
class StatementLine(Amounts, InDollars, Hinted):
    """One line of a statement.

    Attributes:
        what: e.g. ``"today"`` or a model's name.
        usd: the exact sum in US dollars.
        count: how many generations were billed.
        unknown: how many of them had no price that the service named.
        free: how many more were answered, and cost nothing.
    """

    what: str
    usd: Decimal
    count: int
    unknown: int = 0
    free: int = 0


@dataclass(frozen=True)
class Statement(Amounts, Hinted):
    """What was spent; shows itself as a small table.

    Attributes:
        lines: this session, this notebook, today, this month, then one for each model.
        saved: US dollars that pictures from the library did not cost again in this session.
        balance: what is left on the account; None where there is no key or no answer.
        left: what is left of ``Banana.budget``; None where there is none.
        is_play_money: whether the sandbox draws.
        note: what could not be found out, and why.
        budget: ``Banana.budget``; None where there is none.
        used: what of it is spent, or set aside for what is under way.
        draws_for_play: whether the budget's are play money; the lines need not be.
    """

    lines: tuple[StatementLine, ...]
    saved: Decimal
    balance: Decimal | None
    left: Decimal | None
    is_play_money: bool
    note: str = ""
    budget: Decimal | None = None
    used: Decimal = Decimal(0)
    draws_for_play: bool = False

    def __repr__(self) -> str:
        width = max(len(label) for label, _ in self._rows())
        rows = [f"  {label:{width}}  {value}" for label, value in self._rows()]
        return plain("\n".join([self._title, *rows]))

    def _repr_html_(self) -> str:
        rows = [
            (
                Name(line.what.strip()),
                as_html(dollars(line.usd)),
                Words(_counted(line).removeprefix("for ")),
            )
            for line in self.lines
            if _is_of_model(line)
        ]
        return styled(
            note(self._title) if self.is_play_money else paragraph(self._title),
            cards(*self._cards()),
            table(rows, ("model", "spent", "requests")) if rows else "",
            note(self.note, bad=True) if self.note else "",
            kind="spending",
        )

    def _cards(self) -> Iterator[str]:
        if self.budget is not None:
            share = min(float(self.used / self.budget), 1.0) if self.budget else 1.0
            below = f"of {dollars(self.budget)}, {dollars(self.left)} left{self._play}"
            yield card("budget", dollars(self.used), below, share=share)
        for line in self.lines:
            if not _is_of_model(line):
                yield card(line.what, dollars(line.usd), _counted(line))
        yield card("saved by the library in this session", dollars(self.saved))
        if self.balance is not None:
            yield card("balance of the account", dollars(self.balance))

    @property
    def _title(self) -> str:
        return "Spent in the sandbox (play money)" if self.is_play_money else "Spent"

    @property
    def _play(self) -> str:
        """What is said of the budget where real money is above it."""
        return " (play money)" if self.draws_for_play and not self.is_play_money else ""

    def _rows(self) -> list[tuple[str, str]]:
        rows = [(line.what, _amount(line)) for line in self.lines]
        rows.append(("saved by the library in this session", dollars(self.saved)))
        if self.left is not None:
            rows.append(("left of the budget", f"{dollars(self.left)}{self._play}"))
        if self.balance is not None:
            rows.append(("balance of the account", dollars(self.balance)))
        if self.note:
            rows.append(("", self.note))
        return rows


def make_statement(context: Context) -> Statement:
    """See `nb_banana.spending`."""
    search = context.search_key()
    *real, drawer = context.kinds(search)
    accounts = _accounts(context, (*real, drawer))
    session = context.budget.totals(each.kind for each in accounts)
    balance = None
    if drawer != location.SANDBOX:
        with suppress(MissingKeyError):
            balance = account.balance(context.find_service(key=search))
    is_sandbox = accounts[0].kind == location.SANDBOX
    return Statement(
        lines=tuple(_lines(accounts, session)),
        saved=session.saved,
        balance=balance,
        left=context.budget.left(drawer),
        budget=context.budget.limit,
        used=context.budget.used(drawer),
        draws_for_play=drawer == location.SANDBOX,
        is_play_money=is_sandbox or any(each.is_play for each in accounts),
        note=" ".join(filter(None, (each.note for each in accounts))),
    )


@dataclass(frozen=True)
class Sum:
    """What some requests cost together, see `StatementLine`."""

    usd: Decimal = Decimal(0)
    count: int = 0
    unknown: int = 0
    free: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Both together."""
        return Sum(
            self.usd + other.usd,
            self.count + other.count,
            self.unknown + other.unknown,
            self.free + other.free,
        )

    @classmethod
    def of(cls, bills: Sequence[Bill]) -> "Sum":
        """What these cost."""
        unknown = sum(bill.count for bill in bills if bill.usd is None)
        free = sum(bill.count for bill in bills if bill.usd is not None and not bill.usd)
        count = sum(bill.count for bill in bills) - free
        return cls(sum((bill.total for bill in bills), Decimal(0)), count, unknown, free)


class Account(NamedTuple):
    """What was charged by a kind of service, and why that can't be read.

    ``sums`` are by what they are told as: a time, or a model's id after `OF_MODEL`.
    """

    kind: str
    sums: dict[str, Sum]
    is_play: bool
    note: str


def _accounts(context: Context, kinds: Sequence[str]) -> list[Account]:
    """Whose money is told of, at least one: the settings' service, and others that drew too."""
    # Play money only where there is no other.
    name = context.policy().speaks.name
    others = [kind for kind in context.known_kinds() if kind not in kinds]
    others = [kind for kind in others if location.named_in(kind) not in {None, name}]
    own = next(filter(None, (_used(context, kind) for kind in kinds)), None)
    found = [own, *(_used(context, kind) for kind in others)]
    used = [each for each in found if each is not None]
    real = [each for each in used if not each.is_play]
    return real or used or [_books(context, kinds[-1])]


def _used(context: Context, kind: str) -> Account | None:
    """The account of a kind of service; None where it is play money, or nothing happened there."""
    account = None if kind == location.SANDBOX else _books(context, kind)
    if account is None or any(account[1:]) or context.budget[kind] != SessionTotals():
        return account
    return None


def _books(context: Context, kind: str) -> Account:
    libraries = [each for each in context.libraries(kind) if not each.is_shared]
    try:
        if len(libraries) == 1:
            return _account(kind, libraries[0])
    except LibraryError as error:
        return Account(kind, {}, is_play=False, note=str(error))
    bills: dict[str, Bill] = {}  # one that a stand-in took over is in both books
    problems: list[str] = []
    for library in libraries:
        try:
            bills |= {bill.request_id: bill for bill in library.bills()}
        except LibraryError as error:
            problems.append(str(error))
    here, times = notebook_path(), _times().values()
    sums = _sums(
        (each, [each.notebook == here, *(each.made >= begin for begin in times)])
        for each in bills.values()
    )
    is_play = any(bill.sandbox for bill in bills.values())
    return Account(kind, sums, is_play, " ".join(problems))


def _account(kind: str, library: Library) -> Account:
    """The account of a library that alone has the bills of its kind."""
    times = _times()

    def look() -> tuple[bool, dict[str, list[Any]]]:
        costs = library.costs(notebook_path(), list(times.values()))
        sums = {
            what: [isinstance(each.usd, AboutDollars), str(each.usd), *astuple(each)[1:]]
            for what, each in _sums(costs).items()
        }
        return any(bill.sandbox for bill, _ in costs), sums

    question = "spent", kind, notebook_path(), *map(str, times.values())
    is_play, found = library.answers.of(question, look)
    sums = {
        what: Sum((AboutDollars if is_about else Decimal)(usd), *counts)
        for what, (is_about, usd, *counts) in found.items()
    }
    return Account(kind, sums, is_play, "")


def _times() -> dict[str, datetime]:
    """When the times began that are told of."""
    now = datetime.now().astimezone()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"today": day, "this month": day.replace(day=1)}


def _sums(costs: Iterable[tuple[Bill, Sequence[int]]]) -> dict[str, Sum]:
    """What some bills come to by notebook, time and model, see `Journal.costs`."""
    told = "this notebook" if notebook_path() else "", *_times()
    books: dict[str, list[Bill]] = {}
    for bill, counts in costs:
        parts = zip(told, counts, strict=True)
        for what, count in (*parts, ("ever", bill.count), (OF_MODEL + bill.model, bill.count)):
            if what:
                books.setdefault(what, []).extend([replace(bill, count=count)] if count else [])
    return {what: Sum.of(counted) for what, counted in books.items()}


def _lines(accounts: Sequence[Account], session: SessionTotals) -> list[StatementLine]:
    times = [*(["this notebook"] if notebook_path() else []), *_times(), "ever"]
    books = dict.fromkeys(times, Sum())
    for each in accounts:
        name = location.named_in(each.kind)
        who = "" if name in {None, DEFAULT} else f" · {name}"
        is_known = location.service_name_of(each.kind) is not None
        models = find_service(name).catalogue if name and is_known else AIMLAPI
        for what, found in each.sums.items():
            model = what.removeprefix(OF_MODEL)
            line = what if model == what else f"{OF_MODEL}{short_in(models, model)}{who}"
            books[line] = books.get(line, Sum()).plus(found)
    first = StatementLine(
        "this session", session.spent, session.count, session.unknown, session.free
    )
    return [first, *(StatementLine(what, *astuple(found)) for what, found in books.items())]


def _is_of_model(line: StatementLine) -> bool:
    return line.what.startswith(OF_MODEL)


def _amount(line: StatementLine) -> str:
    said = _counted(line)
    return f"{dollars(line.usd)}{' ' if line.count else ', '}{said}" if said else dollars(line.usd)


def _counted(line: StatementLine) -> str:
    """What it was paid for, in words; what was free is said apart."""
    requests = "1 request" if line.count == 1 else f"{line.count:,} requests"
    parts = [
        f"for {requests}" if line.count else "",
        f"{line.unknown:,} at a price that was not said" if line.unknown else "",
        f"{line.free:,} free" if line.free else "",
    ]
    return ", ".join(filter(None, parts))
