"""Tab in a ``%banana`` line: options, what the model takes, the notebook's pictures, files.

Nothing is sent, and of the person's objects no property is read: what a value is, its class tells.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from nb_banana._text import below_magic
from nb_banana.credentials import PLACES, host_of, service_names
from nb_banana.errors import BananaError
from nb_banana.models import FIELD_OF, SCALES, SIZES, Model, RequestField
from nb_banana.notebook.options import OPTION_OF_FLAG, OPTIONS, Option, flags_begun_by
from nb_banana.settings import settings

if TYPE_CHECKING:
    from nb_banana._catalogue import Catalogue

MAGIC_START = r"""\s*(%%banana|([\w.\[\]'", ]+=\s*)?%banana)\s"""
"""A line whose end is for us: ``%%banana …``, ``%banana …``, ``small = %banana …``."""
_CELL_START = r"%%banana(?!\S)"
_WORD = r"""(?:\{\{.*?(?:\}\}|$)|"[^"]*(?:"|$)|'[^']*(?:'|$)|\\.|[^\s"'\\]|\\$)+"""
"""A word as the parser reads it; its quotes may still be open."""
_MARKED = r"(\{\{|\{|\$)\s*(\w*)$"
_STEPS = r"(?:(\{\{)[^}]*|[{$][^\s{}]*)$"
"""A name that is filled in, and one with further steps, of which IPython itself knows more."""
_CLOSED_BY = {"{{": "}}", "{": "}", "$": ""}
_WHOLE = str.maketrans(" -", "\xa0\u2011")
"""JupyterLab breaks what stands beside a text at each space and hyphen, into the next row."""
_QUOTES = r"""["']""" if os.name == "nt" else r"""["']|\\(?=.)"""


class Suggestion(NamedTuple):
    """What may stand in place of the last word."""

    text: str
    what: str = ""  # what it is, in few words: JupyterLab and terminals show it beside the text


class Given(NamedTuple):
    """An option of a line, with its value as it is written; None where none is written yet."""

    option: Option
    value: str | None


class _Nothing(list[Any]):
    """No completions, and none of others: IPython heeds ``suppress`` only where there are some."""

    def __len__(self) -> int:
        return 1


def make_matcher(completer: Any, names: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A matcher for `matchers_of` this completer, in a shell that has these names."""

    def banana_matcher(asked: Any) -> Any:
        if isinstance(asked, str):  # IPython before 8.6
            return _earlier(completer, names)
        from IPython.core.completer import SimpleCompletion  # not in IPython before 8.6

        line, place = asked.line_with_cursor, asked.cursor_position
        lines = asked.full_text.split("\n")
        above, below = lines[: asked.cursor_line], "\n".join(lines[asked.cursor_line + 1 :])
        if any(re.match(_CELL_START, each) for each in below_magic(above)[:1]):
            found = complete_prompt(line[:place], names, rest=line[place:])
        else:
            found = complete(line[:place], names, rest=line[place:], below=below)
        if found is None:
            return {"completions": []}
        return {
            "completions": [
                SimpleCompletion(each.text, type=each.what.translate(_WHOLE)) for each in found
            ]
            or _Nothing(),
            "matched_fragment": begun_word(line[:place]),
            "suppress": True,
            "ordered": True,
        }

    banana_matcher.matcher_api_version = 2  # type: ignore[attr-defined]  # IPython asks for it
    return banana_matcher


def matchers_of(completer: Any) -> Any:
    """The list that our matcher is put into."""
    from IPython.core import completer as module

    # Before 8.6 the completer's own guesses stand beside what the matchers of the first list find,
    # and what those of the second find stands alone.
    is_new = hasattr(module, "SimpleCompletion")
    return completer.custom_matchers if is_new else completer.magic_arg_matchers


def _earlier(completer: Any, names: Mapping[str, Any]) -> list[str]:
    """Texts in place of the completer's own last word: for it 16:9 is two words."""
    line = completer.text_until_cursor
    last = completer.splitter.split_line(line)
    found = complete(line, names, rest=completer.line_buffer[len(line) :])
    if found is None:
        return []
    kept = begun_word(line).removesuffix(last)
    texts = [text.removeprefix(kept) for text, _ in found if text.startswith(kept)]
    return texts or [last]  # as it is: with nothing its own guesses would come


def begun_word(line: str) -> str:
    """The word at the end of a line, as it is written.

    >>> begun_word("%banana -i 'my cat"), begun_word("%banana -i ")
    ("'my cat", '')
    """
    return _words(line)[-1]


def _words(line: str) -> list[str]:
    """The words of a line; the last is the one that is being written, and may be empty."""
    found = list(re.finditer(_WORD, line))
    words = [each[0] for each in found]
    return words if found and found[-1].end() == len(line) else [*words, ""]


def complete(
    line: str, names: Mapping[str, Any], *, rest: str = "", below: str = ""
) -> list[Suggestion] | None:
    """What may stand at the end of a line; None where the line is not ours.

    >>> [each.text for each in complete("%%banana -m 2 -a 1", {})]
    ['1:1', '16:9']
    """
    start = re.match(MAGIC_START, line)
    if start is None:
        return None
    is_cell = start[1] == "%%banana"
    *before, word = _words(line[start.end() :])
    if (mark := re.search(_MARKED, word)) and not (is_cell and mark[1] != "{{"):
        return list(_variables(word[: mark.start()], mark, names, rest))
    if (steps := re.search(_STEPS, word)) and not (is_cell and not steps[1]):
        return None
    given, is_prompt = read_given(before, is_cell=is_cell)
    waits = bool(given) and given[-1].option.metavar != "" and given[-1].value is None
    after = re.findall(_WORD, rest)
    whole, _ = read_given([*before, *([word] if waits else []), *after], is_cell=is_cell)
    flag, equals, written = word.partition("=")
    option = _option_of(flag)
    asked = _Asked(whole, names, below if is_cell else rest, rest)
    if waits:
        return list(asked.values(given[-1].option, word, ""))
    if is_prompt or (word and not word.startswith("-")):
        return list(_names(word, names)) if is_cell and not before else []
    if option is not None and equals:
        return list(asked.values(option, written, f"{flag}="))
    return list(_flags(word, whole))


def complete_prompt(line: str, names: Mapping[str, Any], *, rest: str) -> list[Suggestion] | None:
    """What may stand at the end of a line of a cell's prompt: the name in ``{{``, else nothing."""
    word = begun_word(line)
    if (mark := re.search(_MARKED, word)) and mark[1] == "{{":
        return list(_variables(word[: mark.start()], mark, names, rest))
    return None if (steps := re.search(_STEPS, word)) and steps[1] else []


def read_given(words: Sequence[str], *, is_cell: bool) -> tuple[list[Given], bool]:
    """The options among the words, and whether the prompt of a line has begun."""
    found: list[Given] = []
    for word in words:
        if found and found[-1].value is None and found[-1].option.metavar:
            found[-1] = found[-1]._replace(value=word)
            continue
        flag, equals, value = word.partition("=")
        option = _option_of(flag)
        if option is not None:
            found.append(Given(option, value if equals else None))
        elif not is_cell and (word == "--" or not word.startswith("-")):
            return found, True
    return found, False


def _option_of(flag: str) -> Option | None:
    meant = flags_begun_by(flag)
    return OPTION_OF_FLAG[meant[0]] if len(meant) == 1 else None


def _flags(word: str, given: Iterable[Given]) -> Iterator[Suggestion]:
    """The flags that begin so; once an option is there, only if it can be repeated."""
    there = {each.option.dest for each in given if not each.option.repeatable}
    for option in OPTIONS:
        for flag in option.flags if word else option.flags[-1:]:
            if flag.startswith(word) and option.dest not in there:
                yield Suggestion(flag, re.split("[:;]", option.help)[0])


def _variables(
    before: str, mark: "re.Match[str]", names: Mapping[str, Any], rest: str
) -> Iterator[Suggestion]:
    """The names that ``{{``, ``{`` or ``$`` can be filled with."""
    closing = "" if rest.startswith("}") else _CLOSED_BY[mark[1]]
    for name, value in list(names.items()):
        is_value = not issubclass(type(value), ModuleType | FunctionType | type)
        if is_value and name.startswith(mark[2]) and (mark[2] or _is_own(name)):
            yield Suggestion(f"{before}{mark[1]}{name}{closing}", type(value).__name__)


def _is_own(name: str) -> bool:
    from nb_banana.references.variables import NOT_MINE  # with the first Tab

    return not name.startswith("_") and name not in NOT_MINE


def _names(word: str, names: Mapping[str, Any]) -> Iterator[Suggestion]:
    """The variables that a cell may bind anew: those of pictures."""
    from nb_banana.notebook.pictures import pictures  # with the first picture

    for name, what in pictures(names, word):
        if name.startswith(word) and name.isidentifier():
            yield Suggestion(name, what)


def _unquoted(written: str) -> str:
    return re.sub(_QUOTES, "", written)


class _Asked(NamedTuple):
    """What the values of an option are chosen by."""

    given: list[Given]  # the options of the whole line
    names: Mapping[str, Any]
    prompt: str  # below the line, or behind the cursor
    rest: str  # what stands behind the cursor

    def values(self, option: Option, written: str, before: str) -> Iterator[Suggestion]:
        """The values that begin as it is written, each as it stands in the line."""
        from nb_banana.notebook.parser import quoted  # with the first Tab

        typed = _unquoted(written)
        quote = written[:1] if written[:1] in {'"', "'"} else ""
        end = "" if self.rest[:1] == quote else quote
        for text, what in self._of(option, typed):
            if not _unquoted(text).lower().startswith(typed.lower()):
                continue
            if quote:
                other = {"'": '"', '"': "'"}[quote]
                if text.endswith("]") and other not in text:  # figs['a'], where ' is open
                    text = text.replace(quote, other)
                inside = text.replace(quote, f"{quote}{other}{quote}{other}{quote}")
                yield Suggestion(f"{before}{quote}{inside}{end}", what)
                continue
            if '"' in written and '"' not in text:
                text = text.replace("'", '"')  # figs["a"], where it is begun so
            yield Suggestion(f"{before}{quoted(text)}", what)

    def _of(self, option: Option, typed: str) -> Iterable[Suggestion]:
        if not option.metavar:
            return ()
        if option.dest in {"images", "save"}:
            from nb_banana.notebook.pictures import files, pictures  # with the first picture

            own = pictures(self.names, typed) if option.dest == "images" else ()
            return (Suggestion(*each) for each in (*own, *files(typed)))
        if option.dest == "sweep":
            return self._swept(typed)
        if option.dest == "service":
            return map(_service, service_names())
        return self._of_field(FIELD_OF[option.dest]) if option.dest in FIELD_OF else ()

    def _of_field(self, field: RequestField) -> Iterable[Suggestion]:
        catalogue = self._catalogue()
        if field.kind == "model":
            return _models(catalogue.models if catalogue else ())
        if field.kind == "switch":
            return (Suggestion(each, field.name) for each in ("true", "false"))
        model = self._model(catalogue) if catalogue else None
        values = field.taken_by(model) if field.kind == "choice" else ()
        return (Suggestion(each, self._pixels(field, each) or field.name) for each in values)

    def _catalogue(self) -> "Catalogue | None":
        """The models of who would draw; None where the line names nobody who is there."""
        from nb_banana._catalogue import AIMLAPI  # with the first Tab

        name = self._value("service") or settings.service
        if name == AIMLAPI.service:
            return AIMLAPI
        from nb_banana.services.registry import find_service  # with the first of another service

        try:
            return find_service(name).catalogue
        except BananaError:
            return None

    def _model(self, catalogue: "Catalogue") -> Model | None:
        """The model that would draw, where it is known."""
        from nb_banana._catalogue import find_in, usual_in  # as above

        try:
            named = self._value("model") or usual_in(catalogue, settings.model)
            return find_in(catalogue, named)
        except BananaError:  # the service has none of that name
            return None

    def _value(self, dest: str) -> str:
        """What the line has for a field; empty where it has none."""
        written = next((each.value for each in self.given if each.option.dest == dest), None)
        return _unquoted(written or "").strip()

    def _pixels(self, field: RequestField, value: str) -> str:
        """How large a picture of this ratio or resolution is, as far as the line says it."""
        chosen = {
            name: self._value(name) or getattr(settings, name)
            for name in ("aspect_ratio", "resolution")
        } | {field.name: value}
        size = SIZES.get(chosen["aspect_ratio"] or "1:1")
        scale = SCALES.get(chosen["resolution"] or "1K")
        return f"{size[0] * scale:.0f}×{size[1] * scale:.0f}" if size and scale else ""

    def _swept(self, typed: str) -> Iterator[Suggestion]:
        name, equals, listed = typed.partition("=")
        field = FIELD_OF.get(name.strip().replace("-", "_"))
        if equals:
            *there, last = re.split(r",\s*", listed)
            before = typed.removesuffix(last)
            offered = self._of_field(field) if field and field.is_swept else ()
            for text, what in map(_service, service_names()) if name == "service" else offered:
                if text not in there:
                    yield Suggestion(before + text, what)
            return
        there = [each.option.dest for each in self.given]
        for each in FIELD_OF.values():
            if each.is_swept and each.name not in there:
                yield Suggestion(f"{each.name}=", "a field")
        if "service" not in there:
            yield Suggestion("service=", "who draws")
        for word in [] if "raw" in there else _names_in(self.prompt):
            yield Suggestion(f"{word}=", "in the prompt")


def _names_in(prompt: str) -> list[str]:
    from nb_banana.template import names_in  # with the first sweep

    try:
        return sorted(names_in(prompt), key=prompt.find)
    except BananaError:  # the prompt is not finished yet
        return []


def _service(name: str) -> Suggestion:
    host = host_of(PLACES[name].base_url) if name in PLACES else "of a package"
    return Suggestion(name, f"{host} · chosen" if name == settings.service else host)


def _models(models: Sequence[Model]) -> Iterator[Suggestion]:
    """The models by their short names, with what they are; then by the service's own."""
    for model in models:
        yield from (Suggestion(name, _about(model, name)) for name in model.short)
    for model in models:
        yield from (Suggestion(name, _about(model, name)) for name in model.ids)


def _about(model: Model, name: str) -> str:
    """What a model is, beside one of its names.

    >>> from nb_banana.models import MODELS
    >>> _about(MODELS[0], "2")
    'nano-banana-2 · 5 references · up to 4K'
    """
    full = model.short[0] if name != model.short[0] else ""
    taken = "references" if model.max_images is None else f"{model.max_images or 'no'} references"
    need = "needs a reference" if model.min_images else taken
    sizes = f"up to {model.resolutions[-1]}" if model.resolutions else "one size"
    return " · ".join(filter(None, (full, need, sizes)))
