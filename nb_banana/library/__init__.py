"""What was asked and what came, on the disk. The only room that imports `sqlite3`."""

from typing import Any

from nb_banana import _moved


def __getattr__(name: str) -> Any:
    return _moved.find("library", name)
