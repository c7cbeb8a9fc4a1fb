"""The one road from a request to a picture. Function, magic and panel all take it.

Library? → budget → journal → service → picture → library. Each step is in the journal before the
next one begins, so that whatever happens it is known what was sent and what was paid.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nb_banana import errors, files, purse, services, shelves, used
from nb_banana.answers import Answer
from nb_banana.client import Service, generate, new_request_id
from nb_banana.downloads import Arrival, fetch_all
from nb_banana.entry import Entry
from nb_banana.errors import Interrupted
from nb_banana.image import BananaImage
from nb_banana.inquiry import NOT_WRITTEN, look_into
from nb_banana.interrupts import unbroken
from nb_banana.keys import Secret
from nb_banana.library import Kept, Library
from nb_banana.models import short_name
from nb_banana.progress import Waiting
from nb_banana.receipt import Receipt
from nb_banana.request import ImageRequest
from nb_banana.settings import settings


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
    used.note(library, kept.request_id)
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
    library = shelves.library_of(kind)
    entry = Entry(library, new_request_id())
    parents = [each.origin for each in request.references if isinstance(each.source, BananaImage)]
    try:
        purse.check_budget([request], service, kind, entry.request_id)
        entry.begin(request, notebook=shelves.notebook(), parents=parents)
        with unbroken():
            with Waiting(f"{short_name(request.model)} is drawing"):
                started = time.monotonic()
                answer = _ask(request, service, entry)
                came = fetch_all(answer, service)
                receipt = replace(answer.receipt, seconds=time.monotonic() - started)
            return _keep(request, wishes, entry, receipt, came)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise _stopped(request, service, entry) from None
    finally:
        entry.leave()
        if entry.reached == "nothing":
            purse.PURSE.drop(entry.request_id)


def _stopped(
    request: ImageRequest, service: Service, entry: Entry
) -> errors.BananaError | Interrupted:
    """What Ctrl-C between two steps means for the money."""
    facts = {"client_request_id": entry.request_id}
    if entry.reached == "nothing":
        entry.end(entry.library.mark_failed, "stopped before it was sent")
        return Interrupted("Stopped before it was sent. Nothing was charged.", **facts)
    if entry.reached == "kept":
        return Interrupted("Stopped. The picture is in your library: run it again for $0.", **facts)
    if entry.reached == "answered":
        cure = "nb_banana.recover() fetches it." if entry.is_written else NOT_WRITTEN
        return Interrupted(f"Stopped. The picture was made and charged; {cure}", **facts)
    error = Interrupted(f"Stopped a request that was sent. {errors.UNSURE}", **facts)
    return look_into(error, service, entry, request)


def _ask(request: ImageRequest, service: Service, entry: Entry) -> Answer:
    """The answer of the service; whatever else comes of it is written down."""
    library = entry.library
    try:
        answer = generate(request, service, entry.request_id)
    except (errors.UncertainError, errors.UnreadableAnswerError, Interrupted) as error:
        raise look_into(error, service, entry, request) from None
    except errors.BananaError as error:
        receipt = error.facts.get("receipt")
        entry.end(library.mark_failed, str(error), receipt)
        if receipt is None:
            purse.PURSE.drop(entry.request_id)
        else:
            purse.PURSE.settle(entry.request_id, receipt.usd)
        raise
    entry.reached = "answered"
    entry.write(library.mark_answered, answer.items, answer.receipt)
    purse.PURSE.settle(entry.request_id, answer.receipt.usd)
    return answer


def _keep(
    request: ImageRequest, wishes: Wishes, entry: Entry, receipt: Receipt, came: Arrival
) -> BananaImage:
    """Put the pictures into the library; where that fails they stay in memory."""
    library, problem, kept = entry.library, came.problem, None
    if came.is_whole:
        kept = entry.end(library.store, came.pictures, receipt)
    else:  # the row keeps the links of all its pictures, for `recover`
        entry.end(library.release, str(problem))
    images = [
        BananaImage(data, kind, request, receipt, name=wishes.name, alt=wishes.alt)
        for data, kind in came.pictures
    ]
    if kept:
        used.note(library, entry.request_id)
        entry.reached = "kept"
        images = [_value(kept[0], library, request, wishes, "made")]
    elif images:
        images[0].extras = tuple(images[1:])
        images[0].notes += (f"Not kept in the library. {entry.problem or problem}",)
    if problem is None:
        return images[0]
    said, facts = problem.args[0], problem.facts | ({"image": images[0]} if images else {})
    if entry.is_written and not kept and "url" in facts:  # what came inside the answer is in facts
        said = f"{said.rstrip('.')}. nb_banana.recover() tries it again."
    raise type(problem)(said, **facts)


def _value(
    kept: Kept, library: Library, request: ImageRequest, wishes: Wishes, came: str
) -> BananaImage:
    return BananaImage.of(
        kept, library, request=request, name=wishes.name, alt=wishes.alt, came=came
    )


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
