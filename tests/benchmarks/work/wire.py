"""The vendor's wire, as every client speaks it."""

from collections.abc import Callable
from typing import Any

KEY = "bench-key-0123456789"
"""Opens nothing."""
HEADERS = {"Authorization": f"Bearer {KEY}"}
MODEL = "google/nano-banana-2"
GENERATIONS = "/v1/images/generations"
Draw = Callable[[str], Any]
"""From a prompt to a picture, as the client hands it over."""


def body(prompt: str) -> dict[str, Any]:
    return {"model": MODEL, "prompt": prompt}


def link(answer: Any) -> str:
    url: str = answer["data"][0]["url"]
    return url
