"""A ``%banana`` line → the name to bind, the options by their names, and the prompt."""

import argparse
import ast
import builtins
import csv
import json
import keyword
import os
import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn

from nb_banana import template
from nb_banana._text import clean, did_you_mean, shown
from nb_banana.credentials import refuse_key
from nb_banana.errors import RequestError
from nb_banana.models import FIELD_OF
from nb_banana.notebook.options import OPTION_OF_FLAG, OPTIONS, flags_begun_by
from nb_banana.references import variables
from nb_banana.settings import checked_seconds

BRACES = re.compile(r"\{\{(?:(?!\}\}).)*\}\}")
SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_sweeps(texts: Iterable[str], names: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each swept field or name, in the order of the line.

    >>> read_sweeps(['style=oil,"red, chalk"'], {})
    {'style': ['oil', 'red, chalk']}
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        name = name.strip().lstrip("-").replace("-", "_")
        if not equals or not name.isidentifier() or not listed.strip():
            raise RequestError(f"--sweep {text}: write FIELD=V1,V2, e.g. --sweep style=oil,ink.")
        if name in found:
            raise RequestError(f"--sweep {name} is given twice: put all its values into one.")
        values = _values(listed, names)
        if name in FIELD_OF and FIELD_OF[name].kind == "switch":
            values = [SWITCHES.get(v.lower(), v) if isinstance(v, str) else v for v in values]
        found[name] = values
    return found


def _values(text: str, names: Mapping[str, Any]) -> list[Any]:
    if BRACES.fullmatch(text.strip()):
        # With the first sweep, for it loads what a picture is.
        from nb_banana.batch.sweep import several

        return several(template.value_of(text, names))
    # What is in braces has commas and quotes of its own, so csv sees a stand-in.
    inside = iter(BRACES.findall(text))
    try:
        (row,) = csv.reader([BRACES.sub("\0", text)], skipinitialspace=True)
    except csv.Error as error:
        raise RequestError(f"The values of a sweep can't be read ({error}).") from None
    words = [re.sub("\0", lambda _: next(inside), word).strip() for word in row]
    return [template.value_of(word, names) for word in words if word]


@dataclass(frozen=True)
class ParsedLine:
    """What a line says: the variable to bind and the options that were given, by their `dest`."""

    name: str | None
    options: Mapping[str, Any]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message[:1].upper()}{message[1:]}. See %banana --help.")


class _Once(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002 - argparse calls it so
    ) -> None:
        if hasattr(namespace, self.dest):
            parser.error(f"{'/'.join(self.option_strings)} is given twice")
        setattr(namespace, self.dest, True if self.nargs == 0 else values)


