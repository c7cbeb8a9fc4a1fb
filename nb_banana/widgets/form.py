"""`Form`: what the panel's fields hold, and the ``%%banana`` cell that says the same."""

from dataclasses import dataclass
from typing import Any

from nb_banana.errors import RequestError
from nb_banana.notebook.options import OPTIONS
from nb_banana.notebook.parser import quoted, split_line, written_options

MAGIC = "%%banana"
FLAG_OF_OPTION = {option.dest: option.flags[0] for option in OPTIONS}
FIELD_OPTIONS = ("model", "aspect_ratio", "resolution", "web_search", "images", "count", "fresh")
"""Options that have a field of their own, in the order in which a cell names them."""

MOST_TAKES = 100
"""What the field of takes holds; a cell may ask for more."""


@dataclass(frozen=True)
class Form:
    """The fields of the panel, as texts. An empty one is left out of the cell: the settings hold.

    Attributes:
        prompt: the cell's text, word for word, its ``{{…}}`` too.
        name: the variable to bind.
        model, aspect_ratio, resolution, web_search, count, fresh: the options of these names.
        images: the words behind each ``-i``, in order.
        more: the line's other options, as they are written.
    """

    prompt: str = ""
    name: str = ""
    model: str = ""
    aspect_ratio: str = ""
    resolution: str = ""
    web_search: bool = False
    images: tuple[str, ...] = ()
    count: int = 1
    fresh: bool = False
    more: str = ""

    @property
    def line(self) -> str:
        """The cell's line behind ``%%banana``."""
        words = [self.name] if self.name else []
        for option in FIELD_OPTIONS:
            value = getattr(self, option)
            if option == "count":
                value = str(value) if value > 1 else ""
            words += _words(option, value)
        return " ".join([*words, *([self.more.strip()] if self.more.strip() else [])])

    @property
    def cell(self) -> str:
        """The cell that asks for the same.

        >>> print(Form("a banana", name="fruit", aspect_ratio="16:9").cell)
        %%banana fruit -a 16:9
        a banana
        """
        return f"{MAGIC} {self.line}".rstrip() + f"\n{self.prompt}"


def read_cell(text: str) -> Form:
    r"""The form of a ``%%banana`` cell.

    Raises:
        RequestError: it is none, or its line is not understood.

    >>> read_cell("%%banana fruit -a 16:9 --take 2\na banana").more
    '--take 2'
    """
    first, _, prompt = text.lstrip().partition("\n")
    magic, _, line = first.strip().partition(" ")
    if magic != MAGIC:
        raise RequestError(f"A cell for the panel begins with {MAGIC}, and this does not.")
    name, words = split_line(line)
    said = written_options(words)
    count = said.pop("count", "1")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_TAKES:
        said["count"] = count  # more, {{…}}, or a mistake that is said when it is drawn
        count = "1"
    own: dict[str, Any] = {
        each: said.pop(each) for each in FIELD_OPTIONS if each in said and each != "count"
    }
    own["images"] = tuple(own.get("images", ()))
    more = [word for option, value in said.items() for word in _words(option, value)]
    return Form(prompt, name=name or "", count=int(count), more=" ".join(more), **own)


def _words(option: str, value: Any) -> list[str]:
    """How an option is written: a switch, a value, or one for each of several."""
    if value is True:
        return [FLAG_OF_OPTION[option]]
    if not value:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (FLAG_OF_OPTION[option], quoted(each))]
