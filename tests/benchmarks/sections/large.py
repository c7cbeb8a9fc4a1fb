"""A library of very many pictures, beside one of a hundred."""

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

MEASURES = (
    Measure("hit", "the same cell again"),
    Measure("history", "history()"),
    Measure("shown", "history(), shown as text"),
    Measure("common", "history(a word of nearly all)"),
    Measure("rare", "history(a word of one)"),
    Measure("notebook", "history(notebook=…)"),
    Measure("load", "load(id)"),
    Measure("file", "load(file)"),
    Measure("children", "picture.children"),
    Measure("spending", "spending()"),
    Measure("doctor", "doctor()"),
    Measure("recover", "recover()"),
    Measure("extension", "%reload_ext"),
)
GOALS = {each.key: Goal(2) for each in MEASURES}


def cases(stage: Stage) -> list[Case]:
    picture, count = stage.picture("tiny.png"), stage.count(9, 2)
    small, large = stage.count(100, 20), stage.count(100_000, 200)

    def argument(size: int) -> dict[str, int | str]:
        return {"size": size, "picture": picture, "count": count}

    return [
        Case(f"nb_banana, of {small:,}", "growing", argument(small), "ours", is_reference=True),
        Case(f"nb_banana, of {large:,}", "growing", argument(large), "ours", goals=GOALS),
    ]


SECTION = Section(
    "large",
    "What is asked of a library of very many pictures, in processor time; beside the same of a "
    "hundred. Each question was asked once before.",
    MEASURES,
    cases,
    rounds=3,
    floor="What is counted, or looked for in all of the prompts and files, is known until somebody "
    "writes to the library, and counted once after that: then `history()` of 100,000 takes some 40 "
    "ms, `spending()` some 150 ms, and `doctor()`, which sees that each page of the index makes "
    "sense and sums up what is old, some 0.5 s. Once a day the whole index is looked through, and "
    "each file looked for: that takes 2 s.",
)
