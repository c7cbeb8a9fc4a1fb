"""What was asked and what came, on the disk. The only room that imports `sqlite3`."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name not in ("Library",):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nb_banana import _moved  # a pickle of an earlier version asks here, and nobody else

    return _moved.find_name("library", name)
