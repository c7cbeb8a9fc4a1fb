"""`unpack`: a lesson from a zip file, all of it or nothing. It is not trusted."""

import contextlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nb_banana.errors import (
    LessonError,
    LibraryError,
    LibraryUnavailableError,
    LostPictureError,
    NewerLibraryError,
    NotKeptError,
    PictureError,
)
from nb_banana.imaging.decode import check_picture
from nb_banana.imaging.formats import PictureProblem
from nb_banana.lesson import archive, notebook_file
from nb_banana.lesson.archive import check_lesson, extract_lesson
from nb_banana.library import transfer
from nb_banana.library.library import Library
from nb_banana.library.location import INDEX

NOTHING_UNPACKED = (
    "Nothing was unpacked. Download it again, or ask for a new one made by nb_banana.pack()."
)


def unpack(path: str | os.PathLike[str], folder: str | os.PathLike[str] = ".") -> Path:
    """Take a lesson out of its zip file, to be run without a key.

    Every name, size, picture and row is checked before anything is put into the folder. A library
    that is there already keeps all that it has and gets the pictures that it has not.

    Args:
        path: the zip file that `nb_banana.pack` made.
        folder: where the notebook goes; made where it is not there, in a folder that is.

    Returns:
        The notebook's path.

    Raises:
        LessonError: no such file, a zip file that is not safe or not whole, or another file of the
            same name in the folder; nothing was changed.
        LibraryError: the library in the folder can't take the pictures.
    """
    archive, home = map(notebook_file.named_path, (path, folder))
    if not (home.is_dir() or (home.parent.is_dir() and not home.exists())):
        raise LessonError(f"There is no folder {home}. Make it first, or choose another.")
    with _explained(archive, home):
        near = home if home.is_dir() else home.parent
        with tempfile.TemporaryDirectory(prefix=".nb_banana-", dir=near) as work:
            content, clean = _checked(archive, Path(work))
            _move_in(content, clean, home)
    return home / content.notebook


@contextmanager
def _explained(archive: Path, home: Path) -> Iterator[None]:
    """What goes wrong with a strange file, as a sentence with its cure."""
    name = archive.name
    try:
        yield
    except LibraryError:
        raise
    except PictureProblem as problem:
        raise LessonError(f"{name} {problem}. {NOTHING_UNPACKED}") from problem
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise LessonError(
            f"{name} is no zip file, or not a whole one. {NOTHING_UNPACKED}"
        ) from error
    except OSError as error:
        where = f" into {home}" if archive.is_file() else ""
        raise LessonError(
            f"{name} can't be unpacked{where}: {error.strerror or error}. Look at that place, its "
            "room and its permissions."
        ) from error


def _checked(path: Path, work: Path) -> tuple[archive.LessonContent, Path]:
    """The lesson, checked in all its parts, in a folder of its own."""
    raw, clean = work / "raw", work / "clean"
    with zipfile.ZipFile(path) as archive:
        content = check_lesson(archive)
        extract_lesson(archive, content, raw)
    try:
        notebook_file.read_notebook(raw / content.notebook)
    except LessonError as error:
        raise PictureProblem("holds a notebook that Jupyter could not open") from error
    for name in content.libraries:
        _rebuild(raw / name, clean / name)
    for name in (content.notebook, *content.pictures):
        if name in content.pictures:
            _check_file(raw / name, name)
        (clean / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).rename(clean / name)
    return content, clean


def _rebuild(raw: Path, clean: Path) -> None:
    """A library of our own making with the pictures of one that came: its index is left behind."""
    source = Library(raw, raw.name)
    try:
        transfer.copy_answers(source, Library(clean, clean.name))
    except NewerLibraryError as error:
        raise PictureProblem(
            "was packed by a newer nb_banana: run pip install -U nb-banana and restart the kernel"
        ) from error
    except LibraryUnavailableError as error:
        raise LessonError(
            f"{clean.name} can't be unpacked: the disk is full, or the folder may not be written "
            "to. Nothing was unpacked. Make room, or choose another folder."
        ) from error
    except (LostPictureError, NotKeptError, PictureError) as error:
        raise PictureProblem(
            "has a picture that is missing or not the one that was packed"
        ) from error
    except LibraryError as error:
        raise PictureProblem("has an index of pictures that nb_banana did not write") from error


def _check_file(path: Path, name: str) -> None:
    try:
        check_picture(path.read_bytes())
    except PictureError as error:
        raise PictureProblem(f"has a file that is no picture: {name!r}") from error


def _move_in(content: archive.LessonContent, clean: Path, home: Path) -> None:
    """Put the parts where they belong; the notebook last, so that what it needs is there."""
    names = [*content.pictures, content.notebook]
    new = [name for name in names if not _is_there(clean / name, home / name, home)]
    with ExitStack() as undo:
        for name in content.libraries:
            source, target = clean / name, home / name
            if not source.exists():
                continue
            if target.exists():
                _check_library(target)
                transfer.copy_answers(Library(source, source.name), Library(target, target.name))
                continue
            _make(target.parent, undo)
            source.rename(target)
            undo.callback(shutil.rmtree, target, ignore_errors=True)
        for name in new:
            _make((home / name).parent, undo)
            (clean / name).rename(home / name)
            undo.callback((home / name).unlink, missing_ok=True)
        undo.pop_all()


def _check_library(folder: Path) -> None:
    """See that a folder is a library, or empty: a zip must not choose where files go in others."""
    if any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise LessonError(
            f"The lesson's library belongs into {folder}, and that folder has something else in "
            "it. Choose another folder; nothing was unpacked."
        )


def _is_there(new: Path, old: Path, home: Path) -> bool:
    """Whether the folder has the same file already; an error where it has another one."""
    if not os.path.lexists(old):
        return False
    if old.is_file() and old.read_bytes() == new.read_bytes():
        return True
    raise LessonError(
        f"There is another {old.name} in {home}, and nothing is overwritten. Move it away, or "
        "choose another folder; nothing was unpacked."
    )


def _make(folder: Path, undo: ExitStack) -> None:
    """Make a folder and those above it; they go again if something fails before the end."""
    if folder.is_dir():
        return
    _make(folder.parent, undo)
    folder.mkdir()
    undo.callback(_remove, folder)


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
