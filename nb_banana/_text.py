"""Words for people: money, bytes, near misses, one line; as HTML, for any console; and paths."""

import os
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

BLANK = string.whitespace + "\ufeff\xa0"
LONGEST_ID = 120


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it: tenths of a cent where they matter.

    >>> dollars(Decimal("0.0894875")), dollars(Decimal("0.06")), dollars(Decimal(0)), dollars(None)
    ('$0.089', '$0.06', '$0', 'price not said')
    >>> dollars(AboutDollars("0.08") + Decimal("0.01"))
    'about $0.09'
    """
    if amount is None:
        return "price not said"
    if not amount:
        return "$0"
    about = "about " if isinstance(amount, AboutDollars) else ""
    if 0 < amount <= Decimal("0.0005"):
        return "<$0.001"
    about, text = "about " if isinstance(amount, AboutDollars) else "", f"{amount:,.3f}"
    return f"{about}${text[:-1] if text.endswith('0') else text}"


class Dollars(Decimal):
    """An exact amount, which a cell that ends with it shows in dollars."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(dollars(self))


class AboutDollars(Dollars):
    """The same of an amount that was computed here and that nobody billed; so are its sums."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return _about(super().__add__(other))

    def __sub__(self, other: Any) -> Any:
        return _about(super().__sub__(other))

    def __rsub__(self, other: Any) -> Any:
        return _about(super().__rsub__(other))

    __radd__ = __add__


def _about(amount: Any) -> Any:
    return amount if amount is NotImplemented else AboutDollars(amount)


def in_dollars(amount: Decimal) -> Dollars:
    """The same amount, as one that is shown in dollars."""
    return amount if isinstance(amount, Dollars) else Dollars(amount)


class Amounts:
    """A data class whose amounts are `Dollars`."""

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            if type(value) is Decimal:
                object.__setattr__(self, name, Dollars(value))


class InDollars:
    """A data class that says its money in dollars where it is shown; its repr stays Python's."""

    def __str__(self) -> str:
        said = ", ".join(
            f"{each.name}={dollars(value) if isinstance(value, Decimal) else repr(value)}"
            for each in fields(cast("Any", self))
            if each.repr
            for value in [getattr(self, each.name)]
        )
        return plain(f"{type(self).__name__}({said})")

    def __init_subclass__(cls) -> None:
        # IPython asks a class for its own before it asks the next one, and a data class has a repr.
        cls._repr_pretty_ = InDollars._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))


