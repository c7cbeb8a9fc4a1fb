"""Arrays and figures → pictures.

Arrays are grey, RGB or RGBA, in bool, uint8 or float 0..1; nothing else is guessed. Figures of
matplotlib (seaborn too) and plotly become PNGs, as the notebook shows them.
"""

import importlib.util
import io
import sys
from typing import TYPE_CHECKING, Any

from nb_banana.imaging.decode import require_pillow
from nb_banana.imaging.formats import PictureProblem

if TYPE_CHECKING:
    from PIL import Image


CHANNELS = (1, 3, 4)
SLACK = 0.4 / 255
"""How far beyond 0..1 a float may be: it is rounded to the same grey. Resampling overshoots."""
ROWS = 256  # rows that are converted at once, so that floats do not need their memory a second time


def from_array(value: Any) -> "Image.Image":
    """A Pillow image (L, RGB or RGBA) of an array or a tensor."""
    require_pillow()
    import numpy as np
    from PIL import Image

    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        # A tensor on a GPU, or one that wants gradients: torch says itself what to call.
        raise PictureProblem(f"can't be read as an array: {str(error).rstrip('.')}") from error
    _check_shape(array)
    _check_values(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind == "f":
        array = _grey_levels(array)
    elif array.dtype.kind == "b":
        array = array.astype("uint8") * np.uint8(255)
    return Image.fromarray(np.ascontiguousarray(array))


def _check_shape(array: Any) -> None:
    what = f"{array.dtype} of shape {array.shape}"
    if array.size == 0:
        raise PictureProblem(f"is empty: it is {what}")
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS):
        return
    if array.ndim == 3 and array.shape[0] in CHANNELS:
        raise PictureProblem(
            f"has its channels first: it is {what}. Move them to the end, e.g. with "
            "np.moveaxis(a, 0, -1) or tensor.permute(1, 2, 0)"
        )
    if array.ndim == 4:
        raise PictureProblem(
            f"holds several pictures: it is {what}. Take one of them, e.g. with a[0]"
        )
    raise PictureProblem(
        f"is no picture: it is {what}. A picture has the shape (height, width), "
        "(height, width, 3) or (height, width, 4)"
    )


def _check_values(array: Any) -> None:
    what = f"{array.dtype} of shape {array.shape}"
    if array.dtype.kind == "b" or array.dtype == "uint8":
        return
    if array.dtype.kind != "f":
        raise PictureProblem(
            f"has the wrong type: it is {what}. Make it uint8 (0 to 255) or float (0 to 1)"
        )
    low, high = float(array.min()), float(array.max())
    if low != low or high != high:  # NaN alone is not equal to itself
        raise PictureProblem(f"holds NaN: it is {what}. Fill them first, e.g. with np.nan_to_num")
    if low < -SLACK or high > 1 + SLACK:
        raise PictureProblem(
            f"has values from {low:g} to {high:g}: it is {what}. "
            "Floats are from 0 to 1: scale them, e.g. (a - a.min()) / (a.max() - a.min())"
        )


def _grey_levels(array: Any) -> Any:
    import numpy as np

    levels = np.empty(array.shape, "uint8")
    for start in range(0, len(array), ROWS):
        rows = array[start : start + ROWS].astype("float32")
        rows *= 255
        np.rint(rows, out=rows)
        levels[start : start + ROWS] = rows.clip(0, 255, out=rows)
    return levels


MARGIN = 1.02  # how much larger than itself an axes is cut out, so that no letter touches the edge


def is_of(value: Any, module: str, name: str) -> bool:
    """Whether it is of a class that is loaded. One that is still being loaded has no values yet."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)


def is_matplotlib(value: Any) -> bool:
    """Whether it is a figure, or a part of one: an axes, a line, a seaborn grid."""
    return _matplotlib_figure(value) is not None


def _matplotlib_figure(value: Any) -> Any:
    """The whole figure that a value is, or stands in."""
    if isinstance(value, type):
        return None
    figure = value
    if not is_of(value, "matplotlib.figure", "FigureBase"):
        artist = is_of(value, "matplotlib.artist", "Artist")
        grid = type(value).__module__.startswith("seaborn.")
        figure = getattr(value, "figure", None) if artist or grid else None
    while is_of(figure, "matplotlib.figure", "SubFigure"):
        figure = figure.figure
    return figure if is_of(figure, "matplotlib.figure", "Figure") else None


def from_matplotlib(value: Any) -> bytes:
    """A PNG of a figure at its own dpi, cut to what is drawn, as a notebook shows it."""
    # Of an axes that shares its figure with others only its own part is taken, with its title and
    # labels.
    figure = _matplotlib_figure(value)
    box: Any = "tight"
    is_axes = any(value is each for each in figure.axes)
    if hasattr(value, "get_tightbbox") and is_axes and len(figure.axes) > 1:
        figure.draw_without_rendering()  # the layout decides where an axes stands
        part = value.get_tightbbox()
        if part is not None:
            box = part.expanded(MARGIN, MARGIN).transformed(figure.dpi_scale_trans.inverted())
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches=box)
    return out.getvalue()


def is_plotly(value: Any) -> bool:
    """Whether it is a plotly figure."""
    return type(value).__module__.startswith("plotly.") and hasattr(value, "to_image")


def from_plotly(value: Any) -> bytes:
    """A PNG of a plotly figure, made by kaleido."""
    if importlib.util.find_spec("kaleido") is None:
        raise PictureProblem(
            "is a plotly figure, and needs kaleido to become a picture: pip install kaleido"
        )
    try:
        return bytes(value.to_image(format="png"))
    except Exception as error:
        reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        raise PictureProblem(
            f"is a plotly figure, and kaleido could not draw it: {reason}"
        ) from error
