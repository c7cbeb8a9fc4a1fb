"""The library's folder: picture files that are there whole or not at all, and never overwritten."""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from nb_banana._text import slug
from nb_banana.errors import (
    LibraryDamagedError,
    LibraryUnavailableError,
    PictureChangedError,
    PictureMissingError,
)
from nb_banana.imaging.decode import SUFFIXES
from nb_banana.library.location import INCOMING

README = """\
This folder is a library of nb_banana, the notebook extension behind %%banana cells. It keeps every
picture that was made, so that a notebook that is run again does not pay for it again. "pictures"
has the pictures as the service made them, under readable names; "references" has the pictures that
were sent along; index.sqlite knows which prompt made which picture, and what it cost. You may copy
and open every file. You may delete the folder: then the pictures are gone, and running the
notebooks again makes and pays for new ones. To delete single pictures, use nb_banana.forget(). For
a backup, copy the whole folder while no notebook is drawing; it works at any other place as well.
"""
STALE = 24 * 3600.0  # seconds after which nobody can still be writing a temporary file
ROOM = 64 * 1024 * 1024
"""Bytes that must be free before anything is sent: a 4K picture has some 20 MB."""
_OURS = re.compile(r"(pictures|references|answers)(/[^/\\:\0]+)+")


class FileStore:
    """The files in one folder. Names in it are relative, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder with its README; remove what writers that died have left."""
        with self._explained():
            self._incoming.mkdir(parents=True, exist_ok=True)
            readme = self.folder / "README.txt"
            if not readme.exists():
                readme.write_text(README, "utf-8")
            drop_parts(self._incoming)
            if shutil.disk_usage(self.folder).free < ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def part(self, data: bytes) -> Iterator[Path]:
        """The bytes on the disk under a temporary name, for `keep`. What is not kept goes."""
        path = self._incoming / f"{secrets.token_hex(8)}.part"
        try:
            with self._explained():
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            yield path
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def keep(self, part: Path, data: bytes, names: Iterable[str]) -> str:
        """Give a `part` the first name that is free or has these bytes already; that name."""
        with self._explained():
            for name in names:
                path = self.path(name)
                if not path.exists():
                    is_new = not path.parent.exists()
                    if is_new:
                        path.parent.mkdir(parents=True, exist_ok=True)
                    part.replace(path)
                    _settle(path.parent)
                    if is_new:
                        _settle(path.parent.parent)
                    return name
                if path.stat().st_size == len(data) and path.read_bytes() == data:
                    return name
        raise LibraryUnavailableError(
            f"The library in {self.folder} has other bytes under {name}, and nothing in it is "
            "overwritten. Move that file away, then run it again."
        )

    def path(self, name: str) -> Path:
        """The file of a name. One from a stranger's library must not lead out of the folder."""
        return self.folder / self._checked(name)

    def _checked(self, name: str) -> str:
        if not _OURS.fullmatch(name) or {".", ".."} & set(name.split("/")):
            raise LibraryDamagedError(
                f"The index of the library in {self.folder} names a file outside of it: {name!r}. "
                "It was left alone. Use this library only if you know who made it."
            )
        return name

    def answers(self, request_ids: Collection[str]) -> list[str]:
        """The names of what is kept of the answers to requests, see `answer_name`."""
        names = [each.stem for each in (self.folder / "answers").glob("*.bin")]
        ids = set(request_ids)
        parts = [(each, *each.rpartition("-")[::2]) for each in names]
        mine = (each for each, of, at in parts if each in ids or (of in ids and at.isdigit()))
        return [f"answers/{each}.bin" for each in mine]

    def same_answers(self, request_id: str, data: Collection[bytes]) -> list[str]:
        """The names of what was kept of an answer's pictures, see `JournalEntry.answered`."""
        with contextlib.suppress(LibraryUnavailableError):  # one that another program holds
            return [each for each in self.answers([request_id]) if self.read(each) in data]
        return []

    def lost(self, sizes: dict[str, int]) -> int:
        """How many files of these names are gone, or have another size."""
        there: dict[str, int] = {}  # a look at a whole folder is quicker than one at each file
        for folder in {name.rpartition("/")[0] for name in map(self._checked, sizes)}:
            with contextlib.suppress(OSError), os.scandir(self.folder / folder) as entries:
                there |= {f"{folder}/{each.name}": each.stat().st_size for each in entries}
        differ = [name for name, size in sizes.items() if there.get(name) != size]
        return sum(not _has_size(self.path(name), sizes[name]) for name in differ)

    def marks(self, folders: Iterable[str]) -> dict[str, list[int]]:
        """What changes where a file comes into one of these folders, or goes out of it."""
        found: dict[str, list[int]] = {}
        for name in folders:
            found[name] = []
            with contextlib.suppress(OSError, ValueError):
                mark = (self.folder / name).stat()
                found[name] = [mark.st_ino, mark.st_mtime_ns]
        return found

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        with self._explained():
            return self.path(name).read_bytes()

    def sweep(self) -> None:
        """Delete the files of more than a day ago. Only where no row names one any more."""
        for file in self.folder.glob("*/**/*"):
            with contextlib.suppress(OSError):
                if file.is_file() and time.time() - file.stat().st_mtime > STALE:
                    file.unlink()

    def set_aside(self, names: Iterable[str]) -> None:
        """Move files out of the way, all or none; one that is gone already is fine."""
        moved: list[str] = []
        with self._explained():
            try:
                for name, path in [(each, self.path(each)) for each in names]:
                    self._aside.mkdir(parents=True, exist_ok=True)
                    with contextlib.suppress(FileNotFoundError):
                        path.rename(self._place_aside(name))
                        moved.append(name)
            except OSError:  # one that another program has open, on Windows
                self.settle_aside(moved)
                raise

    @property
    def has_aside(self) -> bool:
        """Whether there are files that are set aside, which is seen in no time."""
        return self._aside.is_dir()

    def aside(self) -> list[str]:
        """The names of the files that are set aside."""
        if self._aside.is_symlink():  # a stranger's, that leads out of the folder
            return []
        with contextlib.suppress(OSError):
            names = [unquote(each.name) for each in self._aside.iterdir()]
            return [each for each in names if _OURS.fullmatch(each)]
        return []

    def settle_aside(self, wanted: Collection[str]) -> None:
        """Put back those of the files set aside that are wanted; delete the others for good."""
        for name in self.aside():
            path, aside = self.path(name), self._place_aside(name)
            with contextlib.suppress(OSError):
                if name in wanted and not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    aside.rename(path)
                    continue
                aside.unlink(missing_ok=True)
                if name not in wanted:
                    preview_path(path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._aside.rmdir()

    def _place_aside(self, name: str) -> Path:
        # No more is quoted than must be: a name in Chinese would get too long.
        return self._aside / name.replace("%", "%25").replace("/", "%2F")

    @property
    def _aside(self) -> Path:
        return self._incoming / "removed"

    @cached_property
    def _incoming(self) -> Path:
        return self.folder / INCOMING

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What the system says of the folder, as a sentence with its cure."""
        try:
            yield
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            why = "the disk is full" if full else error.strerror or str(error)
            cure = "Make room" if full else "Look at that place and its permissions"
            raise LibraryUnavailableError(
                f"The library in {self.folder} can't be written to: {why}. {cure}, or choose "
                'another folder with %config Banana.library = "…".'
            ) from error


def drop_parts(folder: Path) -> None:
    """Delete what writers that died have left: a ``.part``, and SQLite's journal of one."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for each in entries:
            with contextlib.suppress(OSError):  # another process may be faster
                if ".part" in each.name and time.time() - each.stat().st_mtime > STALE:
                    Path(each).unlink()


def _has_size(path: Path, size: int) -> bool:
    """Whether a file is there in its whole length: a folder may list a name in another spelling."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def check_file(path: Path, size: int) -> Path:
    """The file, seen to be there in its whole length."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise _missing(path, error) from error
    if found != size:
        raise _changed(path, f"{found:,} bytes instead of {size:,}")
    return path


def read_whole(path: Path, digest: str) -> bytes:
    """The bytes of a file, seen to be those that were kept."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _missing(path, error) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise _changed(path, "other bytes")
    return data


def preview_path(picture: Path) -> Path:
    """Where a small copy of a picture is, for who has no Pillow to make one: a lesson's page."""
    return picture.parents[2] / "previews" / f"{picture.stem}.preview"


def picture_names(title: str, made: datetime, digest: str, mime: str) -> list[str]:
    """Names for a picture, the best first: readable, and apart by what is in it."""
    stem = f"pictures/{made:%Y-%m}/{made:%Y-%m-%d}-{slug(title)}"
    return [f"{stem}-{digest[:length]}{SUFFIXES.get(mime, '.bin')}" for length in (6, 16, 64)]


def reference_names(digest: str, mime: str) -> list[str]:
    """Names for a reference picture, which is kept once."""
    return [f"references/{digest[:length]}{SUFFIXES.get(mime, '.bin')}" for length in (16, 64)]


def answer_name(request_id: str, position: int | None) -> str:
    """The name of what came and was not understood: one picture of an answer, or all of it."""
    return f"answers/{request_id}{'' if position is None else f'-{position}'}.bin"


def _changed(path: Path, what: str) -> PictureChangedError:
    return PictureChangedError(
        f"The picture's file is not as it was kept: {path} has {what}. "
        "Put a copy back in its place, or make the picture again with --fresh.",
        path=path,
    )


def _missing(path: Path, error: OSError) -> PictureMissingError:
    return PictureMissingError(
        f"The picture's file can't be read any more: {path} ({error.strerror}). "
        "Put it back in its place, or make the picture again with --fresh.",
        path=path,
    )


def _settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and some network disks say no
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
