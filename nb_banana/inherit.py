"""Options that nobody said: from the first reference (an edit looks like it), or the settings."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nb_banana.image import BananaImage
from nb_banana.models import find_model, ratio_value
from nb_banana.references import Reference
from nb_banana.settings import settings


def options_like(images: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a request takes over from its first reference, where that was made here.

    Args:
        images: the references, one or several.
        said: what the person said, which decides the model and with it what can be asked.

    Returns:
        ``model`` (one that takes references), ``aspect_ratio`` as delivered, ``resolution`` as
        asked; empty where the first reference is no `BananaImage`.
    """
    first = _first(images)
    if not isinstance(first, BananaImage):
        return {}
    model_name = said.get("model") or _editor(first.request.model)
    found: dict[str, Any] = {"model": model_name}
    model = find_model(model_name)
    if model is not None and model.aspect_ratios:
        found["aspect_ratio"] = nearest_ratio(first.width, first.height, model.aspect_ratios)
    if first.request.resolution and (
        model is None or first.request.resolution in model.resolutions
    ):
        found["resolution"] = first.request.resolution
    return found


def usual_options(model_name: str) -> dict[str, Any]:
    """The settings that hold for a model: those that it has no field for stay behind."""
    names = ("aspect_ratio", "resolution", "web_search")
    found = {name: getattr(settings, name) for name in names}
    model = find_model(model_name)
    if model is not None:
        found["web_search"] = found["web_search"] and model.web_search
        found["resolution"] = found["resolution"] if model.resolutions else None
        found["aspect_ratio"] = found["aspect_ratio"] if model.aspect_ratios else None
    return {"model": model_name, **found}


def nearest_ratio(width: int, height: int, allowed: Sequence[str]) -> str:
    """The allowed ratio whose shape is nearest to a picture's.

    >>> nearest_ratio(1376, 768, ["1:1", "4:3", "16:9"])
    '16:9'
    """
    return min(allowed, key=lambda each: abs(math.log(ratio_value(each) * height / width)))


def _first(images: Any) -> Any:
    while isinstance(images, list | tuple):
        if not images:
            return None
        images = images[0]
    return images.source if isinstance(images, Reference) else images


def _editor(name: str) -> str:
    """The model itself where it takes references, else its twin that does."""
    model = find_model(name)
    if model is None or model.max_images != 0:
        return name
    twin = find_model(f"{model.ids[0]}-edit")
    return twin.ids[0] if twin else name
