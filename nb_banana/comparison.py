"""`compare`: two pictures over each other with a slider between them, and side by side."""

import base64
import html
from typing import TYPE_CHECKING, Any

from nb_banana.board import MOUNT, Board, fitted, jpeg
from nb_banana.errors import BadReferenceError
from nb_banana.failure import shortened
from nb_banana.frontend import is_rich
from nb_banana.image import BananaImage
from nb_banana.layout import near_square
from nb_banana.lettering import drawable
from nb_banana.pixels import open_picture, preview
from nb_banana.references import as_reference
from nb_banana.settings import settings
from nb_banana.showing import Bundle
from nb_banana.slider import HINT, slider

if TYPE_CHECKING:
    from PIL import Image


class Comparison:
    """Two pictures, before and after. It shows itself; `side_by_side` is a Pillow image of both.

    Attributes:
        before, after: the pictures as they were given.
    """

    def __init__(self, before: Any, after: Any) -> None:
        self.before, self.after = before, after
        found = [as_reference(each) for each in (before, after)]
        for each in found:
            if each.data is None:
                raise BadReferenceError(f"{each.label} is only an address. Download it first.")
        sizes = [open_picture(each.data or b"").size for each in found]
        self._names = [
            shortened(each.label, 60) + ("" if sizes[0] == sizes[1] else f" {width}×{height}")
            for each, (width, height) in zip(found, sizes, strict=True)
        ]
        self._pictures = _alike([each.data or b"" for each in found])

    @property
    def caption(self) -> str:
        """The line under the pictures: which is which."""
        drawn = any(isinstance(each, BananaImage) and each.sandbox for each in self._given)
        parts = [
            "SANDBOX, no AI model" if drawn else "",
            f"left: {self._names[0]}",
            f"right: {self._names[1]}",
        ]
        return " · ".join(filter(None, parts))

    @property
    def _given(self) -> tuple[Any, Any]:
        return self.before, self.after

    def side_by_side(self) -> "Image.Image":
        """Both on one sheet (RGB), each with its name."""
        sides = zip(("left", "right"), self._names, strict=True)
        labels = [f"{side}: {drawable(name) or 'picture'}" for side, name in sides]
        first = open_picture(self._pictures[0])
        layout = near_square(labels, first.width / first.height, 2, foot=False)
        board = Board(layout)
        for column, (data, label) in enumerate(zip(self._pictures, labels, strict=True)):
            board.mount(fitted(data, *layout.cell), 0, column)
            board.label(label, 0, column)
        return board.picture

    def __repr__(self) -> str:
        return f"<Comparison of {self._names[0]} and {self._names[1]}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        images = [each for each in self._given if isinstance(each, BananaImage)]
        requests = [each.receipt.client_request_id for each in images]
        metadata: Bundle = {"nb_banana": {"requests": list(dict.fromkeys(requests))}}
        if not is_rich():
            return {"text/plain": self.caption}, metadata
        shown = {
            "text/html": self._figure(),
            "image/jpeg": base64.b64encode(jpeg(self.side_by_side())).decode(),
            "text/plain": repr(self),
        }
        wanted = {
            kind: value
            for kind, value in shown.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }
        alt = {"image/jpeg": {"alt": self.caption}} if "image/jpeg" in wanted else {}
        return wanted, metadata | alt

    def _figure(self) -> str:
        alts = [
            f"{side}: {shortened(str(getattr(given, 'alt', None) or name), 200)}"
            for side, given, name in zip(("left", "right"), self._given, self._names, strict=True)
        ]
        width = open_picture(self._pictures[0]).width
        return (
            '<figure class="nb-banana" style="margin:0">'
            f"{slider(self._pictures, alts, width, self.caption)}"
            '<figcaption style="font-size:90%;opacity:.75">'
            f"{html.escape(self.caption)}<br>{HINT}</figcaption></figure>"
        )


def compare(before: Any, after: Any) -> Comparison:
    """Two pictures of any kind, before and after, with a slider between them.

    The slider works without a kernel, also in a saved notebook. Pictures of other sizes are made
    as large as each other; what has another shape gets margins.

    Args:
        before: what `nb_banana.references.as_reference` takes, but for addresses.
        after: the same.

    Raises:
        BadReferenceError: no picture, or one that can't be read.

    >>> from PIL import Image
    >>> compare(Image.new("RGB", (64, 32)), Image.new("RGB", (32, 32), "red"))
    <Comparison of image 64×32 and image 32×32>
    """
    return Comparison(before, after)


def _alike(pictures: list[bytes]) -> list[bytes]:
    """Small copies as JPEG, all of the first one's shape and as large as the largest of them."""
    small = [preview(each, settings.preview)[1] for each in pictures]
    sizes = [open_picture(each).size for each in small]
    scale = max(map(max, sizes)) / max(sizes[0])
    width, height = (max(1, round(side * scale)) for side in sizes[0])
    return [_boxed(each, width, height) for each in small]


def _boxed(data: bytes, width: int, height: int) -> bytes:
    """A JPEG of exactly this size, with the picture as large in it as it can be."""
    from PIL import Image, ImageOps

    picture = fitted(data, width, height)
    picture = ImageOps.contain(picture, (width, height), Image.Resampling.LANCZOS)
    box = Image.new("RGB", (width, height), MOUNT)
    place = ((width - picture.width) // 2, (height - picture.height) // 2)
    box.paste(picture, place, picture if picture.mode == "RGBA" else None)
    return jpeg(box)
