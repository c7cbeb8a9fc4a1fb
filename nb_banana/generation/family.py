"""`Family`: which kept pictures were made from which, over all libraries."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from nb_banana.errors import LibraryError
from nb_banana.generation.context import Context
from nb_banana.library.library import Library
from nb_banana.library.schema import Row
from nb_banana.results.image import BananaImage


class Family:
    """What was made from a picture, and what it was made from. Pictures go by their digests.

    A picture that was made from several stands with each of them. Of an answer with several
    pictures the first stands for all.

    Attributes:
        problems: what could not be read, one sentence each.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._libraries = context.every_library()
        self._places: dict[str, tuple[Library, str]] = {}  # library and request of a digest
        self.problems: list[str] = []

    def find(self, digest: str) -> BananaImage | None:
        """The picture of these bytes, in the first library that has it."""
        for library in self._libraries:
            try:
                kept = library.by_digest(digest)
            except LibraryError:  # it was never ours, it was forgotten, or another one has it
                continue
            return self._context.adopt(BananaImage.of(kept, library))
        return None

    def children(self, digest: str) -> Sequence[str]:
        """What was made with this very picture as a reference, the newest last."""
        made, _ = self._made_from(self._read(digest))
        return list(made.get(digest, ()))

    def branches(self, digest: str) -> Sequence[str]:
        """The same of the whole family, where an answer's further pictures count as its first."""
        made, firsts = self._all
        return list(made.get(firsts.get(digest, digest), ()))

    def load(self, digests: Iterable[str]) -> list[BananaImage]:
        """The pictures that these are; what was forgotten meanwhile is not among them."""
        wanted = list(digests)
        asked: dict[Library, list[str]] = {}
        for library, request_id in filter(None, map(self._places.get, wanted)):
            asked.setdefault(library, []).append(request_id)
        found: dict[str, BananaImage] = {}
        for library, ids in asked.items():
            try:
                kept = library.by_requests(ids)
            except LibraryError as error:
                self.problems.append(str(error))
                continue
            for each in kept.values():
                found[each.digest] = self._context.adopt(BananaImage.of(each, library))
        return [found[each] for each in wanted if each in found]

    @cached_property
    def _all(self) -> tuple[dict[str, dict[str, None]], dict[str, str]]:
        made, firsts = self._made_from(self._read())
        whole: dict[str, dict[str, None]] = {}
        for source, digests in made.items():
            whole.setdefault(firsts.get(source, source), {}).update(digests)
        return whole, firsts

    def _read(self, source: str | None = None) -> list[tuple[Library, Row]]:
        found: list[tuple[Library, Row]] = []
        for library in self._libraries:
            try:
                found += [(library, row) for row in library.links(source)]
            except LibraryError as error:  # the others are read all the same
                self.problems.append(str(error))
        return sorted(found, key=lambda each: str(each[1]["answered"]))

    def _made_from(
        self, links: Sequence[tuple[Library, Row]]
    ) -> tuple[dict[str, dict[str, None]], dict[str, str]]:
        """What was made from each, in the order of time; and the first of each answer."""
        answers: dict[str, str] = {}
        firsts: dict[str, str] = {}
        made: dict[str, dict[str, None]] = {}
        for library, row in links:
            first = answers.setdefault(row["id"], row["digest"])
            firsts[row["digest"]] = first
            self._places.setdefault(first, (library, row["id"]))
            made.setdefault(row["source"], {})[first] = None
        return made, firsts
