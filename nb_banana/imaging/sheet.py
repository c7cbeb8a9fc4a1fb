"""A contact sheet: where everything stands on it, in pixels, and how it is drawn.

Its words are in Pillow's own font: what that can draw, and lines that fit their place.
"""

import io
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from nb_banana.imaging.decode import open_picture, require_pillow
from nb_banana.imaging.provenance import joint_packet, saving

if TYPE_CHECKING:
    from PIL import Image, ImageFont


WIDEST = 1152  # pixels that a sheet is wide at most, unless its smallest cells need more
LARGEST, SMALLEST = 480, 72  # pixels of a cell's longer side, of a cell's width
MARGIN, GAP = 16, 12
HEADING = 150  # pixels that the names of rows take at most
SHEET_RATIO = 1.25
"""Width to height of the sheet that near-square is nearest to: a screen is wider than high."""
HOLES = 2.5  # what a cell without a picture weighs against a sheet that is not square


@dataclass(frozen=True)
class Layout:
    """The measures of a sheet. All are pixels but ``columns`` and ``rows``."""

    columns: int  # how many of each
    rows: int  # how many of each
    cell: tuple[int, int]  # width and height of the place of one picture
    size: int  # the height of letters
    labels: tuple[int, ...] = ()  # the room for the labels under the pictures of each row
    left: int = 0  # the room for the names of rows and of columns
    top: int = 0  # the room for the names of rows and of columns
    foot: int = 0  # the room for a line below all

    @property
    def sheet(self) -> tuple[int, int]:
        """Width and height of it all."""
        right, bottom = self.corner(self.rows, self.columns)
        return right - GAP + MARGIN, bottom - GAP + MARGIN + self.foot

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Left and top of a cell."""
        width, height = self.cell
        left = MARGIN + self.left + column * (width + GAP)
        return left, MARGIN + self.top + row * (height + GAP) + sum(self.labels[:row])


def near_square_layout(
    labels: Sequence[str], ratio: float, columns: int | None, foot: bool
) -> Layout:
    """So many pictures, row after row, each with its label below it."""
    count = len(labels)
    columns = min(columns or best_columns(count, ratio), count)
    cell = _cell(columns, ratio, WIDEST - 2 * MARGIN)
    size = letters(cell[0])
    rows = [labels[start : start + columns] for start in range(0, count, columns)]
    lines = [_most_lines(row, size, cell[0]) for row in rows]
    return Layout(
        columns,
        len(rows),
        cell,
        size,
        labels=tuple(each * line_height(size) + 4 if each else 0 for each in lines),
        foot=_foot(size) if foot else 0,
    )


def table_layout(
    rows: Sequence[str], columns: Sequence[str], field: str, ratio: float, foot: bool
) -> Layout:
    """Rows and columns with their names, and the field of the rows; empty ones take no room."""
    size = letters(_cell(len(columns), ratio, WIDEST - 2 * MARGIN - HEADING)[0])
    lines = [line for name in (*rows, field) for line in heading_lines(name, size)]
    left = max(length(line, size) for line in lines)
    left += GAP if left else 0
    cell = _cell(len(columns), ratio, WIDEST - 2 * MARGIN - left)
    deep = _most_lines(columns, size, cell[0])
    return Layout(
        len(columns),
        len(rows),
        cell,
        size,
        left=left,
        top=(deep + 1) * line_height(size) + 6 if deep else 0,
        foot=_foot(size) if foot else 0,
    )


def best_columns(count: int, ratio: float) -> int:
    """How many columns make a sheet nearly square, with few empty cells. Up to three are a row.

    >>> [best_columns(count, 1.0) for count in (1, 2, 3, 4, 6, 9, 30, 100)]
    [1, 2, 3, 2, 3, 3, 6, 10]
    """
    if count <= 3:
        return count

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        shape = columns * ratio / rows / SHEET_RATIO
        return abs(math.log(shape)) + HOLES * (1 - count / (rows * columns))

    return min(range(1, count + 1), key=badness)


def cell_ratio(sizes: Iterable[tuple[int, int]]) -> float:
    """Width to height of a cell that pictures of these sizes sit well in: between the extremes."""
    ratios = [min(max(width / height, 0.4), 2.5) for width, height in sizes]
    return math.sqrt(min(ratios) * max(ratios)) if ratios else 1.0


def letters(width: int) -> int:
    """The height of letters for cells of such a width: notebooks show a wide sheet smaller."""
    return 18 if width >= 250 else 16 if width >= 140 else 13


def heading_lines(text: str, size: int, most: int = 4) -> list[str]:
    """The name of a row, in lines."""
    return wrapped(text, size, HEADING - GAP, most)


def _most_lines(texts: Sequence[str], size: int, width: int) -> int:
    return max((len(wrapped(text, size, width, 2)) for text in texts if text), default=0)


def _cell(columns: int, ratio: float, room: int) -> tuple[int, int]:
    width = (room - (columns - 1) * GAP) // columns
    width = max(SMALLEST, min(width, LARGEST if ratio >= 1 else round(LARGEST * ratio)))
    return width, max(1, round(width / ratio))


def _foot(size: int) -> int:
    return line_height(size) + GAP


PAPER, MOUNT, INK, PALE = "#f4f4f2", "#e6e6e3", "#22262b", "#6a6f76"
"""A light sheet is paper in a light notebook, in a dark one, and in print."""
BAD_MOUNT, BAD_INK = "#f3e3df", "#8c2f22"


class SheetCanvas:
    """The sheet."""

    def __init__(self, layout: Layout) -> None:
        require_pillow()
        from PIL import Image, ImageDraw

        self.layout = layout
        self.picture = Image.new("RGB", layout.sheet, PAPER)
        self._pen: ImageDraw.ImageDraw = ImageDraw.Draw(self.picture)
        self._packets: list[bytes | None] = []

    def head(self, fields: list[str], rows: list[str], columns: list[str]) -> None:
        """Write the names of rows and columns, and of what they are, round the cells."""
        layout, step = self.layout, line_height(self.layout.size)
        width, height = layout.cell
        bottom = MARGIN + layout.top - 6
        down = wrapped(fields[0], layout.size, layout.left, 1)
        self._write(down, MARGIN, bottom - step, PALE)
        across = layout.columns * (width + GAP) - GAP
        self._write([fields[1]], MARGIN + layout.left, MARGIN, PALE, across)
        for number, text in enumerate(columns):
            lines = wrapped(text, layout.size, width, 2)
            left, _ = layout.corner(0, number)
            self._write(lines, left, bottom - len(lines) * step, INK, width)
        for number, text in enumerate(rows):
            lines = heading_lines(text, layout.size, max(1, min(4, height // step)))
            _, top = layout.corner(number, 0)
            self._write(lines, MARGIN, top + (height - len(lines) * step) // 2, INK)

    def mount(self, small: "Image.Image", row: int, column: int) -> None:
        """Put a picture, no larger than a cell, into the middle of one."""
        (left, top), (width, height) = self.layout.corner(row, column), self.layout.cell
        self._pen.rectangle((left, top, left + width - 1, top + height - 1), MOUNT)
        place = (left + (width - small.width) // 2, top + (height - small.height) // 2)
        self.picture.paste(small, place, small if small.mode == "RGBA" else None)
        self._packets.append(small.info.get("xmp"))

    def marked(self) -> "Image.Image":
        """The sheet, which says of its making what its pictures say, in each file it is saved to.

        A format that does not know an option leaves it out:
        https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image.save
        """
        if packet := joint_packet(self._packets):
            kinds = ("JPEG", "PNG", "TIFF")
            options = (saving(kind, packet) for kind in kinds)
            self.picture.encoderinfo = {
                name: each for some in options for name, each in some.items()
            }
            self.picture.info["xmp"] = packet
        return self.picture

    def explain(self, reason: str, row: int, column: int) -> None:
        """Write into a cell why there is no picture."""
        (left, top), (width, height) = self.layout.corner(row, column), self.layout.cell
        size = max(12, self.layout.size - 2)
        pad = max(5, width // 24)
        self._pen.rectangle((left, top, left + width - 1, top + height - 1), BAD_MOUNT)
        drawn = drawable(reason)
        said = f"No picture: {drawn}" if drawn else "No picture."
        most = max(1, (height - 2 * pad) // line_height(size))
        self._write(
            wrapped(said, size, width - 2 * pad, most), left + pad, top + pad, BAD_INK, size=size
        )

    def label(self, text: str, row: int, column: int) -> None:
        """Write below a cell what is in it."""
        (left, top), (width, height) = self.layout.corner(row, column), self.layout.cell
        lines = wrapped(text, self.layout.size, width, 2)
        self._write(lines, left, top + height + 4, INK, width)

    def foot(self, text: str) -> None:
        """Write a line below all."""
        width, height = self.picture.size
        self._write([text], 0, height - MARGIN - line_height(self.layout.size), PALE, width)

    def _write(
        self, lines: list[str], left: int, top: int, ink: str, width: int = 0, size: int = 0
    ) -> None:
        """Lines below each other; in the middle of so many pixels, where these are given."""
        size = size or self.layout.size
        for number, line in enumerate(lines):
            indent = (width - length(line, size)) // 2 if width else 0
            place = (left + indent, top + number * line_height(size))
            self._pen.text(place, line, ink, font(size))


def fit_cell(data: bytes, width: int, height: int) -> "Image.Image":
    """A small picture as RGB or RGBA, no larger than its cell."""
    return fitted(small_picture(data), width, height)


def small_picture(data: bytes) -> "Image.Image":
    """A small picture as RGB or RGBA, with what its file says of its making."""
    small = open_picture(data)
    return small.convert("RGBA" if small.has_transparency_data else "RGB")


def fitted(small: "Image.Image", width: int, height: int) -> "Image.Image":
    """A copy of a picture that is no larger than a cell."""
    copy = small.copy()
    copy.thumbnail((width, height))
    return copy


def tile_bytes(small: "Image.Image", quality: int) -> tuple[str, bytes]:
    """MIME type and bytes of one of several small pictures: WebP, which is half of a JPEG."""
    from PIL import features

    kind = "WEBP" if features.check("webp") else "JPEG"  # Pillow can be built without
    drawn = small if kind == "WEBP" else small.convert("RGB")
    out = io.BytesIO()
    drawn.save(out, kind, quality=quality, method=2, **saving(kind, small.info.get("xmp")))
    return f"image/{kind.lower()}", out.getvalue()


def sheet_jpeg(picture: "Image.Image") -> bytes:
    """The bytes of a picture, as a notebook keeps them."""
    out = io.BytesIO()
    marks = saving("JPEG", picture.info.get("xmp"))
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True, **marks)
    return out.getvalue()


TYPOGRAPHY = str.maketrans({"×": "x", "’": "'", "‘": "'", "–": "-", "→": "to", "ß": "ss"})
"""What the font does not have, and what is read in its place."""


@lru_cache
def font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Pillow's own font, at a height in pixels."""
    require_pillow()
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
