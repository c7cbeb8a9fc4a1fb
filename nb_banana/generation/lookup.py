"""What is in the library already, and what is missing would cost. Nothing is paid here."""

from collections.abc import Iterable, Sequence

from nb_banana import errors
from nb_banana.generation import budget, context
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.request import ImageRequest
from nb_banana.results.image import BananaImage
from nb_banana.settings import settings


def find_stored(
    request: ImageRequest, kinds: Iterable[str], *, name: str | None = None, alt: str | None = None
) -> BananaImage | None:
    """The picture of a request in the libraries of some kinds of service; nothing is sent.

    Args:
        request: what to draw.
        kinds: the kinds of service, the best first.
        name: what the caption calls the picture.
        alt: its alt text.

    Raises:
        LostPictureError: it was made, and its file is not whole: to make it again would cost again.
        LibraryError: a library can't be read, which may have it.
    """
    found = _look(request, kinds)
    if found is None:
        return None
    kept, library = found
    context.note_used(library, kept.request_id)
    budget.BUDGET.save(kept.receipt.usd, library.service)
    return BananaImage.of(kept, library, request=request, name=name, alt=alt, came="reused")


def find_missing(requests: Sequence[ImageRequest], kinds: Iterable[str]) -> list[ImageRequest]:
    """Those that no library has a picture of, each once: equal ones are drawn once.

    Raises:
        LibraryError: one can't be read, which may have what the others have not.
    """
    wanted = {each.key: each for each in requests}
    problem: errors.LibraryError | None = None
    for library in context.every_library(kinds) if wanted else ():
        try:
            known = library.known(wanted)
        except errors.LibraryError as error:
            problem = problem or error
            continue
        wanted = {key: each for key, each in wanted.items() if key not in known}
    if problem is not None and wanted:
        raise problem
    return list(wanted.values())


def quote(request: ImageRequest, *, fresh: bool = False) -> str:
    """What a request would cost now, in words. Nothing but its price is asked for."""
    search = context.search_key()
    try:
        if not fresh and _look(request, context.kinds(search)):
            return "$0, it is in your library"
    except errors.LibraryError as error:
        return str(error)
    if settings.backend == "library":
        return "it is not in your library, and nothing else is asked"
    return str(budget.estimate([request], context.find_quoter(search)))


def _look(request: ImageRequest, kinds: Iterable[str]) -> tuple[StoredImage, Library] | None:
    """What can't be read may have it: that is raised, else the picture would be paid again."""
    problem: errors.LibraryError | None = None
    for library in context.every_library(kinds):
        try:
            kept = library.find(request.key)
        except errors.LostPictureError:
            raise
        except errors.LibraryError as error:
            problem = problem or error
            continue
        if kept is not None:
            return kept, library
    if problem is not None:
        raise problem
    return None
