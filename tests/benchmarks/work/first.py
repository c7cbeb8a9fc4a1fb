"""From the first line of a fresh process to the first picture's bytes."""

import sys
import time

from .clients import CLIENTS


def measure(client: str, base: str) -> dict[str, float]:
    CLIENTS[client](base)("a banana")
    return {"wall": time.perf_counter() - sys.modules["__main__"].STARTED}
