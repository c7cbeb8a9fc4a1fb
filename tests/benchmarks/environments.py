"""The environments that workers run in, and what they find there.

``ours`` has nb_banana and what it needs, as a new user has it; ``peers`` has what else one could
use; ``loading`` has extensions that are loaded into notebooks; ``own`` is the one that conducts.
The Makefile makes them. Where ours is missing, the one that conducts stands in.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .work.wire import KEY

ROOT = Path(__file__).parents[2]
PLACES = {"ours": ".venv-bench-ours", "peers": ".venv-bench", "loading": ".venv-bench-loading"}
VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


@cache
def installed() -> dict[str, Path]:
    """The interpreters that are there, by the names of their environments."""
    own = Path(sys.executable)
    found = {name: ROOT / place / "bin" / "python" for name, place in PLACES.items()}
    there = {name: path for name, path in found.items() if path.exists()}
    return {"own": own, "ours": own} | there


def is_stand_in(home: str) -> bool:
    """Whether an environment is not there and another one took its place."""
    return home != "own" and installed()[home] == installed()["own"]


def variables(home: Path, scratch: Path, bundle: Path) -> dict[str, str]:
    """What a worker's process finds in its environment: nothing of whoever started this.

    Args:
        home: a home folder for all of them, where caches and settings are.
        scratch: a folder of this one alone, for its temporary files and its library.
        bundle: the authorities that sign certificates.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(scratch / "data"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "TMPDIR": str(scratch),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(bundle),
        "AIMLAPI_KEY": KEY,
        "OPENAI_API_KEY": KEY,
        "GEMINI_API_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # these two would look for the internet
        "PLOOMBER_STATS_ENABLED": "false",
    }


def compile_all() -> None:
    """See that no worker has to compile what a user has compiled long since."""
    for home, python in installed().items():
        folders = ["nb_banana", "tests/benchmarks"] if home in {"ours", "own"} else [__package__]
        paths = [folder.replace(".", "/") for folder in folders]
        command = [str(python), "-m", "compileall", "-q", *paths]
        subprocess.run(command, cwd=ROOT, check=True, env={})


def versions(home: str, names: Iterable[str]) -> dict[str, str]:
    """The versions of packages in an environment; none where it is not there."""
    if home not in installed():
        return {}
    command = [str(installed()[home]), "-c", VERSIONS, *sorted(names)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
