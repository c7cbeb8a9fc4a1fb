"""Who draws, and how it is asked. What is the AI/ML API's own is in `aimlapi`.

For who writes another service: `Service` and what it takes and gives.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Service": "service",
    "answer_in": "reading",
    "picture_of": "reading",
    "words_in": "reading",
    **dict.fromkeys(
        (
            *("Call", "Upload", "KeyHeader", "Reply", "ResultItem", "ServiceAnswer", "Refusal"),
            *("Failed", "Unreadable", "Ticket", "SentRequest", "Fate", "UNKNOWN", "Get"),
        ),
        "exchange",
    ),
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
