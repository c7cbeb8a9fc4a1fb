"""`forget`: delete pictures that are named, or all that are old, after asking."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from nb_banana._text import megabytes, plain, say, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import NotKeptError, RequestError
from nb_banana.generation.accepted import NO_SERVICE, service_of
from nb_banana.generation.context import Context
from nb_banana.generation.period import period
from nb_banana.library.library import Library
from nb_banana.library.records import UnfinishedRequest
from nb_banana.library.rows import stamp
from nb_banana.request import is_on
from nb_banana.results.image import BananaImage
from nb_banana.services import tickets

AT_ONCE = 1000
"""Requests that one transaction empties: other kernels wait meanwhile, but not for long."""


def forget_kept(
    context: Context, *what: str | BananaImage | Iterable[Any], ask: bool = True
) -> None:
    """See `nb_banana.forget`."""
    if not what:
        raise RequestError(
            "Say what to forget: ids, pictures, or all that are old with older_than= and keep=. "
            "Nothing was deleted."
        )
    try:
        chosen = [_find(context, each) for each in _flat(what)]
    except RecursionError:
        raise RequestError("forget takes ids and pictures, not a list that holds itself.") from None
    ask = is_on("ask", ask)
    if not chosen:
        say("Nothing to forget.")
        return
    prompts = ", ".join(repr(each.prompt[:40]) for each in chosen[:3])
    count = _counted(chosen)
    more = " and more" if len(chosen) > 3 else ""
    question = f"Delete {count} for good ({prompts}{more})? To have it again costs again. [y/N] "
    if ask and not _agrees(question):
        say("Nothing was deleted.")
        return
    kept = [each for each in chosen if not _is_cancelled(context, each)]
    chosen = [each for each in chosen if each not in kept]
    for each in kept:
        say(STILL_THERE.format(each.id))
    if not chosen:
        return
    count = _counted(chosen)
    libraries = {id(each.library): each.library for each in chosen}
    for library in libraries.values():
        library.forget({each.id for each in chosen if each.library is library})
    for each in chosen:
        if each.row is not None:
            context.budget.drop(each.id)
    say(f"Deleted {count}. What was paid for stays in nb_banana.spending().")


def forget_old(
    context: Context, *what: Any, older_than: Any, keep: int | None, ask: bool = True
) -> None:
    """See `nb_banana.forget`."""
    if what:
        raise RequestError(
            "Name pictures, or say with older_than= and keep= how old those are that go, not both. "
            "Nothing was deleted."
        )
    before, ask = None if older_than is None else _before(older_than), is_on("ask", ask)
    if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 0):
        raise RequestError(
            f"keep is how many of the newest pictures stay, a whole number from 0, not "
            f"{shown(keep)}. Nothing was deleted."
        )
    # Only what is there is old; what is paid and not fetched yet is no picture.
    made = {each: each.made() for each in context.every_library() if not each.is_shared}
    every = {request_id: time for times in made.values() for request_id, time in times.items()}
    newest = sorted(every, key=every.__getitem__, reverse=True)
    old = [each for each in newest[keep or 0 :] if before is None or every[each] < before]
    if not old:
        say("Nothing to forget.")
        return
    chosen = {each: [one for one in old if one in times] for each, times in made.items()}
    freed = sum(each.freed_bytes(ids) for each, ids in chosen.items() if ids)
    days = list(dict.fromkeys(_day(every[each]) for each in (old[-1], old[0])))
    question = (
        f"Delete {len(old):,} of your {_pictures(len(every))} for good (made "
        f"{' to '.join(days)})? It frees {megabytes(freed)}. To have one again costs again. [y/N] "
    )
    if ask and not _agrees(question):
        say("Nothing was deleted.")
        return
    _delete(chosen, set(old))
    said = f"Deleted {_pictures(len(old))}, {megabytes(freed)}."
    say(f"{said} What was paid for stays in nb_banana.spending().")


def _delete(chosen: dict[Library, list[str]], old: set[str]) -> None:
    """Delete some at a time: whoever breaks off leaves the others as they were."""
    is_done = False
    try:
        for library, ids in chosen.items():
            for start in range(0, len(ids), AT_ONCE):
                library.forget_requests(ids[start : start + AT_ONCE])
        is_done = True
    finally:
        if not is_done:
            left = old & set().union(*(each.made() for each in chosen))
            say(f"Stopped: {len(old) - len(left):,} of {_pictures(len(old))} were deleted.")


def _before(older_than: Any) -> str:
    first, _ = period("older_than", older_than)
    if first > datetime.now(UTC):
        raise RequestError(
            f"older_than={shown(older_than)} is in the future, so every picture would go. Nothing "
            "was deleted."
        )
    return stamp(first)


def _day(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d}"


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


class Chosen(NamedTuple):
    """What is to be forgotten: a picture, or an unfinished request."""

    id: str
    prompt: str
    library: Library
    row: UnfinishedRequest | None = None  # of a request


STILL_THERE = (
    "The service was asked to cancel {}. It has it still, or can't be asked, and may charge it, so "
    "it was not deleted: nb_banana.recover() fetches it, or says what became of it."
)


def _is_cancelled(context: Context, chosen: Chosen) -> bool:
    """Whether no service has work of it any more, for it gave that up where it was accepted."""
    row = chosen.row
    if row is None or row.ticket is None:
        return True
    service = service_of(context, chosen.library, row=row)
    is_gone = service is NO_SERVICE  # the sandbox that had it
    return is_gone or tickets.cancel(row.ticket, service, row.request_id)


def _counted(chosen: Sequence[Chosen]) -> str:
    """How many of each, e.g. ``"2 pictures and 1 unfinished request"``."""
    requests = sum(each.row is not None for each in chosen)
    counts = {"picture": len(chosen) - requests, "unfinished request": requests}
    words = (f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n)
    return " and ".join(words)


def _find(context: Context, what: str | BananaImage) -> Chosen:
    text = what.digest if isinstance(what, BananaImage) else what.strip()
    refuse_key("The id", text)
    several: NotKeptError | None = None
    for library in context.every_library():
        for row in library.unfinished(problems=[]):
            if row.request_id == text:
                return Chosen(text, row.request.prompt, library, row)
        try:
            kept = library.by_id(text)
        except NotKeptError as error:
            if error.facts.get("several"):
                several = error
        else:
            if library.is_shared:
                library.forget([kept.digest])  # which says why not, before anybody is asked
            return Chosen(kept.digest, kept.request.prompt, library)
    raise several or NotKeptError(
        f"There is no picture {text[:12]!r} in your library. Nothing was deleted."
    )


def _flat(what: Iterable[Any]) -> Iterable[Any]:
    for each in what:
        if isinstance(each, str | BananaImage):
            yield each
        elif isinstance(each, Iterable):
            yield from _flat(each)
        else:
            raise RequestError(f"forget takes ids and pictures, not {type(each).__name__}.")


def _agrees(question: str) -> bool:
    try:
        return input(plain(question)).strip().lower() in {"y", "yes"}
    except (EOFError, RuntimeError):  # a kernel that nobody sits at raises RuntimeErrors
        raise RequestError(
            "Nobody can be asked here, so nothing was deleted. If you are sure: "
            "nb_banana.forget(…, ask=False)"
        ) from None
