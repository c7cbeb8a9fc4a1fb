"""The same where the service takes fewer at once than are sent."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage
from .batch import drawn, ideal, many

ROOM = 8
CLIENTS = {
    "requests.Session, one a thread": ("session", "ours"),
    "requests.Session with Retry(10)": ("session with retry", "ours"),
    "httpx.Client": ("httpx", "peers"),
    "openai, then requests.get": ("openai", "peers"),
}


def cases(stage: Stage) -> list[Case]:
    seconds, base = drawn(stage), stage.http(ROOM)
    least = {"wall": ideal(seconds, ROOM), "delivered": len(seconds)}
    goals = {
        "delivered": Goal(len(seconds), "value", at_least=True),
        "wall": Goal(1.04),
        "refused": Goal(12, "value"),
    }

    def case(name: str, client: str, home: str, **options: Any) -> Case:
        return Case(name, "many", many(client, base, base, seconds), home, **options)

    return [
        Case("ideal", is_reference=True, known=least),
        *[case(name, *where) for name, where in CLIENTS.items()],
        case("nb_banana, all is kept", "nb_banana", "ours", goals=goals),
    ]


SECTION = Section(
    "refused",
    "The same 64 requests, 16 at once, to a service that takes 8 and answers 429 to the others; "
    "beside an ideal schedule of 8. Who delivers less has less to wait for.",
    (Measure("delivered", "delivered", ""), Measure("wall", "time"), Measure("refused", "429", "")),
    cases,
    rounds=3,
)
