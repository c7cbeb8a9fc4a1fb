"""What a lesson's zip file may hold, and what of a file from a stranger is refused.

::

    lesson.ipynb
    mug.jpg                                   a picture that the notebook opens
    nb_banana_library/api/index.sqlite        a library for each kind of service
    nb_banana_library/api/README.txt
    nb_banana_library/api/pictures/2026-11/2026-11-22-a-t-rex-1f3a9c.png
    nb_banana_library/api/references/0c41….png
"""

import re
import stat
import unicodedata
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nb_banana._text import megabytes
from nb_banana.imaging.formats import PictureProblem
from nb_banana.library.location import INDEX
from nb_banana.references.locations import PICTURE_SUFFIXES

MOST_FILES = 20_000
LARGEST_FILE = 250_000_000
"""Bytes. The largest 4K picture of any model has some 40 MB."""
MOST_UNPACKED_BYTES = 4_000_000_000
"""Bytes of all files together."""
MOST_PACKED = 100
"""How many times smaller a file may be in the zip. Pictures hardly shrink, an index some ten."""
FREE = 1_000_000
"""Bytes up to which a file may shrink as it likes."""
CHUNK = 1 << 20
_ODD = re.compile(
    # What some system takes for a folder, a drive, a device, or does not take at all.
    r'[\x00-\x1f\x7f<>:"|?*\\]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)',
    re.I,
)
_IN_LIBRARY = re.compile(rf"(.+)/(?:{re.escape(INDEX)}|README\.txt|(?:pictures|references)/.+)")


@dataclass(frozen=True)
class LessonContent:
    """The names in a lesson, with forward slashes."""

    notebook: str
    libraries: tuple[str, ...]
    pictures: tuple[str, ...]  # those that the notebook opens as files
    files: tuple[zipfile.ZipInfo, ...]


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
        if name in notebooks or (within and any(name.startswith(f"{x}/") for x in libraries)):
            continue
        if PurePosixPath(name).suffix.lower() not in PICTURE_SUFFIXES:
            raise PictureProblem(f"has a file that no lesson has: {name!r}")
        pictures.append(name)
    return LessonContent(notebooks[0], tuple(libraries), tuple(pictures), files)


def _check_name(file: zipfile.ZipInfo) -> None:
    name = file.orig_filename  # `filename` ends at a NUL
    parts = name.split("/")
    if name != file.filename or "" in parts or any(map(_ODD.search, parts)):
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


def extract_lesson(archive: zipfile.ZipFile, content: LessonContent, folder: Path) -> None:
    """Write the files of a lesson that was checked into an empty folder."""
    for file in content.files:
        path = folder / file.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        left = file.file_size
        with archive.open(file) as packed, path.open("xb") as unpacked:
            while data := packed.read(CHUNK):
                left -= len(data)
                if left < 0:
                    raise PictureProblem(f"has {file.filename!r} longer than it says")
                unpacked.write(data)
        if left:
            raise PictureProblem(f"has {file.filename!r} shorter than it says")
