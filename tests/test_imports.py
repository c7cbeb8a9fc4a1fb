"""What is loaded when, which file may import which, and what is public."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nb_banana

PACKAGE = Path(nb_banana.__file__).parent
HEAVY = ("requests", "PIL", "ipywidgets", "anywidget", "jinja2", "numpy", "urllib3", "tqdm")


@pytest.mark.parametrize(
    "code",
    [
        "import nb_banana",
        "from IPython.core.interactiveshell import InteractiveShell as S; "
        "S.instance().run_line_magic('load_ext', 'nb_banana')",
        "from IPython.core.interactiveshell import InteractiveShell as S; "
        "S.instance().run_cell('%load_ext nb_banana\\n%banana --help')",
    ],
)
def test_loading_loads_nothing_heavy(code):
    before = "import sys, IPython.core.interactiveshell, traitlets.config; old = set(sys.modules);"
    after = f"print([m for m in {HEAVY} if m in sys.modules and m not in old])"
    done = subprocess.run(
        [sys.executable, "-c", f"{before}{code}\n{after}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_public_names_are_there_and_no_others():
    for name in nb_banana.__all__:
        assert getattr(nb_banana, name).__doc__ or name == "MODELS"
        assert name in dir(nb_banana)
    with pytest.raises(AttributeError, match="no_such"):
        nb_banana.no_such  # noqa: B018


@pytest.mark.parametrize(
    ("library", "files"),
    [
        (
            "requests",
            {"wire/transport.py", "services/aimlapi/account.py"},
        ),
        ("IPython", {"notebook/magic.py", "notebook/completion.py", "display/output.py"}),
        ("ipywidgets", set()),
        ("anywidget", {"widgets/fields.py"}),
        ("sqlite3", {"library/database.py"}),
    ],
)
def test_a_library_is_used_in_its_own_rooms_only(library, files):
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if library in _imports(path.read_text("utf-8"))
    }
    assert found == files


def test_the_sandbox_knows_nothing_of_the_client():
    allowed = {"nb_banana.models", "nb_banana.errors"}
    for path in (PACKAGE / "sandbox").rglob("*.py"):
        ours = {
            name
            for name in _modules(path.read_text("utf-8"))
            if name.startswith("nb_banana") and not name.startswith("nb_banana.sandbox")
        }
        assert ours <= allowed, path.name


def _imports(source: str) -> set[str]:
    return {name.partition(".")[0] for name in _modules(source)}


def _modules(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
