"""How a gallery shows itself: caption, lines, figure, MIME bundle; and what all of it cost."""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol

from nb_banana._text import as_html, clean, dollars, plain, shorten
from nb_banana.display.html import styled
from nb_banana.display.output import is_rich
from nb_banana.errors import PictureError, PillowMissingError, UncertainError
from nb_banana.imaging.sheet import sheet_jpeg
from nb_banana.results import contact_sheet
from nb_banana.results.failure import Failure, GalleryEntry, reason_of, said_by
from nb_banana.results.gallery_tiles import (
    ENLARGED,
    Shown,
    TilePicture,
    Tiles,
    pictures_within,
    preview_of,
)
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import (
    LONGEST_LINE,
    image_lines,
    is_unkept,
    origin_of,
    several_bundle,
    spoken_of_several,
)
from nb_banana.results.variants import Grid, Variant, labels_of
from nb_banana.settings import is_stable


class ShownGallery(Collection[GalleryEntry], Protocol):
    """What of a `Gallery` is shown: so that it may stand above what shows it."""

    name: str | None

    @property
    def images(self) -> tuple[BananaImage, ...]: ...
    @property
    def failures(self) -> tuple[Failure, ...]: ...
    @property
    def variants(self) -> tuple[Variant, ...]: ...


NOTHING = Decimal(0)


@dataclass(frozen=True)
class BatchCost:
    """The bill of a run."""

    real: Decimal = NOTHING  # US dollars
    play: Decimal = NOTHING  # the sandbox's play money
    unknown: int = 0  # requests that were, or may have been, charged an amount that nobody said

    def __str__(self) -> str:
        if self.unknown and not self.real and not self.play:
            return "price not said"
        amounts = [
            dollars(self.real) if self.real or not self.play else "",
            f"{dollars(self.play)} play money" if self.play else "",
            f"the price of {self.unknown} not said" if self.unknown else "",
        ]
        return " · ".join(filter(None, amounts))


@dataclass(frozen=True)
class EntryCost:
    """What one place of a gallery says of its bill."""

    request: object  # that was billed; several places may show pictures of one
    usd: Decimal | None  # what it cost in this run; None where nobody said
    is_play: bool = False
    is_new: bool = True  # paid in this run; what was paid on another day costs nothing


def entry_cost(entry: GalleryEntry, sandbox: bool = False) -> EntryCost:
    """What an entry says of its bill; `sandbox` where a failure does not say who was asked."""
    if not isinstance(entry, Failure):
        is_new = entry.came == "made"
        usd = entry.cost if is_new else NOTHING
        return EntryCost(entry.receipt.client_request_id, usd, entry.sandbox, is_new)
    facts = entry.error.facts
    if facts.get("is_repeat"):
        return EntryCost(facts.get("client_request_id"), NOTHING, sandbox, is_new=False)
    if image := facts.get("image"):
        return entry_cost(image)
    request = facts.get("client_request_id") or id(entry)
    if receipt := facts.get("receipt"):
        return EntryCost(receipt.client_request_id, receipt.usd, receipt.sandbox)
    if charge := facts.get("charge"):
        usd = NOTHING if charge.state == "not charged" else charge.usd
        return EntryCost(request, usd, sandbox)
    may_be_charged = isinstance(entry.error, PictureError | UncertainError)
    may_be_charged |= facts.get("is_on_way", False)
    is_unknown = may_be_charged and not facts.get("not_charged")
    return EntryCost(request, None if is_unknown else NOTHING, sandbox)


def entry_costs(entries: Iterable[GalleryEntry]) -> list[list[EntryCost]]:
    """What each place adds to the bill, tries before the last included: all sums are made here."""
    # A request is paid once: where several places show what came of it, the first that was paid in
    # this run carries the cost, and the others cost nothing more.
    entries = list(entries)
    sandbox = any(each.sandbox for each in entries if not isinstance(each, Failure))
    billed: set[object] = set()
    found = []
    for entry in entries:
        costs = [*earlier_costs(entry), entry_cost(entry, sandbox)]
        found.append(
            [each if each.request not in billed else replace(each, usd=NOTHING) for each in costs]
        )
        billed.update(each.request for each in costs if each.is_new)
    return found


