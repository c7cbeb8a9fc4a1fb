"""Many requests at once: how near to an ideal schedule."""

import heapq
import random
from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

LANES = 16
CLIENTS = {
    "requests.Session, one a thread": ("session", "ours"),
    "requests, a new connection each": ("sample", "ours"),
    "httpx.Client": ("httpx", "peers"),
    "aiohttp": ("aiohttp", "peers"),
    "openai, then requests.get": ("openai", "peers"),
}


def ideal(seconds: list[float], lanes: int) -> float:
    """The end of a schedule in which each lane takes the next one as soon as it is free."""
    free = [0.0] * lanes
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def drawn(stage: Stage) -> list[float]:
    """Each request's seconds: one, more or less a fifth."""
    rng = random.Random(4)
    scale = 0.1 if stage.quick else 1.0
    count = stage.count(64, 32)
    return [round(scale * rng.uniform(0.8, 1.2), 3) for _ in range(count)]


def many(
    client: str, base: str, plain: str, seconds: list[float], lanes: int = LANES
) -> dict[str, object]:
    """What the worker is called with."""
    prompts = [f"a banana {number} [{each:.3f} s]" for number, each in enumerate(seconds)]
    return {"client": client, "base": base, "plain": plain, "prompts": prompts, "lanes": lanes}


def cases(stage: Stage) -> list[Case]:
    plain = stage.http()
    return [
        *cases_of(stage, "http", plain, 1.03),
        *cases_of(stage, "TLS", stage.tls(), 1.03),
    ]


def cases_of(stage: Stage, group: str, base: str, goal: float) -> list[Case]:
    seconds = drawn(stage)
    least = {"wall": ideal(seconds, LANES)}

    def case(name: str, client: str, home: str, **options: Any) -> Case:
        argument = many(client, base, stage.http(), seconds)
        return Case(name, "many", argument, home, group, **options)

    return [
        Case("ideal", group=group, is_reference=True, known=least),
        *[case(name, *where) for name, where in CLIENTS.items()],
        case("nb_banana, all is kept", "nb_banana", "ours", goals={"wall": Goal(goal)}),
    ]


SECTION = Section(
    "batch",
    "64 requests that take the service 1.0 s ± 20 % each, 16 at once, in a fresh process without "
    "connections; beside an ideal schedule.",
    (Measure("wall", "time"),),
    cases,
    rounds=5,
    floor="What stands above the ideal comes before the first request: a fresh process loads "
    "requests (some 0.02, which the others have loaded before the clock starts) and what of "
    "nb_banana a batch needs (some 0.015), and makes the library. Then all places at the service "
    "are taken until the last answer, whose picture is fetched and kept.",
)
