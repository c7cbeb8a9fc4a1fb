"""`compare`: two pictures with a slider of HTML and CSS alone between them, and side by side."""

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_banana._hints import Hinted, hinted
from nb_banana._text import as_html, clean, one_line, plain, shorten
from nb_banana.display.output import is_rich
from nb_banana.errors import BadReferenceError
from nb_banana.imaging import save
from nb_banana.imaging.decode import open_picture, preview
from nb_banana.imaging.sheet import (
    MOUNT,
    SheetCanvas,
    drawable,
    fit_cell,
    near_square_layout,
    sheet_jpeg,
)
from nb_banana.references.reference import as_reference
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import drawn_by, framed, origin_of, several_bundle
from nb_banana.services.receipt import mark_of
from nb_banana.settings import settings

if TYPE_CHECKING:
    from PIL import Image

HINT = (
    "Move the bar below towards the picture that you want to see, or press ← and → on the picture. "
    "Where there is no bar, drag the lower corner of the left one."
)

# Where all CSS is kept (a cell that was run, an exported page) it is a box that scrolls, so that
# keys, a wheel, a finger and the bar all move it. What is in it is twice as wide. Both pictures are
# sticky and stay in sight; only the clip of the upper one and the line at its end move. Lumino, on
# which JupyterLab stands, would take the arrow keys, but for the attribute that it looks for.
#
# JupyterLab takes sticky, clip-path, inline-size and the like out of a notebook that it does not
# trust, and leaves width and resize: then the upper picture lies in a box whose corner is drawn.
# So each pair of values below is meant: the later one wins where it is understood.
_SLIDER = (
    '<div tabindex="0" role="group" data-lm-suppress-shortcuts="true" '
    'aria-label="Slider. {label}" style="position:relative;width:{width}px;'
    'max-width:100%;overflow-x:auto;overflow-y:hidden">'
    '<div style="position:relative;inline-size:200%">'
    '<img src="{after}" alt="{after_alt}" style="display:block;width:100%;height:auto;'
    'max-inline-size:50%;position:sticky;left:0">'
    '<div style="position:absolute;top:0;left:0;width:50%;height:100%;max-width:100%;'
    "overflow:hidden;resize:horizontal;box-sizing:border-box;border-right:2px solid #fff;"
    'inline-size:100%;overflow:clip;clip-path:inset(0 50% 0 0)">'
    '<img src="{before}" alt="{before_alt}" style="display:block;width:auto;height:100%;'
    'max-width:none;position:sticky;left:0"></div>'
    '<div style="position:absolute;top:0;left:0;height:100%;inset-inline-start:50%;'
    'inline-size:3px;margin-inline-start:-4px;background:#fff;border-inline:1px solid #0007"></div>'
    '<div style="position:absolute;top:0;left:0;inset-inline-start:25%;'
    'scroll-initial-target:nearest"></div>'
    "</div></div>"
)


