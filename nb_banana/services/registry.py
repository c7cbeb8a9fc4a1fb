"""Which services there are, by name. Each is loaded when it is named, and not before."""

from functools import lru_cache
from importlib import import_module

from nb_banana._text import did_you_mean, shown
from nb_banana.errors import SettingsError
from nb_banana.services.service import Service

DEFAULT = "aimlapi"
BUILT_IN = {
    "aimlapi": "nb_banana.services.aimlapi.service:AimlApi",
    "fal": "nb_banana.services.fal:Fal",
    "google": "nb_banana.services.google:Google",
    "openai": "nb_banana.services.openai:OpenAi",
    "openrouter": "nb_banana.services.openrouter:OpenRouter",
}
"""The services that come with us, and the class of each."""


@lru_cache(maxsize=64)
def find_service(name: str = DEFAULT) -> Service:
    """The service of a name.

    Raises:
        SettingsError: there is none.
    """
    if not isinstance(name, str) or name not in BUILT_IN:
        known = sorted(BUILT_IN)
        said = f"There is no service {shown(name)}: there are {', '.join(known)}."
        raise SettingsError(said + did_you_mean(str(name), known))
    module, _, attribute = BUILT_IN[name].partition(":")
    found: type[Service] = getattr(import_module(module), attribute)
    return found()


class Services(dict[str, Service]):
    """Those that a client has named so far; each is found when it is named."""

    def __missing__(self, name: str) -> Service:
        self[name] = found = find_service(name)
        return found
