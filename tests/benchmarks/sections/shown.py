"""From a picture to what the notebook shows of it."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

SIZES = {
    "photo-1k.png": ("1K", 0.30, 5),
    "photo-2k.png": ("2K", 0.30, 3),
    "photo-4k.png": ("4K", 0.26, 1),
}
CLOCK = """
import io, json, statistics, time
from IPython import get_ipython
from tests.benchmarks.numbering import numbered
show = get_ipython().display_formatter.format
def usual(values):
    took = []
    for value in values:
        started = time.perf_counter()
        assert show(value())[0]
        took.append(time.perf_counter() - started)
    print(json.dumps({{"wall": statistics.median(took[1:])}}))
datas = [numbered(open({path!r}, "rb").read(), number) for number in range({count} + 1)]
"""
PILLOW = "import PIL.Image\nusual([lambda d=d: PIL.Image.open(io.BytesIO(d)) for d in datas])"
VIPS = """import pyvips
from IPython.display import Image
def small(d): return pyvips.Image.thumbnail_buffer(d, 768).jpegsave_buffer(Q=85)
usual([lambda d=d: Image(data=small(d)) for d in datas])"""
OURS = """import nb_banana
nb_banana.configure(base_url={base!r})
made = [nb_banana.generate(f"banana {{n}} [{name}]") for n in range({count} + 1)]
usual([lambda image=image: image for image in made])"""


def cases(stage: Stage) -> list[Case]:
    names = list(SIZES)[: 1 if stage.quick else None]
    return [*(each for name in names for each in cases_of(stage, name)), *sheets(stage)]


def sheets(stage: Stage) -> list[Case]:
    pictures, count = stage.count(100, 4), stage.count(3, 1)
    kinds = ("photo-1k.png", "photo-1k.jpg")[: 1 if stage.quick else None]

    def case(name: str, way: str, kind: str, **options: Any) -> Case:
        argument = {"way": way, "picture": stage.picture(kind), "pictures": pictures}
        group = f"{pictures} pictures at once, {kind.rpartition('.')[2].upper()}"
        return Case(name, "sheeting", argument | {"count": count}, "ours", group, **options)

    goals = {"wall": Goal(1)}
    return [
        each
        for kind in kinds
        for each in (
            case("Pillow decodes each", "pillow", kind, is_reference=True),
            case("nb_banana, a gallery", "gallery", kind, goals=goals),
            case("nb_banana, a contact sheet", "contact sheet", kind, goals=goals),
            case("nb_banana, the history", "history", kind, goals=goals),
        )
    ]


def cases_of(stage: Stage, name: str) -> list[Case]:
    title, goal, count = SIZES[name]
    facts = {
        "path": stage.picture(name),
        "base": stage.http(),
        "name": name,
        "count": stage.count(count, 1),
    }

    def case(what: str, code: str, kernel: str, **options: Any) -> Case:
        cells = [CLOCK.format(**facts), code.format(**facts)]
        argument = {"kernel": kernel, "cells": cells}
        return Case(what, "cells", argument, "own", title, **options)

    return [
        case("PIL as last expression", PILLOW, "ours", is_reference=True),
        case("pyvips, a thumbnail of 768 pixels", VIPS, "peers"),
        case("nb_banana", OURS, "ours", goals={"wall": Goal(goal)}),
    ]


SECTION = Section(
    "shown",
    "From a PNG's bytes to the bundle that a notebook gets, of pictures that were never shown "
    "before, in a real kernel; beside a Pillow image as a cell's last expression. nb_banana's "
    "pictures come from its library.",
    (Measure("wall", "time"),),
    cases,
    rounds=3,
)
