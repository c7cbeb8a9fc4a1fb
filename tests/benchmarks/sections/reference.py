"""From a photo to a request's body."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

WAYS = {
    "base64 alone": ("base64", "ours"),
    "pyvips, 2048 pixels": ("pyvips", "peers"),
    "gemimg": ("gemimg", "peers"),
    "google-genai, of a Pillow image": ("google-genai", "peers"),
}
SHRUNK = {"wall": Goal(0.35), "peak": Goal(0.3)}


def cases(stage: Stage) -> list[Case]:
    path, small = stage.picture("camera.jpg"), stage.picture("photo-1k.jpg")
    count = stage.count(5, 1)

    def case(name: str, way: str, home: str, again: bool = False, **options: Any) -> Case:
        argument = {"way": way, "path": path, "small": small, "again": again, "count": count}
        return Case(name, "referring", argument, home, **options)

    return [
        case("PIL, thumbnail(2048) and JPEG", "pillow", "ours", is_reference=True),
        *[case(name, *where) for name, where in WAYS.items()],
        case("nb_banana, passed on", "nb_banana", "ours", goals={"wall": Goal(0.04)}),
        case("nb_banana, made smaller to 2048", "nb_banana shrunk", "ours", goals=SHRUNK),
        case("nb_banana, the same once more", "nb_banana shrunk", "ours", again=True),
    ]


SECTION = Section(
    "reference",
    "From the JPEG of a 12 megapixel camera to a reference as it is sent (base64), and on to the "
    "JSON body of the request; beside Pillow's `thumbnail((2048, 2048))` and a JPEG of quality 90.",
    (
        Measure("wall", "time to the reference"),
        Measure("body", "time to the body"),
        Measure("peak", "memory", "B"),
        Measure("sent", "size of the body", "B"),
    ),
    cases,
    floor="The floor of what is passed on is `base64` alone, whatever it is compared with.",
)
