"""How a picture shows itself: the caption, the lines under it, the figure, the MIME bundle."""

import base64
import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from nb_banana._text import as_html, clean, dollars, one_line, plain
from nb_banana.display.output import is_rich
from nb_banana.errors import BananaError
from nb_banana.models import short_name
from nb_banana.request import ImageRequest
from nb_banana.services.receipt import Receipt
from nb_banana.settings import settings_of

Bundle = dict[str, Any]

LONGEST_LINE = 1000
"""Characters of a line under a picture."""


class ShownImage(Protocol):
    """What of a `BananaImage` is shown: so that it may stand above what shows it."""

    @property
    def name(self) -> str | None: ...
    @property
    def alt(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def request(self) -> ImageRequest: ...
    @property
    def receipt(self) -> Receipt: ...
    @property
    def came(self) -> str: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def sandbox(self) -> bool: ...
    @property
    def mismatch(self) -> str | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def extras(self) -> Sequence["ShownImage"]: ...
    @property
    def parents(self) -> Sequence["ShownImage"]: ...
    @property
    def digest(self) -> str: ...
    def preview(self, longest: int) -> tuple[str, bytes]: ...
    def __fspath__(self) -> str: ...


NOT_KEPT = "Not kept in the library."
"""How the note of a picture begins that only this kernel has."""


def is_unkept(image: ShownImage) -> bool:
    """Whether a picture was made, and could not be put into the library."""
    return any(note.startswith(NOT_KEPT) for note in image.notes)


def image_caption(image: ShownImage) -> str:
    """The one line under a picture: size, model, time, price, name."""
    parts = [
        "SANDBOX, no AI model" if image.sandbox else "",
        f"{image.width}×{image.height}",
        short_name(image.request.model),
        *_story(image),
        image.mismatch or "",
        f"{len(image.extras)} more in .extras" if image.extras else "",
        "not kept" if is_unkept(image) else "",
        image.name or "",
    ]
    return clean(" · ".join(filter(None, parts)), LONGEST_LINE)


def _story(image: ShownImage) -> tuple[str, ...]:
    made = f"made {image.receipt.created.astimezone():%Y-%m-%d}"
    if image.came == "reused":
        return "from your library", "$0", made
    cost = dollars(image.cost) + (" play money" if image.sandbox and image.cost else "")
    if image.came == "loaded":
        return (made, cost) if image.cost is not None else (made,)
    return f"{image.receipt.seconds:.1f} s", cost


def image_lines(image: ShownImage) -> tuple[str, ...]:
    """All that stands under a picture: the caption, what "image 1" is, and the notes."""
    labels = enumerate((each.label for each in image.request.references), 1)
    mapping = ", ".join(f"image {number} = {label}" for number, label in labels)
    said = (clean(each, LONGEST_LINE) for each in (mapping, *image.notes))
    return tuple(filter(None, (image_caption(image), *said)))


def image_bundle(
    image: ShownImage, include: Any = None, exclude: Any = None
) -> Bundle | tuple[Bundle, Bundle]:
    """What IPython shows: HTML, the preview and text, or text alone in a terminal."""
    try:
        if not is_rich():
            first, *others = image_lines(image)
            return {"text/plain": plain("\n".join([f"{first} · {os.fspath(image)}", *others]))}
        mime, data = image.preview(settings_of(image).preview)
    except (OSError, BananaError) as error:
        # Pixels that can't be decoded, or no file any more: what is known is shown anyway.
        return {"text/plain": plain(f"{image_caption(image)} · it can't be shown: {error}")}
    encoded = base64.b64encode(data).decode()
    shown = {
        "text/html": figure(image, mime, encoded),
        mime: encoded,
        "text/plain": repr(image),
    }
    wanted = {
        kind: value
        for kind, value in shown.items()
        if (not include or kind in include) and kind not in (exclude or ())
    }
    # `nb_banana.pack` reads in a saved notebook which pictures it shows.
    metadata: Bundle = {"nb_banana": {"request": image.receipt.client_request_id}}
    return wanted, metadata | ({mime: {"alt": one_line(image.alt)}} if mime in wanted else {})


def figure(image: ShownImage, mime: str, encoded: str) -> str:
    """The picture with its caption as HTML."""
    return (
        '<figure class="nb-banana" style="margin:0">'
        f'<img src="data:{mime};base64,{encoded}" alt="{as_html(one_line(image.alt))}" '
        'style="max-width:100%;height:auto">'
        '<figcaption style="font-size:90%;opacity:.75">'
        f"{'<br>'.join(map(as_html, image_lines(image)))}</figcaption>"
        "</figure>"
    )


def thumbnail(image: ShownImage, longest: int) -> str:
    """A small copy as HTML, one of several; where there is none, why."""
    try:
        mime, data = image.preview(longest)
    except (OSError, BananaError) as error:
        # Its file is gone or damaged; the others are shown all the same.
        return f"<small>it can't be shown: {as_html(str(error))}</small>"
    encoded = base64.b64encode(data).decode()
    return f'<img src="data:{mime};base64,{encoded}" alt="{as_html(one_line(image.alt))}">'
