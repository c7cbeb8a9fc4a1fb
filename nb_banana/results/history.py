"""`History`: the pictures that were made, newest first, as a sequence that shows itself."""

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, overload

from nb_banana._catalogue import short_in
from nb_banana._hints import Hinted, hinted, out_of_range
from nb_banana._text import as_html, clean, dollars, plain
from nb_banana._threads import side_by_side
from nb_banana.display.html import Words, note, paragraph, styled, table
from nb_banana.imaging.decode import decoded_at_once
from nb_banana.models import WRITTEN
from nb_banana.results.export import MONEY_COLUMNS, frame_of, save_kept
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import other_service, thumbnail


class History(Hinted, Sequence[BananaImage]):
    """Pictures from the library: index, slice, loop, `save`, `to_frame`.

    Args:
        images: the pictures.
        whole: what there is, e.g. ``"184 pictures in your library"``.
        count: how many that are; more than the pictures where some are not listed.
        notes: what else is said, one sentence each.
    """

    _notes: tuple[str, ...] = ()  # a pickle of an earlier version has none of these
    _whole = _hint = ""

    def __init__(
        self, images: Sequence[BananaImage], whole: str, *, count: int, notes: Sequence[str] = ()
    ) -> None:
        self._images = list(images)
        self._whole, self._notes = whole, tuple(notes)
        listed = len(self._images)
        if listed < count:
            which = f"the newest {listed:,}" if listed else "none"
            self._title = f"{which} of {whole}"
            self._hint = f"limit=None lists all {count:,}." if listed else ""
        else:
            self._title = f"{whole}, the newest first" if listed > 1 else whole

    @overload
    def __getitem__(self, index: int) -> BananaImage: ...
    @overload
    def __getitem__(self, index: slice) -> "History": ...
    def __getitem__(self, index: int | slice) -> "BananaImage | History":
        if not isinstance(index, slice):
            try:
                return self._images[index]
            except IndexError:
                raise out_of_range(index, len(self)) from None
        part = copy(self)
        part._images = self._images[index]
        part._title = f"{len(part)} of {self._whole or self._title}"
        part._hint = ""
        return part

    def __len__(self) -> int:
        return len(self._images)

    @hinted
    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the pictures into a folder, which is made, by the names of the library's files.

        A name begins with the day and ends with what the picture is known by, so the same line can
        run again when there are more: what is there already stays.

        Returns:
            The files.

        Raises:
            SaveError: a file has another picture (then nothing was written), or the folder can't
                be written to.
        """
        return save_kept(self._images, folder)

    @hinted
    def to_frame(self) -> Any:
        """A pandas data frame, one row each (``pip install pandas``).

        ``usd`` is what each has cost, in US dollars as floats; ``NaN`` where nobody said. Where
        ``sandbox`` is true it is play money. ``service`` is who was asked.

        Raises:
            BananaError: pandas is not there.
        """
        return frame_of([_row(image) for image in self], _COLUMNS)

    def __repr__(self) -> str:
        wide = max(
            [8, *(len(dollars(image.receipt.usd)) for image in self if image.receipt.is_about)]
        )
        lines = (
            f"{number:3}  {image.id[:8]}  {_day(image)}  {image.width}×{image.height}  "
            f"{dollars(image.receipt.usd):>{wide}}  {clean(image.prompt, 60)}{_mark(image)}"
            for number, image in enumerate(self)
        )
        return plain("\n".join([self._above, *lines, *filter(None, [self._hint])]))

    def _repr_html_(self) -> str:
        if not self:
            return styled(note(self._above), kind="history")
        is_play = all(map(_play, self))
        above = f"{self._above.rstrip('.')}. The prices are play money." if is_play else self._above
        most = decoded_at_once(image.size for image in self)
        small = side_by_side(lambda image: thumbnail(image, longest=96), self, most)
        rows = [
            (
                f"<small>{number}</small>",
                small[number],
                Words(f"{clean(image.prompt, 200)}{_mark(image)}"),
                f"{image.width}×{image.height}",
                as_html(_drawer(image)),
                as_html(dollars(image.receipt.usd)) + ("" if is_play else _play(image)),
                _day(image),
                f"<code>{image.id[:8]}</code>",
            )
            for number, image in enumerate(self)
        ]
        shown = table(rows, COLUMNS, is_list=True)
        return styled(paragraph(above), shown, paragraph(self._hint), kind="history")

    @property
    def _above(self) -> str:
        return ". ".join([self._title, *([" ".join(self._notes)] if self._notes else [])])


def is_shared(image: BananaImage) -> bool:
    """Whether a picture is in a library that is only read."""
    return image._library is not None and image._library.is_shared


def _mark(image: BananaImage) -> str:
    return f" (in {image._origin})" if is_shared(image) else ""


COLUMNS = ("#", "picture", "prompt", "size", "model", "cost", "made", "id")  # as HTML
_ASKED = ("prompt", *(each.name for each in WRITTEN if each.is_column))
_COLUMNS = ("id", *_ASKED, "width", "height", *MONEY_COLUMNS, "made", "path", "service")


def _row(image: BananaImage) -> dict[str, Any]:
    request, receipt = image.request, image.receipt
    return {
        "id": image.id,
        **{name: getattr(request, name) for name in _ASKED},
        "width": image.width,
        "height": image.height,
        "usd": receipt.usd,
        "sandbox": receipt.sandbox,
        "made": receipt.created,
        "path": str(image.path) if image.path else None,
        "service": request.catalogue.service,
    }


def _drawer(image: BananaImage) -> str:
    """The model, and the service where it is not the one that everybody has."""
    short = short_in(image.request.catalogue, image.request.model)
    return " · ".join(filter(None, (short, other_service(image))))


def _play(image: BananaImage) -> str:
    is_play = image.receipt.sandbox and image.receipt.usd
    return " <small>play money</small>" if is_play else ""


def _day(image: BananaImage) -> str:
    return f"{image.receipt.created.astimezone():%Y-%m-%d %H:%M}"
