"""`Catalogue`: the models of one service. `models.MODELS` are those of the service by default."""

from functools import lru_cache
from typing import Any

from nb_banana.errors import RequestError
from nb_banana.models import DEFAULT_MODEL, MODELS, Model, find_model, model_id, short_name


class Catalogue:
    """The models of one service: what a person may call them there, and what they take."""

    def __init__(
        self, service: str, models: tuple[Model, ...], count_field: str = "num_images"
    ) -> None:
        self.service, self.models = service, models
        self.count_field = count_field  # the further field that asks for several pictures at once

    def __reduce__(self) -> Any:
        return (
            "AIMLAPI"
            if self is AIMLAPI
            else (Catalogue, (self.service, self.models, self.count_field))
        )


AIMLAPI = Catalogue("aimlapi", MODELS)


@lru_cache(maxsize=256)
def id_in(catalogue: Catalogue, name: str) -> str:
    """The name to send for any of a model's names; what nobody knows is sent as it is.

    Raises:
        RequestError: a model that others have and this service has not.
    """
    if catalogue.models is MODELS:
        return model_id(name)
    known = find_model(name)  # its short names are the same everywhere: it is the same model
    short = {name.strip().lower(), *(known.short if known else ())}
    for model in catalogue.models:
        if short & {*map(str.lower, model.ids), *model.short}:
            return model.ids[0]
    if known is None or not catalogue.models:  # of a service that names none, any is sent
        return name.strip()
    raise _absent(catalogue, known)


def _absent(catalogue: Catalogue, model: Model) -> RequestError:
    has = ", ".join(each.short[0] for each in catalogue.models)
    return RequestError(f"{catalogue.service} has no {model.short[0]}: its models are {has}.")


@lru_cache(maxsize=256)
def find_in(catalogue: Catalogue, name: str) -> Model | None:
    """The row of a model; None where there is none of that name. Raises as `id_in`."""
    wanted = id_in(catalogue, name)
    return next((model for model in catalogue.models if wanted in model.ids), None)


@lru_cache(maxsize=256)
def usual_in(catalogue: Catalogue, name: str) -> str:
    """The model of the settings; the service's first, where it has not what nobody chose."""
    try:
        return id_in(catalogue, name)
    except RequestError:
        if name != DEFAULT_MODEL:
            raise
        return catalogue.models[0].ids[0]


@lru_cache(maxsize=256)
def same_in(catalogue: Catalogue, other: Catalogue, name: str) -> str:
    """The name to send for a model that a picture of another service has. Raises as `id_in`."""
    row = None if catalogue is other else find_in(other, name)
    if row is None:
        return id_in(catalogue, name)
    found = find_in(catalogue, row.short[0])
    if found is None and catalogue.models:
        raise _absent(catalogue, row)
    return found.ids[0] if found else row.short[0]


@lru_cache(maxsize=256)
def short_in(catalogue: Catalogue, name: str) -> str:
    """What captions call a model of a service.

    >>> short_in(AIMLAPI, "google/nano-banana-2")
    'nano-banana-2'
    """
    row = next((model for model in catalogue.models if name in model.ids), None)
    return row.short[0] if row else short_name(name)


@lru_cache(maxsize=256)
def drawer_in(catalogue: Catalogue, name: str) -> str:
    """Who draws, while somebody waits: the model, and the service where that is another one."""
    service = "" if catalogue is AIMLAPI else f" on {catalogue.service}"
    return f"{short_in(catalogue, name)}{service}"
