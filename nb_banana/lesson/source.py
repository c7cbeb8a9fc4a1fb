"""What a cell's source says by itself: whether it draws, and the prompts that are written out."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nb_banana._text import CELL_OPTIONS, below_magic

MAGIC_LINE = re.compile(r"^[ \t]*(?:%%banana\b(.*)|(?:[^\n#%]*=[ \t]*)?%banana[ \t]+(\S.*))$", re.M)
"""A line that draws: what stands behind the magic is in one of the two groups."""
NOT_PYTHON = re.compile(r"^[ \t]*(?:[^\n#%!'\"]*=[ \t]*)?[%!][^\n]*$", re.M)
DRAWING = frozenset({"generate", "agenerate", "generate_many", "sweep"})
NOTHING_DRAWN = frozenset({"--dry-run", "-h", "--help"})
_CLIENT = re.compile(r"\b(\w+)\s*=\s*(?:\w+\.)?Client\(|\bClient\([^\n]*\bas\s+(\w+)")


@dataclass
class DrawingNames:
    """What a notebook calls us: the names of modules and clients, and of functions it imported."""

    owners: set[str] = field(default_factory=lambda: {"nb_banana"})
    functions: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, sources: Iterable[str]) -> "DrawingNames":
        """Those of all cells together."""
        found = cls()
        for source in sources:
            found.owners.update(name for pair in _CLIENT.findall(source) for name in pair if name)
            for node in ast.walk(_tree(source)):
                if isinstance(node, ast.Import):
                    named = [each for each in node.names if each.name == "nb_banana"]
                    found.owners.update(each.asname or each.name for each in named)
                elif isinstance(node, ast.ImportFrom) and node.module == "nb_banana":
                    named = [each for each in node.names if each.name in DRAWING]
                    found.functions.update(each.asname or each.name for each in named)
        return found


def draws(source: str, names: DrawingNames) -> bool:
    """Whether a cell asks for a picture as soon as it runs."""
    lines = ["".join(found).split() for found in MAGIC_LINE.findall(source)]
    if any(NOTHING_DRAWN.isdisjoint(line) for line in lines):
        return True
    return any(_is_drawing(each, names) for each in _calls(_tree(source)))


def prompts(source: str) -> list[str]:
    """The prompts that may be meant, as they are written; ``{{…}}`` in them is not filled."""
    found: list[str] = []
    source = "".join(below_magic(source.splitlines(keepends=True)))
    for whole, line in MAGIC_LINE.findall(source):
        if whole or source.lstrip().startswith("%%banana"):
            body = source.lstrip().partition("\n")[2]
            top = None if "--raw" in whole.split() else re.match(CELL_OPTIONS, body)
            found.append(body[top.end() :] if top else body)
            break
        found += _endings(line)
    found += [
        node.value
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return list(dict.fromkeys(each.rstrip().removesuffix(";") for each in found if each.strip()))


def _endings(line: str) -> Iterator[str]:
    """What a line may ask for: all behind its options, of which some have a value."""
    rest = line.strip()
    yield rest
    while rest.startswith("-"):
        rest = rest.partition(" ")[2].lstrip()
        yield rest
        if not rest.startswith("-"):
            yield (rest := rest.partition(" ")[2].lstrip())


def _tree(source: str) -> ast.AST:
    """The Python of a cell; nothing where it is none."""
    if source.lstrip().startswith("%%"):
        return ast.Module([], [])
    text = NOT_PYTHON.sub("pass", source)
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree: ast.AST = compile(text, "cell", "exec", flags)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
    return tree


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that are made when a cell runs: those in a function wait for its own."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)


def _is_drawing(call: ast.Call, names: DrawingNames) -> bool:
    what = call.func
    if isinstance(what, ast.Name):
        return what.id in names.functions
    if not isinstance(what, ast.Attribute):
        return False
    if what.attr == "edit":
        first = call.args[0] if call.args else None
        return isinstance(first, ast.Constant | ast.JoinedStr)
    owner = what.value
    return what.attr in DRAWING and isinstance(owner, ast.Name) and owner.id in names.owners
