"""Words in a picture, with Pillow's own font: what it can draw, and lines that fit their place."""

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont


TYPOGRAPHY = str.maketrans({"×": "x", "’": "'", "‘": "'", "–": "-", "→": "to", "ß": "ss"})
"""What the font does not have, and what is read in its place."""


@lru_cache
def font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Pillow's own font, at a height in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def drawable(text: str) -> str | None:
    """The text in letters that the font has; None where letters of it are missing.

    >>> drawable("Café 🍌"), drawable("日本語")
    ('Cafe', None)
    """
    # The font has ASCII and a little more. Accents are left out, as on a passport; so are emoji.
    drawn = []
    for letter in text.translate(TYPOGRAPHY):
        for part in letter if _has(letter) else unicodedata.normalize("NFKD", letter):
            if _has(part):
                drawn.append(part)
            elif unicodedata.category(part)[0] in "LN":
                return None
    return " ".join("".join(drawn).split()) or None


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    """Whether the font draws a letter otherwise than one that nobody has."""
    face = font(24)
    mask, none = face.getmask(letter), face.getmask("\U000f0000")
    return letter.isspace() or mask.size != none.size or bytes(mask) != bytes(none)


def wrapped(text: str, size: int, width: int, most: int) -> list[str]:
    """The text in lines of at most so many pixels, at most so many of them; "…" where it is cut."""
    # A word that is too long for a line is broken.
    lines: list[str] = [""]
    for word in text.split():
        if len(lines) > most:  # the rest is "…"
            break
        longer = f"{lines[-1]} {word}".strip()
        if length(longer, size) <= width:
            lines[-1] = longer
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while rest and len(lines) <= most:
            part = _fitting(rest, size, width)
            lines[-1], rest = part, rest[len(part) :]
            if rest:
                lines.append("")
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and length(f"{last}…", size) > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()}…"]


def _fitting(word: str, size: int, width: int) -> str:
    """As much of a word as fits; one letter at least."""
    fits = len(word)
    while fits > 1 and length(word[:fits], size) > width:
        fits -= 1
    return word[:fits]


def length(text: str, size: int) -> int:
    """How many pixels wide a line is."""
    return int(font(size).getlength(text) + 0.999)


def line_height(size: int) -> int:
    """Pixels from one line to the next: 1.3 times the letters' height leaves room below a g."""
    return round(size * 1.3)
