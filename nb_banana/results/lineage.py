"""`Lineage`: a picture's family, from the first to the last, as HTML and as text."""

from collections.abc import Iterator
from typing import Any

from nb_banana._text import as_html, clean, plain
from nb_banana.results.image_display import ShownImage, image_lines, thumbnail

THUMBNAIL = 128
"""Pixels of a thumbnail's longer side."""


class Lineage:
    """The pictures that a picture was made from, each after its own parents.

    Attributes:
        image: the last of the family.
    """

    def __init__(self, image: ShownImage) -> None:
        self.image: Any = image

    def __iter__(self) -> Iterator[Any]:
        """Every picture of the family once, parents before children."""
        for _, image in self._walk(self.image, 0, set()):
            yield image

    def __repr__(self) -> str:
        rows = self._walk(self.image, 0, set())
        lines = (f"{'  ' * depth}{_line(image)}" for depth, image in self._levels(rows))
        return plain("\n".join(lines))

    def _repr_html_(self) -> str:
        items = "".join(
            '<div style="display:flex;gap:.7em;align-items:center;'
            f'margin:.3em 0 .3em {2 * depth}em">'
            f"{thumbnail(image, THUMBNAIL)}<span>{as_html(image.prompt)}<br>"
            f'<small style="opacity:.75">{_small(image)}</small></span></div>'
            for depth, image in self._levels(self._walk(self.image, 0, set()))
        )
        return f'<div class="nb-banana-tree">{items}</div>'

    def _levels(self, rows: Iterator[tuple[int, ShownImage]]) -> Iterator[tuple[int, ShownImage]]:
        """Depth counted from the first pictures, so that the last stands deepest."""
        found = list(rows)
        deepest = max(depth for depth, _ in found)
        return ((deepest - depth, image) for depth, image in found)

    def _walk(
        self, image: ShownImage, depth: int, seen: set[str]
    ) -> Iterator[tuple[int, ShownImage]]:
        # By content: from the library the same parent comes as a new object each time.
        if image.digest in seen:
            return
        seen.add(image.digest)
        for parent in image.parents:
            yield from self._walk(parent, depth + 1, seen)
        yield depth, image


def _line(image: ShownImage) -> str:
    label = f"{image.name}: " if image.name else ""
    return f"{label}{clean(image.prompt, 80)} ({image.width}×{image.height})"


def _small(image: ShownImage) -> str:
    return "<br>".join(map(as_html, image_lines(image)))
