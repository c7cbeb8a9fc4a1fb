"""Other services than the AI/ML API, each in its own words, over the same books and pictures."""

from importlib import import_module

from nb_banana.sandbox.api import Api

DEFAULT = "aimlapi"
_CLASSES = {
    "fal": "FalApi",
    "google": "GoogleApi",
    "openai": "OpenAiApi",
    "openrouter": "OpenRouterApi",
}
SPOKEN = (DEFAULT, *_CLASSES)
"""The services that are spoken here."""


def api_of(service: str) -> type[Api]:
    """The class that speaks as a service; a ValueError where there is none."""
    if service == DEFAULT:
        return Api
    if service not in _CLASSES:
        raise ValueError(f"Unknown service {service!r}. Expected one of: {', '.join(SPOKEN)}")
    found: type[Api] = getattr(import_module(f"{__name__}.{service}"), _CLASSES[service])
    return found
