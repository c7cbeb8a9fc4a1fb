"""A gallery as HTML: a tile for each picture, with words that can be read and selected.

A tile is there before its picture is: a batch that waits shows the same tiles, empty at first.
"""

import base64
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nb_banana._text import as_html, shorten
from nb_banana.display.html import LEFT
from nb_banana.errors import BananaError
from nb_banana.imaging.formats import read_header
from nb_banana.imaging.sheet import fitted, tile_bytes
from nb_banana.request import ImageRequest
from nb_banana.results.contact_sheet import MOST_SHOWN, ratio_of
from nb_banana.results.failure import Failure, GalleryEntry, reason_of
from nb_banana.results.image_display import FITTING, image_caption, is_unkept
from nb_banana.results.variants import Grid, Variant, grid_of, labels_of
from nb_banana.settings import is_stable

if TYPE_CHECKING:
    from PIL import Image

ENLARGED = 1.3  # a tile has more pixels than its place on the sheet, and in WebP no more bytes
WAYS = ((1.0, 75), (1.0, 40), (0.7, 30))  # scale and quality of tiles, till they have no more bytes
LONGEST_REASON, LONGEST_LABEL = 90, 60  # characters in a tile
WORDS = 15_000  # characters of all alt texts, and of all prompts
WIDEST, LARGE = 480, 280  # pixels that a picture is wide at most before it is enlarged: of several
HIGHEST = 624  # pixels that a tile's picture has, see `ENLARGED`
GRID_HEIGHT = 43  # em of a grid that are seen at once, but for its head
GAP = 12  # pixels between two
FEW, SOME = 12, 36  # tiles: of these many, and of more, each is smaller
ACROSS = (5, 7, 10)  # how many stand side by side at most, where there is room
LEAST = (11.0, 7.5, 7.5)  # em that each is wide at least


@dataclass(frozen=True)
class TilePicture:
    """A small picture, as a tile shows it."""

    mime: str
    encoded: str  # base64
    width: int
    height: int


Shown = TilePicture | str | None
"""What is seen in a tile: a picture, why there is none, or nothing yet."""


def preview_of(entry: GalleryEntry | None, longest: int) -> Shown:
    """What a tile shows of an entry whose picture was not read for a contact sheet."""
    if entry is None or isinstance(entry, Failure):
        return reason_of(entry) if entry is not None else None
    try:
        mime, data = entry.preview(longest)
    except (OSError, BananaError) as error:
        return str(error)  # its file is gone or damaged
    _, width, height = read_header(data) or ("", *entry.size)
    return TilePicture(mime, base64.b64encode(data).decode(), width, height)


def pictures_within(pieces: "Mapping[int, Image.Image | str]", room: int) -> dict[int, Shown]:
    """The pieces of a contact sheet as tiles show them: so many characters, where that can be."""
    found: dict[int, Shown] = {}
    for scale, quality in WAYS:  # the first will do, but for line art and noise
        found = {place: _picture(piece, scale, quality) for place, piece in pieces.items()}
        pictures = [each for each in found.values() if isinstance(each, TilePicture)]
        if sum(len(each.encoded) for each in pictures) <= room:
            break
    return found


def _picture(piece: "Image.Image | str", scale: float, quality: int) -> Shown:
    if isinstance(piece, str):
        return piece
    size = [math.ceil(side * scale) for side in piece.size]
    small = piece if scale == 1 else fitted(piece, *size)
    mime, data = tile_bytes(small, quality)
    return TilePicture(mime, base64.b64encode(data).decode(), *small.size)


