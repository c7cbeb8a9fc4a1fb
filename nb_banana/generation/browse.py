"""What was made before: `history` lists it, `load` finds one, `forget` deletes, after asking."""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from nb_banana._text import clean, path_of, plain, say, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import LibraryError, NotKeptError, RequestError
from nb_banana.generation.context import Context
from nb_banana.imaging import metadata
from nb_banana.imaging.decode import check_picture
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.library.rows import embedded_receipt, embedded_request
from nb_banana.request import LARGEST_COUNT
from nb_banana.results.history import History, is_shared
from nb_banana.results.image import BananaImage

MOST_WORDS = 100
"""Words of a search. Each is a condition of the query, and SQLite takes a thousand of them."""


def list_kept(context: Context, query: str | None = None, limit: int | None = 50) -> History:
    """See `nb_banana.history`."""
    if query is not None and not isinstance(query, str):
        raise RequestError(f"query is words of a prompt, not {shown(query)}. How many: limit=…")
    if query is not None and len(query.split()) > MOST_WORDS:
        raise RequestError(f"query is a few words of a prompt, at most {MOST_WORDS}.")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise RequestError(f"limit is a whole number from 0, or None for all, not {shown(limit)}.")
    refuse_key("The query", query or "")
    most = None if limit is None else min(limit, LARGEST_COUNT)
    found: dict[str, tuple[datetime, BananaImage]] = {}  # one's own picture may be shared too
    libraries: list[Library] = []
    problems: list[LibraryError] = []
    for library in context.every_library():
        try:
            kept = library.history(query, most)
        except LibraryError as error:  # the others are listed all the same
            problems.append(error)
            continue
        libraries.append(library)
        for each in kept:
            image = context.adopt(BananaImage.of(each, library))
            found.setdefault(each.request_id, (each.made, image))
    if problems and not found:
        raise problems[0]
    newest = sorted(found.values(), key=lambda each: each[0], reverse=True)
    images = [image for _, image in newest[:most]]
    # Of each library there are as many as there may be; more than that nobody has counted yet.
    is_all = limit is None or len(found) < limit
    count = len(found) if is_all else sum(library.count(query) for library in libraries)
    title = _title(len(images), count, query, with_shared=any(map(is_shared, images)))
    title = " ".join([title, *map(str, problems)])
    return History(images, title)


def _title(listed: int, count: int, query: str | None, *, with_shared: bool) -> str:
    """How many there are, and how many of them are listed."""
    where = "in your library and shared ones" if with_shared else "in your library"
    many = "1 picture" if count == 1 else f"{count:,} pictures"
    about = f" with “{clean(query, 60)}”" if query else ""
    if listed < count:
        which = f"the newest {listed:,}" if listed else "none"
        return f"{which} of {many}{about} {where}"
    more = ", the newest first" if listed > 1 else ""
    return f"{many}{about} {where}{more}"


def load_kept(context: Context, what: str | os.PathLike[str] | bytes) -> BananaImage:
    """See `nb_banana.load`."""
    if isinstance(what, bytes):
        return _by_content(context, what)
    if not isinstance(what, str | os.PathLike):
        raise RequestError(f"load takes an id, a file or bytes, not {shown(what)}.")
    text = os.fsdecode(what)
    refuse_key("The id or path", text)
    if path := _file(text):
        image, _ = _search(context, lambda library: library.by_path(path))
        return image or _by_content(context, _read(path))
    if isinstance(what, os.PathLike) or Path(text).suffix or os.sep in text:
        raise NotKeptError(f"There is no file {clean(text, 200)}.")
    image, problem = _search(context, lambda library: library.by_id(text))
    if image is None:
        raise problem or NotKeptError(
            f"There is no picture with the id {shown(text)}, and no file of that name. "
            "nb_banana.history() lists what there is."
        )
    return image


def _search(
    context: Context, look: Callable[[Library], StoredImage]
) -> tuple[BananaImage | None, LibraryError | None]:
    """The picture in the first library that has it; else why it was not found, where one knows."""
    problem: LibraryError | None = None
    for library in context.every_library():
        try:
            kept = look(library)
            image = context.adopt(BananaImage.of(kept, library), library, kept.request_id)
        except NotKeptError as error:
            if error.facts.get("several"):
                problem = error
        except LibraryError as error:  # another one may have it
            problem = problem or error
        else:
            return image, None
    return None, problem


def _file(text: str) -> Path | None:
    try:
        path = path_of(text)
        return path if path.is_file() else None
    except (OSError, ValueError):  # too long, a NUL
        return None


def forget_kept(
    context: Context, *what: str | BananaImage | Iterable[Any], ask: bool = True
) -> None:
    """See `nb_banana.forget`."""
    try:
        chosen = [_find(context, each) for each in _flat(what)]
    except RecursionError:
        raise RequestError("forget takes ids and pictures, not a list that holds itself.") from None
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
    libraries = {id(each.library): each.library for each in chosen}
    for library in libraries.values():
        library.forget({each.id for each in chosen if each.library is library})
    for each in chosen:
        if each.is_unfinished:
            context.budget.drop(each.id)
    say(f"Deleted {count}. What was paid for stays in nb_banana.spending().")


class Chosen(NamedTuple):
    """What is to be forgotten: a picture, or an unfinished request."""

    id: str
    prompt: str
    library: Library
    is_unfinished: bool = False


def _counted(chosen: Sequence[Chosen]) -> str:
    """How many of each, e.g. ``"2 pictures and 1 unfinished request"``."""
    requests = sum(each.is_unfinished for each in chosen)
    counts = {"picture": len(chosen) - requests, "unfinished request": requests}
    words = (f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n)
    return " and ".join(words)


def _by_content(context: Context, data: bytes) -> BananaImage:
    image, problem = _search(context, lambda library: library.by_content(data))
    if image is not None:
        return image
    kind = check_picture(data)
    facts = metadata.read_embedded(data)
    if facts is None:
        raise problem or NotKeptError(
            "This picture is not in your library, and its file does not hold its prompt. Files "
            "that are saved with embed=True do."
        )
    image = context.adopt(BananaImage(data, kind, embedded_request(facts), embedded_receipt(facts)))
    image.came = "loaded"
    named = facts.get("images")
    image._lost_references = tuple(map(str, named)) if isinstance(named, list) else ()
    return image


def _find(context: Context, what: str | BananaImage) -> Chosen:
    text = what.digest if isinstance(what, BananaImage) else what.strip()
    refuse_key("The id", text)
    several: NotKeptError | None = None
    for library in context.every_library():
        for row in library.unfinished(problems=[]):
            if row.request_id == text:
                return Chosen(text, row.request.prompt, library, is_unfinished=True)
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotKeptError(f"{path} can't be read: {error.strerror}.") from None
