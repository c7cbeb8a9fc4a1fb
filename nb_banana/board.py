"""A sheet of paper while pictures, reasons and words are put on it."""

import io
from typing import TYPE_CHECKING

from nb_banana.layout import GAP, MARGIN, Layout, heading_lines
from nb_banana.lettering import drawable, font, length, line_height, wrapped
from nb_banana.pixels import open_picture

if TYPE_CHECKING:
    from PIL import Image

PAPER, MOUNT, INK, PALE = "#f4f4f2", "#e6e6e3", "#22262b", "#6a6f76"
"""A light sheet is paper in a light notebook, in a dark one, and in print."""
BAD_MOUNT, BAD_INK = "#f3e3df", "#8c2f22"


class Board:
    """The sheet.

    Attributes:
        picture: what is drawn so far, RGB.
    """

    def __init__(self, layout: Layout) -> None:
        from PIL import Image, ImageDraw

        self.layout = layout
        self.picture = Image.new("RGB", layout.sheet, PAPER)
        self._pen: ImageDraw.ImageDraw = ImageDraw.Draw(self.picture)

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


def fitted(data: bytes, width: int, height: int) -> "Image.Image":
    """A small picture as RGB or RGBA, no larger than its cell."""
    small = open_picture(data)
    small.thumbnail((width, height))
    return small.convert("RGBA" if small.has_transparency_data else "RGB")


def jpeg(picture: "Image.Image") -> bytes:
    """The bytes of a picture, as a notebook keeps them."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()
