"""The label under every sandbox picture: the badge and the prompt, drawn last, at full size.

The text is what Pillow's own font can set, broken into lines.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from nb_banana.sandbox.painter.brush import Brush
from nb_banana.sandbox.painter.subjects import SUBJECTS
from nb_banana.sandbox.painter.subjects.parts import Look

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


BADGE = "SANDBOX · no AI model"
PAPER, INK, PILL = "#fff9ec", "#2b2118", "#ffd84d"
SMALLEST = 48
"""A picture with a shorter side than this has no room for letters."""


@dataclass(frozen=True)
class Label:
    """Where everything on the label goes, in pixels."""

    width: int
    height: int
    letter: int
    pill: tuple[int, int]
    beside: bool
    lines: tuple[str, ...]


def plan(size: tuple[int, int], prompt: str) -> Label | None:
    """The label for a picture of this size; None where nobody could read it."""
    width, height = size
    if min(size) < SMALLEST:
        return None
    reach = font(100).getlength(BADGE) / 100 + 3.8
    wanted = max(0.024 * math.sqrt(width * height), 0.0135 * max(size))
    letter = max(4, int(min(wanted, 0.96 * width / reach, 0.14 * height)))
    pill = (math.ceil(font(letter).getlength(BADGE) + 2.9 * letter), round(1.75 * letter))
    free = width - pill[0] - 1.8 * letter
    beside = free > 12 * letter
    text = plain(prompt) or "(an empty prompt)"
    most = 2 if beside else 3
    small = _small(letter)
    lines = wrap(text, small, free if beside else width - 1.2 * letter, most)
    below = 0 if beside else round(len(lines) * 1.25 * small + 0.5 * letter)
    return Label(width, round(2.65 * letter) + below, letter, pill, beside, tuple(lines))


def _small(letter: int) -> int:
    return max(4, round(0.8 * letter))


def draw(label: Label, picture: Image.Image) -> None:
    """Put the label on the lower edge of a picture."""
    letter, margin = label.letter, round(0.45 * label.letter)
    top = picture.height - label.height
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, top, picture.width, picture.height), fill=PAPER)
    pen.rectangle((0, top, picture.width, top + max(1, letter // 12) - 1), fill="#e6d9bd")
    small = _small(letter)
    leading = 1.25 * small
    if label.beside:
        x, y = label.pill[0] + 2.2 * margin, top + (label.height - leading * len(label.lines)) / 2
    else:
        x, y = float(margin), top + label.pill[1] + 1.7 * margin
    for line in label.lines:
        pen.text((x, y), line, font=font(small), fill="#4a3f33")
        y += leading
    picture.paste(_badge(label), (margin, top + margin))


def _badge(label: Label) -> Image.Image:
    """The yellow pill with a banana and the words; the same whatever the prompt says."""
    (width, height), letter = label.pill, label.letter
    large = Image.new("RGB", (2 * width, 2 * height), PAPER)
    pen = ImageDraw.Draw(large)
    pen.rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), height, fill=PILL)
    mascot = Brush(large, 2.5 * letter, 1.86 * height, 1.66 * height)
    SUBJECTS["banana"].draw(mascot, Look(colour="#fff3b0"))
    badge = large.reduce(2)
    weight = max(0.3, letter / 40)
    ImageDraw.Draw(badge).text(
        (2.15 * letter, height / 2),
        BADGE,
        font=font(letter),
        fill=INK,
        anchor="lm",
        stroke_width=weight,
    )
    return badge
