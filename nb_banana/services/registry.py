"""Which services there are, by name. Each is loaded when it is named, and not before."""

from contextlib import suppress
from functools import lru_cache
from importlib import import_module

from nb_banana._catalogue import AIMLAPI, Catalogue, find_in
from nb_banana._text import did_you_mean, shown, what_it_says
from nb_banana.credentials import PLACES, PLUGINS, plugin_names, service_names
from nb_banana.errors import RequestError, SettingsError
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
        return _installed(name)
    module, _, attribute = BUILT_IN[name].partition(":")
    found: type[Service] = getattr(import_module(module), attribute)
    return found()


def _installed(name: str) -> Service:
    """The service of a package that was installed: an entry point of ours."""
    from importlib.metadata import entry_points  # load time: most people have none

    known = service_names()
    found = list(entry_points(group=PLUGINS, name=name)) if name in plugin_names() else []
    if not found:
        said = f"There is no service {shown(name)}: there are {', '.join(known)}."
        raise SettingsError(said + did_you_mean(name, known))
    # Who uses what comes with us never loads it.
    from nb_banana.services.guarded import Guarded, check

    package = found[0].dist.name if found[0].dist else "its package"
    try:
        service = found[0].load()()
        check(service, name)
        service = Guarded(service)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        raise SettingsError(
            f"The service {name!r} of {package} can't be used: {what_it_says(error)}. Update the "
            "package or take it away; nothing was sent."
        ) from None
    PLACES.setdefault(name, service.place)  # from now on its key is known as a key
    return service


def ids_of_all(model: str) -> tuple[str, ...]:
    """The names that the services which come with us know a model by."""
    found: list[str] = []
    for name in BUILT_IN:
        with suppress(RequestError):  # it has none of these
            row = find_in(find_service(name).catalogue, model)
            found += row.ids if row else ()
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=256)
def catalogue_with(model: str) -> Catalogue:
    """The models of the first service that comes with us and has one of this id."""
    every = (find_service(name).catalogue for name in BUILT_IN)
    return next((c for c in every if any(model in row.ids for row in c.models)), AIMLAPI)


class Services(dict[str, Service]):
    """Those that a client has named so far; each is found when it is named."""

    def __missing__(self, name: str) -> Service:
        self[name] = found = find_service(name)
        return found
