"""``%banana`` and ``%%banana``: parse, call, return. Imported only by `load_ipython_extension`."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import needs_local_scope, no_var_expand
from traitlets import TraitError

from nb_banana import _default
from nb_banana._text import below_magic, say
from nb_banana.credentials import PLACES, KeyPlace, KeySearch, default_store, keys_of_others
from nb_banana.display.output import after_cell, is_rich, notebook_folder
from nb_banana.errors import BananaError, Interrupted, LibraryUnavailableError, MissingKeyError
from nb_banana.library.location import (
    SANDBOX_NOTE,
    all_kinds,
    has_index,
    has_manifest,
    home_folders,
    library_folder,
    stand_in_folder,
)
from nb_banana.notebook.completion import make_matcher, matchers_of
from nb_banana.settings import settings

if TYPE_CHECKING:
    from nb_banana.notebook.parser import ParsedLine

NO_PANEL = (
    "The panel needs a notebook. In a terminal, say behind %banana what to draw, e.g. "
    "%banana -a 16:9 a banana on a beach. Its options: %banana --help"
)

OpenPanel = Callable[[str | None], Any]
"""Opens the panel: as `nb_banana.panel`, with the text of a cell, or empty."""


def make_magic(shell: Any, open_panel: OpenPanel) -> Callable[..., Any]:
    """The function that IPython calls for ``%banana`` and ``%%banana`` in this shell."""

    @no_var_expand
    @needs_local_scope
    def banana(line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Make a picture with Nano Banana 2: ``%banana --help``."""
        # With the first cell, not with the extension.
        from nb_banana.display import progress
        from nb_banana.notebook import parser

        names = shell.user_ns  # and inside of a function what it has of its own
        if local_ns and local_ns is not names:
            names = {**names, **local_ns}
        if cell is None:
            parsed, prompt = parser.parse_line(line, names)
        else:
            parsed, prompt = parser.parse_cell_line(line, names), cell
        if "help" in parsed.options:
            say(_help_text(shell))
            return None
        if cell is None and not prompt and is_rich(shell):
            return open_panel(f"%%banana {line}" if line.strip() else None)
        if not prompt and not parsed.options:
            say(NO_PANEL if cell is None else _help_text(shell))
            return None
        with progress.alone_in_cell(_is_alone(shell)):
            return _draw(shell, parsed, prompt, names, below=cell is not None)

    # What ``%%banana?`` shows. IPython asks for it before it looks at the docstring.
    banana.getdoc = lambda: _help_text(shell)  # type: ignore[attr-defined]
    return banana


def _help_text(shell: Any) -> str:
    from nb_banana.notebook.parser import help_text  # with the first question

    return help_text(has_panel=is_rich(shell))


def _draw(
    shell: Any, line: "ParsedLine", prompt: str, names: Mapping[str, Any], *, below: bool
) -> Any:
    # Imported with the first picture, not with the extension: requests takes its time.
    from nb_banana.display.progress import hushed
    from nb_banana.notebook.call import read_call

    client = _default.client()
    call = read_call(client, line, prompt, names, below=below)
    if call.dry_run:
        return client.dry_run(call.prompt, **call.arguments)
    draw: Callable[..., Any] = client.sweep if "over" in call.arguments else client.generate
    try:
        with hushed(call.quiet):
            value = draw(call.prompt, name=call.name, **call.arguments)
    except (BananaError, Interrupted) as error:
        # Pictures may be paid and there although something failed (strict, save, Ctrl-C in a
        # batch): then the cell fails, and the person has them all the same.
        made = error.facts.get("image", error.facts.get("gallery"))
        if made is not None:
            _bind(shell, call.name, made)
            shell.displayhook.update_user_ns(made)
            if not call.quiet:
                made.show()
        raise
    _bind(shell, call.name, value)
    if call.quiet:
        _hush(shell, value)
    elif settings.caption == "full":
        running = client.context.running_sandbox(settings.service)
        _say_who_draws(shell, is_sandbox=running is not None)
    return value


def _say_who_draws(shell: Any, *, is_sandbox: bool) -> None:
    """Say once that it is the sandbox: a person has to know whose pictures these are."""
    loaded = _loaded.get(id(shell))
    if not (loaded and loaded.is_note_due and is_sandbox and settings.backend == "auto"):
        return
    place = _key_place()
    if place is not None and settings.base_url in {"", place.base_url}:
        loaded.is_note_due = False
        cure = " or ".join([*place.names[:1], place.login])
        others = keys_of_others(place.service)
        said = f"{SANDBOX_NOTE} (no AI, no cost). With a key: {cure}"
        print(". ".join(filter(None, (said, others))))  # noqa: T201 - see above


def _key_place() -> KeyPlace | None:
    """Where the key of the chosen service is looked for; None of one that can't be used."""
    if settings.service in PLACES:
        return PLACES[settings.service]
    from nb_banana.services.registry import find_service  # of a package, which is loaded for it

    with suppress(BananaError):  # said with the first cell
        return find_service(settings.service).place
    return None


