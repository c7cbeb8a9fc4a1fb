"""Reads a prompt: which of its words the painter knows, and what they ask for."""

import re
import unicodedata
from dataclasses import dataclass, field

from nb_banana.sandbox.painter.backdrops import BACKDROPS
from nb_banana.sandbox.painter.brush import NAMED
from nb_banana.sandbox.painter.subjects import SUBJECTS

HOURS = {
    "night": "night midnight moonlight moonlit starry nighttime stars dark nocturnal",
    "sunset": "sunset dusk evening twilight",
    "dawn": "sunrise dawn morning",
    "rain": "rain rainy raining storm stormy thunderstorm overcast",
}
STYLES = {
    "watercolour": "watercolour watercolor aquarelle",
    "pencil": "pencil sketch sketched charcoal drawing crayon",
    "pixel": "pixel pixelart pixelated 8bit 16bit",
    "sepia": "sepia vintage daguerreotype",
    "blueprint": "blueprint schematic",
    "mono": "monochrome noir grayscale greyscale blackandwhite",
}
TRAITS = {
    "sunglasses": "sunglasses shades glasses spectacles",
    "hat": "hat cap sombrero",
    "crown": "crown king queen prince princess",
    "party": "party birthday celebrating celebration",
    "lying": "lying lounging lounger deckchair sunbed sunbathing reclining relaxing",
    "snow": "snow snowing snowfall snowflake blizzard",
    "rain": "rain rainy raining storm thunderstorm",
    "blur": "blur blurred blurry bokeh",
    "neon": "neon",
}
COUNTS = {"two": 2, "2": 2, "couple": 2, "pair": 2, "three": 3, "3": 3, "four": 4, "4": 4}
COUNTS |= {"five": 5, "5": 5, "six": 6, "6": 6, "several": 4, "many": 5}
NOT = {"no", "without", "remove", "delete", "not", "except"}
IRREGULAR = {"people": "person", "men": "man", "women": "woman", "children": "child"}
IRREGULAR |= {"puppies": "puppy", "wolves": "wolf", "bunnies": "bunny", "daisies": "daisy"}
TOGETHER = {
    r"\bt[\s.-]*rex(es)?\b": "trex",
    r"\bblack[\s-]+and[\s-]+white\b": "blackandwhite",
    r"\b(8|16)[\s-]bit\b": r"\1bit",
    r"\bliving[\s-]room\b": "livingroom",
    r"\bcoffee[\s-](shop|house|bar)\b": "coffeeshop",
    r"\bhot[\s-]air[\s-]balloon": "balloon",
    r"\bteddy[\s-]bear": "teddy",
    r"\bpalm[\s-]tree": "palm",
    r"\bwater[\s-]colou?r": "watercolour",
}
QUOTED = re.compile(
    r"[\"“„]([^\"“”„]{1,80})[\"”“]|«([^»]{1,80})»|(?<!\w)['‘]([^'’\n]{1,80})['’](?!\w)"
)
MOST = 6
"""How many subjects fit on a stage."""


@dataclass(frozen=True)
class Wish:
    """One subject that a prompt asks for."""

    kind: str
    colour: str | None = None
    count: int = 1


@dataclass(frozen=True)
class Idea:
    """What the painter understood of a prompt."""

    place: str | None = None
    hour: str = "day"
    wishes: tuple[Wish, ...] = ()
    styles: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    signs: tuple[str, ...] = ()
    tint: str | None = None
    home: str = field(default="shapes", compare=False)

    @property
    def blank(self) -> bool:
        """Whether no word of the prompt was understood."""
        return self == Idea()


def _index(table: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in reversed(table.items()) for word in words.split()}


PLACE_OF = _index({name: row.words for name, row in BACKDROPS.items()})
KIND_OF = _index({name: row.words for name, row in SUBJECTS.items()})
HOUR_OF, STYLE_OF = _index(HOURS), _index(STYLES)


def read(prompt: str) -> Idea:
    """What a prompt asks for, as far as the painter's words go.

    >>> idea = read('Two red cats on a beach at night, pencil sketch, a sign says "Hi"')
    >>> idea.place, idea.hour, idea.wishes, idea.styles, idea.signs
    ('beach', 'night', (Wish(kind='cat', colour='red', count=2),), ('pencil',), ('Hi',))
    """
    words = _words(QUOTED.sub(" ", prompt))
    known = [(i, word) for i, word in enumerate(words) if not NOT & set(words[max(0, i - 3) : i])]
    traits = {
        trait for trait, listed in TRAITS.items() for _, word in known if word in listed.split()
    }
    places = [PLACE_OF[_single(word)] for _, word in known if _single(word) in PLACE_OF]
    hours = [HOUR_OF[word] for _, word in known if word in HOUR_OF]
    wishes, coloured = _wishes(words, known, traits)
    place = _place(places, wishes)
    tints = [word for i, word in known if word in NAMED and i not in coloured]
    return Idea(
        place=place,
        hour=hours[0] if hours else "day",
        wishes=tuple(wish for wish in wishes if (wish.kind, place) != ("palm", "beach")),
        styles=tuple(dict.fromkeys(STYLE_OF[word] for _, word in known if word in STYLE_OF)),
        traits=frozenset(traits),
        signs=tuple(" ".join(filter(None, found)).strip() for found in QUOTED.findall(prompt))[:2],
        tint=tints[0] if tints else None,
        home=SUBJECTS[wishes[0].kind].home if wishes else "shapes",
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
    if word in IRREGULAR:
        return IRREGULAR[word]
    for ending in ("", "s", "es"):
        stem = word.removesuffix(ending)
        if stem in KIND_OF or stem in PLACE_OF:
            return stem
    return word


def _wishes(
    words: list[str], known: list[tuple[int, str]], traits: set[str]
) -> tuple[list[Wish], set[int]]:
    """The subjects in the order of their words, and which colour words they used up."""
    found: dict[tuple[str, str | None], int] = {}
    coloured: set[int] = set()
    for i, word in known:
        kind = KIND_OF.get(_single(word))
        if kind is None or word in HOUR_OF or (kind == "lounger" and "lying" in traits and found):
            continue
        near = [k for k in range(max(0, i - 2), i) if words[k] in NAMED]
        coloured.update(near)
        numbers = [COUNTS[w] for w in words[max(0, i - 3) : i] if w in COUNTS]
        many = numbers[-1] if numbers else 3 if word != _single(word) else 1
        key = (kind, words[near[-1]] if near else None)
        if key[1] is None and any(kind == other for other, _ in found):
            continue
        found[key] = max(found.get(key, 0), many)
    return [Wish(kind, colour, count) for (kind, colour), count in found.items()][:MOST], coloured


def _place(places: list[str], wishes: list[Wish]) -> str | None:
    """The backdrop asked for; a fish in the sea is under water."""
    if not places:
        return None
    kinds = {wish.kind for wish in wishes}
    if places[0] == "sea" and "fish" in kinds and "boat" not in kinds:
        return "underwater"
    return places[0]
