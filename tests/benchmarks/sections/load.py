"""Loading an extension into a kernel that has just started."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

LOAD = "%load_ext nb_banana"
TEN_MS = {"wall": Goal(0.010, "value")}
EMPTY = "%load_ext tests.benchmarks.work.empty_magic"


def cases(stage: Stage) -> list[Case]:
    base = stage.http()
    return [
        case("ours", "import requests", "import requests", is_reference=True),
        case("ours", "one empty magic", EMPTY),
        case("ours", "autoreload", "%load_ext autoreload"),
        ours("nb_banana", LOAD, TEN_MS),
        ours("nb_banana, a library with pictures", LOAD, TEN_MS, base=base),
        ours("nb_banana, with keyring", LOAD, TEN_MS, kernel="own"),
        ours("nb_banana, only import", "import nb_banana", {"wall": Goal(0.005, "value")}),
        case("loading", "import requests", "import requests", is_reference=True),
        case("loading", "jupysql", "%load_ext sql"),
        case("loading", "jupyter-ai-magics 2", "%load_ext jupyter_ai_magics"),
        case("loading", "jupyter-ai-magic-commands 0", "%load_ext jupyter_ai_magic_commands"),
    ]


GROUPS = {"ours": "", "loading": "in their own environment"}


def case(kernel: str, name: str, line: str, **options: Any) -> Case:
    argument = {"kernel": kernel, "line": line}
    return Case(name, "loading", argument, "own", GROUPS[kernel], **options)


def ours(
    name: str, line: str, goals: dict[str, Goal], *, kernel: str = "ours", base: str = ""
) -> Case:
    argument = {"kernel": kernel, "line": line, "base": base}
    return Case(name, "loading", argument, "own", goals=goals)


SECTION = Section(
    "load",
    "A line in a kernel that has just started, by the kernel's clock; beside `import requests` "
    "there.",
    (Measure("wall", "time"),),
    cases,
    warm=True,
)