def _parser(*, has_panel: bool = True) -> _Parser:
    parser = _Parser(
        prog="banana",
        # argparse fills % in, so each one is doubled here.
        usage="\n  %%%%banana [NAME] [options]   (the cell's text is the prompt)\n"
        "  %%banana [options] PROMPT   (one line)"
        + ("\n  %%banana [options]   (nothing to draw: opens the panel)" if has_panel else ""),
        description="Make a picture with Nano Banana 2. NAME is bound to it, and it is the "
        "cell's value. {{name}} in the prompt is filled from the notebook.",
        epilog="example:\n  %%banana trex -a 16:9 -r 2K\n"
        "  A T-Rex relaxing on a beach, wearing sunglasses.\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    for option in OPTIONS:
        kind: dict[str, Any] = {"metavar": option.metavar} if option.metavar else {"nargs": 0}
        action: Any = "append" if option.repeatable else _Once
        parser.add_argument(
            *option.flags, dest=option.dest, help=option.help, action=action, **kind
        )
    return parser


def help_text(*, has_panel: bool = True) -> str:
    """What ``%banana --help`` and ``%%banana?`` show, in a notebook or where there is no panel."""
    return _parser(has_panel=has_panel).format_help()


def parse_cell_line(line: str, names: Mapping[str, Any]) -> ParsedLine:
    """Read the line of a ``%%banana`` cell: the name first, then options."""
    refuse_key("The line", line)  # before a message quotes it
    name, words = split_line(line)
    if name is not None:
        _check_name(name, names)
    return ParsedLine(name, _parse(words, names))


def split_line(line: str) -> tuple[str | None, list[str]]:
    """The name and the further words of a cell's line."""
    words = _split(line)
    if words and not words[0].startswith("-"):
        # As Python itself reads names, so that the one that is bound can be written.
        return unicodedata.normalize("NFKC", words[0]), words[1:]
    return None, words


def written_options(words: Sequence[str]) -> dict[str, Any]:
    """The options as they are written, by their `dest`: texts, lists of texts, or True."""
    found, rest = _parser().parse_known_args([_whole(word) for word in words])
    if rest:
        _refuse(rest[0])
    return vars(found)


def _whole(word: str) -> str:
    """A long option that is not written to its end, as in ``--aspect 16:9``, written out."""
    flag, equals, value = word.partition("=")
    meant = flags_begun_by(flag)
    if len(meant) > 1:
        raise RequestError(f"{flag} can be {' or '.join(meant)}. Write more of it.")
    return f"{meant[0]}{equals}{value}" if meant else word


def quoted(word: str) -> str:
    """A word as it is written into a line: in quotes where it has to be."""
    try:
        return word if _split(word) == [word] else shlex.quote(word)
    except RequestError:
        return shlex.quote(word)


def parse_line(line: str, names: Mapping[str, Any]) -> tuple[ParsedLine, str]:
    """Read the line of ``%banana``: options first, then the prompt, word for word."""
    refuse_key("The line", line)
    words, prompt = _leading_options(line)
    if "--raw" not in map(_whole, words) and re.search(r"[{$]", line):
        line = double_braces(line, names)
        words, prompt = _leading_options(line)
    late = [word for word in prompt.split() if word.partition("=")[0] in OPTION_OF_FLAG]
    if late and not line.lstrip().startswith("-- "):
        raise RequestError(
            f"Options come before the prompt: %banana {late[0]} … PROMPT. "
            "Where the prompt itself has it, write -- before the prompt."
        )
    return ParsedLine(None, _parse(words, names)), prompt


_IN_LINE = re.compile(
    r"(\{\{.*?\}\}|\{%.*?%\})|\{([^{}]*)\}|(?<![\w$])\$([^\W\d]\w*(?:\.[^\W\d]\w*)*)", re.DOTALL
)
"""What is filled in a line: nothing in Jinja's marks, what stands in single braces, ``$name``."""


def double_braces(line: str, names: Mapping[str, Any]) -> str:
    """A magic's line with ``{name}`` and ``$name``, as IPython has them, in double braces.

    IPython itself evaluates what is in braces and leaves the line as it is where it can't, see
    https://ipython.readthedocs.io/en/stable/interactive/python-ipython-diff.html

    >>> double_braces('{animal} at {"n": 1}, $5, $animal', {"animal": "cat"})
    '{{animal}} at {"n": 1}, $5, {{animal}}'
    """

    def doubled(found: re.Match[str]) -> str:
        marked, braced, dollar = found.groups()
        if dollar:
            return f"{{{{{dollar}}}}}" if dollar.partition(".")[0] in names else found[0]
        if marked or not braced.strip():
            return found[0]
        if variables.parse(braced):
            return f"{{{{{braced.strip()}}}}}"
        if _is_calculated(braced, names):
            raise RequestError(
                f"{clean(found[0], 60)} is no name: calls and sums are made in a cell of their own."
                " Bind it to a variable, and write {variable}; or --raw where it is meant as it is."
            )
        return found[0]

    return _IN_LINE.sub(doubled, line)


def _is_calculated(text: str, names: Mapping[str, Any]) -> bool:
    """Whether it is an expression of Python with names in it, or a known name with a format."""
    try:
        inside = ast.walk(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        start = re.match(r"\s*([^\W\d]\w*)\s*[:!.(\[]", text)
        return start is not None and start[1] in names
    return any(isinstance(each, ast.Name) for each in inside)


_BRACES = r"\{\{.*?\}\}"
_AS_IT_IS = rf"""{_BRACES}|(?<=[\w\])])\[(?:"[^"]*"|'[^']*')\]"""
"""Jinja's, and the index of ``figs["a"]``: their quotes are their own."""
_CONTINUED = re.compile(r"(?:^|\s)\\\s*$" if os.name == "nt" else r"(?<!\\)(?:\\\\)*\\\s*$")
"""A backslash at the end that escapes nothing. On Windows a folder's name may end with one."""
_WORD = re.compile(rf"""\s*((?:{_BRACES}|"[^"]*"|'[^']*'|[^\s"'])+)""")


def _leading_options(line: str) -> tuple[list[str], str]:
    words: list[str] = []
    rest = line
    while match := _WORD.match(rest):
        word = match[1]
        if not word.startswith("-") or word == "-":
            break
        rest = rest[match.end() :]
        if word == "--":
            break
        words += _split(word)
        option = OPTION_OF_FLAG.get(_whole(word).partition("=")[0])
        if option and option.metavar and "=" not in word and (value := _WORD.match(rest)):
            words += _split(value[1])
            rest = rest[value.end() :]
    return words, rest.strip()


def _split(line: str) -> list[str]:
    if "\0" in line:
        raise RequestError("There is a NUL character in the line. Take it out.")
    if _CONTINUED.search(line):
        raise RequestError(
            "The line ends with a backslash, and a magic's line does not go on in the next one: "
            "write it in one line. The prompt stands in the cell, below the line."
        )
    # What is inside has spaces and quotes of its own, so shlex sees a stand-in.
    inside = iter(re.findall(_AS_IT_IS, line))
    try:
        reader = shlex.shlex(re.sub(_AS_IT_IS, "\0", line), posix=True, punctuation_chars=False)
        reader.whitespace_split, reader.commenters = True, ""
        if os.name == "nt":  # a backslash is a folder's there
            reader.escape = ""
        words = list(reader)
    except ValueError as error:
        raise RequestError(
            f"The line can't be read ({error}): quotes come in pairs. "
            "The prompt stands in the cell, below the line."
        ) from error
    return [re.sub("\0", lambda _: next(inside), word) for word in words]


def _parse(words: Sequence[str], names: Mapping[str, Any]) -> dict[str, Any]:
    options = written_options(words)
    sweeps = options.pop("sweep", None)
    if "raw" not in options:
        options = {name: _filled(value, names) for name, value in options.items()}
    if "params" in options:
        options["params"] = dict(_read_params(options["params"]))
    for name in {"take", "count"} & set(options):
        options[name] = _read_number(name, options[name])
    if sweeps:
        options["sweep"] = read_sweeps(sweeps, names)
    if "timeout" in options:
        options["timeout"] = checked_seconds(options["timeout"])
    return options


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    return template.value_of(value, names) if isinstance(value, str) and "{{" in value else value


def _refuse(word: str) -> NoReturn:
    if word.startswith("-"):
        near = did_you_mean(word, OPTION_OF_FLAG)
        said = clean(word, 80)
        raise RequestError(f"There is no option {said}.{near} See %banana --help.")
    raise RequestError(
        f"{shown(word)} is one word too many: the line holds a name and options, the cell holds "
        "the prompt."
    )


def _read_number(name: str, text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError, OverflowError):
        said = clean(text, 40) if isinstance(text, str) else shown(text)
        raise RequestError(f"--{name} {said}: {name} is a number: 1, 2, 3 and so on.") from None


def _read_params(params: list[str]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for text in params:
        said = text if isinstance(text, str) else shown(text)
        name, equals, value = said.partition("=")
        if not name or not equals or name in seen:
            raise RequestError(f"--param {clean(said, 80)}: write each KEY once, as KEY=JSON.")
        seen.add(name)
        try:
            yield name, json.loads(value)
        except (ValueError, RecursionError):
            value = clean(value, 80)
            raise RequestError(
                f"--param {name}: {value!r} is not JSON. A text needs its quotes: "
                f"--param '{name}=\"{value}\"'"
            ) from None


def _check_name(name: str, taken: Mapping[str, Any]) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RequestError(
            f"{shown(name)} can't be the name of a variable. The line is %%banana [NAME] "
            "[options]; the prompt stands in the cell below it."
        )
    special = (
        name in {"get_ipython", "In", "Out"} or name.startswith("_") or hasattr(builtins, name)
    )
    if special or isinstance(taken.get(name), ModuleType):
        raise RequestError(
            f"{shown(name)} is needed by Python or this notebook. Choose another name."
        )
