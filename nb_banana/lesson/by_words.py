"""The pictures of cells that have no output, because they were not run or it was cleared."""

# Each is looked for by the words that are written in the cell, and is taken only where all that it
# was made from is the notebook's own: nothing comes along that the notebook does not say itself.

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from nb_banana._catalogue import AIMLAPI, find_in, short_in, usual_in
from nb_banana.credentials import service_names
from nb_banana.errors import LibraryError
from nb_banana.lesson.notebook_file import NotebookCell
from nb_banana.lesson.source import prompts
from nb_banana.library import transfer
from nb_banana.library.library import Library
from nb_banana.library.location import SANDBOX
from nb_banana.library.records import StoredImage
from nb_banana.models import DEFAULT_MODEL, SCALES, SIZES
from nb_banana.references.reference import Reference, RemoteImage
from nb_banana.request import ImageRequest

FILLED = re.compile(r"\{\{[^{}]*\}\}")
NAMED = r"image \d+"
"""What stands in a prompt for a picture: any other value of ``{{…}}`` nobody knows any more."""
WITH_REFERENCE = re.compile(r"(^|\s)(-i|--image)\b|\bimages\s*=|\{\{|\.edit\(")
WITH_SERVICE = re.compile(r"""(?:--service[\s=]+["']?|\bservice["']?\s*[=:]\s*["'])([\w-]+)""")
WITH_TAKES = re.compile(r"(^|\s)(-n|--count|--take)\b|\b(count|take)\s*=")


def find_by_words(
    cell: NotebookCell,
    text: str,
    libraries: Iterable[Library],
    given: Collection[str],
    problems: list[str],
) -> list[tuple[Library, StoredImage]]:
    """The kept pictures that a cell asks for by its words.

    The text is all of the notebook's; given are the digests of the pictures that it has, and of the
    files that it names.
    """
    fitting: dict[str, tuple[Library, StoredImage]] = {}
    wanted = prompts(cell.source)
    for library in libraries:
        try:
            for kept in _asked(library, wanted):
                is_asked = library.service == SANDBOX or _is_drawn_by(kept, cell.source, text)
                if is_asked and _fits(kept.request, cell.source, text):
                    fitting.setdefault(kept.request.key, (library, kept))
        except LibraryError as error:  # another one may have it
            problems.append(str(error))
    return _own_alone(list(fitting.values()), set(given), text)


def _own_alone(
    fitting: list[tuple[Library, StoredImage]], given: set[str], text: str
) -> list[tuple[Library, StoredImage]]:
    """Those whose references are the notebook's own: a cell may make one picture from another."""
    found: list[tuple[Library, StoredImage]] = []
    while True:
        new = [
            each
            for each in fitting
            if all(_is_own(reference, given, text) for reference in each[1].request.references)
        ]
        if not new:
            return found
        found += new
        fitting = [each for each in fitting if each not in new]
        given |= {picture.digest for _, kept in new for picture in kept.pictures}


def may_ask(cell: NotebookCell, prompt: str) -> bool:
    """Whether a cell may have asked for a prompt, with whatever its ``{{…}}`` stood for."""
    if not cell.source.lstrip().startswith("%%banana") and "(" in cell.source:
        return True  # Python, which may put any prompt together
    return any(_pattern(each, "(?s:.*)").fullmatch(prompt) for each in prompts(cell.source))


def _pattern(prompt: str, filled: str) -> re.Pattern[str]:
    return re.compile(filled.join(map(re.escape, FILLED.split(prompt))))


def _asked(library: Library, wanted: Sequence[str]) -> Iterator[StoredImage]:
    """The answers to these prompts, the newest first."""
    for prompt in wanted:
        pattern = _pattern(prompt, NAMED)
        for kept in transfer.answers_like(library, FILLED.split(prompt)):
            if pattern.fullmatch(kept.request.prompt):
                yield kept


def _is_own(reference: Reference, given: Collection[str], text: str) -> bool:
    """Whether a reference is a picture, a file or an address of the notebook."""
    if isinstance(reference.body, RemoteImage):
        return reference.url in text
    return reference.origin in given


def _is_drawn_by(kept: StoredImage, source: str, text: str) -> bool:
    """Whether it is by the service that a cell names, else one that the notebook names."""
    said = (set(WITH_SERVICE.findall(each)) & set(service_names()) for each in (source, text))
    here, anywhere = said
    return kept.request.catalogue.service in (here or anywhere or {AIMLAPI.service})


def _fits(request: ImageRequest, source: str, text: str | None) -> bool:
    """Whether a cell may have asked for this, and not for another picture of the same words."""
    if request.images and not WITH_REFERENCE.search(source):
        return False
    if request.take > 1 and not WITH_TAKES.search(source):
        return False
    # What is made from another picture has its ratio, resolution and model, unless it names one.
    text = None if request.images else text
    catalogue = request.catalogue
    model = find_in(catalogue, request.model)
    short = short_in(catalogue, request.model)
    names = {"model", request.model, short, *(model.ids if model else ())}
    if (
        request.model != usual_in(catalogue, DEFAULT_MODEL)
        and text
        and not any(each in text for each in names)
    ):
        return False
    return _is_said(request.aspect_ratio, SIZES, source, text) and _is_said(
        request.resolution, SCALES, source, text
    )


def _is_said(value: str | None, known: Iterable[str], source: str, text: str | None) -> bool:
    """Whether a value is in the cell; where that has none, it may be a setting of the notebook."""
    here = {each for each in known if re.search(rf"(?<![\w:]){each}(?![\w:])", source)}
    return value in here if here else value is None or text is None or value in text
