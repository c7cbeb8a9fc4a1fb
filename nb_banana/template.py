"""A cell's text → prompt and references: ``{{name}}`` is filled from the notebook.

Words stay words; a picture of any kind becomes a reference, and the prose says "image 1". Single
braces stay as they are, for people paste JSON.
"""

import os
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinMethodType, ModuleType
from typing import TYPE_CHECKING, Any

from nb_banana._text import MARKS, clean, did_you_mean, is_absent
from nb_banana.credentials import has_key, refuse_key
from nb_banana.errors import RequestError

if TYPE_CHECKING:
    from nb_banana.references.variables import NumberedReferences

LONGEST_VALUE = 4000
"""Characters of one value in a prompt; more is a mistake (a whole table, a whole file)."""
LONGEST_LIST = 20  # items of one list in a prompt; more is a mistake too
AS_IT_IS = "Write --raw (raw=True in Python) where {{ and {% are meant as they are."
LONGEST_REASON = 400  # characters of what a value of the person's says when it can't be filled in
_MARKED = re.compile(r"\{\{(?:.*?\}\})?|\{%(?:.*?%\})?", re.DOTALL)
"""The same, with what stands in them."""
MANY_VARIABLES, MANY_IN_TEXT = 5, 3
"""So many variables of the environment in a dict, or their values in a text, are from there."""
LONG_VARIABLE = 8  # shorter values of variables stand in a text by chance
ENVIRONMENT = (
    "The environment does not go into a prompt: there are keys and passwords in it. Put the one "
    "value that you mean into a variable."
)
PLAIN = (str, int, float, list, tuple, dict, set, bool)  # the values whose methods may be called
LONGEST_PROMPT = 100_000
"""Characters of a whole prompt. A loop in a loop that writes more would fill the memory."""
TABLE_CLASSES = frozenset(
    ("DataFrame", "Series", "LazyFrame", "ndarray", "Tensor", "Index", "ExtensionArray", "Table")
)
"""Names of classes whose values, and those of classes made from them, are many numbers or rows."""
NO_WORDS = re.compile(
    r"<BananaImage |<(bound method|function|class|module) |< ?\w(?:[^<>]|<\w+>)* at 0x\w{6,}>"
)
"""What Python shows of an object that has no words of its own. To draw that is money lost."""
TAG = re.compile(r"<[^<>]*>")
"""What an object shows of itself that is no text: ``<Response [200]>``, ``<Logger x (INFO)>``."""


class TemplateError(RequestError):
    """The text between ``{{`` and ``}}`` can't be filled. Nothing was sent."""


class GivenValues(dict[str, Any]):
    """The values that a call or a row of a table gives, in place of a notebook's names."""

    cure = 'Give it one: {0}="…", or values={{"{0}": "…"}} where that is the name of an option too.'


def fill(
    text: str, names: Mapping[str, Any], references: "NumberedReferences | None" = None
) -> str:
    """The text with each ``{{…}}`` filled from the notebook's names, by Jinja2's sandbox.

    >>> fill('{"style": "{{style}}"}', {"style": "ink"})
    '{"style": "ink"}'
    """
    if not any(mark in text for mark in MARKS):
        return text

    # Loaded with the first prompt that has something to fill in.
    from nb_banana.references.variables import name_of

    written = {name: value for name, value in names.items() if name in text}

    def called(value: Any) -> str:
        """As the text calls it; else as the notebook does."""
        return name_of(value, written) or ("" if value is None else name_of(value, names))

    def words(value: Any) -> Any:
        return _words(value, called, references)

    return str(_run(text, names, lambda environment: environment.from_string(text), words))


