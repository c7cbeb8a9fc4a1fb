"""`Gallery`: many pictures as one value: a sequence that shows itself, is saved and is sifted."""

import os
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from nb_banana import _default
from nb_banana._catalogue import id_in
from nb_banana._hints import Hinted, hinted, out_of_range
from nb_banana._text import did_you_mean, in_dollars, plain, shown
from nb_banana.display.output import display, shell
from nb_banana.errors import LabelError, RequestError
from nb_banana.models import WRITTEN
from nb_banana.request import ImageRequest, is_on, whole_number
from nb_banana.results import contact_sheet, export, gallery_display
from nb_banana.results.failure import Failure, GalleryEntry
from nb_banana.results.gallery_display import batch_cost
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import is_unkept
from nb_banana.results.variants import Variant, is_equal

if TYPE_CHECKING:
    from PIL import Image

REQUEST_COLUMNS = ("prompt", *(each.name for each in WRITTEN if not each.is_repeatable))
"""What of a request can be asked for where it was not varied."""
MOST_NAMED = 8  # how many places, or labels, a message has


class Gallery(_default.HasClient, Hinted, Sequence[GalleryEntry]):
    """Pictures that were asked for together, in the order in which they were asked for.

    One that was not made is a `Failure` in its place. It works as a list does: index, slice, loop,
    ``+``; and wherever several pictures are taken, e.g. ``images=gallery``. Where the prompts came
    from a table, ``gallery["P03"]`` is the picture that its index calls so. A whole number always
    is a place, as in a list: a label that is one is found with ``gallery.where(label=1003)``.

    Args:
        entries: the pictures and failures.
        variants: what was varied, one mapping for each, e.g. ``{"style": "oil", "take": 2}``.
        index: what a table called each prompt, one label for each.
        name: the notebook's variable, for the caption.
        folder: where it was to be saved, which holds for `retry` too.

    Raises:
        ValueError: another number of variants or labels than of entries.
    """

    name: str | None
    _entries: tuple[GalleryEntry, ...]
    _variants: tuple[Variant, ...]
    _index: tuple[Any, ...] | None
    _folder: str | os.PathLike[str] | None

    def __init__(
        self,
        entries: Iterable[GalleryEntry],
        variants: Iterable[Variant] | None = None,
        *,
        index: Iterable[Any] | None = None,
        name: str | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self._entries = tuple(entries)
        self._variants = tuple(
            ({} for _ in self._entries) if variants is None else map(dict, variants)
        )
        self._index = None if index is None else tuple(index)
        self.name = name
        self._folder = folder
        for each in (self._variants, self._index):
            if each is not None and len(each) != len(self._entries):
                raise ValueError(f"{len(self._entries)} entries can't have {len(each)} labels.")

    @property
    def images(self) -> tuple[BananaImage, ...]:
        """The pictures alone, without the failures."""
        return tuple(each for each in self._entries if not isinstance(each, Failure))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What was not made, and why."""
        return tuple(each for each in self._entries if isinstance(each, Failure))

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What was varied, one mapping for each entry."""
        return self._variants

    @property
    def labels(self) -> tuple[Any, ...] | None:
        """What a table called each prompt (its index); None where they did not come from one."""
        return self._index

    @property
    def cost(self) -> Decimal:
        """What making them cost in US dollars; one that was in the library already cost nothing.

        A request that is there several times (equal prompts, further pictures of one answer) was
        paid once. Failures that were charged count, also those that `retry` has tried again since;
        play money does where all of it is that.
        """
        bill = batch_cost(self)
        return in_dollars(bill.real or bill.play)

    @overload
    def __getitem__(self, index: int) -> GalleryEntry: ...
    @overload
    def __getitem__(self, index: slice) -> "Gallery": ...
    @overload
    def __getitem__(self, index: Hashable) -> GalleryEntry: ...
    def __getitem__(self, index: Any) -> "GalleryEntry | Gallery":
        if isinstance(index, slice):
            return self._some(range(len(self))[index])
        place: int = index if hasattr(index, "__index__") else self._place(index)
        try:
            return self._entries[place]
        except IndexError:
            raise out_of_range(place, len(self)) from None

    def _place(self, label: Any) -> int:
        """Where the only entry with this label is."""
        places = [place for place, each in enumerate(self._index or ()) if is_equal(each, label)]
        if len(places) == 1:
            return places[0]
        if places:
            numbers = ", ".join(f"[{place}]" for place in places[:MOST_NAMED])
            raise LabelError(
                f"{len(places)} pictures are labelled {shown(label)}. Take one by its place "
                f"({numbers}), or all of them with gallery.where(label={shown(label)})."
            )
        if self._index is None:
            raise LabelError(
                f"There is no picture {shown(label)}: these have no labels, which come from a "
                "table's index. Take them by their places, from [0] on."
            )
        known = [*dict.fromkeys(map(str, self._index))]
        more = ", …" if len(known) > MOST_NAMED else ""
        raise LabelError(
            f"No picture is labelled {shown(label)}. There are {', '.join(known[:MOST_NAMED])}"
            f"{more}.{did_you_mean(label, known)}"
        )

    def __len__(self) -> int:
        return len(self._entries)

    def __add__(self, other: "Gallery") -> "Gallery":
        if not isinstance(other, Gallery):
            return NotImplemented
        index = None if self._index is None or other._index is None else self._index + other._index
        both = Gallery(
            self._entries + other._entries, self._variants + other._variants, index=index
        )
        both._client = self._client or other._client
        return both

    def where(self, **values: Any) -> "Gallery":
        """The entries with these values, e.g. ``grid.where(style="oil", aspect_ratio="16:9")``.

        Args:
            **values: of what was varied, or of the request: ``model``, ``aspect_ratio`` …,
                ``service``; or ``label``, what a table called it.

        Raises:
            RequestError: nothing is called so; the message has what there is.
        """
        known = list(dict.fromkeys([*chain(*self._variants), *REQUEST_COLUMNS, "service"]))
        known += ["label"] if self._index is not None else []
        for name in values:
            if name not in known:
                raise RequestError(
                    f"There is no {shown(name)} in this gallery: there are {', '.join(known)}."
                    + did_you_mean(name, known)
                )
        return self._some(
            number
            for number in range(len(self))
            if all(self._has(number, name, value) for name, value in values.items())
        )

    def _has(self, number: int, name: str, value: Any) -> bool:
        asked: Any = object()  # it equals nothing
        request = self._entries[number].request
        if name in REQUEST_COLUMNS:
            asked = getattr(request, name)
        elif name == "service":
            asked = request.catalogue.service
        elif name == "label" and self._index is not None:
            asked = self._index[number]
        found = self._variants[number].get(name, asked)
        if name == "model":
            found, value = (_model_of(request, each) for each in (found, value))
        return is_equal(found, value)

    def _some(self, places: Iterable[int]) -> "Gallery":
        chosen = list(places)
        some = Gallery(
            [self._entries[each] for each in chosen],
            [self._variants[each] for each in chosen],
            index=None if self._index is None else [self._index[each] for each in chosen],
        )
        some._client = self._client
        return some

    @hinted
    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the pictures into a folder, which is made; a line says where some are missing.

        Their names sort as the gallery does, are counted from 1 and say what a table called them
        and what was varied, e.g. ``03-P03.png`` or ``03-16x9-oil.png``; else the prompt, and of
        prompts that begin alike the words in which they differ. A file that has the same picture
        already, by the same number, stays as it is.

        Returns:
            The files.

        Raises:
            SaveError: a file has another picture (then nothing was written), or the folder can't
                be written to.
        """
        return export.save_folder(self._entries, self._variants, self._index, folder)

    @hinted
    def to_frame(self) -> Any:
        """A pandas data frame, one row each: what varied, the request, size, price, file, error.

        ``usd`` is what it added to the bill now, in US dollars as floats that can be summed and
        drawn; the sum is `cost`, which is exact. It is 0.0 where the picture was made on another
        day (``came`` is ``reused`` or ``loaded``), for an equal prompt above, and for a failure
        that was not charged; one that was has its charge, and ``NaN`` is a price that nobody said.
        Where ``sandbox`` is true it is play money.

        Raises:
            BananaError: pandas is not there.
        """
        return export.to_frame(self._entries, self._variants, self._index)

    @hinted
    def thumbnails(self, frame: Any = None, *, longest: int = 96) -> Any:
        """A pandas table in which the pictures are seen: a Styler, for a notebook or a page.

        ``frame.assign(picture=gallery)`` has the pictures themselves in a column, and pandas shows
        their names. This shows them: ``gallery.thumbnails(frame)``.

        Args:
            frame: a data frame, else `to_frame`. Where it has no column of pictures, one is added
                before the others, by the labels of its index where the gallery has them, else in
                order.
            longest: pixels of the longer side.

        Raises:
            RequestError: another number of rows than of pictures.
            BananaError: pandas is not there.
        """
        longest = whole_number("longest", longest)
        table = self.to_frame() if frame is None else frame
        return export.thumbnails(table, self._entries, self._index, longest)

    @hinted
    def retry(self, *, again: bool = False) -> "Gallery":
        """A new gallery, in which the failed ones are tried once more in their places.

        What was wanted at first (``strict``, ``save``) holds again. Where nothing is sent, it says
        why.

        Args:
            again: also those that were charged, or may have been, and gave no picture. They may
                be charged a second time.

        Raises:
            BananaError: see `nb_banana.errors`.
        """
        tried: Gallery = _default.client_of(self).retry(self, again=is_on("again", again))
        return tried

    @hinted
    def contact_sheet(self, columns: int | None = None, labels: bool = True) -> "Image.Image":
        """One picture (RGB) of all, at most the first 100, for slides and for exports without HTML.

        Saved as PNG, JPEG, WebP or TIFF it says how its pictures were made (XMP).

        Args:
            columns: how many; else what fits.
            labels: whether to write what each is.

        Raises:
            RequestError: there is nothing to draw, or ``columns`` is no number from 1.
        """
        if columns is not None:
            columns = whole_number("columns", columns)
        if not self:
            raise RequestError("The gallery is empty: there is nothing to draw a sheet of.")
        return contact_sheet.draw_sheet(
            self, self._variants, columns=columns, labels=is_on("labels", labels)
        ).picture

    def show(self) -> None:
        """Show its tiles under the cell in a notebook, the contact sheet in a window elsewhere."""
        if shell() is None:
            self.contact_sheet().show()
            return
        display(self)

    def __repr__(self) -> str:
        label = f"{self.name} " if self.name else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        unkept = sum(map(is_unkept, self.images))
        lost = f", {unkept} not kept" if unkept else ""
        return plain(f"<Gallery {label}{gallery_display.counted(len(self.images))}{failed}{lost}>")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return gallery_display.gallery_bundle(self, include, exclude)


def _model_of(request: ImageRequest, name: Any) -> Any:
    """The id of a model, by any name that it has at who drew this."""
    try:
        return id_in(request.catalogue, name) if isinstance(name, str) else name
    except RequestError:  # it has no such model
        return name
