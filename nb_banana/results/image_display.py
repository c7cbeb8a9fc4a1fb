"""How a picture shows itself: caption, lines, figure, MIME bundle."""

import base64
import os
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from nb_banana._catalogue import AIMLAPI, short_in
from nb_banana._text import as_html, clean, dollars, one_line, plain
from nb_banana.display.html import FADE_IN, FADING
from nb_banana.display.output import is_rich
from nb_banana.errors import BananaError
from nb_banana.imaging.formats import read_header
from nb_banana.request import ImageRequest
from nb_banana.results.alt_text import spoken
from nb_banana.services.receipt import Receipt
from nb_banana.settings import is_stable, settings_of

Bundle = dict[str, Any]
FITTING = ' style="max-width:100%;height:auto"'
WHOLE = ' style="max-width:none"'
"""Else a table takes from its pictures the room for its words."""
LONGEST_LINE = 1000  # characters of a line under a picture


class ShownImage(Protocol):
    """What of a `BananaImage` is shown: so that it may stand above what shows it."""

    name: str | None
    width: int
    height: int
    request: ImageRequest
    receipt: Receipt
    came: str
    notes: tuple[str, ...]

    @property
    def alt(self) -> str: ...
    @property
    def _origin(self) -> str: ...
    @property
    def mismatch(self) -> str | None: ...
    @property
    def extras(self) -> Sequence["ShownImage"]: ...
    @property
    def parents(self) -> Sequence["ShownImage"]: ...
    @property
    def digest(self) -> str: ...
    def preview(self, longest: int) -> tuple[str, bytes]: ...
    def __fspath__(self) -> str: ...


NOT_KEPT = "Not kept in the library."  # how the note of a picture begins that only this kernel has
PLACE_NOTES = (NOT_KEPT, "Kept in ", "What you draw is kept in ", "There is no library in ")
"""How notes begin that are about a place of this machine: those of a stand-in and of libraries that
are only read are among them."""


def is_unkept(image: ShownImage) -> bool:
    """Whether a picture was made, and could not be put into the library."""
    return any(note.startswith(NOT_KEPT) for note in image.notes)


def image_caption(image: ShownImage) -> str:
    """The one line under a picture: size, model, time, price, name."""
    parts = [
        origin_of(image),
        f"{image.width}×{image.height}",
        short_in(image.request.catalogue, image.request.model),
        other_service(image),
        *(() if is_stable(image) else _story(image)),
        image.mismatch or "",
        f"{len(image.extras)} more in .extras" if image.extras else "",
        "not kept" if is_unkept(image) else "",
        image.name or "",
    ]
    return clean(" · ".join(filter(None, parts)), LONGEST_LINE)


def other_service(image: ShownImage) -> str:
    """Who drew it, where that is not the service that everybody has."""
    name = image.request.catalogue.service
    return "" if name == AIMLAPI.service else name


def origin_of(image: ShownImage) -> str:
    """What a caption says of who drew it: always of the sandbox, of a model where it is wished."""
    if image.receipt.sandbox:
        return "SANDBOX, no AI model"
    return "AI generated" if settings_of(image).disclose else ""


def _story(image: ShownImage) -> tuple[str, ...]:
    made = f"made {image.receipt.created.astimezone():%Y-%m-%d}"
    if image.came == "reused":
        return f"from {image._origin}", "$0", made
    usd = image.receipt.usd
    cost = dollars(usd) + (" play money" if image.receipt.sandbox and usd else "")
    if image.came == "loaded":
        return (made, cost) if usd is not None else (made,)
    return f"{image.receipt.seconds:.1f} s", cost


def image_lines(image: ShownImage) -> tuple[str, ...]:
    """All that stands under a picture: the caption, what "image 1" is, and the notes."""
    labels = enumerate((each.label for each in image.request.references), 1)
    mapping = ", ".join(f"image {number} = {label}" for number, label in labels)
    local = PLACE_NOTES if is_stable(image) else ()
    notes = (note for note in image.notes if not note.startswith(local))
    said = (clean(each, LONGEST_LINE) for each in (mapping, *notes))
    return tuple(filter(None, (image_caption(image), *said)))


def image_bundle(image: ShownImage, include: Any, exclude: Any) -> Bundle | tuple[Bundle, Bundle]:
    """What IPython shows: HTML, the preview and text, or text alone in a terminal."""
    try:
        if not is_rich():
            first, *others = image_lines(image)
            first = first if is_stable(image) else f"{first} · {os.fspath(image)}"
            return {"text/plain": plain("\n".join([first, *others]))}
        longest = settings_of(image).preview
        mime, data = image.preview(longest)
    except (OSError, BananaError) as error:
        # Pixels that can't be decoded, or no file any more: what is known is shown anyway.
        return {"text/plain": plain(f"{image_caption(image)} · it can't be shown: {error}")}
    encoded = base64.b64encode(data).decode()
    # A stable one is as an earlier version made it: it is compared with what was saved then.
    is_new = image.came == "made" and not is_stable(image)
    style = FITTING if not is_new else FITTING.replace('="', f'="{FADING};')
    style = style if is_stable(image) else _sized(data, longest, style)
    shown = {
        "text/html": f"{FADE_IN if is_new else ''}{figure(image, mime, encoded, style)}",
        mime: encoded,
        "text/plain": plain(spoken(image.alt, f"{drawn_by(image)}, {image.width}×{image.height}")),
    }
    _note_shown([image])
    facts: Bundle = {"request": image.receipt.client_request_id}
    if is_stable(image):
        facts["receipt"] = _untold(image)
    return _with_metadata(shown, facts, one_line(image.alt), include, exclude)