def near_words(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> list[str]:
    """At most three known words that are near to this one; where few begin so, those alone.

    >>> near_words("--aspect", ["--aspect-ratio", "--save"]), near_words("san", ["save", "sand"])
    (['--aspect-ratio'], ['sand'])
    """
    words = list(dict.fromkeys(known))
    begun = [each for each in words if word and each.startswith(word)]
    if 0 < len(begun) <= 3:
        return begun
    from difflib import get_close_matches  # only after a mistake

    return get_close_matches(word, words, n=3, cutoff=cutoff)


def did_you_mean(word: object, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A space and a sentence with the known words that are near to this one; else nothing."""
    near = near_words(word if isinstance(word, str) else shown(word), known, cutoff=cutoff)
    return f" Did you mean {' or '.join(near)}?" if near else ""


# Patterns are texts here: `re` keeps what it made of them, and they are not needed at once.
UNSHOWN = (
    "[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""What must not reach a screen: codes that a terminal obeys, marks that turn the direction of what
is written, and halves of characters, with which a kernel can't send the output at all."""


def printable(text: str) -> str:
    r"""The text without what must not reach a screen. Its lines stay.

    >>> printable("a\x1b[2Jb\ud800"), printable("Donau\xaddampf")
    ('a [2Jb ', 'Donaudampf')
    """
    # What can't be printed has all of these; most texts have none, and then no pattern is made.
    return text if text.isprintable() else re.sub(UNSHOWN, _in_its_place, text)


def _in_its_place(found: re.Match[str]) -> str:
    """Nothing for a mark that has no width, so that a word stays one; a space for a control."""
    return "" if unicodedata.category(found[0]) == "Cf" else " "


def clean(text: str, longest: int) -> str:
    r"""What anybody wrote, to be shown: one line of at most so many characters, and `printable`.

    >>> clean("a long\n\x1b prompt", 8)
    'a long …'
    """
    words = " ".join(text.split())  # first, for it is quick and the text may have megabytes
    line = " ".join(printable(words[: 9 * longest]).split())
    is_whole = len(line) <= longest and len(words) <= 9 * longest
    return line if is_whole else line[: longest - 1] + "…"


def shorten(text: str, longest: int) -> str:
    """The same, cut at the end of a word where one is near.

    >>> shorten("a fox in the snow", 12)
    'a fox in…'
    """
    line = clean(text, longest + 1)
    if len(line) <= longest:
        return line
    head = line[:longest].rpartition(" ")[0]
    return f"{head if len(head) > longest // 2 else line[: longest - 1]}…"


LONGEST_ALT = 5_000


def one_line(text: str) -> str:
    """The text without line breaks, e.g. for an alt text; of one without an end the beginning."""
    return shorten(text, LONGEST_ALT)


def as_html(text: str) -> str:
    """A text in HTML: escaped and in one line."""
    # Where a page is made of Markdown, HTML ends at the first blank line.
    import html  # its table of names is for who shows HTML

    return html.escape(printable(" ".join(text.splitlines())))


def code_as_html(text: str) -> str:
    """Lines of code in HTML, for a ``pre``: as they are, and none of them blank there."""
    import html  # as above

    lines = html.escape(printable(text)).split("\n")
    code = lines[0]
    for before, after in pairwise(lines):
        code += ("\n" if before.strip() and after.strip() else "&#10;") + after
    return code


PLAIN = str.maketrans(
    {
        "×": "x",
        "·": "-",
        "…": "...",
        "█": "#",
        "░": ".",
        "→": "->",
        "←": "<-",
        "“": '"',
        "”": '"',
        "’": "'",
        "✓": "+",
        "✗": "!",
    }
)
"""Signs of ours as consoles write them that have no others."""


def plain(text: str, output: Any = None) -> str:
    """The text in letters that the output has: a file or a pipe on Windows has few of them."""
    text = printable(text)
    encoding = getattr(output or sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(
            letter
            if letter.encode(encoding, "ignore")
            else letter.translate(PLAIN).encode(encoding, "replace").decode(encoding)
            for letter in text
        )
    return text


def say(text: str) -> None:
    """Answer a person, in letters that the output has."""
    print(plain(text))  # noqa: T201 - the one place that answers


key_checks: list[Callable[[str], bool]] = []
"""What says whether a key is in a text: `credentials` puts its own here, for it stands above."""


def shown(value: object) -> str:
    """A value as a message shows it: its repr in one short line, whatever value it is.

    Of one with a key in it only the kind is told.

    >>> shown("a"), shown(10**5000)
    ("'a'", 'an int')
    """
    try:
        said = repr(value)
        if not any(has_key(said) for has_key in key_checks):
            return clean(said, 80)
    except Exception:  # noqa: BLE001, S110 - a repr may raise anything; an endless number's does
        pass
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


LIKE_A_KEY = r"(?=[\w-]*\d)[\w-]{12,}|[\w-]{24,}"
LONGEST_READ, LONGEST_REASON = 1_000, 160


def what_it_says(error: Exception) -> str:
    """What a stranger's error says, in one short line; whatever may be a key is left out.

    >>> what_it_says(TimeoutError("no answer for abc123def456ghi789"))
    'TimeoutError: no answer for …'
    """
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - a stranger's error may fail at that too
        said = ""
    legible = "".join(each if each.isprintable() else " " for each in said[:LONGEST_READ])
    legible = clean(re.sub(LIKE_A_KEY, "…", legible), LONGEST_REASON).rstrip(".")
    return ": ".join(filter(None, (type(error).__name__, legible)))


def is_absent(value: object) -> bool:
    """Whether a value is None, or what a table has for it: ``nan``, ``NaT``, ``pandas.NA``.

    >>> is_absent(float("nan")), is_absent("nan"), is_absent([])
    (True, False, False)
    """
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, float):
        return float.__ne__(value, value)  # such a value is not even itself
    # Of others only what is known: a comparison of a person's own may say or do anything.
    known = type(value).__module__.partition(".")[0] in {"decimal", "numpy", "pandas"}
    try:
        return known and bool(value != value)  # such a value is not even itself
    except (TypeError, ValueError, ArithmeticError):  # an array answers for each of its values
        return False


def megabytes(count: int) -> str:
    """A number of bytes for a person.

    >>> megabytes(9_120_000), megabytes(512), megabytes(141_434_100_000)
    ('9.1 MB', '512 bytes', '141.4 GB')
    """
    if count < 1_000:
        return f"{count} bytes"
    if count >= 1_000_000_000:
        return f"{count / 1_000_000_000:.1f} GB"
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1_000:.0f} kB"


def path_of(text: str | os.PathLike[str]) -> Path:
    """A path as a person writes it. A ``~`` stays where there is no such home folder.

    >>> path_of("~nobody-at-all/cat.png").name
    'cat.png'
    """
    try:
        name = os.fspath(text)
    except Exception as error:  # noqa: BLE001 - a value's own code
        raise TypeError(what_it_says(error)) from None
    return Path(os.path.expanduser(name))  # noqa: PTH111 - pathlib's own raises RuntimeError then


LARGEST_AMOUNT = 10**12  # more credits or dollars than this are a mistake of the service


def amount(value: Any) -> Decimal | None:
    """Money or credits, exact; None for a number that makes no sense, or for none.

    >>> amount("0.0894875"), amount("NaN"), amount(-1)
    (Decimal('0.0894875'), None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):  # ValueError: an integer of thousands of digits
        return None
    return number if number.is_finite() and 0 <= number < LARGEST_AMOUNT else None


def clean_id(value: Any) -> str | None:
    """An id as a service wrote it, to be kept and shown; None where it is none."""
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    return clean(str(value), LONGEST_ID) or None if is_id else None


def slug(text: str, longest: int = 48) -> str:
    """A readable part of a file name: ``"A T-Rex, on a beach!"`` is ``a-t-rex-on-a-beach``."""
    # Composed, so that one name has one spelling: macOS and Linux compose what is typed apart.
    words = re.sub(r"\W+", "-", unicodedata.normalize("NFC", text.lower())).strip("-")
    short = words[:longest].encode()[: 3 * longest].decode("utf-8", "ignore")  # a disk counts bytes
    return short.rstrip("-") or "picture"


def is_data(address: str) -> bool:
    """Whether a picture is in the address itself.

    >>> is_data(" DATA:image/png;base64,AAAA"), is_data("https://example.com/data:")
    (True, False)
    """
    return address[:80].lstrip(BLANK).lower().startswith("data:")


MARKS = ("{{", "{%")  # what a prompt has that is filled
CELL_OPTIONS = r"(?:\s*#\|[^\n]*(?:\n|\Z))+"
"""Lines such as ``#| label: fig-fox`` at the top of a cell, which are no part of the prompt."""


def below_magic(lines: list[str]) -> list[str]:
    r"""A cell's lines with the options that stand above ``%%banana`` below it.

    IPython wants the magic first, and Quarto the options: it takes them away before it runs a cell
    of its own, and in a notebook they are still there.

    >>> below_magic(["#| label: fig-fox\n", "%%banana fox\n", "a fox"])
    ['%%banana fox\n', '#| label: fig-fox\n', 'a fox']
    """
    if not lines or not lines[0].lstrip().startswith("#|"):
        return lines
    for number, line in enumerate(lines):
        if line.startswith("%%banana"):
            return [line, *lines[:number], *lines[number + 1 :]]
        if line.strip() and not line.lstrip().startswith("#|"):
            break
    return lines
