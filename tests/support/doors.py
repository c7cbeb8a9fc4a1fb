"""The two doors to one pipeline, so that a test goes through both: the function and the magic."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nb_banana import generate
from nb_banana.notebook.options import OPTIONS
from tests.support.shells import ipython_shell

Draw = Callable[..., Any]
FLAGS = {option.dest: option.flags[0] for option in OPTIONS}
"""The flag of each option of a cell, by what the function calls it."""


def written(option: str, value: Any) -> list[str]:
    """An option and its value as a cell has them."""
    flag = FLAGS[option]
    return [flag] if value is True else [flag, shlex.quote(str(value))]


def by_function(prompt: str, **options: Any) -> Any:
    return generate(prompt, **options)


@contextmanager
def open_door(name: str) -> Iterator[Draw]:
    """``function`` or ``magic`` as ``draw(prompt, **options)``; an error is raised by both."""
    if name == "function":
        yield by_function
        return
    with ipython_shell() as shell:

        def by_magic(prompt: str, **options: Any) -> Any:
            words = ["%%banana", options.pop("name", "")]
            for option, value in options.items():
                words += written(option, value)
            result = shell.shell.run_cell(f"{' '.join(words)}\n{prompt}", store_history=True)
            result.raise_error()
            return result.result

        yield by_magic
