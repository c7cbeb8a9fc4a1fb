"""The first picture of a fresh process."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

CLIENTS = {
    "requests, a new connection each": "sample",
    "httpx.Client": "httpx",
    "openai, then requests.get": "openai",
    "google-genai": "google-genai",
    "gemimg, not saving": "gemimg",
    "litellm": "litellm",
}


def cases(stage: Stage) -> list[Case]:
    base = stage.tls()

    def case(name: str, client: str, **options: Any) -> Case:
        return Case(name, "first", {"client": client, "base": base}, **options)

    return [
        case("requests.Session", "session", home="ours", is_reference=True),
        case("requests.Session, Pillow, traitlets, sqlite3", "session importing", home="ours"),
        *[case(name, client) for name, client in CLIENTS.items()],
        case("nb_banana", "nb_banana", home="ours", goals={"wall": Goal(1.4)}),
    ]


SECTION = Section(
    "first",
    "From the first line of a fresh process to the first picture's bytes, over TLS: import, "
    "construct, send, fetch; beside `requests.Session`. nb_banana also keeps it.",
    (Measure("wall", "time"),),
    cases,
    rounds=9,
    warm=True,
    floor="What is left above a Session is, by instructions: a quarter traitlets with its "
    "configuration, which a kernel has loaded before us; a quarter the data classes and tuples "
    "with names, whose functions Python compiles in each process; a sixth the SHA-256 of the "
    "picture; a sixth the rest of some 75 modules of ours; SQLite, decimal and platformdirs. By "
    "the clock it is also a library that is made anew with its three writes, 16 waits for the "
    "disk, and the question which models go away, which has a connection of its own.",
)
