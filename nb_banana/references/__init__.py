"""Anything that is a picture → what a service accepts as a reference.

What a picture may come from (Pillow, numpy, …) is imported inside of functions, where there is one.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name not in ("Address", "Reference"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nb_banana import _moved  # a pickle of an earlier version asks here, and nobody else

    return _moved.find_name("references", name)