def earlier_costs(entry: GalleryEntry) -> list[EntryCost]:
    """What was paid in this place before it was tried again."""
    # A pickle of an earlier version has none.
    return [EntryCost(*each) for each in getattr(entry, "_earlier", ())]


def in_place_of(failed: GalleryEntry, entry: GalleryEntry) -> GalleryEntry:
    """What came of another try: it remembers what the failed one has cost."""
    cost = entry_cost(failed)
    was_on_way = isinstance(failed, Failure) and failed.error.facts.get("is_on_way")
    if was_on_way and isinstance(entry, BananaImage) and entry.came == "reused":
        cost = EntryCost(entry.receipt.client_request_id, entry.cost, entry.sandbox)
    paid = [each for each in (*earlier_costs(failed), cost) if each.is_new and each.usd != 0]
    # Plain values, for they go into pickles.
    entry._earlier = tuple((each.request, each.usd, each.is_play) for each in paid)
    return entry


def batch_cost(entries: Iterable[GalleryEntry]) -> BatchCost:
    """The bill of these pictures and failures."""
    real, play, unknown = NOTHING, NOTHING, 0
    for each in chain(*entry_costs(entries)):
        unknown += each.usd is None
        real += NOTHING if each.is_play else each.usd or NOTHING
        play += (each.usd or NOTHING) if each.is_play else NOTHING
    return BatchCost(real, play, unknown)


MOST_LINES = 5  # how many different sentences, or notes, are listed
LONGEST_ALT = 500
TILE = 480  # pixels of a picture where no contact sheet can be drawn


def gallery_caption(gallery: ShownGallery) -> str:
    """The one line under a gallery: how many, from where, what went wrong, price, name."""
    images, failures = gallery.images, gallery.failures
    drawn = [image for image in images if image.sandbox]
    mine = "SANDBOX, no AI model" if len(drawn) == len(images) else f"{len(drawn)} by the SANDBOX"
    told = sum(origin_of(image) == "AI generated" for image in images)
    old = sum(image.came != "made" for image in images)
    other = sum(image.mismatch is not None for image in images)
    unkept = sum(map(is_unkept, images))
    shown = min(len(gallery), contact_sheet.MOST_SHOWN)
    full = not is_stable(gallery)
    parts = [
        mine if drawn else "",
        ("AI generated" if told == len(images) else f"{told} AI generated") if told else "",
        counted(len(images)),
        f"{old} from your library" if old and full else "",
        f"{len(failures)} failed" if failures else "",
        f"{other} in another size than asked" if other else "",
        f"{unkept} not kept" if unkept else "",
        str(batch_cost(gallery)) if len(gallery) and full else "",
        f"the first {shown} are shown" if shown < len(gallery) else "",
        gallery.name or "",
    ]
    return clean(" · ".join(filter(None, parts)), LONGEST_LINE)


def counted(number: int) -> str:
    """A number of pictures in words, e.g. ``"no pictures"``."""
    return "1 picture" if number == 1 else f"{number or 'no'} pictures"


def gallery_bundle(gallery: ShownGallery, include: Any, exclude: Any) -> Any:
    """What IPython shows: HTML, the contact sheet and text, or text alone in a terminal."""
    if not is_rich() or not len(gallery):
        said = {"text/plain": plain("\n".join(gallery_text(gallery)))}
        return several_bundle(said, gallery.images, "", None, None)
    entries = list(gallery)
    tiles = Tiles.of([each.request for each in entries], gallery.variants, entries)
    try:
        sheet = contact_sheet.draw_sheet(entries, gallery.variants, enlarged=ENLARGED)
    except PillowMissingError:  # nothing makes the pictures small
        seen = {number: preview_of(each, TILE) for number, each in enumerate(entries)}
        words = spoken_of_several(alt_of(gallery, None), gallery.images)
        shown = {"text/html": _figure(gallery, tiles, seen), "text/plain": words}
        return several_bundle(shown, gallery.images, "", include, exclude)
    encoded = base64.b64encode(sheet_jpeg(sheet.picture)).decode()
    alt = alt_of(gallery, sheet.grid)
    # All of the HTML has at most as many bytes as the sheet, so that notebooks stay small.
    empty = TilePicture("", "", 0, 0)
    frames = {n: each if isinstance(each, str) else empty for n, each in sheet.pieces.items()}
    room = len(encoded) - len(_figure(gallery, tiles, frames))
    seen = pictures_within(sheet.pieces, room)
    shown = {
        "text/html": _figure(gallery, tiles, seen),
        "image/jpeg": encoded,
        "text/plain": spoken_of_several(alt, gallery.images),
    }
    return several_bundle(shown, gallery.images, alt, include, exclude)


