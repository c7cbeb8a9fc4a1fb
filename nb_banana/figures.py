"""Figures of matplotlib (seaborn too) and plotly → PNG, as the notebook shows them."""

import importlib.util
import io
import sys
from typing import Any

from nb_banana.flaws import Flaw

MARGIN = 1.02
"""How much larger than itself an axes is cut out, so that no letter touches the edge."""


def is_matplotlib(value: Any) -> bool:
    """Whether it is a figure, or a part of one: an axes, a line, a seaborn grid."""
    return _matplotlib_figure(value) is not None


def _matplotlib_figure(value: Any) -> Any:
    """The whole figure that a value is, or stands in."""
    module = sys.modules.get("matplotlib.figure")
    if module is None or isinstance(value, type):
        return None
    figure = value
    if not isinstance(value, module.FigureBase):
        artist = isinstance(value, sys.modules["matplotlib.artist"].Artist)
        grid = type(value).__module__.startswith("seaborn.")
        figure = getattr(value, "figure", None) if artist or grid else None
    while isinstance(figure, module.SubFigure):
        figure = figure.figure
    return figure if isinstance(figure, module.Figure) else None


def from_matplotlib(value: Any) -> bytes:
    """A PNG of a figure at its own dpi, cut to what is drawn, as a notebook shows it.

    Of an axes that shares its figure with others only its own part is taken, with its title and
    labels.
    """
    figure = _matplotlib_figure(value)
    box: Any = "tight"
    if hasattr(value, "get_tightbbox") and value in figure.axes and len(figure.axes) > 1:
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
    """A PNG of a plotly figure, made by kaleido.

    Raises:
        Flaw: kaleido is not there, or says no.

    """
    if importlib.util.find_spec("kaleido") is None:
        raise Flaw("is a plotly figure, and needs kaleido to become a picture: pip install kaleido")
    try:
        return bytes(value.to_image(format="png"))
    except Exception as error:
        reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        raise Flaw(f"is a plotly figure, and kaleido could not draw it: {reason}") from error
