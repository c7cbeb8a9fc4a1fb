"""Anything that is a picture → what a service accepts as a reference."""

from typing import Any

from nb_banana import _moved


def __getattr__(name: str) -> Any:
    return _moved.find("references", name)