def _figure(gallery: ShownGallery, tiles: Tiles, seen: Mapping[int, Shown]) -> str:
    below = "<br>".join(map(as_html, [gallery_caption(gallery), *remarks(gallery)]))
    inside = f"{tiles.html(list(gallery), seen)}<figcaption>{below}</figcaption>"
    shown = f'<figure class="nb-banana" style="margin:0">{inside}</figure>'
    return styled(shown, kind="gallery")


def gallery_text(gallery: ShownGallery) -> Iterable[str]:
    """A gallery in a terminal: the caption, and a line for each entry."""
    yield gallery_caption(gallery)
    labels = labels_of(gallery.variants, [entry.prompt for entry in gallery])
    for number, (entry, label) in enumerate(zip(gallery, labels, strict=True)):
        if isinstance(entry, Failure):
            said = f"failed: {said_by(entry)}"
        elif is_stable(entry):
            said = entry.caption
        else:
            said = f"{entry.caption} · {entry.path or 'not kept'}"
        yield f"[{number}] {clean(label, 60)} · {said}" if label else f"[{number}] {said}"
    yield from remarks(gallery, failures=False)


def script_lines(value: ShownGallery | BananaImage) -> list[str]:
    """What a script says of a picture or a gallery that came: what would stand below it."""
    if not isinstance(value, BananaImage):
        return [gallery_caption(value), *remarks(value)]
    first, *others = image_lines(value)
    return [f"{first} · {value.path}" if value.path else first, *others]


def remarks(gallery: ShownGallery, *, failures: bool = True) -> list[str]:
    """What else is to be said: why some failed, what "image 1" is, and the notes of pictures."""
    reasons: dict[str, list[int]] = {}
    notes: dict[str, list[int]] = {}
    for number, entry in enumerate(gallery):
        if not isinstance(entry, Failure):
            for note in image_lines(entry)[1:]:
                notes.setdefault(note, []).append(number)
        elif failures:
            reasons.setdefault(reason_of(entry), []).append(number)
    failed = [f"{_places(places)} failed: {why}" for why, places in reasons.items()]
    every = len(gallery.images)
    told = [
        note if len(places) == every else f"{_places(places)}: {note}"
        for note, places in notes.items()
    ]
    return [*_bounded(failed, "other reasons, see .failures"), *_bounded(told, "other notes")]


def _places(places: Sequence[int]) -> str:
    """Where in the gallery, e.g. ``"3 ([0], [4], [7])"``."""
    if len(places) == 1:
        return f"[{places[0]}]"
    more = ", …" if len(places) > MOST_LINES else ""
    return f"{len(places)} ({', '.join(f'[{each}]' for each in places[:MOST_LINES])}{more})"


def _bounded(said: list[str], others: str) -> list[str]:
    if len(said) <= MOST_LINES:
        return said
    return [*said[:MOST_LINES], f"and {len(said) - MOST_LINES} {others}"]


def alt_of(gallery: ShownGallery, grid: Grid | None) -> str:
    """The text that stands for a contact sheet where it can't be seen."""
    first = f"Contact sheet of {len(gallery)}"
    alts = list(dict.fromkeys(shorten(entry.alt, 100) for entry in gallery))
    if grid:
        down, across = grid.fields
        rows = f"rows: {down} {', '.join(grid.rows)}"
        columns = f"columns: {across} {', '.join(grid.columns)}"
        return shorten(f"{first}; {rows}; {columns}. {'; '.join(alts)}", LONGEST_ALT)
    labels = [each for each in labels_of(gallery.variants, [""] * len(gallery)) if each]
    said = f" ({', '.join(labels)})" if labels else ""
    return shorten(f"{first}{said}. {'; '.join(alts)}", LONGEST_ALT)
