"""`unpack`: a lesson from a zip file, all of it or nothing. It is not trusted.

::

    lesson.ipynb
    mug.jpg                                   a picture that the notebook opens
    nb_banana_lesson.json                     settings that are not the usual ones
    nb_banana_library/api/index.sqlite        a library for each kind of service
    nb_banana_library/api/README.txt
    nb_banana_library/api/pictures/2026-11/2026-11-22-a-t-rex-1f3a9c.png
    nb_banana_library/api/references/0c41….png
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nb_banana._hints import hinted
from nb_banana._text import megabytes
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
from nb_banana.imaging.save import is_reserved
from nb_banana.lesson import notebook_file
from nb_banana.lesson.manifest import LARGEST, STRANGE, read_manifest
from nb_banana.library import transfer
from nb_banana.library.library import Library
from nb_banana.library.location import INDEX, MANIFEST
from nb_banana.references.locations import PICTURE_SUFFIXES

MOST_FILES = 20_000
LARGEST_FILE = 250_000_000  # Bytes. The largest 4K picture of any model has some 40 MB.
MOST_UNPACKED_BYTES = 4_000_000_000  # bytes of all files together
MOST_PACKED = 100
"""How many times smaller a file may be in the zip. Pictures hardly shrink, an index some ten."""
FREE = 1_000_000  # bytes up to which a file may shrink as it likes
_IN_LIBRARY = re.compile(rf"(.+)/(?:{re.escape(INDEX)}|README\.txt|(?:pictures|references)/.+)")
NOTHING_UNPACKED = (
    "Nothing was unpacked. Download it again, or ask for a new one made by nb_banana.pack()."
)


@dataclass(frozen=True)
class LessonContent:
    """The names in a lesson, with forward slashes."""

    notebook: str
    libraries: tuple[str, ...]
    pictures: tuple[str, ...]  # those that the notebook opens as files
    manifest: tuple[str, ...]  # its name where there is one
    files: tuple[zipfile.ZipInfo, ...]


@hinted
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
        notebook_file.refuse_device(archive)
        near = home if home.is_dir() else home.parent
        with tempfile.TemporaryDirectory(prefix=".nb_banana-", dir=near) as work:
            raw, clean = Path(work, "raw"), Path(work, "clean")
            content = _checked(archive, raw, clean)
            _move_in(content, raw, clean, home)
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


def _checked(path: Path, raw: Path, clean: Path) -> LessonContent:
    """What a lesson has, checked in all its parts: files in one folder, libraries in another."""
    with zipfile.ZipFile(path) as archive:
        content = check_lesson(archive)
        _extract(archive, content, raw)
    try:
        notebook_file.read_notebook(raw / content.notebook)
    except LessonError as error:
        raise PictureProblem("holds a notebook that Jupyter could not open") from error
    for name in content.manifest:
        read_manifest((raw / name).read_bytes())
    for name in content.libraries:
        _rebuild(raw / name, clean / name)
    for name in content.pictures:
        try:
            check_picture((raw / name).read_bytes())
        except PictureError as error:
            raise PictureProblem(f"has a file that is no picture: {name!r}") from error
    return content


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


def _move_in(content: LessonContent, raw: Path, clean: Path, home: Path) -> None:
    """Put the parts where they belong; the notebook last, so that what it needs is there."""
    names = [*content.pictures, *content.manifest, content.notebook]
    new = [name for name in names if not _is_there(raw / name, home / name, home)]
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
            (raw / name).rename(home / name)
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


def check_lesson(archive: zipfile.ZipFile) -> LessonContent:
    """See that a zip file holds what a lesson holds and nothing else, or say what is wrong."""
    files = archive.infolist()
    if len(files) > MOST_FILES:
        raise PictureProblem(f"holds {len(files):,} files, and {MOST_FILES:,} is the limit")
    for file in files:
        _check_name(file)
        _check_form(file)
    total = sum(file.file_size for file in files)
    if total > MOST_UNPACKED_BYTES:
        raise PictureProblem(
            f"would take {megabytes(total)}, and {megabytes(MOST_UNPACKED_BYTES)} is the limit"
        )
    names = [file.filename for file in files]
    alike = Counter(unicodedata.normalize("NFC", name).casefold() for name in names)
    for name, count in alike.items():
        if count > 1:
            raise PictureProblem(f"has {name!r} more than once, or in several spellings")
        inside = [str(each) for each in PurePosixPath(name).parents if str(each) in alike]
        if inside:
            raise PictureProblem(f"has {inside[0]!r} as a file and as a folder")
    return _sorted_out(names, tuple(files))


def _sorted_out(names: list[str], files: tuple[zipfile.ZipInfo, ...]) -> LessonContent:
    notebooks = [name for name in names if "/" not in name and name.endswith(".ipynb")]
    if len(notebooks) != 1:
        raise PictureProblem("holds no notebook" if not notebooks else "holds several notebooks")
    libraries = [name.rpartition("/")[0] for name in names if name.endswith(f"/{INDEX}")]
    if not libraries:
        raise PictureProblem("holds no library of pictures")
    if not all("/" in name for name in libraries):
        raise PictureProblem("has a library in a place where no lesson has one")
    pictures = []
    for name in names:
        within = _IN_LIBRARY.fullmatch(name)
        if within and any(name.startswith(f"{each}/") for each in libraries):
            continue
        if name in {*notebooks, MANIFEST}:
            continue
        if PurePosixPath(name).suffix.lower() not in PICTURE_SUFFIXES:
            raise PictureProblem(f"has a file that no lesson has: {name!r}")
        pictures.append(name)
    manifest = [file for file in files if file.filename == MANIFEST]
    if any(file.file_size > LARGEST for file in manifest):
        raise PictureProblem(STRANGE)
    told = tuple(file.filename for file in manifest)
    return LessonContent(notebooks[0], tuple(libraries), tuple(pictures), told, files)


def _check_name(file: zipfile.ZipInfo) -> None:
    name = file.orig_filename  # `filename` ends at a NUL
    parts = name.split("/")
    if name != file.filename or "" in parts or any(map(is_reserved, parts)):
        raise PictureProblem(f"has a file with a name that is not safe: {name!r}")
    if len(name.encode("utf-8", "replace")) > 1000 or len(parts) > 20:
        raise PictureProblem(f"has a file with a name that is too long: {name[:60]!r}…")


def _check_form(file: zipfile.ZipInfo) -> None:
    name, kind = file.filename, stat.S_IFMT(file.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise PictureProblem(f"has something that is no plain file: {name!r}")
    if file.flag_bits & 1:
        raise PictureProblem("is encrypted")
    if file.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise PictureProblem(f"is compressed in a way that no lesson is: {name!r}")
    if file.file_size > LARGEST_FILE:
        raise PictureProblem(
            f"has {name!r} with {megabytes(file.file_size)}, and {megabytes(LARGEST_FILE)} is "
            "the limit of a file"
        )
    if file.file_size > max(FREE, MOST_PACKED * file.compress_size):
        raise PictureProblem(f"has {name!r}, which swells far too much when it is unpacked")


def _extract(archive: zipfile.ZipFile, content: LessonContent, folder: Path) -> None:
    """Write the files of a lesson that was checked into an empty folder."""
    for file in content.files:
        path = folder / file.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        left = file.file_size
        with archive.open(file) as packed, path.open("xb") as unpacked:
            while data := packed.read(1 << 20):
                left -= len(data)
                if left < 0:
                    raise PictureProblem(f"has {file.filename!r} longer than it says")
                unpacked.write(data)
        if left:
            raise PictureProblem(f"has {file.filename!r} shorter than it says")
