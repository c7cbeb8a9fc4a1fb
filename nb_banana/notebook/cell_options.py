"""Lines such as ``#| fig-alt: A fox`` at the top of a cell: what Quarto, MyST and nbdev are told.

They are YAML behind ``#|``, and no part of the prompt. Of their keys ours is ``fig-alt`` alone, see
https://quarto.org/docs/reference/cells/cells-jupyter.html. MyST and nbdev read such lines below the
magic. Quarto reads the very first lines of a cell: `below_magic` lets them stand there.
"""

import re
from collections.abc import Callable
from typing import NoReturn

from nb_banana._text import CELL_OPTIONS, clean
from nb_banana.errors import RequestError

_KEY = re.compile(r"""(["']?)fig-alt\1[ \t]*:(?=\s|$)(.*)""", re.S)
_HEADER = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?:\s+#.*)?")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s+#.*)?', re.S)
_SINGLE = re.compile(r"'((?:[^']|'')*)'(?:\s+#.*)?", re.S)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.S)
_ESCAPED = {**{each: each for each in '"\\/ '}, "n": "\n", "t": "\t", "N": "\x85", "_": "\xa0"}
_NOTHING = {"", "~", "null", "Null", "NULL"}
_NO_TEXT = (*"[]{},&*!%@`", "- ", "? ")
"""How a value begins that is no text in YAML: a list, a mapping, an anchor, a tag."""


def split_cell(text: str) -> tuple[str, str]:
    r"""The option lines at the top of a cell, and its prompt.

    >>> split_cell("#| label: fig-fox\n#| echo: false\n\na fox\n#| in the rain")
    ('#| label: fig-fox\n#| echo: false\n', '\na fox\n#| in the rain')
    """
    top = re.match(CELL_OPTIONS, text)
    return (top[0], text[top.end() :]) if top else ("", text)


def alt_text(options: str) -> str | None:
    r"""The text of ``fig-alt``, word for word; None where there is none.

    >>> alt_text("#| label: fig-fox\n#| fig-alt: >\n#|   A fox\n#|   in the rain\n")
    'A fox in the rain'

    Raises:
        RequestError: it is no text, or not written as YAML has it.
    """
    lines = [each.strip()[2:].expandtabs() for each in options.splitlines() if each.strip()]
    margin = min((_indent(each) for each in lines if each.strip()), default=0)
    lines = [each[margin:] for each in lines]
    found = [number for number, line in enumerate(lines) if _KEY.fullmatch(line)]
    if len(found) > 1:
        _refuse("it is there twice")
    for number in found:
        key = _KEY.fullmatch(lines[number])
        more: list[str] = []
        for line in lines[number + 1 :]:
            if line.strip() and not _indent(line):
                break
            more.append(line)
        following = lines[number + 1 + len(more) :][:1]
        if key and not key[2].strip() and following and following[0].startswith("- "):
            _refuse("it is a list")
        return _value(key[2].strip() if key else "", more)
    return None


def _value(first: str, more: list[str]) -> str | None:
    """A value: what stands behind its colon, and the lines that are further in."""
    if first[:1] in {"|", ">"}:
        return _block(first, more)
    text = _folded([first, *more])
    if first[:1] == '"':
        return _quoted(_DOUBLE, text, lambda said: _ESCAPE.sub(_unescaped, said))
    if first[:1] == "'":
        return _quoted(_SINGLE, text, lambda said: said.replace("''", "'"))
    text = _folded([_COMMENT.sub("", each) for each in (first, *more)])
    if text.startswith(_NO_TEXT) and not text.startswith("{{"):
        _refuse(f"{clean(text, 40)} is no text")
    return None if text in _NOTHING else text


def _block(header: str, lines: list[str]) -> str | None:
    if not _HEADER.fullmatch(header):
        _refuse(f"{clean(header, 40)} is not understood")
    margin = min((_indent(each) for each in lines if each.strip()), default=0)
    lines = [each[margin:].rstrip() for each in lines]
    text = _folded(lines) if header[0] == ">" else "\n".join(lines)
    return text.strip() or None


def _folded(lines: list[str]) -> str:
    """Lines as one; an empty one between them is where the text has a new line."""
    text = "\n".join(each.strip() for each in lines).strip()
    return re.sub(r"\n+", lambda found: found[0][1:] or " ", text)


def _quoted(pattern: "re.Pattern[str]", text: str, plain: Callable[[str], str]) -> str | None:
    found = pattern.fullmatch(text)
    if found is None:
        _refuse("its quotes do not come in pairs")
    text = plain(found[1])
    try:  # JSON writes an emoji as two halves, and a half is no sign
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        _refuse("it has the half of a sign")
    return whole.strip() or None


def _unescaped(found: "re.Match[str]") -> str:
    code = found[1] or found[2] or found[3]
    if code and int(code, 16) <= 0x10FFFF:
        return chr(int(code, 16))
    if found[4] not in _ESCAPED:
        _refuse(f"{found[0]} is not understood; a backslash itself is written twice")
    return _ESCAPED[found[4]]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _refuse(why: str) -> NoReturn:
    raise RequestError(
        f"The #| fig-alt of this cell can't be read: {why}. Write one text, in quotes where it has "
        'other signs than words have: #| fig-alt: "A fox". To send the #| lines: --raw.'
    )
