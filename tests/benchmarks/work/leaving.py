"""What the panel leaves in memory after so many pictures, when it is closed."""

import gc
import time

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nb_banana import configure
from nb_banana.widgets.form import Form
from nb_banana.widgets.panel import Panel

from .process import PAGE, resident


def measure(base: str, count: int) -> dict[str, float]:
    InteractiveShell.instance()
    configure(base_url=base)
    with capture_output():
        draw(1)  # what is loaded with the first picture stays, with and without a panel
        before = resident()
        draw(count)
    return {"resident": max(resident() - before, PAGE)}


def draw(count: int) -> None:
    opened = Panel(Form("a banana"), {})
    for number in range(count):
        opened.prompt = f"banana {number} of {count}"
        opened._hear(None, {"do": "generate"}, [])
        while opened.busy:
            time.sleep(0.01)
    opened.close()
    gc.collect()
