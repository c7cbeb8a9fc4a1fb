"""The library and the panel, beside plain files, plain threads and a plain form."""

from typing import Any

from ..cases import Case, Measure, Section
from ..stage import Stage
from .batch import many


def cases(stage: Stage) -> list[Case]:
    return [*finding(stage), *storing(stage), *throughput(stage), *panel(stage)]


def finding(stage: Stage) -> list[Case]:
    picture, count = stage.picture("photo-1k.png"), stage.count(40, 10)
    small, large = stage.count(1_000, 100), stage.count(100_000, 200)

    def case(name: str, way: str, size: int, group: str, **options: Any) -> Case:
        argument = {"way": way, "size": size, "picture": picture, "count": count}
        return Case(name, "finding", argument, "ours", group, **options)

    one, grown = "a picture from the library", "a picture of many"
    return [
        case("reading its file", "read", small, one, is_reference=True),
        case("nb_banana", "hit", small, one),
        case(f"nb_banana, of {small:,}", "hit", small, grown, is_reference=True),
        case(f"nb_banana, of {large:,}", "hit", large, grown),
    ]


def storing(stage: Stage) -> list[Case]:
    picture, count = stage.picture("photo-1k.png"), stage.count(20, 5)

    def case(name: str, way: str, times: int, **options: Any) -> Case:
        argument = {"way": way, "picture": picture, "times": times, "count": count}
        group = f"keeping {1.9 * times:g} MB"
        return Case(name, "storing", argument, "ours", group, **options)

    return [
        each
        for times in (1, 10)
        for each in (
            case("write and fsync", "file", times, is_reference=True),
            case("nb_banana", "nb_banana", times),
        )
    ]


def throughput(stage: Stage) -> list[Case]:
    seconds = [0.0] * stage.count(2000, 50)
    base, group = stage.http(), f"{len(seconds)} requests of no time, 4 at once"
    plain = many("session writing", base, base, seconds, 4)
    ours = many("nb_banana", base, base, seconds, 4)
    return [
        Case("requests.Session, to files", "many", plain, "ours", group, is_reference=True),
        Case("nb_banana", "many", ours, "ours", group),
    ]


def panel(stage: Stage) -> list[Case]:
    argument = {"base": stage.http(), "count": stage.count(15, 5)}
    group = "opening the panel"
    bare, ours = argument | {"way": "bare"}, argument | {"way": "nb_banana"}
    return [
        Case("a form of as many widgets", "paneling", bare, "ours", group, is_reference=True),
        Case("nb_banana", "paneling", ours, "ours", group),
    ]


SECTION = Section(
    "library",
    "What the library and the panel take, beside plain files, plain threads and a plain form.",
    (Measure("wall", "time"),),
    cases,
    rounds=3,
    floor="A picture from the library costs opening SQLite anew, for nothing stays open between "
    "two calls. Requests of no time show what the journal costs: each one is on the disk "
    "three times.",
)