class Comparison(Hinted):
    """Two pictures, before and after. It shows itself; `save` writes both into one file.

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
            clean(each.label, 60) + ("" if sizes[0] == sizes[1] else f" {width}×{height}")
            for each, (width, height) in zip(found, sizes, strict=True)
        ]
        images = [each if isinstance(each, BananaImage) else None for each in (before, after)]
        marks = [mark_of(each.receipt) if each else None for each in images]
        self._pictures = _alike([each.data or b"" for each in found], marks)

    @property
    def caption(self) -> str:
        """The line under the pictures: which is which."""
        drawn = any(image.sandbox for image in self._images())
        sides = zip(("left", "right"), self._names, (self.before, self.after), strict=True)
        said = [f"{side}: {name}{_disclosed(each)}" for side, name, each in sides]
        parts = ["SANDBOX, no AI model" if drawn else "", *said]
        return plain(" · ".join(filter(None, parts)))

    def side_by_side(self) -> "Image.Image":
        """Both on one sheet (RGB), each with its name."""
        sides = zip(("left", "right"), self._names, strict=True)
        labels = [f"{side}: {drawable(name) or 'picture'}" for side, name in sides]
        first = open_picture(self._pictures[0])
        layout = near_square_layout(labels, first.width / first.height, 2, foot=False)
        canvas = SheetCanvas(layout)
        for column, (data, label) in enumerate(zip(self._pictures, labels, strict=True)):
            canvas.mount(fit_cell(data, *layout.cell), 0, column)
            canvas.label(label, 0, column)
        return canvas.marked()

    @hinted
    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write both side by side into one file, e.g. ``compare(a, b).save("before-after.png")``.

        The suffix says the format, a folder is understood, and the file is there whole or not at
        all, as in `nb_banana.BananaImage.save`.

        Returns:
            The file.

        Raises:
            SaveError: an unknown suffix, or a place that can't be written to.
            PillowMissingError: there is no Pillow to draw with.
        """
        target = save.save_target(path, suffix=".png", title="before and after")
        data = save.encode_pixels(self.side_by_side(), target.suffix)
        save.write_whole(target, data)
        return target

    def __repr__(self) -> str:
        return plain(f"<Comparison of {self._names[0]} and {self._names[1]}>")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        images = self._images()
        if not is_rich():
            return several_bundle({"text/plain": self.caption}, images, "", None, None)
        shown = {
            "text/html": framed(self._slider(), [self.caption, HINT]),
            "image/jpeg": base64.b64encode(sheet_jpeg(self.side_by_side())).decode(),
            "text/plain": plain(f"Two pictures. {'; '.join(self._alts(aloud=True))}."),
        }
        return several_bundle(shown, images, one_line(self.caption), include, exclude)

    def _images(self) -> list[BananaImage]:
        return [each for each in (self.before, self.after) if isinstance(each, BananaImage)]

    def _alts(self, *, aloud: bool = False) -> list[str]:
        """What each side shows, in words."""
        sides = zip(("left", "right"), self._names, (self.before, self.after), strict=True)
        said = []
        for side, name, each in sides:
            alt = shorten(str(getattr(each, "alt", None) or name), 200)
            if aloud and isinstance(each, BananaImage):
                alt = f"{alt.rstrip('. ')}, {drawn_by(each)}"
            said.append(f"{side}: {alt}")
        return said

    def _slider(self) -> str:
        """The HTML of both as JPEGs, the first on the left; they shrink where room is scarce."""
        width = open_picture(self._pictures[0]).width
        values = {"label": as_html(self.caption), "width": str(width)}
        for place, alt, data in zip(("before", "after"), self._alts(), self._pictures, strict=True):
            values[place] = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            values[f"{place}_alt"] = as_html(alt)
        return _SLIDER.format_map(values)


def _disclosed(side: Any) -> str:
    said = origin_of(side) if isinstance(side, BananaImage) and not side.sandbox else ""
    return f" ({said})" if said else ""


@hinted
def compare(before: Any, after: Any) -> Comparison:
    """Two pictures of any kind, before and after, with a slider between them.

    The slider works without a kernel, also in a saved notebook. Pictures of other sizes are made
    as large as each other; what has another shape gets margins.

    Args:
        before: what `nb_banana.references.reference.as_reference` takes, but for addresses.
        after: the same.

    Raises:
        BadReferenceError: no picture, or one that can't be read.

    >>> from PIL import Image
    >>> compare(Image.new("RGB", (64, 32)), Image.new("RGB", (32, 32), "red"))
    <Comparison of image 64×32 and image 32×32>
    """
    return Comparison(before, after)


def _alike(pictures: list[bytes], marks: list[bytes | None]) -> list[bytes]:
    """Small copies as JPEG, all of the first one's shape and as large as the largest of them."""
    marked = zip(pictures, marks, strict=True)
    small = [preview(each, settings.preview, mark)[1] for each, mark in marked]
    sizes = [open_picture(each).size for each in small]
    scale = max(map(max, sizes)) / max(sizes[0])
    width, height = (max(1, round(side * scale)) for side in sizes[0])
    return [_boxed(each, width, height) for each in small]


def _boxed(data: bytes, width: int, height: int) -> bytes:
    """A JPEG of exactly this size, with the picture as large in it as it can be."""
    from PIL import Image

    picture = fit_cell(data, width, height)
    scale = min(width / picture.width, height / picture.height)
    wide, high = (max(1, round(side * scale)) for side in picture.size)  # a strip has a width too
    picture = picture.resize((wide, high), Image.Resampling.LANCZOS)
    box = Image.new("RGB", (width, height), MOUNT)
    place = ((width - picture.width) // 2, (height - picture.height) // 2)
    box.paste(picture, place, picture if picture.mode == "RGBA" else None)
    box.info["xmp"] = picture.info.get("xmp")
    return sheet_jpeg(box)
