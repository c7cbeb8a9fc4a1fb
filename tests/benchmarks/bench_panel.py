"""What the panel costs beside a bare form: ``python -m tests.benchmarks.bench_panel``.

Opening is the kernel's part, as a ratio of one run; nothing in the tests hangs on it.
"""

import gc
import os
import tempfile
import time

import ipywidgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nb_banana import configure
from nb_banana.form import Form
from nb_banana.panels import panel
from nb_banana.widget import Panel

from ..shelf import picture
from .bench_library import median_ratio
from .bench_memory import resident
from .service import running

CONTROLS = (ipywidgets.Textarea, ipywidgets.Text, ipywidgets.Checkbox, ipywidgets.Dropdown)
BUTTONS = 30
"""About as many as the panel has: ratios, resolutions, fields, pictures, actions."""


def bare() -> None:
    """A form of ipywidgets with as many controls, and nothing behind them."""
    fields = [kind() for kind in CONTROLS for _ in range(3)]
    buttons = [ipywidgets.Button(description=str(number)) for number in range(BUTTONS)]
    box = ipywidgets.VBox([*fields, *buttons])
    for each in (box, *fields, *buttons):
        each.close()


def ours() -> None:
    panel().close()


def growth() -> float:
    """Megabytes that fifty pictures leave behind when the panel is closed."""
    draw(1)  # what is loaded with the first picture stays, with and without a panel
    before = resident()
    draw(50)
    return resident() - before


def draw(count: int) -> None:
    opened = Panel(Form("a banana"), {})
    for number in range(count):
        opened.prompt = f"banana {number} of {count}"
        opened._hear(None, {"do": "generate"}, [])
        while opened.busy:
            time.sleep(0.01)
    opened.close()
    gc.collect()


def main() -> None:
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()
    InteractiveShell.instance()
    with running(picture(1, (800, 780))[0]) as url, capture_output():
        configure(base_url=url, library=tempfile.mkdtemp())
        ratio, grown = median_ratio(ours, bare, 15), growth()
    print("| what | figure |\n| --- | --- |")
    print(f"| opening the panel, to a bare form of as many controls | {ratio:.2f} |")
    print(f"| megabytes left after 50 pictures and closing | {grown:.1f} |")


if __name__ == "__main__":
    main()
