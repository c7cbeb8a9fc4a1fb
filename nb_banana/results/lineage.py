"""`Lineage`: a picture's family, from the first that it was made from to the last made from it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from nb_banana import _default
from nb_banana._hints import Hinted
from nb_banana._text import as_html, clean, plain
from nb_banana.display.html import paragraph, styled
from nb_banana.results.image_display import ShownImage, image_lines, thumbnail

Node = TypeVar("Node")

MOST = 30
"""Pictures that are shown before and after the one that was asked: a page is not endless."""
MARK = "← this picture"


class Lineage(Hinted):
    """The pictures that a picture was made from and those that were made from it.

    Each stands after its own parents.

    Attributes:
        image: the picture whose family it is.
    """

    def __init__(self, image: ShownImage) -> None:
        self.image: Any = image

    def __iter__(self) -> Iterator[Any]:
        """Every picture of the family once, parents before children."""
        before = self._before()
        yield from (image for _, image in before)
        family, after = self._after(before)
        yield from family.load(after)

    def __repr__(self) -> str:
        above, levels, below = self._shown()
        lines = [
            f"{'  ' * depth}{_line(image)}{f' {mark}' if mark else ''}"
            for depth, image, mark in levels
        ]
        return plain("\n".join([*above, *lines, *below]))

    def _repr_html_(self) -> str:
        above, levels, below = self._shown()
        items = "".join(
            f'<div class="nbb-row" style="margin-left:{2 * depth}em">'
            f"{thumbnail(image, longest=128)}<span>{as_html(image.request.prompt)}"
            f"{f' <b>{mark}</b>' if mark else ''}<br>"
            f"<small>{'<br>'.join(map(as_html, image_lines(image)))}</small></span></div>"
            for depth, image, mark in levels
        )
        return styled(*map(paragraph, above), items, *map(paragraph, below), kind="tree")

    def _shown(self) -> tuple[list[str], list[tuple[int, ShownImage, str]], list[str]]:
        """What stands above, the pictures with their depths and a mark, and what stands below."""
        before = self._before()
        family, after = self._after(before)
        nearest = before[-1 - MOST :]
        lowest, own = min(depth for depth, _ in nearest), before[-1][0]
        made = family.load([*after][:MOST])
        mark = MARK if made else ""  # else it is the last one
        levels = [(depth - lowest, each, "") for depth, each in nearest[:-1]]
        levels.append((own - lowest, self.image, mark))
        levels += [(own - lowest + after[each.digest], each, "") for each in made]
        earlier, later = len(before) - len(nearest), len(after) - MOST
        return (
            [f"… and {earlier} before these"] if earlier else [],
            levels,
            [*([f"… and {later} more"] if later > 0 else []), *family.problems],
        )

    def _before(self) -> list[tuple[int, ShownImage]]:
        """The picture and what it was made from; depths are counted from the first of them."""
        # By content: from the library the same parent comes as a new object each time.
        found = list(_walk(self.image, lambda each: each.parents, lambda each: each.digest))
        deepest = max(depth for depth, _ in found)
        return [(deepest - depth, image) for depth, image in found]

    def _after(self, before: Sequence[tuple[int, ShownImage]]) -> tuple[Any, dict[str, int]]:
        """Who knows the family, and the distances of what was made from it, parents first."""
        family = _default.client_of(self.image).family()
        known = {image.digest for _, image in before}
        # Backwards, so that each comes after the last of its parents.
        walked = _walk(self.image.digest, lambda each: family.branches(each)[::-1], str)
        return family, {each: depth for depth, each in [*walked][::-1] if each not in known}


def _walk(
    start: Node, near: Callable[[Node], Sequence[Node]], name: Callable[[Node], str]
) -> Iterator[tuple[int, Node]]:
    """Each that can be reached once, after those that are near it, with its distance."""
    seen = {name(start)}
    path = [(start, iter(near(start)))]  # no recursion: a chain of edits may be a long one
    while path:
        each, others = path[-1]
        for other in others:
            if name(other) not in seen:
                seen.add(name(other))
                path.append((other, iter(near(other))))
                break
        else:
            path.pop()
            yield len(path), each


def _line(image: ShownImage) -> str:
    label = f"{image.name}: " if image.name else ""
    return f"{label}{clean(image.request.prompt, 80)} ({image.width}×{image.height})"
