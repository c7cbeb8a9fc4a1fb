"""Letters: the label under every sandbox picture, and the sign that a quoted text is put on."""

import math
import re
import textwrap
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from nb_banana.sandbox.painter.brush import Brush, rgb
from nb_banana.sandbox.painter.figures import FIGURES, Look

SET = frozenset(map(chr, range(32, 127))) | frozenset("«°±·»‘’“”…‹›™")
"""The characters of Pillow's embedded font; for any other it draws a box."""

_PAIRS = (
    "ß=ss æ=ae œ=oe ø=o ł=l đ=d þ=th ı=i ×=x ÷=/ €=EUR £=GBP –=- —=- „=“ ‚=‘ •=· →=-> ¿= ¡= "
    "а=a б=b в=v г=g д=d е=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh "
    "ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya і=i ї=yi є=ye ґ=g α=a β=v γ=g δ=d ε=e ζ=z η=i "
    "θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
)
SPELLED = dict(pair.split("=") for pair in _PAIRS.split())


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font at a size in pixels."""
    made = ImageFont.load_default(size=max(4, size))
    if not isinstance(made, ImageFont.FreeTypeFont):
        raise TypeError("This Pillow was built without FreeType: install its wheel from PyPI.")
    return made


def plain(text: str) -> str:
    """The same text in letters that the font has: spelled, or the name of what it can't be."""
    spelled = re.sub(r"(\[\w+\])(?:\s*\1)+", r"\1", "".join(map(_letter, text)))
    return " ".join(spelled.split())


@cache
def _letter(c: str) -> str:
    if c in SET or c.isspace():
        return c
    if (latin := SPELLED.get(c.lower())) is not None:
        return latin.capitalize() if c.isupper() else latin
    if kept := "".join(k for k in unicodedata.normalize("NFKD", c) if k in SET):
        return kept
    name = unicodedata.name(c, "").lower()
    if unicodedata.category(c) == "So":
        return f" ({name}) "
    return f"[{name.split()[0]}]" if name and unicodedata.category(c)[0] not in "CMS" else ""


def wrap(text: str, size: int, width: float, most: int) -> list[str]:
    """A text in at most so many lines; what is left out is an ellipsis."""
    face = font(size)
    for letters in range(max(1, int(2 * width / face.getlength("n"))), 0, -1):
        lines = textwrap.wrap(text[:2000], letters, max_lines=most, placeholder="…")
        if all(face.getlength(line) <= width for line in lines):
            break
    return lines


BADGE = "SANDBOX · no AI model"
PAPER, INK, PILL = "#fff9ec", "#2b2118", "#ffd84d"
SMALLEST = 48
"""A picture with a shorter side than this has no room for letters."""


def strip(size: tuple[int, int], prompt: str) -> Image.Image | None:
    """The label of a picture of this size: the badge, and the prompt beside it or below."""
    if min(size) < SMALLEST:
        return None
    width, height = size
    reach = font(100).getlength(BADGE) / 100 + 3.8
    wanted = max(0.024 * math.sqrt(width * height), 0.0135 * max(size))
    letter = max(4, int(min(wanted, 0.96 * width / reach, 0.14 * height)))
    small, margin = max(4, round(0.8 * letter)), round(0.45 * letter)
    badge = _badge(letter)
    free = width - badge.width - 1.8 * letter
    beside = free > 12 * letter
    room, most = (free, 2) if beside else (width - 1.2 * letter, 3)
    lines = wrap(plain(prompt) or "(an empty prompt)", small, room, most)
    leading, base = 1.25 * small, round(2.65 * letter)
    below = 0 if beside else round(len(lines) * leading + 0.5 * letter)
    made = Image.new("RGB", (width, base + below), PAPER)
    pen = ImageDraw.Draw(made)
    pen.rectangle((0, 0, width, max(1, letter // 12) - 1), fill="#e6d9bd")
    made.paste(badge, (margin, margin))
    x, y = float(margin), badge.height + 1.7 * margin
    if beside:
        x, y = badge.width + 2.2 * margin, (base - leading * len(lines)) / 2
    for k, line in enumerate(lines):
        pen.text((x, y + k * leading), line, font=font(small), fill="#4a3f33")
    return made


def _badge(letter: int) -> Image.Image:
    """The yellow pill with a banana and the words; the same whatever the prompt says."""
    width = math.ceil(font(letter).getlength(BADGE) + 2.9 * letter)
    height = round(1.75 * letter)
    large = Image.new("RGB", (2 * width, 2 * height), PAPER)
    box = (0, 0, 2 * width - 1, 2 * height - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, height, fill=PILL)
    mascot = Brush(large, 2.5 * letter, 1.86 * height, 1.66 * height)
    FIGURES["banana"].draw(mascot, Look(colour="#fff3b0"))
    badge = large.reduce(2)
    pen, place = ImageDraw.Draw(badge), (2.15 * letter, height / 2)
    weight = max(0.3, letter / 40)
    pen.text(place, BADGE, font=font(letter), fill=INK, anchor="lm", stroke_width=weight)
    return badge


CHALK, NEON = ("#8a5a36", "#2f4a42", PAPER), ("#2a2440", "#191530", "#ff6fb5")
"""Frame, board and letters of a sign."""


def sign(brush: Brush, words: str, *, glowing: bool) -> None:
    """A board on two posts with words on it, one unit high."""
    frame, board, ink = NEON if glowing else CHALK
    brush.shadow(0, 0, 0.5, 0.05)
    for half in brush.sides():
        half.limb("34,0 34,-60", 0.06, frame)
    brush.flat("-50,-98 50,-98 50,-46 -50,-46", frame, shade=0.2)
    brush.box(-0.47, -0.95, 0.94, 0.46, board)
    text = plain(words) or "…"
    width, height = round(0.86 * brush.unit), round(0.4 * brush.unit)
    size = int(height * 0.8)
    lines = wrap(text, size, width, 9)
    while size > 4 and (len(lines) * size * 1.3 > height or " ".join(lines) != text):
        size = int(size * 0.9)
        lines = wrap(text, size, width, 9)
    mask = Image.new("L", (width, height))
    pen, middle, said = ImageDraw.Draw(mask), (width / 2, height / 2), "\n".join(lines)
    weight = size / 40
    pen.text(middle, said, 255, font(size), "mm", 0.15 * size, "center", stroke_width=weight)
    corner = (round(brush.x - width / 2), round(brush.y - 0.72 * brush.unit - height / 2))
    if glowing:
        halo = mask.filter(ImageFilter.BoxBlur(size / 6))
        brush.image.paste(rgb(ink), corner, halo.point([min(255, 2 * v) for v in range(256)]))
        brush, ink = brush.bright(), "#fff0fa"
    brush.image.paste(brush.light.on(ink), corner, mask)
