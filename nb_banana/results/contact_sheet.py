"""The contact sheet: many pictures on one, each with what it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana._threads import side_by_side
from nb_banana.errors import BananaError
from nb_banana.imaging.decode import decoded_at_once
from nb_banana.imaging.sheet import (
    SheetCanvas,
    cell_ratio,
    drawable,
    fitted,
    near_square_layout,
    small_picture,
    table_layout,
)
from nb_banana.models import SIZES
from nb_banana.request import ImageRequest
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
    pieces: "Mapping[int, Image.Image | str]"
    """What was read for each place among the entries: a small picture, or why there is none."""
    grid: Grid | None = None  # the rows and columns, where it has names for them


def draw_sheet(
    entries: Sequence[GalleryEntry],
    variants: Sequence[Variant],
    *,
    columns: int | None = None,
    labels: bool = True,
    enlarged: float = 1,
) -> ContactSheet:
    """Rows and columns with their names after a sweep of two fields, else near-square.

    Its pieces are larger than they stand on it by the factor ``enlarged``.
    """
    grid = grid_of(variants)
    if grid and columns in {None, len(grid.columns)} and len(grid.columns) <= MOST_SHOWN:
        return _grid_sheet(entries, grid, labels, enlarged)
    shown = entries[:MOST_SHOWN]
    texts = labels_of(variants[:MOST_SHOWN], [each.prompt for each in shown])
    written = [_written(text, f"[{n}]") if labels else "" for n, text in enumerate(texts)]
    ratio = ratio_of(shown, [each.request for each in shown])
    layout = near_square_layout(written, ratio, columns, len(shown) < len(entries))
    canvas = SheetCanvas(layout)
    for number, label in enumerate(written):
        canvas.label(label, *divmod(number, layout.columns))
    places = {number: divmod(number, layout.columns) for number in range(len(shown))}
    return _sheet(canvas, entries, places, enlarged)


def _grid_sheet(
    entries: Sequence[GalleryEntry], grid: Grid, labels: bool, enlarged: float
) -> ContactSheet:
    whole = grid.first(MOST_SHOWN)
    shown = [entries[place] for row in whole.places for place in row]
    fields, rows, columns = [""] * 2, [""] * len(whole.rows), [""] * len(grid.columns)
    if labels:
        fields = [_written(name, "field") for name in grid.fields]
        rows = [_written(text, f"row {number}") for number, text in enumerate(whole.rows, 1)]
        columns = [
            _written(text, f"column {number}") for number, text in enumerate(grid.columns, 1)
        ]
    ratio = ratio_of(shown, [each.request for each in shown])
    layout = table_layout(rows, columns, fields[0], ratio, len(shown) < len(entries))
    canvas = SheetCanvas(layout)
    if labels:
        canvas.head(fields, rows, columns)
    places = {
        place: (row, column)
        for row, line in enumerate(whole.places)
        for column, place in enumerate(line)
    }
    return _sheet(canvas, entries, places, enlarged, grid)


def _sheet(
    canvas: SheetCanvas,
    entries: Sequence[GalleryEntry],
    places: Mapping[int, tuple[int, int]],
    enlarged: float,
    grid: Grid | None = None,
) -> ContactSheet:
    # Each picture is read, made small and let go before another one takes its place.
    read = side_by_side(
        lambda number: _piece(entries[number], canvas.layout.cell, enlarged),
        places,
        decoded_at_once(each.size for each in entries if isinstance(each, BananaImage)),
    )
    pieces = dict(zip(places, read, strict=True))
    for number, cell in places.items():
        piece = pieces[number]
        if isinstance(piece, str):
            canvas.explain(piece, *cell)
        else:
            canvas.mount(fitted(piece, *canvas.layout.cell), *cell)
    if len(places) < len(entries):
        canvas.foot(f"The first {len(places)} of {len(entries)}.")
    return ContactSheet(canvas.marked(), len(places), pieces, grid)


def _written(text: str, place: str) -> str:
    """The text as the font can draw it, else its place: what stands there is in the alt text."""
    drawn = drawable(text)
    return place if drawn is None and text else drawn or ""


def _piece(entry: GalleryEntry, cell: tuple[int, int], enlarged: float) -> "Image.Image | str":
    """A small copy for a cell, or why there is none."""
    if isinstance(entry, Failure):
        return reason_of(entry)
    scale = min(cell[0] / entry.width, cell[1] / entry.height) * enlarged
    try:
        return small_picture(entry.preview(max(1, round(max(entry.size) * scale)))[1])
    except (OSError, BananaError) as error:
        # Its file is gone or damaged; the others are shown all the same.
        return str(error)


def ratio_of(entries: Iterable[GalleryEntry | None], requests: Iterable[ImageRequest]) -> float:
    """Width to height of a place of these: by the pictures there are, else by what was asked."""
    images = [each.size for each in entries if isinstance(each, BananaImage)]
    asked = [SIZES.get(each.aspect_ratio or "", (1, 1)) for each in requests]
    return cell_ratio(images or asked)
