"""The benchmarks run, in their quick form; what they find is nobody's verdict."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.cases import Case, Goal, Measure, Section
from tests.benchmarks.rounds import Taken
from tests.benchmarks.rows import rows
from tests.benchmarks.sections import SECTIONS
from tests.support.amount import ALL, some

pytestmark = pytest.mark.skipif(not ALL, reason="the benchmarks in their quick form: make test-all")
ROOT = Path(__file__).parent.parent
LOOKED_AT = some(list(SECTIONS), 2)


def bench(*arguments, **options):
    command = [sys.executable, "-m", "tests.benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A folder with both pages of a quick run, which had another one for temporary files."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "temporary").mkdir()
    place = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder / "temporary")}
    done = bench("--quick", "--out", folder, *LOOKED_AT, env=place)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_section_is_on_both_pages(quick):
    page = (quick / "bench.md").read_text("utf-8")
    told = json.loads((quick / "bench.json").read_text("utf-8"))
    assert all(f"\n## {name}\n" in page for name in LOOKED_AT)
    assert {row["section"] for row in told["rows"]} == set(LOOKED_AT)


def test_every_row_of_ours_has_its_numbers(quick):
    told = json.loads((quick / "bench.json").read_text("utf-8"))
    ours = [row for row in told["rows"] if row["is_ours"]]
    assert {row["section"] for row in ours} == set(LOOKED_AT)
    for row in ours:
        assert math.isfinite(row["value"]), row
        assert all(math.isfinite(each) and each > 0 for each in row["times"] or [1]), row


def test_a_peer_that_is_not_installed_is_said_to_be_so(quick):
    told = json.loads((quick / "bench.json").read_text("utf-8"))
    assert {row["trouble"] for row in told["rows"]} <= {"", "not installed"}


def test_nothing_is_left_behind(quick):
    assert not list((quick / "temporary").iterdir())


def test_an_unknown_section_is_answered_with_those_that_there_are():
    done = bench("sped")
    assert done.returncode
    assert "no section sped: there are generation, tls," in done.stderr


def test_a_ratio_is_taken_within_its_round():
    section = Section("some", "", (Measure("wall", "time"),), lambda stage: [])
    reference = Taken(Case("requests", is_reference=True), [{"wall": 1.0}, {"wall": 10.0}])
    ours = Taken(Case("nb_banana", goals={"wall": Goal(2)}), [{"wall": 2.0}, {"wall": 20.0}])
    _, row = rows(section, [reference, ours])
    assert row.times == (2.0, 2.0, 2.0)
    assert row.met
