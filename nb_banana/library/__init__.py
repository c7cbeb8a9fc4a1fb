"""What was asked and what came, on the disk. The only room that imports `sqlite3`."""

from typing import Any


def __getattr__(name: str) -> Any:
    from nb_banana import (
        _moved,  # a pickle of an earlier version asks here, and hardly anybody else
    )

    return _moved.find_class("library", name)
