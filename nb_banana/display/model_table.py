"""`MODELS` as a person sees it: a table of what each model takes, and its documented price."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nb_banana import _default, models
from nb_banana._hints import Hinted, hinted
from nb_banana._text import as_html, dollars, plain, shown
from nb_banana.display.html import Name, Words, paragraph, styled, table
from nb_banana.models import CREDITS_PER_USD, PRICES_READ, Model

OF_ANY = ("-m, model=", "ratios", "resolutions", "references", "web search")
HEAD = (*OF_ANY, "num_images", "price")
BELOW = (
    f"Prices are of one picture, as the models' pages gave them in {PRICES_READ}; "
    "nb_banana.dry_run(…) says what is quoted now."
)
PRICE = "What one would cost: nb_banana.estimate(…) with its service and model."


class ModelTable(Hinted, tuple[Model, ...]):
    """Every model whose fields are published: a tuple of them that shows itself as a table.

    No request is made for it. Any other name of a model is sent as it is, unchecked. The facts are
    from https://docs.aimlapi.com/api-references/image-models/google

    >>> [model.short[0] for model in MODELS if model.max_images == 5 and model.web_search]
    ['nano-banana-2', 'nano-banana-2-lite', 'nano-banana-2.1']
    """

    @hinted
    def of(self, service: str) -> "ModelTable":
        """The models of another service, e.g. ``MODELS.of("fal")``. It is not asked for it.

        Raises:
            SettingsError: there is no such service.

        >>> [model.short[0] for model in MODELS.of("fal")]
        ['nano-banana-2', 'nano-banana-2.1']
        """
        rows = _default.client().context.services[service].models
        return MODELS if rows is models.MODELS else ModelTable(rows)

    if not TYPE_CHECKING:

        def __getitem__(self, place: Any) -> Any:
            if isinstance(place, str):
                raise TypeError(
                    "MODELS is a tuple, MODELS[0] its first model. One by its name: "
                    f"[each for each in MODELS if {shown(place)} in each.short]."
                )
            return super().__getitem__(place)

    def __repr__(self) -> str:
        head, cells, below = self._shown()
        rows = [head, *cells]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        padded = (map(str.ljust, row, widths) for row in rows)
        return plain("\n".join([*("  ".join(row).rstrip() for row in padded), below]))

    def _repr_html_(self) -> str:
        head, cells, below = self._shown()
        words = len(OF_ANY) - 1
        rows = (
            (Name(name), *map(Words, facts[:words]), *map(as_html, facts[words:]))
            for name, *facts in cells
        )
        return styled(table(rows, head, is_told=True), paragraph(below), kind="models")

    def _shown(self) -> tuple[tuple[str, ...], list[tuple[str, ...]], str]:
        is_usual = self == models.MODELS  # others have neither prices nor counts in their rows
        head = HEAD if is_usual else OF_ANY
        cells = [tuple(_cells(model))[: len(head)] for model in self]
        return head, cells, BELOW if is_usual else PRICE


def _cells(model: Model) -> Iterator[str]:
    yield ", ".join(model.short[:2])
    yield " ".join(model.aspect_ratios) or "none"
    yield " ".join(model.resolutions) or "none"
    yield _references(model.min_images, model.max_images)
    yield "yes" if model.web_search else "no"
    yield "1" if model.max_count == 1 else f"1 to {model.max_count}"
    prices = (
        f"{dollars(Decimal(credits_) / CREDITS_PER_USD)} at {resolution}"
        for resolution, credits_ in model.credits.items()
    )
    yield ", ".join(prices) or "not on its page"


def _references(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return f"{least} to {most}" if most else "none"


MODELS = ModelTable(models.MODELS)
