"""`pack`: a notebook and exactly the pictures that it needs, in one zip file for a class."""

import json
import os
import stat
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nb_banana import _default
from nb_banana._hints import hinted
from nb_banana._text import clean, megabytes, path_of, plain
from nb_banana.credentials import known_keys
from nb_banana.display.output import notebook_folder, notebook_path
from nb_banana.errors import LessonError, LibraryError, PictureError
from nb_banana.generation.context import Context
from nb_banana.imaging.formats import PictureProblem
from nb_banana.lesson import notebook_file
from nb_banana.lesson.manifest import manifest_of
from nb_banana.lesson.selection import Attachments, NeededAnswers, find_attachments, needed_by
from nb_banana.lesson.unpack import check_lesson
from nb_banana.library import location, transfer
from nb_banana.library.files import README
from nb_banana.library.library import Library
from nb_banana.library.location import INDEX, MANIFEST
from nb_banana.references.locations import PICTURE_SUFFIXES


@dataclass(frozen=True, repr=False)
class Lesson:
    """A lesson that was packed; it works wherever a path does.

    Attributes:
        path: the zip file.
        notebook: the notebook's name in it.
        pictures: how many pictures it has, those included that others were made from.
        size: bytes.
        missing: cells that should show a picture and have none, with what to do.
        notes: what else a teacher should know before it is handed out.

    """

    path: Path
    notebook: str
    pictures: int
    size: int
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        count = "1 picture" if self.pictures == 1 else f"{self.pictures} pictures"
        first = f"{self.path.name}: {self.notebook} and {count}, {megabytes(self.size)}"
        return plain("\n".join([first, *self.missing, *self.notes]))

    def __fspath__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class LessonParts:
    """What goes into a lesson."""

    source: notebook_file.SavedNotebook
    need: NeededAnswers
    files: Attachments
    home: str  # the library's folder, as the notebook names it
    notes: tuple[str, ...]

    def write(self, packed: Path) -> None:
        """Write the zip file; its folder takes what is made on the way."""
        _write(packed, self.source, self.need, self.files, self.home)


@hinted
def pack(
    path: str | os.PathLike[str],
    *,
    notebook: str | os.PathLike[str] | None = None,
    format: str | None = None,  # noqa: A002 - the word that people know
    pyodide: str | os.PathLike[str] | None = None,
) -> "Lesson":
    """Put a notebook and exactly the pictures that it needs into one zip file, or into a web page.

    Whoever unpacks the zip file, with `unpack` or any other program, runs the notebook without a
    key, without cost and without a network. The pictures are those that the cells of the saved
    notebook have shown or used, which is noted in their outputs; of a cell without outputs those
    that have the words of its prompt. What they were made from comes along. What they cost stays
    with them; where and by whom they were made does not.

    With ``format="site"`` it is a page: a folder for GitHub Pages or any server with https. Who
    opens its address runs the notebook in the browser, with nothing installed: Jupyter as
    `JupyterLite <https://jupyterlite.readthedocs.io>`_, Python as `Pyodide
    <https://pyodide.org>`_. ``%load_ext nb_banana`` works at once, pictures come from the lesson,
    anything else is drawn by the sandbox. This needs the extra ``site``.

    Args:
        path: the zip file, or the page's folder. One that is there is replaced, in one step, when
            the new one is whole. What else is in a page's folder, such as a CNAME, stays.
        notebook: the notebook, saved after its cells were run; else the one that runs here.
        format: ``"zip"`` (also None) or ``"site"``.
        pyodide: for a page that asks no other host: a folder with Pyodide, unpacked from its npm
            package or a release, with the wheel of micropip and, if you like, of others beside it.
            Else the page fetches Pyodide from its usual CDN.

    Returns:
        What was packed, as a path; cells without a picture are named in its repr, and where a page
        gets its Python from.

    Raises:
        LessonError: nothing to pack, a notebook that can't be read, a place that can't be written
            to, a key inside the notebook, or a page that can't be built.
        LostPictureError: a picture's file is not what was kept.
        LibraryError: a library can't be read.
    """
    made: Lesson = _default.client().pack(path, notebook=notebook, format=format, pyodide=pyodide)
    return made


def collect(context: Context, source: notebook_file.SavedNotebook) -> LessonParts:
    """Find what a notebook needs, and see that it tells nobody the key."""
    _check_secret(context, source)
    need = needed_by(context, source)
    setting = context.settings.library
    home = _library_folder(setting)
    files = find_attachments(source, [kept for _, kept in need.answers.values()])
    if (told := manifest_of(context.settings, source.data)) is not None:
        files.data[MANIFEST] = told
    return LessonParts(source, need, files, home, tuple(_notes(source, need, files, setting, home)))


def write_lesson(
    context: Context,
    path: str | os.PathLike[str],
    *,
    notebook: str | os.PathLike[str] | None = None,
) -> Lesson:
    """See `nb_banana.pack`."""
    source = open_notebook(notebook)
    target = _target(path, source)
    parts = collect(context, source)
    try:
        with tempfile.TemporaryDirectory(prefix=".nb_banana-", dir=target.parent) as folder:
            packed = Path(folder) / "lesson.zip"
            parts.write(packed)
            size = packed.stat().st_size
            packed.replace(target)
    except OSError as error:
        if isinstance(error, LibraryError):
            raise
        raise LessonError(f"{target} can't be written: {error.strerror or error}.") from error
    count = len(parts.need.digests())
    return Lesson(target, source.path.name, count, size, tuple(parts.need.missing), parts.notes)


def open_notebook(given: str | os.PathLike[str] | None) -> notebook_file.SavedNotebook:
    """Read the notebook that is named, else the one that runs here."""
    return notebook_file.read_notebook(_notebook(given))