def drawn_by(image: ShownImage) -> str:
    """Who drew it, in words to be read aloud."""
    return "sandbox picture, no AI model" if image.receipt.sandbox else "AI-generated picture"


def spoken_of_several(alt: str, images: Iterable[ShownImage]) -> str:
    """What is shown of several pictures as a sentence that can be read aloud."""
    kinds = dict.fromkeys(drawn_by(each).replace("picture", "pictures") for each in images)
    return plain(spoken(alt, " and ".join(kinds)) if kinds else f"{one_line(alt).rstrip('. ')}.")


def several_bundle(
    shown: Bundle, images: Iterable[ShownImage], alt: str, include: Any, exclude: Any
) -> tuple[Bundle, Bundle]:
    """What is asked of a MIME bundle that shows several pictures of ours, and its metadata."""
    images = list(images)
    _note_shown(images)
    return _with_metadata(shown, facts_of(images), alt, include, exclude)


def facts_of(images: Iterable[ShownImage]) -> Bundle:
    """What is noted of several pictures in the metadata of the output that shows them."""
    found = {image.receipt.client_request_id: image for image in images}
    facts: Bundle = {"requests": list(found)}
    if told := [_untold(image) for image in found.values() if is_stable(image)]:
        facts["receipts"] = told
    return facts


def _untold(image: ShownImage) -> Bundle:
    """What a stable caption leaves out, as metadata: the same again when it is shown again."""
    receipt = image.receipt
    facts: Bundle = {
        "made": receipt.created.isoformat(timespec="microseconds"),
        "seconds": round(receipt.seconds, 3),
        "service": receipt.service,
        "usd": None if receipt.usd is None else str(receipt.usd),
    }
    notes = [note for note in image.notes if note.startswith(PLACE_NOTES)]
    facts |= {"about": True} if receipt.is_about else {}
    return facts | ({"notes": notes} if notes else {})


def _note_shown(images: Iterable[ShownImage]) -> None:
    """Of these the outputs say by themselves that the cell needs them."""
    for each in images:
        if (client := getattr(each, "_client", None)) is not None:
            client.context.cell_notes.drop([each.receipt.client_request_id])


def _with_metadata(
    shown: Bundle, facts: Bundle, alt: str, include: Any, exclude: Any
) -> tuple[Bundle, Bundle]:
    # `nb_banana.pack` reads in the facts of a saved notebook which pictures it shows.
    wanted = chosen(shown, include, exclude)
    alts = {kind: {"alt": alt} for kind in wanted if kind.startswith("image/")}
    return wanted, {"nb_banana": facts, **alts}


def chosen(shown: Bundle, include: Any, exclude: Any) -> Bundle:
    """What IPython asks for of a MIME bundle."""
    return {
        kind: value
        for kind, value in shown.items()
        if (not include or kind in include) and kind not in (exclude or ())
    }


def figure(image: ShownImage, mime: str, encoded: str, style: str = FITTING) -> str:
    """The picture with its caption as HTML."""
    return framed(img(mime, encoded, image.alt, style), image_lines(image))


def _sized(data: bytes, longest: int, style: str = FITTING) -> str:
    """The size of a small copy, so that its place is kept, and its style."""
    kind = read_header(data)
    if kind is None:
        return style
    scale = min(1, longest / max(kind[1:]))  # where nothing could make it small, the browser does
    width, height = (max(1, round(side * scale)) for side in kind[1:])
    return f' width="{width}" height="{height}"{style}'


def framed(shown: str, lines: Iterable[str]) -> str:
    """A figure: HTML, and the lines under it."""
    return (
        f'<figure class="nb-banana" style="margin:0">{shown}'
        '<figcaption style="font-size:90%;opacity:.75">'
        f"{'<br>'.join(map(as_html, lines))}</figcaption></figure>"
    )


def img(mime: str, encoded: str, alt: str, style: str = "") -> str:
    """A picture in HTML."""
    return f'<img src="data:{mime};base64,{encoded}" alt="{as_html(one_line(alt))}"{style}>'


def thumbnail(image: ShownImage, longest: int, style: str = WHOLE) -> str:
    """A small copy of so many pixels as HTML, one of several; where there is none, why."""
    try:
        mime, data = image.preview(longest)
    except (OSError, BananaError) as error:
        # Its file is gone or damaged; the others are shown all the same.
        return f"<small>it can't be shown: {as_html(str(error))}</small>"
    return img(mime, base64.b64encode(data).decode(), image.alt, _sized(data, longest, style))
