"""``python -m tests.benchmarks [--quick] [--list] [SECTION …]``: prints Markdown.

The same goes into ``bench.md`` and ``bench.json`` of the current folder.
"""

import argparse
import sys
from pathlib import Path

from . import environments, report
from .machine import this_machine
from .rounds import take
from .rows import rows
from .sections import SECTIONS
from .stage import stage


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="one round of few, to see it work")
    parser.add_argument("--list", action="store_true", help="say what is measured; measure nothing")
    parser.add_argument("--out", default=".", type=Path, help="the folder of bench.md, bench.json")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.sections if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}: there are {', '.join(SECTIONS)}")
    if given.list:
        print("\n".join(f"{each.name:12} {each.what}" for each in SECTIONS.values()))
        return 0
    chosen = [SECTIONS[name] for name in given.sections or SECTIONS]
    environments.compile_all()
    machine = this_machine()
    found = []
    with stage(quick=given.quick) as here:
        for section in chosen:
            found += rows(section, take(section, here))
    page = report.markdown(machine, chosen, found, quick=given.quick)
    (given.out / "bench.md").write_text(page, "utf-8")
    (given.out / "bench.json").write_text(report.as_json(machine, found), "utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
