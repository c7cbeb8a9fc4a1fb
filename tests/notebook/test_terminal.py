"""IPython in a plain terminal: one line and where the file is."""

import os
import subprocess
import sys

import IPython
import pytest

from tests.conftest import KEY
from tests.support.shells import ipython_shell


def ipython(*lines: str, **environment: str) -> str:
    """What a person sees who types these lines into IPython."""
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        input="\n".join(lines) + "\n",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    return done.stdout + done.stderr


def test_a_picture_is_one_line_that_names_its_file():
    seen = ipython("%load_ext nb_banana", "%banana -a 16:9 a banana", "open(_, 'rb').read(4)")
    (line,) = [row for row in seen.splitlines() if "1376×768" in row]
    assert "nano-banana-2" in line
    assert ".png" in line
    assert "<figure" not in seen
    assert r"b'\x89PNG'" in seen


def test_a_cell_and_an_error_work_there_too():
    seen = ipython("%load_ext nb_banana", "%banana -a 16:10 a", "%banana --quiet a", "print('on')")
    assert "Did you mean 16:9" in seen
    assert "Traceback" not in seen
    assert "1024×1024" not in seen
    assert "on" in seen


def test_the_key_is_not_shown(monkeypatch):
    seen = ipython("%load_ext nb_banana", "%config Banana", AIMLAPI_KEY=KEY)
    assert KEY not in seen


def test_where_there_is_no_panel_none_is_promised():
    seen = ipython("%load_ext nb_banana", "%banana", "%banana --help", "%banana?")
    (said,) = [line for line in seen.splitlines() if "panel" in line]
    assert "The panel needs a notebook. In a terminal, say behind %banana what to draw" in said
    assert seen.count("--aspect-ratio RATIO") == 2  # --help and ?


def test_a_notebooks_help_has_the_panel(service):
    with ipython_shell() as shell:
        shell.run("%banana --help")
        assert "nothing to draw: opens the panel" in shell.printed


@pytest.mark.skipif(IPython.version_info < (8,), reason="its terminal shows each value's repr")
def test_a_panel_from_python_is_not_promised_there_either():
    seen = ipython("import nb_banana", "nb_banana.panel()")
    assert seen.count("The panel needs a notebook") == 1
    assert "opens it" not in seen
