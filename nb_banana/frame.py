"""A gallery as a table: one row for each picture or failure."""

from collections.abc import Sequence
from typing import Any

from nb_banana.errors import BananaError
from nb_banana.failure import Failure
from nb_banana.image import BananaImage
from nb_banana.sources import is_picture
from nb_banana.varied import Variant, text_of

COUNTS = {"take": "Int64", "width": "Int64", "height": "Int64"}
"""Whole numbers, also where a failure has none."""


def of(
    entries: Sequence[BananaImage | Failure],
    variants: Sequence[Variant],
    index: Sequence[Any] | None,
) -> Any:
    """See `nb_banana.gallery.Gallery.to_frame`."""
    try:
        import pandas as pd
    except ImportError as error:
        raise BananaError("A table needs pandas. Install it: pip install pandas") from error
    varied = dict.fromkeys(name for variant in variants for name in variant)
    rows = [
        {name: _cell(variant.get(name)) for name in varied} | _row(entry)
        for entry, variant in zip(entries, variants, strict=True)
    ]
    columns = list(dict.fromkeys([*varied, *_COLUMNS]))
    table = pd.DataFrame(rows, columns=columns, index=None if index is None else pd.Index(index))
    return table.astype(COUNTS)


_COLUMNS = (
    "prompt", "model", "aspect_ratio", "resolution", "take",
    "width", "height", "usd", "came", "id", "path", "error",
)  # fmt: skip


def _cell(value: Any) -> Any:
    """A picture would make its cell an array."""
    return text_of(value) if is_picture(value) else value


def _row(entry: BananaImage | Failure) -> dict[str, Any]:
    request = entry.request
    asked = {
        "prompt": request.prompt,
        "model": request.model,
        "aspect_ratio": request.aspect_ratio,
        "resolution": request.resolution,
        "take": request.take,
    }
    if isinstance(entry, Failure):
        return asked | {"error": str(entry.error)}
    return asked | {
        "width": entry.width,
        "height": entry.height,
        "usd": entry.cost,
        "came": entry.came,
        "id": entry.id,
        "path": str(entry.path) if entry.path else None,
    }
