"""A slider over two pictures, of HTML and CSS alone: it needs neither a kernel nor a script."""

import base64
import html
from collections.abc import Sequence

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


def slider(pictures: Sequence[bytes], alts: Sequence[str], width: int, label: str) -> str:
    """The HTML of two JPEGs of one size, the first on the left.

    Args:
        pictures: their bytes.
        alts: their alt texts.
        width: of both, in pixels; they shrink where there is less room.
        label: what the slider is called to those who hear it.
    """
    encoded = [base64.b64encode(each).decode() for each in pictures]
    before, after = (f"data:image/jpeg;base64,{each}" for each in encoded)
    before_alt, after_alt = map(html.escape, alts)
    return _SLIDER.format(
        label=html.escape(label),
        width=width,
        before=before,
        before_alt=before_alt,
        after=after,
        after_alt=after_alt,
    )
