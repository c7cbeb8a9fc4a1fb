"""The text that stands for a picture where it can't be seen: a person's own, else from the prompt.

The words of an edit alone, "Make image 1 night.", say nothing to who does not see image 1: so what
that is stands there too. It is never longer than a person would listen to.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from nb_banana._text import clean, one_line, shorten, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import LibraryError, RequestError
from nb_banana.request import ImageRequest, check_characters

if TYPE_CHECKING:
    from nb_banana.library.library import Library

LONGEST_PROMPT, LONGEST = 500, 1000  # characters of a prompt in it, and of all of it
LONGEST_PARENT, LONGEST_INNER = 80, 40  # of what an image 1 is, and of what that was made from
GENERATIONS = 5  # how far back it is looked what a picture was made from
NAMED = r"(?i)\bimage (\d{1,3})\b"
NAMELESS = frozenset({"", "image", "picture"})  # labels that say nothing
TELLING = frozenset({"prompt", "description", "subject", "scene"})
"""What prompts that are JSON call the words that say what is to be seen."""


class AltText:
    """The attribute ``alt`` of a picture or a failure: a text of one's own, else one made now."""

    # What was given stands in the value's own state, where each earlier version had it too: the
    # prompt there means that nobody gave one.
    @overload
    def __get__(self, owner: None, _: type) -> "AltText": ...
    @overload
    def __get__(self, owner: object, _: type) -> str: ...
    def __get__(self, owner: Any, _: type) -> "str | AltText":
        if owner is None:
            return self
        # Of its state alone: whatever else is asked of a value that is on its way waits for it.
        own = vars(owner)
        return given_alt(owner) or described(
            own["request"], own.get("_sources"), own.get("_library")
        )

    def __set__(self, owner: object, text: str | None) -> None:
        if text is not None:
            if not isinstance(text, str):
                raise RequestError(f"alt is a text, not {shown(text)}.")
            check_characters("alt", text)
            refuse_key("The alt text", text)
        vars(owner)["alt"] = text


def given_alt(value: Any) -> str | None:
    """The text that a person has given; None where nobody has."""
    own = vars(value)
    return None if own.get("alt") == own["request"].prompt else own.get("alt") or None


def described(
    request: ImageRequest,
    sources: Sequence[Any] | None = None,
    library: "Library | None" = None,
) -> str:
    """The words of a request, with what its references are where that is known."""
    words = prompt_words(request.prompt)
    words = words if len(words) <= LONGEST_PROMPT else shorten(words, LONGEST_PROMPT)
    found = list(_references(request, sources, library, GENERATIONS))
    told: set[int] = set()

    def with_what(name: re.Match[str]) -> str:
        number = int(name[1])
        what = found[number - 1] if 0 < number <= len(found) and number not in told else ""
        told.add(number)
        return f"{name[0]} ({what})" if what else name[0]

    words = re.sub(NAMED, with_what, words)
    rest = [
        f"image {number}: {what}"
        for number, what in enumerate(found, 1)
        if what and number not in told
    ]
    return shorten(f"{words.rstrip('. ')} ({'; '.join(rest)})", LONGEST) if rest else words


def is_made_of(alt: str, prompt: str) -> bool:
    """Whether an alt text was made of a prompt, of several pictures also: nobody wrote it.

    >>> is_made_of("Make image 1 (a café) night", "Make image 1 night")
    True
    >>> is_made_of("A café with its lamps lit", "Make image 1 night")
    False
    """
    words = one_line(prompt_words(prompt))
    if clean(alt, LONGEST_PROMPT) == clean(prompt, LONGEST_PROMPT):  # as earlier versions had it
        return True
    if alt.startswith("Contact sheet of "):
        return shorten(words, LONGEST_PARENT).rstrip("…") in alt
    place, words = 0, shorten(words, LONGEST_PROMPT).rstrip(". ")
    for number, part in enumerate(re.split(r"\b(image \d{1,3})\b", words, flags=re.I)):
        found = alt.find(part, place)
        between = alt[place:found]
        if found < 0 or (between and not (number and between.startswith(" ("))):
            return False
        place = found + len(part)
    rest = alt[place:].strip(". ")
    return not rest or rest.startswith("(")


def _references(
    request: ImageRequest, sources: Sequence[Any] | None, library: "Library | None", depth: int
) -> Iterator[str]:
    """What each reference is: a picture of ours by its own text, another one by its name."""
    references = request.references
    for reference, source in zip(
        references, sources or [each.source for each in references], strict=True
    ):
        yield _what(reference.label, source, library, depth)


def _what(label: str, source: Any, library: "Library | None", depth: int) -> str:
    request, given, sources = None, None, None
    if not isinstance(source, str):
        own = vars(source)
        request, given, sources = own["request"], given_alt(source), own.get("_sources")
        library = own.get("_library", library)
    elif library is not None and depth:
        try:
            request = library.by_digest(source).request
        except LibraryError:  # it was never ours, or it was forgotten
            request = None
    if given or request is None or not depth:
        return shorten(given or ("" if label in NAMELESS else label), LONGEST_PARENT).rstrip(". ")
    words = shorten(prompt_words(request.prompt), LONGEST_PROMPT)
    inner = [
        shorten(each, LONGEST_INNER) for each in _references(request, sources, library, depth - 1)
    ]
    if inner and inner[0] and not re.search(NAMED, words):
        words = f"{inner[0]}: {words}"

    def in_its_place(name: re.Match[str]) -> str:
        return dict(enumerate(inner, 1)).get(int(name[1])) or name[0]

    return shorten(re.sub(NAMED, in_its_place, words), LONGEST_PARENT).rstrip(". ")


def prompt_words(prompt: str) -> str:
    """What a prompt says, to be read aloud; of one that is JSON the words that tell the most.

    >>> prompt_words('{"subject": {"description": "a fox in the snow"}, "lens": "35mm"}')
    'a fox in the snow'
    """
    if prompt.lstrip()[:1] not in {"{", "["}:
        return prompt
    try:
        waiting: list[tuple[str, Any]] = [("", json.loads(prompt))]
    except (ValueError, RecursionError):
        return prompt
    texts: list[tuple[bool, int, str]] = []
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            texts.append((name in TELLING, len(value), value))
        elif isinstance(value, dict):
            waiting += [(key.lower(), each) for key, each in value.items()]
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
    return max(texts, default=(False, 0, prompt))[2] or prompt


def spoken(alt: str, what: str) -> str:
    """A sentence of an alt text and what it is of, as who can't see the picture hears it.

    >>> spoken("A T-Rex on a beach.", "AI-generated picture, 1376×768")
    'A T-Rex on a beach, AI-generated picture, 1376×768.'
    """
    words = one_line(alt).rstrip(". ")
    return f"{words}{' ' if words.endswith(('!', '?')) else ', '}{what}."