@dataclass(frozen=True)
class Tiles:
    """Where the tiles of a gallery stand and what they are called: known before any picture is."""

    count: int  # of those that are shown
    ratio: float  # width to height of each place
    labels: Sequence[str]
    grid: Grid | None  # rows and columns, where these have names

    @classmethod
    def of(
        cls,
        requests: Sequence[ImageRequest],
        variants: Sequence[Variant],
        entries: Iterable[GalleryEntry | None] = (),
    ) -> "Tiles":
        """Those for what is asked, in the ratio of the pictures that are there."""
        grid = grid_of(variants)
        if grid and len(grid.columns) > MOST_SHOWN:
            grid = None
        grid = grid and grid.first(MOST_SHOWN)
        prompts = [each.prompt for each in requests[:MOST_SHOWN]]
        named = labels_of(variants[:MOST_SHOWN], prompts)
        labels = [
            name or shorten(prompt, LONGEST_LABEL)
            for name, prompt in zip(named, prompts, strict=True)
        ]
        count = len(grid.rows) * len(grid.columns) if grid else len(labels)
        return cls(count, ratio_of(entries, requests[:MOST_SHOWN]), labels, grid)

    def html(self, entries: Sequence[GalleryEntry | None], shown: Mapping[int, Shown]) -> str:
        """All of them; an empty frame stands where there is no entry, or nothing is shown of it."""
        several = len({each.size for each in entries if each}) > 1

        def tile(number: int) -> str:
            return self.tile(number, entries[number], shown.get(number), has_size=several)

        if self.grid:
            return self._table(self.grid, tile)
        inside = "".join(map(tile, range(self.count)))
        return f'<div class="nbb-tiles" style="{self._columns()}">{inside}</div>'

    def tile(
        self, number: int, entry: GalleryEntry | None, shown: Shown, *, has_size: bool = False
    ) -> str:
        """One of them, with its size in words where the others may have another."""
        label = "" if self.grid else self.labels[number]
        facts = [f"[{number}]"]
        if entry is not None and not isinstance(entry, Failure):
            facts += [] if is_stable(entry) else [entry.id[:8]]
            facts += [f"{entry.width}×{entry.height}"] if has_size else []
            facts += ["not kept"] if is_unkept(entry) else []
        if isinstance(shown, TilePicture) and entry is not None:
            inside = self._picture(entry, shown)
        else:
            why = (
                f"<b>No picture.</b> {as_html(shorten(str(shown), LONGEST_REASON))}"
                if shown
                else ""
            )
            inside = f'<div class="nbb-frame{"" if why else " nbb-empty"}">{why}</div>'
        name = f"<b>{as_html(label)}</b><br>" if label else ""
        return (
            f'<figure class="nbb-tile" style="margin:0;text-align:left">{inside}'
            f"<figcaption>{name}{as_html(' · '.join(facts))}</figcaption></figure>"
        )

    def _picture(self, entry: GalleryEntry, shown: TilePicture) -> str:
        """A picture that a click enlarges, with what is to be said of it then."""
        room = max(100, WORDS // self.count)
        width = min(shown.width, WIDEST)
        height = round(shown.height * width / max(1, shown.width))
        alt = as_html(shorten(entry.alt, min(room, 1000)) or "A picture")
        prompt = as_html(shorten(entry.prompt, min(room, 300)))
        return (
            f'<details><summary><img src="data:{shown.mime};base64,{shown.encoded}" alt="{alt}" '
            f'width="{width}" height="{height}"{FITTING}></summary>'
            f"<small>{prompt}<br>{as_html(image_caption(entry))}</small></details>"
        )

    def _columns(self) -> str:
        """How many stand side by side: as many as fit, and rows that are about equally long."""
        narrow = min(max(self.ratio, 0.7), 1.25)
        size = 0 if self.count <= FEW else 1 if self.count <= SOME else 2
        rows = math.ceil(self.count / math.floor(ACROSS[size] / narrow))
        across = math.ceil(self.count / rows)
        even = f"(100% - {GAP * (across - 1)}px)/{across}"
        width = f"max(min({LEAST[size] * narrow:.4g}em,100%),calc({even}))"
        wide = min(WIDEST, HIGHEST * self.ratio) if self.count <= 3 else LARGE
        most = round(across * wide)
        return (
            f"display:grid;gap:16px {GAP}px;grid-auto-flow:row dense;max-width:{most}px;"
            f"grid-template-columns:repeat(auto-fill,minmax({width},1fr));--r:{self.ratio:.4g}"
        )

    def _table(self, grid: Grid, tile: Callable[[int], str]) -> str:
        """Rows and columns, with their names at their heads, which stay in view."""
        down, across = map(as_html, grid.fields)
        corner = f"{down}&nbsp;↓<br>{across}&nbsp;→".replace("_", "_<wbr>")
        heads = "".join(_head("col", name) for name in (corner, *map(as_html, grid.columns)))
        rows = "".join(
            f"<tr>{_head('row', as_html(name))}"
            f"{''.join(f'<td>{tile(place)}</td>' for place in places)}</tr>"
            for name, places in zip(grid.rows, grid.places, strict=True)
        )
        # Three rows, with what stands above and below them, are seen without scrolling.
        high = min(max(GRID_HEIGHT / len(grid.rows) - 3, 10.5), 16.5)
        most = high * min(max(self.ratio, 0.6), 1.5)
        left = "clamp(7.8em,15cqi,9em)"  # for the names of rows
        width = f"clamp(7.5em,(100cqi - {left})/{len(grid.columns)} - 1em,{most:.4g}em)"
        return (
            f'<div class="nbb-grid" tabindex="0" role="group" aria-label="{down}, {across}" '
            f'style="overflow:auto;--r:{self.ratio:.4g};--h:{left};--w:{width}">'
            f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        )


class FillingTiles:
    """The tiles of a gallery whose pictures come one by one. Each is made small once."""

    def __init__(self) -> None:
        self._tiles: Tiles | None = None
        self._asked = 0
        self._shown: dict[int, Shown] = {}

    def html(
        self,
        requests: Sequence[ImageRequest],
        variants: Sequence[Variant],
        entries: Sequence[GalleryEntry | None],
    ) -> str:
        """What is there by now, in the places where the gallery will have it."""
        if self._tiles is None or len(requests) != self._asked:  # an iterator has more by and by
            self._tiles, self._asked = Tiles.of(requests, variants), len(requests)
        longest = round(min(max(128.0, 960 / math.sqrt(max(1, self._tiles.count))), WIDEST))
        for number, entry in enumerate(entries):
            if entry is not None and number not in self._shown:
                self._shown[number] = preview_of(entry, longest)
        return self._tiles.html(entries, self._shown)


def _head(scope: str, name: str) -> str:
    return f'<th scope="{scope}"{LEFT}>{name}</th>'
