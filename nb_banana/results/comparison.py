"""`compare`: two pictures with a handle between them, of HTML and CSS alone, or side by side."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_banana._hints import Hinted, hinted
from nb_banana._text import as_html, clean, one_line, plain, shorten
from nb_banana.display.html import styled
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
from nb_banana.results.image_display import drawn_by, origin_of, several_bundle
from nb_banana.services.receipt import mark_of
from nb_banana.settings import settings

if TYPE_CHECKING:
    from PIL import Image

SIDES = ("left", "right")

# Nothing but HTML and CSS: a range that lies over both pictures is dragged and moved by keys, and
# its thumb, as the subject of a timeline, drives how much of the upper picture is cut away. Where a
# browser has no such timelines (Firefox), and on paper, the two stand side by side; so they do, by
# the style of each element, where there is no sheet of styles (a notebook that is not trusted). A
# range and a button that would do nothing are seen nowhere. Lumino, on which JupyterLab stands,
# would take the keys, but for the attribute that it looks for on what has the focus. The range is
# before the picture that it moves: WebKit finds only a timeline that it has met.
_STYLE = """
.nbb-out{color:var(--text);line-height:1.4}
.nbb-out :is(small,figcaption){color:var(--dim);font-size:.92em}
.nbb-out .nbb-compare{display:grid;gap:.4em .8em;
grid-template-columns:repeat(auto-fit,minmax(min(max(16em,34%),100%),1fr));
max-width:calc(2*var(--wide) + .8em);
figure{width:auto!important;min-width:0!important;margin:0!important}
img{display:block;width:100%;border-radius:6px}
figcaption{padding-top:.4em;overflow-wrap:anywhere}
[type=checkbox]{display:block!important;appearance:none;order:3;grid-column:1/-1;
justify-self:center;margin:0;width:auto;height:auto;padding:.3em .9em;border-radius:6px;
border:1px solid var(--edge);background:none;color:inherit;font:inherit;cursor:pointer}
[type=checkbox]::before{content:"⇄ Flip"}
:is(:checked,[type=checkbox]:hover){background:var(--tint)}
:checked{border-color:var(--accent)}
@media(forced-colors:active){:checked{forced-color-adjust:none;background:Highlight;
color:HighlightText}}
&:has(:checked) figure:first-of-type{order:2}
@media print{[type=checkbox]{display:none!important}}
@supports (animation-timeline:view()) and (timeline-scope:--a) and
selector(::-webkit-slider-thumb){@media screen{
grid-template-columns:1fr auto 1fr;max-width:var(--wide);overflow-x:clip;
isolation:isolate;direction:ltr;timeline-scope:--nbb-thumb;
figure{display:contents!important}
figcaption{grid-area:2/1}
figcaption span{display:none}
:is(img,[type=range]){grid-area:1/1/2/-1}
figure:first-of-type img{z-index:1;clip-path:inset(0 50% 0 0);animation:nbb-left linear both;
animation-timeline:--nbb-thumb;animation-range:contain}
&:has(:checked) figure:first-of-type img{clip-path:inset(0 0 0 50%);animation-name:nbb-right}
figure+figure figcaption,&:has(:checked) figure:first-of-type figcaption{grid-area:2/3;
text-align:right}
&:has(:checked) figure+figure figcaption{grid-area:2/1;text-align:left}
[type=checkbox]{grid-area:2/2;align-self:start}
[type=range]{--ring:#0006;display:block!important;z-index:2;appearance:none;margin:0 -20px;
width:calc(100% + 40px);height:100%;background:none;overflow:hidden;outline:0;cursor:ew-resize;
forced-color-adjust:none}
[type=range]:focus-visible{--ring:var(--accent)}
::-webkit-slider-runnable-track{height:100%}
::-webkit-slider-thumb{appearance:none;width:40px;height:100%;view-timeline:--nbb-thumb inline;
background:conic-gradient(from 45deg at 0,#333 90deg,#0000 0) calc(50% - 7px)/5px 10px,
conic-gradient(from 225deg at 100%,#333 90deg,#0000 0) calc(50% + 7px)/5px 10px,
radial-gradient(circle,#fff 14px,var(--ring) 15px 17px,#0000 18px),
linear-gradient(#fff,#fff) 50%/2px,linear-gradient(var(--ring),var(--ring)) 50%/4px;
background-repeat:no-repeat}
}}}
@keyframes nbb-left{from{clip-path:inset(0)}to{clip-path:inset(0 100% 0 0)}}
@keyframes nbb-right{from{clip-path:inset(0 0 0 100%)}to{clip-path:inset(0)}}
"""
_SIDE = (
    '<figure style="display:inline-block;vertical-align:top;width:48%;min-width:15em;'
    'margin:0 1% 0 0">'
    '<img src="{picture}" alt="{alt}" width="{wide}" height="{high}" '
    'style="max-width:100%;height:auto">'
    "<figcaption><span>{side}: </span>{name}</figcaption></figure>"
)
_RANGE = (
    '<input type="range" style="display:none" data-lm-suppress-shortcuts="true" '
    'title="Drag, or press ← →" aria-label="Border between left and right">'
)
_FLIP = (
    '<input type="checkbox" style="display:none" data-lm-suppress-shortcuts="true" '
    'title="Both change places" aria-label="Flip">'
)


class Comparison(Hinted):
    """Two pictures, before and after. It shows itself; `save` writes both into one file.

    Attributes:
        before, after: the pictures as they were given.
    """

    def __init__(self, before: Any, after: Any) -> None:
        self.before, self.after = before, after
        self._names = [*SIDES]  # in a traceback of why they can't be compared
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
        said = (f"{side}: {name}" for side, name in self._sides())
        return plain(" · ".join(filter(None, (self._drawn, *said))))

    def side_by_side(self) -> "Image.Image":
        """Both on one sheet (RGB), each with its name."""
        sides = zip(SIDES, self._names, strict=True)
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
            "text/html": self._html(),
            "image/jpeg": base64.b64encode(sheet_jpeg(self.side_by_side())).decode(),
            "text/plain": plain(f"Two pictures. {'; '.join(self._alts(aloud=True))}."),
        }
        return several_bundle(shown, images, one_line(self.caption), include, exclude)

    def _images(self) -> list[BananaImage]:
        return [each for each in (self.before, self.after) if isinstance(each, BananaImage)]

    def _alts(self, *, aloud: bool = False) -> list[str]:
        """What each side shows, in words."""
        sides = zip(SIDES, self._names, (self.before, self.after), strict=True)
        said = []
        for side, name, each in sides:
            alt = shorten(str(getattr(each, "alt", None) or name), 200)
            if aloud and isinstance(each, BananaImage):
                alt = f"{alt.rstrip('. ')}, {drawn_by(each)}"
            said.append(f"{side}: {alt}")
        return said

    @property
    def _drawn(self) -> str:
        return "SANDBOX, no AI model" if any(each.sandbox for each in self._images()) else ""

    def _sides(self) -> Iterator[tuple[str, str]]:
        """Which is where: "left" or "right", and its name."""
        for side, name, each in zip(SIDES, self._names, (self.before, self.after), strict=True):
            yield side, name + _disclosed(each)

    def _html(self) -> str:
        """Both as JPEGs of one size, which shrink where room is scarce."""
        wide, high = open_picture(self._pictures[0]).size
        figures = []
        for (side, name), alt, data in zip(
            self._sides(), self._alts(), self._pictures, strict=True
        ):
            picture = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            words = {"side": side, "name": as_html(name), "alt": as_html(alt)}
            figures.append(_SIDE.format(picture=picture, wide=wide, high=high, **words))
        below = f"<small>{self._drawn}</small>" if self._drawn else ""
        both = (
            f'<div class="nbb-compare" style="--wide:max({wide}px,16em)">'
            f"{_RANGE}{''.join(figures)}{_FLIP}</div>"
        )
        return styled(both, below, kind="compare", style=_STYLE)


def _disclosed(side: Any) -> str:
    said = origin_of(side) if isinstance(side, BananaImage) and not side.sandbox else ""
    return f" ({said})" if said else ""


@hinted
def compare(before: Any, after: Any) -> Comparison:
    """Two pictures of any kind, before and after, with a handle between them that is dragged.

    It works without a kernel, also in a saved notebook. Keys move it too, and *Flip* lets both
    change places. Where a front end takes its style away they stand side by side. Pictures of other
    sizes are made as large as each other; what has another shape gets margins.

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
