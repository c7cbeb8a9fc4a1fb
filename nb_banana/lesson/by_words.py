"""The pictures of cells that have no output, because they were not run or it was cleared."""

# Each is looked for by the words that are written in the cell, so nothing comes along that the
# notebook does not say itself.

import re
from collections.abc import Iterable, Iterator, Sequence

from nb_banana.errors import LibraryError
from nb_banana.lesson.notebook_file import NotebookCell
from nb_banana.lesson.source import prompts
from nb_banana.library import transfer
from nb_banana.library.library import Library
from nb_banana.library.records import StoredImage
from nb_banana.models import DEFAULT_MODEL, RESOLUTIONS, SIZES, find_model, short_name
from nb_banana.request import ImageRequest

FILLED = re.compile(r"\{\{[^{}]*\}\}")
NAMED = r"image \d+"
"""What stands in a prompt for a picture: any other value of ``{{…}}`` nobody knows any more."""
WITH_REFERENCE = re.compile(r"(^|\s)(-i|--image)\b|\bimages\s*=|\{\{|\.edit\(")
WITH_TAKES = re.compile(r"(^|\s)(-n|--count|--take)\b|\b(count|take)\s*=")


def find_by_words(
    cell: NotebookCell, text: str, libraries: Iterable[Library], problems: list[str]
) -> list[tuple[Library, StoredImage]]:
    """The kept pictures that a cell asks for, by its words; `text` is that of the notebook."""
    found: dict[str, tuple[Library, StoredImage]] = {}
    wanted = prompts(cell.source)
    for library in libraries:
        try:
            for kept in _asked(library, wanted):
                if _fits(kept.request, cell.source, text):
                    found.setdefault(kept.request.key, (library, kept))
        except LibraryError as error:  # another one may have it
            problems.append(str(error))
    return list(found.values())


def _asked(library: Library, wanted: Sequence[str]) -> Iterator[StoredImage]:
    """The answers to these prompts, the newest first."""
    for prompt in wanted:
        words = FILLED.split(prompt)
        pattern = re.compile(NAMED.join(map(re.escape, words)))
        for kept in transfer.answers_like(library, words):
            if pattern.fullmatch(kept.request.prompt):
                yield kept


def _fits(request: ImageRequest, source: str, text: str) -> bool:
    """Whether a cell may have asked for this, and not for another picture of the same words."""
    if request.images and not WITH_REFERENCE.search(source):
        return False
    if request.take > 1 and not WITH_TAKES.search(source):
        return False
    model = find_model(request.model)
    names = {request.model, short_name(request.model), *(model.ids if model else ())}
    return (
        _is_said(request.aspect_ratio, SIZES, source, text)
        and _is_said(request.resolution, RESOLUTIONS, source, text)
        and (
            request.model == DEFAULT_MODEL or "model" in text or any(map(text.__contains__, names))
        )
    )


def _is_said(value: str | None, known: Iterable[str], source: str, text: str) -> bool:
    """Whether a value is in the cell; where that has none, it may be a setting of the notebook."""
    here = {each for each in known if re.search(rf"(?<![\w:]){each}(?![\w:])", source)}
    return value in here if here else value is None or value in text
