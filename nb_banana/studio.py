"""The one road from a request to a picture. Function, magic and panel all take it.

Library? → budget → journal → service → picture → library. Each step is in the journal before the
next one begins, so that whatever happens it is known what was sent and what was paid.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from nb_banana import errors, files, purse, services, shelves
from nb_banana.answers import Answer
from nb_banana.client import Service, generate, new_request_id
from nb_banana.downloads import fetch
from nb_banana.entry import Entry
from nb_banana.image import BananaImage
from nb_banana.inquiry import look_into
from nb_banana.keys import Secret
from nb_banana.library import Kept, Library
from nb_banana.models import short_name
from nb_banana.pixels import Kind
from nb_banana.progress import Waiting
from nb_banana.receipt import Receipt
from nb_banana.request import ImageRequest
from nb_banana.settings import settings

Fetched = tuple[bytes, Kind]


@dataclass(frozen=True)
class Wishes:
    """What a person wants of the picture besides what is in the request.

    Attributes:
        name: what the caption calls it.
        alt: the alt text; else the prompt.
        save: a file to write it to as well; that it can be is checked before anything is sent.
        strict: whether another size than asked is an error; the picture is in its ``.image``.
        fresh: whether a new one is made although the library has one.
    """

    name: str | None = None
    alt: str | None = None
    save: str | os.PathLike[str] | None = None
    strict: bool = False
    fresh: bool = False


PLAIN = Wishes()


def make(
    request: ImageRequest,
    wishes: Wishes = PLAIN,
    *,
    service: Service | None = None,
    key: Secret | None = None,
    timeout: float | None = None,
) -> BananaImage:
    """The picture of a request: from the library where it is there, else from the service.

    Args:
        request: what to draw.
        wishes: what else is wanted.
        service: who draws it; else by the settings, see `nb_banana.services.find_service`.
        key: the key for this call alone.
        timeout: seconds to wait.

    Raises:
        BananaError: see `nb_banana.errors`.
    """
    _check(request, wishes)
    kinds = (services.kind_of_service(service),) if service else shelves.kinds(key)
    image = None if wishes.fresh else find(request, kinds, wishes)
    if image is None:
        service = service or _service(key, timeout)
        image = _draw(request, wishes, service)
    return _hand_over(image, wishes)


def find(request: ImageRequest, kinds: Iterable[str], wishes: Wishes = PLAIN) -> BananaImage | None:
    """The picture of a request in the libraries of some kinds of service; nothing is sent.

    Raises:
        LostPictureError: it was made, and its file is not whole: to make it again would cost again.
    """
    found = _look(request, kinds)
    if found is None:
        return None
    kept, library = found
    purse.PURSE.save(kept.receipt.usd, library.service)
    return _value(kept, library, request, wishes, "reused")


def quote(request: ImageRequest) -> str:
    """What a request would cost now, in words. Nothing but its price is asked for."""
    try:
        if _look(request, shelves.kinds()):
            return "$0, it is in your library"
    except errors.LostPictureError as error:
        return str(error)
    if settings.backend == "library":
        return "it is not in your library, and nothing else is asked"
    return str(purse.estimate([request], services.find_quoter()))


def _look(request: ImageRequest, kinds: Iterable[str]) -> tuple[Kept, Library] | None:
    for kind in kinds:
        library = shelves.library_of(kind)
        try:
            kept = library.find(request.key)
        except errors.LostPictureError:
            raise
        except errors.LibraryError:  # what can't be used has nothing; `_draw` says so
            continue
        if kept is not None:
            return kept, library
    return None


def _service(key: Secret | None, timeout: float | None) -> Service:
    if settings.backend == "library":
        raise errors.NotKeptError(
            'This picture is not in the library, and the backend is "library", so nothing was '
            'sent. Look at nb_banana.history(), or draw it: %config Banana.backend = "auto"'
        )
    return services.find_service(key=key, timeout=timeout)


def _check(request: ImageRequest, wishes: Wishes) -> None:
    for name in ("name", "alt"):
        value = getattr(wishes, name)
        if value is not None and not isinstance(value, str):
            raise errors.RequestError(f"{name} is a text, not {value!r}.")
    if wishes.save is not None:
        files.check_writable(files.target(wishes.save, suffix=".png", title=request.prompt))


def _draw(request: ImageRequest, wishes: Wishes, service: Service) -> BananaImage:
    """Pay for a picture."""
    kind = services.kind_of_service(service)
    purse.check_budget([request], service, kind)
    library = shelves.library_of(kind)
    entry = Entry(library, new_request_id())
    parents = [each.origin for each in request.references if isinstance(each.source, BananaImage)]
    try:
        entry.write(_begin, library, request, parents)
        entry.write(library.mark_sent)
        with Waiting(f"{short_name(request.model)} is drawing"):
            started = time.monotonic()
            answer = _ask(request, service, entry)
            fetched, problem = _fetch_all(answer, service)
            receipt = replace(answer.receipt, seconds=time.monotonic() - started)
        return _keep(request, wishes, entry, receipt, fetched, problem)
    except BaseException:
        # Whoever looks for unfinished requests may take it now.
        entry.end(library.release, "it was broken off")
        raise


def _begin(request_id: str, library: Library, request: ImageRequest, parents: list[str]) -> None:
    library.begin(request, request_id, notebook=shelves.notebook(), parents=parents)


def _ask(request: ImageRequest, service: Service, entry: Entry) -> Answer:
    """The answer of the service; whatever else comes of it is written down."""
    library = entry.library
    try:
        answer = generate(request, service, entry.request_id)
    except (errors.UncertainError, errors.UnreadableAnswerError, errors.Interrupted) as error:
        raise look_into(error, service, entry) from None
    except errors.BananaError as error:
        receipt = error.facts.get("receipt")
        entry.end(library.mark_failed, str(error), receipt)
        _pay(receipt, library)
        raise
    entry.write(library.mark_answered, answer.items, answer.receipt)
    _pay(answer.receipt, library)
    return answer


def _pay(receipt: Receipt | None, library: Library) -> None:
    if receipt is not None:
        purse.PURSE.pay(receipt.usd, library.service)


def _fetch_all(
    answer: Answer, service: Service
) -> tuple[list[Fetched], errors.PictureError | None]:
    """All pictures of an answer that can be had, and the first problem with another."""
    receipt = answer.receipt
    facts: dict[str, Any] = {
        "client_request_id": receipt.client_request_id,
        "inference_id": receipt.inference_id,
        "receipt": receipt,
    }
    fetched: list[Fetched] = []
    problem: errors.PictureError | None = None
    for item in answer.items:
        try:
            fetched.append(fetch(item, service, facts))
        except errors.PictureError as error:
            problem = problem or error
    return fetched, problem


def _keep(
    request: ImageRequest,
    wishes: Wishes,
    entry: Entry,
    receipt: Receipt,
    fetched: list[Fetched],
    problem: errors.PictureError | None,
) -> BananaImage:
    """Put the pictures into the library; where that fails they stay in memory."""
    images = _in_memory(request, wishes, receipt, fetched)
    if problem is not None:
        entry.end(entry.library.release, str(problem))
        if images:
            images[0].extras = tuple(images[1:])
            problem.facts["image"] = images[0]
        raise problem
    kept = entry.end(entry.library.store, fetched, receipt)
    if kept:
        return _value(kept[0], entry.library, request, wishes, "made")
    images[0].extras = tuple(images[1:])
    images[0].notes += (f"Not kept in the library. {entry.problem}",)
    return images[0]


def _value(
    kept: Kept, library: Library, request: ImageRequest, wishes: Wishes, came: str
) -> BananaImage:
    return BananaImage.of(
        kept, library, request=request, name=wishes.name, alt=wishes.alt, came=came
    )


def _in_memory(
    request: ImageRequest, wishes: Wishes, receipt: Receipt, fetched: list[Fetched]
) -> list[BananaImage]:
    return [
        BananaImage(data, kind, request, receipt, name=wishes.name, alt=wishes.alt)
        for data, kind in fetched
    ]


def _hand_over(image: BananaImage, wishes: Wishes) -> BananaImage:
    if wishes.save is not None:
        try:
            image.save(wishes.save)
        except errors.SaveError as error:
            raise errors.SaveError(
                f"{error.args[0]} The picture was made and charged, and it is kept in the "
                "error's .image.",
                image=image,
            ) from error
    if wishes.strict and image.mismatch:
        raise errors.SizeMismatchError(
            f"The picture has another size: {image.mismatch}. It was charged, and it is kept in "
            "the error's .image.",
            image=image,
        )
    return image
