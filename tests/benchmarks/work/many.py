"""Many requests at once, in a fresh process: how long they take and what came of them."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

from .clients import CLIENTS
from .plain import opened
from .wire import KEY

SHARED = {"httpx", "openai", "google-genai", "pool"}
"""Clients that threads may share."""
Run = Callable[[str, list[str], int], int]
"""From the address, the prompts and the lanes to how many pictures came."""


def measure(client: str, base: str, plain: str, prompts: list[str], lanes: int) -> dict[str, float]:
    """`plain` is the same service over http, which tells how often it refused."""
    CLIENTS[client](base)  # everything is imported; nothing is sent yet
    run = RUNS[client]() if client in RUNS else in_threads(client)
    before = refused(plain)
    started = time.perf_counter()
    delivered = run(base, prompts, lanes)
    took = time.perf_counter() - started
    return {"wall": took, "delivered": delivered, "refused": refused(plain) - before}


def refused(plain: str) -> int:
    with urlopen(f"{plain}/seen") as answer:
        return int(json.load(answer)["refused"])


def in_threads(client: str) -> Run:
    """A pool of threads; each has a client of its own where they can't share one."""

    def run(base: str, prompts: list[str], lanes: int) -> int:
        local = threading.local()
        shared = CLIENTS[client](base) if client in SHARED else None

        def one(prompt: str) -> int:
            draw = shared or local.__dict__.setdefault("draw", None)
            if draw is None:
                draw = local.draw = CLIENTS[client](base)
            try:
                return bool(draw(prompt))
            except Exception:  # noqa: BLE001 - each client has its own; it was not delivered
                return 0

        with ThreadPoolExecutor(lanes) as pool:
            return sum(pool.map(one, prompts))

    return run


def with_aiohttp() -> Run:
    """One session, and a semaphore for the lanes."""

    async def run(base: str, prompts: list[str], lanes: int) -> int:
        draw = await opened(base)
        room = asyncio.Semaphore(lanes)

        async def one(prompt: str) -> bytes:
            async with room:
                data: bytes = await draw(prompt)
                return data

        came = await asyncio.gather(*map(one, prompts), return_exceptions=True)
        return sum(isinstance(data, bytes) for data in came)

    return lambda *given: asyncio.run(run(*given))


def ours() -> Run:
    """Everything is kept."""
    from nb_banana import configure, generate_many

    def run(base: str, prompts: list[str], lanes: int) -> int:
        configure(base_url=base, concurrency=lanes)
        return len(generate_many(prompts, key=KEY).images)

    return run


RUNS: dict[str, Callable[[], Run]] = {"nb_banana": ours, "aiohttp": with_aiohttp}
"""Those that do it in their own way."""
