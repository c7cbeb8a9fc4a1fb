"""The two doors to one road, so that a test goes through both: the function and the magic."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nb_banana import generate

from .shells import ipython_shell

Draw = Callable[..., Any]
FLAGS = {
    "aspect_ratio": "-a",
    "resolution": "-r",
    "model": "-m",
    "take": "--take",
    "count": "-n",
    "save": "--save",
}


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
                flag = FLAGS.get(option, f"--{option}")
                words.append(flag if value is True else f"{flag} {value}")
            result = shell.shell.run_cell(f"{' '.join(words)}\n{prompt}", store_history=True)
            result.raise_error()
            return result.result

        yield by_magic
