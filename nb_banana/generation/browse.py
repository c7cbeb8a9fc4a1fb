"""What was made before: `history` lists it, `load` finds one, `forget` deletes, after asking."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nb_banana._text import path_of
from nb_banana.errors import LibraryError, NotKeptError, RequestError
from nb_banana.generation import context
from nb_banana.imaging import metadata
from nb_banana.imaging.decode import check_picture
from nb_banana.library.embedded import embedded_receipt, embedded_request
from nb_banana.library.library import Library
from nb_banana.results.history import History
from nb_banana.results.image import BananaImage


def history(query: str | None = None, limit: int | None = 50) -> History:
    """The pictures that were made, the newest first: a table in a notebook, and a sequence.

    Args:
        query: only prompts that have all of these words, in any case.
        limit: at most so many; None for all.

    Raises:
        LibraryError: the library can't be read.
    """
    if query is not None and not isinstance(query, str):
        raise RequestError(f"query is words of a prompt, not {query!r}. How many: limit=…")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise RequestError(f"limit is a whole number from 0, or None for all, not {limit!r}.")
    found = [
        (kept.made, BananaImage.of(kept, library))
        for library in _libraries()
        for kept in library.history(query, limit)
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    images = [image for _, image in found[:limit]]
    count = "1 picture" if len(images) == 1 else f"{len(images)} pictures"
    about = f" with “{query}”" if query else ""
    more = ", the newest first" if len(images) > 1 else ""
    return History(images, f"{count}{about} in your library{more}")


def load(what: str | os.PathLike[str] | bytes) -> BananaImage:
    """A picture that was made before, with its prompt and options.

    Args:
        what: an id as `history` shows it, a file (of the library, a copy, or one that was saved
            with ``embed=True``), or the bytes of a picture.

    Raises:
        NotKeptError: nothing is known of it.

    >>> from nb_banana import generate
    >>> load(generate("a banana").id).prompt
    'a banana'
    """
    if isinstance(what, bytes):
        return _by_content(what)
    text = os.fspath(what)
    path = path_of(text)
    if path.is_file():
        for library in _libraries():
            try:
                return BananaImage.of(library.by_path(path), library)
            except LibraryError:  # not in this one
                continue
        return _by_content(_read(path))
    if isinstance(what, os.PathLike) or path.suffix or os.sep in text:
        raise NotKeptError(f"There is no file {text}.")
    return _by_id(text)


def forget(*what: str | BananaImage | Iterable[Any], ask: bool = True) -> None:
    """Delete pictures from the library, with what was asked. What they cost stays in the books.

    Args:
        *what: ids, pictures, or lists of them, e.g. ``history("draft")``.
        ask: whether to ask first. Where nobody can answer, nothing is deleted.

    Raises:
        NotKeptError: an id fits nothing, or several; then nothing is deleted.
        RequestError: nobody can be asked here.
    """
    chosen = [_find(each) for each in _flat(what)]
    if not chosen:
        print("Nothing to forget.")  # noqa: T201 - the answer to a person
        return
    prompts = ", ".join(repr(image.prompt[:40]) for image, _ in chosen[:3])
    count = "1 picture" if len(chosen) == 1 else f"{len(chosen)} pictures"
    more = " and more" if len(chosen) > 3 else ""
    question = f"Delete {count} for good ({prompts}{more})? To have it again costs again. [y/N] "
    if ask and not _agrees(question):
        print("Nothing was deleted.")  # noqa: T201 - the answer to a person
        return
    libraries = {id(library): library for _, library in chosen}
    for library in libraries.values():
        library.forget({image.digest for image, its in chosen if its is library})
    print(f"Deleted {count}. What was paid for stays in nb_banana.spending().")  # noqa: T201


def _libraries() -> list[Library]:
    return [context.library_of(kind) for kind in context.known_kinds()]


def _by_id(text: str) -> BananaImage:
    several: NotKeptError | None = None
    for library in _libraries():
        try:
            return BananaImage.of(library.by_id(text), library)
        except NotKeptError as error:
            if error.facts.get("several"):
                several = error
    raise several or NotKeptError(
        f"There is no picture with the id {text!r}, and no file of that name. "
        "nb_banana.history() lists what there is."
    )


def _by_content(data: bytes) -> BananaImage:
    problem: LibraryError | None = None
    for library in _libraries():
        try:
            return BananaImage.of(library.by_content(data), library)
        except NotKeptError:
            continue
        except LibraryError as error:  # the file itself may tell
            problem = error
    kind = check_picture(data)
    facts = metadata.read_embedded(data)
    if facts is None:
        raise problem or NotKeptError(
            "This picture is not in your library, and its file does not hold its prompt. Files "
            "that are saved with embed=True do."
        )
    image = BananaImage(data, kind, embedded_request(facts), embedded_receipt(facts))
    image.came = "loaded"
    return image


def _find(what: str | BananaImage) -> tuple[BananaImage, Library]:
    text = what.digest if isinstance(what, BananaImage) else what
    several: NotKeptError | None = None
    for library in _libraries():
        try:
            return BananaImage.of(library.by_id(text), library), library
        except NotKeptError as error:
            if error.facts.get("several"):
                several = error
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
        return input(question).strip().lower() in {"y", "yes"}
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