def _bind(shell: Any, name: str | None, image: Any) -> None:
    if name is not None:
        shell.push({name: image})


def _source(shell: Any) -> str:
    """The text of the cell that runs."""
    typed = shell.history_manager.input_hist_raw
    return "".join(below_magic(str(typed[-1]).strip().splitlines(keepends=True))) if typed else ""


def _is_alone(shell: Any) -> bool:
    """Whether the cell is this magic and nothing else, so that its output may be cleared."""
    source = _source(shell)
    return source.startswith("%%banana") or ("%banana" in source and "\n" not in source)


def _hush(shell: Any, image: Any) -> None:
    """Show no value of this cell's last line; ``_`` and ``Out[n]`` still get the picture."""
    hook = shell.displayhook
    source = _source(shell)
    is_shown = source.startswith("%%") or source.rpartition("\n")[2].lstrip().startswith("%banana")
    if not is_shown or "quiet" in vars(hook):
        return
    hook.update_user_ns(image)
    hook.quiet = lambda: True
    after_cell(lambda: delattr(hook, "quiet"))


class _Loaded:
    """What a shell has of us, and whether it was not known yet who draws."""

    def __init__(self, matcher: Callable[[Any], Any]) -> None:
        self.matcher = matcher
        self.is_note_due = False


_loaded: dict[int, _Loaded] = {}


def load_extension(shell: Any, open_panel: OpenPanel) -> None:
    """Register the magic, the settings and Tab completion; say so where the sandbox draws."""
    # No keyring is asked: it takes its time, and may ask the person for a password.
    unload_extension(shell)
    shell.register_magic_function(make_magic(shell, open_panel), "line_cell", "banana")
    shell.input_transformers_cleanup.append(below_magic)
    shell.configurables.append(settings)
    _take_config(shell)
    _loaded[id(shell)] = loaded = _Loaded(make_matcher(shell.Completer, shell.user_ns))
    matchers_of(shell.Completer).append(loaded.matcher)
    # Who compares outputs is not told of the sandbox: with a key the line would not be there, and
    # the pictures say it. In a lesson it is said where it was said to who packed it.
    is_quiet = settings.caption == "stable"
    if has_manifest(notebook_folder()):
        from nb_banana.lesson.manifest import take_settings  # where there is one

        told = take_settings(settings, notebook_folder())
        is_quiet = is_quiet if told is None else told
    place = _key_place()
    with suppress(MissingKeyError):  # what the environment has is no key: said with the first cell
        search = place and KeySearch(place.base_url, None, default_store, place)
        if search and search.at_hand is None and not is_quiet:
            loaded.is_note_due = True
            _say_who_draws(shell, is_sandbox=not search.may_ask)
    if settings.keep and settings.backend != "library" and _is_something_left():
        # It loads as much as the first picture.
        from nb_banana.generation.recovery import recover_quietly

        say(recover_quietly(_default.client().context))  # a paid picture came back, or may yet


def _is_something_left() -> bool:
    """Whether a library of this person has a request that got no end."""
    folders: dict[Path, str] = {}
    homeless = ""
    place, beside = PLACES.get(settings.service), notebook_folder()
    own, roots = place.base_url if place else "", []
    with suppress(LibraryUnavailableError):  # said below
        roots = [library_folder("", settings.library, beside)]
    for kind in all_kinds(settings.base_url, settings.service, own, roots):
        home = None
        try:
            home, written = home_folders(kind, settings.library, beside)
            folders[written] = kind
        except LibraryUnavailableError as error:  # no home folder
            homeless = str(error)
        folders[stand_in_folder(home, kind)] = kind
    if homeless:
        say(f"nb_banana: {homeless}")  # where are the pictures of this kernel?
    folders = {folder: kind for folder, kind in folders.items() if has_index(folder)}
    if not folders:
        return False
    from nb_banana.library.owner import has_unfinished  # SQLite, where there is something to ask

    return any(has_unfinished(folder, kind) for folder, kind in folders.items())


def unload_extension(shell: Any) -> None:
    """Take away what `load_extension` added."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("banana", None)
    if settings in shell.configurables:
        shell.configurables.remove(settings)
    before = shell.input_transformers_cleanup
    before[:] = [each for each in before if getattr(each, "__name__", "") != below_magic.__name__]
    loaded = _loaded.pop(id(shell), None)
    if loaded and loaded.matcher in matchers_of(shell.Completer):
        matchers_of(shell.Completer).remove(loaded.matcher)


def _take_config(shell: Any) -> None:
    """Take ``c.Banana.…`` from the person's IPython configuration; a bad value is said, once."""
    wanted = shell.config.get("Banana", {})
    for name, value in sorted(wanted.items(), key=lambda each: each[0] != "service"):
        try:
            setattr(settings, name, value)
            settings.chosen |= {name}
        except TraitError as error:
            del wanted[name]
            say(f"nb_banana: c.Banana.{name} in your configuration was left out. {error}")
