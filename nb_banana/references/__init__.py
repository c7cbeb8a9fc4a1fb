"""Anything that is a picture → what a service accepts as a reference."""

from typing import Any


def __getattr__(name: str) -> Any:
    from nb_banana import (
        _moved,  # a pickle of an earlier version asks here, and hardly anybody else
    )

    return _moved.find_class("references", name)
