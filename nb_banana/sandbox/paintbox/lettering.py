"""Letters: the text that Pillow's own font can set, and how it is broken into lines."""

import re
import unicodedata
from functools import cache

from PIL import ImageFont

SET = frozenset(map(chr, range(32, 127))) | frozenset("«°±·»‘’“”…‹›™")
"""The characters of Pillow's embedded font; for any other it draws a box."""

SPELLED = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l",
        "Ł": "L", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "×": "x", "÷": "/", "€": "EUR",
        "£": "GBP", "¥": "JPY", "–": "-", "—": "-", "−": "-", "‑": "-", "„": "“", "‚": "‘",
        "•": "·", "→": "->", "←": "<-", "¿": "", "¡": "", "。": ".", "、": ",", "，": ",",
        "！": "!", "？": "?", "：": ":", "「": "“", "」": "”",
    }
)  # fmt: skip
CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "yu",
            "ya",
            "i",
            "yi",
            "ye",
            "g",
        ],
        strict=True,
    )
)
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        [
            "a",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "th",
            "i",
            "k",
            "l",
            "m",
            "n",
            "x",
            "o",
            "p",
            "r",
            "s",
            "s",
            "t",
            "y",
            "f",
            "ch",
            "ps",
            "o",
        ],
        strict=True,
    )
)
BY_NAME = re.compile(r"(?:HIRAGANA|KATAKANA) LETTER (?:SMALL )?(\w+)|HANGUL SYLLABLE (\w+)")


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font at a size in pixels."""
    made = ImageFont.load_default(size=max(4, size))
    if not isinstance(made, ImageFont.FreeTypeFont):
        raise TypeError("This Pillow was built without FreeType: install its wheel from PyPI.")
    return made


def plain(text: str) -> str:
    """The same text in letters that the font has: spelled, transliterated or named.

    >>> plain("Café — Привет, かな 🦖 漢字")
    'Cafe - Privet, kana (t-rex) [cjk]'
    """
    spelled = "".join(_letter(c) for c in text.translate(SPELLED))
    merged = re.sub(r"(\[\w+\])(?:\s*\1)+", r"\1", spelled)
    return " ".join(merged.split())


@cache
def _letter(c: str) -> str:
    if c in SET:
        return c
    if c.isspace():
        return " "
    if c.casefold() in CYRILLIC or c.casefold() in GREEK:
        latin = (CYRILLIC | GREEK)[c.casefold()].strip("_")
        return latin.capitalize() if c.isupper() else latin
    name = unicodedata.name(c, "")
    if spoken := BY_NAME.match(name):
        return (spoken[1] or spoken[2]).lower()
    if kept := "".join(k for k in unicodedata.normalize("NFKD", c) if k in SET):
        return kept
    if (unicodedata.category(c)[0] in "CMS" and unicodedata.category(c) != "So") or not name:
        return ""
    word = name.split()[0].lower() if unicodedata.category(c) != "So" else name.lower()
    return f" ({word}) " if unicodedata.category(c) == "So" else f"[{word}]"


def wrap(text: str, size: int, width: float, most: int) -> list[str]:
    """A text in at most so many lines; what is left out is an ellipsis."""
    face = font(size)
    lines = [""]
    for word in text[:600].split():
        for part in _parts(word, size, width):
            longer = f"{lines[-1]} {part}".strip()
            if face.getlength(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(part)
    lines = [line for line in lines if line]
    if len(lines) <= most and len(text) <= 600:
        return lines
    last = lines[most - 1] if len(lines) >= most else lines[-1]
    while last and face.getlength(last + "…") > width:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip() + "…"]


def _parts(word: str, size: int, width: float) -> list[str]:
    """A word, cut where it is wider than a line."""
    if font(size).getlength(word) <= width:
        return [word]
    letters = max(1, int(width / font(size).getlength("n")) - 1)
    return [word[i : i + letters] for i in range(0, len(word), letters)]
