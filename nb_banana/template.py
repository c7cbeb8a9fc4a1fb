"""A cell's text → the prompt: ``{{name}}`` is filled from the notebook. Single braces stay."""

from collections.abc import Mapping
from typing import Any

from nb_banana.errors import RequestError
from nb_banana.near import hint

LONGEST_VALUE = 4000
"""Characters of one value in a prompt; more is a mistake (a whole table, a whole file)."""
MARKS = ("{{", "{%")


class TemplateError(RequestError):
    """The text between ``{{`` and ``}}`` can't be filled. Nothing was sent."""


def fill(text: str, names: Mapping[str, Any]) -> str:
    """The text with each ``{{…}}`` filled from the notebook's names, by Jinja2's sandbox.

    Raises:
        TemplateError: an unknown name (with near ones), a mistake in the template, or a value
            that is no text for a prompt; with its line.

    >>> fill('{"style": "{{style}}"}', {"style": "ink"})
    '{"style": "ink"}'
    """
    if not any(mark in text for mark in MARKS):
        return text
    from jinja2 import TemplateSyntaxError, UndefinedError
    from jinja2.exceptions import SecurityError

    try:
        template = _environment().from_string(text)
        return str(template.render(names))
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"The prompt's template is broken in line {error.lineno}: {error.message}. "
            "Write --raw where {{ and {% are meant as they are."
        ) from error
    except UndefinedError as error:
        raise TemplateError(_undefined(str(error.message), text, names)) from error
    except SecurityError as error:
        raise TemplateError(
            f"{error}. In a prompt, names, .attributes and [items] are filled in; "
            "calls are made in a cell of their own."
        ) from error


def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class PromptEnvironment(ImmutableSandboxedEnvironment):
        """Only methods of plain values may be called: nothing of the person's objects runs."""

        def is_safe_callable(self, obj: Any) -> bool:
            owner = getattr(obj, "__self__", None)
            plain = isinstance(owner, str | int | float | list | tuple | dict)
            of_jinja = type(obj).__module__.startswith("jinja2") or obj in self.globals.values()
            return (plain or of_jinja) and super().is_safe_callable(obj)

    return PromptEnvironment(
        undefined=StrictUndefined,
        finalize=as_words,
        autoescape=False,
        keep_trailing_newline=True,
        # `{#fff}` in a prompt is a colour and no comment.
        comment_start_string="{#\0",
        comment_end_string="\0#}",
    )


def as_words(value: Any) -> Any:
    """A value as it stands in a prompt; whole tables and long arrays are refused with a hint."""
    kind = type(value).__name__
    if kind in {"DataFrame", "Series", "ndarray", "Tensor"} and getattr(value, "size", 0) != 1:
        raise TemplateError(
            f"A {kind} does not go into a prompt. Put the words there that you mean, "
            "e.g. {{df.animal[0]}} or a loop: {% for name in names %}{{name}} {% endfor %}."
        )
    if len(str(value)) > LONGEST_VALUE:
        raise TemplateError(
            f"A value of {len(str(value)):,} characters ({kind}) does not go into a prompt. "
            "Put the words there that you mean."
        )
    return value


def _undefined(message: str, text: str, names: Mapping[str, Any]) -> str:
    name = message.split("'")[1] if message.count("'") >= 2 else ""
    line = next((n for n, row in enumerate(text.splitlines(), 1) if name and name in row), 0)
    where = f" (line {line} of the prompt)" if line else ""
    if message == f"'{name}' is undefined":
        known = [known for known in names if not known.startswith("_")]
        return f"There is no {name!r} in this notebook{where}.{hint(name, known)}"
    return f"The prompt can't be filled{where}: {message}."
