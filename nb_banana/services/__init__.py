"""Who draws, and how it is asked. What is the AI/ML API's own is in `aimlapi`.

For who writes another service: `Service` and what it takes and gives. How: notebooks/services.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nb_banana.models import SCALES, SIZES, Model
    from nb_banana.references.limits import ReferenceLimits
    from nb_banana.services.exchange import (
        UNKNOWN,
        Call,
        Failed,
        Fate,
        Get,
        KeyHeader,
        Outcome,
        Refusal,
        Reply,
        ResultItem,
        SentRequest,
        ServiceAnswer,
        Ticket,
        Unreadable,
        Upload,
        at,
    )
    from nb_banana.services.reading import answer_in, item_in, picture_of, words_in
    from nb_banana.services.service import Service

__all__ = [
    "SCALES",
    "SIZES",
    "UNKNOWN",
    "Call",
    "Failed",
    "Fate",
    "Get",
    "KeyHeader",
    "Model",
    "Outcome",
    "ReferenceLimits",
    "Refusal",
    "Reply",
    "ResultItem",
    "SentRequest",
    "Service",
    "ServiceAnswer",
    "Ticket",
    "Unreadable",
    "Upload",
    "answer_in",
    "at",
    "item_in",
    "picture_of",
    "words_in",
]

# Where each lives, as in `nb_banana`: what is not used is not loaded.
_HOMES = dict.fromkeys(__all__, "services.exchange") | {
    **dict.fromkeys(("SCALES", "SIZES", "Model"), "models"),
    "ReferenceLimits": "references.limits",
    "Service": "services.service",
    **dict.fromkeys(("answer_in", "item_in", "picture_of", "words_in"), "services.reading"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"nb_banana.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