def _notebook(given: str | os.PathLike[str] | None) -> Path:
    running = notebook_path() or ""
    if given is None and not running.endswith(".ipynb"):
        raise LessonError(
            'This front end does not say which notebook runs. Name it: notebook="lesson.ipynb"'
        )
    path = notebook_file.named_path(running if given is None else given)
    beside = notebook_folder() / path
    return beside if beside.is_file() and not path.is_file() else path


def _target(path: str | os.PathLike[str], source: notebook_file.SavedNotebook) -> Path:
    target = notebook_file.named_path(path)
    if target.is_dir():
        target /= f"{source.path.stem}.zip"
    if not target.suffix:
        target = target.with_name(f"{target.name}.zip")
    if target.suffix.lower() != ".zip":
        raise LessonError(f"A lesson is a zip file: name it {target.stem}.zip, not {target.name}.")
    if not target.parent.is_dir():
        raise LessonError(f"There is no folder {target.parent}. Make it first.")
    return target


def _check_secret(context: Context, source: notebook_file.SavedNotebook) -> None:
    found = context.search_key().found
    # Whatever service it is for: that of another one, or of a class, belongs in no lesson either.
    keys = [*known_keys(), *([found.secret] if found else [])]
    if any(each.reveal().encode() in source.data for each in keys):
        raise LessonError(
            f"{source.path.name} has your key in it. Take it out, clear the output that shows it, "
            "save the notebook, and pack again."
        )


def _write(
    packed: Path,
    source: notebook_file.SavedNotebook,
    need: NeededAnswers,
    files: Attachments,
    home: str,
) -> None:
    with zipfile.ZipFile(packed, "x") as archive:
        _put(archive, source.path.name, source.data)
        for name, data in files.data.items():
            _put(archive, name, data)
        for library in _fresh(need, packed.parent):
            _add_library(archive, library, f"{home}/{library.service}")
    try:
        with zipfile.ZipFile(packed) as archive:
            check_lesson(archive)
    except PictureProblem as problem:
        raise LessonError(f"This lesson could not be unpacked: it {problem}.") from problem
    with packed.open("rb") as file:
        os.fsync(file.fileno())


def _fresh(need: NeededAnswers, folder: Path) -> list[Library]:
    """Small libraries of what is needed, made anew: nothing else of the old ones is in them."""
    made: dict[str, Library] = {}
    for library, request_ids in need.libraries().items():
        kind = library.service
        target = made.setdefault(kind, Library(folder / "library" / kind, kind))
        try:
            transfer.copy_answers(library, target, request_ids)
        except PictureError as error:
            raise LessonError(f"{library} has a file that is not what it kept: {error}") from error
    return list(made.values())


def _add_library(archive: zipfile.ZipFile, library: Library, name: str) -> None:
    _put(archive, f"{name}/{INDEX}", (library.folder / INDEX).read_bytes())
    _put(archive, f"{name}/README.txt", README.encode())
    for file in sorted(library.folder.glob("*/**/*")):
        if file.is_file() and file.suffix != ".part":
            inside = file.relative_to(library.folder).as_posix()
            _put(archive, f"{name}/{inside}", file.read_bytes())


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    is_picture = Path(name).suffix.lower() in PICTURE_SUFFIXES
    entry.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
    # A class may share what one of them unpacks; the default is for its owner's eyes alone.
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, data)


def _library_folder(setting: str | None) -> str:
    """Where the notebook looks for its library from where it is unpacked."""
    path = path_of(setting or location.BESIDE)
    leads_out = path.is_absolute() or ".." in path.parts or not path.name
    return location.BESIDE if leads_out else path.as_posix()


def _counted(cells: list[str]) -> str:
    """Which cells, and the verb that they take."""
    some = ", ".join(cells[:5]) + (", …" if len(cells) > 5 else "")
    return f"{some} {'has' if len(cells) == 1 else 'have'}"


def _notes(
    source: notebook_file.SavedNotebook,
    need: NeededAnswers,
    files: Attachments,
    setting: str | None,
    home: str,
) -> list[str]:
    notes = [f"{each}: copy it beside the notebook, and name it so." for each in files.elsewhere]
    notes += [
        f"{cell} never takes its picture from the library: leave the fresh out."
        for cell in source.cells
        if any(word in cell.source for word in ("--fresh", "fresh=True"))
    ]
    if need.missing:
        notes += dict.fromkeys(need.problems)
    if need.by_words:
        notes.append(
            f"{_counted(need.by_words)} no output that says which picture is its own, so the one "
            "with its words was taken. To be sure: run the notebook, save it, and pack again."
        )
    if need.unseen:
        some = ", ".join(f"“{clean(each, 40)}”" for each in need.unseen[:3])
        more = ", …" if len(need.unseen) > 3 else ""
        notes.append(
            f"{len(need.unseen)} of the pictures were used here, and no cell of the saved notebook "
            f"names them ({some}{more}): all of them go along. If some were only tried out: run "
            "the notebook from its start in a new kernel, save it, and pack it from another one."
        )
    text = source.data.decode("utf-8", "replace")
    if setting and home == location.BESIDE and _in_notebook(setting) in text:
        notes.append(
            f"The notebook sets Banana.library to {setting}, which nobody else has. Leave that out "
            "of the lesson, or choose a folder beside the notebook."
        )
    own = str(path_of("~"))
    if len(own) > 1 and _in_notebook(own + os.sep) in text:
        notes.append(f"The notebook itself names your folder {own}. Look whether it should.")
    return notes


def _in_notebook(text: str) -> str:
    """How it stands in a notebook's file, which doubles the backslashes of Windows."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
