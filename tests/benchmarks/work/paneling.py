"""Opening the panel, the kernel's part of it, beside a bare form of as many controls."""

import ipywidgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from .timing import usual

CONTROLS = (ipywidgets.Textarea, ipywidgets.Text, ipywidgets.Checkbox, ipywidgets.Dropdown)
BUTTONS = 30
"""About as many as the panel has: ratios, resolutions, fields, pictures, actions."""


def measure(way: str, base: str, count: int) -> dict[str, float]:
    InteractiveShell.instance()
    with capture_output():
        return {"wall": usual(bare if way == "bare" else ours(base), count)}


def bare() -> None:
    fields = [kind() for kind in CONTROLS for _ in range(3)]
    buttons = [ipywidgets.Button(description=str(number)) for number in range(BUTTONS)]
    box = ipywidgets.VBox([*fields, *buttons])
    for each in (box, *fields, *buttons):
        each.close()


def ours(base: str):
    import nb_banana

    nb_banana.configure(base_url=base)
    return lambda: nb_banana.panel().close()
