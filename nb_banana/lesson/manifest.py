"""What a lesson says of how its notebook is shown: a small JSON file beside it. It is not trusted.

::

    {"quiet": true, "settings": {"caption": "stable"}}

``quiet`` is whether loading the extension said nothing of the sandbox when the notebook was saved:
then it says nothing now, so that this output is the same with a key and without one.

It is written where such a setting is not the usual one, so that any other lesson is one that each
nb_banana unpacks. Beside the notebook it is found whoever unpacked it, and whichever folder the
notebook keeps its pictures in; it names no path and no address.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nb_banana._text import say
from nb_banana.imaging.formats import PictureProblem
from nb_banana.library.location import MANIFEST, SANDBOX_NOTE
from nb_banana.settings import Banana

LARGEST = 1000  # bytes of the file
CARRIED: Mapping[str, tuple[str, ...]] = {"caption": ("full", "stable")}
"""The settings that go along, and what each can be; the first is the usual one."""
STRANGE = f"has a {MANIFEST} that nb_banana did not write"
NEWER = "was packed by a newer nb_banana: run pip install -U nb-banana and restart the kernel"


def manifest_of(settings: Banana, notebook: bytes) -> bytes | None:
    r"""The file for a lesson that is packed under these settings; None where all are as usual.

    >>> manifest_of(Banana(caption="stable"), b"{}")
    b'{"quiet": true, "settings": {"caption": "stable"}}\n'
    """
    said = {name: getattr(settings, name) for name in CARRIED}
    said = {name: value for name, value in said.items() if value != CARRIED[name][0]}
    whole = {"quiet": SANDBOX_NOTE.encode() not in notebook, "settings": said}
    return f"{json.dumps(whole)}\n".encode() if said else None


def read_manifest(data: bytes) -> tuple[dict[str, str], bool]:
    """The settings that a file names, known ones with values that they can have, and ``quiet``.

    Raises:
        PictureProblem: it is none of ours, or one of a newer version.
    """
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(data) if len(data) <= LARGEST else None
    settings = found.get("settings") if isinstance(found, dict) else None
    if not isinstance(settings, dict) or not all(isinstance(x, str) for x in settings.values()):
        raise PictureProblem(STRANGE)
    quiet = found.get("quiet")
    is_known = all(value in CARRIED.get(name, ()) for name, value in settings.items())
    if not is_known or len(found) != 2 or not isinstance(quiet, bool):
        raise PictureProblem(NEWER)
    return settings, quiet


def take_settings(settings: Banana, folder: Path) -> bool | None:
    """Take the settings of the lesson in a folder; what the person has chosen stays.

    Returns:
        Its ``quiet``; None where there is no lesson.
    """
    path = folder / MANIFEST
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            said, quiet = read_manifest(file.read(LARGEST + 1))
    except OSError as error:
        say(f"nb_banana: {path.name} can't be read: {error.strerror or error}. It was left out.")
        return None
    except PictureProblem:
        say(f"nb_banana: {path.name} beside this notebook is not understood, and was left out.")
        return None
    for name, value in said.items():
        if not settings.is_chosen(name):
            setattr(settings, name, value)
    return quiet
