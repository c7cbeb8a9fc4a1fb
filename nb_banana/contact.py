"""The contact sheet: many pictures on one, each with what it is."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana.errors import BananaError
from nb_banana.failure import Failure, sentence
from nb_banana.image import BananaImage
from nb_banana.layout import GAP, MARGIN, Layout, cell_ratio, heading_lines, near_square, table
from nb_banana.lettering import drawable, font, length, line_height, wrapped
from nb_banana.models import SIZES
from nb_banana.pixels import open_picture
from nb_banana.varied import Grid, Variant, grid_of, labels_of

if TYPE_CHECKING:
    from PIL import Image

Entry = BananaImage | Failure

MOST = 100
"""Pictures on one sheet. The others are said to be there."""
PAPER, MOUNT, INK, PALE = "#f4f4f2", "#e6e6e3", "#22262b", "#6a6f76"
BAD_MOUNT, BAD_INK = "#f3e3df", "#8c2f22"


@dataclass(frozen=True)
class Sheet:
    """A contact sheet.

    Attributes:
        picture: RGB.
        shown: how many entries are on it.
        legend: what stands there as a number, for the font has no such letters.
        grid: the rows and columns, where it has names for them.
    """

    picture: "Image.Image"
    shown: int
    legend: tuple[str, ...] = ()
    grid: Grid | None = None


def draw(
    entries: Sequence[Entry],
    variants: Sequence[Variant],
    *,
    columns: int | None = None,
    labels: bool = True,
) -> Sheet:
    """Rows and columns with their names after a sweep of two fields, else near-square.

    At most one decoded preview is in memory at a time.

    Args:
        entries: pictures and failures, at least one. The first `MOST` are drawn.
        variants: what varies, one for each.
        columns: how many; else what fits.
        labels: whether to write what each is.
    """
    grid = grid_of(variants)
    if grid and columns in {None, len(grid.columns)} and len(grid.columns) <= MOST:
        return _grid_sheet(entries, grid, labels)
    shown = entries[:MOST]
    texts = labels_of(variants[:MOST], [each.prompt for each in shown]) if labels else []
    names = _Names()
    written = [names.take(text, f"[{number}]") for number, text in enumerate(texts)]
    written = written or [""] * len(shown)
    layout = near_square(written, _ratio(shown), columns, len(shown) < len(entries))
    board = _Board(layout)
    for number, (entry, label) in enumerate(zip(shown, written, strict=True)):
        board.put(entry, *divmod(number, layout.columns), label)
    return board.sheet(len(shown), len(entries), names)


def _grid_sheet(entries: Sequence[Entry], grid: Grid, labels: bool) -> Sheet:
    places = grid.places[: max(1, MOST // len(grid.columns))]
    shown = [entries[place] for row in places for place in row]
    names = _Names()
    fields = [names.take(field, "field") for field in grid.fields]
    rows = [names.take(text, f"row {n}") for n, text in enumerate(grid.rows[: len(places)], 1)]
    columns = [names.take(text, f"column {n}") for n, text in enumerate(grid.columns, 1)]
    if not labels:
        fields, rows, columns = [""] * 2, [""] * len(rows), [""] * len(columns)
    layout = table(rows, columns, fields[0], _ratio(shown), len(shown) < len(entries))
    board = _Board(layout)
    if labels:
        board.head(fields, rows, columns)
    for row, line in enumerate(places):
        for column, place in enumerate(line):
            board.put(entries[place], row, column)
    return board.sheet(len(shown), len(entries), names, grid)


class _Names:
    """Texts as the font can draw them, and a legend of those that it can't."""

    def __init__(self) -> None:
        self.legend: list[str] = []

    def take(self, text: str, place: str) -> str:
        drawn = drawable(text)
        if drawn is None and text:
            self.legend.append(f"{place}: {text}")
            return place
        return drawn or ""


