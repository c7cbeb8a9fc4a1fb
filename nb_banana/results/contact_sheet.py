"""The contact sheet: many pictures on one, each with what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana.errors import BananaError
from nb_banana.imaging.sheet import (
    SheetCanvas,
    cell_ratio,
    drawable,
    fit_cell,
    near_square_layout,
    table_layout,
)
from nb_banana.models import SIZES
from nb_banana.results.failure import Failure, GalleryEntry, reason_of
from nb_banana.results.image import BananaImage
from nb_banana.results.variants import Grid, Variant, grid_of, labels_of

if TYPE_CHECKING:
    from PIL import Image

MOST_SHOWN = 100  # Pictures on one sheet. The others are said to be there.


@dataclass(frozen=True)
class ContactSheet:
    """A contact sheet."""

    picture: "Image.Image"  # RGB
    shown: int  # how many entries are on it
    legend: tuple[str, ...] = ()  # what stands there as a number: the font has no such letters
    grid: Grid | None = None  # the rows and columns, where it has names for them


def draw_sheet(
    entries: Sequence[GalleryEntry],
    variants: Sequence[Variant],
    *,
    columns: int | None = None,
    labels: bool = True,
) -> ContactSheet:
    """Rows and columns with their names after a sweep of two fields, else near-square."""
    # Each picture is read, made small and let go before the next.
    grid = grid_of(variants)
    if grid and columns in {None, len(grid.columns)} and len(grid.columns) <= MOST_SHOWN:
        return _grid_sheet(entries, grid, labels)
    shown = entries[:MOST_SHOWN]
    texts = labels_of(variants[:MOST_SHOWN], [each.prompt for each in shown])
    legend: list[str] = []
    written = [
        _written(text, f"[{number}]", legend) if labels else "" for number, text in enumerate(texts)
    ]
    layout = near_square_layout(written, _ratio(shown), columns, len(shown) < len(entries))
    canvas = SheetCanvas(layout)
    for number, (entry, label) in enumerate(zip(shown, written, strict=True)):
        row, column = divmod(number, layout.columns)
        _put(canvas, entry, row, column)
        canvas.label(label, row, column)
    return _sheet(canvas, len(shown), len(entries), legend)


def _grid_sheet(entries: Sequence[GalleryEntry], grid: Grid, labels: bool) -> ContactSheet:
    places = grid.places[: max(1, MOST_SHOWN // len(grid.columns))]
    shown = [entries[place] for row in places for place in row]
    legend: list[str] = []
    fields, rows, columns = [""] * 2, [""] * len(places), [""] * len(grid.columns)
    if labels:
        fields = [_written(name, "field", legend) for name in grid.fields]
        named = enumerate(grid.rows[: len(places)], 1)
        rows = [_written(text, f"row {number}", legend) for number, text in named]
        named = enumerate(grid.columns, 1)
        columns = [_written(text, f"column {number}", legend) for number, text in named]
    canvas = SheetCanvas(
        table_layout(rows, columns, fields[0], _ratio(shown), len(shown) < len(entries))
    )
    if labels:
        canvas.head(fields, rows, columns)
    for row, line in enumerate(places):
        for column, place in enumerate(line):
            _put(canvas, entries[place], row, column)
    return _sheet(canvas, len(shown), len(entries), legend, grid)


def _sheet(
    canvas: SheetCanvas, shown: int, count: int, legend: list[str], grid: Grid | None = None
) -> ContactSheet:
    if shown < count:
        canvas.foot(f"The first {shown} of {count}.")
    return ContactSheet(canvas.marked(), shown, tuple(legend), grid)


def _written(text: str, place: str, legend: list[str]) -> str:
    """The text as the font can draw it; else its place, and the text goes into the legend."""
    drawn = drawable(text)
    if drawn is None and text:
        legend.append(f"{place}: {text}")
        return place
    return drawn or ""


def _put(canvas: SheetCanvas, entry: GalleryEntry, row: int, column: int) -> None:
    if isinstance(entry, Failure):
        canvas.explain(reason_of(entry), row, column)
        return
    width, height = canvas.layout.cell
    scale = min(width / entry.width, height / entry.height)
    longest = max(1, round(max(entry.size) * scale))
    try:
        small = fit_cell(entry.preview(longest)[1], width, height)
    except (OSError, BananaError) as error:
        # Its file is gone or damaged; the others are shown all the same.
        canvas.explain(str(error), row, column)
    else:
        canvas.mount(small, row, column)


def _ratio(entries: Sequence[GalleryEntry]) -> float:
    images = [each.size for each in entries if isinstance(each, BananaImage)]
    asked = [SIZES.get(each.request.aspect_ratio or "", (1, 1)) for each in entries]
    return cell_ratio(images or asked)
