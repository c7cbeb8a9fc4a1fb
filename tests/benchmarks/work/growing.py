"""What a person asks of a library of so many pictures: processor time, for each question."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

import nb_banana
from nb_banana import ImageRequest
from nb_banana._default import client
from nb_banana.imaging.decode import PictureKind
from nb_banana.library import location
from tests.support.shelf import grow, put

from .finding import NOBODY
from .timing import usual


def measure(size: int, picture: str, count: int) -> dict[str, float]:
    os.environ["AIMLAPI_KEY"] = "a-key-that-nobody-is-asked-for"
    nb_banana.configure(base_url=NOBODY)
    library = client().context.places(location.kind_of(NOBODY))[0]
    small = (Path(picture).read_bytes(), PictureKind("image/png", 1376, 768))
    put(library, ImageRequest("a banana"), "nbb-0", small)
    some = grow(library, size - 1)[size // 2]
    asked = {**looked_up(some), **told(), "recover": nb_banana.recover}
    return {name: usual(work, count, time.process_time) for name, work in asked.items()}


def looked_up(some: str) -> dict[str, Callable[[], object]]:
    """What finds pictures."""
    file = nb_banana.load(some[:12]).path
    return {
        "hit": lambda: nb_banana.generate("a banana"),
        "history": nb_banana.history,
        "shown": lambda: repr(nb_banana.history()),
        "common": lambda: nb_banana.history("banana"),
        "rare": lambda: nb_banana.history("zebra"),
        "notebook": lambda: nb_banana.history(notebook="3"),
        "load": lambda: nb_banana.load(some[:12]),
        "file": lambda: nb_banana.load(file),
        "children": lambda: nb_banana.load(some).children,
    }


def told() -> dict[str, Callable[[], object]]:
    """What tells of all of it."""
    shell = InteractiveShell.instance()
    return {
        "spending": nb_banana.spending,
        "doctor": nb_banana.doctor,
        "extension": lambda: shell.run_line_magic("reload_ext", "nb_banana"),
    }