class _Board:
    """The sheet while it is drawn."""

    def __init__(self, layout: Layout) -> None:
        from PIL import Image, ImageDraw

        self.layout = layout
        self.picture = Image.new("RGB", layout.sheet, PAPER)
        self.pen: ImageDraw.ImageDraw = ImageDraw.Draw(self.picture)

    def head(self, fields: list[str], rows: list[str], columns: list[str]) -> None:
        """The names of rows and columns, and of what they are."""
        layout = self.layout
        width, height = layout.cell
        step = line_height(layout.size)
        down, across = fields
        cells = layout.columns * (width + GAP) - GAP
        self._line(across, MARGIN + layout.left, MARGIN, cells, PALE)
        top = MARGIN + layout.top - 6
        self.pen.text(
            (MARGIN, top - step),
            wrapped(down, layout.size, layout.left, 1)[0],
            PALE,
            font(layout.size),
        )
        for number, text in enumerate(columns):
            lines = wrapped(text, layout.size, width, 2)
            left, _ = layout.corner(0, number)
            self._lines(lines, left, top - len(lines) * step, width)
        for number, text in enumerate(rows):
            lines = heading_lines(text, layout.size, max(1, min(4, height // step)))
            _, upper = layout.corner(number, 0)
            upper += (height - len(lines) * step) // 2
            for place, line in enumerate(lines):
                self.pen.text((MARGIN, upper + place * step), line, INK, font(layout.size))

    def put(self, entry: Entry, row: int, column: int, label: str = "") -> None:
        """A picture, or why there is none, and its label below it."""
        left, top = self.layout.corner(row, column)
        width, height = self.layout.cell
        if isinstance(entry, Failure):
            self._reason(sentence(entry), left, top)
        else:
            try:
                small = _fitted(entry, width, height)
            except (OSError, ValueError, SyntaxError, BananaError) as error:
                self._reason(str(error), left, top)  # its file is gone, or damaged
            else:
                self.pen.rectangle((left, top, left + width - 1, top + height - 1), MOUNT)
                place = (left + (width - small.width) // 2, top + (height - small.height) // 2)
                self.picture.paste(small, place, small if small.mode == "RGBA" else None)
        if label:
            lines = wrapped(label, self.layout.size, width, 2)
            self._lines(lines, left, top + height + 4, width)

    def _reason(self, text: str, left: int, top: int) -> None:
        width, height = self.layout.cell
        size = max(12, self.layout.size - 2)
        step, pad = line_height(size), max(5, width // 24)
        self.pen.rectangle((left, top, left + width - 1, top + height - 1), BAD_MOUNT)
        drawn = drawable(text)
        said = f"No picture: {drawn}" if drawn else "No picture."
        lines = wrapped(said, size, width - 2 * pad, max(1, (height - 2 * pad) // step))
        for number, line in enumerate(lines):
            self.pen.text((left + pad, top + pad + number * step), line, BAD_INK, font(size))

    def sheet(self, shown: int, count: int, names: _Names, grid: Grid | None = None) -> Sheet:
        """The finished sheet, with a line that says how many are not on it."""
        if shown < count:
            width, height = self.picture.size
            top = height - MARGIN - line_height(self.layout.size)
            self._line(f"The first {shown} of {count}.", 0, top, width, PALE)
        return Sheet(self.picture, shown, tuple(names.legend), grid)

    def _lines(self, lines: list[str], left: int, top: int, width: int) -> None:
        for number, line in enumerate(lines):
            self._line(line, left, top + number * line_height(self.layout.size), width, INK)

    def _line(self, text: str, left: int, top: int, width: int, ink: str) -> None:
        """A line in the middle of so many pixels."""
        size = self.layout.size
        self.pen.text((left + (width - length(text, size)) // 2, top), text, ink, font(size))


def _fitted(image: BananaImage, width: int, height: int) -> "Image.Image":
    """A preview no larger than its cell."""
    scale = min(width / image.width, height / image.height)
    longest = max(1, round(max(image.width, image.height) * scale))
    _, data = image.preview(longest)
    small = open_picture(data)
    small.thumbnail((width, height))
    return small.convert("RGBA" if small.has_transparency_data else "RGB")


def _ratio(entries: Sequence[Entry]) -> float:
    images = [each.size for each in entries if isinstance(each, BananaImage)]
    asked = [SIZES.get(each.request.aspect_ratio or "", (1, 1)) for each in entries]
    return cell_ratio(images or asked)


def jpeg(picture: "Image.Image") -> bytes:
    """The bytes of a sheet, as a notebook keeps them."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()