def value_of(text: str, names: Mapping[str, Any]) -> Any:
    """What an option's value stands for: of ``{{name}}`` alone the object itself, else the text.

    >>> value_of("{{ sizes[1] }}", {"sizes": ["1K", "2K"]}), value_of("{{n}}.png", {"n": "a"})
    ('2K', 'a.png')
    """
    alone = re.fullmatch(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", text, re.DOTALL)
    if alone is None:
        return fill(text, names)
    return _run(
        text,
        names,
        lambda environment: environment.compile_expression(alone[1], undefined_to_none=False),
        lambda value: value,
    )


def names_in(text: str) -> set[str]:
    """The names that the text's ``{{…}}`` ask for.

    >>> sorted(names_in("a {{animal.name}} in {{style}}"))
    ['animal', 'style']
    """
    if not any(mark in text for mark in MARKS):
        return set()
    from jinja2 import TemplateSyntaxError, meta

    refuse_key("The prompt", text)
    try:
        return set(meta.find_undeclared_variables(_environment(None).parse(text)))
    except TemplateSyntaxError as error:
        raise _broken(error) from None
    except RecursionError:
        raise TemplateError(f"The template is nested too deep. {AS_IT_IS}") from None


def check_filled(prompt: Any) -> None:
    """See that nothing is left in a prompt that `fill` would fill in."""
    mark = _MARKED.search(prompt) if isinstance(prompt, str) else None
    if mark:
        raise TemplateError(
            f"The prompt has {clean(mark[0], 40)}, and here nobody fills it in. Give its value: "
            'generate("a {{animal}}", animal="cat"), or values={"model": "T"} for a {{name}} that '
            "is an option too. If it is meant as it is: raw=True."
        )


def _broken(error: Any) -> TemplateError:
    return TemplateError(
        f"The template is broken in line {error.lineno}: {str(error.message).rstrip('.')}. "
        + AS_IT_IS
    )


def _run(text: str, names: Mapping[str, Any], compile_: Any, finalize: Any) -> Any:
    from jinja2 import TemplateSyntaxError, Undefined, UndefinedError
    from jinja2.exceptions import SecurityError

    refuse_key("The prompt or an option", text)  # before a message quotes it
    try:
        compiled = compile_(_environment(finalize))
        if hasattr(compiled, "generate"):
            return _bounded(compiled.generate(names))
        value = compiled(names)
        if isinstance(value, Undefined):
            str(value)  # a strict one raises here, with the name that is missing
        return value
    except TemplateSyntaxError as error:
        raise _broken(error) from None
    except UndefinedError as error:
        sentence = _undefined(str(error.message), text, names)
        raise TemplateError(_line(error, text) + sentence) from None
    except SecurityError as error:
        raise TemplateError(
            f"{_line(error, text)}{str(error).rstrip('.')}. In a prompt, names, .attributes and "
            "[items] are filled in; calls are made in a cell of their own, where it is seen what "
            "they cost."
        ) from None
    except TemplateError as error:
        raise TemplateError(f"{_line(error, text)}{error}") from None
    except RequestError:
        raise
    except Exception as error:  # noqa: BLE001 - the person's values and filters may raise anything
        reason = clean(str(error), LONGEST_REASON).rstrip(".")
        reason = type(error).__name__ if not reason or has_key(reason) else reason
        raise TemplateError(
            f"{_line(error, text)}The template can't be filled: {reason}. {AS_IT_IS}"
        ) from None


def _line(error: Exception, text: str) -> str:
    """Where it failed, of a text of several lines: Jinja's frames have the text's own numbers."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == "<template>"]
    return f"Line {lines[-1]}: " if lines and "\n" in text.strip() else ""


def _bounded(pieces: Iterable[str]) -> str:
    found: list[str] = []
    length = 0
    for piece in pieces:
        found.append(piece)
        length += len(piece)
        if length > LONGEST_PROMPT:
            raise TemplateError(
                f"The prompt has more than {LONGEST_PROMPT:,} characters when it is filled. "
                "Is there a loop in it that runs too often?"
            )
    text = "".join(found)
    if _tells_environment(text):  # by a loop, value by value
        raise TemplateError(ENVIRONMENT)
    return text


def _environment(finalize: Any) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.runtime import Context, LoopContext, Macro
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import Cycler, Joiner

    of_jinja = (Macro, LoopContext, Cycler, Joiner)

    class PromptEnvironment(ImmutableSandboxedEnvironment):
        """Only methods of plain values may be called: nothing of the person's objects runs."""

        def is_safe_callable(self, obj: Any) -> bool:
            # By identity: a person's object may say that it equals anything.
            is_method = type(obj) is BuiltinMethodType and _is_one_of(type(obj.__self__), PLAIN)
            is_jinjas = _is_one_of(type(obj), of_jinja) or _is_one_of(obj, self.globals.values())
            if (is_method or is_jinjas) and super().is_safe_callable(obj):
                return True
            # Jinja's own sentence has the whole repr of the object, a table's over many lines.
            name = getattr(obj, "__name__", None)
            name = name if type(name) is str else type(obj).__name__
            raise SecurityError(f"{name}() is a call, and it was not made")

        def getattr(self, obj: Any, attribute: str) -> Any:
            return _checked(super().getattr(obj, attribute))

        def getitem(self, obj: Any, argument: Any) -> Any:
            return _checked(super().getitem(obj, argument))

    class PromptContext(Context):
        """Where the names of a prompt are looked up."""

        def resolve_or_missing(self, key: str) -> Any:
            return _checked(super().resolve_or_missing(key))

    PromptEnvironment.context_class = PromptContext
    return PromptEnvironment(
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,
        keep_trailing_newline=True,
        # `{#fff}` in a prompt is a colour and no comment.
        comment_start_string="{#\0",
        comment_end_string="\0#}",
    )


def _is_one_of(value: Any, known: Iterable[Any]) -> bool:
    return any(value is each for each in known)


def _checked(value: Any) -> Any:
    """A value that a prompt asks for, unless it is a key or what the environment holds."""
    inside = value.values() if isinstance(value, dict) else value
    if _is_environment(value) or (
        isinstance(value, list | tuple | set | dict) and any(map(_is_environment, inside))
    ):
        raise TemplateError(ENVIRONMENT)
    if isinstance(value, str | bytes):
        refuse_key("A value in {{…}}", os.fsdecode(value[:LONGEST_PROMPT]))
    return value


def _is_environment(value: Any) -> bool:
    """Whether it is ``os.environ``, or most of a dict comes from there."""
    if type(value) is type(os.environ):
        return True
    if not isinstance(value, dict):
        return False
    texts = [(name, each) for name, each in value.items() if type(name) is type(each) is str]
    same = [each for name, each in texts if os.environ.get(name) == each]
    is_most = 2 * len(same) > len(value) and not all(map(os.path.isabs, same))
    return len(same) >= MANY_VARIABLES or is_most


def _tells_environment(text: str) -> bool:
    """Whether values of several variables stand whole in a text, in whatever it was wrapped."""
    told = {each for each in os.environ.values() if len(each) >= LONG_VARIABLE and each in text}
    edge = r"[\w.:/\\-]"  # of a path or a name that goes on
    whole = (rf"(?<!{edge}){re.escape(each)}(?!{edge})" for each in told if not each.isalpha())
    return sum(re.search(each, text) is not None for each in whole) >= MANY_IN_TEXT


def _words(
    value: Any, called: Callable[[Any], str], references: "NumberedReferences | None"
) -> Any:
    # Here and not above: loaded with the first value that is filled in.
    from nb_banana.references.sources import article, stands_for_picture

    if not isinstance(value, ModuleType) and stands_for_picture(value):
        if references is None:
            raise TemplateError("A picture can't stand here. Pictures go into the prompt or to -i.")
        return f"image {references.number(value, called(value))}"
    if isinstance(value, list | tuple) and value and all(map(stands_for_picture, value)):
        return ", ".join(_words(each, called, references) for each in value)
    text = str(value)  # a name that is undefined says so here
    if is_absent(value):
        name = called(value) or "A value in {{…}}"
        raise TemplateError(f"{name} is {text}, which is no word for a prompt.")
    if cure := _no_words(value):
        kind, name = article(type(value).__name__), called(value)
        what = f"{name} is {kind}, which" if name else f"A{kind[1:]}"
        raise TemplateError(f"{what} does not go into a prompt. {cure}")
    _check_text(text, value)
    return value


def _no_words(value: Any) -> str:
    """What to write instead of a value that is no words; nothing where it is."""
    if _is_table(value):
        return (
            "Put the words there that you mean, e.g. {{df.animal[0]}} or a loop: "
            "{% for name in names %}{{name}} {% endfor %}. If it is a picture, give it with -i."
        )
    if callable(value) or isinstance(value, ModuleType):
        return (
            "Put the words there that you mean, e.g. {{trex.prompt}}; calls are made in a cell of "
            "their own."
        )
    if isinstance(value, list | tuple | set | dict):
        if len(value) > LONGEST_LIST:
            return (
                f"It has {len(value):,} items. Say which you mean, e.g. "
                "{{things[:3] | join(', ')}}."
            )
        if any(map(_is_table, value.values() if isinstance(value, dict) else value)):
            return "There is a table in it. Put the words there that you mean."
    return ""


def _is_table(value: Any) -> bool:
    names = {each.__name__ for each in type(value).__mro__}
    ndim = getattr(value, "ndim", 1)  # of a column with one value the words are its index, too
    return not TABLE_CLASSES.isdisjoint(names) and not (isinstance(ndim, int) and ndim == 0)


def _check_text(text: str, value: Any) -> None:
    kind = type(value).__name__
    if _tells_environment(text):
        raise TemplateError(ENVIRONMENT)
    if len(text) > LONGEST_VALUE:
        raise TemplateError(
            f"A value of {len(text):,} characters ({kind}) does not go into a prompt. "
            "Put the words there that you mean."
        )
    refuse_key("A value in {{…}}", text)
    if NO_WORDS.search(text) or (not isinstance(value, str) and TAG.fullmatch(text)):
        shown = clean(text, 60)
        raise TemplateError(
            f"A value in {{{{…}}}} has no words for a prompt: {shown} ({kind}). Name what you mean "
            "of it; a picture stands in {{…}} alone, without filters and inside nothing."
        )


def _undefined(message: str, text: str, names: Mapping[str, Any]) -> str:
    missing = re.fullmatch(r"'([^']*)' is undefined", message)
    if missing:
        known = [known for known in names if not known.startswith("_")]
        near = did_you_mean(missing[1], known)
        if isinstance(names, GivenValues):
            cure = near or f" {names.cure.format(missing[1])}"
            return f"There is no {missing[1]!r} for the prompt's {{{{{missing[1]}}}}}.{cure}"
        return f"There is no {missing[1]!r} in this notebook.{near} {AS_IT_IS}"
    attribute = message.rsplit("'", 2)[-2] if message.count("'") >= 4 else ""
    step = rf"\s*(?:\.\s*{re.escape(attribute)}\b|\[\s*[\"']{re.escape(attribute)}[\"'])"
    owner = re.search(rf"(\w+){step}", text) if attribute else None
    if owner is None or owner[1] not in names:
        return f"The template can't be filled: {message}."
    value = names[owner[1]]
    try:
        known = [str(each) for each in (value if isinstance(value, Mapping) else dir(value))]
    except Exception:  # noqa: BLE001 - the person's values may raise anything
        known = []
    near = did_you_mean(attribute, [each for each in known if not each.startswith("_")])
    return f"{owner[1]} has no {attribute!r}.{near}"
