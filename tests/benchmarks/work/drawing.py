"""The client's own seconds of processor for each generation, all threads together."""

import time

from .clients import CLIENTS


def measure(client: str, base: str, count: int) -> dict[str, float]:
    """The service draws at once, so that everything that is left is the client's."""
    draw = CLIENTS[client](base)
    for number in range(2):  # imports, connections, certificates
        draw(f"a banana to warm up {number}")
    started, clock = time.process_time(), time.perf_counter()
    for number in range(count):
        draw(f"a banana {number}")
    return {
        "cpu": (time.process_time() - started) / count,
        "wall": (time.perf_counter() - clock) / count,
    }
