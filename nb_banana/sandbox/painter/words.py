"""Reads a prompt: which of its words the painter knows, and what they ask for."""

import re
import unicodedata
from dataclasses import dataclass, field

from nb_banana.sandbox.painter.brush import LIGHTS, NAMED
from nb_banana.sandbox.painter.effects import STYLES
from nb_banana.sandbox.painter.scenery import BACKDROPS
from nb_banana.sandbox.painter.things import SUBJECTS

SAID = {
    "night": "night midnight moonlight moonlit starry nighttime stars dark",
    "sunset": "sunset dusk evening twilight sunrise dawn",
    "watercolour": "watercolour watercolor aquarelle",
    "pencil": "pencil sketch sketched charcoal drawing",
    "pixel": "pixel pixelart pixelated 8bit",
    "blueprint": "blueprint schematic",
    "sunglasses": "sunglasses shades glasses",
    "hat": "hat cap sombrero",
    "blur": "blur blurred blurry bokeh",
}
"""The words for an hour, a style, and what is worn or done."""

MOST = 6
"""How many subjects fit on a stage."""

NOT = {"no", "without", "remove", "delete", "not", "except"}
TOGETHER = {r"\bt[\s.-]*rex(es)?\b": "trex", r"\b8[\s-]bit\b": "8bit", r"\bpalm[\s-]tree": "palm"}
QUOTED = re.compile(
    r"[\"“„]([^\"“”„]{1,80})[\"”“]|«([^»]{1,80})»|(?<!\w)['‘]([^'’\n]{1,80})['’](?!\w)"
)


Wish = tuple[str, str | None]
"""One subject that a prompt asks for: its kind and its colour."""


@dataclass(frozen=True)
class Idea:
    """What the painter understood of a prompt."""

    place: str | None = None
    hour: str = "day"
    wishes: tuple[Wish, ...] = ()
    styles: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    home: str = field(default="plain", compare=False)

    @property
    def blank(self) -> bool:
        """Whether no word of the prompt was understood."""
        return self == Idea()


def _index(table: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words.split()}


PLACE_OF = _index({name: row.words for name, row in BACKDROPS.items()})
KIND_OF = _index({name: row.words for name, row in SUBJECTS.items()})
NAME_OF = _index(SAID)


def read(prompt: str) -> Idea:
    """What a prompt asks for, as far as the painter's words go."""
    words = _words(QUOTED.sub(" ", prompt))
    known = [(i, word) for i, word in enumerate(words) if not NOT & set(words[max(0, i - 3) : i])]
    names = [NAME_OF[word] for _, word in known if word in NAME_OF]
    places = [PLACE_OF[word] for _, said in known if (word := _single(said)) in PLACE_OF]
    wishes = _wishes(words, known)
    place = places[0] if places else None
    return Idea(
        place=place,
        hour=next((name for name in names if name in LIGHTS), "day"),
        wishes=tuple(wish for wish in wishes if (wish[0], place) != ("palm", "beach")),
        styles=tuple(dict.fromkeys(name for name in names if name in STYLES)),
        traits=frozenset(names) & {"sunglasses", "hat", "blur"},
        signs=tuple("".join(found).strip() for found in QUOTED.findall(prompt))[:2],
        home=SUBJECTS[wishes[0][0]].home if wishes else "plain",
    )


def _words(text: str) -> list[str]:
    """The words of a text without accents; an emoji counts as the words of its name."""
    spelled = (
        f" {unicodedata.name(c, '')} " if unicodedata.category(c) == "So" else c for c in text
    )
    flat = unicodedata.normalize("NFKD", "".join(spelled)).casefold()
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    for pattern, word in TOGETHER.items():
        flat = re.sub(pattern, word, flat)
    return re.findall(r"[^\W_]+", flat)


def _single(word: str) -> str:
    """The singular of a word, where that makes it a known one."""
    stems = (word.removesuffix(ending) for ending in ("", "s", "es"))
    return next((stem for stem in stems if stem in KIND_OF or stem in PLACE_OF), word)


def _wishes(words: list[str], known: list[tuple[int, str]]) -> list[Wish]:
    """The subjects in the order of their words, once each or once in each colour."""
    found: list[Wish] = []
    for i, word in known:
        if kind := KIND_OF.get(_single(word)):
            colours = [near for near in words[max(0, i - 2) : i] if near in NAMED]
            if colours or kind not in [other for other, _ in found]:
                found.append((kind, colours[-1] if colours else None))
    return list(dict.fromkeys(found))[:MOST]
