"""`make mutation`: are there changes of the code that no test notices? mutmut makes them, and asks.

Each module is asked with tests that are about it and run in this process, in a copy of the tree
below `.mutation`, where `mutmut show NAME` and `mutmut browse` look at what survived.
"""

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".mutation"
ABOUT = {
    "request": (
        "request.py",
        "test_request test_fields services/test_client results/test_image display/test_wait_frame",
    ),
    "journal": (
        "generation/journal_entry.py",
        "generation/test_journal_entry generation/test_pipeline library/test_stand_in",
    ),
    "send": (
        "services/send.py",
        "services/test_client services/test_odd_answers services/test_kinds services/test_tickets "
        "services/test_about test_key_leaks batch/test_batch_stops",
    ),
    "responses": (
        "services/reading.py services/exchange.py services/result.py services/receipt.py "
        "services/failures.py",
        "services/test_reading services/test_odd_answers services/test_interface "
        "services/test_kinds services/test_client",
    ),
    "services": (
        "services/*.py",
        "services/test_client services/test_odd_answers services/test_kinds services/test_tickets "
        "services/test_interface services/test_others services/test_each_service "
        "services/test_ledger services/test_prices services/test_prices_of_each "
        "services/test_model_status test_classroom",
    ),
    "each": (
        "services/google.py services/openrouter.py services/fal.py services/openai.py",
        "services/test_odd_answers services/test_reading services/test_prices_of_each "
        "services/test_each_service services/test_tickets",
    ),
    "aimlapi": (
        "services/aimlapi/*.py",
        "services/test_odd_answers services/test_client services/test_ledger services/test_prices "
        "generation/test_charged test_classroom",
    ),
    "money": (
        "generation/budget.py generation/charges.py services/pricing.py services/receipt.py",
        "test_money generation/test_estimate generation/test_charged generation/test_paid_pictures "
        "services/test_prices services/test_prices_of_each services/test_about "
        "services/test_each_service batch/test_several_services results/test_one_bill",
    ),
    "library": (
        "library/*.py",
        "library/test_library library/test_transfer library/test_layers library/test_stand_in "
        "library/test_library_trouble results/test_history results/test_archive "
        "generation/test_forgetting generation/test_recovery services/test_tickets "
        "services/test_prices lesson/test_unshown lesson/test_by_words test_statement",
    ),
}
"""What is asked about: the modules, and the tests that prove what they do."""

CONFIG = """[mutmut]
source_paths = nb_banana
only_mutate =
    {modules}
also_copy =
    README.md
    CHANGELOG.md
    notebooks
    nb_banana
pytest_add_cli_args =
    -p
    no:randomly
    -p
    no:xdist
pytest_add_cli_args_test_selection =
    {tests}
do_not_mutate_patterns =
    ^\\s*(raise [\\w.]+\\(|\\w+ = |return )?[rf]?"[^"]* [^"]*"
timeout_constant = 10
timeout_multiplier = 5
process_isolation = forkserver
use_git_change_detection = false
"""
"""A line that is a sentence for people is left out: tests hold to what it says, not to words."""


def copy_of_tree(name: str) -> Path:
    """The tree as it is now, and what mutmut is to do there."""
    place = PLACE / name
    shutil.rmtree(place, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for file in subprocess.check_output(listed, cwd=ROOT, text=True).split("\0"):
        if (ROOT / file).is_file():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, place / file)
    modules, tests = ABOUT[name]
    config = CONFIG.format(
        modules="\n    ".join(f"nb_banana/{each}" for each in modules.split()),
        tests="\n    ".join(f"tests/{each}.py" for each in tests.split()),
    )
    (place / "setup.cfg").write_text(config, "utf-8")
    return place


def ask(name: str, some: str) -> None:
    """Make the mutants, run the tests, and say which of them survived."""
    place = copy_of_tree(name)
    mutmut = [sys.executable, "-m", "mutmut"]
    with (place / "mutmut.log").open("wb") as log:
        run = [*mutmut, "run", "--max-children", "1", f"nb_banana.*{some}"]
        subprocess.run(run, cwd=place, stdout=log, stderr=log)
    said = subprocess.check_output([*mutmut, "results", "--all", "1"], cwd=place, text=True)
    ends = [line.strip().split(": ") for line in said.splitlines() if "__mutmut_" in line]
    for mutant, end in sorted(ends):
        if end not in {"killed", "not checked"}:
            print(f"    {end}: {mutant}")
    print(name, dict(Counter(end for _, end in ends)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*ABOUT, []], metavar="NAME", help="all, where none is named"
    )
    parser.add_argument("--some", default="", help="names that end so: '[37]'")
    asked = parser.parse_args()
    for each in asked.names or ABOUT:
        ask(each, asked.some)
