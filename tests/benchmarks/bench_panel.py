"""What the panel costs, beside bare controls: ``python -m tests.benchmarks.bench_panel``.

Opening is a ratio of one run, the median of shuffled rounds. Nothing in the tests hangs on it.
"""

import contextlib
import gc
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import ipywidgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from nb_banana import configure
from nb_banana.form import Form
from nb_banana.widget import Panel

ROUNDS = 30
GENERATIONS = 50
CONTROLS = 40
"""What the panel has: fields, choices, buttons, thumbnails."""


def open_panel():
    return Panel(Form(), {})


def open_bare():
    kinds = (ipywidgets.Textarea, ipywidgets.Text, ipywidgets.Checkbox, ipywidgets.Button)
    return ipywidgets.VBox([kinds[number % 4]() for number in range(CONTROLS)])


def close(opened) -> None:
    for each in getattr(opened, "children", ()):
        each.close()
    opened.close()


def opening() -> float:
    """How many times as long the panel takes to open as so many bare controls."""
    ratios = []
    for _ in range(ROUNDS):
        seconds = {}
        for make in random.sample([open_panel, open_bare], 2):
            started = time.perf_counter()
            opened = make()
            seconds[make] = time.perf_counter() - started
            close(opened)
        ratios.append(seconds[open_panel] / seconds[open_bare])
    return statistics.median(ratios)


def growth() -> float:
    """Megabytes that are still held after fifty generations and close."""
    draw(1)  # what is loaded once is not counted
    before = held()
    draw(GENERATIONS)
    return held() - before


def draw(count: int) -> None:
    panel = Panel(Form(), {})
    for number in range(count):
        panel.prompt = f"a banana {random.random()} {number}"
        panel._hear(panel, {"do": "generate"}, [])
        while panel.busy:
            time.sleep(0.01)
        assert panel.image is not None, panel.message
    panel.close()


def held() -> float:
    gc.collect()
    with open("/proc/self/statm") as file:  # noqa: PTH123 - a file of the kernel's
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


@contextlib.contextmanager
def sandbox():
    """In a process of its own, for it keeps what it paints."""
    command = [sys.executable, "-m", "nb_banana.sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"http://[\d.:]+", process.stdout.readline())[0]
        process.terminate()


def main() -> None:
    InteractiveShell.instance()
    with sandbox() as url, capture_output():
        configure(library=tempfile.mkdtemp(), base_url=url)
        open_panel().close()
        times, megabytes = opening(), growth()
    print("| what | |\n| --- | --- |")
    print(f"| opening, to {CONTROLS} bare controls | {times:.2f} times |")
    print(f"| held after {GENERATIONS} generations and close | {megabytes:.1f} MB |")


if __name__ == "__main__":
    main()
