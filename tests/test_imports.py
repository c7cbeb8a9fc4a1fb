"""What is loaded when, and what is public. Which room may import which: `make lint`."""

import subprocess
import sys

import pytest

import nb_banana

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
