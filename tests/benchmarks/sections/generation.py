"""One generation: the client's own work, beside a `requests.Session`."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

MEASURES = (Measure("cpu", "processor"),)
CLIENTS = {
    "requests, a new connection each": "sample",
    "urllib3.PoolManager": "pool",
    "httpx.Client": "httpx",
    "aiohttp": "aiohttp",
    "openai, then requests.get": "openai",
    "google-genai": "google-genai",
    "gemimg, not saving": "gemimg",
    "gemimg": "gemimg saving",
}
FEW = {"gemimg saving": 3}
"""It takes a second each time."""


def cases(stage: Stage, base: str, alone: float, whole: float) -> list[Case]:
    """All clients on one address, with the goals of ours."""
    count = stage.count(100, 5)

    def case(name: str, client: str, **options: Any) -> Case:
        argument = {"client": client, "base": base, "count": min(count, FEW.get(client, count))}
        return Case(name, "drawing", argument, **options)

    return [
        case("requests.Session", "session", home="ours", is_reference=True),
        case("requests.Session, hash, write and fsync", "session keeping", home="ours"),
        *[case(name, client) for name, client in CLIENTS.items()],
        case(
            "nb_banana, its client alone",
            "nb_banana client",
            home="ours",
            goals={"cpu": Goal(alone)},
        ),
        case("nb_banana, all of it", "nb_banana", home="ours", goals={"cpu": Goal(whole)}),
    ]


HTTP = Section(
    "generation",
    "The processor's seconds that a client takes for a generation and its picture of 1.9 MB, once "
    "it is warm; beside `requests.Session` with a POST and a GET. All of nb_banana is the journal, "
    "the file and the value too.",
    MEASURES,
    lambda stage: cases(stage, stage.http(), 0.52, 1.8),
    floor="The floor of keeping a picture is the second row: its hash, its file, on the disk "
    "before anybody relies on it. Above that stand three transactions of SQLite, each on "
    "the disk before the next step (asked, answered, kept), of some 0.2 each, nearly all of it the "
    "system's: a journal is made, waited for three times and deleted. And two openings of the "
    "index, of some 0.1 each, for each compiles its statements: one before the service is asked, "
    "one when it has answered, for no file stays open while it draws. To go lower, one of them "
    "would have to be given up: then a crash could lose a picture that is paid.",
)
TLS = Section(
    "tls",
    "The same over TLS.",
    MEASURES,
    lambda stage: cases(stage, stage.tls(), 0.65, 1.3),
)
