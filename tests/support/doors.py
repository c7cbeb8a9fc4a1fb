"""The doors to one pipeline, so that a test goes through each of them: from a function to a panel.

Most tests go through two, ``function`` and ``magic``.
"""

import asyncio
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from IPython.utils.capture import capture_output

import nb_banana
from nb_banana import generate
from nb_banana.notebook.options import OPTIONS
from tests.support.shells import Shell, ipython_shell

Draw = Callable[..., Any]
FLAGS = {option.dest: option.flags[0] for option in OPTIONS}
"""The flag of each option of a cell, by what the function calls it."""


class PanelSaidError(Exception):
    """The words of an error that the panel shows, whose kind nobody sees."""


def written(option: str, value: Any) -> list[str]:
    """An option and its value as a cell has them."""
    flag = FLAGS[option]
    return [flag] if value is True else [flag, shlex.quote(str(value))]


def by_function(prompt: str, **options: Any) -> Any:
    return generate(prompt, **options)


CHOSEN = ("service", "base_url", "timeout")


def by_client(prompt: str, **options: Any) -> Any:
    chosen = {name: getattr(nb_banana.configure(), name) for name in CHOSEN}
    with nb_banana.Client(**chosen) as client:
        return client.generate(prompt, **options)


def by_batch(prompt: str, **options: Any) -> Any:
    return _only(nb_banana.generate_many([prompt], **options))


def by_executor(prompt: str, **options: Any) -> Any:
    with ThreadPoolExecutor(1) as executor:
        return by_batch(prompt, executor=executor, **options)


def _only(gallery: Any) -> Any:
    (entry,) = gallery
    if entry not in gallery.images:
        raise entry.error
    return entry


def in_background(prompt: str, **options: Any) -> Any:
    return generate(prompt, background=True, **options).wait()


def awaited(prompt: str, **options: Any) -> Any:
    return asyncio.run(nb_banana.agenerate(prompt, **options))


def _by_cell(shell: Shell) -> Draw:
    def by_cell(prompt: str, **options: Any) -> Any:
        words = ["%%banana", options.pop("name", "")]
        for option, value in options.items():
            words += written(option, value)
        result = shell.shell.run_cell(f"{' '.join(words)}\n{prompt}", store_history=True)
        result.raise_error()
        return result.result

    return by_cell


def _by_line(shell: Shell) -> Draw:
    def by_line(prompt: str, **options: Any) -> Any:
        words = [word for each in options.items() for word in written(*each)]
        result = shell.shell.run_cell(" ".join(["%banana", *words, prompt]), store_history=True)
        result.raise_error()
        return result.result

    return by_line


def _by_panel(_shell: Shell) -> Draw:
    from tests.widgets.test_panel import press, settle

    def by_panel(prompt: str, **options: Any) -> Any:
        with capture_output():
            made = nb_banana.panel()
            press(made, "generate", changed={"prompt": prompt, **options})
            settle(made)
            image, said = made.image, made.message
            made.close()
        if image is None:
            raise PanelSaidError(said.get("text"))
        return image

    return by_panel


PLAIN = {
    "function": by_function,
    "client": by_client,
    "batch": by_batch,
    "executor": by_executor,
    "background": in_background,
    "async": awaited,
}
IN_SHELL = {"panel": _by_panel, "magic": _by_cell, "line": _by_line}
DOORS = (*IN_SHELL, *PLAIN)


@contextmanager
def open_door(name: str) -> Iterator[Draw]:
    """One of `DOORS` as ``draw(prompt, **options)``; errors are raised, the panel's as words."""
    if name in PLAIN:
        yield PLAIN[name]
        return
    with ipython_shell() as shell:
        yield IN_SHELL[name](shell)
