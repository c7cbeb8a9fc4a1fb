"""Rounds: each case in a process of its own, in another order each time."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import environments
from .cases import Case, Section
from .stage import Stage

LONGEST = 1800
"""Seconds that one worker may take."""


@dataclass
class Taken:
    """What was measured of a case: one mapping for each round, or why there is none."""

    case: Case
    rounds: list[dict[str, float]] = field(default_factory=list)
    trouble: str = ""


def take(section: Section, stage: Stage) -> list[Taken]:
    """Measure all cases of a section."""
    cases = section.cases(stage)
    taken = [Taken(case) for case in (cases if stage.quick else with_doubles(cases))]
    order = random.Random(section.name)
    count = section.quick_rounds if stage.quick else section.rounds
    is_warm = not section.warm or stage.quick
    for number in range(count if is_warm else count + 1):
        print(f"{section.name}: round {number + 1}", file=sys.stderr, flush=True)
        for each in order.sample(taken, len(taken)):
            _measure(each, stage)
    for each in taken:
        del each.rounds[: len(each.rounds) - count]
    return taken


def with_doubles(cases: list[Case]) -> list[Case]:
    """The cases, and each reference twice: its ratio to itself says how far to trust the others."""
    again = [
        replace(case, name=f"{case.name}, once more (A/A)", is_reference=False)
        for case in cases
        if case.is_reference and not case.known
    ]
    return cases + again


def _measure(taken: Taken, stage: Stage) -> None:
    case = taken.case
    if taken.trouble:
        return
    if case.known:
        taken.rounds.append(dict(case.known))
    elif not environments.installed().keys() >= {case.home, case.argument.get("kernel", "own")}:
        taken.trouble = "not installed"
    else:
        try:
            taken.rounds.append(call(case, stage))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            taken.trouble = f"failed: {error}"


def call(case: Case, stage: Stage) -> dict[str, float]:
    """What the worker of a case returns.

    Raises:
        RuntimeError: it failed, with its last words.
    """
    scratch = Path(tempfile.mkdtemp(dir=stage.folder))
    python = environments.installed()[case.home]
    command = [str(python), "-m", f"{__package__}.work", case.work, json.dumps(case.argument)]
    done = subprocess.run(
        command,
        cwd=environments.ROOT,
        env=environments.variables(stage.folder / "home", scratch, stage.certificates.bundle),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200])
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
