"""Which services there are, by name. Each is loaded when it is named, and not before."""

from functools import lru_cache
from importlib import import_module

from nb_banana.services.service import Service

DEFAULT = "aimlapi"
BUILT_IN = {"aimlapi": "nb_banana.services.aimlapi.service:AimlApi"}


@lru_cache(maxsize=64)
def find_service(name: str = DEFAULT) -> Service:
    """The service of a name."""
    module, _, attribute = BUILT_IN[name].partition(":")
    found: type[Service] = getattr(import_module(module), attribute)
    return found()
