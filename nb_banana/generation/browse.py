"""What was made before: `history` lists it, `load` finds one."""

import os
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nb_banana._catalogue import AIMLAPI
from nb_banana._text import clean, did_you_mean, path_of, shown, what_it_says
from nb_banana.credentials import refuse_key
from nb_banana.errors import LibraryError, NotKeptError, RequestError
from nb_banana.generation.context import Context
from nb_banana.generation.period import since_until
from nb_banana.imaging import metadata
from nb_banana.imaging.decode import check_picture
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX, named_in
from nb_banana.library.records import StoredImage
from nb_banana.library.rows import embedded_receipt, embedded_request
from nb_banana.library.search import Search
from nb_banana.models import MODELS, find_model, model_id, no_model, short_name
from nb_banana.request import LARGEST_COUNT
from nb_banana.results.history import History, is_shared
from nb_banana.results.image import BananaImage
from nb_banana.services.registry import ids_of_all

MOST_WORDS = 100
"""Words of a search. Each is a condition of the query, and SQLite takes a thousand of them."""

NONE_YET = "Draw the first one: %%banana, and in the line below it what is to be seen."
NONE_OF_THESE = "nb_banana.history() lists all that there are."


@dataclass(frozen=True)
class Asked:
    """What a person wants to see of the history, as it was written."""

    query: str | None = None
    limit: int | None = 50
    since: Any = None
    until: Any = None
    model: str | None = None
    notebook: str | os.PathLike[str] | None = None
    service: str | None = None

    def search(self) -> Search:
        """The same, understood."""
        query, limit = self.query, self.limit
        if query is not None and not isinstance(query, str):
            raise RequestError(f"query is words of a prompt, not {shown(query)}. How many: limit=…")
        if query is not None and len(query.split()) > MOST_WORDS:
            raise RequestError(f"query is a few words of a prompt, at most {MOST_WORDS}.")
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int) or limit < 0
        ):
            raise RequestError(
                f"limit is a whole number from 0, or None for all, not {shown(limit)}."
            )
        refuse_key("The query", query or "")
        return Search(
            query or "",
            *since_until(self.since, self.until),
            models=() if self.model is None else _ids_of(self.model),
            notebooks=() if self.notebook is None else _notebooks(self.notebook),
        )

    def said(self) -> str:
        """The same in words, after "184 pictures"."""
        parts = [
            f"with “{clean(self.query, 60)}”" if self.query else "",
            f"of {short_name(str(self.model))}" if self.model is not None else "",
            f"by {clean(str(self.service), 60)}" if self.service is not None else "",
            f"from {clean(os.fspath(self.notebook), 60)}" if self.notebook is not None else "",
            f"since {_told(self.since)}" if self.since is not None else "",
            f"until {_told(self.until)}" if self.until is not None else "",
        ]
        return "".join(f" {part}" for part in parts if part)


def list_kept(context: Context, asked: Asked) -> History:
    """See `nb_banana.history`."""
    search, limit = asked.search(), asked.limit
    most = None if limit is None else min(limit, LARGEST_COUNT)
    found: dict[str, tuple[datetime, BananaImage]] = {}  # one's own picture may be shared too
    libraries: list[Library] = []
    problems: list[LibraryError] = []
    every = context.every_library() if asked.service is None else _by(context, asked.service)
    for library in every:
        try:
            kept = library.history(search, most)
        except LibraryError as error:  # the others are listed all the same
            problems.append(error)
            continue
        libraries.append(library)
        for each in kept:
            image = context.adopt(BananaImage.of(each, library))
            found.setdefault(each.request_id, (each.made, image))
    if problems and not found:
        raise problems[0]
    if not found and asked.model is not None:
        _check_model(asked.model, libraries)
    newest = sorted(found.values(), key=lambda each: each[0], reverse=True)
    images = [image for _, image in newest[:most]]
    # Of each library there are as many as there may be; more than that nobody has counted yet.
    is_all = limit is None or len(found) < limit
    count = len(found) if is_all else sum(library.count(search) for library in libraries)
    where = "in your library and shared ones" if any(map(is_shared, images)) else "in your library"
    many = "1 picture" if count == 1 else f"{count:,} pictures" if count else "No pictures"
    notes = [*map(str, problems), *_homeless(search, libraries)]
    if not count:
        notes.append(NONE_OF_THESE if asked.said() else NONE_YET)
    return History(images, f"{many}{asked.said()} {where}", count=count, notes=notes)


def _by(context: Context, name: str) -> list[Library]:
    """The libraries with the pictures of a service, also of one whose package is gone."""
    every = context.every_library()
    if not isinstance(name, str) or all(named_in(each.service) != name for each in every):
        context.find_named(name)  # from now on it is known; a name of none is refused
    own = (each for each in every if each.service != SANDBOX)
    return [each for each in own if (named_in(each.service) or AIMLAPI.service) == name]


def _homeless(search: Search, libraries: Sequence[Library]) -> list[str]:
    """How many pictures there are whose notebook nobody knows, where one is asked for."""
    if not search.notebooks:
        return []
    count = sum(library.count(search.homeless()) for library in libraries)
    said = "1 more does not say which notebook it is from."
    if count != 1:
        said = f"{count:,} more do not say which notebook they are from."
    return [said] if count else []


def _ids_of(model: Any) -> tuple[str, ...]:
    """All ids of a model, by any name of it."""
    if not isinstance(model, str):
        raise no_model(model)
    refuse_key("The model", model)
    return tuple(dict.fromkeys((model_id(model), *ids_of_all(model))))


def _check_model(name: str, libraries: Sequence[Library]) -> None:
    """See that there is such a model, where no picture of it was found."""
    drawn = set().union(*(library.models() for library in libraries))
    if find_model(name) is None and model_id(name) not in drawn:
        names = [each for model in MODELS for each in (*model.short, *model.ids)]
        raise RequestError(
            f"No picture in your library is of a model {shown(name)}, and none that is known is "
            f"called so.{did_you_mean(name, {*names, *drawn})}"
        )


def _notebooks(given: Any) -> tuple[str, ...]:
    """A notebook's name or path with and without its suffix, as the end of a path."""
    if not isinstance(given, str | os.PathLike):
        raise RequestError(f"notebook is the name or the path of a notebook, not {shown(given)}.")
    text = _text_of("notebook", given).strip()
    refuse_key("The notebook", text)
    if not text:
        raise RequestError("notebook is empty. Give the name or the path of a notebook.")
    path = posixpath.normpath(str(path_of(text)).replace("\\", "/"))
    return path, f"{path}.ipynb"


def _text_of(what: str, path: str | os.PathLike[str]) -> str:
    try:
        return os.fsdecode(path)
    except Exception as error:  # noqa: BLE001 - a value's own code
        said = f"{what} has no name that a file can have: {what_it_says(error)}."
        raise RequestError(said) from None


def _told(value: Any) -> str:
    """A time as it was written, e.g. ``last week`` or ``2026-11-26``."""
    if isinstance(value, timedelta):
        return f"{clean(str(value), 40)} ago"
    return clean(str(value), 40)


def load_kept(context: Context, what: str | os.PathLike[str] | bytes) -> BananaImage:
    """See `nb_banana.load`."""
    if isinstance(what, bytes):
        return _by_content(context, what)
    if not isinstance(what, str | os.PathLike):
        raise RequestError(f"load takes an id, a file or bytes, not {shown(what)}.")
    text = _text_of("what is loaded", what)
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotKeptError(f"{path} can't be read: {error.strerror}.") from None
