"""The output below a panel: what it was, for a notebook without a kernel, and the kept pictures.

Its own, for JupyterLab shows only an error for a widget without a kernel, whatever is beside it.
"""

import base64
import secrets

from nb_banana._text import code_as_html
from nb_banana.credentials import has_key
from nb_banana.display.output import WIDGET_VIEW, OutputCell, shell
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import Bundle, facts_of, figure
from nb_banana.settings import settings

WORDS = "The panel of nb_banana: %banana opens it."
HIDE_ERROR = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child [data-nb-banana])"
    " > .jupyter-widgets:not(:has(*)) {display: none}</style>"
)
"""JupyterLab's "Error displaying widget: model not found", right above what says it better."""


def panel_bundle(model_id: str) -> Bundle:
    """What a panel is: the widget, and for what knows no widgets the words."""
    return {
        WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": model_id},
        "text/html": f"<p>{WORDS}</p>",
        "text/plain": WORDS,
    }


def _output_id() -> str:
    """An id of its own; where outputs are compared the number of the cell, the same each time."""
    running = shell()
    if settings.caption == "stable" and running is not None:
        return f"{running.execution_count:x}"
    return secrets.token_hex(6)


class PanelOutput:
    """One output, written anew as often as needed."""

    def __init__(self) -> None:
        self.id = _output_id()  # by which the panel finds the words, to hide them
        self._place: OutputCell | None = None
        self._kept: list[BananaImage] = []
        self._words = ""

    def show(self, cell: str) -> None:
        """Put it below what is shown now."""
        self._place = self._place or OutputCell()
        self.tell(cell)

    def tell(self, cell: str) -> None:
        """Write into it which cell the panel stood for; one with a key in it is not kept."""
        cell = "%banana" if has_key(cell) else cell
        self.put(
            "This was the panel of nb_banana. Run this cell to open it again; it stood for "
            f"<pre>{code_as_html(cell)}</pre>"
        )

    def keep(self, image: BananaImage) -> None:
        """Add a picture that stays."""
        self._kept = [each for each in self._kept if each.id != image.id] + [image]
        self.put(self._words)

    def put(self, words: str) -> None:
        """Write it with these words, which are HTML; where the panel was never shown, nothing."""
        self._words = words
        if self._place is not None:
            self._place.show(*self._bundle())

    def _bundle(self) -> tuple[Bundle, Bundle]:
        pictures = [each.preview(settings.preview) for each in self._kept]
        figures = (
            figure(image, mime, base64.b64encode(data).decode())
            for image, (mime, data) in zip(self._kept, pictures, strict=True)
        )
        words = f'<div data-nb-banana="{self.id}">{self._words}{HIDE_ERROR}</div>'
        shown: Bundle = {
            "text/html": words + "".join(figures),
            "text/plain": "\n".join(map(repr, self._kept)) or WORDS,
        }
        if pictures:  # for exports that take no HTML
            mime, data = pictures[-1]
            shown |= {mime: base64.b64encode(data).decode()}
        # `nb_banana.pack` reads in a saved notebook which pictures it shows.
        return shown, {"nb_banana": facts_of(self._kept)}
